//! A training run, in slices: each unit of work is one update or one batch of validation. NOT: clocks, threads.

pub mod accumulation;
pub mod alone;
pub mod counters;
mod engine;
mod open;
mod pass;
pub mod records;
pub mod recounted;
pub mod rollback;
pub mod saved;
mod searched;
pub mod shards;
mod stopping;
mod tree;
mod truncated;

use crate::data::form::Form;
use crate::data::prepare::Part;
use crate::describe::metric::Metric;
use crate::describe::run::{Keep, RunDescription};
use crate::error::Error;
use crate::evaluate::Evaluator;
use crate::json::json;
use crate::metrics::Sums;
use crate::model::{Body, Model};
use crate::update::{Diverged, Updater};
use accumulation::Accumulation;
use counters::Counters;
pub use open::Team;
use records::Records;
use recounted::Recounted;
use rollback::Place;
use saved::{RunState, SavedRun};
use shards::{Division, Job, Shards};
use truncated::Span;

/// What a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// For the next slice.
    Running = 0,
    Done = 1,
    /// Nothing: it ended in numbers that are not finite; [`Session::finish`] has the error.
    Diverged = 2,
    /// For [`Session::supply`].
    NeedsBatch = 3,
    /// For each other worker's share: [`Session::take`].
    NeedsGradients = 4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Step,
    /// The own shards of a step are computed.
    Merge,
    /// The statistics of batch norms are counted anew, for averaged weights.
    Recount,
    Validate,
    Done,
}

enum Source {
    Data(Part),
    /// Ready batches, one after the other.
    Batches(Option<Part>),
}

pub struct Session {
    run: RunDescription,
    form: Form,
    division: Division,
    source: Source,
    /// Samples in a batch (of a source 0, unless it is given), batches in an epoch (unknown for a source), and updates.
    batch: usize,
    batches: Option<u64>,
    updates: Option<u64>,
    /// The steps of the update at hand, where it is not all of them.
    span: Option<Span>,
    validation: Option<(Part, Evaluator)>,
    fingerprint: Option<String>,
    /// The samples in the order of the current epoch, and which epoch that is.
    order: Vec<u32>,
    ordered: Option<u64>,
    shards: Shards,
    /// The batches of an update, where it is of several.
    accumulation: Option<Accumulation>,
    updater: Updater,
    counters: Counters,
    records: Records,
    best: Option<Vec<f32>>,
    /// Where it goes back to when it diverges, if it does.
    good: Option<Place>,
    /// Room for the best weights, where they will be kept.
    room: Vec<f32>,
    phase: Phase,
    reason: &'static str,
    stopping: bool,
    /// Whether the epoch that is being closed had all its batches.
    whole: bool,
    /// Validation loss where the run was cut off in the middle of an epoch.
    last_look: Option<f64>,
    divergence: Option<Error>,
    warnings: Vec<String>,
    /// Where batch norms have statistics of averaged weights; and the weights before these were counted in the middle of an epoch.
    recounted: Option<Recounted>,
    uncounted: Option<Vec<f32>>,
}

impl Session {
    /// Up to `units` units of work.
    ///
    /// # Errors
    /// As [`Model::body`].
    pub fn run(&mut self, model: &mut Model, units: usize) -> Result<Status, Error> {
        let body = model.body_mut()?;
        for _ in 0..units {
            let status = self.unit(body)?;
            if status != Status::Running {
                return Ok(status);
            }
        }
        let wants_batch = self.phase == Phase::Step && matches!(self.source, Source::Batches(None)) && !self.at_limit();
        Ok(match self.phase {
            Phase::Done => self.ended(),
            _ if wants_batch => Status::NeedsBatch,
            _ => Status::Running,
        })
    }

    fn ended(&self) -> Status {
        if self.divergence.is_some() { Status::Diverged } else { Status::Done }
    }

    fn unit(&mut self, body: &mut Body) -> Result<Status, Error> {
        match self.phase {
            Phase::Done => return Ok(self.ended()),
            Phase::Recount => self.recount(body),
            Phase::Validate => self.validate(body),
            Phase::Merge => {}
            Phase::Step if self.at_limit() => self.end_epoch(body, false),
            Phase::Step => {
                let Some(()) = self.compute(body)? else { return Ok(Status::NeedsBatch) };
                self.phase = Phase::Merge;
            }
        }
        if self.phase == Phase::Merge {
            if !self.shards.whole() {
                return Ok(Status::NeedsGradients);
            }
            self.update(body);
        }
        Ok(if self.phase == Phase::Done { self.ended() } else { Status::Running })
    }

