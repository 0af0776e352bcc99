//! Schedules: as `optim` takes them, what follows from what, what is refused.

use super::*;
use crate::describe::calls::{OnlineOptions, TrainerOptions};
use crate::describe::metric::Metric;
use crate::describe::run::{Context, DataKind};
use optim::Schedule;
use optim::schedules::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn described(rate: Value) -> Result<RunDescription, Error> {
    run(json!({ "optimizer": { "kind": "adam", "learningRate": rate } }))
}

fn schedule(rate: Value) -> Schedule {
    described(rate).expect("right").update.rate
}

fn filled(rate: Value) -> Value {
    parsed(&described(rate).expect("right").to_json())["optimizer"]["learningRate"].clone()
}

/// Every schedule with what it needs alone, and with all that it may have.
#[test]
fn schedules_as_optim_takes_them() {
    let (per, epoch) = (Per::Step, Per::Epoch);
    let constant = |rate| Box::new(Schedule::Constant { rate });
    for (json, expected) in [
        (
            json!({ "kind": "stepDecay", "initial": 2e-3, "every": 5000, "factor": 0.5 }),
            StepDecay { initial: 2e-3, every: 5000, factor: 0.5, per }.into(),
        ),
        (
            json!({ "kind": "multiStepDecay", "initial": 0.1, "milestones": [3, 5, 5], "factor": 0.5, "per": "epoch" }),
            MultiStepDecay { initial: 0.1, milestones: vec![3, 5, 5], factor: 0.5, per: epoch }.into(),
        ),
        (
            json!({ "kind": "piecewiseConstant", "boundaries": [3, 5], "rates": [0.1, 0.2, 0] }),
            PiecewiseConstant { boundaries: vec![3, 5], rates: vec![0.1, 0.2, 0.0], per }.into(),
        ),
        (json!({ "kind": "rateTable", "rates": [0.1, 0.2] }), RateTable { rates: vec![0.1, 0.2], per }.into()),
        (
            json!({ "kind": "exponentialDecay", "initial": 0.1, "factor": 0.9 }),
            ExponentialDecay { initial: 0.1, factor: 0.9, every: 1, staircase: false, per }.into(),
        ),
        (
            json!({ "kind": "exponentialDecay", "initial": 0.1, "factor": 0.9, "every": 7, "staircase": true }),
            ExponentialDecay { initial: 0.1, factor: 0.9, every: 7, staircase: true, per }.into(),
        ),
        (
            json!({ "kind": "inverseTimeDecay", "initial": 0.1, "decay": 0.5 }),
            InverseTimeDecay { initial: 0.1, decay: 0.5, every: 1, staircase: false, per }.into(),
        ),
        (
            json!({ "kind": "polynomialDecay", "initial": 0.1, "steps": 9, "power": 2, "final": 0.01 }),
            PolynomialDecay { initial: 0.1, steps: 9, power: 2.0, last: 0.01, per }.into(),
        ),
        (
            json!({ "kind": "noam", "size": 64, "warmup": 100, "scale": 2, "per": "step" }),
            Noam { size: 64, warmup: 100, scale: 2.0, per }.into(),
        ),
        (
            json!({ "kind": "linearRamp", "initial": 0.1, "startFactor": 0.2, "steps": 5 }),
            LinearRamp { initial: 0.1, start: 0.2, end: 1.0, steps: 5, per }.into(),
        ),
        (
            json!({ "kind": "constantFactor", "initial": 0.1, "factor": 0.2, "steps": 5 }),
            ConstantFactor { initial: 0.1, factor: 0.2, steps: 5, per }.into(),
        ),
        (
            json!({ "kind": "cosineDecay", "initial": 0.1, "steps": 100 }),
            CosineDecay { initial: 0.1, steps: 100, warmup: 0, last: 0.0, per }.into(),
        ),
        (
            json!({ "kind": "cosineDecay", "initial": 0.1, "steps": 100, "warmup": 10, "final": 0.01, "per": "epoch" }),
            CosineDecay { initial: 0.1, steps: 100, warmup: 10, last: 0.01, per: epoch }.into(),
        ),
        (
            json!({ "kind": "cosineAnnealing", "initial": 0.1, "steps": 100 }),
            CosineAnnealing { initial: 0.1, steps: 100, last: 0.0, per }.into(),
        ),
        (
            json!({ "kind": "cosineWarmRestarts", "initial": 0.1, "steps": 10, "multiplier": 2 }),
            CosineWarmRestarts { initial: 0.1, steps: 10, multiplier: 2, last: 0.0, per }.into(),
        ),
        (
            json!({ "kind": "oneCycle", "maximum": 0.1, "steps": 100, "threePhases": true, "annealing": "linear", "cycleMomentum": false }),
            OneCycle {
                maximum: 0.1,
                steps: 100,
                rising: 0.3,
                annealing: Annealing::Linear,
                three_phases: true,
                divisor: 25.0,
                final_divisor: 1e4,
                momentum: None,
                per,
            }
            .into(),
        ),
        (
            json!({
                "kind": "cyclic", "base": 0.1, "maximum": 0.2, "up": 7, "mode": "exponentialRange", "factor": 0.9,
                "baseMomentum": 0.25,
            }),
            Cyclic {
                base: 0.1,
                maximum: 0.2,
                up: 7,
                down: 7,
                cycles: Cycles::ExponentialRange(0.9),
                momentum: Some((0.25, 0.9)),
                per,
            }
            .into(),
        ),
        (
            json!({ "kind": "reduceOnPlateau", "initial": 0.1 }),
            ReduceOnPlateau {
                initial: constant(0.1),
                factor: 0.1,
                mode: Mode::Smaller,
                patience: 10,
                threshold: Threshold::Relative(1e-4),
                cooldown: 0,
                minimum: 0.0,
                epsilon: 1e-8,
            }
            .into(),
        ),
        (
            json!({
                "kind": "reduceOnPlateau", "initial": 0.1, "factor": 0.5, "metric": "accuracy", "mode": "max", "patience": 2,
                "threshold": 0.1, "thresholdMode": "absolute", "cooldown": 3, "minimum": 0.01, "epsilon": 0,
            }),
            ReduceOnPlateau {
                initial: constant(0.1),
                factor: 0.5,
                mode: Mode::Larger,
                patience: 2,
                threshold: Threshold::Absolute(0.1),
                cooldown: 3,
                minimum: 0.01,
                epsilon: 0.0,
            }
            .into(),
        ),
        (
            json!({ "kind": "chained", "schedules": [0.1, { "kind": "rateTable", "rates": [1, 2] }] }),
            Chained { schedules: vec![*constant(0.1), RateTable { rates: vec![1.0, 2.0], per }.into()] }.into(),
        ),
        (
            json!({ "kind": "sequential", "schedules": [0.1, 0.2, 0.3], "milestones": [4, 9] }),
            Sequential { schedules: [0.1, 0.2, 0.3].map(|r| *constant(r)).to_vec(), milestones: vec![4, 9], per }
                .into(),
        ),
        (
            json!({ "kind": "warmup", "steps": 5, "to": 0.1, "from": 0.25 }),
            Warmup { steps: 5, from: 0.25, to: constant(0.1), per }.into(),
        ),
    ] {
        assert_eq!(schedule(json.clone()), expected, "{json}");
    }
}

