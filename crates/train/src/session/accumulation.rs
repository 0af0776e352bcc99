//! Gradient accumulation: several batches, gone through one after the other with the same weights, make one update by the mean
//! over all of them. It is what one batch as large would give, in the memory of a small one.
//!
//! With w_b the weight of batch b (of its losses' elements) and g_b the gradient of its mean loss: `g = Σ w_b g_b / Σ w_b`. An
//! update is due after so many batches, and where an epoch ends, by those that it has left.

use super::shards::Size;
use super::{Session, Source};
use crate::bundle::Bundle;
use crate::error::Error;
use crate::file::File;
use crate::memory::buffer;
use crate::metrics::{Plan, Sums};
use crate::model::Body;
use crate::update::read_flat;
use rnn::ParameterTable;

/// The batches of the update at hand.
#[derive(Clone)]
pub struct Accumulation {
    batches: u64,
    /// Their sequences, so that those of a source's batches are told apart.
    pub sequences: u64,
    weight: f64,
    sums: Sums,
    /// Σ w_b g_b.
    gradient: Vec<f32>,
}

/// The tensor of the numbers, and what is before the name of each other one.
const NUMBERS: &str = "run.accumulated";
const PREFIX: &str = "accumulated.";

impl Accumulation {
    /// # Errors
    /// `MemoryError`.
    pub fn new(parameters: usize, plan: &Plan) -> Result<Accumulation, Error> {
        let (gradient, sums) = (buffer(parameters)?, Sums::new(plan));
        Ok(Accumulation { batches: 0, sequences: 0, weight: 0.0, sums, gradient })
    }

    /// Batches so far.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// One more batch.
    pub fn add(&mut self, gradient: &[f32], sums: &Sums, Size { weight, sequences }: Size) {
        let narrow = weight as f32;
        let pairs = self.gradient.iter_mut().zip(gradient);
        if self.batches == 0 {
            pairs.for_each(|(sum, g)| *sum = narrow * g);
        } else {
            pairs.for_each(|(sum, g)| *sum += narrow * g);
        }
        self.batches += 1;
        self.sequences += sequences;
        self.weight += weight;
        self.sums.add(sums);
    }

    /// The gradient of the mean over all batches, to be spent. [`Accumulation::clear`] comes after.
    pub fn mean(&mut self) -> &mut [f32] {
        let share = if self.weight > 0.0 { (1.0 / self.weight) as f32 } else { 0.0 };
        self.gradient.iter_mut().for_each(|g| *g *= share);
        &mut self.gradient
    }

    /// Those of all batches.
    pub fn sums(&self) -> &Sums {
        &self.sums
    }

    /// As before the first batch of an update.
    pub fn clear(&mut self) {
        (self.batches, self.sequences, self.weight) = (0, 0, 0.0);
        self.sums.clear();
    }

    /// As tensors, within an update: between two there is nothing to keep.
    pub fn write<'a>(&'a self, table: &'a ParameterTable, into: &mut File<'a>) {
        if self.batches == 0 {
            return;
        }
        let mut bundle = Bundle::default();
        let own = [self.batches as f64, self.sequences as f64, self.weight];
        bundle.f64(NUMBERS, own.into_iter().chain(self.sums.to_numbers()).collect());
        into.add(bundle);
        into.flat(table, &self.gradient, PREFIX);
    }

    /// The inverse of [`Accumulation::write`]; nothing where nothing was written.
    ///
    /// # Errors
    /// `FormatError` for what does not fit; `MemoryError`.
    pub fn read(table: &ParameterTable, from: &mut Bundle) -> Result<Option<Accumulation>, Error> {
        let Some(numbers) = from.take_f64(NUMBERS)? else { return Ok(None) };
        let read = numbers.split_first_chunk::<3>().and_then(|(own, sums)| Some((*own, Sums::from_numbers(sums)?)));
        let ([batches, sequences, weight], sums) =
            read.ok_or_else(|| Error::format("the sums of the batches of an update are not readable"))?;
        let mut gradient = buffer(table.len())?;
        read_flat(table, &mut gradient, PREFIX, from)?;
        Ok(Some(Accumulation { batches: batches as u64, sequences: sequences as u64, weight, sums, gradient }))
    }

    /// Whether these are sums of this plan.
    pub fn fit(&mut self, plan: &Plan) -> bool {
        self.sums.fit(plan)
    }
}

impl Session {
    /// Rows of the batch at hand are told apart by the samples that they are of, or else by their place in a source's update.
    pub(super) fn first_row(&self) -> u64 {
        match (&self.source, &self.accumulation) {
            (Source::Batches(_), Some(group)) => group.sequences,
            _ => 0,
        }
    }

    /// The update by the batches that a source had left for it when its pass ended.
    pub(super) fn finish_update(&mut self, body: &mut Body) {
        let Some(group) = self.accumulation.as_mut().filter(|group| group.batches() > 0) else { return };
        let counters = &mut self.counters;
        match self.updater.update(counters.done(), body.network.table(), &mut body.params, group.mean()) {
            Err(diverged) => {
                let error = diverged.error(counters.step + 1, counters.loss);
                self.diverged(body, error);
            }
            Ok(updated) => {
                counters.updated(&updated);
                self.records.step(counters, group.sums());
                group.clear();
            }
        }
    }
}
