//! Batches of a source, one by one. NOT: asking for them.

use super::{Phase, Session, Source, alone};
use crate::bundle::Bundle;
use crate::data::prepare::{Request, prepare_whole};
use crate::data::text::Cut;
use crate::error::Error;
use crate::evaluate::WINDOW;
use crate::model::Model;

impl Session {
    /// The next batch of a source; a bundle of kind "end" ends the epoch.
    ///
    /// # Errors
    /// As [`Session::fit`]; the run goes on waiting.
    pub fn supply(&mut self, model: &mut Model, bundle: Bundle) -> Result<(), Error> {
        let Source::Batches(batch) = &mut self.source else { return Ok(()) };
        if self.phase != Phase::Step {
            return Ok(()); // it has ended in the meantime
        }
        if bundle.metadata("kind") == Some("end") {
            if self.counters.passed > 0 {
                return Err(Error::data("data", "the batch that the saved run was in", "none").code("otherData"));
            }
            if self.counters.cursor == 0 {
                return Err(Error::data("data", "at least one batch", "none"));
            }
            let body = model.body_mut()?;
            self.finish_update(body);
            if self.phase == Phase::Step {
                self.end_epoch(body, true);
            }
            return Ok(());
        }
        let body = model.body()?;
        let request = Request {
            description: &model.description,
            form: &body.form,
            split: None,
            seed: 0,
            window: self.run.window.unwrap_or(WINDOW),
            cut: Cut::Windows,
        };
        let part = prepare_whole(&request, bundle, &model.encoding)?;
        let given = part.ids.len();
        let sequences = |expected: String| Err(Error::data("data", expected, given.to_string()).code("otherBatchSize"));
        let before = self.shards.carried_sequences(&body.network);
        if self.run.carry_state && self.batch > 0 && given != self.batch {
            return sequences(format!("batches of {} sequences (batchSize)", self.batch));
        }
        if self.run.carry_state && self.counters.cursor + self.counters.passed > 0 && given != before {
            return sequences(format!(
                "a batch of {before} sequences, which go on where those of the batch before ended (carryState)"
            ));
        }
        if self.batch > 0 && given > self.batch {
            return sequences(format!("batches of {} sequences at most (batchSize)", self.batch));
        }
        let renamed = |error: Error| error.renamed("batchSize", "data");
        alone::check(&body.network, &part, &[given], self.division.shards).map_err(renamed)?;
        *batch = Some(part);
        Ok(())
    }
}
