//! What goes with optimisers that are for full batches: each update by the gradient of all data.

use super::word;
use crate::error::Error;
use crate::json::{Value, json};

/// Why each is.
const KINDS: [(&str, &str); 2] = [
    ("lbfgs", "goes by the loss of all data, again and again"),
    ("rprop", "goes by the turns of the gradient of all data: that of another batch turns by itself"),
];

/// The kind of such an optimiser, and why it is one.
fn of(optimizer: &Value) -> Option<(&'static str, &'static str)> {
    KINDS.into_iter().find(|(kind, _)| *kind == word(&optimizer["kind"]))
}

/// Fills in what a run has by it.
///
/// # Errors
/// `ConfigError` for what makes several updates of a batch, or goes on from one to the next.
pub fn fill(run: &mut Value) -> Result<(), Error> {
    let Some((kind, _)) = of(&run["optimizer"]) else { return Ok(()) };
    for (option, value) in [("batchSize", json!("full")), ("shuffle", json!(false))] {
        if run[option].is_null() {
            run[option] = value;
        }
    }
    if !run["truncation"].is_null() {
        return Err(Error::conflict("truncation", &[kind, " makes one update of whole sequences"].concat()));
    }
    if run["carryState"] == true {
        let why = " has one update of all data: there is none to carry states to";
        return Err(Error::conflict("carryState", &[kind, why].concat()));
    }
    Ok(())
}

/// Refuses it where batches come one by one; `instead` says what to do.
///
/// # Errors
/// `ConfigError`.
pub fn not_by_batches(options: &Value, instead: &str) -> Result<(), Error> {
    let Some((kind, why)) = of(&options["optimizer"]) else { return Ok(()) };
    Err(Error::conflict("optimizer", &[kind, " ", why, "; ", instead].concat()))
}
