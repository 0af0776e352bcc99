//! Rprop is for full batches: it has them by default, in one piece or accumulated, and is refused mini-batches before training starts.

mod common;

use common::{bits, bits64, classified, classifier, fit, text, tripled, tripler};
use train::bundle::Bundle;
use train::error::Error;
use train::learner::Learner;
use train::model::Model;
use train::session::Session;
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Sequences: more than the 32 that a batch of other optimisers has by default.
const MANY: usize = 70;

fn fitted(mut model: Model, data: Bundle, more: &str) -> Result<(), Error> {
    let run = format!(r#"{{"epochs":2,"optimizer":"rprop"{more}}}"#);
    Session::fit(&mut model, data, &run, None, None).map(|_| ())
}

#[test]
fn mini_batches_are_refused() {
    let why = "batchSize: rprop goes by the gradient of all data at once: \"full\", which is its default, or a gradientAccumulation of as many batches as there are";
    for more in [
        r#","batchSize":8"#,
        r#","batchSize":29"#,
        r#","batchSize":10,"gradientAccumulation":2"#,
        r#","batchSize":8,"validationSplit":0.2"#,
    ] {
        let error = fitted(classifier(), classified(30), more).expect_err(more);
        assert_eq!((error.class.name(), error.code, &*error.message), ("ConfigError", "fullBatch", why), "{more}");
    }
    let error = fitted(writer(), text(99), r#","window":9,"batchSize":4"#).expect_err("windows are batches too");
    assert_eq!((error.code, error.path.as_deref()), ("fullBatch", Some("batchSize")));
    let error = fitted(classifier(), classified(30), r#","truncation":{"k1":2,"k2":2}"#).expect_err("several updates");
    assert_eq!(error.message, "truncation: rprop makes one update of whole sequences");
    for more in ["", r#","batchSize":4"#, r#","batchSize":"full""#] {
        let run = format!(r#","window":9,"carryState":true{more}"#);
        let error = fitted(writer(), text(99), &run).expect_err("nowhere to carry it to");
        assert_eq!(error.message, "carryState: rprop has one update of all data: there is none to carry states to");
    }

    let turns =
        "optimizer: rprop goes by the turns of the gradient of all data: that of another batch turns by itself;";
    let mut source = Bundle::default();
    source.note("kind", "batches");
    let error = fitted(tripler(""), source, "").expect_err("one after the other");
    assert_eq!(error.message, format!("{turns} they have to be there as a whole"));
    let error = Learner::open(&mut tripler(""), r#"{"optimizer":"rprop"}"#).map(|_| ()).expect_err("one by one");
    assert_eq!(error.message, format!("{turns} use fit"));
}

#[test]
fn all_data_are_taken() {
    for more in [
        "",
        r#","batchSize":"full""#,
        r#","batchSize":70"#,
        r#","batchSize":56,"validationSplit":0.2"#,
        r#","batchSize":10,"gradientAccumulation":7"#,
        r#","batchSize":8,"gradientAccumulation":9,"shuffle":true"#,
    ] {
        fitted(classifier(), classified(MANY), more).expect(more);
    }
    fitted(writer(), text(99), r#","window":9"#).expect("all windows");
    // Of the caller's batches nobody knows what they are of.
    let mut model = tripler("");
    let mut trainer = Trainer::open(&mut model, r#"{"optimizer":"rprop"}"#).expect("right");
    trainer.step(&mut model, tripled(40, |_| {})).expect("goes on");
}

/// Numbers in a record: the step's is the third.
const RECORD: usize = 10;

/// By default an epoch is one update, the one that is asked for by name.
#[test]
fn full_is_the_default() {
    let trained = |more: &str| {
        let mut model = classifier();
        let (records, _) =
            fit(&mut model, classified(MANY), &format!(r#"{{"epochs":3,"optimizer":"rprop","clip":"none"{more}}}"#));
        (bits(&model), records)
    };
    let (weights, records) = trained("");
    assert_eq!(records.len() % RECORD, 0);
    assert_eq!(records.chunks(RECORD).map(|record| record[2]).fold(0.0, f64::max), 3.0, "an update each epoch");
    for more in [r#","batchSize":"full","shuffle":false"#, r#","steps":3"#] {
        let (named, of_named) = trained(more);
        assert!(weights == named && bits64(&records) == bits64(&of_named), "{more}");
    }
}

fn writer() -> Model {
    let layers = r#"[{"kind":"embedding","units":5},{"kind":"gru","hiddenSize":7},{"kind":"dense"}]"#;
    Model::create(&format!(r#"{{"input":{{"vocabulary":8}},"layers":{layers}}}"#)).expect("right")
}
