//! What goes with L-BFGS: one loss of all data, whose gradient nothing changes.

use super::word;
use crate::error::Error;
use crate::json::{Value, json};

pub fn is(optimizer: &Value) -> bool {
    word(&optimizer["kind"]) == "lbfgs"
}

/// Fills in its own settings.
pub fn finish(optimizer: &mut Value) {
    if is(optimizer) && optimizer["maxEvaluations"].is_null() {
        // As PyTorch; from 1.
        let evaluations = optimizer["maxIterations"].as_u64().unwrap_or(1).saturating_mul(5) / 4;
        optimizer["maxEvaluations"] = json!(evaluations.min((1 << 53) - 1));
    }
}

/// Refuses what a run cannot have beside it.
///
/// # Errors
/// `ConfigError`.
pub fn check(run: &Value) -> Result<(), Error> {
    let given = |option: &str| !run[option].is_null() && run[option] != false;
    let refused = [
        (
            "groups",
            run["groups"].as_array().is_some_and(|groups| !groups.is_empty()),
            "lbfgs moves all parameters along one direction",
        ),
        ("gradientNoise", given("gradientNoise"), "lbfgs takes the gradient for that of its loss"),
        (
            "orthogonality",
            run["orthogonality"].as_f64().is_some_and(|n| n > 0.0),
            "lbfgs knows the penalties l1 and l2 alone",
        ),
        ("maxNorm", given("maxNorm"), "lbfgs goes where its search ends, without bounds"),
        ("average", given("average"), "lbfgs goes by the curvature where it is, not on the average"),
        (
            "gradientAccumulation",
            run["gradientAccumulation"].as_f64().is_some_and(|n| n > 1.0),
            "lbfgs has one batch, of all data",
        ),
        (
            "onDivergence.rollBack",
            run["onDivergence"].as_object().is_some(),
            "lbfgs with lineSearch \"strongWolfe\" turns back by itself",
        ),
    ];
    if let Some((option, _, why)) = refused.into_iter().find(|(_, given, _)| *given) {
        return Err(Error::conflict(option, why));
    }
    if run["optimizer"]["lineSearch"] == "strongWolfe" && run["clip"] != "none" {
        let why = "a line search takes the gradient for that of its loss: \"none\", which is the default of lbfgs";
        return Err(Error::conflict("clip", why));
    }
    Ok(())
}
