//! Statistics of averaged weights, counted anew.

use super::common::{bits, bits64, classified, fit, fit_by_team, floats, run_to_end, text};
use super::{CLASSIFY, READ, everything, model, writer};
use train::bundle::Bundle;
use train::checkpoint;
use train::error::ErrorClass;
use train::model::Model;
use train::predict::predict;
use train::session::{Session, Status};
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The model with an average has the statistics of its own weights over the training part: the mean over batches of each
/// one's, here from the states that it predicts.
#[test]
fn statistics_of_averaged_weights_are_counted_anew() {
    let make = || model(r#"{"kind":"gru","hiddenSize":5},{"kind":"batchNorm"},{"kind":"dense"}"#);
    for more in [
        r#""epochs":3,"average":{"kind":"ema","decay":0.9}"#,
        r#""epochs":3,"average":{"kind":"swa","start":3}"#,
        r#""epochs":3,"optimizer":{"kind":"scheduleFree","learningRate":0.01}"#,
        // It ends in the middle of an epoch.
        r#""steps":10,"average":{"kind":"ema","decay":0.9}"#,
    ] {
        let mut averaged = make();
        fit(&mut averaged, classified(40), &format!(r#"{{"batchSize":10,{more}}}"#));
        let after = averaged.parameters().expect("sized");
        let mut inputs = classified(40);
        inputs.tensors.retain(|t| t.name != "classes");
        let states = floats(&predict(&averaged, inputs, "{}").expect("predicts"), "state.0.h");
        for j in 0..5 {
            let (mut mean, mut variance) = (0.0, 0.0);
            for batch in states.chunks(50) {
                let column: Vec<f64> = batch.iter().skip(j).step_by(5).map(|&h| f64::from(h)).collect();
                let m = column.iter().sum::<f64>() / 10.0;
                mean += m / 4.0;
                variance += column.iter().map(|h| (h - m) * (h - m)).sum::<f64>() / 9.0 / 4.0;
            }
            for (name, expected) in [("1.running_mean", mean), ("1.running_var", variance)] {
                let got = f64::from(floats(&after, name)[j]);
                // The same states, in f32 along two ways.
                assert!((got - expected).abs() < 1e-6, "{more} {name}: {got} against {expected}");
            }
        }
    }
}

/// What is counted where a run ends in the middle of an epoch leaves no trace in what goes on from there.
#[test]
fn counted_anew_and_resumed() {
    let averaged = |run: &str| run.replacen('{', r#"{"average":{"kind":"ema","decay":0.8},"#, 1);
    let (classify, read) = (averaged(CLASSIFY), averaged(READ));
    for (make, data, run) in
        [(everything as fn() -> Model, classified(60), classify), (writer as fn() -> Model, text(400), read)]
    {
        let mut whole = make();
        let (unbroken, end) = fit(&mut whole, data.clone(), &run);
        // Within the first epoch, in its recount, its look and later.
        for at in 1..12 {
            let mut cut = make();
            let mut session = Session::fit(&mut cut, data.clone(), &run, None, None).expect("right");
            assert_eq!(session.run(&mut cut, at).expect("goes on"), Status::Running);
            let mut records = session.records();
            let file = checkpoint::save(&cut, Some(&session), true).expect("there is room");
            let mut loaded = checkpoint::load(&file).expect("a file just written");
            let session = Session::resume(&mut loaded, data.clone(), "{}", None, None).expect("the same data");
            let (rest, resumed_end) = run_to_end(&mut loaded, session, 2);
            records.extend(rest);
            assert!(bits(&loaded) == bits(&whole), "weights, cut after {at} units");
            assert_eq!(bits64(&records), bits64(&unbroken), "records, cut after {at} units");
            assert_eq!(resumed_end, end);
        }
        let mut team: Vec<Model> = (0..3).map(|_| make()).collect();
        let mut one = [make()];
        let wide = run.replace("\"batchSize\":4", "\"batchSize\":16").replace("\"window\":9", "\"window\":4");
        assert_eq!(bits64(&fit_by_team(&mut team, &data, &wide)), bits64(&fit_by_team(&mut one, &data, &wide)));
        assert!(bits(&team[0]) == bits(&one[0]));
    }
    let steps = |n: usize| format!(r#"{{"steps":{n},"batchSize":16,"average":{{"kind":"ema","decay":0.8}}}}"#);
    let mut whole = everything();
    fit(&mut whole, classified(60), &steps(11));
    for first in 1..11 {
        let mut part = everything();
        fit(&mut part, classified(60), &steps(first));
        let file = checkpoint::save(&part, None, true).expect("there is room");
        let mut part = checkpoint::load(&file).expect("a file just written");
        let session = Session::resume(&mut part, classified(60), r#"{"steps":11}"#, None, None).expect("goes on");
        run_to_end(&mut part, session, 3);
        assert!(bits(&part) == bits(&whole), "ended after {first} updates");
        let files = [&part, &whole].map(|model| checkpoint::save(model, None, true).expect("there is room"));
        assert!(files[0] == files[1], "ended after {first} updates: the file");
    }
}

#[test]
fn statistics_cannot_be_counted_anew_a_batch_at_a_time() {
    let layers = r#"{"kind":"gru","hiddenSize":3},{"kind":"batchNorm"},{"kind":"dense"}"#;
    for (options, path) in [
        (r#"{"average":{"kind":"ema"}}"#, "average"),
        (r#"{"optimizer":{"kind":"scheduleFree","learningRate":0.1}}"#, "optimizer"),
    ] {
        let mut source = Bundle::default();
        source.note("kind", "batches");
        let error = Session::fit(&mut model(layers), source, options, None, None).err().expect("refused");
        assert_eq!((error.class, error.path.as_deref()), (ErrorClass::Config, Some(path)));
        let error = Trainer::open(&mut model(layers), options).err().expect("refused");
        assert_eq!((error.class, error.path.as_deref()), (ErrorClass::Config, Some(path)));
    }
}
