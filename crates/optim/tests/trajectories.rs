//! Twenty updates of two small problems against PyTorch's trajectories (float64): parameters and loss after each.

mod support;

use optim::{Adadelta, Adagrad, Adam, AdamW, Adamax, Asgd, NAdam, Optimizer, RAdam, RmsProp, Rprop, Sgd};
use serde_json::Value;
use support::problem::{gradient, loss_error};
use support::twin::Twin;
use support::{Run, error, number, numbers, tensor, to_f32, to_f64};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Of the fixture's records, those of optimisers that go by elements.
const COVERED: usize = 33;

/// f32 keeps 6e-8 of each number; twenty updates of a smooth problem may add up to this (measured: 4.1e-7), while a
/// wrong order of operations (ε inside the root, no bias correction) is off by 1e-2 and more.
const TOLERANCE: f64 = 2e-6;

/// Of losses, relative: what is asked for. They are computed here in f64 at parameters that are off by less than [`TOLERANCE`]
/// (measured: 4.6e-6).
const LOSS_TOLERANCE: f64 = 1e-5;

/// The fixtures are rounded to 12 digits.
const TWIN_TOLERANCE: f64 = 1e-10;

/// An optimiser and its rate; nothing where another test has it.
fn settings(record: &Value) -> Option<(Optimizer, f64)> {
    let given = record["settings"].as_object().unwrap();
    let mut known = vec!["lr", "weight_decay", "maximize"];
    let flag = |name: &str| given.get(name).is_some_and(|x| x.as_bool().unwrap());
    let mut get = |name: &'static str, default: f64| {
        known.push(name);
        given.get(name).map_or(default, number)
    };
    let (weight_decay, maximize, decoupled) =
        (get("weight_decay", 0.0), flag("maximize"), flag("decoupled_weight_decay"));
    let epsilon = if given.get("eps").is_some_and(Value::is_array) { f64::NAN } else { get("eps", f64::NAN) };
    let pair = |name: &str| given.get(name).map_or(vec![f64::NAN; 2], numbers);
    let (betas, etas, sizes) = (pair("betas"), pair("etas"), pair("step_sizes"));
    let (beta1, beta2, amsgrad) = (betas[0], betas[1], flag("amsgrad"));
    let optimizer: Optimizer = match record["optimizer"].as_str().unwrap() {
        "SGD" => {
            let (momentum, dampening) = (get("momentum", 0.0), get("dampening", 0.0));
            Sgd { momentum, dampening, nesterov: flag("nesterov"), weight_decay, maximize, hypergradient: 0.0 }.into()
        }
        "RMSprop" => {
            let (alpha, momentum, centered) = (get("alpha", 0.99), get("momentum", 0.0), flag("centered"));
            RmsProp { alpha, momentum, centered, epsilon, weight_decay, maximize }.into()
        }
        "Adam" => Adam { beta1, beta2, epsilon, weight_decay, amsgrad, maximize, hypergradient: 0.0 }.into(),
        "AdamW" => AdamW { beta1, beta2, epsilon, weight_decay, amsgrad, maximize }.into(),
        "NAdam" => {
            let momentum_decay = get("momentum_decay", 0.004);
            NAdam { beta1, beta2, epsilon, momentum_decay, weight_decay, decoupled, maximize }.into()
        }
        "RAdam" => RAdam { beta1, beta2, epsilon, weight_decay, decoupled, maximize }.into(),
        "Adamax" => Adamax { beta1, beta2, epsilon, weight_decay, maximize }.into(),
        "Adagrad" => {
            let (rate_decay, initial_accumulator) = (get("lr_decay", 0.0), get("initial_accumulator_value", 0.0));
            Adagrad { rate_decay, initial_accumulator, epsilon, weight_decay, maximize }.into()
        }
        "Adadelta" => Adadelta { rho: get("rho", 0.9), epsilon, weight_decay, maximize }.into(),
        "ASGD" => {
            let (lambda, alpha, start) = (get("lambd", 1e-4), get("alpha", 0.75), get("t0", 1e6));
            Asgd { lambda, alpha, start, weight_decay, maximize }.into()
        }
        "Rprop" => {
            let (decrease, increase) = (etas[0], etas[1]);
            Rprop { decrease, increase, smallest: sizes[0], largest: sizes[1], maximize }.into()
        }
        _ => return None,
    };
    let words = ["nesterov", "centered", "betas", "amsgrad", "decoupled_weight_decay", "etas", "step_sizes"];
    let taken = |name: &String| known.contains(&name.as_str()) || words.contains(&name.as_str());
    assert!(given.keys().all(taken), "{given:?}");
    Some((optimizer, number(&given["lr"])))
}

/// Records with their problem, optimiser and rate.
fn covered(all: &Value) -> Vec<(&Value, &Value, Optimizer, f64)> {
    let problem = |record: &Value| &all["problems"][record["problem"].as_str().unwrap()];
    let records = all["records"].as_array().unwrap().iter();
    let found: Vec<_> = records.filter_map(|r| settings(r).map(|(o, rate)| (r, problem(r), o, rate))).collect();
    assert_eq!(found.len(), COVERED);
    found
}

#[test]
fn every_step_is_pytorchs() {
    let all = fixture!("optimizers.json");
    let (mut worst, mut worst_loss) = ((0.0, ""), (0.0, ""));
    for (record, problem, optimizer, rate) in covered(&all) {
        let truth = tensor(&record["x"]);
        let mut run = Run::new(optimizer, to_f32(&tensor(&problem["x0"])));
        let n = run.params.len();
        assert_eq!(truth.len(), 21 * n);
        let start = loss_error(problem, record, 0, &to_f64(&run.params));
        assert!(start <= LOSS_TOLERANCE, "{} before the first step: a loss off by {start:e}", record["name"]);
        for step in 1..=20 {
            let grads = to_f32(&gradient(problem, &to_f64(&run.point())));
            run.update(rate, &grads);
            // Of ASGD PyTorch gives the iterate, not the average.
            let off = error(&to_f64(&run.point()), &truth[step * n..][..n]);
            assert!(off <= TOLERANCE, "{} after step {step}: off by {off:e}", record["name"]);
            if off > worst.0 {
                worst = (off, record["name"].as_str().unwrap());
            }
            let off = loss_error(problem, record, step, &to_f64(&run.point()));
            assert!(off <= LOSS_TOLERANCE, "{} after step {step}: a loss off by {off:e}", record["name"]);
            if off > worst_loss.0 {
                worst_loss = (off, record["name"].as_str().unwrap());
            }
        }
    }
    println!("largest error {:.1e} ({}), of a loss {:.1e} ({})", worst.0, worst.1, worst_loss.0, worst_loss.1);
}

/// The twin, which the other tests take as the truth, is itself right.
#[test]
fn the_twin_is_pytorchs() {
    let all = fixture!("optimizers.json");
    for (record, problem, optimizer, rate) in covered(&all) {
        let truth = tensor(&record["x"]);
        let mut params = tensor(&problem["x0"]);
        let n = params.len();
        let mut twin = Twin::new(optimizer, &params);
        for step in 1..=20 {
            let grads = gradient(problem, &twin.point(&params));
            twin.update(rate, &mut params, &grads);
            let off = error(&twin.point(&params), &truth[step * n..][..n]);
            assert!(off <= TWIN_TOLERANCE, "{} after step {step}: off by {off:e}", record["name"]);
            let off = loss_error(problem, record, step, &twin.point(&params));
            assert!(off <= TWIN_TOLERANCE, "{} after step {step}: a loss off by {off:e}", record["name"]);
        }
    }
}
