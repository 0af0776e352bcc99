//! The end of an epoch: a look at the validation part, where there is one, and what hangs on it: the best weights, a rate that
//! follows a plateau, rules that end the run.

use super::{Phase, Session};
use crate::describe::run::Keep;
use crate::metrics::Sums;
use crate::model::Body;

impl Session {
    /// After the last update of an epoch (`whole`), or of the run in the middle of one.
    pub(super) fn end_epoch(&mut self, body: &mut Body, whole: bool) {
        self.whole = whole;
        if (self.counters.cursor, self.counters.passed) == (0, 0) {
            self.phase = Phase::Done;
        } else if let Some(recounted) = &mut self.recounted {
            recounted.begin();
            self.phase = Phase::Recount;
        } else {
            self.look(body);
        }
    }

    /// At the validation part, where there is one.
    pub(super) fn look(&mut self, body: &mut Body) {
        if self.validation.is_some() {
            self.phase = Phase::Validate;
        } else {
            self.close_epoch(body, None);
        }
    }

    pub(super) fn validate(&mut self, body: &mut Body) {
        let (part, evaluator) = self.validation.as_mut().expect("the phase is entered with a validation part only");
        if evaluator.advance(&body.network, &body.params, part) {
            let sums = evaluator.take();
            self.close_epoch(body, Some(&sums));
            if let Some((_, evaluator)) = &mut self.validation {
                evaluator.give_back(sums);
            }
        }
    }

    pub(super) fn close_epoch(&mut self, body: &mut Body, validation: Option<&Sums>) {
        self.phase = Phase::Step;
        let counters = &mut self.counters;
        self.records.epoch(counters, validation);
        let loss = validation.map(Sums::mean_loss);
        // An epoch that the run's end cuts short is gone on with by `resume`: an unbroken run would not have looked
        // here, so that this look decides which weights are kept and leaves no trace in the state.
        if !self.whole {
            self.last_look = loss;
            self.phase = Phase::Done;
            return;
        }
        counters.epoch += 1;
        if let (Some(rule), Some(metric)) = (self.run.update.rate.plateau(), &self.run.watched) {
            let figure = self.records.plan().figure(validation.unwrap_or(&counters.sums), metric);
            let done = counters.done();
            rule.look(&mut counters.plateau, figure, done);
        }
        if let Some(loss) = loss
            && loss < counters.best_loss
        {
            (counters.best_epoch, counters.best_loss) = (counters.epoch, loss);
            if self.run.keep == Some(Keep::Best) {
                self.best.get_or_insert_with(|| std::mem::take(&mut self.room)).clone_from(&body.params);
            }
        }
        let rule = counters.watch.ended(&self.run.stopping, counters.epoch, counters.sums.mean_loss(), loss);
        counters.cursor = 0;
        counters.clipped = 0;
        counters.sums.clear();
        if let Some(rule) = rule {
            self.reason = rule;
            self.phase = Phase::Done;
        } else if self.at_limit() {
            self.phase = Phase::Done;
        }
    }

    /// Whether all batches of the current epoch are done, and only the look at the validation part is not.
    pub(super) fn epoch_ended(&self) -> bool {
        matches!(self.phase, Phase::Recount | Phase::Validate) && self.whole
    }
}
