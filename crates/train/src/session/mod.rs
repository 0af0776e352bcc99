//! A training run, in slices: each unit of work is one update or one batch of validation. NOT: clocks, threads.

pub mod accumulation;
pub mod alone;
pub mod counters;
mod ending;
mod engine;
mod epoch;
mod open;
mod pass;
pub mod records;
pub mod recounted;
mod refused;
pub mod rollback;
pub mod saved;
mod searched;
mod setup;
pub mod shards;
mod step;
mod stopping;
mod supply;
mod tree;
mod truncated;

use crate::data::form::Form;
use crate::data::prepare::Part;
use crate::describe::run::RunDescription;
use crate::error::Error;
use crate::evaluate::Evaluator;
use crate::model::{Body, Model};
use crate::update::Updater;
use accumulation::Accumulation;
use counters::Counters;
pub use open::Team;
use records::Records;
use recounted::Recounted;
use rollback::Place;
use shards::{Division, Shards};
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
}
