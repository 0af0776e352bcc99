//! Rprop is for full batches: it has them by default, in one piece or accumulated, and is refused mini-batches before training starts.

mod common;

use common::{bits, classified, classifier, fit, text, tripled, tripler};
use train::bundle::Bundle;
use train::error::Error;
use train::learner::Learner;
use train::model::Model;
use train::session::Session;
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

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
        r#","batchSize":30"#,
        r#","batchSize":24,"validationSplit":0.2"#,
        r#","batchSize":10,"gradientAccumulation":3"#,
        r#","batchSize":8,"gradientAccumulation":4,"shuffle":true"#,
    ] {
        fitted(classifier(), classified(30), more).expect(more);
    }
    fitted(writer(), text(99), r#","window":9"#).expect("all windows");
    // Of the caller's batches nobody knows what they are of.
    let mut model = tripler("");
    let mut trainer = Trainer::open(&mut model, r#"{"optimizer":"rprop"}"#).expect("right");
    trainer.step(&mut model, tripled(40, |_| {})).expect("goes on");
}

/// By default an epoch is one update, the one that is asked for by name.
#[test]
fn full_is_the_default() {
    let trained = |more: &str| {
        let mut model = classifier();
        let (records, _) =
            fit(&mut model, classified(30), &format!(r#"{{"epochs":3,"optimizer":"rprop","clip":"none"{more}}}"#));
        (bits(&model), records.len())
    };
    let default = trained("");
    assert_eq!(default, trained(r#","batchSize":"full","shuffle":false"#));
    assert_eq!(default, trained(r#","steps":3"#));
}

fn writer() -> Model {
    let layers = r#"[{"kind":"embedding","units":5},{"kind":"gru","hiddenSize":7},{"kind":"dense"}]"#;
    Model::create(&format!(r#"{{"input":{{"vocabulary":8}},"layers":{layers}}}"#)).expect("right")
}
