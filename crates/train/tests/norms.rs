//! Runs with normalising layers, noise and the other kinds of dropout: the same bits however they are cut, statistics where they
//! belong, and what is refused.

mod common;

use common::resume::resumed_equals_unbroken;
use common::{bits, bits64, classified, exchange, fit, fit_by_team, floats, run_to_end, singles, text};
use train::bundle::{Bundle, Elements};
use train::checkpoint;
use train::error::ErrorClass;
use train::evaluate::evaluate;
use train::gradients::gradients;
use train::learner::Learner;
use train::model::Model;
use train::predict::predict;
use train::session::{Session, Status, Team};
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn model(layers: &str) -> Model {
    Model::create(&format!(
        r#"{{"input":{{"size":2}},"layers":[{layers}],"output":{{"at":"last","classes":2}},"seed":3}}"#
    ))
    .expect("a right description")
}

/// Every kind, before, between and after the layers.
fn everything() -> Model {
    model(
        r#"{"kind":"noise","deviation":0.1},{"kind":"batchNorm","momentum":0.3},{"kind":"gru","hiddenSize":6,"bidirectional":true,"activationPenalty":0.5,"weightNorm":true},
           {"kind":"rmsNorm"},{"kind":"dropout","rate":0.2,"shared":"time"},{"kind":"lstm","hiddenSize":5,"weightDrop":0.3},{"kind":"batchNorm","name":"top"},
           {"kind":"layerNorm"},{"kind":"dense","weightNorm":true}"#,
    )
}

fn writer() -> Model {
    Model::create(
        r#"{"input":{"vocabulary":8},"layers":[{"kind":"embedding","units":5,"dropout":0.3},{"kind":"noise","deviation":0.2},
            {"kind":"lstm","hiddenSize":7,"activationPenalty":2,"temporalPenalty":1},{"kind":"layerNorm","bias":false},{"kind":"dropout","rate":0.2,"shared":"time"},{"kind":"batchNorm"},
            {"kind":"dense"}],"seed":5}"#,
    )
    .expect("a right description")
}

const CLASSIFY: &str = r#"{"epochs":3,"batchSize":16,"validationSplit":{"fraction":0.2,"from":"random"},"patience":3,
    "optimizer":{"kind":"adam","learningRate":0.02},"penalty":{"l2":0.01}}"#;
const READ: &str = r#"{"epochs":2,"batchSize":4,"window":9,"carryState":true,"validationSplit":0.2}"#;

/// Cut after so many units, saved, loaded and resumed; against the unbroken run.
#[test]
fn broken_off_and_gone_on_with_they_are_the_unbroken_run() {
    for (make, data, run) in
        [(everything as fn() -> Model, classified(60), CLASSIFY), (writer as fn() -> Model, text(400), READ)]
    {
        resumed_equals_unbroken(&make, &|| data.clone(), run, [1, 3, 4, 6]);
    }
}

#[test]
fn any_number_of_workers_gives_the_same_bits() {
    let read = READ.replace("\"batchSize\":4", "\"batchSize\":16").replace("\"window\":9", "\"window\":4");
    for (make, data, run) in
        [(everything as fn() -> Model, classified(60), CLASSIFY), (writer as fn() -> Model, text(700), read.as_str())]
    {
        let mut alone = [make()];
        let records = fit_by_team(&mut alone, &data, run);
        for workers in [2, 3, 8] {
            let mut team: Vec<Model> = (0..workers).map(|_| make()).collect();
            let again = fit_by_team(&mut team, &data, run);
            assert_eq!(bits64(&again), bits64(&records), "{workers} workers");
            // The first one looks at the validation part, and has the best weights.
            assert!(bits(&team[0]) == bits(&alone[0]), "{workers} workers");
        }
    }
}

/// In f64: PyTorch's `BatchNorm1d` over all valid steps of each batch, momentum 0.3.
#[test]
fn running_statistics_are_those_of_the_valid_steps() {
    // Each batch moves them, also where several make one update.
    for more in ["", r#","gradientAccumulation":2"#] {
        running_statistics(more);
    }
}

