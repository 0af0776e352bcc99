//! Any run, with any of the options of the table, saved and resumed at a random step, has the bits of an unbroken one: weights,
//! moments, history, all that is in a file. Over descriptions that are drawn, until each row of the table, and each value of a
//! row that has few, was in one; an option that is added to the table is drawn as well, or asks for values ([`values`]).

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod data;
mod draw;
mod runner;
mod values;

use draw::{Draw, Items, items};
use runner::{Case, End, Live};
use std::collections::{BTreeMap, BTreeSet};
use train::bundle::{Bundle, Elements};
use train::describe::rows::model::MODEL;
use train::describe::rows::run::RUN;
use train::json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Cases at least; then there are as many more as it takes until everything was in one, up to so many.
const CASES: [usize; 2] = [240, 1500];

#[test]
fn any_run_resumed_anywhere_has_the_bits_of_the_unbroken_one() {
    let mut all = Items::new();
    items("model", &MODEL, &mut all);
    items("run", &RUN, &mut all);
    let of = all.len();
    let (mut draw, mut seen, mut cases) = (Draw::new(5, all), Seen::default(), 0);
    while cases < CASES[0] || !draw.missing().is_empty() || !seen.missing().is_empty() {
        assert!(cases < CASES[1], "in no case there was {:#?} or {:?}", draw.missing(), seen.missing());
        let new = cases >= CASES[0] && !draw.missing().is_empty();
        let Some((case, whole, units)) = cases::case(&mut draw, new) else {
            panic!("no case can be drawn with any of {:#?}", draw.missing())
        };
        check(&case, &whole, units, &mut draw, &mut seen);
        draw.keep();
        cases += 1;
    }
    println!("{cases} cases, {of} options and values; {:?}", seen.0);
}

/// What has to have come about in some of the cases.
const EVENTS: [&str; 12] = [
    "finished",
    "patience",
    "target",
    "gradientNorm",
    "minImprovement",
    "went back",
    "diverged",
    "broken off twice",
    "broken off before the first step",
    "broken off within an epoch",
    "ended early and went on",
    "went on with other workers",
];

#[derive(Default)]
struct Seen(BTreeMap<&'static str, usize>);

impl Seen {
    fn note(&mut self, event: &'static str) {
        *self.0.entry(event).or_default() += 1;
    }

    fn missing(&self) -> Vec<&str> {
        EVENTS.into_iter().filter(|event| !self.0.contains_key(event)).collect()
    }
}

/// Broken off once or twice it has to come to what it came to as a whole.
fn check(case: &Case, whole: &End, units: usize, draw: &mut Draw, seen: &mut Seen) {
    note(whole, seen);
    let mut live = Live::fit(case).expect("it was tried");
    let (mut at, breaks) = (draw.below(units), 1 + draw.below(2));
    let mut places = Vec::new();
    'run: for _ in 0..breaks {
        for _ in 0..at {
            if !live.go().expect("as the whole") {
                break 'run;
            }
        }
        let (file, history) = (live.file(), live.history());
        match (at, cursor(&file)) {
            (0, _) => seen.note("broken off before the first step"),
            (_, 0.0) => {}
            _ => seen.note("broken off within an epoch"),
        }
        places.push(at);
        let other = case.workers.map(|_| 1 + draw.below(3));
        // Those that it could have been begun with.
        let goes = Live::fit(&Case { workers: other, ..case.clone() }).is_ok();
        let workers = if goes { other } else { case.workers };
        if workers != case.workers {
            seen.note("went on with other workers");
        }
        live = Live::resume(case, &file, "{}", history, workers);
        at = 1 + draw.below(units);
    }
    live.go_on().expect("as the whole");
    if places.len() > 1 {
        seen.note("broken off twice");
    }
    compare(&live.end(), whole, case, &format!("broken off after {places:?} units of {units}"));
    if let Some(part) = longer(case, whole, draw) {
        seen.note("ended early and went on");
        let apart = differing(&part.file, &whole.file);
        assert!(
            part.file == whole.file,
            "ended early and went on: {}\n{}\n{:?}, {apart:?}",
            case.model,
            case.run,
            case.workers
        );
    }
}