#[test]
fn momentum_is_cycled_where_there_is_one() {
    let cycle = json!({ "kind": "oneCycle", "maximum": 0.1, "steps": 9 });
    let triangle = json!({ "kind": "cyclic", "base": 0.1, "maximum": 0.2 });
    let of = |optimizer: Value, rate: &Value| {
        let mut optimizer = optimizer;
        optimizer["learningRate"] = rate.clone();
        run(json!({ "optimizer": optimizer })).map(|run| parsed(&run.to_json())["optimizer"]["learningRate"].clone())
    };
    let momentum = |optimizer: Value, rate: &Value| {
        let filled = of(optimizer, rate).expect("right");
        (filled["cycleMomentum"].clone(), filled["baseMomentum"].clone(), filled["maximumMomentum"].clone())
    };
    let sgd = |momentum: f64| json!({ "kind": "sgd", "momentum": momentum });
    let none = (json!(false), Value::Null, Value::Null);
    assert_eq!(momentum(json!({ "kind": "adam" }), &cycle), (json!(true), json!(0.85), json!(0.95)));
    assert_eq!(momentum(sgd(0.5), &triangle), (json!(true), json!(0.8), json!(0.9)));
    assert_eq!(momentum(sgd(0.0), &triangle), none);
    assert_eq!(momentum(json!({ "kind": "adadelta" }), &cycle), none);
    let nested = json!({ "kind": "warmup", "steps": 3, "to": cycle });
    assert_eq!(of(sgd(0.5), &nested).expect("right")["to"]["baseMomentum"], json!(0.85));

    let with = |changes: Value| {
        let mut rate = triangle.clone();
        changes.as_object().expect("fields").iter().for_each(|(name, value)| rate[name] = value.clone());
        rate
    };
    let refused = |optimizer: Value, changes: Value| message(of(optimizer, &with(changes)));
    assert_eq!(
        refused(sgd(0.0), json!({ "cycleMomentum": true })),
        "optimizer.learningRate.cycleMomentum: needs an optimiser with a momentum above 0, or with beta1"
    );
    assert_eq!(
        refused(sgd(0.9), json!({ "baseMomentum": 0.9, "maximumMomentum": 0.5 })),
        "optimizer.learningRate.maximumMomentum: expected a number from the baseMomentum 0.9 on, got 0.5"
    );
    assert_eq!(momentum(sgd(0.9), &with(json!({ "baseMomentum": 0.1 }))), (json!(true), json!(0.1), json!(0.9)));
    assert_eq!(momentum(sgd(0.9), &with(json!({ "cycleMomentum": false }))), none);
}

