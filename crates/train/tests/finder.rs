//! The range test of learning rates: its rates and losses are those of a run written out, its end and its suggestion those of
//! the definitions, and it leaves the model alone.

mod common;

use common::{bits, bits64, classified, classifier, fit, series, text, tripled, tripler, writer};
use serde_json::Value;
use train::bundle::{Bundle, Elements};
use train::checkpoint;
use train::error::Error;
use train::finder::Finder;
use train::model::Model;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

struct Found {
    rates: Vec<f64>,
    losses: Vec<f64>,
    smoothed: Vec<f64>,
    suggestion: Option<f64>,
}

fn find_with(model: &Model, data: Bundle, range: &str, run: &str) -> Result<Found, Error> {
    let mut finder = Finder::open(model, data, range, run)?;
    while !finder.run(3)? {}
    let found: Value = serde_json::from_str(&finder.finish()?).expect("JSON");
    let list = |name: &str| {
        found[name].as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect::<Vec<_>>()
    };
    Ok(Found {
        rates: list("rates"),
        losses: list("losses"),
        smoothed: list("smoothed"),
        suggestion: found["suggestion"].as_f64(),
    })
}

fn find(range: &str) -> Found {
    find_with(&classifier(), classified(50), range, r#"{"batchSize":8,"optimizer":"sgd","seed":3}"#).expect("right")
}

#[test]
fn rates_grow_by_one_factor_and_losses_are_those_of_such_a_run() {
    let found = find(r#"{"from":1e-4,"to":1,"steps":41}"#);
    assert_eq!(found.rates.len(), 41);
    for (i, rate) in found.rates.iter().enumerate() {
        let truth = 1e-4 * libm::pow(10.0, i as f64 / 10.0);
        assert!((rate / truth - 1.0).abs() < 1e-12, "{rate}, not {truth}");
    }
    let table: Vec<String> = found.rates.iter().map(f64::to_string).collect();
    let run = format!(
        r#"{{"batchSize":8,"steps":41,"metrics":[],"seed":3,"optimizer":{{"kind":"sgd","learningRate":{{"kind":"rateTable","rates":[{}]}}}}}}"#,
        table.join(",")
    );
    let (records, _) = fit(&mut classifier(), classified(50), &run);
    let steps: Vec<&[f64]> = records.chunks_exact(8).filter(|row| row[0] == 0.0).collect();
    let losses: Vec<f64> = steps.iter().map(|row| row[3]).collect();
    assert!(bits64(&found.losses) == bits64(&losses));
}

#[test]
fn the_mean_is_corrected_for_its_start() {
    let found = find(r#"{"from":1e-4,"to":1,"steps":30,"smoothing":0.9}"#);
    for (i, smoothed) in found.smoothed.iter().enumerate() {
        // A weighted mean, written as one.
        let weight = |k: usize| (0..i - k).fold(1.0, |w, _| w * 0.9);
        let (sum, weights) = (0..=i).fold((0.0, 0.0), |(s, w), k| (s + weight(k) * found.losses[k], w + weight(k)));
        assert!((smoothed - sum / weights).abs() < 1e-12 * smoothed.abs(), "{i}");
    }
    let plain = find(r#"{"from":1e-4,"to":1,"steps":30,"smoothing":0}"#);
    assert!(bits64(&plain.smoothed) == bits64(&plain.losses));
}

#[test]
fn it_ends_where_the_loss_exceeds_a_multiple_of_the_best() {
    for limit in [1.5, 4.0] {
        let range = format!(r#"{{"from":1e-3,"to":1e6,"steps":200,"smoothing":0.5,"limit":{limit}}}"#);
        let found = find(&range);
        let count = found.smoothed.len();
        assert!(count < 200, "it ended early");
        let mut best = f64::INFINITY;
        for (i, smoothed) in found.smoothed.iter().enumerate() {
            assert_eq!(*smoothed > limit * best, i + 1 == count, "{i} of {count}");
            best = best.min(*smoothed);
        }
    }
}

#[test]
fn it_suggests_the_rate_of_the_steepest_descent() {
    let found = find(r#"{"from":1e-3,"to":100,"steps":120,"smoothing":0.9}"#);
    let s = &found.smoothed;
    let slopes: Vec<(f64, usize)> = (12..s.len() - 1).map(|i| ((s[i + 1] - s[i - 1]) / 2.0, i)).collect();
    let (slope, i) = slopes.iter().copied().reduce(|a, b| if b.0 < a.0 { b } else { a }).expect("some");
    assert!(slope < 0.0);
    assert_eq!(found.suggestion, Some(found.rates[i]));
    assert!((0.01..20.0).contains(&found.rates[i]), "{}", found.rates[i]);
    // Nothing between the first tenth and the last step.
    assert_eq!(find(r#"{"from":1e-3,"to":100,"steps":2}"#).suggestion, None);
}

/// At a rate of 1e30 the weights leave the finite numbers.
#[test]
fn divergence_ends_it_with_what_was_found() {
    let run = r#"{"clip":"none","optimizer":"sgd"}"#;
    let found = find_with(&writer(), text(400), r#"{"from":1,"to":1e30,"steps":4,"limit":1e30}"#, run).expect("some");
    assert!((1..4).contains(&found.losses.len()), "{:?}", found.rates);
    // A gradient of hundreds times 1e37 is the end of 32 bits.
    let mut steep = tripled(8, |_| {});
    for tensor in steep.tensors.iter_mut().filter(|tensor| tensor.name == "y") {
        tensor.elements = Elements::F32(vec![1000.0; 8]);
    }
    let range = r#"{"from":1e37,"to":1e38}"#;
    let error = find_with(&tripler(""), steep, range, run).err().expect("not one update");
    assert_eq!(error.class.name(), "DivergenceError");
}

#[test]
fn the_model_its_optimiser_and_its_run_stay_as_they_are() {
    let mut model = classifier();
    fit(&mut model, classified(50), r#"{"epochs":2,"batchSize":8,"validationSplit":0.2,"optimizer":"adam"}"#);
    let before = checkpoint::save(&model, None, true).expect("there is room");
    for range in ["{}", r#"{"from":1,"to":1e30,"steps":5,"limit":1e30}"#] {
        find_with(&model, classified(30), range, r#"{"clip":"none","optimizer":"sgd"}"#).expect("right");
        let mut left = Finder::open(&model, classified(50), range, "{}").expect("right");
        left.run(2).expect("goes on");
        drop(left);
        assert!(find_with(&model, classified(50), range, r#"{"batchSize":1000}"#).is_err());
        assert!(checkpoint::save(&model, None, true).expect("there is room") == before, "{range}");
    }
    // Constants of the scale are not fitted either.
    let fresh = classifier();
    let before = (bits(&fresh), checkpoint::save(&fresh, None, true).expect("there is room"));
    find_with(&fresh, classified(30), "{}", "{}").expect("right");
    assert!((bits(&fresh), checkpoint::save(&fresh, None, true).expect("there is room")) == before);
}

#[test]
fn any_data_that_are_there_as_a_whole() {
    let (model, data) = series();
    let found = find_with(&model, data, r#"{"steps":20}"#, r#"{"batchSize":16}"#).expect("right");
    assert_eq!(found.rates.len(), 20);
    let run = r#"{"window":9,"carryState":true,"batchSize":4}"#;
    assert_eq!(find_with(&writer(), text(400), r#"{"steps":20}"#, run).expect("right").rates.len(), 20);
    let mut batches = Bundle::default();
    batches.note("kind", "batches");
    let error = find_with(&classifier(), batches, "{}", "{}").err().expect("no batches");
    assert_eq!(error.message, "data: expected data that are there as a whole, got a source of batches");
}

#[test]
fn what_is_refused() {
    for (range, run, expected) in [
        (r#"{"from":0}"#, "{}", "from: expected a number above 0, got 0"),
        (r#"{"from":1,"to":1}"#, "{}", "to: expected a number above from (1), got 1"),
        (r#"{"from":1e-30,"to":1e10}"#, "{}", "to: expected at most 1e30 times from, got 10000000000"),
        (r#"{"steps":1}"#, "{}", "steps: expected an integer from 2, got 1"),
        (r#"{"smoothing":1}"#, "{}", "smoothing: expected a number from 0, below 1, got 1"),
        (r#"{"limit":1}"#, "{}", "limit: expected a number above 1, got 1"),
        ("{}", r#"{"epochs":3}"#, "epochs: does not apply to the search for a learning rate"),
        ("{}", r#"{"patience":3}"#, "patience: does not apply to the search for a learning rate"),
        ("{}", r#"{"gradientNorm":1}"#, "gradientNorm: does not apply to the search for a learning rate"),
        ("{}", r#"{"onDivergence":{"rollBack":{}}}"#, "onDivergence: does not apply to the search for a learning rate"),
        (
            "{}",
            r#"{"optimizer":{"kind":"sgd","learningRate":0.1}}"#,
            "optimizer.learningRate: is what is searched for: leave it out",
        ),
        ("{}", r#"{"optimizer":3}"#, "optimizer: expected an object"),
        ("{}", r#"{"optimizer":"sdg"}"#, "optimizer.kind: expected"),
        ("{}", "[]", "expected an object, got a list"),
        ("{}", r#"{"batchSise":3}"#, "batchSise: unknown option; did you mean batchSize?"),
    ] {
        let error = find_with(&classifier(), classified(50), range, run).err().expect("refused");
        assert!(error.message.starts_with(expected), "{}, not {expected}", error.message);
        assert_eq!(error.class.name(), "ConfigError");
    }
}
