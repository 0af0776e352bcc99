//! What the settings of an optimiser have to do with each other.

use super::{number, word};
use crate::error::Error;
use crate::json::Value;

/// Checks an optimiser that the table has passed.
///
/// # Errors
/// `ConfigError`.
pub fn check(optimizer: &Value) -> Result<(), Error> {
    let conflict = |field: &str, why: &str| Err(Error::conflict(format!("optimizer.{field}"), why));
    let n = |field: &str| number(&optimizer[field]);
    let wrong = |field: &str, expected: String| {
        Err(Error::config(format!("optimizer.{field}"), expected, optimizer[field].to_string()))
    };
    match word(&optimizer["kind"]) {
        "sgd" if n("momentum") == 0.0 && optimizer["nesterov"] == true => {
            conflict("nesterov", "needs a momentum above 0")
        }
        "sgd" if n("momentum") == 0.0 && n("dampening") > 0.0 => conflict("dampening", "needs a momentum above 0"),
        "sgd" if optimizer["nesterov"] == true && n("dampening") > 0.0 => {
            conflict("dampening", "does not go with nesterov")
        }
        "sgd" | "adam" if n("hypergradient") > 0.0 && optimizer["learningRate"].as_f64().is_none() => {
            conflict("hypergradient", "finds the rate itself: learningRate has to be the number that it starts from")
        }
        "rprop" if optimizer["learningRate"].as_f64().is_none() => {
            conflict("learningRate", "rprop has a step size for each parameter: give the number that they start from")
        }
        "rprop" if n("etaMinus") >= 1.0 => wrong("etaMinus", "a number below 1".into()),
        "rprop" if n("etaPlus") <= 1.0 => wrong("etaPlus", "a number above 1".into()),
        "rprop" if n("largestStep") < n("smallestStep") => {
            wrong("largestStep", format!("a number from the smallestStep {}", optimizer["smallestStep"]))
        }
        "adafactor" if n("beta2Decay") > 0.0 => wrong("beta2Decay", "a number up to 0".into()),
        // Smaller ones square to nothing in 32 bits.
        "adafactor" if n("epsilon1") < 1e-15 => wrong("epsilon1", "a number from 1e-15".into()),
        "muon" if optimizer["coefficients"].as_array().is_none_or(|c| c.len() != 3) => {
            let length = optimizer["coefficients"].as_array().map_or(0, |c| c.len());
            Err(Error::config("optimizer.coefficients", "three numbers", length.to_string()))
        }
        _ => Ok(()),
    }
}
