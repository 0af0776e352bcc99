//! What norms and noise cannot be, by name.

use super::common::{bits, classified};
use super::model;
use train::bundle::{Bundle, Elements};
use train::error::ErrorClass;
use train::learner::Learner;
use train::session::{Session, Status, Team};
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn one_sample_is_refused_before_training() {
    let last = r#"{"kind":"gru","hiddenSize":3},{"kind":"batchNorm"},{"kind":"dense"}"#;
    let steps = r#"{"kind":"batchNorm"},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#;
    let run = r#"{"epochs":1,"batchSize":8}"#;
    let refused = |layers: &str, data: Bundle, team: Option<Team>| {
        let mut model = model(layers);
        let before = bits(&model);
        let result = Session::fit(&mut model, data, run, None, team).map(|_| ());
        assert_eq!(bits(&model), before);
        result
    };
    // 17 = 8 + 8 + 1; a shard of 8 has one sequence of a batch of 8.
    let error = refused(last, classified(17), None).expect_err("one is left over");
    assert_eq!((error.class, error.code, error.path.as_deref()), (ErrorClass::Config, "oneSample", Some("batchSize")));
    let text =
        "batchSize: expected at least 2 sequences in every batch, for the batch norm layers[1], got a batch of 1";
    assert!(error.message.starts_with(text), "{}", error.message);
    refused(last, classified(18), None).expect("two are left over");
    let team = Some(Team { workers: 1, index: 0 });
    let error = refused(last, classified(16), team).expect_err("one in each shard");
    assert!(
        error.message.contains("at least 16 sequences in every batch, two for each of 8 shards"),
        "{}",
        error.message
    );
    // Over the steps of one sequence there are several, unless it has but one.
    refused(steps, classified(17), team).expect("at least three steps in each");
    let mut short = classified(17);
    let (Elements::I32(lengths), rows) = (&mut short.tensors[0].elements, 2) else { unreachable!() };
    (lengths[0], lengths[1]) = (lengths[0] - rows, lengths[1] + rows);
    refused(steps, short, None).expect_err("a sequence of one step may be alone");

    let mut one = model(last);
    let mut trainer = Trainer::open(&mut one, "{}").expect("right");
    let error = trainer.step(&mut one, classified(1)).expect_err("one sample");
    assert_eq!((error.code, error.path.as_deref()), ("oneSample", Some("batch")));
    trainer.step(&mut one, classified(2)).expect("two samples");

    let mut source = Bundle::default();
    source.note("kind", "batches");
    let mut session = Session::fit(&mut one, source, r#"{"steps":2}"#, None, None).expect("right");
    let error = session.supply(&mut one, classified(1)).expect_err("one sample");
    assert_eq!((error.code, error.path.as_deref()), ("oneSample", Some("data")));
    session.supply(&mut one, classified(2)).expect("goes on");
    assert_eq!(session.run(&mut one, 1).expect("goes on"), Status::NeedsBatch);
    assert_eq!(session.step(), 1);
}

#[test]
fn what_acts_on_weights_does_not_go_with_norms_apart() {
    let mut one = model(r#"{"kind":"gru","hiddenSize":3,"weightNorm":true},{"kind":"dense"}"#);
    for (run, path) in [(r#"{"maxNorm":1}"#, "maxNorm"), (r#"{"orthogonality":1}"#, "orthogonality")] {
        let error = Session::fit(&mut one, classified(40), run, None, None).err().expect("refused");
        assert_eq!((error.class, error.path.as_deref()), (ErrorClass::Config, Some(path)));
    }
    // A penalty on recurrent matrices minds those alone that learn: a largest norm minds all.
    for layers in [
        r#"{"kind":"gru","hiddenSize":3},{"kind":"dense","weightNorm":true}"#,
        r#"{"kind":"gru","hiddenSize":3},{"kind":"minGru","hiddenSize":3,"weightNorm":true},{"kind":"dense"}"#,
        r#"{"kind":"gru","hiddenSize":3},{"kind":"gru","hiddenSize":3,"weightNorm":true,"trainable":false},{"kind":"dense"}"#,
    ] {
        let fitted = |run: &str| Session::fit(&mut model(layers), classified(40), run, None, None).map(|_| ());
        fitted(r#"{"orthogonality":1}"#).expect(layers);
        assert_eq!(fitted(r#"{"maxNorm":1}"#).expect_err(layers).path.as_deref(), Some("maxNorm"));
    }
    // Nor does a penalty on matrices that are not there.
    let mut none = model(r#"{"kind":"minGru","hiddenSize":3},{"kind":"dense"}"#);
    let error = Session::fit(&mut none, classified(40), r#"{"orthogonality":1}"#, None, None).err().expect("refused");
    assert_eq!((error.class, error.path.as_deref()), (ErrorClass::Config, Some("orthogonality")));
}

#[test]
fn online_learning_has_no_batch() {
    let refused = |layers: &str| Learner::open(&mut model(layers), "{}").map(|_| ()).expect_err("refused");
    for layers in [
        r#"{"kind":"batchNorm"},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#,
        r#"{"kind":"noise","deviation":0.1},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#,
        r#"{"kind":"gru","hiddenSize":3},{"kind":"dropout","rate":0.1,"shared":"time"},{"kind":"dense"}"#,
        r#"{"kind":"gru","hiddenSize":3,"temporalPenalty":0.1},{"kind":"dense"}"#,
        r#"{"kind":"gru","hiddenSize":3,"weightDrop":0.1},{"kind":"dense"}"#,
    ] {
        assert_eq!(refused(layers).code, "notOnline");
    }
    let layers = r#"{"kind":"batchNorm","trainable":false},{"kind":"layerNorm"},{"kind":"gru","hiddenSize":3,"weightNorm":true},{"kind":"rmsNorm"},{"kind":"dense"}"#;
    let mut one = model(layers);
    let mut learner = Learner::open(&mut one, r#"{"optimizer":{"kind":"sgd","learningRate":0.1}}"#).expect("right");
    let losses: Vec<f32> =
        (0..30).map(|_| *learner.step(&mut one, &[0.3, -0.7], Some(&[1.0])).expect("fits").last().unwrap()).collect();
    assert!(losses[29] < 0.2 * losses[0], "{losses:?}");
}

#[test]
fn what_sees_whole_sequences_is_not_cut() {
    for (layers, expected) in [
        (
            r#"{"kind":"gru","hiddenSize":3},{"kind":"batchNorm"},{"kind":"dense"}"#,
            "layers[1] is a batch norm: its statistics are of whole sequences",
        ),
        (
            r#"{"kind":"gru","hiddenSize":3,"temporalPenalty":0.1},{"kind":"dense"}"#,
            "layers[0] has a penalty on the whole of its output",
        ),
    ] {
        for (option, run) in
            [("checkpointing", r#"{"checkpointing":true}"#), ("truncation", r#"{"truncation":{"k1":2,"k2":2}}"#)]
        {
            let error = Session::fit(&mut model(layers), classified(40), run, None, None).err().expect("refused");
            assert_eq!((error.class, &*error.message), (ErrorClass::Config, &*format!("{option}: {expected}")));
        }
    }
}
