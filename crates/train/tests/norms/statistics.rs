//! Running statistics: those of the valid steps, with the weights that they belong to.

use super::common::{bits, classified, exchange, fit, floats};
use super::model;
use train::bundle::Elements;
use train::error::ErrorClass;
use train::session::{Session, Status, Team};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// In f64: PyTorch's `BatchNorm1d` over all valid steps of each batch, momentum 0.3.
#[test]
fn running_statistics_are_those_of_the_valid_steps() {
    // Each batch moves them, also where several make one update.
    for more in ["", r#","gradientAccumulation":2"#] {
        running_statistics(more);
    }
}

fn running_statistics(more: &str) {
    let mut trained = model(r#"{"kind":"batchNorm","momentum":0.3},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#);
    let data = classified(20);
    let x = floats(&data, "x");
    fit(&mut trained, data, &format!(r#"{{"epochs":2,"batchSize":10,"shuffle":false{more}}}"#));
    let after = trained.parameters().expect("sized");
    assert_eq!(floats(&after, "0.num_batches_tracked"), [4.0]);
    assert_eq!(after.find("0.num_batches_tracked").expect("there").shape, Vec::<usize>::new());
    // Ten sequences of 3 to 7 steps: 50 rows a batch.
    for j in 0..2 {
        let (mut mean, mut variance) = (0.0, 1.0);
        for batch in [0, 1, 0, 1] {
            let column: Vec<f64> = (0..50).map(|r| f64::from(x[(50 * batch + r) * 2 + j])).collect();
            let m = column.iter().sum::<f64>() / 50.0;
            let v = column.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / 49.0;
            mean += 0.3 * (m - mean);
            variance += 0.3 * (v - variance);
        }
        let close = |name: &str, expected: f64| {
            let got = f64::from(floats(&after, name)[j]);
            assert!((got - expected).abs() < 1e-6, "{name}: {got} against {expected}");
        };
        close("0.running_mean", mean);
        close("0.running_var", variance);
    }
    let summary = trained.summary();
    assert!(summary.contains("0.running_mean") && summary.contains("(running)"), "{summary}");
    assert_eq!(trained.parameter_count(), 2 + 2 + 9 * (2 + 3 + 2) + 3 * 2 + 2);
}

/// The best weights come with their statistics; so do the last finite ones.
#[test]
fn statistics_go_with_the_weights() {
    let run = r#"{"epochs":12,"batchSize":8,"validationSplit":0.25,"patience":12,"keep":"best","optimizer":{"kind":"sgd","learningRate":3}}"#;
    let make = || model(r#"{"kind":"batchNorm"},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#);
    let mut kept = make();
    let (_, end) = fit(&mut kept, classified(40), run);
    let best: usize = end.split("\"epoch\":").nth(1).and_then(|t| t.split([',', '}']).next()).unwrap().parse().unwrap();
    assert!(best < 12, "a run whose best epoch is not its last: {end}");
    let mut short = make();
    let run = run.replace("\"epochs\":12", &format!("\"epochs\":{best}")).replace("\"best\"", "\"last\"");
    fit(&mut short, classified(40), &run);
    assert_eq!(bits(&kept), bits(&short), "statistics of the best epoch, {best}");

    // A batch of numbers whose variance is beyond f32: the weights and the statistics are those before it.
    let mut model = make();
    let before = bits(&model);
    let mut data = classified(16);
    let x = data.tensors.iter_mut().find(|t| t.name == "x").expect("given");
    let Elements::F32(x) = &mut x.elements else { unreachable!() };
    x.iter_mut().for_each(|x| *x *= 1e30);
    for run in [r#"{"epochs":2,"batchSize":8}"#, r#"{"epochs":2,"batchSize":8,"gradientAccumulation":2}"#] {
        let mut session = Session::fit(&mut model, data.clone(), run, None, None).expect("finite data");
        assert_eq!(session.run(&mut model, 9).expect("goes on"), Status::Diverged);
        let error = session.finish(&mut model).expect_err("diverged");
        assert_eq!((error.class, error.path.as_deref()), (ErrorClass::Divergence, Some("0.running_var")));
        assert_eq!(bits(&model), before);
    }
}

/// A worker that takes part has the others' statistics too: no more than one exchange of gradients.
#[test]
fn statistics_travel_with_the_gradients() {
    let make = || model(r#"{"kind":"batchNorm"},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#);
    let run = r#"{"epochs":1,"batchSize":32}"#;
    let mut models = [make(), make()];
    let mut sessions: Vec<Session> = models
        .iter_mut()
        .enumerate()
        .map(|(index, m)| Session::fit(m, classified(32), run, None, Some(Team { workers: 2, index })).expect("right"))
        .collect();
    for (session, model) in sessions.iter_mut().zip(&mut models) {
        assert_eq!(session.run(model, 1).expect("goes on"), Status::NeedsGradients);
    }
    exchange(&mut sessions.iter_mut().collect::<Vec<_>>());
    for (session, model) in sessions.iter_mut().zip(&mut models) {
        session.run(model, 1).expect("goes on");
    }
    assert_eq!(bits(&models[0]), bits(&models[1]));
    assert_eq!(floats(&models[1].parameters().expect("sized"), "0.num_batches_tracked"), [1.0]);
}

/// A way back takes the statistics with the weights: as if what was undone had never been.
#[test]
fn statistics_go_back_with_the_weights() {
    let make = || model(r#"{"kind":"batchNorm"},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#);
    let mut data = classified(16);
    let x = data.tensors.iter_mut().find(|t| t.name == "x").expect("given");
    let Elements::F32(x) = &mut x.elements else { unreachable!() };
    // The last sequence has numbers whose variance is beyond f32.
    let n = x.len();
    x[n - 6..].iter_mut().for_each(|x| *x *= 1e30);
    let mut one = make();
    let before = bits(&one);
    let run = r#"{"epochs":2,"batchSize":8,"shuffle":false,"onDivergence":{"rollBack":{"times":2}}}"#;
    let mut session = Session::fit(&mut one, data, run, None, None).expect("finite data");
    assert_eq!(session.run(&mut one, 1).expect("goes on"), Status::Running);
    assert_ne!(bits(&one), before);
    assert_eq!(session.run(&mut one, 1).expect("goes back"), Status::Running);
    assert_eq!(bits(&one), before, "weights and statistics of the beginning");
}
