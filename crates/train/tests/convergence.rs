//! Until convergence: each rule that ends a run, and what a run does when it diverges; all of it saved and resumed.

mod common;

use common::resume::resumed_equals_unbroken;
use common::{bits, bits64, classified, classifier, fit, text, tripled, tripler, writer};
use train::bundle::Bundle;
use train::session::{Session, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn reason(end: &str) -> &str {
    end.split("\"reason\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a reason")
}

/// Rows of a model with one metric, without validation.
fn epochs(records: &[f64]) -> Vec<&[f64]> {
    records.chunks_exact(10).filter(|row| row[0] == 1.0).collect()
}

#[test]
fn each_rule_ends_a_run_and_is_named() {
    let plain = r#""epochs":400,"batchSize":"full","clip":"none","optimizer":{"kind":"sgd","learningRate":0.2}"#;
    for (rules, expected) in [
        (r#""target":{"loss":0.01}"#, "target"),
        (r#""target":{"validationLoss":0.01},"validationSplit":0.2"#, "target"),
        (r#""gradientNorm":0.05"#, "gradientNorm"),
        (r#""minImprovement":{"fraction":0.05,"epochs":2}"#, "minImprovement"),
        (
            r#""minImprovement":{"fraction":0.05,"epochs":2,"monitor":"validationLoss"},"validationSplit":0.2"#,
            "minImprovement",
        ),
        (r#""patience":2,"minDelta":0.01,"validationSplit":0.2"#, "patience"),
        (r#""steps":3"#, "finished"),
    ] {
        let mut model = tripler("");
        let (records, end) = fit(&mut model, tripled(20, |_| {}), &format!("{{{plain},{rules}}}"));
        assert_eq!(reason(&end), expected, "{rules}");
        let epochs = epochs(&records);
        assert!((3..400).contains(&epochs.len()), "{rules}: {} epochs", epochs.len());
        // It is the first epoch at which the rule holds.
        let (last, before) = (epochs[epochs.len() - 1], &epochs[..epochs.len() - 1]);
        let column = match rules {
            r#""target":{"loss":0.01}"# => 3,
            r#""gradientNorm":0.05"# => 4,
            _ => continue,
        };
        let least = if column == 3 { 0.01 } else { 0.05 };
        assert!(last[column] <= least && before.iter().all(|row| row[column] > least), "{rules}");
    }
}

#[test]
fn rules_remember_across_a_file() {
    let run = r#"{"epochs":60,"batchSize":7,"optimizer":{"kind":"sgd","learningRate":0.2},"clip":"none",
        "minImprovement":{"fraction":0.3,"epochs":4},"gradientNorm":0.001}"#;
    let mut model = tripler("");
    assert_eq!(reason(&fit(&mut model, tripled(20, |_| {}), run).1), "minImprovement");
    resumed_equals_unbroken(&|| tripler(""), &|| tripled(20, |_| {}), run, [1, 2, 3, 5, 8, 13]);
    let run = r#"{"epochs":60,"batchSize":7,"optimizer":{"kind":"sgd","learningRate":0.2},"clip":"none","gradientNorm":0.15}"#;
    let mut model = tripler("");
    assert_eq!(reason(&fit(&mut model, tripled(20, |_| {}), run).1), "gradientNorm");
    resumed_equals_unbroken(&|| tripler(""), &|| tripled(20, |_| {}), run, [1, 2, 3, 4]);
    let run = r#"{"epochs":60,"batchSize":8,"validationSplit":{"fraction":0.2,"from":"random"},"patience":2,"minDelta":0.02,
        "optimizer":{"kind":"adam","learningRate":0.02}}"#;
    let mut model = classifier();
    assert_eq!(reason(&fit(&mut model, classified(50), run).1), "patience");
    resumed_equals_unbroken(&classifier, &|| classified(50), run, [2, 6, 7, 11]);
}

/// A rate of 2^100 diverges at once, one of 2^-7 does not.
#[test]
fn a_run_that_went_back_to_its_start_is_one_of_the_smaller_rate() {
    let run = |rate: &str, more: &str| {
        format!(
            r#"{{"epochs":3,"batchSize":8,"clip":"none","optimizer":{{"kind":"sgd","momentum":0.5,"learningRate":{rate}}}{more}}}"#
        )
    };
    let mut expected = classifier();
    let (right, right_end) = fit(&mut expected, classified(50), &run("0.0078125", ""));
    let mut model = classifier();
    // 2^100 and 2^-53.5 twice: its square is 2^-107.
    let back = r#","onDivergence":{"rollBack":{"factor":7.888609052210118e-31,"times":3}}"#;
    let (records, end) = fit(&mut model, classified(50), &run("9903520314283042199192993792", back));
    assert_eq!(reason(&right_end), "finished");
    assert!(end.contains("the start"), "{end}");
    assert_eq!(bits(&model), bits(&expected));
    let tail = &records[records.len() - right.len()..];
    assert_eq!(bits64(tail), bits64(&right), "records after the way back are those of the smaller rate");
}

/// Rates that grow beyond all bounds every 7 steps: the run diverges when an epoch is whole, and again, and again.
const GROWING: &str = r#"{"epochs":8,"batchSize":7,"clip":"none","onDivergence":{"rollBack":{"factor":1e-18,"times":5}},
    "optimizer":{"kind":"sgd","momentum":0.5,"learningRate":{"kind":"stepDecay","initial":0.01,"every":7,"factor":1e18}}}"#;

#[test]
fn goes_back_to_the_last_whole_epoch_and_tells_so() {
    let mut model = tripler("");
    let (records, end) = fit(&mut model, tripled(20, |_| {}), GROWING);
    assert_eq!(reason(&end), "finished");
    // Step 8 throws the weights off, step 9 ends epoch 3 with their gradient or sees that it is none.
    assert!(end.contains("went back to the end of epoch 2 (step 6), with 1e-18 times the rate"), "{end}");
    let steps: Vec<f64> = records.chunks_exact(10).filter(|row| row[0] == 0.0).map(|row| row[2]).collect();
    assert!(steps.windows(2).any(|pair| pair[1] <= pair[0]), "{steps:?}");
    let ended: Vec<f64> = epochs(&records).iter().map(|row| row[2]).collect();
    // Step 15 ended epoch 5, which step 16 showed to be no good.
    assert_eq!(ended, [3.0, 6.0, 9.0, 12.0, 15.0, 15.0, 18.0, 21.0, 24.0]);
    assert!(bits(&model).iter().all(|b| f32::from_bits(*b).is_finite()));
}

/// Of one batch an epoch, whose update throws the weights off when the epoch is already over.
#[test]
fn a_place_is_good_once_its_gradient_is() {
    let run = GROWING.replace("\"batchSize\":7", "\"batchSize\":\"full\"").replace("\"epochs\":8", "\"epochs\":12");
    let mut model = tripler("");
    let (_, end) = fit(&mut model, tripled(20, |_| {}), &run);
    assert!(end.contains("training diverged at step 9"), "{end}");
    assert!(end.contains("went back to the end of epoch 7 (step 7)"), "{end}");
}

#[test]
fn ways_back_are_saved_and_resumed() {
    resumed_equals_unbroken(&|| tripler(""), &|| tripled(20, |_| {}), GROWING, [1, 3, 6, 7, 8, 9, 10, 13, 17, 23]);
    let read = r#"{"epochs":4,"batchSize":4,"window":9,"carryState":true,"validationSplit":0.2,"clip":"none",
        "onDivergence":{"rollBack":{"factor":1e-30,"times":9}},
        "optimizer":{"kind":"sgd","learningRate":{"kind":"stepDecay","initial":0.01,"every":13,"factor":1e30}}}"#;
    let mut model = writer();
    let (_, end) = fit(&mut model, text(400), read);
    assert!(end.contains("went back to the end of epoch"), "{end}");
    resumed_equals_unbroken(&writer, &|| text(400), read, [1, 5, 12, 14, 16, 20, 25]);
}

/// Of optimisers that remember more than moments, with metrics that count more than errors.
#[test]
fn ways_back_keep_all_that_an_optimiser_remembers() {
    for kind in ["muon", "nadam", "prodigy"] {
        let run = GROWING.replace("\"sgd\",\"momentum\":0.5", &format!("\"{kind}\"")).replacen(
            '{',
            "{\"metrics\":[\"r2\"],",
            1,
        );
        let mut model = tripler("");
        let (_, end) = fit(&mut model, tripled(20, |_| {}), &run);
        assert!(end.contains("went back"), "{kind}: {end}");
        resumed_equals_unbroken(&|| tripler(""), &|| tripled(20, |_| {}), &run, [1, 5, 8, 9, 10, 13]);
    }
}

/// Runs of 4 epochs of 3 steps whose rate grows by 2^100 after step 6, for a way back by 2^-100; and the same at the rate that they
/// then have. Powers of 2, so that the bits are the same.
fn thrown_off(more: &str) -> [String; 2] {
    let run = |rate: &str| format!(r#"{{"epochs":4,"batchSize":7,"clip":"none",{}}}"#, more.replace("RATE", rate));
    let growing = r#"{"kind":"stepDecay","initial":0.0078125,"every":6,"factor":1267650600228229401496703205376}"#;
    let back = r#","onDivergence":{"rollBack":{"factor":7.888609052210118e-31}},"#;
    [run(growing).replacen(',', back, 1), run("0.0078125")]
}

/// Moments, numbers of each group, and what is trained beside an average: all are those of the place.
#[test]
fn a_run_that_went_back_to_an_epoch_goes_on_as_one_of_the_smaller_rate() {
    let nesterov = r#""optimizer":{"kind":"sgd","momentum":0.5,"nesterov":true,"learningRate":RATE}"#;
    for more in [
        nesterov.into(),
        format!(r#"{nesterov},"average":{{"kind":"ema","decay":0.75}}"#),
        format!(r#"{nesterov},"average":{{"kind":"swa","start":3,"every":2}}"#),
        r#""optimizer":{"kind":"nadam","learningRate":RATE},"groups":[{"kinds":["bias"],"learningRateFactor":0.5}],
            "average":{"kind":"ema","decay":0.5}"#
            .into(),
    ] {
        let [thrown, smaller] = thrown_off(&more);
        let (mut model, mut expected) = (tripler(""), tripler(""));
        let (records, end) = fit(&mut model, tripled(20, |_| {}), &thrown);
        let (right, _) = fit(&mut expected, tripled(20, |_| {}), &smaller);
        assert!(end.contains("went back to the end of epoch 2 (step 6)"), "{more}: {end}");
        assert_eq!(bits(&model), bits(&expected), "{more}");
        let [tail, right] = [&records, &right].map(|records| &records[records.len() - 8 * 10..]);
        assert_eq!(bits64(tail), bits64(right), "{more}: records of the last two epochs");
        resumed_equals_unbroken(&|| tripler(""), &|| tripled(20, |_| {}), &thrown, [1, 5, 6, 7, 8, 9, 12]);
    }
}

#[test]
fn in_the_end_it_is_a_divergence() {
    let mut model = tripler("");
    let run = r#"{"epochs":5,"clip":"none","optimizer":{"kind":"sgd","learningRate":1e30},
        "onDivergence":{"rollBack":{"factor":0.5,"times":2}}}"#;
    let mut session = Session::fit(&mut model, tripled(20, |_| {}), run, None, None).expect("right");
    while session.run(&mut model, 5).expect("goes on") == Status::Running {}
    let error = session.finish(&mut model).expect_err("it diverged");
    assert!(error.message.ends_with("it went back 2 times"), "{}", error.message);
    assert_eq!(bits(&model), bits(&tripler("")), "the weights are those of the start");
}

#[test]
fn what_is_refused() {
    let refused = |run: &str| {
        Session::fit(&mut tripler(""), tripled(20, |_| {}), run, None, None).err().expect(run).message.clone()
    };
    let validation = "needs validation: validationSplit or validationData";
    for (run, expected) in [
        (r#"{"target":{}}"#, "target: expected { loss } or { validationLoss }, got an object without them".to_string()),
        (r#"{"target":{"loss":1,"validationLoss":1}}"#, "target.validationLoss: does not go with loss".into()),
        (r#"{"target":{"validationLoss":1}}"#, format!("target.validationLoss: {validation}")),
        (r#"{"minDelta":0.1}"#, format!("minDelta: {validation}")),
        (r#"{"patience":1}"#, format!("patience: {validation}")),
        (r#"{"minImprovement":{"monitor":"validationLoss"}}"#, format!("minImprovement.monitor: {validation}")),
        (
            r#"{"minImprovement":{"fraction":1}}"#,
            "minImprovement.fraction: expected a number from 0, below 1, got 1".into(),
        ),
        (r#"{"gradientNorm":0}"#, "gradientNorm: expected a number above 0, got 0".into()),
        (r#"{"onDivergence":"go on"}"#, "onDivergence: expected { rollBack } or \"stop\", got \"go on\"".into()),
        (
            r#"{"onDivergence":{"rollBack":{"factor":1}}}"#,
            "onDivergence.rollBack.factor: expected a number above 0, below 1, got 1".into(),
        ),
        (
            r#"{"onDivergence":{"rollBack":{"times":0}}}"#,
            "onDivergence.rollBack.times: expected a positive integer, got 0".into(),
        ),
    ] {
        assert_eq!(refused(run), expected, "{run}");
    }
    let mut batches = Bundle::default();
    batches.note("kind", "batches");
    let run = r#"{"onDivergence":{"rollBack":{}}}"#;
    let error = Session::fit(&mut tripler(""), batches, run, None, None).err().expect("a source");
    assert_eq!(error.path.as_deref(), Some("onDivergence.rollBack"));
}
