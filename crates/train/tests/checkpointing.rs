//! Runs with gradient checkpointing have the bits of runs without, records and files too.

mod common;

use common::resume::resumed_equals_unbroken;
use common::{Numbers, bits, bits64, classified, classifier, fit, fit_by_team, text, writer};
use train::bundle::{Bundle, Elements};
use train::model::Model;
use train::session::Session;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn one_directional(at: &str) -> Model {
    let json = format!(
        r#"{{"input":{{"size":2,"scale":"standard"}},"layers":[{{"kind":"gru","hiddenSize":6,"numLayers":2,"dropout":0.2}},
            {{"kind":"dropout","rate":0.2}},{{"kind":"dense"}}],"output":{{"at":"{at}","classes":2}},"seed":3}}"#
    );
    Model::create(&json).expect("a right description")
}

const CLASSIFY: &str = r#"{"epochs":4,"batchSize":8,"validationSplit":{"fraction":0.2,"from":"random"},"patience":3,
    "metrics":["accuracy","loss"],"optimizer":{"kind":"adam","learningRate":0.02}}"#;
const READ: &str = r#"{"epochs":2,"batchSize":4,"window":19,"carryState":true,"validationSplit":0.2,
    "optimizer":{"kind":"rmsprop","learningRate":0.01,"momentum":0.5},"clip":{"norm":0.5},"penalty":{"l2":0.01}}"#;

fn with(run: &str, more: &str) -> String {
    run.replacen('{', &format!("{{{more},"), 1)
}

const KINDS: [&str; 4] = [
    r#""checkpointing":true"#,
    r#""checkpointing":{"every":1}"#,
    r#""checkpointing":{"every":3}"#,
    r#""checkpointing":{"every":1000}"#,
];

#[test]
fn weights_and_records_are_those_of_the_plain_run() {
    let mut plain = one_directional("last");
    let (records, end) = fit(&mut plain, classified(50), CLASSIFY);
    for kind in KINDS {
        let mut model = one_directional("last");
        let (again, end_again) = fit(&mut model, classified(50), &with(CLASSIFY, kind));
        assert_eq!(bits(&model), bits(&plain), "{kind}");
        assert_eq!(bits64(&again), bits64(&records), "{kind}");
        assert_eq!(end_again, end);
    }
    for more in ["", r#""truncation":{"k1":5,"k2":9}"#] {
        let run = if more.is_empty() { READ.into() } else { with(READ, more) };
        let mut plain = writer();
        let (records, _) = fit(&mut plain, text(400), &run);
        for kind in KINDS {
            let mut model = writer();
            let (again, _) = fit(&mut model, text(400), &with(&run, kind));
            assert_eq!(bits(&model), bits(&plain), "{kind} {more}");
            assert_eq!(bits64(&again), bits64(&records), "{kind} {more}");
        }
    }
}

#[test]
fn so_they_are_on_any_number_of_workers() {
    let mut plain = [writer()];
    let records = fit_by_team(&mut plain, &text(300), READ);
    for workers in [1, 3] {
        let mut team: Vec<_> = (0..workers).map(|_| writer()).collect();
        let shared = fit_by_team(&mut team, &text(300), &with(READ, KINDS[0]));
        assert_eq!(bits(&team[0]), bits(&plain[0]), "{workers} workers");
        assert_eq!(bits64(&shared), bits64(&records), "{workers} workers");
    }
}

#[test]
fn resumed_it_equals_the_unbroken_run() {
    resumed_equals_unbroken(&|| one_directional("last"), &|| classified(50), &with(CLASSIFY, KINDS[2]), [1, 5, 8]);
}

#[test]
fn a_bidirectional_layer_is_refused_by_its_place() {
    let error =
        Session::fit(&mut classifier(), classified(9), r#"{"checkpointing":true}"#, None, None).err().expect("two");
    let expected = "checkpointing: layers[0] is bidirectional: it does not go through a sequence in segments";
    assert_eq!((error.class.name(), &*error.message), ("ConfigError", expected));
    assert!(Session::fit(&mut classifier(), classified(9), r#"{"checkpointing":false}"#, None, None).is_ok());
}

/// A loss over whole sequences sees whole outputs; windows of them it cannot.
#[test]
fn alignments_are_those_of_the_plain_run_and_cannot_be_truncated() {
    let make = || {
        let json = r#"{"input":{"size":2},"layers":[{"kind":"gru","hiddenSize":6},{"kind":"dense"}],
            "output":{"at":"every","classes":4},"loss":{"kind":"ctc"},"seed":3}"#;
        Model::create(json).expect("right")
    };
    let data = || {
        let mut numbers = Numbers::new(5);
        let lengths: Vec<i32> = (0..12).map(|i| 5 + i % 4).collect();
        let rows = lengths.iter().sum::<i32>() as usize;
        let mut bundle = Bundle::default();
        bundle.note("kind", "sequences");
        bundle.push("lengths", vec![12], Elements::I32(lengths));
        bundle.f32("x", vec![rows, 2], numbers.list(2 * rows));
        bundle.push("labels", vec![24], Elements::I32((0..24).map(|i| 1 + i % 3).collect()));
        bundle.push("labelLengths", vec![12], Elements::I32(vec![2; 12]));
        bundle
    };
    let run = r#"{"epochs":3,"batchSize":5}"#;
    let mut plain = make();
    let (records, _) = fit(&mut plain, data(), run);
    for kind in KINDS {
        let mut model = make();
        let (again, _) = fit(&mut model, data(), &with(run, kind));
        assert_eq!(bits(&model), bits(&plain), "{kind}");
        assert_eq!(bits64(&again), bits64(&records), "{kind}");
    }
    let truncated = with(run, r#""truncation":{"k1":2,"k2":2}"#);
    let error = Session::fit(&mut make(), data(), &truncated, None, None).err().expect("it cannot be cut");
    assert_eq!(error.path.as_deref(), Some("truncation"));
}
