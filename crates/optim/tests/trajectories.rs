//! Twenty updates of two small problems against PyTorch's trajectories (float64).

mod support;

use optim::{Adam, AdamW, Optimizer, RmsProp, Sgd, penalty};
use serde_json::Value;
use support::twin::Twin;
use support::{error, number, tensor, to_f32, to_f64};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Of the fixture's 42 records those of this crate's optimisers, without `dampening`, `maximize` and `amsgrad`.
const COVERED: [&str; 15] = [
    "sgd",
    "sgd_momentum",
    "sgd_nesterov",
    "sgd_weight_decay",
    "sgd_momentum_weight_decay",
    "rmsprop",
    "rmsprop_alpha_eps",
    "rmsprop_centered",
    "rmsprop_momentum",
    "rmsprop_all",
    "adam",
    "adam_betas_eps",
    "adam_weight_decay",
    "adam_matrix",
    "adamw",
];

/// f32 keeps 6e-8 of each number; twenty updates of a smooth problem may add up to this (measured: 2.3e-7), while a
/// wrong order of operations (ε inside the root, no bias correction) is off by 1e-2 and more.
const TOLERANCE: f64 = 2e-6;

/// The fixtures are rounded to 12 digits.
const TWIN_TOLERANCE: f64 = 1e-10;

/// An optimiser, its rate and the L2 penalty that stands for PyTorch's `weight_decay`.
fn settings(record: &Value) -> (Optimizer, f64, f64) {
    let given = record["settings"].as_object().unwrap();
    let get = |name: &str| given.get(name).map_or(0.0, number);
    let flag = |name: &str| given.get(name).is_some_and(|x| x.as_bool().unwrap());
    let beta = |i: usize| number(&given["betas"][i]);
    let known = ["lr", "momentum", "nesterov", "alpha", "eps", "centered", "betas", "weight_decay"];
    assert!(given.keys().all(|name| known.contains(&name.as_str())), "{given:?}");
    let decay = get("weight_decay");
    let (optimizer, l2): (Optimizer, f64) = match record["optimizer"].as_str().unwrap() {
        "SGD" => (Sgd { momentum: get("momentum"), nesterov: flag("nesterov") }.into(), decay),
        "RMSprop" => {
            let (momentum, centered) = (get("momentum"), flag("centered"));
            (RmsProp { alpha: get("alpha"), momentum, centered, epsilon: get("eps") }.into(), decay)
        }
        "Adam" => (Adam { beta1: beta(0), beta2: beta(1), epsilon: get("eps") }.into(), decay),
        "AdamW" => (AdamW { beta1: beta(0), beta2: beta(1), epsilon: get("eps"), weight_decay: decay }.into(), 0.0),
        other => panic!("no optimiser {other}"),
    };
    (optimizer, get("lr"), l2)
}

/// The gradient of the record's problem at x: `Q(x-b) + c w cos(w x)`, Q being a diagonal for the matrix.
fn gradient(problem: &Value, x: &[f64]) -> Vec<f64> {
    let matrix = problem.get("D").is_some();
    let [q, b, c, w] = if matrix { ["D", "B", "C", "W"] } else { ["Q", "b", "c", "w"] }.map(|k| tensor(&problem[k]));
    let n = x.len();
    (0..n)
        .map(|i| {
            let linear: f64 =
                if matrix { q[i] * (x[i] - b[i]) } else { (0..n).map(|j| q[i * n + j] * (x[j] - b[j])).sum() };
            linear + c[i] * w[i] * libm::cos(w[i] * x[i])
        })
        .collect()
}

fn covered(all: &Value) -> Vec<(&Value, &Value)> {
    let records = all["records"].as_array().unwrap();
    let find = |name| records.iter().find(|r| r["name"] == name).unwrap_or_else(|| panic!("no record {name}"));
    COVERED.map(|name| (find(name), &all["problems"][find(name)["problem"].as_str().unwrap()])).to_vec()
}

#[test]
fn every_step_is_pytorchs() {
    let all = fixture!("optimizers.json");
    let mut worst = (0.0, "");
    for (record, problem) in covered(&all) {
        let (optimizer, rate, l2) = settings(record);
        let truth = tensor(&record["x"]);
        let mut params = to_f32(&tensor(&problem["x0"]));
        let n = params.len();
        let mut buffers = vec![vec![0.0f32; n]; optimizer.buffers().len()];
        assert_eq!(truth.len(), 21 * n);
        for step in 1..=20 {
            let mut grads = to_f32(&gradient(problem, &to_f64(&params)));
            penalty::add(0.0, l2, &params, &mut grads);
            optimizer.update(step as u64, rate, &mut params, &grads, &mut buffers);
            let off = error(&to_f64(&params), &truth[step * n..][..n]);
            assert!(off <= TOLERANCE, "{} after step {step}: off by {off:e}", record["name"]);
            if off > worst.0 {
                worst = (off, record["name"].as_str().unwrap());
            }
        }
    }
    println!("largest error {:.1e} ({})", worst.0, worst.1);
}

/// The twin, which the other tests take as the truth, is itself right.
#[test]
fn the_twin_is_pytorchs() {
    let all = fixture!("optimizers.json");
    for (record, problem) in covered(&all) {
        let (optimizer, rate, l2) = settings(record);
        let truth = tensor(&record["x"]);
        let mut params = tensor(&problem["x0"]);
        let n = params.len();
        let mut twin = Twin::new(optimizer, n);
        for step in 1..=20 {
            let mut grads = gradient(problem, &params);
            grads.iter_mut().zip(&params).for_each(|(g, w)| *g += l2 * w);
            twin.update(rate, &mut params, &grads);
            let off = error(&params, &truth[step * n..][..n]);
            assert!(off <= TWIN_TOLERANCE, "{} after step {step}: off by {off:e}", record["name"]);
        }
    }
}
