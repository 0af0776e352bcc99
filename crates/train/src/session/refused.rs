//! What a network, its loss and a run do not allow each other, refused before anything is trained. NOT: what descriptions alone
//! can tell.

use super::searched;
use crate::data::form;
use crate::describe::run::RunDescription;
use crate::error::Error;
use crate::model::Body;
use optim::Optimizer;
use rnn::{Checkpointed, Layer, Network};

/// Of a run of so many `batches` an epoch, where that is known; `shares_unknown`: several workers share the states of as many
/// sequences as a source gives at a time, and nobody has said how many.
///
/// # Errors
/// `ConfigError`.
pub fn check(run: &RunDescription, body: &Body, batches: Option<u64>, shares_unknown: bool) -> Result<(), Error> {
    let keeps = run.carry_state || run.truncation.is_some();
    if keeps {
        let option = if run.truncation.is_some() { "truncation" } else { "carryState" };
        one_directional(&body.network, option)?;
        if let Some(shape) = body.network.states().iter().find(|shape| shape.counts) {
            let why = "normalization has statistics of each step of a whole sequence by its number";
            return Err(Error::conflict(option, &format!("layers[{}]: its {why}", shape.layer)));
        }
    }
    if run.truncation.is_some() && matches!(body.form.target, form::Target::Labels(_)) {
        let why = "the loss is one of whole sequences, which cannot be cut; checkpointing takes less memory too";
        return Err(Error::conflict("truncation", why));
    }
    if shares_unknown {
        let why = "has to be given: several workers share the states of so many sequences of a source's batches";
        return Err(Error::conflict("batchSize", why));
    }
    let whole = |option: &str, (i, why): (usize, &str)| Err(Error::conflict(option, &format!("layers[{i}] {why}")));
    if run.truncation.is_some()
        && let Some(layer) = body.network.sees_whole()
    {
        return whole("truncation", layer);
    }
    if run.checkpointing.is_some()
        && let Some(layer) = Checkpointed::refuses(&body.network)
    {
        return whole("checkpointing", layer);
    }
    of_all(run, batches)?;
    searched::check(run, &body.network, batches)
}

/// Refuses parts of the data to an optimiser that takes one gradient an update, of all of them: in one batch, or accumulated.
/// (What it fills in and refuses without a look at the data: `describe/rules/full_batch`; of one that searches: `searched`.)
fn of_all(run: &RunDescription, batches: Option<u64>) -> Result<(), Error> {
    match run.update.optimizer {
        Optimizer::Rprop(_) if batches.is_none_or(|batches| batches > run.accumulation) => {
            let why = "rprop goes by the gradient of all data at once: \"full\", which is its default, or a gradientAccumulation of as many batches as there are";
            Err(Error::conflict("batchSize", why).code("fullBatch"))
        }
        _ => Ok(()),
    }
}

/// A direction that reads from the end has no state to go on from.
fn one_directional(network: &Network, option: &str) -> Result<(), Error> {
    let two = |layer: &Layer| matches!(layer, Layer::Recurrent(layer) if layer.bidirectional);
    match network.layers().iter().position(two) {
        Some(i) => {
            let why = format!("layers[{i}] is bidirectional: its reverse direction begins where a sequence ends");
            Err(Error::conflict(option, &why))
        }
        None => Ok(()),
    }
}
