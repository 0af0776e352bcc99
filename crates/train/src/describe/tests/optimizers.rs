//! Optimisers as `optim` takes them: every default, every option, every refusal.

use super::*;
use crate::average::Average;
use crate::describe::rows::optimizers::OPTIMIZER;
use crate::describe::rows::run::RUN;
use crate::describe::table::{Default, Field, Kind};
use optim::{
    Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Asgd, Lamb, Lbfgs, Lion, Muon, NAdam, Optimizer, Prodigy, RAdam,
    RmsProp, Rprop, Schedule, ScheduleFree, Sgd,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Each kind, as `optim`'s own defaults have it, with PyTorch's rate.
fn defaults() -> Vec<(&'static str, Optimizer, f64)> {
    vec![
        ("adam", Adam::default().into(), 1e-3),
        ("adamw", AdamW::default().into(), 1e-3),
        ("sgd", Sgd::default().into(), 0.01),
        ("rmsprop", RmsProp::default().into(), 0.01),
        ("nadam", NAdam::default().into(), 2e-3),
        ("radam", RAdam::default().into(), 1e-3),
        ("adamax", Adamax::default().into(), 2e-3),
        ("adagrad", Adagrad::default().into(), 0.01),
        ("adadelta", Adadelta::default().into(), 1.0),
        ("asgd", Asgd::default().into(), 0.01),
        ("rprop", Rprop::default().into(), 0.01),
        ("adafactor", Adafactor::default().into(), 0.01),
        ("muon", Muon::default().into(), 1e-3),
        ("lion", Lion::default().into(), 1e-4),
        ("lamb", Lamb::default().into(), 1e-3),
        ("scheduleFree", ScheduleFree::default().into(), 2.5e-3),
        ("prodigy", Prodigy::default().into(), 1.0),
        ("lbfgs", Lbfgs::default().into(), 1.0),
    ]
}

#[test]
fn a_name_alone_has_the_defaults_of_that_optimiser() {
    for (name, optimizer, rate) in defaults() {
        for said in [json!(name), json!({ "kind": name })] {
            let update = run(json!({ "optimizer": said })).expect("right").update;
            assert_eq!((update.optimizer, update.rate), (optimizer, Schedule::Constant { rate }), "{name}");
        }
    }
}

#[test]
fn every_kind_may_be_said_by_its_name() {
    let kinds: Vec<&str> = OPTIMIZER.of.iter().map(|o| o.kind()).collect();
    assert_eq!(defaults().iter().map(|d| d.0).collect::<Vec<_>>(), kinds);
    let field: &Field = RUN.fields().find(|f| f.name == "optimizer").expect("a row");
    let Kind::Either(union) = &field.kind else { panic!("an optimiser or its name") };
    let Kind::Word(words) = &union.of[1] else { panic!("names") };
    assert_eq!(words.now, kinds);
}

#[test]
fn averages_go_with_optimisers_that_do_not_average() {
    let average = |average: Value| run(json!({ "average": average })).expect("right").update.average;
    assert_eq!(average(json!({ "kind": "ema" })), Some(Average::Ema { decay: 0.999 }));
    assert_eq!(average(json!({ "kind": "swa", "start": 9 })), Some(Average::Swa { start: 9, every: 1 }));
    for kind in ["asgd", "scheduleFree"] {
        let refused = run(json!({ "optimizer": kind, "average": { "kind": "ema" } }));
        assert_eq!(message(refused), "average: the optimizer averages weights itself");
    }
}

/// Each option arrives with its value in the field of its name, and in no other; its default, said, is as if it were not said.
#[test]
fn every_option_arrives() {
    for (name, _, _) in defaults() {
        let object = OPTIMIZER.of.iter().find(|o| o.kind() == name).expect("a kind");
        // What some options need.
        let base = match name {
            "sgd" => json!({ "kind": name, "momentum": 0.5 }),
            _ => json!({ "kind": name }),
        };
        for field in object.fields() {
            let path = format!("{name}.{}", field.name);
            let value = match field.kind {
                Kind::Bool => json!(base[field.name] != true && field.default != Default::Is("true")),
                Kind::List(..) => json!([1, 2, 3]),
                Kind::Word(words) => json!(words.now[1]),
                _ if field.name == "beta2Decay" => json!(-0.25),
                Kind::Integer(_) => json!(7),
                _ if field.name == "etaPlus" => json!(1.75),
                _ => json!(0.375),
            };
            let with = |value: Value| {
                let mut said = base.clone();
                said[field.name] = value;
                fields(&said)
            };
            let (plain, changed) = (fields(&base), with(value.clone()));
            let changed: Vec<_> = changed.iter().filter(|pair| !plain.contains(pair)).collect();
            let own = (own_name(field.name), own_value(field.name, &value));
            // What follows from another: a rule, not the option itself.
            let expected = match field.name {
                "maxIterations" => vec![own, ("max_evaluations".into(), "8".into())],
                _ => vec![own],
            };
            assert_eq!(changed, expected.iter().collect::<Vec<_>>(), "{path}");
            if let Default::Is(text) = field.default {
                let mut without = base.clone();
                without.as_object_mut().expect("an object").remove(field.name);
                assert_eq!(with(parsed(text)), fields(&without), "{path}");
            }
        }
    }
}

/// The fields of what `optim` is given, and the rate, as Debug shows them: `momentum: 0.5`.
fn fields(optimizer: &Value) -> Vec<(String, String)> {
    let update = run(json!({ "optimizer": optimizer })).expect("right").update;
    let shown = [format!("{:?}", update.optimizer), format!("{:?}", update.rate)].map(|text| {
        let (open, close) = (text.find('{').map_or(0, |at| at + 1), text.rfind('}').unwrap_or(text.len()));
        text[open..close].trim().to_string()
    });
    let mut fields: Vec<(String, String)> = Vec::new();
    for piece in shown.iter().flat_map(|text| text.split(", ")) {
        match (piece.split_once(": "), fields.last_mut()) {
            (Some((name, value)), _) => fields.push((name.into(), value.into())),
            // Of a list.
            (None, Some((_, value))) => *value += &format!(", {piece}"),
            (None, None) => panic!("{piece}"),
        }
    }
    fields
}

/// The field of `optim` that an option is for.
fn own_name(option: &str) -> String {
    let other = match option {
        "learningRate" => "rate",
        "decoupledWeightDecay" => "decoupled",
        "etaMinus" => "decrease",
        "etaPlus" => "increase",
        "smallestStep" => "smallest",
        "largestStep" => "largest",
        "newtonSchulzSteps" => "steps",
        "adjustRate" => "adjustment",
        "t0" => "start",
        "dCoefficient" => "coefficient",
        "historySize" => "history",
        "lineSearch" => "strong_wolfe",
        _ => {
            let snake = option.chars().flat_map(|c| {
                let word = c.is_ascii_uppercase().then_some('_');
                word.into_iter().chain([c.to_ascii_lowercase()])
            });
            return snake.collect();
        }
    };
    other.into()
}

/// As Debug shows it.
fn own_value(option: &str, value: &Value) -> String {
    match (option, value) {
        ("lineSearch", _) => "true".into(),
        ("adjustRate", _) => "MatchRmsAdamW".into(),
        (_, Value::Array(list)) => format!("{:?}", list.iter().filter_map(Value::as_f64).collect::<Vec<_>>()),
        // Integers, where the table has a number: 1e6 of ASGD's t0.
        ("t0", _) => format!("{:?}", value.as_f64().expect("a number")),
        (_, Value::Number(number)) if number.is_f64() => format!("{:?}", number.as_f64().expect("a number")),
        _ => value.to_string(),
    }
}

#[test]
fn what_does_not_go_together() {
    let decay = json!({ "kind": "stepDecay", "initial": 0.1, "every": 5, "factor": 0.5 });
    for (optimizer, expected) in [
        (json!({ "kind": "sgd", "nesterov": true }), "nesterov: needs a momentum above 0"),
        (json!({ "kind": "sgd", "dampening": 0.1 }), "dampening: needs a momentum above 0"),
        (
            json!({ "kind": "sgd", "dampening": 0.1, "nesterov": true, "momentum": 0.9 }),
            "dampening: does not go with nesterov",
        ),
        (
            json!({ "kind": "rprop", "learningRate": decay }),
            "learningRate: rprop has a step size for each parameter: give the number that they start from",
        ),
        (
            json!({ "kind": "adam", "hypergradient": 1e-4, "learningRate": decay }),
            "hypergradient: finds the rate itself: learningRate has to be the number that it starts from",
        ),
        (json!({ "kind": "adafactor", "beta2Decay": 0.1 }), "beta2Decay: expected a number up to 0, got 0.1"),
        (json!({ "kind": "adafactor", "epsilon1": 1e-30 }), "epsilon1: expected a number from 1e-15, got 1e-30"),
        (json!({ "kind": "muon", "coefficients": [1, 2] }), "coefficients: expected three numbers, got 2"),
        (
            json!({ "kind": "muon", "adjustRate": "rms" }),
            "adjustRate: expected \"original\" or \"matchRmsAdamW\", got \"rms\"",
        ),
        (json!({ "kind": "rprop", "etaMinus": 1 }), "etaMinus: expected a number below 1, got 1"),
        (json!({ "kind": "rprop", "etaPlus": 1 }), "etaPlus: expected a number above 1, got 1"),
        (
            json!({ "kind": "rprop", "smallestStep": 2, "largestStep": 1 }),
            "largestStep: expected a number from the smallestStep 2, got 1",
        ),
        (json!({ "kind": "adam", "weightDecay": -1 }), "weightDecay: expected a number from 0, got -1"),
        (json!({ "kind": "adagrad", "epsilon": 0 }), "epsilon: expected a number above 0, got 0"),
    ] {
        let refused = message(run(json!({ "optimizer": optimizer })));
        assert_eq!(refused, format!("optimizer.{expected}"), "{optimizer}");
    }
}