#[test]
fn the_unit_is_that_of_the_schedule_around() {
    let table = json!({ "kind": "rateTable", "rates": [1] });
    let steps = json!({ "kind": "rateTable", "rates": [1], "per": "step" });
    let given = json!({
        "kind": "sequential", "per": "epoch", "milestones": [3],
        "schedules": [{ "kind": "warmup", "steps": 2, "to": table }, { "kind": "chained", "schedules": [table, steps] }],
    });
    let filled = filled(given);
    assert_eq!(filled["schedules"][0]["per"], "epoch");
    assert_eq!(filled["schedules"][0]["to"]["per"], "epoch");
    let chained = &filled["schedules"][1];
    assert!(chained["per"].is_null(), "a product counts nothing");
    assert_eq!((&chained["schedules"][0]["per"], &chained["schedules"][1]["per"]), (&json!("epoch"), &json!("step")));
    assert_eq!(self::filled(table)["per"], "step");
}

#[test]
fn what_is_wrong_with_a_schedule() {
    let table = json!({ "kind": "rateTable", "rates": [1] });
    let plateau = json!({ "kind": "reduceOnPlateau", "initial": 0.1 });
    for (rate, expected) in [
        (
            json!({ "kind": "sequential", "schedules": [0.1, 0.2], "milestones": [] }),
            "schedules: expected 1 of them, as there are 0 milestones, got 2",
        ),
        (
            json!({ "kind": "sequential", "schedules": [0.1, 0.2, 0.3], "milestones": [4, 4] }),
            "milestones[1]: expected an integer above the 4 before it, got 4",
        ),
        (
            json!({ "kind": "sequential", "schedules": [0.1, { "kind": "sequential", "schedules": [0.1, table], "milestones": [] }], "milestones": [2] }),
            "schedules[1].schedules: expected 1 of them, as there are 0 milestones, got 2",
        ),
        (
            json!({ "kind": "sequential", "schedules": [0.1, 0], "milestones": [2] }),
            "schedules[1]: expected a number above 0, got 0",
        ),
        (
            json!({ "kind": "piecewiseConstant", "boundaries": [5], "rates": [1, 2, 3] }),
            "rates: expected 2 of them, as there are 1 boundaries, got 3",
        ),
        (
            json!({ "kind": "piecewiseConstant", "boundaries": [5, 2], "rates": [1, 2, 3] }),
            "boundaries[1]: expected an integer above the 5 before it, got 2",
        ),
        (json!({ "kind": "rateTable", "rates": [] }), "rates: expected a list of at least one, got an empty one"),
        (
            json!({ "kind": "piecewiseConstant", "boundaries": [3], "rates": [] }),
            "rates: expected a list of at least 2, got an empty one",
        ),
        (
            json!({ "kind": "piecewiseConstant", "boundaries": [3], "rates": [1] }),
            "rates: expected a list of at least 2, got 1",
        ),
        (json!({ "kind": "rateTable", "rates": [1, -1] }), "rates[1]: expected a number from 0, got -1"),
        (
            json!({ "kind": "multiStepDecay", "initial": 1, "factor": 0.5, "milestones": [1.5] }),
            "milestones[0]: expected an integer from 0, got 1.5",
        ),
        (
            json!({ "kind": "cyclic", "base": 0.2, "maximum": 0.1 }),
            "maximum: expected a number from the base 0.2 on, got 0.1",
        ),
        (
            json!({ "kind": "cyclic", "base": 0.1, "maximum": 0.2, "mode": "exponentialRange" }),
            "factor: expected a number above 0, got nothing",
        ),
        (
            json!({ "kind": "cyclic", "base": 0.1, "maximum": 0.2, "factor": 0.9 }),
            "factor: is for the mode \"exponentialRange\"",
        ),
        (
            json!({ "kind": "cyclic", "base": 0.1, "maximum": 0.2, "cycleMomentum": false, "baseMomentum": 0.5 }),
            "baseMomentum: needs cycleMomentum",
        ),
        (
            json!({ "kind": "reduceOnPlateau", "initial": 0.1, "metric": "accuracy" }),
            "mode: expected \"min\" or \"max\", as the metric is not the loss, got nothing",
        ),
        (
            json!({ "kind": "reduceOnPlateau", "initial": 0.1, "factor": 1 }),
            "factor: expected a number from 0, below 1, got 1",
        ),
        (
            json!({ "kind": "warmup", "steps": 3, "to": plateau }),
            "to: reduceOnPlateau stands outermost: what it reduces is its `initial`",
        ),
        (json!({ "kind": "warmup", "steps": 0, "to": 1 }), "steps: expected a positive integer, got 0"),
        (
            json!({ "kind": "stepDecay", "initial": 1, "every": 1, "factor": 0.5, "per": "batch" }),
            "per: expected \"step\" or \"epoch\", got \"batch\"",
        ),
    ] {
        let expected = ["optimizer.learningRate.", expected].concat();
        assert_eq!(message(described(rate.clone())), expected, "{rate}");
    }
}

