//! What a run tells of itself, leaves to be saved, and gives back at its end.

use super::Session;
use super::counters::Counters;
use super::saved::{RunState, SavedRun};
use crate::describe::metric::Metric;
use crate::error::Error;
use crate::json::json;
use crate::model::Model;

impl Session {
    /// What is to be told at the end, so far.
    pub(super) fn all_warnings(&self) -> Vec<&str> {
        let told = self.good.iter().flat_map(|good| &good.told);
        self.warnings.iter().chain(told).map(String::as_str).collect()
    }

    /// `{ epochs, steps, seconds, step, recordEvery, epoch, batches, metrics, warnings }`: what is planned and where it stands.
    /// Unknown counts are null; `epoch` is how many are done, `batches` how many of the current one, which for a source are those
    /// of its pass.
    pub fn info(&self) -> String {
        let planned = self.run.epochs.zip(self.updates).map(|(epochs, updates)| epochs.saturating_mul(updates));
        let steps = self.run.steps.map_or(planned, |steps| Some(planned.map_or(steps, |p| p.min(steps))));
        let epochs = self.run.epochs.or_else(|| Some(steps?.div_ceil(self.updates?)));
        // An epoch whose batches are done is over for a source.
        let Counters { epoch, cursor, .. } = self.counters;
        let (epoch, batches) = if self.epoch_ended() { (epoch + 1, 0) } else { (epoch, cursor) };
        let metrics: Vec<String> = self.records.metrics.iter().map(Metric::name).collect();
        json!({
            "epochs": epochs,
            "steps": steps,
            "step": self.counters.step,
            "seconds": self.run.seconds,
            "recordEvery": self.run.record_every,
            "epoch": epoch,
            "batches": batches,
            "metrics": metrics,
            "warnings": self.all_warnings(),
        })
        .to_string()
    }

    /// The run as it stands, to be saved with the model's current weights.
    pub fn state(&self) -> RunState<'_> {
        RunState {
            run: &self.run,
            shards: self.division.shards,
            ended: self.epoch_ended(),
            fingerprint: self.fingerprint.as_deref(),
            relaxed: linalg::RELAXED,
            counters: &self.counters,
            last: self.uncounted.as_deref(),
            best: self.best.as_deref(),
            moments: self.updater.remembers(),
            iterate: self.updater.iterate(),
            accumulation: self.accumulation.as_ref(),
            search: self.updater.search(),
            carried: &self.shards.carried,
            good: self.good.as_ref(),
        }
    }

    /// Ends the run: the best weights are put in place, if they are kept; the run stays with the model. Gives
    /// `{ reason, best?: { epoch, validationLoss }, warnings }`.
    ///
    /// # Errors
    /// `DivergenceError` when it diverged; the model then has the last finite weights, and no run to go on with.
    pub fn finish(mut self, model: &mut Model) -> Result<String, Error> {
        let ended = self.epoch_ended();
        let Counters { epoch, best_epoch, best_loss, .. } = self.counters;
        let mut result = json!({ "reason": self.reason, "warnings": self.all_warnings() });
        // A run that diverged would do so again: there is nothing to go on with.
        if let Some(divergence) = self.divergence {
            return Err(divergence);
        }
        let body = model.body_mut()?;
        let latest = self.last_look.is_some_and(|loss| loss < best_loss);
        let best = self.best.as_ref().filter(|&best| !latest && *best != body.params);
        let last = best.map(|best| {
            let mut params = self.updater.release();
            params.clone_from(best);
            std::mem::replace(&mut body.params, params)
        });
        let last = self.uncounted.take().or(last);
        let (moments, iterate, search) = self.updater.into_state();
        model.saved = Some(SavedRun {
            run: self.run,
            shards: self.division.shards,
            ended,
            fingerprint: self.fingerprint,
            relaxed: linalg::RELAXED,
            counters: self.counters,
            last,
            best: self.best,
            moments,
            iterate,
            accumulation: self.accumulation.filter(|group| group.batches() > 0),
            search,
            carried: self.shards.carried,
            good: self.good,
        });
        if latest {
            result["best"] = json!({ "epoch": epoch + 1, "validationLoss": self.last_look });
        } else if best_epoch > 0 {
            result["best"] = json!({ "epoch": best_epoch, "validationLoss": best_loss });
        }
        Ok(result.to_string())
    }
}
