//! Runs and calls: defaults, what depends on the data, what a resumed run may change.

use super::*;
use crate::describe::calls::{
    EvaluateOptions, ForecastOptions, GenerateOptions, GradientsOptions, OnlineOptions, PredictOptions, TrainerOptions,
};
use crate::describe::metric::Metric;
use crate::describe::run::{BatchSize, Context, DataKind, From, Keep, Split};
use crate::noise::Noise;
use optim::clip::{Adaptive, ByNorm, Norm};
use optim::{Adam, AdamW, Clip, Optimizer, RmsProp, Schedule, Sgd};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn adam() -> Optimizer {
    Adam::default().into()
}

#[test]
fn nothing_said_is_the_house_defaults() {
    let filled = json!({
        "epochs": 100, "carryState": false, "checkpointing": false, "onDivergence": "stop", "recordEvery": 1, "seed": 0,
         "clip": { "norm": 5, "normType": 2, "per": "all" }, "groups": [], "gradientAccumulation": 1,
        "penalty": { "l1": 0, "l2": 0, "on": ["input", "recurrent", "dense", "embedding"] },
        "optimizer": { "kind": "adam", "learningRate": 0.003, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
            "weightDecay": 0, "amsgrad": false, "maximize": false, "hypergradient": 0 },
    });
    let described = run(json!({})).expect("right");
    assert_eq!(parsed(&described.to_json()), filled);
    assert_eq!((described.epochs, described.steps, described.batch_size), (Some(100), None, None));
    assert_eq!((described.update.optimizer, described.update.clip), (adam(), Clip::norm(5.0)));
    assert_eq!(described.update.rate, Schedule::Constant { rate: 3e-3 });
}

#[test]
fn optimisers_as_optim_takes_them() {
    let update = |optimizer: Value| run(json!({ "optimizer": optimizer })).expect("right").update;
    assert_eq!(update(json!("adam")).rate, Schedule::Constant { rate: 1e-3 });
    assert_eq!(update(json!("adam")).optimizer, adam());
    assert_eq!(update(json!("sgd")).optimizer, Sgd::default().into());
    let momentum = json!({ "kind": "sgd", "momentum": 0.9, "nesterov": true, "learningRate": 0.1 });
    assert_eq!(update(momentum).optimizer, Sgd { momentum: 0.9, nesterov: true, ..Sgd::default() }.into());
    let rms = RmsProp::default();
    assert_eq!(update(json!("rmsprop")).optimizer, rms.into());
    let centred = json!({ "kind": "rmsprop", "centered": true, "alpha": 0.5, "momentum": 0.25, "epsilon": 1e-6 });
    let rms = RmsProp { alpha: 0.5, momentum: 0.25, centered: true, epsilon: 1e-6, ..RmsProp::default() };
    assert_eq!(update(centred).optimizer, rms.into());
    let adamw = AdamW { beta1: 0.8, ..AdamW::default() };
    assert_eq!(update(json!({ "kind": "adamw", "beta1": 0.8 })).optimizer, adamw.into());

    let clip = |clip: Value| run(json!({ "clip": clip })).expect("right").update.clip;
    assert_eq!(clip(json!({ "norm": 1 })), Clip::norm(1.0));
    assert_eq!(clip(json!({ "value": 0.5 })), Clip::Value(0.5));
    assert_eq!(clip(json!("none")), Clip::None);
    for (said, norm) in [(json!(1), Norm::One), (json!(2), Norm::Two), (json!("infinity"), Norm::Infinity)] {
        let by_norm = |per_tensor| Clip::Norm(ByNorm { max: 3.0, norm, per_tensor });
        assert_eq!(clip(json!({ "norm": 3, "normType": said })), by_norm(false));
        assert_eq!(clip(json!({ "norm": 3, "normType": said, "per": "tensor" })), by_norm(true));
    }
    let adaptive = |factor, epsilon| Clip::Adaptive(Adaptive { factor, epsilon });
    assert_eq!(clip(json!({ "adaptive": 0.01 })), adaptive(0.01, 1e-3));
    assert_eq!(clip(json!({ "adaptive": 0.1, "epsilon": 0.5 })), adaptive(0.1, 0.5));
    let noise = |options: Value| run(options).expect("right").update.noise;
    assert_eq!(noise(json!({ "seed": 3 })), None);
    let expected = Noise { eta: 0.3, gamma: 0.55, seed: 3 };
    assert_eq!(noise(json!({ "seed": 3, "gradientNoise": { "eta": 0.3 } })), Some(expected));
    let penalty = run(json!({ "penalty": { "l2": 1e-4 } })).expect("right").update.penalty;
    assert_eq!((penalty.l1, penalty.l2), (0.0, 1e-4));
}