/// The same run with fewer updates, which ends; and then with as many. Only of a run that nothing but their number ends.
fn longer(case: &Case, whole: &End, draw: &mut Draw) -> Option<End> {
    let mut run = train::json::from_str(&case.run).expect("JSON");
    let steps = run["steps"].as_u64().filter(|_| run["epochs"].is_null() && run["seconds"].is_null())?;
    let finished = whole.told.as_ref().is_ok_and(|told| told.contains("\"finished\""));
    if !finished || steps < 2 {
        return None;
    }
    run["steps"] = Value::from(1 + draw.below(steps as usize - 1));
    let short = Case { run: run.to_string(), ..case.clone() };
    let mut live = Live::fit(&short).expect("as the whole");
    live.go_on().expect("as the whole");
    let mut live = Live::resume(case, &live.end().file, &format!("{{\"steps\":{steps}}}"), Vec::new(), case.workers);
    live.go_on().expect("as the whole");
    Some(live.end())
}

/// Batches of the epoch at hand that are done.
fn cursor(file: &[u8]) -> f64 {
    let bundle = Bundle::read(file).expect("a file");
    match &bundle.find("run.counters").expect("a run").elements {
        Elements::F64(numbers) => numbers[2],
        other => panic!("{}", other.dtype()),
    }
}

fn note(end: &End, seen: &mut Seen) {
    match &end.told {
        Err(_) => seen.note("diverged"),
        Ok(told) => {
            for reason in ["finished", "patience", "target", "gradientNorm", "minImprovement"] {
                if told.contains(&format!("\"reason\":\"{reason}\"")) {
                    seen.note(reason);
                }
            }
            if told.contains("went back") {
                seen.note("went back");
            }
        }
    }
}

/// What is told at the end but that nothing was left to do: after the last update and before its last look inside an epoch, a run has
/// the file of one that ended, whose resumption tells so.
fn without_nothing_left(told: &str) -> Value {
    let mut told = train::json::from_str(told).expect("JSON");
    let warnings = told["warnings"].as_array().into_iter().flatten();
    let left =
        warnings.filter(|text| !text.as_str().is_some_and(|text| text.ends_with("already; resume it with more")));
    told["warnings"] = Value::Array(left.cloned().collect());
    told
}

fn compare(found: &End, whole: &End, case: &Case, how: &str) {
    let of = format!("{}\n{}\n{}, workers {:?}, {how}", case.model, case.run, case.data.kind(), case.workers);
    assert_eq!(
        found.told.as_deref().map(without_nothing_left),
        whole.told.as_deref().map(without_nothing_left),
        "{of}"
    );
    let apart = found.history.iter().zip(&whole.history).position(|(a, b)| a != b);
    assert!(
        found.history == whole.history,
        "{of}: the histories part at number {apart:?} of {} and {}",
        found.history.len(),
        whole.history.len()
    );
    assert!(found.file == whole.file, "{of}: what differs in the files: {:?}", differing(&found.file, &whole.file));
}

/// Tensors and notes that two files do not share.
fn differing(a: &[u8], b: &[u8]) -> Vec<String> {
    let of = |file: &[u8]| {
        let bundle = Bundle::read(file).expect("a file");
        let tensors = bundle.tensors.into_iter().map(|t| (t.name, format!("{:?} {:?}", t.shape, t.elements)));
        bundle.metadata.into_iter().chain(tensors).collect()
    };
    let [a, b]: [BTreeMap<String, String>; 2] = [of(a), of(b)];
    let apart = |name: &&String| a.get(*name) != b.get(*name) && *name != "checksum";
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).filter(apart).collect();
    names.into_iter().map(|name| format!("{name}: {:?}, not {:?}", a.get(name), b.get(name))).collect()
}
