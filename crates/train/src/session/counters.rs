//! Where a run stands: plain numbers, saved in checkpoints as they are. NOT: weights, optimiser state.

use crate::metrics::Sums;
use optim::Done;
use optim::schedules::Plateau;

#[derive(Clone, Debug, PartialEq)]
pub struct Counters {
    /// Updates done over the whole run.
    pub step: u64,
    /// Epochs done.
    pub epoch: u64,
    /// Batches of the current epoch done.
    pub cursor: u64,
    /// Batches of the current epoch whose gradient was clipped.
    pub clipped: u64,
    /// Gradient norm and rate of the last update.
    pub gradient_norm: f64,
    pub rate: f64,
    /// Last finite loss of a batch.
    pub loss: f64,
    /// The epoch (from 1) with the least validation loss, and that loss; 0 and infinity before there is one.
    pub best_epoch: u64,
    pub best_loss: f64,
    /// The current epoch so far.
    pub sums: Sums,
    /// Where a rate that is reduced on a plateau stands; saved apart, by runs that have one.
    pub plateau: Plateau,
}

impl Default for Counters {
    fn default() -> Self {
        Counters {
            step: 0,
            epoch: 0,
            cursor: 0,
            clipped: 0,
            gradient_norm: 0.0,
            rate: 0.0,
            loss: f64::NAN,
            best_epoch: 0,
            best_loss: f64::INFINITY,
            sums: Sums::default(),
            plateau: Plateau::default(),
        }
    }
}

impl Counters {
    const OWN: usize = 9;

    /// What a schedule counts.
    pub fn done(&self) -> Done {
        Done { steps: self.step, epochs: self.epoch, reductions: self.plateau.reductions }
    }

    /// NaN where there is no best figure yet: none that is found ever is.
    pub fn plateau_to_numbers(&self) -> Vec<f64> {
        let Plateau { best, waited, cooling, reductions } = self.plateau;
        vec![best.unwrap_or(f64::NAN), waited as f64, cooling as f64, reductions as f64]
    }

    /// The inverse of [`Counters::plateau_to_numbers`]; nothing for another count of numbers.
    pub fn plateau_from_numbers(numbers: &[f64]) -> Option<Plateau> {
        let &[best, waited, cooling, reductions] = numbers else { return None };
        let best = Some(best).filter(|best| !best.is_nan());
        Some(Plateau { best, waited: waited as u64, cooling: cooling as u64, reductions: reductions as u64 })
    }

    pub fn to_numbers(&self) -> Vec<f64> {
        let own: [f64; Self::OWN] = [
            self.step as f64,
            self.epoch as f64,
            self.cursor as f64,
            self.clipped as f64,
            self.gradient_norm,
            self.rate,
            self.loss,
            self.best_epoch as f64,
            self.best_loss,
        ];
        own.into_iter().chain(self.sums.to_numbers()).collect()
    }

    /// The inverse of [`Counters::to_numbers`]; nothing for fewer numbers. The sums are to be fitted to the run's metrics.
    pub fn from_numbers(numbers: &[f64]) -> Option<Counters> {
        let (own, sums) = numbers.split_first_chunk::<{ Self::OWN }>()?;
        let sums = Sums::from_numbers(sums)?;
        let [step, epoch, cursor, clipped, gradient_norm, rate, loss, best_epoch, best_loss] = *own;
        Some(Counters {
            step: step as u64,
            epoch: epoch as u64,
            cursor: cursor as u64,
            clipped: clipped as u64,
            gradient_norm,
            rate,
            loss,
            best_epoch: best_epoch as u64,
            best_loss,
            sums,
            plateau: Plateau::default(),
        })
    }
}