#[test]
fn what_is_wrong_with_a_run() {
    for (description, expected) in [
        (json!({ "epochs": 0 }), "epochs: expected a positive integer, got 0"),
        (json!({ "seconds": 0 }), "seconds: expected a number above 0, got 0"),
        (
            json!({ "batchSize": "all" }),
            "batchSize: expected a positive integer or \"full\", got \"all\"; did you mean full?",
        ),
        (json!({ "batchSize": 0 }), "batchSize: expected a positive integer, got 0"),
        (json!({ "batchSize": null }), "batchSize: expected a positive integer or \"full\", got null"),
        (json!({ "clip": {} }), "clip: expected { norm }, { value } or { adaptive }, got an object without them"),
        (json!({ "clip": { "norm": 5, "value": 1 } }), "clip.value: does not go with norm"),
        (json!({ "clip": { "norm": 0 } }), "clip.norm: expected a number above 0, got 0"),
        (json!({ "clip": { "value": 1, "per": "tensor" } }), "clip.per: does not go with value"),
        (json!({ "clip": { "norm": 1, "normType": 3 } }), "clip.normType: expected an integer up to 2, got 3"),
        (
            json!({ "clip": { "norm": 1, "normType": "inf" } }),
            "clip.normType: expected 1 or 2 or \"infinity\", got \"inf\"; did you mean infinity?",
        ),
        (json!({ "clip": { "adaptive": 0 } }), "clip.adaptive: expected a number above 0, got 0"),
        (json!({ "gradientNoise": { "gamma": 1 } }), "gradientNoise.eta: expected a number above 0, got nothing"),
        (json!({ "clip": 5 }), "clip: expected { norm }, { value }, { adaptive } or \"none\", got 5"),
        (json!({ "penalty": { "l2": -1 } }), "penalty.l2: expected a number from 0, got -1"),
        (json!({ "validationSplit": 1 }), "validationSplit: expected a number from 0, below 1, got 1"),
        (
            json!({ "validationSplit": { "fraction": 0.1 } }),
            "validationSplit.from: expected \"end\" or \"random\", got nothing",
        ),
        (
            json!({ "optimizer": { "kind": "adam", "learningRate": 0 } }),
            "optimizer.learningRate: expected a number above 0, got 0",
        ),
        (
            json!({ "optimizer": { "kind": "adam", "epsilon": 1e-60 } }),
            "optimizer.epsilon: expected a number above 0, got 1e-60",
        ),
        (
            json!({ "optimizer": { "kind": "adam", "beta1": 1 } }),
            "optimizer.beta1: expected a number from 0, below 1, got 1",
        ),
        (json!({ "optimizer": { "kind": "sgd", "nesterov": true } }), "optimizer.nesterov: needs a momentum above 0"),
        (
            json!({ "optimizer": { "kind": "adam", "learningRate": { "kind": "cosineDecay", "initial": 1, "steps": 5, "warmup": 5 } } }),
            "optimizer.learningRate.warmup: expected fewer than the 5 steps, got 5",
        ),
        (
            json!({ "optimizer": { "kind": "adam", "learningRate": { "kind": "cosineDecay", "initial": 1, "steps": 5, "final": 2 } } }),
            "optimizer.learningRate.final: expected a number up to the initial 1, got 2",
        ),
        (json!({ "carryState": true, "shuffle": true }), "shuffle: carryState needs windows in their order"),
        (json!({ "truncation": { "k1": 5, "k2": 4 } }), "truncation.k2: expected at least k1, 5, got 4"),
        (json!({ "truncation": { "k1": 0, "k2": 4 } }), "truncation.k1: expected a positive integer, got 0"),
        (json!({ "truncation": { "k1": 5 } }), "truncation.k2: expected a positive integer, got nothing"),
        (json!({ "checkpointing": {} }), "checkpointing.every: expected a positive integer, got nothing"),
        (json!({ "checkpointing": 64 }), "checkpointing: expected true or false or { every }, got 64"),
        (json!({ "truncation": 5 }), "truncation: expected { k1, k2 }, got 5"),
        (json!({ "metrics": "rmse" }), "metrics: expected a list, got \"rmse\""),
    ] {
        assert_eq!(message(run(description.clone())), expected, "{description}");
    }
}

