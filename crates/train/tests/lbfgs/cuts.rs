//! Stopped, saved and shared at any evaluation, to the same bits.

use super::common::{bits, bits64, classified, fit, fit_by_team, run_to_end, text, writer};
use super::{FIXED, WOLFE, classifier, run};
use train::bundle::Bundle;
use train::checkpoint;
use train::model::Model;
use train::session::{Session, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

type Make = fn() -> (Model, Bundle);

#[test]
fn saved_or_stopped_at_any_evaluation_it_goes_on_bit_for_bit() {
    let cases: [(Make, &str, &str); 4] = [
        (|| (classifier(), classified(30)), WOLFE, r#","validationSplit":0.2,"penalty":{"l1":0.001}"#),
        (|| (classifier(), classified(30)), FIXED, r#","clip":{"norm":0.1},"shuffle":true"#),
        (|| (writer(), text(200)), WOLFE, r#","window":20"#),
        (
            || (writer(), text(200)),
            r#","maxIterations":1,"learningRate":{"kind":"stepDecay","initial":0.5,"every":1,"factor":0.9}"#,
            r#","window":20"#,
        ),
    ];
    for (make, optimizer, more) in cases {
        let run = run(4, optimizer, more);
        let (mut whole, data) = make();
        let (unbroken, end) = fit(&mut whole, data.clone(), &run);
        let mut stopped = 0;
        for at in 1..16 {
            let (mut model, _) = make();
            let mut session = Session::fit(&mut model, data.clone(), &run, None, None).expect("right");
            if session.run(&mut model, at).expect("goes on") == Status::Done {
                break;
            }
            let mut records = session.records();
            let file = if at % 2 == 0 {
                checkpoint::save(&model, Some(&session), true).expect("there is room")
            } else {
                session.stop();
                // No further evaluation of the training part, wherever it is.
                while session.run(&mut model, 1).expect("goes on") != Status::Done {}
                let reason = session.finish(&mut model).expect("finite");
                stopped += usize::from(reason.contains("stopped"));
                checkpoint::save(&model, None, true).expect("there is room")
            };
            let mut loaded = checkpoint::load(&file).expect("just written");
            assert_eq!(checkpoint::save(&loaded, None, true).expect("there is room"), file, "cut after {at}");
            let session = Session::resume(&mut loaded, data.clone(), "{}", None, None).expect("the same data");
            let (rest, resumed_end) = run_to_end(&mut loaded, session, 1 + at % 3);
            records.extend(rest);
            assert_eq!(bits(&loaded), bits(&whole), "{optimizer} {more}: weights, cut after {at}");
            assert!(
                at % 2 == 1 || bits64(&records) == bits64(&unbroken),
                "{optimizer} {more}: records, cut after {at}"
            );
            assert_eq!(resumed_end, end);
        }
        assert!(stopped > 0);
    }
}

/// The weights are those of the last step, not of a trial.
#[test]
fn a_stop_ends_between_two_evaluations() {
    let mut model = classifier();
    let start = bits(&model);
    let mut session = Session::fit(&mut model, classified(30), &run(9, WOLFE, ""), None, None).expect("right");
    assert_eq!(session.run(&mut model, 1).expect("goes on"), Status::Running);
    assert_eq!(bits(&model), start, "a trial is apart");
    session.stop();
    assert_eq!(session.run(&mut model, 1).expect("goes on"), Status::Done);
    assert!(session.records().is_empty());
    session.finish(&mut model).expect("finite");
    assert_eq!(bits(&model), start);
}

#[test]
fn any_number_of_workers_gives_the_same_bits() {
    for optimizer in [WOLFE, FIXED] {
        let run = run(4, optimizer, r#","validationSplit":0.2"#);
        let mut alone = [classifier()];
        let records = fit_by_team(&mut alone, &classified(40), &run);
        for workers in [2, 3, 8] {
            let mut team: Vec<_> = (0..workers).map(|_| classifier()).collect();
            let shared = fit_by_team(&mut team, &classified(40), &run);
            assert_eq!(bits(&team[0]), bits(&alone[0]), "{optimizer}, {workers} workers");
            assert_eq!(bits64(&shared), bits64(&records), "{optimizer}, {workers} workers");
        }
    }
}

#[test]
fn a_file_has_what_the_search_needs() {
    let mut model = classifier();
    fit(&mut model, classified(30), &run(1, WOLFE, ""));
    let file = checkpoint::save(&model, None, true).expect("there is room");
    let bundle = Bundle::read(&file).expect("just written");
    let names: Vec<&str> = bundle.tensors.iter().map(|t| t.name.as_str()).collect();
    for name in [
        "optimizer.lbfgs",
        "optimizer.d.0.weight_ih_l0",
        "optimizer.prev_flat_grad.1.bias",
        "optimizer.old_stps.0.1.bias",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    // Only what is in use.
    assert!(!names.iter().any(|name| name.contains("old_dirs.5") || name.contains("bracket_g")), "{names:?}");
}
