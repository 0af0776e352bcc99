//! A checked learning rate, as `optim` takes it.

use super::rules::{number, word};
use super::words::unknown;
use crate::json::Value;
use optim::Schedule;
use optim::schedules::*;

pub(super) fn schedule(rate: &Value) -> Schedule {
    let (n, count) = (|field: &str| number(&rate[field]), |field: &str| rate[field].as_u64().unwrap_or_default());
    let list = |field: &str| rate[field].as_array().into_iter().flatten();
    let (counts, numbers) = (
        |field: &str| list(field).filter_map(Value::as_u64).collect::<Vec<u64>>(),
        |field: &str| list(field).map(number).collect::<Vec<f64>>(),
    );
    let schedules = || list("schedules").map(schedule).collect();
    let momentum = || (rate["cycleMomentum"] == true).then(|| (n("baseMomentum"), n("maximumMomentum")));
    let (initial, factor, every, steps, last) = (n("initial"), n("factor"), count("every"), count("steps"), n("final"));
    let staircase = rate["staircase"] == true;
    let per = if rate["per"] == "epoch" { Per::Epoch } else { Per::Step };
    match word(&rate["kind"]) {
        "stepDecay" => StepDecay { initial, every, factor, per }.into(),
        "multiStepDecay" => MultiStepDecay { initial, milestones: counts("milestones"), factor, per }.into(),
        "piecewiseConstant" => {
            PiecewiseConstant { boundaries: counts("boundaries"), rates: numbers("rates"), per }.into()
        }
        "rateTable" => RateTable { rates: numbers("rates"), per }.into(),
        "exponentialDecay" => ExponentialDecay { initial, factor, every, staircase, per }.into(),
        "inverseTimeDecay" => InverseTimeDecay { initial, decay: n("decay"), every, staircase, per }.into(),
        "polynomialDecay" => PolynomialDecay { initial, steps, power: n("power"), last, per }.into(),
        "noam" => Noam { size: count("size"), warmup: count("warmup"), scale: n("scale"), per }.into(),
        "linearRamp" => LinearRamp { initial, start: n("startFactor"), end: n("endFactor"), steps, per }.into(),
        "constantFactor" => ConstantFactor { initial, factor, steps, per }.into(),
        "cosineDecay" => CosineDecay { initial, steps, warmup: count("warmup"), last, per }.into(),
        "cosineAnnealing" => CosineAnnealing { initial, steps, last, per }.into(),
        "cosineWarmRestarts" => {
            CosineWarmRestarts { initial, steps, multiplier: count("multiplier"), last, per }.into()
        }
        "oneCycle" => OneCycle {
            maximum: n("maximum"),
            steps,
            rising: n("risingShare"),
            annealing: if rate["annealing"] == "linear" { Annealing::Linear } else { Annealing::Cosine },
            three_phases: rate["threePhases"] == true,
            divisor: n("divisor"),
            final_divisor: n("finalDivisor"),
            momentum: momentum(),
            per,
        }
        .into(),
        "cyclic" => Cyclic {
            base: n("base"),
            maximum: n("maximum"),
            up: count("up"),
            down: count("down"),
            cycles: match word(&rate["mode"]) {
                "triangular2" => Cycles::Triangular2,
                "exponentialRange" => Cycles::ExponentialRange(factor),
                "triangular" => Cycles::Triangular,
                _ => unknown(),
            },
            momentum: momentum(),
            per,
        }
        .into(),
        "reduceOnPlateau" => ReduceOnPlateau {
            initial: Box::new(schedule(&rate["initial"])),
            factor,
            mode: if rate["mode"] == "max" { Mode::Larger } else { Mode::Smaller },
            patience: count("patience"),
            threshold: if rate["thresholdMode"] == "absolute" {
                Threshold::Absolute(n("threshold"))
            } else {
                Threshold::Relative(n("threshold"))
            },
            cooldown: count("cooldown"),
            minimum: n("minimum"),
            epsilon: n("epsilon"),
        }
        .into(),
        "sequential" => Sequential { schedules: schedules(), milestones: counts("milestones"), per }.into(),
        "chained" => Chained { schedules: schedules() }.into(),
        "warmup" => Warmup { steps, from: n("from"), to: Box::new(schedule(&rate["to"])), per }.into(),
        // A number.
        "" => Schedule::Constant { rate: number(rate) },
        _ => unknown(),
    }
}