fn resolved(description: Value, data: DataKind, validation_data: bool) -> Result<RunDescription, Error> {
    let model = match data {
        DataKind::Text => json!({ "input": { "vocabulary": 5 }, "layers": [{ "kind": "gru", "hiddenSize": 5 }] }),
        DataKind::Series => json!({
            "input": { "series": { "target": ["y"], "window": 4, "horizon": 1 } },
            "layers": [{ "kind": "gru", "hiddenSize": 4 }, { "kind": "dense" }],
        }),
        _ => json!({ "input": { "size": 1 }, "layers": [{ "kind": "gru", "hiddenSize": 4 }] }),
    };
    let model = ModelDescription::from_json(&model.to_string()).expect("right");
    let resolved = run(description).expect("right").resolve(&model, Context { data, validation_data })?;
    let again = RunDescription::from_json(&resolved.to_json()).expect("a resolved run can be read again");
    assert_eq!(again, resolved);
    Ok(resolved)
}

#[test]
fn what_depends_on_the_data_is_filled_in() {
    let plain = resolved(json!({}), DataKind::Samples, false).expect("right");
    assert_eq!((plain.shuffle, plain.window, plain.validation_split), (Some(true), None, None));
    assert_eq!(
        (plain.stopping.patience, plain.keep, plain.metrics),
        (None, Some(Keep::Last), Some(vec![Metric::Rmse]))
    );

    let random =
        json!({ "validationSplit": { "fraction": 0.2, "from": "random" }, "metrics": [], "batchSize": "full" });
    let split = resolved(random, DataKind::Samples, false).expect("right");
    assert_eq!(split.validation_split, Some(Split { fraction: 0.2, from: From::Random }));
    assert_eq!((split.stopping.patience, split.keep, split.metrics), (Some(10), Some(Keep::Best), Some(vec![])));
    assert_eq!(split.batch_size, Some(BatchSize::Full));
    let chosen =
        resolved(json!({ "patience": 3, "keep": "last", "shuffle": false, "batchSize": 8 }), DataKind::Samples, true);
    let chosen = chosen.expect("right");
    assert_eq!((chosen.stopping.patience, chosen.keep, chosen.shuffle), (Some(3), Some(Keep::Last), Some(false)));
    assert_eq!(chosen.batch_size, Some(BatchSize::Count(8)));

    let text = resolved(json!({}), DataKind::Text, false).expect("right");
    assert_eq!((text.window, text.shuffle), (Some(128), Some(true)));
    assert_eq!(text.metrics, Some(vec![Metric::BitsPerCharacter]));
    let carried = resolved(json!({ "carryState": true, "window": 64, "validationSplit": 0.1 }), DataKind::Text, false);
    let carried = carried.expect("right");
    assert_eq!((carried.window, carried.shuffle, carried.carry_state), (Some(64), Some(false), true));
    assert_eq!(carried.validation_split, Some(Split { fraction: 0.1, from: From::End }));

    let series = resolved(json!({}), DataKind::Series, false).expect("right");
    assert_eq!(series.validation_split, Some(Split { fraction: 0.1, from: From::End }));
    assert_eq!((series.stopping.patience, series.keep), (Some(10), Some(Keep::Best)));
    let apart = resolved(json!({}), DataKind::Series, true).expect("right");
    assert_eq!((apart.validation_split, apart.stopping.patience), (None, Some(10)));
    let none = resolved(json!({ "validationSplit": 0 }), DataKind::Series, false).expect("right");
    assert_eq!((none.validation_split, none.stopping.patience, none.keep), (None, None, Some(Keep::Last)));

    let batches = resolved(json!({}), DataKind::Batches, false).expect("right");
    assert_eq!((batches.shuffle, batches.batch_size), (Some(false), None));
}

