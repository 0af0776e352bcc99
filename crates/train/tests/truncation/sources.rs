//! States that run on over the batches of a source; and what is refused.

use crate::common::{self, Numbers, bits, bits64, classifier};
use crate::support::{Data, State, give, model, taken};
use train::bundle::{Bundle, Elements};
use train::checkpoint;
use train::model::Model;
use train::session::{Session, Status};
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Supplies the batches from number `start` on, pass after pass.
fn feed(model: &mut Model, session: &mut Session, batches: &[Bundle], mut start: usize, units: usize) -> Vec<f64> {
    let mut records = Vec::new();
    for _ in 0..units {
        let status = session.run(model, 1).expect("goes on");
        records.extend(session.records());
        match status {
            Status::NeedsBatch => {
                let next = match batches.get(start) {
                    Some(batch) => batch.clone(),
                    None => {
                        let mut end = Bundle::default();
                        end.note("kind", "end");
                        end
                    }
                };
                start = if start < batches.len() { start + 1 } else { 0 };
                session.supply(model, next).expect("fits");
            }
            Status::Done => break,
            _ => {}
        }
    }
    records
}

fn source() -> Bundle {
    let mut bundle = Bundle::default();
    bundle.note("kind", "batches");
    bundle
}

/// The sequences cut at these steps, a batch for each piece: of the first batch's lengths, of the second's …
fn pieces(cuts: &[[usize; 3]]) -> Vec<Bundle> {
    let mut numbers = Numbers::new(77);
    let piece = |lengths: &[usize; 3]| {
        let rows: usize = lengths.iter().sum();
        let mut bundle = Bundle::default();
        bundle.note("kind", "sequences");
        bundle.push("lengths", vec![3], Elements::I32(lengths.iter().map(|&n| n as i32).collect()));
        bundle.f32("x", vec![rows, 2], numbers.list(2 * rows));
        bundle.f32("y", vec![rows, 1], numbers.list(rows));
        bundle
    };
    cuts.iter().map(piece).collect()
}

const CUTS: [[usize; 3]; 4] = [[5, 2, 7], [1, 6, 3], [4, 4, 4], [2, 9, 3]];

#[test]
fn batches_of_a_source_go_on_where_those_before_ended() {
    let batches = pieces(&CUTS);
    let update = r#""optimizer":{"kind":"adam","learningRate":0.01}"#;
    // A trainer that is given the states by hand; they are in the caller's order, however ragged the batches are.
    let mut expected = model("every", 0.2);
    let mut trainer = Trainer::open(&mut expected, &format!("{{{update}}}")).expect("right");
    for _ in 0..2 {
        let mut states: Option<Vec<State>> = None;
        for batch in &batches {
            let mut batch = batch.clone();
            if let Some(states) = &states {
                give(&mut batch, states);
            }
            states = Some(taken(&trainer.step(&mut expected, batch).expect("fits"), 3));
        }
    }
    let run = format!(r#"{{"epochs":2,"carryState":true,{update},"metrics":[]}}"#);
    let mut trained = model("every", 0.2);
    let mut session = Session::fit(&mut trained, source(), &run, None, None).expect("right");
    feed(&mut trained, &mut session, &batches, 0, 1000);
    session.finish(&mut trained).expect("finite");
    assert_eq!(bits(&trained), bits(&expected));
}

#[test]
fn a_source_goes_on_after_a_file_from_the_number_of_its_pass_already_used() {
    let batches = pieces(&CUTS);
    for more in
        [r#""carryState":true"#, r#""carryState":true,"truncation":{"k1":2,"k2":3}"#, r#""truncation":{"k1":3,"k2":3}"#]
    {
        let run = format!(r#"{{"epochs":3,{more},"metrics":["mae"]}}"#);
        let make = || model("every", 0.2);
        let mut whole = make();
        let mut session = Session::fit(&mut whole, source(), &run, None, None).expect("right");
        let unbroken = feed(&mut whole, &mut session, &batches, 0, 1000);
        session.finish(&mut whole).expect("finite");
        for units in 1..30 {
            let mut cut = make();
            let mut session = Session::fit(&mut cut, source(), &run, None, None).expect("right");
            let mut records = feed(&mut cut, &mut session, &batches, 0, units);
            let file = checkpoint::save(&cut, Some(&session), true).expect("there is room");
            let mut loaded = checkpoint::load(&file).expect("a file just written");
            let mut session = Session::resume(&mut loaded, source(), "{}", None, None).expect("a source");
            let used =
                session.info().split("\"batches\":").nth(1).expect("told").split(',').next().map(str::parse::<usize>);
            let used = used.expect("a number").expect("a number");
            records.extend(feed(&mut loaded, &mut session, &batches, used, 1000));
            session.finish(&mut loaded).expect("finite");
            assert_eq!(bits(&loaded), bits(&whole), "{more}, cut after {units}");
            // Of an epoch that the end of a pass has just closed, the record would have come with the next slice.
            if used > 0 {
                assert_eq!(bits64(&records), bits64(&unbroken), "{more}, cut after {units}");
            }
        }
    }
}

#[test]
fn what_is_refused() {
    let refused = |model: &mut Model, data: Bundle, run: &str| {
        Session::fit(model, data, run, None, None).err().expect(run).message.clone()
    };
    let two = "layers[0] is bidirectional: its reverse direction begins where a sequence ends";
    let run = r#"{"truncation":{"k1":2,"k2":4}}"#;
    assert_eq!(refused(&mut classifier(), common::classified(9), run), format!("truncation: {two}"));
    assert_eq!(
        refused(&mut classifier(), source(), r#"{"carryState":true}"#),
        "data: constants of the scale are fitted on data that are there as a whole; fit on samples first"
    );
    let run = r#"{"truncation":{"k1":4,"k2":2}}"#;
    assert_eq!(
        refused(&mut model("every", 0.0), Data::new("every", &[3]).all(), run),
        "truncation.k2: expected at least k1, 4, got 2"
    );
    let run = r#"{"carryState":true}"#;
    assert_eq!(
        refused(&mut model("every", 0.0), Data::new("every", &[3]).all(), run),
        "carryState: is for a text, or a source of batches"
    );
    let team = Some(train::session::Team { workers: 2, index: 0 });
    let error = Session::fit(&mut model("every", 0.0), source(), run, None, team).err().expect("an unknown size");
    assert_eq!(error.path.as_deref(), Some("batchSize"));

    // Batches whose sequences cannot be those of the batch before.
    let mut trained = model("every", 0.0);
    let mut session = Session::fit(&mut trained, source(), run, None, None).expect("right");
    session.run(&mut trained, 1).expect("wants a batch");
    session.supply(&mut trained, pieces(&CUTS).remove(0)).expect("fits");
    session.run(&mut trained, 1).expect("goes on");
    let error = session.supply(&mut trained, Data::new("every", &[3, 3]).all()).expect_err("two for three");
    assert_eq!((error.class.name(), error.code), ("DataError", "otherBatchSize"));
}
