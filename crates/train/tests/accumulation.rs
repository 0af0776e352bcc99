//! Gradient accumulation: one batch as large, batches and groups of any size; resumed within a group, on any number of workers, from
//! a source.

mod common;

use common::{Numbers, bits, bits64, classified, classifier, fit, fit_by_team, run_to_end, text, writer};
use train::bundle::{Bundle, Elements};
use train::checkpoint;
use train::model::Model;
use train::session::{Session, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Columns of records without metrics.
const COLUMNS: usize = 8;

/// A model of every step, and weighted sequences of one to nine steps for it.
fn ragged(n: usize, dropout: f32) -> (Model, Bundle) {
    let json = format!(
        r#"{{"input":{{"size":2}},"layers":[{{"kind":"gru","hiddenSize":5}},{{"kind":"dropout","rate":{dropout}}},{{"kind":"dense"}}],
            "output":{{"at":"every","size":1}},"seed":2}}"#
    );
    let mut numbers = Numbers::new(8);
    let lengths: Vec<i32> = (0..n as i32).map(|i| 1 + i * 7 % 9).collect();
    let rows = lengths.iter().sum::<i32>() as usize;
    let mut data = Bundle::default();
    data.note("kind", "sequences");
    data.push("lengths", vec![n], Elements::I32(lengths));
    data.f32("x", vec![rows, 2], numbers.list(2 * rows));
    data.f32("weight", vec![rows], numbers.list(rows).iter().map(|v| v.abs() * 3.0).collect());
    data.f32("y", vec![rows, 1], numbers.list(rows));
    (Model::create(&json).expect("right"), data)
}

fn run(batch: usize, accumulation: usize, more: &str) -> String {
    format!(r#"{{"epochs":3,"batchSize":{batch},"gradientAccumulation":{accumulation},"metrics":[]{more}}}"#)
}

fn floats(model: &Model) -> Vec<f32> {
    bits(model).into_iter().map(f32::from_bits).collect()
}

/// The largest difference, by the largest number.
fn apart(a: impl Iterator<Item = f64> + Clone, b: impl Iterator<Item = f64> + Clone) -> f64 {
    assert_eq!(a.clone().count(), b.clone().count());
    let size = b.clone().fold(0.0, |m: f64, b| m.max(b.abs()));
    a.zip(b).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs())) / size
}

/// The rows of a kind.
fn rows(records: &[f64], kind: f64) -> impl Iterator<Item = &[f64]> + Clone {
    records.chunks_exact(COLUMNS).filter(move |row| row[0] == kind)
}

type Make = fn() -> (Model, Bundle);