#[test]
fn what_does_not_apply_is_refused() {
    use DataKind::{Batches, Samples, Series, Text};
    for (description, data, validation_data, expected) in [
        (json!({ "patience": 3 }), Samples, false, "patience: needs validation: validationSplit or validationData"),
        (json!({ "keep": "best" }), Text, false, "keep: needs validation: validationSplit or validationData"),
        (json!({ "validationSplit": 0.1 }), Samples, true, "validationSplit: does not go with validationData"),
        (json!({ "window": 5 }), Samples, false, "window: is for a text"),
        (json!({ "carryState": true }), Series, false, "carryState: is for a text, or a source of batches"),
        (json!({ "batchSize": 5 }), Batches, false, "batchSize: does not apply to a source of ready batches"),
        (json!({ "shuffle": true }), Batches, false, "shuffle: does not apply to a source of ready batches"),
        (
            json!({ "validationSplit": 0.1 }),
            Batches,
            false,
            "validationSplit: does not apply to a source of ready batches",
        ),
        (
            json!({ "validationSplit": { "fraction": 0.1, "from": "random" } }),
            Series,
            false,
            "validationSplit.from: windows overlap with their neighbours: only \"end\" is apart",
        ),
        (
            json!({ "metrics": ["accuracy"] }),
            Samples,
            false,
            "metrics[0]: expected a metric of numbers, got \"accuracy\"",
        ),
    ] {
        assert_eq!(message(resolved(description.clone(), data, validation_data)), expected, "{description}");
    }
}

