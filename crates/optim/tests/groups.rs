//! Parts of the parameters with their own rate and decay, as groups have them: each against a twin of its own in f64.

mod support;

use optim::{AdamW, Lamb, Muon, Optimizer, Places, Step, Tensor};
use support::layers::Layers;
use support::{Random, Run, error, to_f64};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const N: usize = 92;

/// Two hidden matrices, one that is not, a vector; in no group beside its neighbour.
fn tensors() -> Vec<Tensor> {
    vec![
        Tensor::matrix(0, 5, 7).hidden(),
        Tensor::vector(35..40),
        Tensor::matrix(40, 8, 4).hidden(),
        Tensor::matrix(72, 4, 5),
    ]
}

/// Which tensors, what their rate is multiplied by, and their decay in place of the optimiser's.
type Group = (&'static [usize], f64, Option<f64>);
const GROUPS: [Group; 3] = [(&[0, 3], 0.25, Some(0.4)), (&[1], 3.0, None), (&[2], 1.0, Some(0.0))];

/// The largest error of a tensor after fifty updates by gradients that do not depend on the parameters; `with` makes the optimiser
/// of a decay, for each twin by itself.
fn follow(with: fn(f64) -> Optimizer) -> f64 {
    const RATE: f64 = 0.02;
    const DECAY: f64 = 0.1;
    let optimizer = with(DECAY);
    let (all, mut random) = (Places::of(tensors()), Random(31));
    let mut run = Run::of(optimizer, random.take(N), all.clone());
    let mut x = to_f64(&run.params);
    optimizer.start(&run.params, &mut run.state);
    let of = |(which, factor, decay): Group| {
        let own = decay.map_or(optimizer, |decay| optimizer.with_weight_decay(decay).expect("has one"));
        let tensors: Vec<Tensor> = which.iter().map(|&i| tensors()[i].clone()).collect();
        let twin = Layers::new(with(decay.unwrap_or(DECAY)), N);
        (twin, own, RATE * factor, all.only(|i| which.contains(&i)), tensors)
    };
    let mut parts = GROUPS.map(of);
    for number in 1..=50 {
        let grads = random.take(N);
        let mut spent = grads.clone();
        for (twin, own, rate, places, tensors) in &mut parts {
            own.go_on(Step::new(number, *rate), places, &mut run.params, &mut spent, &mut run.state);
            twin.update(*rate, tensors, &mut x, &to_f64(&grads));
        }
    }
    let ranges = tensors().into_iter().map(|tensor| tensor.range);
    ranges.map(|at| error(&to_f64(&run.params[at.clone()]), &x[at])).fold(0.0, f64::max)
}

#[test]
fn each_group_is_its_own_twins() {
    let all: [fn(f64) -> Optimizer; 3] = [
        |weight_decay| AdamW { weight_decay, ..AdamW::default() }.into(),
        |weight_decay| Lamb { weight_decay, ..Lamb::default() }.into(),
        |weight_decay| Muon { weight_decay, adam_rate: 0.5, ..Muon::default() }.into(),
    ];
    for with in all {
        let (optimizer, off) = (with(0.1), follow(with));
        println!("{off:.1e} {optimizer:?}");
        // Rounding of 32 bits in fifty steps (measured: 1.8e-6).
        assert!(off < 1e-5, "{optimizer:?}: off by {off:e}");
    }
}
