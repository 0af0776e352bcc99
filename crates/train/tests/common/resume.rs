//! Runs broken off, saved, loaded and gone on with, against the same run unbroken.

use super::{bits, bits64, fit, run_to_end};
use train::bundle::Bundle;
use train::checkpoint;
use train::model::Model;
use train::session::{Session, Status};

/// Units of work that a run takes.
pub fn units(make: &dyn Fn() -> Model, data: &dyn Fn() -> Bundle, run: &str) -> usize {
    let mut model = make();
    let mut session = Session::fit(&mut model, data(), run, None, None).expect("a right run");
    let mut units = 1;
    while session.run(&mut model, 1).expect("goes on") == Status::Running {
        units += 1;
    }
    units
}

/// Breaks a run off after each of so many units of work and goes on from the file: the same weights, records and end.
pub fn resumed_equals_unbroken(
    make: &dyn Fn() -> Model,
    data: &dyn Fn() -> Bundle,
    run: &str,
    units: impl IntoIterator<Item = usize>,
) {
    let mut whole = make();
    let (unbroken, end) = fit(&mut whole, data(), run);
    for at in units {
        let mut model = make();
        let mut session = Session::fit(&mut model, data(), run, None, None).expect("right");
        let status = session.run(&mut model, at).expect("goes on");
        assert_eq!(status, Status::Running, "still in the middle after {at} units: {run}");
        let mut records = session.records();
        let file = checkpoint::save(&model, Some(&session), true).expect("there is room");
        drop((session, model));
        let mut loaded = checkpoint::load(&file).expect("a file just written");
        let session = Session::resume(&mut loaded, data(), "{}", None, None).expect("the same data");
        let (rest, resumed_end) = run_to_end(&mut loaded, session, 2);
        records.extend(rest);
        assert!(bits(&loaded) == bits(&whole), "weights, cut after {at} units: {run}");
        assert!(bits64(&records) == bits64(&unbroken), "records, cut after {at} units: {run}");
        assert_eq!(resumed_end, end, "cut after {at} units: {run}");
    }
}
