//! Another try after a divergence: what is kept of the last good place, and the way back to it. NOT: what diverges.
//!
//! Where an epoch ends the weights may have been thrown far off by its last update, which only the next gradient shows. So a
//! place is kept when the first gradient of the next epoch has come and is sound.

use super::counters::Counters;
use crate::describe::stopping::RollBack;
use crate::error::Error;
use crate::memory::buffer;
use crate::metrics::Sums;
use crate::text::number;
use crate::update::{Remembered, Updater};
use optim::State;

/// Whether the weights that gave this loss and this gradient are ones to come back to: what an update asks for
/// ([`crate::update::Updater::update`]).
pub fn sound(sums: &Sums, gradient: &[f32]) -> bool {
    sums.loss.is_finite() && linalg::norm_squared(gradient).sqrt() <= 1e18
}

/// A place of the run to come back to: where the last whole epoch ended, or the run began.
#[derive(Clone)]
pub struct Place {
    pub params: Vec<f32>,
    /// What the optimiser remembered.
    pub moments: State,
    /// The weights that were trained, where the model has their average.
    pub iterate: Option<Vec<f32>>,
    pub counters: Counters,
    /// What has been told of each way back.
    pub told: Vec<String>,
}

impl Place {
    /// # Errors
    /// `MemoryError`.
    pub fn new(params: &[f32], updater: &Updater, counters: &Counters) -> Result<Place, Error> {
        let Remembered { buffers, scalars } = updater.remembers();
        Ok(Place {
            params: copied(params)?,
            moments: State {
                buffers: buffers.iter().map(|buffer| copied(buffer)).collect::<Result<_, _>>()?,
                scalars,
                scratch: Vec::new(),
            },
            iterate: updater.iterate().map(copied).transpose()?,
            counters: counters.clone(),
            told: Vec::new(),
        })
    }

    /// The run has come further.
    pub fn keep(&mut self, params: &[f32], updater: &Updater, counters: &Counters) {
        self.params.copy_from_slice(params);
        updater.copy_to(&mut self.moments, self.iterate.as_deref_mut());
        self.counters.begin_as(counters);
    }

    /// Puts everything back as it was there, but for the rate; false when there has been enough of it, and the weights alone
    /// are put back.
    pub fn restore(
        &mut self,
        rule: RollBack,
        why: &Error,
        params: &mut [f32],
        updater: &mut Updater,
        counters: &mut Counters,
    ) -> bool {
        params.copy_from_slice(&self.params);
        if counters.rolled_back >= rule.times {
            return false;
        }
        self.counters.rolled_back = counters.rolled_back + 1;
        self.counters.rate_factor = counters.rate_factor * rule.factor;
        // The best weights stay the best, of whichever epoch.
        let best = (counters.best_epoch, counters.best_loss);
        counters.begin_as(&self.counters);
        (counters.best_epoch, counters.best_loss) = best;
        updater.copy_from(&self.moments, self.iterate.as_deref());
        updater.rate_factor = counters.rate_factor;
        let what = why.message.split(';').next().unwrap_or_default();
        let (epoch, step) = (counters.epoch, counters.step);
        let place = if step == 0 { "the start".into() } else { format!("the end of epoch {epoch} (step {step})") };
        let factor = number(counters.rate_factor);
        self.told.push(format!("{what}; went back to {place}, with {factor} times the rate"));
        true
    }
}

fn copied(from: &[f32]) -> Result<Vec<f32>, Error> {
    let mut copy = buffer(from.len())?;
    copy.copy_from_slice(from);
    Ok(copy)
}
