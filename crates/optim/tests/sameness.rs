//! The same bits: however a buffer is cut in ranges, and on every machine.

mod support;

use optim::schedules::{CosineDecay, Per, StepDecay};
use optim::{Adam, AdamW, Clip, Optimizer, Places, RmsProp, Schedule, Sgd, Tensor, penalty};
use support::every::every;
use support::{Random, Run};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const N: usize = 203; // vectors of 4 and 8 with a tail

/// Those that the digest was made with.
fn optimizers() -> [Optimizer; 9] {
    let rms = |momentum, centered| RmsProp { momentum, centered, ..RmsProp::default() }.into();
    let sgd = Sgd::default();
    [
        sgd.into(),
        Sgd { momentum: 0.9, ..sgd }.into(),
        Sgd { momentum: 0.9, nesterov: true, ..sgd }.into(),
        rms(0.0, false),
        rms(0.9, false),
        rms(0.0, true),
        rms(0.9, true),
        Adam::default().into(),
        AdamW::default().into(),
    ]
}

fn start(optimizer: Optimizer) -> Run {
    Run::new(optimizer, Random(11).take(N))
}

/// All that moves in these ranges, each a vector.
fn cut(optimizer: Optimizer, ranges: &[std::ops::Range<usize>]) -> Run {
    let tensors = ranges.iter().map(|r| Tensor::vector(r.clone())).collect();
    // Not joined, as a table that has something else between them.
    let places = Places { ranges: ranges.to_vec(), ..Places::of(tensors) };
    Run::of(optimizer, Random(11).take(N), places)
}

#[test]
fn ranges_give_the_bits_of_the_whole() {
    let cuts = [0..1, 1..8, 8..8, 8..64, 64..67, 67..202, 202..N];
    let mut backwards = cuts.clone();
    backwards.reverse();
    for optimizer in every() {
        let (mut whole, mut cut, mut turned) = (start(optimizer), cut(optimizer, &cuts), cut(optimizer, &backwards));
        let mut random = Random(5);
        for _ in 1..=20 {
            let mut grads = random.take(N);
            let mut cut_grads = grads.clone();
            penalty::add(0.01, 0.1, &whole.params, &mut grads);
            penalty::add_to(0.01, 0.1, &cuts, &cut.params, &mut cut_grads);
            whole.update(0.01, &grads);
            cut.update(0.01, &cut_grads);
            turned.update(0.01, &cut_grads);
        }
        assert_eq!(whole.bits(), cut.bits(), "{optimizer:?}");
        assert_eq!(whole.bits(), turned.bits(), "{optimizer:?}");
    }
}

#[test]
fn outside_the_ranges_nothing_moves() {
    let ranges = [16..40, 100..108];
    let inside = |i: usize| ranges.iter().any(|range| range.contains(&i));
    for optimizer in every() {
        let mut after = cut(optimizer, &ranges);
        optimizer.start(&after.params, &mut after.state);
        let before = after.clone();
        let mut grads = vec![1.0; N];
        penalty::add_to(0.5, 0.5, &ranges, &after.params, &mut grads);
        assert!((0..N).all(|i| (grads[i] != 1.0) == inside(i)));
        after.update(0.1, &grads);
        assert!((0..N).all(|i| (after.params[i] != before.params[i]) == inside(i)), "{optimizer:?}");
        for (now, was) in after.state.buffers.iter().zip(&before.state.buffers) {
            assert!((0..N).all(|i| (now[i] == was[i]) || inside(i)), "{optimizer:?}");
        }
        let still = after.clone();
        after.places = Places::default();
        after.update(0.1, &grads);
        assert!(after.params == still.params && after.state.buffers == still.state.buffers, "{optimizer:?}");
    }
}

#[test]
fn neighbours_are_joined() {
    let tensors = [0..8, 8..16, 24..32].map(Tensor::vector).to_vec();
    assert_eq!(Places::of(tensors.clone()).ranges, [0..16, 24..32]);
    assert_eq!(Places::of(tensors.clone()).only(|i| i != 1).ranges, [0..8, 24..32]);
    assert_eq!(Places::of(Vec::new()), Places::default());
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
        Schedule::from(CosineDecay { initial: 0.02, steps: 50, warmup: 7, last: 0.001, per: Per::Step }),
        StepDecay { initial: 0.02, every: 9, factor: 0.7, per: Per::Step }.into(),
    ];
    let clips = [Clip::norm(3.0), Clip::Value(0.8), Clip::None];
    let mut all = Vec::new();
    for (i, optimizer) in optimizers().into_iter().enumerate() {
        let mut state = start(optimizer);
        let mut random = Random(i as u32);
        for step in 0..60 {
            let mut grads = random.take(N);
            let outcome = clips[i % 3].apply(&state.places, &state.params, &mut grads);
            penalty::add(1e-3, 1e-2, &state.params, &mut grads);
            let rate = schedules[i % 2].rate(step.into());
            state.update(rate, &grads);
            all.extend([outcome.norm, rate].map(f64::to_bits).iter().flat_map(|b| [*b as u32, (b >> 32) as u32]));
        }
        all.extend(state.bits());
    }
    assert_eq!(digest(all.into_iter()), 0x6dcc_057c_bfbd_7270);
}
