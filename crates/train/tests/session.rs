//! A run has the same bits however it is cut: into slices, into two runs with a file between, onto workers.

mod common;

use common::resume::resumed_equals_unbroken;
use common::{bits, bits64, classified, classifier, fit, fit_by_team, run_to_end, text, writer};
use train::checkpoint;
use train::session::{Session, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const CLASSIFY: &str = r#"{"epochs":4,"batchSize":8,"validationSplit":{"fraction":0.2,"from":"random"},"patience":3,
    "optimizer":{"kind":"adam","learningRate":0.02}}"#;
const READ: &str = r#"{"epochs":2,"batchSize":4,"window":9,"carryState":true,"validationSplit":0.2,
    "optimizer":{"kind":"rmsprop","learningRate":0.01,"momentum":0.5},"clip":{"norm":0.5},"penalty":{"l2":0.01}}"#;

#[test]
fn the_same_seed_gives_the_same_bits_in_any_slices() {
    let mut first = classifier();
    let (records, _) = fit(&mut first, classified(50), CLASSIFY);
    let mut second = classifier();
    let session = Session::fit(&mut second, classified(50), CLASSIFY, None, None).expect("right");
    let (again, _) = run_to_end(&mut second, session, 1000);
    assert_eq!(bits(&first), bits(&second));
    assert_eq!(bits64(&records), bits64(&again));
    assert!(bits(&first) != bits(&classifier()), "it was trained");
}

const CUTS: [usize; 5] = [1, 2, 5, 7, 11];

#[test]
fn a_classifier_resumed_from_a_file_equals_the_unbroken_run() {
    resumed_equals_unbroken(&classifier, &|| classified(50), CLASSIFY, CUTS);
}

#[test]
fn a_text_with_carried_state_resumed_from_a_file_equals_the_unbroken_run() {
    resumed_equals_unbroken(&writer, &|| text(400), READ, CUTS);
}

#[test]
fn a_finished_run_goes_on_as_if_it_had_been_longer() {
    let mut long = classifier();
    let run = |epochs: usize| CLASSIFY.replace("\"epochs\":4", &format!("\"epochs\":{epochs}"));
    fit(&mut long, classified(50), &run(7));
    let mut short = classifier();
    fit(&mut short, classified(50), &run(3));
    let mut loaded = checkpoint::load(&checkpoint::save(&short, None, true).expect("there is room")).expect("readable");
    let session = Session::resume(&mut loaded, classified(50), r#"{"epochs":7}"#, None, None).expect("right");
    run_to_end(&mut loaded, session, 3);
    assert_eq!(bits(&loaded), bits(&long));
}

#[test]
fn any_number_of_workers_gives_the_same_bits() {
    for (make, data, run) in [
        (classifier as fn() -> train::model::Model, classified(50), CLASSIFY.replace("\"epochs\":4", "\"epochs\":2")),
        (writer, text(300), READ.to_string()),
    ] {
        let mut alone = [make()];
        let records = fit_by_team(&mut alone, &data, &run);
        for workers in [2, 3, 8] {
            let mut team: Vec<_> = (0..workers).map(|_| make()).collect();
            let shared = fit_by_team(&mut team, &data, &run);
            assert_eq!(bits(&team[0]), bits(&alone[0]), "{workers} workers");
            assert_eq!(bits64(&shared), bits64(&records), "{workers} workers");
        }
    }
}

#[test]
fn resume_refuses_other_data_and_models_without_a_run() {
    let mut model = classifier();
    let error = Session::resume(&mut model, classified(50), "{}", None, None).err().expect("no run");
    assert_eq!(error.code, "nothingToResume");
    fit(&mut model, classified(50), CLASSIFY);
    let error = Session::resume(&mut model, classified(51), "{}", None, None).err().expect("other data");
    assert_eq!((error.class.name(), error.code), ("DataError", "otherData"));
}

#[test]
fn a_resumed_run_whose_end_is_behind_it_tells_so() {
    let mut model = classifier();
    fit(&mut model, classified(50), r#"{"epochs":3,"batchSize":10}"#);
    for (changes, expected) in [
        ("{}", "epochs: the run is to end after 3 and has done 3 already; resume it with more"),
        (r#"{"steps":5}"#, "steps: the run is to end after 5 and has done 15 already; resume it with more"),
        (r#"{"epochs":4}"#, ""),
    ] {
        let session = Session::resume(&mut model, classified(50), changes, None, None).expect("the same data");
        let info: serde_json::Value = serde_json::from_str(&session.info()).expect("JSON");
        let told: Vec<&str> = info["warnings"].as_array().expect("a list").iter().filter_map(|w| w.as_str()).collect();
        assert_eq!(told.join("|"), expected, "{changes}");
        run_to_end(&mut model, session, 3);
    }
}

#[test]
fn divergence_names_the_step_and_keeps_finite_weights() {
    let mut model = writer();
    let run = r#"{"epochs":5,"clip":"none","optimizer":{"kind":"sgd","learningRate":1e30}}"#;
    let mut session = Session::fit(&mut model, text(400), run, None, None).expect("right");
    while session.run(&mut model, 5).expect("goes on") == Status::Running {}
    let error = session.finish(&mut model).expect_err("it diverged");
    assert_eq!(error.class.name(), "DivergenceError");
    assert!(error.details.iter().any(|(name, _)| *name == "step"));
    assert!(bits(&model).iter().all(|b| f32::from_bits(*b).is_finite()));
}
