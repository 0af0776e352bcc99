//! The same bits: however a buffer is cut in ranges, and on every machine.

mod support;

use optim::{Adam, AdamW, Clip, Optimizer, RmsProp, Schedule, Sgd, penalty};
use support::Random;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const N: usize = 203; // vectors of 4 and 8 with a tail

fn optimizers() -> [Optimizer; 9] {
    let rms = |momentum, centered| RmsProp { alpha: 0.99, momentum, centered, epsilon: 1e-8 }.into();
    [
        Sgd { momentum: 0.0, nesterov: false }.into(),
        Sgd { momentum: 0.9, nesterov: false }.into(),
        Sgd { momentum: 0.9, nesterov: true }.into(),
        rms(0.0, false),
        rms(0.9, false),
        rms(0.0, true),
        rms(0.9, true),
        Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }.into(),
        AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }.into(),
    ]
}

type State = (Vec<f32>, Vec<Vec<f32>>);

fn start(optimizer: Optimizer) -> State {
    (Random(11).take(N), vec![vec![0.0; N]; optimizer.buffers().len()])
}

fn bits((params, buffers): &State) -> Vec<u32> {
    params.iter().chain(buffers.iter().flatten()).map(|x| x.to_bits()).collect()
}

#[test]
fn ranges_give_the_bits_of_the_whole() {
    let cuts = [0..1, 1..8, 8..8, 8..64, 64..67, 67..202, 202..N];
    let mut backwards = cuts.clone();
    backwards.reverse();
    for optimizer in optimizers() {
        let (mut whole, mut cut, mut turned) = (start(optimizer), start(optimizer), start(optimizer));
        let mut random = Random(5);
        for step in 1..=20 {
            let mut grads = random.take(N);
            let mut cut_grads = grads.clone();
            penalty::add(0.01, 0.1, &whole.0, &mut grads);
            penalty::add_to(0.01, 0.1, &cuts, &cut.0, &mut cut_grads);
            optimizer.update(step, 0.01, &mut whole.0, &grads, &mut whole.1);
            optimizer.apply(step, 0.01, &cuts, &mut cut.0, &cut_grads, &mut cut.1);
            optimizer.apply(step, 0.01, &backwards, &mut turned.0, &cut_grads, &mut turned.1);
        }
        assert_eq!(bits(&whole), bits(&cut), "{optimizer:?}");
        assert_eq!(bits(&whole), bits(&turned), "{optimizer:?}");
    }
}

#[test]
fn outside_the_ranges_nothing_moves() {
    for optimizer in optimizers() {
        let before = start(optimizer);
        let mut after = before.clone();
        let mut grads = vec![1.0; N];
        let ranges = [16..40, 100..108];
        let inside = |i: usize| ranges.iter().any(|range| range.contains(&i));
        penalty::add_to(0.5, 0.5, &ranges, &after.0, &mut grads);
        assert!((0..N).all(|i| (grads[i] != 1.0) == inside(i)));
        optimizer.apply(1, 0.1, &ranges, &mut after.0, &grads, &mut after.1);
        for (now, was) in std::iter::once((&after.0, &before.0)).chain(after.1.iter().zip(&before.1)) {
            assert!((0..N).all(|i| (now[i] != was[i]) == inside(i)), "{optimizer:?}");
        }
        optimizer.apply(2, 0.1, &[], &mut after.0, &grads, &mut after.1);
    }
}

/// Slices work as buffers too.
#[test]
fn buffers_may_be_slices() {
    let optimizer = optimizers()[7];
    let (mut owned, mut lent) = (start(optimizer), start(optimizer));
    let grads = Random(2).take(N);
    optimizer.update(1, 0.1, &mut owned.0, &grads, &mut owned.1);
    let mut slices: Vec<&mut [f32]> = lent.1.iter_mut().map(Vec::as_mut_slice).collect();
    optimizer.update(1, 0.1, &mut lent.0, &grads, &mut slices);
    assert_eq!(bits(&owned), bits(&lent));
}

#[test]
fn the_penalty_is_l1_sign_plus_l2_weight() {
    let params = [2.0f32, -3.0, 0.0, -0.0, 0.5];
    let mut grads = [1.0f32; 5];
    penalty::add(0.25, 0.5, &params, &mut grads);
    assert_eq!(grads, [2.25, -0.75, 1.0, 1.0, 1.5]);
}

/// FNV-1a, 64 bits, over little-endian words.
fn digest(words: impl Iterator<Item = u32>) -> u64 {
    words
        .flat_map(u32::to_le_bytes)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Every part of the crate in one chain of 60 updates. The number was computed once; native and wasm must meet it.
/// It may change with a deliberate change of arithmetic, and then CHANGELOG.md says so.
#[test]
fn one_digest_everywhere() {
    let schedules = [
        Schedule::CosineDecay { initial: 0.02, steps: 50, warmup: 7, last: 0.001 },
        Schedule::StepDecay { initial: 0.02, every: 9, factor: 0.7 },
    ];
    let clips = [Clip::Norm(3.0), Clip::Value(0.8), Clip::None];
    let mut all = Vec::new();
    for (i, optimizer) in optimizers().into_iter().enumerate() {
        let mut state = start(optimizer);
        let mut random = Random(i as u32);
        for step in 0..60 {
            let mut grads = random.take(N);
            let outcome = clips[i % 3].apply(&mut grads);
            penalty::add(1e-3, 1e-2, &state.0, &mut grads);
            let rate = schedules[i % 2].rate(step);
            optimizer.update(step + 1, rate, &mut state.0, &grads, &mut state.1);
            all.extend([outcome.norm, rate].map(f64::to_bits).iter().flat_map(|b| [*b as u32, (b >> 32) as u32]));
        }
        all.extend(bits(&state));
    }
    assert_eq!(digest(all.into_iter()), 0x6dcc_057c_bfbd_7270);
}
