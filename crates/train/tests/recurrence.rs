//! Runs with recurrent and variational dropout, zoneout (beside norms inside cells too) and the regulariser against vanishing
//! gradients: the same bits however they are cut, nothing drawn outside training, and what is refused.

mod common;

use common::outside::predicts_and_evaluates_outside_training;
use common::resume::resumed_equals_unbroken;
use common::{bits, bits64, classified, fit, fit_by_team, floats, same_bits_by_teams, text};
use train::bundle::{Bundle, Elements};
use train::error::ErrorClass;
use train::learner::Learner;
use train::model::Model;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn model(input: &str, layers: &str, output: &str) -> Model {
    Model::create(&format!(r#"{{"input":{input},"layers":[{layers}],{output}"seed":3}}"#)).expect("a right description")
}

/// Every cell that has one of them, in both directions.
fn both_ways() -> Model {
    let layers = r#"{"kind":"gru","hiddenSize":6,"bidirectional":true,"recurrentDropout":0.3,"variationalDropout":0.1,"zoneout":0.2},
        {"kind":"lstm","hiddenSize":5,"bidirectional":true,"numLayers":2,"dropout":0.1,"dropoutShared":"time","recurrentDropout":0.2,"zoneout":0.1,"zoneoutCell":0.4},
        {"kind":"rnn","hiddenSize":5,"bidirectional":true,"numLayers":2,"variationalDropout":0.2,"vanishingPenalty":0.5},
        {"kind":"lstm","hiddenSize":4,"bidirectional":true,"normalization":{"kind":"batch","maxSteps":4},"recurrentDropout":0.2,"zoneout":0.1,"zoneoutCell":0.3},
        {"kind":"gru","hiddenSize":4,"bidirectional":true,"normalization":"rms","recurrentDropout":0.2,"zoneout":0.1},{"kind":"dense"}"#;
    model(r#"{"size":2,"scale":"standard"}"#, layers, r#""output":{"at":"last","classes":2},"#)
}

/// One direction, in which segments and windows go.
fn forwards() -> Model {
    let layers = r#"{"kind":"embedding","units":5},
        {"kind":"lstm","hiddenSize":7,"peepholes":true,"projSize":4,"recurrentDropout":0.2,"variationalDropout":0.2,"zoneout":0.1,"zoneoutCell":0.4},
        {"kind":"lstm","hiddenSize":6,"normalization":"layer","recurrentDropout":0.1,"variationalDropout":0.2,"zoneout":0.1,"zoneoutCell":0.2},
        {"kind":"gru","hiddenSize":6,"reset":"before","recurrentDropout":0.3,"variationalDropout":0.2,"zoneout":0.2},
        {"kind":"minGru","hiddenSize":6,"recurrentDropout":0.3,"zoneout":0.2},
        {"kind":"minLstm","hiddenSize":6,"recurrentDropout":0.3,"zoneout":0.2},
        {"kind":"rnn","hiddenSize":6,"variationalDropout":0.2,"zoneout":0.2},
        {"kind":"rnn","hiddenSize":6,"normalization":"rms","zoneout":0.2},
        {"kind":"rnn","hiddenSize":6,"activation":"relu","vanishingPenalty":0.5},{"kind":"dense"}"#;
    model(r#"{"vocabulary":8}"#, layers, "")
}

const CLASSIFY: &str = r#"{"epochs":3,"batchSize":16,"validationSplit":{"fraction":0.2,"from":"random"},"patience":3,
    "optimizer":{"kind":"adam","learningRate":0.02}}"#;
const READ: &str = r#"{"epochs":2,"batchSize":4,"window":9,"carryState":true,"validationSplit":0.2}"#;
const TRUNCATED: &str = r#"{"epochs":2,"batchSize":4,"window":9,"carryState":true,"truncation":{"k1":3,"k2":5}}"#;

type Case = (fn() -> Model, Bundle, &'static str);

fn cases() -> [Case; 3] {
    [(both_ways, classified(60), CLASSIFY), (forwards, text(400), READ), (forwards, text(400), TRUNCATED)]
}

/// Cut after so many units, saved, loaded and resumed; against the unbroken run.
#[test]
fn broken_off_and_gone_on_with_they_are_the_unbroken_run() {
    for (make, data, run) in cases() {
        resumed_equals_unbroken(&make, &|| data.clone(), run, [1, 3, 6]);
    }
}

#[test]
fn any_number_of_workers_gives_the_same_bits() {
    for (make, data, run) in cases() {
        same_bits_by_teams(&make, &data, run, &[2, 3]);
    }
}

#[test]
fn segments_have_the_bits_of_the_whole() {
    for run in [READ, TRUNCATED] {
        let mut plain = forwards();
        let (records, _) = fit(&mut plain, text(400), run);
        for every in ["true", r#"{"every":1}"#, r#"{"every":4}"#] {
            let mut model = forwards();
            let run = run.replacen('{', &format!(r#"{{"checkpointing":{every},"#), 1);
            let (again, _) = fit(&mut model, text(400), &run);
            assert!(bits(&model) == bits(&plain), "{every}");
            assert_eq!(bits64(&again), bits64(&records), "{every}");
        }
    }
}

/// A sequence is predicted alone as in company; predicting and evaluating draw nothing.
#[test]
fn predictions_and_evaluation_are_outside_training() {
    let mut trained = both_ways();
    let data = classified(40);
    fit(&mut trained, data.clone(), CLASSIFY);
    predicts_and_evaluates_outside_training(&trained, &data);
}

/// They do something in training, each by its seed.
#[test]
fn runs_of_other_seeds_are_others() {
    let trained = |more: &str, seed: u32| {
        let layers = format!(r#"{{"kind":"lstm","hiddenSize":5{more}}},{{"kind":"dense"}}"#);
        let mut model = model(r#"{"size":2}"#, &layers, r#""output":{"at":"last","classes":2},"#);
        fit(
            &mut model,
            classified(20),
            &format!(r#"{{"epochs":1,"batchSize":8,"shuffle":false,"validationSplit":0,"seed":{seed}}}"#),
        );
        bits(&model)
    };
    assert_eq!(trained("", 1), trained("", 2));
    for more in [
        r#","recurrentDropout":0.3"#,
        r#","variationalDropout":0.3"#,
        r#","zoneout":0.3"#,
        r#","zoneoutCell":0.3"#,
        r#","numLayers":2,"dropout":0.3,"dropoutShared":"time""#,
    ] {
        assert_eq!(trained(more, 1), trained(more, 1));
        assert_ne!(trained(more, 1), trained(more, 2), "{more}");
        assert_ne!(trained(more, 1), trained("", 1), "{more}");
    }
}

/// Plain descent on recurrent weights with and without: the difference is the mean over the batch, in any number of shards, and
/// the reported loss is without it.
#[test]
fn the_penalty_is_a_mean_over_the_batch() {
    let trained = |penalty: &str, copies: usize, workers: usize| {
        let layers = format!(r#"{{"kind":"rnn","hiddenSize":5{penalty}}},{{"kind":"dense"}}"#);
        let make = || model(r#"{"size":2}"#, &layers, r#""output":{"at":"last","classes":2},"#);
        let mut team: Vec<Model> = (0..workers).map(|_| make()).collect();
        // A data set that is there several times has the same means.
        let one = classified(8);
        let mut data = Bundle::default();
        data.note("kind", "sequences");
        for tensor in &one.tensors {
            let mut shape = tensor.shape.clone();
            shape[0] *= copies;
            let elements = match &tensor.elements {
                Elements::F32(v) => Elements::F32(v.repeat(copies)),
                Elements::I32(v) => Elements::I32(v.repeat(copies)),
                other => panic!("{}", other.dtype()),
            };
            data.push(tensor.name.clone(), shape, elements);
        }
        let run = r#"{"steps":1,"batchSize":"full","shuffle":false,"clip":"none","validationSplit":0,
            "optimizer":{"kind":"sgd","learningRate":0.5}}"#;
        let records = fit_by_team(&mut team, &data, run);
        (floats(&team[0].parameters().expect("sized"), "0.weight_hh_l0"), records)
    };
    let (plain, records) = trained("", 1, 1);
    let (with, again) = trained(r#","vanishingPenalty":0.5"#, 1, 1);
    assert_eq!(again[..3], records[..3], "the loss of the first step is the same");
    let change: Vec<f32> = with.iter().zip(&plain).map(|(a, b)| a - b).collect();
    assert!(change.iter().any(|x| x.abs() > 1e-3), "{change:?}");
    for (copies, workers) in [(3, 1), (3, 2)] {
        let (more, _) = trained(r#","vanishingPenalty":0.5"#, copies, workers);
        assert!(more.iter().zip(&with).all(|(a, b)| (a - b).abs() < 1e-6), "{copies} copies, {workers} workers");
    }
}

#[test]
fn online_learning_refuses_them() {
    for (kind, option) in [
        ("lstm", "recurrentDropout"),
        ("gru", "variationalDropout"),
        ("lstm", "zoneout"),
        ("lstm", "zoneoutCell"),
        ("rnn", "zoneout"),
        ("rnn", "vanishingPenalty"),
    ] {
        let layers = format!(r#"{{"kind":"{kind}","hiddenSize":5,"{option}":0.1}},{{"kind":"dense"}}"#);
        let mut model = model(r#"{"size":2}"#, &layers, r#""output":{"at":"every","size":1},"#);
        let error = Learner::open(&mut model, "{}").map(|_| ()).expect_err("it would change predictions");
        assert_eq!((error.class, error.code), (ErrorClass::Config, "notOnline"));
    }
}
