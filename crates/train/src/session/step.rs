//! A step: forward and back through the next batch, and the update that its gradient makes, alone or with those of other batches.
//! NOT: searches, which make one update of several.

use super::accumulation::Accumulation;
use super::rollback;
use super::shards::Job;
use super::{Phase, Session, Source};
use crate::data::prepare::Part;
use crate::describe::run::RunDescription;
use crate::error::Error;
use crate::model::Body;
use crate::update::Diverged;

impl Session {
    /// Forward and back through the own shards of the next batch; nothing when a source has to supply it first.
    pub(super) fn compute(&mut self, body: &mut Body) -> Result<Option<()>, Error> {
        let (part, ids) = match &self.source {
            Source::Batches(None) => return Ok(None),
            Source::Batches(Some(part)) => {
                if self.counters.passed == 0 || self.order.is_empty() {
                    // A later batch may be larger than any before.
                    self.shards.reserve(&body.network, part)?;
                    self.order.clear();
                    self.order.extend(part.ids.iter());
                    if self.batch == 0 && (self.run.carry_state || self.run.truncation.is_some()) {
                        self.shards.reserve_states(&body.network, self.order.len())?;
                    }
                }
                if self.run.carry_state && (self.counters.cursor, self.counters.passed) == (0, 0) {
                    self.shards.begin_anew();
                }
                (part, self.order.as_slice())
            }
            Source::Data(part) => {
                if self.ordered != Some(self.counters.epoch) {
                    order(&self.run, part, self.counters.epoch, &mut self.order);
                    self.ordered = Some(self.counters.epoch);
                    if self.run.carry_state && (self.counters.cursor, self.counters.passed) == (0, 0) {
                        self.shards.begin_anew();
                    }
                }
                let start = self.counters.cursor as usize * self.batch;
                (part, &self.order[start..(start + self.batch).min(self.order.len())])
            }
        };
        let done = self.counters.passed as usize;
        self.span = self.run.truncation.map(|truncation| {
            truncation.span(self.form.at, done, ids.iter().map(|&id| part.samples.steps(id as usize)))
        });
        let mut room = self.updater.lend();
        let job = Job {
            network: &body.network,
            params: self.updater.point(self.counters.step, &body.params),
            samples: &*part.samples,
            ids,
            seed: self.run.seed,
            step: self.counters.step,
            first_row: self.first_row(),
            carry: self.run.carry_state,
            span: self.span,
            goes_on: self.run.carry_state || done > 0,
        };
        self.shards.compute(&job, &self.form, &mut room);
        self.updater.take_back(room);
        Ok(Some(()))
    }

    /// The update, once all gradients are in; of several batches, once those of the last one are.
    pub(super) fn update(&mut self, body: &mut Body) {
        let over = self.span.is_none_or(|span| span.last);
        if let Source::Batches(batch) = &mut self.source
            && over
        {
            *batch = None;
        }
        self.phase = Phase::Step;
        if self.updater.searches() {
            return self.evaluated(body);
        }
        let table = body.network.table();
        let size = self.shards.size;
        let (gradient, sums) = self.shards.total();
        let counters = &mut self.counters;
        if let Some(good) = &mut self.good
            && (counters.cursor, counters.passed) == (0, 0)
            && rollback::sound(sums, gradient)
        {
            good.keep(&body.params, &self.updater, counters);
        }
        let result = match &mut self.accumulation {
            _ if !sums.loss.is_finite() => Err(Diverged::loss()),
            None => self.updater.update(counters.done(), table, &mut body.params, gradient).map(Some),
            Some(group) => {
                group.add(gradient, sums, size);
                let due = group.batches() == self.run.accumulation || self.batches == Some(counters.cursor + 1);
                let update = || self.updater.update(counters.done(), table, &mut body.params, group.mean());
                due.then(update).transpose()
            }
        };
        match result {
            Err(diverged) => {
                let error = diverged.error(counters.step + 1, counters.loss);
                self.diverged(body, error);
            }
            Ok(updated) => {
                counters.passed = self.span.filter(|_| !over).map_or(0, |span| span.end as u64);
                counters.cursor += u64::from(over);
                if sums.weight > 0.0 {
                    counters.loss = sums.mean_loss();
                }
                counters.sums.add(sums);
                if let Some(updated) = updated {
                    counters.updated(&updated);
                    self.records.step(counters, self.accumulation.as_ref().map_or(sums, Accumulation::sums));
                    self.accumulation.iter_mut().for_each(Accumulation::clear);
                }
                self.shards.carry_on();
                self.shards.settle(&mut self.updater, &mut body.params);
                if over && self.batches == Some(counters.cursor) {
                    self.end_epoch(body, true);
                }
            }
        }
    }

    /// Goes back to the last good place, or ends the run.
    pub(super) fn diverged(&mut self, body: &mut Body, error: Error) {
        let error = error.under(&self.form.loss);
        if let (Some(rule), Some(good)) = (self.run.roll_back, &mut self.good)
            && good.restore(rule, &error, &mut body.params, &mut self.updater, &mut self.counters)
        {
            // The epoch begins anew, and with it what is carried and the update at hand.
            self.ordered = None;
            self.accumulation.iter_mut().for_each(Accumulation::clear);
            return;
        }
        let hint = format!("it went back {} times", self.counters.rolled_back);
        self.divergence = Some(if self.counters.rolled_back > 0 { error.hint(&hint) } else { error });
        self.phase = Phase::Done;
    }
}

/// The samples of an epoch: in the order of the data, or shuffled.
fn order(run: &RunDescription, part: &Part, epoch: u64, order: &mut Vec<u32>) {
    order.clear();
    order.extend(part.ids.iter());
    if run.shuffle == Some(true) && part.streams.is_none() {
        rnn::permutation(run.seed, rnn::Purpose::Order, epoch, order);
        order.iter_mut().for_each(|place| *place = part.ids.get(*place as usize));
    }
}