#[test]
fn a_resumed_run_may_end_elsewhere() {
    let saved = run(json!({ "steps": 1000, "seconds": 60, "optimizer": "sgd" })).expect("right");
    let ends = |changes: &str| {
        let resumed = saved.resume(changes).expect("right");
        assert_eq!(resumed.update, saved.update);
        (resumed.epochs, resumed.steps, resumed.seconds)
    };
    assert_eq!(ends("{}"), (None, Some(1000), Some(60.0)));
    assert_eq!(ends(r#"{"epochs":80}"#), (Some(80), None, None));
    assert_eq!(ends(r#"{"epochs":80,"steps":2000}"#), (Some(80), Some(2000), None));
    assert_eq!(message(saved.resume(r#"{"batchSize":8}"#)), "batchSize: unknown option; known are epochs, steps");
}

#[test]
fn programs_that_people_want_to_write() {
    let gru = json!({ "kind": "gru", "hiddenSize": 32, "bidirectional": true });
    let dense = json!({ "kind": "dense" });
    let lstm = json!({ "kind": "lstm", "hiddenSize": 256, "numLayers": 2, "name": "rnn" });
    let gestures = json!({ "input": { "size": 3, "scale": "standard" }, "layers": [gru, dense], "output": { "at": "last", "classes": ["o", "x"] } });
    let forecast = json!({
        "input": { "series": {
            "time": "date", "target": ["orders"], "past": ["visits"], "known": ["price", "holiday"],
            "calendar": ["dayOfWeek", "dayOfYear"], "window": 56, "horizon": 7,
        } },
        "layers": [{ "kind": "gru", "hiddenSize": 32 }, dense],
    });
    let lesson = json!({ "input": { "size": 2 }, "layers": [{ "kind": "rnn", "hiddenSize": 2 }], "output": { "at": "every" }, "seed": 7 });
    let text = json!({
        "input": { "vocabulary": ["a", "b", "c"] }, "init": "pytorch", "seed": 1,
        "layers": [{ "kind": "embedding", "units": 64, "name": "encoder" }, lstm, { "kind": "dense", "name": "decoder" }],
    });
    let decay = json!({ "kind": "stepDecay", "initial": 2e-3, "every": 5000, "factor": 0.5 });
    for (model, run, data) in [
        (gestures, json!({ "validationSplit": { "fraction": 0.2, "from": "random" } }), DataKind::Samples),
        (
            forecast,
            json!({ "patience": 10, "validationSplit": 0.1, "optimizer": { "kind": "adam", "learningRate": 3e-3 } }),
            DataKind::Series,
        ),
        (
            lesson,
            json!({
                "optimizer": { "kind": "sgd", "learningRate": 0.1, "momentum": 0.9 }, "steps": 200, "batchSize": "full",
                "clip": "none", "recordEvery": 1,
            }),
            DataKind::Samples,
        ),
        (
            text,
            json!({
                "steps": 20_000, "batchSize": 32, "window": 64, "carryState": true, "validationSplit": 0.1,
                "optimizer": { "kind": "adam", "learningRate": decay }, "clip": { "norm": 1 },
            }),
            DataKind::Text,
        ),
    ] {
        let model = ModelDescription::from_json(&model.to_string()).expect("right");
        let run = RunDescription::from_json(&run.to_string()).expect("right");
        let context = Context { data, validation_data: false };
        assert!(run.resolve(&model, context).is_ok(), "{}", run.to_json());
    }
}

#[test]
fn options_of_calls() {
    let trainer = TrainerOptions::from_json(r#"{"optimizer":"sgd","seed":3}"#).expect("right");
    assert_eq!((trainer.update.rate, trainer.seed), (Schedule::Constant { rate: 0.01 }, 3));
    assert!(message(TrainerOptions::from_json(r#"{"epochs":3}"#)).starts_with("epochs: unknown option"));
    let online = OnlineOptions::from_json("{}").expect("right");
    assert_eq!((online.truncation, online.update.rate), (16, Schedule::Constant { rate: 3e-3 }));
    assert_eq!((online.update.penalty.l1, online.update.penalty.l2), (0.0, 0.0));
    let nesterov = r#"{"optimizer":{"kind":"sgd","nesterov":true}}"#;
    assert_eq!(message(OnlineOptions::from_json(nesterov)), "optimizer.nesterov: needs a momentum above 0");
    let predict = PredictOptions::from_json(r#"{"raw":true}"#).expect("right");
    assert_eq!(predict, PredictOptions { raw: true, hidden: false });
    assert_eq!(EvaluateOptions::from_json("{}").expect("right").metrics, None);
    let evaluate = EvaluateOptions::from_json(r#"{"metrics":["mape","loss"]}"#).expect("right");
    assert_eq!(evaluate.metrics, Some(vec![Metric::Mape, Metric::Loss]));
    assert!(GradientsOptions::from_json(r#"{"values":true}"#).expect("right").values);
    assert_eq!(ForecastOptions::from_json(r#"{"steps":9}"#).expect("right").steps, Some(9));
    let generate = GenerateOptions::from_json(r#"{"topK":5,"stop":"\n"}"#).expect("right");
    let expected = GenerateOptions { length: 200, temperature: 1.0, top_k: Some(5), stop: Some("\n".into()), seed: 0 };
    assert_eq!(generate, expected);
}