#[test]
fn without_epochs_there_is_nothing_to_count_by() {
    let epochs = json!({ "kind": "stepDecay", "initial": 1, "every": 1, "factor": 0.5, "per": "epoch" });
    let plateau = json!({ "kind": "reduceOnPlateau", "initial": 0.1 });
    for (rate, expected) in [
        (&epochs, "optimizer.learningRate.per: there are no epochs here, only steps"),
        (
            &json!({ "kind": "warmup", "steps": 3, "to": epochs }),
            "optimizer.learningRate.to.per: there are no epochs here, only steps",
        ),
        (
            &json!({ "kind": "chained", "schedules": [0.1, epochs] }),
            "optimizer.learningRate.schedules[1].per: there are no epochs here, only steps",
        ),
        (&plateau, "optimizer.learningRate: reduceOnPlateau looks at epochs, of which there are none here"),
    ] {
        let options = json!({ "optimizer": { "kind": "sgd", "learningRate": rate } }).to_string();
        assert_eq!(message(TrainerOptions::from_json(&options)), expected);
        assert_eq!(message(OnlineOptions::from_json(&options)), expected);
        RunDescription::from_json(&options).expect("a run has epochs");
    }
}

#[test]
fn a_plateau_looks_at_what_the_run_reports() {
    let resolved = |metric: &str, metrics: Value| {
        let rate = json!({ "kind": "reduceOnPlateau", "initial": 0.1, "metric": metric, "mode": "max" });
        let mut given = json!({ "optimizer": { "kind": "sgd", "learningRate": rate } });
        if !metrics.is_null() {
            given["metrics"] = metrics;
        }
        let description = json!({
            "input": { "size": 3 }, "layers": [{ "kind": "lstm", "hiddenSize": 4 }], "output": { "at": "last", "classes": 4 },
        });
        let context = Context { data: DataKind::Samples, validation_data: false };
        run(given).expect("right").resolve(&model(description).expect("right"), context)
    };
    assert_eq!(resolved("accuracy", Value::Null).expect("the default of classes").watched, Some(Metric::Accuracy));
    assert_eq!(resolved("loss", json!([])).expect("always there").watched, Some(Metric::Loss));
    assert_eq!(
        message(resolved("perplexity", json!(["accuracy"]))),
        "optimizer.learningRate.metric: expected \"loss\" or one of the run's metrics (\"accuracy\"), got \"perplexity\""
    );
    assert_eq!(run(json!({})).expect("right").watched, None);
}
