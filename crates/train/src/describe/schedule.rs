//! A checked learning rate, as `optim` takes it.

use super::rules::{number, word};
use crate::json::Value;
use optim::Schedule;

pub(super) fn schedule(rate: &Value) -> Schedule {
    let (n, count) = (|field: &str| number(&rate[field]), |field: &str| rate[field].as_u64().unwrap_or_default());
    let initial = n("initial");
    match word(&rate["kind"]) {
        "stepDecay" => Schedule::StepDecay { initial, every: count("every"), factor: n("factor") },
        "cosineDecay" => {
            Schedule::CosineDecay { initial, steps: count("steps"), warmup: count("warmup"), last: n("final") }
        }
        _ => Schedule::Constant { rate: number(rate) },
    }
}