fn running_statistics(more: &str) {
    let mut trained = model(r#"{"kind":"batchNorm","momentum":0.3},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#);
    let data = classified(20);
    let x = floats(&data, "x");
    fit(&mut trained, data, &format!(r#"{{"epochs":2,"batchSize":10,"shuffle":false{more}}}"#));
    let after = trained.parameters().expect("sized");
    assert_eq!(floats(&after, "0.num_batches_tracked"), [4.0]);
    assert_eq!(after.find("0.num_batches_tracked").expect("there").shape, Vec::<usize>::new());
    // Ten sequences of 3 to 7 steps: 50 rows a batch.
    for j in 0..2 {
        let (mut mean, mut variance) = (0.0, 1.0);
        for batch in [0, 1, 0, 1] {
            let column: Vec<f64> = (0..50).map(|r| f64::from(x[(50 * batch + r) * 2 + j])).collect();
            let m = column.iter().sum::<f64>() / 50.0;
            let v = column.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / 49.0;
            mean += 0.3 * (m - mean);
            variance += 0.3 * (v - variance);
        }
        let close = |name: &str, expected: f64| {
            let got = f64::from(floats(&after, name)[j]);
            assert!((got - expected).abs() < 1e-6, "{name}: {got} against {expected}");
        };
        close("0.running_mean", mean);
        close("0.running_var", variance);
    }
    let summary = trained.summary();
    assert!(summary.contains("0.running_mean") && summary.contains("(running)"), "{summary}");
    assert_eq!(trained.parameter_count(), 2 + 2 + 9 * (2 + 3 + 2) + 3 * 2 + 2);
}

/// A sequence is predicted alone as in company, and noise and masks are those of training only.
#[test]
fn predictions_and_evaluation_are_outside_training() {
    let mut trained = everything();
    let data = classified(40);
    fit(&mut trained, data.clone(), CLASSIFY);
    let inputs = |bundle: &Bundle| {
        let mut inputs = bundle.clone();
        inputs.tensors.retain(|t| t.name != "classes");
        inputs
    };
    let all = floats(&predict(&trained, inputs(&data), "{}").expect("predicts"), "values");
    for (i, one) in singles(&data).iter().enumerate() {
        let alone = floats(&predict(&trained, inputs(one), "{}").expect("predicts"), "values");
        assert_eq!(alone, &all[2 * i..][..2], "sequence {i}");
    }
    let first = evaluate(&trained, data.clone(), "{}").expect("evaluates");
    assert_eq!(evaluate(&trained, data, "{}").expect("evaluates"), first);
}

/// Of the loss outside training, for parameters alone, and that of the gain of a norm by a finite difference.
#[test]
fn gradients_of_a_trained_model() {
    let mut trained = everything();
    let data = classified(40);
    fit(&mut trained, data.clone(), CLASSIFY);
    let found = gradients(&trained, data.clone(), "{}").expect("right");
    assert!(found.tensors.iter().all(|t| !t.name.contains("running") && !t.name.contains("num_batches")));
    let parameters = trained.parameters().expect("sized");
    for name in ["1.weight", "1.bias", "3.weight", "top.weight", "7.bias"] {
        let gradient = floats(&found, &format!("parameter.{name}"));
        for (j, gradient) in gradient.iter().enumerate() {
            let mut loss_at = |by: f32| {
                let mut moved = Bundle::default();
                let tensor = parameters.find(name).expect("there");
                let mut values = floats(&parameters, name);
                values[j] += by;
                moved.f32(name, tensor.shape.clone(), values);
                trained.set_parameters(moved, false).expect("fits");
                common::scalar(&gradients(&trained, data.clone(), "{}").expect("right"), "loss")
            };
            let slope = (loss_at(2e-3) - loss_at(-2e-3)) / 4e-3;
            loss_at(0.0);
            // The network is in f32, whose losses are known to 1e-7 or so.
            assert!((slope - f64::from(*gradient)).abs() < 2e-4, "{name}[{j}]: {gradient} against {slope}");
        }
    }
}

/// The best weights come with their statistics; so do the last finite ones.
#[test]
fn statistics_go_with_the_weights() {
    let run = r#"{"epochs":12,"batchSize":8,"validationSplit":0.25,"patience":12,"keep":"best","optimizer":{"kind":"sgd","learningRate":3}}"#;
    let make = || model(r#"{"kind":"batchNorm"},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#);
    let mut kept = make();
    let (_, end) = fit(&mut kept, classified(40), run);
    let best: usize = end.split("\"epoch\":").nth(1).and_then(|t| t.split([',', '}']).next()).unwrap().parse().unwrap();
    assert!(best < 12, "a run whose best epoch is not its last: {end}");
    let mut short = make();
    let run = run.replace("\"epochs\":12", &format!("\"epochs\":{best}")).replace("\"best\"", "\"last\"");
    fit(&mut short, classified(40), &run);
    assert_eq!(bits(&kept), bits(&short), "statistics of the best epoch, {best}");

    // A batch of numbers whose variance is beyond f32: the weights and the statistics are those before it.
    let mut model = make();
    let before = bits(&model);
    let mut data = classified(16);
    let x = data.tensors.iter_mut().find(|t| t.name == "x").expect("given");
    let Elements::F32(x) = &mut x.elements else { unreachable!() };
    x.iter_mut().for_each(|x| *x *= 1e30);
    for run in [r#"{"epochs":2,"batchSize":8}"#, r#"{"epochs":2,"batchSize":8,"gradientAccumulation":2}"#] {
        let mut session = Session::fit(&mut model, data.clone(), run, None, None).expect("finite data");
        assert_eq!(session.run(&mut model, 9).expect("goes on"), Status::Diverged);
        let error = session.finish(&mut model).expect_err("diverged");
        assert_eq!((error.class, error.path.as_deref()), (ErrorClass::Divergence, Some("0.running_var")));
        assert_eq!(bits(&model), before);
    }
}

/// Penalties leave gains and shifts alone, and optimisers the statistics.
#[test]
fn penalties_act_on_weights_alone() {
    let mut one = model(r#"{"kind":"batchNorm"},{"kind":"gru","hiddenSize":3},{"kind":"layerNorm"},{"kind":"dense"}"#);
    let mut trainer =
        Trainer::open(&mut one, r#"{"optimizer":{"kind":"sgd","learningRate":0.1},"penalty":{"l2":0.5,"l1":0.1}}"#)
            .expect("right");
    let before = one.parameters().expect("sized");
    trainer.apply(&mut one, Bundle::default()).expect("no gradient at all");
    let after = one.parameters().expect("sized");
    for tensor in &before.tensors {
        let still = floats(&before, &tensor.name) == floats(&after, &tensor.name);
        assert_eq!(still, !(tensor.name.contains("weight_") || tensor.name == "3.weight"), "{}", tensor.name);
    }
}

#[test]
fn one_sample_is_refused_before_training() {
    let last = r#"{"kind":"gru","hiddenSize":3},{"kind":"batchNorm"},{"kind":"dense"}"#;
    let steps = r#"{"kind":"batchNorm"},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#;
    let run = r#"{"epochs":1,"batchSize":8}"#;
    let refused = |layers: &str, data: Bundle, team: Option<Team>| {
        let mut model = model(layers);
        let before = bits(&model);
        let result = Session::fit(&mut model, data, run, None, team).map(|_| ());
        assert_eq!(bits(&model), before);
        result
    };
    // 17 = 8 + 8 + 1; a shard of 8 has one sequence of a batch of 8.
    let error = refused(last, classified(17), None).expect_err("one is left over");
    assert_eq!((error.class, error.code, error.path.as_deref()), (ErrorClass::Config, "oneSample", Some("batchSize")));
    let text =
        "batchSize: expected at least 2 sequences in every batch, for the batch norm layers[1], got a batch of 1";
    assert!(error.message.starts_with(text), "{}", error.message);
    refused(last, classified(18), None).expect("two are left over");
    let team = Some(Team { workers: 1, index: 0 });
    let error = refused(last, classified(16), team).expect_err("one in each shard");
    assert!(
        error.message.contains("at least 16 sequences in every batch, two for each of 8 shards"),
        "{}",
        error.message
    );
    // Over the steps of one sequence there are several, unless it has but one.
    refused(steps, classified(17), team).expect("at least three steps in each");
    let mut short = classified(17);
    let (Elements::I32(lengths), rows) = (&mut short.tensors[0].elements, 2) else { unreachable!() };
    (lengths[0], lengths[1]) = (lengths[0] - rows, lengths[1] + rows);
    refused(steps, short, None).expect_err("a sequence of one step may be alone");

    let mut one = model(last);
    let mut trainer = Trainer::open(&mut one, "{}").expect("right");
    let error = trainer.step(&mut one, classified(1)).expect_err("one sample");
    assert_eq!((error.code, error.path.as_deref()), ("oneSample", Some("batch")));
    trainer.step(&mut one, classified(2)).expect("two samples");

    let mut source = Bundle::default();
    source.note("kind", "batches");
    let mut session = Session::fit(&mut one, source, r#"{"steps":2}"#, None, None).expect("right");
    let error = session.supply(&mut one, classified(1)).expect_err("one sample");
    assert_eq!((error.code, error.path.as_deref()), ("oneSample", Some("data")));
    session.supply(&mut one, classified(2)).expect("goes on");
    assert_eq!(session.run(&mut one, 1).expect("goes on"), Status::NeedsBatch);
    assert_eq!(session.step(), 1);
}

#[test]
fn what_acts_on_weights_does_not_go_with_norms_apart() {
    let mut one = model(r#"{"kind":"gru","hiddenSize":3,"weightNorm":true},{"kind":"dense"}"#);
    for (run, path) in [(r#"{"maxNorm":1}"#, "maxNorm"), (r#"{"orthogonality":1}"#, "orthogonality")] {
        let error = Session::fit(&mut one, classified(40), run, None, None).err().expect("refused");
        assert_eq!((error.class, error.path.as_deref()), (ErrorClass::Config, Some(path)));
    }
    // A penalty on recurrent matrices minds those alone that learn: a largest norm minds all.
    for layers in [
        r#"{"kind":"gru","hiddenSize":3},{"kind":"dense","weightNorm":true}"#,
        r#"{"kind":"gru","hiddenSize":3},{"kind":"minGru","hiddenSize":3,"weightNorm":true},{"kind":"dense"}"#,
        r#"{"kind":"gru","hiddenSize":3},{"kind":"gru","hiddenSize":3,"weightNorm":true,"trainable":false},{"kind":"dense"}"#,
    ] {
        let fitted = |run: &str| Session::fit(&mut model(layers), classified(40), run, None, None).map(|_| ());
        fitted(r#"{"orthogonality":1}"#).expect(layers);
        assert_eq!(fitted(r#"{"maxNorm":1}"#).expect_err(layers).path.as_deref(), Some("maxNorm"));
    }
    // Nor does a penalty on matrices that are not there.
    let mut none = model(r#"{"kind":"minGru","hiddenSize":3},{"kind":"dense"}"#);
    let error = Session::fit(&mut none, classified(40), r#"{"orthogonality":1}"#, None, None).err().expect("refused");
    assert_eq!((error.class, error.path.as_deref()), (ErrorClass::Config, Some("orthogonality")));
}

#[test]
fn online_learning_has_no_batch() {
    let refused = |layers: &str| Learner::open(&mut model(layers), "{}").map(|_| ()).expect_err("refused");
    for layers in [
        r#"{"kind":"batchNorm"},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#,
        r#"{"kind":"noise","deviation":0.1},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#,
        r#"{"kind":"gru","hiddenSize":3},{"kind":"dropout","rate":0.1,"shared":"time"},{"kind":"dense"}"#,
        r#"{"kind":"gru","hiddenSize":3,"temporalPenalty":0.1},{"kind":"dense"}"#,
        r#"{"kind":"gru","hiddenSize":3,"weightDrop":0.1},{"kind":"dense"}"#,
    ] {
        assert_eq!(refused(layers).code, "notOnline");
    }
    let layers = r#"{"kind":"batchNorm","trainable":false},{"kind":"layerNorm"},{"kind":"gru","hiddenSize":3,"weightNorm":true},{"kind":"rmsNorm"},{"kind":"dense"}"#;
    let mut one = model(layers);
    let mut learner = Learner::open(&mut one, r#"{"optimizer":{"kind":"sgd","learningRate":0.1}}"#).expect("right");
    let losses: Vec<f32> =
        (0..30).map(|_| *learner.step(&mut one, &[0.3, -0.7], Some(&[1.0])).expect("fits").last().unwrap()).collect();
    assert!(losses[29] < 0.2 * losses[0], "{losses:?}");
}

/// Both act at each update; a run with them is resumed to the same bits, and an update allocates nothing more (allocations.rs).
#[test]
fn orthogonality_and_largest_norm() {
    let make = || model(r#"{"kind":"gru","hiddenSize":5},{"kind":"dense"}"#);
    let beside = || model(r#"{"kind":"gru","hiddenSize":5},{"kind":"dense","weightNorm":true}"#);
    let rows = |model: &Model, name: &str, width: usize| -> Vec<Vec<f32>> {
        floats(&model.parameters().expect("sized"), name).chunks(width).map(<[f32]>::to_vec).collect()
    };
    let run = |more: &str| {
        format!(r#"{{"epochs":20,"batchSize":8,"optimizer":{{"kind":"adam","learningRate":0.05}}{more}}}"#)
    };
    // How far the gates are from orthogonal.
    let apart = |model: &Model| -> f32 {
        let rows = rows(model, "0.weight_hh_l0", 5);
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let gate = |gate: &[Vec<f32>]| -> f32 {
            let square = |(i, j): (usize, usize)| product(&gate[i], &gate[j]) - f32::from(u8::from(i == j));
            (0..25).map(|k| square((k / 5, k % 5))).map(|x| x * x).sum()
        };
        rows.chunks(5).map(gate).sum()
    };
    for make in [&make as &dyn Fn() -> Model, &beside] {
        let (mut free, mut held) = (make(), make());
        fit(&mut free, classified(40), &run(""));
        fit(&mut held, classified(40), &run(r#","orthogonality":1"#));
        assert!(apart(&held) < 0.05 * apart(&free), "{} against {}", apart(&held), apart(&free));
    }

    let both = run(r#","orthogonality":0.1,"maxNorm":0.6"#);
    let mut small = make();
    fit(&mut small, classified(40), &both);
    for (name, width) in [("0.weight_ih_l0", 2), ("0.weight_hh_l0", 5), ("1.weight", 5)] {
        let norms = rows(&small, name, width).into_iter().map(|row| row.iter().map(|w| w * w).sum::<f32>().sqrt());
        assert!(norms.into_iter().all(|norm| norm <= 0.6 * 1.000_001), "{name}");
    }
    let mut cut = make();
    let mut session = Session::fit(&mut cut, classified(40), &both, None, None).expect("right");
    session.run(&mut cut, 7).expect("goes on");
    let file = checkpoint::save(&cut, Some(&session), true).expect("there is room");
    let mut loaded = checkpoint::load(&file).expect("a file just written");
    let session = Session::resume(&mut loaded, classified(40), "{}", None, None).expect("the same data");
    run_to_end(&mut loaded, session, 2);
    assert!(bits(&loaded) == bits(&small));
}

/// A penalty on outputs is a mean over the batch, not over a shard: one of 8 shards and the whole move the weights alike. It
/// is no part of the loss.
#[test]
fn penalties_on_outputs_are_of_the_batch() {
    let make = |penalty: &str| model(&format!(r#"{{"kind":"gru","hiddenSize":3{penalty}}},{{"kind":"dense"}}"#));
    let run = r#"{"epochs":1,"batchSize":32,"clip":"none","optimizer":{"kind":"sgd","learningRate":1}}"#;
    let penalty = r#","activationPenalty":2,"temporalPenalty":3"#;
    let (mut one, mut eight, mut none) = (make(penalty), [make(penalty)], make(""));
    let records = fit(&mut one, classified(32), run).0;
    fit_by_team(&mut eight, &classified(32), run);
    let without = fit(&mut none, classified(32), run).0;
    assert_eq!(records[3], without[3], "the loss");
    let values = |model: &Model| -> Vec<f32> { bits(model).into_iter().map(f32::from_bits).collect() };
    let apart = |a: &Model, b: &Model| values(a).iter().zip(values(b)).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
    assert!(apart(&one, &eight[0]) < 1e-6, "{}", apart(&one, &eight[0]));
    assert!(apart(&one, &none) > 1e-2, "{}", apart(&one, &none));
}

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

/// A worker that takes part has the others' statistics too: no more than one exchange of gradients.
#[test]
fn statistics_travel_with_the_gradients() {
    let make = || model(r#"{"kind":"batchNorm"},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#);
    let run = r#"{"epochs":1,"batchSize":32}"#;
    let mut models = [make(), make()];
    let mut sessions: Vec<Session> = models
        .iter_mut()
        .enumerate()
        .map(|(index, m)| Session::fit(m, classified(32), run, None, Some(Team { workers: 2, index })).expect("right"))
        .collect();
    for (session, model) in sessions.iter_mut().zip(&mut models) {
        assert_eq!(session.run(model, 1).expect("goes on"), Status::NeedsGradients);
    }
    exchange(&mut sessions.iter_mut().collect::<Vec<_>>());
    for (session, model) in sessions.iter_mut().zip(&mut models) {
        session.run(model, 1).expect("goes on");
    }
    assert_eq!(bits(&models[0]), bits(&models[1]));
    assert_eq!(floats(&models[1].parameters().expect("sized"), "0.num_batches_tracked"), [1.0]);
}

/// All that can be cut: a batch norm that stands still, norms of rows, noise, one mask a sequence, weights made of others.
fn divisible() -> Model {
    model(
        r#"{"kind":"batchNorm","trainable":false},{"kind":"noise","deviation":0.1},{"kind":"gru","hiddenSize":6,"weightNorm":true,"initialState":"learned"},
           {"kind":"rmsNorm"},{"kind":"dropout","rate":0.2,"shared":"time"},{"kind":"lstm","hiddenSize":5,"projSize":3,"weightDrop":0.3},
           {"kind":"layerNorm"},{"kind":"noise","deviation":0.2},{"kind":"dense","weightNorm":true}"#,
    )
}

#[test]
fn checkpointed_runs_have_the_bits_of_whole_ones() {
    for (more, also) in
        [("", ""), (r#","truncation":{"k1":2,"k2":5}"#, ""), ("", r#","orthogonality":0.1,"maxNorm":2"#)]
    {
        // Neither goes with norms that are learnt apart.
        let make = || {
            if also.is_empty() {
                divisible()
            } else {
                model(r#"{"kind":"gru","hiddenSize":6,"weightDrop":0.3},{"kind":"dense"}"#)
            }
        };
        let run = |kind: &str| format!(r#"{{"epochs":3,"batchSize":16,"validationSplit":0.2{more}{also}{kind}}}"#);
        let mut plain = make();
        let (records, _) = fit(&mut plain, classified(50), &run(""));
        for kind in [r#","checkpointing":true"#, r#","checkpointing":{"every":1}"#] {
            let mut cut = make();
            let (again, _) = fit(&mut cut, classified(50), &run(kind));
            assert!(bits(&cut) == bits(&plain), "{more} {also} {kind}");
            assert_eq!(bits64(&again), bits64(&records), "{more} {also} {kind}");
        }
    }
}

/// Windows draw noise and masks for each update, whichever worker goes through them and wherever the run was cut.
#[test]
fn truncated_runs_are_the_same_resumed_and_on_any_number_of_workers() {
    let run = r#"{"epochs":2,"batchSize":16,"truncation":{"k1":2,"k2":3}}"#;
    let mut alone = [divisible()];
    let records = fit_by_team(&mut alone, &classified(60), run);
    for workers in [2, 3] {
        let mut team: Vec<Model> = (0..workers).map(|_| divisible()).collect();
        assert_eq!(bits64(&fit_by_team(&mut team, &classified(60), run)), bits64(&records), "{workers} workers");
        assert!(bits(&team[0]) == bits(&alone[0]), "{workers} workers");
    }
    let mut whole = divisible();
    fit(&mut whole, classified(60), run);
    for at in [1, 2, 5] {
        let mut cut = divisible();
        let mut session = Session::fit(&mut cut, classified(60), run, None, None).expect("right");
        session.run(&mut cut, at).expect("goes on");
        let file = checkpoint::save(&cut, Some(&session), true).expect("there is room");
        let mut loaded = checkpoint::load(&file).expect("a file just written");
        let session = Session::resume(&mut loaded, classified(60), "{}", None, None).expect("the same data");
        run_to_end(&mut loaded, session, 2);
        assert!(bits(&loaded) == bits(&whole), "cut after {at} units");
    }
}

#[test]
fn what_sees_whole_sequences_is_not_cut() {
    for (layers, expected) in [
        (
            r#"{"kind":"gru","hiddenSize":3},{"kind":"batchNorm"},{"kind":"dense"}"#,
            "layers[1] is a batch norm: its statistics are of whole sequences",
        ),
        (
            r#"{"kind":"gru","hiddenSize":3,"temporalPenalty":0.1},{"kind":"dense"}"#,
            "layers[0] has a penalty on the whole of its output",
        ),
    ] {
        for (option, run) in
            [("checkpointing", r#"{"checkpointing":true}"#), ("truncation", r#"{"truncation":{"k1":2,"k2":2}}"#)]
        {
            let error = Session::fit(&mut model(layers), classified(40), run, None, None).err().expect("refused");
            assert_eq!((error.class, &*error.message), (ErrorClass::Config, &*format!("{option}: {expected}")));
        }
    }
}

/// A way back takes the statistics with the weights: as if what was undone had never been.
#[test]
fn statistics_go_back_with_the_weights() {
    let make = || model(r#"{"kind":"batchNorm"},{"kind":"gru","hiddenSize":3},{"kind":"dense"}"#);
    let mut data = classified(16);
    let x = data.tensors.iter_mut().find(|t| t.name == "x").expect("given");
    let Elements::F32(x) = &mut x.elements else { unreachable!() };
    // The last sequence has numbers whose variance is beyond f32.
    let n = x.len();
    x[n - 6..].iter_mut().for_each(|x| *x *= 1e30);
    let mut one = make();
    let before = bits(&one);
    let run = r#"{"epochs":2,"batchSize":8,"shuffle":false,"onDivergence":{"rollBack":{"times":2}}}"#;
    let mut session = Session::fit(&mut one, data, run, None, None).expect("finite data");
    assert_eq!(session.run(&mut one, 1).expect("goes on"), Status::Running);
    assert_ne!(bits(&one), before);
    assert_eq!(session.run(&mut one, 1).expect("goes back"), Status::Running);
    assert_eq!(bits(&one), before, "weights and statistics of the beginning");
}

/// Two batches of an update go by the mean over both: but for rounding, one twice as large. The same weights are dropped in
/// both, and each sequence has its own noise.
#[test]
fn accumulated_batches_are_one() {
    let make = || {
        model(
            r#"{"kind":"noise","deviation":0.1},{"kind":"gru","hiddenSize":4,"weightDrop":0.3},{"kind":"layerNorm"},
               {"kind":"dropout","rate":0.2,"shared":"time"},{"kind":"dense","weightNorm":true}"#,
        )
    };
    let run = |more: &str| {
        format!(r#"{{"epochs":1,"shuffle":false,"clip":"none","optimizer":{{"kind":"sgd","learningRate":1}},{more}}}"#)
    };
    let (mut one, mut two, before) = (make(), make(), make());
    fit(&mut one, classified(32), &run(r#""batchSize":32"#));
    fit(&mut two, classified(32), &run(r#""batchSize":16,"gradientAccumulation":2"#));
    let values = |model: &Model| -> Vec<f32> { bits(model).into_iter().map(f32::from_bits).collect() };
    let (one, two, before) = (values(&one), values(&two), values(&before));
    let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
    assert!(apart(&one, &two) < 1e-6 && apart(&one, &before) > 1e-2, "{} {}", apart(&one, &two), apart(&one, &before));
}
