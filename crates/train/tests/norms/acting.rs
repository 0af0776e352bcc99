//! What acts on weights and outputs beside norms: penalties, a largest norm, several batches an update.

use super::common::{bits, classified, fit, fit_by_team, floats, run_to_end};
use super::model;
use train::bundle::Bundle;
use train::checkpoint;
use train::model::Model;
use train::session::Session;
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

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

/// Both act at each update; a run with them is resumed to the same bits, and an update allocates nothing more (allocations/main.rs).
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
