//! Truncated runs on several workers, resumed, ended early; and what is planned of them.

use crate::common::resume::{resumed_equals_unbroken, units};
use crate::common::{bits, bits64, fit, fit_by_team, run_to_end, text, writer};
use crate::support::{Data, long_run, many, model, run};
use train::bundle::Bundle;
use train::model::Model;
use train::session::Session;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn any_number_of_workers_gives_the_same_bits() {
    for (at, k1, k2) in [("every", 3, 3), ("every", 2, 5), ("last", 3, 3), ("last", 2, 5)] {
        let data = Data::new(at, &many()).all();
        let run = long_run(k1, k2).replace("\"batchSize\":4", "\"batchSize\":6");
        let mut alone = [model(at, 0.3)];
        let records = fit_by_team(&mut alone, &data, &run);
        for workers in [2, 3, 8] {
            let mut team: Vec<_> = (0..workers).map(|_| model(at, 0.3)).collect();
            let shared = fit_by_team(&mut team, &data, &run);
            assert_eq!(bits(&team[0]), bits(&alone[0]), "{at} {k1} {k2}, {workers} workers");
            assert_eq!(bits64(&shared), bits64(&records), "{at} {k1} {k2}, {workers} workers");
        }
    }
}

#[test]
fn resumed_in_the_middle_of_sequences_it_equals_the_unbroken_run() {
    let everywhere = |make: &dyn Fn() -> Model, data: &dyn Fn() -> Bundle, run: &str| {
        let all = units(make, data, run);
        assert!(all > 12, "the run has some updates");
        resumed_equals_unbroken(make, data, run, 1..all.min(40));
    };
    for (at, k1, k2) in [("every", 3, 3), ("every", 2, 5), ("last", 3, 3), ("last", 2, 5)] {
        everywhere(&|| model(at, 0.3), &|| Data::new(at, &many()).all(), &long_run(k1, k2));
    }
    let read = r#"{"epochs":2,"batchSize":4,"window":20,"carryState":true,"truncation":{"k1":4,"k2":6},"validationSplit":0.2,
        "optimizer":{"kind":"rmsprop","learningRate":0.01,"momentum":0.5}}"#;
    everywhere(&writer, &|| text(400), read);
}

#[test]
fn a_run_that_ends_in_the_middle_of_a_sequence_goes_on_there() {
    let data = Data::new("every", &many()).all();
    let run = |steps: usize| long_run(2, 5).replace("\"epochs\":3", &format!("\"steps\":{steps}"));
    let mut long = model("every", 0.3);
    fit(&mut long, data.clone(), &run(9));
    let mut short = model("every", 0.3);
    let (records, _) = fit(&mut short, data.clone(), &run(2));
    assert_eq!(records.chunks_exact(10).filter(|row| row[0] == 1.0).count(), 1, "what was done is looked at");
    let session = Session::resume(&mut short, data, r#"{"steps":9}"#, None, None).expect("right");
    run_to_end(&mut short, session, 1);
    assert_eq!(bits(&short), bits(&long));
}

#[test]
fn what_is_planned_is_told_where_it_is_known() {
    let info = |lengths: &[usize], run: &str| {
        let mut model = model("every", 0.0);
        let session = Session::fit(&mut model, Data::new("every", lengths).all(), run, None, None).expect("right");
        session.info()
    };
    // Batches of two: 9 steps are three updates of 3; of the ragged ones the longest decides.
    assert!(info(&[9; 4], &run(3, 3, "").replace("\"full\"", "2")).contains("\"steps\":6"));
    assert!(info(&[9, 2, 1, 4], &run(3, 3, "").replace("\"full\"", "2")).contains("\"steps\":5"));
    let shuffled = run(3, 3, "").replace("\"full\"", "2").replace("false", "true");
    assert!(info(&[9, 2, 1, 4], &shuffled).contains("\"steps\":null"), "the order decides");
    let mut trained = model("every", 0.0);
    let unshuffled = run(3, 3, r#","metrics":[]"#).replace("\"full\"", "2");
    let (records, _) = fit(&mut trained, Data::new("every", &[9, 2, 1, 4]).all(), &unshuffled);
    assert_eq!(records[records.len() - 8 + 2], 5.0);
}