    /// Whether no further update is to be made.
    fn at_limit(&self) -> bool {
        let steps = self.run.steps.is_some_and(|n| self.counters.step >= n);
        let epochs = self.run.epochs.is_some_and(|n| self.counters.epoch >= n);
        steps || epochs || self.stopping
    }

    /// Forward and back through the own shards of the next batch; nothing when a source has to supply it first.
    fn compute(&mut self, body: &mut Body) -> Result<Option<()>, Error> {
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

    /// How many numbers `worker` shares at each update.
    pub fn share_length(&mut self, worker: usize) -> usize {
        let mut length = 0;
        self.shards.share(worker, &mut |piece| length += piece.len());
        length
    }

    /// Reads out what this worker has computed of the batch at hand, piece by piece, for the others.
    pub fn give(&mut self, mut read: impl FnMut(&[f32])) {
        self.shards.share(self.division.index, &mut |piece| read(piece));
    }

    /// Puts in what another worker gave, each once an update: `write` fills pieces of the same lengths in the same order.
    pub fn take(&mut self, worker: usize, mut write: impl FnMut(&mut [f32])) {
        self.shards.share(worker, &mut write);
        self.shards.received();
    }

    /// Updates done, over the whole run.
    pub fn step(&self) -> u64 {
        self.counters.step
    }

    /// The update, once all gradients are in; of several batches, once those of the last one are.
    fn update(&mut self, body: &mut Body) {
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
                counters.batches += u64::from(over);
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
    fn diverged(&mut self, body: &mut Body, error: Error) {
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

    /// After the last update of an epoch (`whole`), or of the run in the middle of one.
    fn end_epoch(&mut self, body: &mut Body, whole: bool) {
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
    fn look(&mut self, body: &mut Body) {
        if self.validation.is_some() {
            self.phase = Phase::Validate;
        } else {
            self.close_epoch(body, None);
        }
    }

    fn validate(&mut self, body: &mut Body) {
        let (part, evaluator) = self.validation.as_mut().expect("the phase is entered with a validation part only");
        if evaluator.advance(&body.network, &body.params, part) {
            let sums = evaluator.take();
            self.close_epoch(body, Some(&sums));
            if let Some((_, evaluator)) = &mut self.validation {
                evaluator.give_back(sums);
            }
        }
    }

    fn close_epoch(&mut self, body: &mut Body, validation: Option<&Sums>) {
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

    /// What is to be told at the end, so far.
    fn all_warnings(&self) -> Vec<&str> {
        let told = self.good.iter().flat_map(|good| &good.told);
        self.warnings.iter().chain(told).map(String::as_str).collect()
    }

    /// Ends after the current update and a last look at the validation part.
    pub fn stop(&mut self) {
        if !self.at_limit() {
            self.stopping = true;
            self.reason = "stopped";
        }
    }

    /// All records since the last call; see [`records`].
    pub fn records(&mut self) -> Vec<f64> {
        self.records.drain()
    }

    /// `{ epochs, steps, seconds, step, recordEvery, batches, metrics, warnings }`: what is planned and where it stands. Unknown
    /// counts are null; `batches` is the number of batches that a source has given.
    pub fn info(&self) -> String {
        let planned = self.run.epochs.zip(self.updates).map(|(epochs, updates)| epochs.saturating_mul(updates));
        let steps = self.run.steps.map_or(planned, |steps| Some(planned.map_or(steps, |p| p.min(steps))));
        let epochs = self.run.epochs.or_else(|| Some(steps?.div_ceil(self.updates?)));
        let metrics: Vec<String> = self.records.metrics.iter().map(Metric::name).collect();
        json!({
            "epochs": epochs,
            "steps": steps,
            "step": self.counters.step,
            "seconds": self.run.seconds,
            "recordEvery": self.run.record_every,
            "batches": self.counters.batches,
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

    /// Whether all batches of the current epoch are done, and only the look at the validation part is not.
    fn epoch_ended(&self) -> bool {
        matches!(self.phase, Phase::Recount | Phase::Validate) && self.whole
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

/// The samples of an epoch: in the order of the data, or shuffled.
fn order(run: &RunDescription, part: &Part, epoch: u64, order: &mut Vec<u32>) {
    order.clear();
    order.extend(part.ids.iter());
    if run.shuffle == Some(true) && part.streams.is_none() {
        rnn::permutation(run.seed, rnn::Purpose::Order, epoch, order);
        order.iter_mut().for_each(|place| *place = part.ids.get(*place as usize));
    }
}
