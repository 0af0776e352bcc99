//! When a run ends before its time, and what it does when it diverges, as the session reads it.

use super::rules::number;
use super::words::words;
use crate::error::Error;
use crate::json::Value;

/// The rules that are looked at when an epoch ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stopping {
    /// Mean loss of an epoch, and loss of the validation part, at which it stops.
    pub loss: Option<f64>,
    pub validation_loss: Option<f64>,
    /// Mean norm of an epoch's gradients, before clipping.
    pub gradient_norm: Option<f64>,
    pub min_improvement: Option<MinImprovement>,
    /// Known once resolved, with validation.
    pub patience: Option<u64>,
    pub min_delta: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MinImprovement {
    pub fraction: f64,
    pub epochs: u64,
    pub monitor: Monitor,
}

/// Another try after a divergence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RollBack {
    pub factor: f64,
    pub times: u64,
}

words! {
    /// The loss that a rule looks at.
    Monitor {
        Loss = "loss",
        ValidationLoss = "validationLoss",
    }
}

impl Stopping {
    /// From checked options.
    pub(super) fn of(run: &Value) -> Stopping {
        let improvement = &run["minImprovement"];
        Stopping {
            loss: run["target"]["loss"].as_f64(),
            validation_loss: run["target"]["validationLoss"].as_f64(),
            gradient_norm: run["gradientNorm"].as_f64(),
            min_improvement: improvement.as_object().map(|_| MinImprovement {
                fraction: number(&improvement["fraction"]),
                epochs: improvement["epochs"].as_u64().unwrap_or(1),
                monitor: Monitor::of(&improvement["monitor"]),
            }),
            patience: run["patience"].as_u64(),
            min_delta: number(&run["minDelta"]),
        }
    }

    /// The option that looks at a validation part, if one does.
    pub(super) fn needs_validation(&self, run: &Value) -> Option<&'static str> {
        let improvement = self.min_improvement.is_some_and(|m| m.monitor == Monitor::ValidationLoss);
        [
            ("patience", self.patience.is_some()),
            ("minDelta", !run["minDelta"].is_null()),
            ("target.validationLoss", self.validation_loss.is_some()),
            ("minImprovement.monitor", improvement),
        ]
        .into_iter()
        .find_map(|(option, given)| given.then_some(option))
    }
}

impl RollBack {
    pub(super) fn of(run: &Value) -> Option<RollBack> {
        let back = &run["onDivergence"]["rollBack"];
        back.as_object()
            .map(|_| RollBack { factor: number(&back["factor"]), times: back["times"].as_u64().unwrap_or(1) })
    }
}

/// What the table cannot say of these options.
///
/// # Errors
/// `ConfigError`.
pub(super) fn finish(run: &Value) -> Result<(), Error> {
    let factor = &run["onDivergence"]["rollBack"]["factor"];
    if number(factor) >= 1.0 {
        let path = "onDivergence.rollBack.factor";
        return Err(Error::config(path, "a number above 0, below 1", factor.to_string()));
    }
    Ok(())
}
