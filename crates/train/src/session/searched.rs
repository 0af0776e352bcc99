//! Updates that are searched for (L-BFGS): each evaluation is a unit of work of a run, which can be stopped, saved and
//! looked at between any two of them; the model has the weights of the last step. NOT: the search.

use super::Session;
use crate::describe::run::RunDescription;
use crate::error::Error;
use crate::model::Body;
use optim::Optimizer;
use rnn::Network;

/// Refuses what is not one loss over all data: a part of them at a time (`batches` in an epoch), or another loss each time.
///
/// # Errors
/// `ConfigError`.
pub fn check(run: &RunDescription, network: &Network, batches: Option<u64>) -> Result<(), Error> {
    let Optimizer::Lbfgs(_) = run.update.optimizer else { return Ok(()) };
    if batches != Some(1) {
        let why = "lbfgs goes by the loss of all data at once: \"full\", which is its default";
        return Err(Error::conflict("batchSize", why).code("fullBatch"));
    }
    for (i, layer) in network.layers().iter().enumerate() {
        if let Some(option) = layer.chance() {
            let why = format!("lbfgs goes by one and the same loss, and by layers[{i}].{option} it is left to chance");
            return Err(Error::conflict("optimizer", &why));
        }
    }
    if let Some((layer, _)) = network.batch_norms().next() {
        let why = format!(
            "lbfgs looks at the loss many times an update, and layers[{layer}] learns its statistics once an update"
        );
        return Err(Error::conflict("optimizer", &why));
    }
    if network.penalises_outputs() {
        let why = "lbfgs goes by the loss, and a layer's activationPenalty or temporalPenalty is no part of it";
        return Err(Error::conflict("optimizer", why));
    }
    if network.penalises_vanishing() {
        let why = "lbfgs goes by the loss, and a layer's vanishingPenalty is no part of it";
        return Err(Error::conflict("optimizer", why));
    }
    Ok(())
}

impl Session {
    /// What an evaluation has come to; an update, if it was the last one of its step.
    pub(super) fn evaluated(&mut self, body: &mut Body) {
        let table = body.network.table();
        let (gradient, sums) = self.shards.total();
        let counters = &mut self.counters;
        let (first, loss) = (!self.updater.under_way(), sums.mean_loss());
        match self.updater.evaluated(counters.done(), table, &mut body.params, gradient, loss) {
            Err(diverged) => {
                let error = diverged.error(counters.step + 1, counters.loss);
                self.diverged(body, error);
            }
            Ok(updated) => {
                // What is told of an update and its epoch is what it began with, as of every other.
                if first {
                    counters.sums.add(sums);
                    counters.loss = if sums.weight > 0.0 { loss } else { counters.loss };
                }
                if let Some(updated) = updated {
                    counters.updated(&updated);
                    counters.cursor += 1;
                    self.records.step(counters, &counters.sums);
                    self.end_epoch(body, true);
                }
            }
        }
    }
}