/// Dropout too: a mask belongs to an update and a sample, not to the batch in which it comes.
#[test]
fn it_is_one_batch_as_large() {
    let cases: [(Make, usize); 4] = [
        (|| (classifier(), classified(30)), 30),
        (|| ragged(26, 0.0), 26),
        (|| ragged(26, 0.3), 26),
        (|| (writer(), text(400)), 20),
    ];
    let mut worst: f64 = 0.0;
    for (make, n) in cases {
        for (batch, accumulation) in [(4, 3), (1, 5), (5, 2), (7, 9)] {
            let more = r#","window":20,"clip":{"norm":0.4},"penalty":{"l1":0.001,"l2":0.01},"gradientNoise":{"eta":0.0001},
                "optimizer":{"kind":"sgd","learningRate":{"kind":"exponentialDecay","initial":0.5,"factor":0.9,"every":1},"momentum":0.8}"#;
            let more = if n == 20 { more.into() } else { more.replace(r#""window":20,"#, "") };
            let ((mut parts, data), (mut whole, same)) = (make(), make());
            let start = floats(&parts);
            let (of_parts, _) = fit(&mut parts, data, &run(batch, accumulation, &more));
            let large = (batch * accumulation).min(n);
            let (of_whole, _) = fit(&mut whole, same, &run(large, 1, &more));
            assert_eq!(rows(&of_parts, 0.0).count(), 3 * n.div_ceil(large), "{batch} {accumulation}");
            // Epoch, updates and the share clipped; loss, norm and rate.
            for column in [1, 2, 5] {
                let of = |records: &[f64]| rows(records, 1.0).map(|row| row[column]).collect::<Vec<_>>();
                assert_eq!(of(&of_parts), of(&of_whole), "{batch} {accumulation}");
            }
            for (kind, column) in [(0.0, 3), (0.0, 4), (0.0, 6), (1.0, 3)] {
                let off = apart(
                    rows(&of_parts, kind).map(move |row| row[column]),
                    rows(&of_whole, kind).map(move |row| row[column]),
                );
                assert!(off <= 1e-5, "{batch} {accumulation}: column {column} off by {off:e}");
            }
            let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
            let (a, b, start) = (wide(&floats(&parts)), wide(&floats(&whole)), wide(&start));
            let off = apart(a.iter().copied(), b.iter().copied());
            assert!(apart(start.iter().copied(), b.iter().copied()) > 0.01, "it learns");
            // Rounding of tens of updates in 32 bits.
            assert!(off <= 1e-5, "{batch} {accumulation}: off by {off:e}");
            worst = worst.max(off);
        }
    }
    println!("largest error {worst:.1e}");
}

const MORE: &str = r#","validationSplit":0.2,"optimizer":{"kind":"adam","learningRate":0.01}"#;

#[test]
fn it_resumes_within_a_group_bit_for_bit() {
    let cases: [(Make, &str); 3] = [
        (|| (classifier(), classified(40)), ""),
        (|| ragged(30, 0.2), r#","onDivergence":{"rollBack":{}},"average":{"kind":"ema","decay":0.5}"#),
        (|| (writer(), text(400)), r#","window":9,"carryState":true"#),
    ];
    for (make, more) in cases {
        let run = run(4, 3, &format!("{MORE}{more}"));
        let (mut whole, data) = make();
        let (unbroken, end) = fit(&mut whole, data.clone(), &run);
        for at in 1..14 {
            let (mut model, _) = make();
            let mut session = Session::fit(&mut model, data.clone(), &run, None, None).expect("right");
            assert_eq!(session.run(&mut model, at).expect("goes on"), Status::Running);
            let mut records = session.records();
            let file = if at % 2 == 0 {
                checkpoint::save(&model, Some(&session), true).expect("there is room")
            } else {
                session.stop();
                assert_eq!(session.run(&mut model, 99).expect("ends"), Status::Done);
                session.finish(&mut model).expect("finite");
                checkpoint::save(&model, None, true).expect("there is room")
            };
            let mut loaded = checkpoint::load(&file).expect("just written");
            let session = Session::resume(&mut loaded, data.clone(), "{}", None, None).expect("the same data");
            let (rest, resumed_end) = run_to_end(&mut loaded, session, 1 + at % 3);
            records.extend(rest);
            assert_eq!(bits(&loaded), bits(&whole), "{more}: weights, cut after {at}");
            // The end of a stopped run has a record of its own.
            assert!(at % 2 == 1 || bits64(&records) == bits64(&unbroken), "{more}: records, cut after {at}");
            assert_eq!(resumed_end, end);
        }
    }
}

#[test]
fn any_number_of_workers_gives_the_same_bits() {
    let (mut alone, data) = ragged(26, 0.2);
    let run = run(6, 3, MORE);
    let records = fit_by_team(std::slice::from_mut(&mut alone), &data, &run);
    for workers in [2, 3, 8] {
        let mut team: Vec<_> = (0..workers).map(|_| ragged(26, 0.2).0).collect();
        let shared = fit_by_team(&mut team, &data, &run);
        assert_eq!(bits(&team[0]), bits(&alone), "{workers} workers");
        assert_eq!(bits64(&shared), bits64(&records), "{workers} workers");
    }
}

/// Ready batches, passes of so many; resumed after so many units of work, if at all.
fn by_source(batches: &[Bundle], run: &str, cut: Option<usize>) -> (Model, Vec<f64>) {
    let (mut model, _) = ragged(1, 0.3);
    let kind = || {
        let mut source = Bundle::default();
        source.note("kind", "batches");
        source
    };
    let mut session = Session::fit(&mut model, kind(), run, None, None).expect("right");
    let (mut records, mut at, mut units) = (Vec::new(), 0, 0);
    loop {
        if cut == Some(units) {
            let file = checkpoint::save(&model, Some(&session), true).expect("there is room");
            model = checkpoint::load(&file).expect("just written");
            session = Session::resume(&mut model, kind(), "{}", None, None).expect("a source");
            // One that was supplied and not used is asked for again; the end of a pass still has to be told.
            let info: serde_json::Value = serde_json::from_str(&session.info()).expect("JSON");
            at = info["batches"].as_u64().expect("a number") as usize;
        }
        units += 1;
        let status = session.run(&mut model, 1).expect("goes on");
        records.extend(session.records());
        match status {
            Status::Running => {}
            Status::Done => break,
            Status::NeedsBatch if at == batches.len() => {
                let mut end = Bundle::default();
                end.note("kind", "end");
                session.supply(&mut model, end).expect("there were batches");
                records.extend(session.records());
                at = 0;
            }
            Status::NeedsBatch => {
                session.supply(&mut model, batches[at].clone()).expect("fits");
                at += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    session.finish(&mut model).expect("finite");
    (model, records)
}

/// Sequences `which` of a data set of one step each.
fn some(which: std::ops::Range<usize>) -> Bundle {
    let mut numbers = Numbers::new(5);
    let (x, y) = (numbers.list(40), numbers.list(20));
    let n = which.len();
    let mut bundle = Bundle::default();
    bundle.note("kind", "sequences");
    bundle.push("lengths", vec![n], Elements::I32(vec![1; n]));
    bundle.f32("x", vec![n, 2], x[2 * which.start..2 * which.end].to_vec());
    bundle.f32("y", vec![n, 1], y[which].to_vec());
    bundle
}

#[test]
fn a_source_has_groups_that_end_with_its_pass() {
    let run = |batches: usize| {
        format!(
            r#"{{"epochs":2,"gradientAccumulation":{batches},"metrics":[],"clip":"none","optimizer":{{"kind":"sgd","learningRate":0.3}}}}"#
        )
    };
    let small: Vec<Bundle> = (0..5).map(|i| some(3 * i..3 * i + 3)).collect();
    let large = [some(0..6), some(6..12), some(12..15)];
    let ((parts, of_parts), (whole, of_whole)) = (by_source(&small, &run(2), None), by_source(&large, &run(1), None));
    let column = |records: &[f64], i: usize| rows(records, 0.0).map(|row| row[i]).collect::<Vec<_>>();
    assert_eq!(column(&of_parts, 2), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    // Dropout has one mask a sequence, as it has in one batch.
    let off = apart(column(&of_parts, 3).into_iter(), column(&of_whole, 3).into_iter());
    assert!(off <= 1e-6, "losses off by {off:e}");
    let wide = |model: &Model| floats(model).into_iter().map(f64::from).collect::<Vec<_>>();
    let off = apart(wide(&parts).into_iter(), wide(&whole).into_iter());
    assert!(off <= 1e-6, "weights off by {off:e}");
    for cut in 1..16 {
        let (resumed, records) = by_source(&small, &run(2), Some(cut));
        assert_eq!(bits(&resumed), bits(&parts), "cut after {cut}");
        assert_eq!(bits64(&records), bits64(&of_parts), "cut after {cut}");
    }
}

#[test]
fn updates_are_what_is_planned_and_counted() {
    let (mut model, data) = ragged(26, 0.0);
    let session = Session::fit(&mut model, data.clone(), &run(4, 3, ""), None, None).expect("right");
    let info: serde_json::Value = serde_json::from_str(&session.info()).expect("JSON");
    // Seven batches an epoch.
    assert_eq!((&info["steps"], &info["epochs"]), (&9.into(), &3.into()));
    let steps = run(4, 3, "").replace(r#""epochs":3"#, r#""steps":4"#);
    let session = Session::fit(&mut model, data, &steps, None, None).expect("right");
    let (records, _) = run_to_end(&mut model, session, 2);
    assert_eq!(rows(&records, 0.0).map(|row| row[2]).collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(rows(&records, 1.0).map(|row| (row[1], row[2])).collect::<Vec<_>>(), [(1.0, 3.0), (2.0, 4.0)]);
}

#[test]
fn what_is_not_finite_ends_the_run_or_goes_back() {
    let steep = r#","clip":"none","optimizer":{"kind":"sgd","learningRate":1e4}"#;
    let (mut model, data) = ragged(26, 0.0);
    let mut session = Session::fit(&mut model, data.clone(), &run(4, 3, steep), None, None).expect("right");
    while session.run(&mut model, 1).expect("goes on") == Status::Running {}
    let error = session.finish(&mut model).expect_err("it diverges");
    assert_eq!(error.code, "diverged");
    let back = format!(r#"{steep},"onDivergence":{{"rollBack":{{"factor":0.01,"times":5}}}}"#);
    let (mut model, _) = ragged(26, 0.0);
    let (records, end) = fit(&mut model, data, &run(4, 3, &back));
    assert!(end.contains("went back to"), "{end}");
    let last = rows(&records, 1.0).last().expect("an epoch");
    assert!(last[1] == 3.0 && last[2] == 9.0 && last[3].is_finite(), "{last:?}");
}

#[test]
fn it_is_refused_where_it_cannot_be() {
    let (mut model, data) = ragged(26, 0.0);
    let mut refused = |run: &str| {
        let error = Session::fit(&mut model, data.clone(), run, None, None).map(|_| ()).expect_err("refused");
        error.message.clone()
    };
    assert_eq!(
        refused(&run(4, 2, r#","truncation":{"k1":2,"k2":2}"#)),
        "gradientAccumulation: does not go with truncation, which makes several updates of a batch"
    );
    assert_eq!(refused(&run(4, 0, "")), "gradientAccumulation: expected a positive integer, got 0");
    for name in ["accumulate_grad_batches", "gradient_accumulation_steps", "accumulate"] {
        let message = refused(&format!(r#"{{"{name}":2}}"#));
        assert!(message.ends_with("did you mean gradientAccumulation?"), "{message}");
    }
}
