//! What all updates share, as `optim` takes it.

use super::rules::{number, word};
use super::schedule::schedule;
use crate::json::Value;
use optim::{Adam, AdamW, Clip, Optimizer, RmsProp, Schedule, Sgd};

/// How gradients become updates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    pub optimizer: Optimizer,
    pub rate: Schedule,
    pub clip: Clip,
    pub penalty: Penalty,
}

/// Added to the gradient of weights, not of biases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalty {
    pub l1: f64,
    pub l2: f64,
}

impl Update {
    /// From checked options: those of a run, of a trainer, or of an online learner (which has no penalty).
    pub(super) fn of(options: &Value) -> Update {
        Update {
            optimizer: optimizer(&options["optimizer"]),
            rate: schedule(&options["optimizer"]["learningRate"]),
            clip: clip(&options["clip"]),
            penalty: Penalty { l1: number(&options["penalty"]["l1"]), l2: number(&options["penalty"]["l2"]) },
        }
    }
}

fn optimizer(o: &Value) -> Optimizer {
    let n = |field: &str| number(&o[field]);
    let (beta1, beta2, epsilon, momentum) = (n("beta1"), n("beta2"), n("epsilon"), n("momentum"));
    match word(&o["kind"]) {
        "sgd" => Sgd { momentum, nesterov: o["nesterov"] == true }.into(),
        "rmsprop" => RmsProp { alpha: n("alpha"), momentum, centered: o["centered"] == true, epsilon }.into(),
        "adamw" => AdamW { beta1, beta2, epsilon, weight_decay: n("weightDecay") }.into(),
        _ => Adam { beta1, beta2, epsilon }.into(),
    }
}

fn clip(clip: &Value) -> Clip {
    match (clip["norm"].as_f64(), clip["value"].as_f64()) {
        (Some(norm), _) => Clip::Norm(norm),
        (_, Some(value)) => Clip::Value(value),
        _ => Clip::None,
    }
}
