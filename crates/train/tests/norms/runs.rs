//! The same bits however a run is cut, saved and shared, and what is outside training.

use super::common::outside::predicts_and_evaluates_outside_training;
use super::common::resume::resumed_equals_unbroken;
use super::common::{bits, bits64, classified, fit, fit_by_team, floats, run_to_end, same_bits_by_teams, scalar, text};
use super::{CLASSIFY, READ, everything, model, writer};
use train::bundle::Bundle;
use train::checkpoint;
use train::gradients::gradients;
use train::model::Model;
use train::session::Session;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Cut after so many units, saved, loaded and resumed; against the unbroken run.
#[test]
fn broken_off_and_gone_on_with_they_are_the_unbroken_run() {
    for (make, data, run) in
        [(everything as fn() -> Model, classified(60), CLASSIFY), (writer as fn() -> Model, text(400), READ)]
    {
        resumed_equals_unbroken(&make, &|| data.clone(), run, [1, 3, 4, 6]);
    }
}

#[test]
fn any_number_of_workers_gives_the_same_bits() {
    let read = READ.replace("\"batchSize\":4", "\"batchSize\":16").replace("\"window\":9", "\"window\":4");
    for (make, data, run) in
        [(everything as fn() -> Model, classified(60), CLASSIFY), (writer as fn() -> Model, text(700), read.as_str())]
    {
        same_bits_by_teams(&make, &data, run, &[2, 3, 8]);
    }
}

/// A sequence is predicted alone as in company, and noise and masks are those of training only.
#[test]
fn predictions_and_evaluation_are_outside_training() {
    let mut trained = everything();
    let data = classified(40);
    fit(&mut trained, data.clone(), CLASSIFY);
    predicts_and_evaluates_outside_training(&trained, &data);
}

/// Of the loss outside training, for parameters alone, and that of the gain of a norm by a finite difference.
#[test]
fn gradients_of_a_trained_model() {
    let mut trained = everything();
    let data = classified(40);
    fit(&mut trained, data.clone(), CLASSIFY);
    let found = gradients(&trained, data.clone(), "{}").expect("right");
    assert!(found.tensors.iter().all(|t| !t.name.contains("running") && !t.name.contains("num_batches")));
    let parameters = trained.parameters().expect("sized");
    for name in ["1.weight", "1.bias", "3.weight", "top.weight", "7.bias"] {
        let gradient = floats(&found, &format!("parameter.{name}"));
        for (j, gradient) in gradient.iter().enumerate() {
            let mut loss_at = |by: f32| {
                let mut moved = Bundle::default();
                let tensor = parameters.find(name).expect("there");
                let mut values = floats(&parameters, name);
                values[j] += by;
                moved.f32(name, tensor.shape.clone(), values);
                trained.set_parameters(moved, false).expect("fits");
                scalar(&gradients(&trained, data.clone(), "{}").expect("right"), "loss")
            };
            let slope = (loss_at(2e-3) - loss_at(-2e-3)) / 4e-3;
            loss_at(0.0);
            // The network is in f32, whose losses are known to 1e-7 or so.
            assert!((slope - f64::from(*gradient)).abs() < 2e-4, "{name}[{j}]: {gradient} against {slope}");
        }
    }
}

/// All that can be cut: a batch norm that stands still, norms of rows, noise, one mask a sequence, weights made of others.
fn divisible() -> Model {
    model(
        r#"{"kind":"batchNorm","trainable":false},{"kind":"noise","deviation":0.1},{"kind":"gru","hiddenSize":6,"weightNorm":true,"initialState":"learned"},
           {"kind":"rmsNorm"},{"kind":"dropout","rate":0.2,"shared":"time"},{"kind":"lstm","hiddenSize":5,"projSize":3,"weightDrop":0.3},
           {"kind":"layerNorm"},{"kind":"noise","deviation":0.2},{"kind":"dense","weightNorm":true}"#,
    )
}

#[test]
fn checkpointed_runs_have_the_bits_of_whole_ones() {
    for (more, also) in
        [("", ""), (r#","truncation":{"k1":2,"k2":5}"#, ""), ("", r#","orthogonality":0.1,"maxNorm":2"#)]
    {
        // Neither goes with norms that are learnt apart.
        let make = || {
            if also.is_empty() {
                divisible()
            } else {
                model(r#"{"kind":"gru","hiddenSize":6,"weightDrop":0.3},{"kind":"dense"}"#)
            }
        };
        let run = |kind: &str| format!(r#"{{"epochs":3,"batchSize":16,"validationSplit":0.2{more}{also}{kind}}}"#);
        let mut plain = make();
        let (records, _) = fit(&mut plain, classified(50), &run(""));
        for kind in [r#","checkpointing":true"#, r#","checkpointing":{"every":1}"#] {
            let mut cut = make();
            let (again, _) = fit(&mut cut, classified(50), &run(kind));
            assert!(bits(&cut) == bits(&plain), "{more} {also} {kind}");
            assert_eq!(bits64(&again), bits64(&records), "{more} {also} {kind}");
        }
    }
}

/// Windows draw noise and masks for each update, whichever worker goes through them and wherever the run was cut.
#[test]
fn truncated_runs_are_the_same_resumed_and_on_any_number_of_workers() {
    let run = r#"{"epochs":2,"batchSize":16,"truncation":{"k1":2,"k2":3}}"#;
    let mut alone = [divisible()];
    let records = fit_by_team(&mut alone, &classified(60), run);
    for workers in [2, 3] {
        let mut team: Vec<Model> = (0..workers).map(|_| divisible()).collect();
        assert_eq!(bits64(&fit_by_team(&mut team, &classified(60), run)), bits64(&records), "{workers} workers");
        assert!(bits(&team[0]) == bits(&alone[0]), "{workers} workers");
    }
    let mut whole = divisible();
    fit(&mut whole, classified(60), run);
    for at in [1, 2, 5] {
        let mut cut = divisible();
        let mut session = Session::fit(&mut cut, classified(60), run, None, None).expect("right");
        session.run(&mut cut, at).expect("goes on");
        let file = checkpoint::save(&cut, Some(&session), true).expect("there is room");
        let mut loaded = checkpoint::load(&file).expect("a file just written");
        let session = Session::resume(&mut loaded, classified(60), "{}", None, None).expect("the same data");
        run_to_end(&mut loaded, session, 2);
        assert!(bits(&loaded) == bits(&whole), "cut after {at} units");
    }
}
