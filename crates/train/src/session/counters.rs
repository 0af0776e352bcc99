//! Where a run stands: plain numbers, saved in checkpoints as they are. NOT: weights, optimiser state.

use super::stopping::Watch;
use crate::bundle::Bundle;
use crate::error::Error;
use crate::metrics::Sums;
use crate::update::Updated;
use optim::Done;
use optim::schedules::Plateau;

#[derive(Clone, Debug, PartialEq)]
pub struct Counters {
    /// Updates done over the whole run.
    pub step: u64,
    /// Epochs done.
    pub epoch: u64,
    /// Batches of the current epoch done, and steps of the current one that have had their update.
    pub cursor: u64,
    pub passed: u64,
    /// Updates of the current epoch whose gradient was clipped.
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
    /// What the rate of the schedule is multiplied with, after so many ways back.
    pub rate_factor: f64,
    pub rolled_back: u64,
    /// Of the rules that end a run.
    pub watch: Watch,
}

impl Default for Counters {
    fn default() -> Self {
        Counters {
            step: 0,
            epoch: 0,
            cursor: 0,
            passed: 0,
            clipped: 0,
            gradient_norm: 0.0,
            rate: 0.0,
            loss: f64::NAN,
            best_epoch: 0,
            best_loss: f64::INFINITY,
            sums: Sums::default(),
            plateau: Plateau::default(),
            rate_factor: 1.0,
            rolled_back: 0,
            watch: Watch::default(),
        }
    }
}

impl Counters {
    const OWN: usize = 9;

    /// One more update.
    pub fn updated(&mut self, updated: &Updated) {
        self.step += 1;
        self.clipped += u64::from(updated.clipped);
        (self.gradient_norm, self.rate) = (updated.norm, updated.rate);
        self.watch.updated(updated.norm);
    }

    /// What a schedule counts.
    pub fn done(&self) -> Done {
        Done { steps: self.step, epochs: self.epoch, reductions: self.plateau.reductions }
    }

    /// NaN where there is no best figure yet: none that is found ever is.
    fn plateau_to_numbers(&self) -> Vec<f64> {
        let Plateau { best, waited, cooling, reductions } = self.plateau;
        vec![best.unwrap_or(f64::NAN), waited as f64, cooling as f64, reductions as f64]
    }

    /// The inverse of [`Counters::plateau_to_numbers`]; nothing for another count of numbers.
    fn plateau_from_numbers(numbers: &[f64]) -> Option<Plateau> {
        let &[best, waited, cooling, reductions] = numbers else { return None };
        let best = Some(best).filter(|best| !best.is_nan());
        Some(Plateau { best, waited: waited as u64, cooling: cooling as u64, reductions: reductions as u64 })
    }

    /// Numbers beside those that every version has had.
    const MORE: usize = 3 + Watch::COUNT;

    /// Becomes a copy of `from`, where no epoch has begun: sums of none, in the memory that is there.
    pub fn begin_as(&mut self, from: &Counters) {
        let mut sums = std::mem::take(&mut self.sums);
        sums.clear();
        *self = Counters { sums, plateau: from.plateau, watch: from.watch.clone(), ..*from };
    }

    /// As tensors `{prefix}counters` and `{prefix}more`, and `{prefix}plateau` of a run that looks for one.
    pub fn write(&self, prefix: &str, plateau: bool, into: &mut Bundle) {
        if plateau {
            into.f64(format!("{prefix}plateau"), self.plateau_to_numbers());
        }
        into.f64(format!("{prefix}counters"), self.to_numbers());
        let own = [self.passed as f64, self.rate_factor, self.rolled_back as f64];
        into.f64(format!("{prefix}more"), own.into_iter().chain(self.watch.to_array()).collect());
    }

    /// The inverse of [`Counters::write`]; nothing where they are not readable.
    ///
    /// # Errors
    /// `FormatError` for tensors that are no such numbers.
    pub fn read(prefix: &str, plateau: bool, from: &mut Bundle) -> Result<Option<Counters>, Error> {
        let numbers = from.take_f64(&format!("{prefix}counters"))?;
        let Some(mut counters) = numbers.and_then(|numbers| Counters::from_numbers(&numbers)) else { return Ok(None) };
        if plateau {
            let numbers = from.take_f64(&format!("{prefix}plateau"))?;
            let Some(plateau) = numbers.and_then(|numbers| Counters::plateau_from_numbers(&numbers)) else {
                return Ok(None);
            };
            counters.plateau = plateau;
        }
        match from.take_f64(&format!("{prefix}more"))? {
            // Of an older version, which had no such rules, and an update a batch.
            None => {
                counters.watch = Watch::new(counters.cursor as f64, counters.best_epoch as f64, counters.best_loss);
            }
            Some(numbers) => {
                // An older version began with the batches of the whole run.
                let older = numbers.len().saturating_sub(Self::MORE).min(1);
                let Ok(&[done, rate_factor, rolled_back, ref watch @ ..]) =
                    <&[f64; Self::MORE]>::try_from(&numbers[older..])
                else {
                    return Ok(None);
                };
                counters.passed = done as u64;
                counters.rate_factor = rate_factor;
                counters.rolled_back = rolled_back as u64;
                counters.watch = Watch::from_array(*watch);
            }
        }
        Ok(Some(counters))
    }

    fn to_numbers(&self) -> Vec<f64> {
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
    fn from_numbers(numbers: &[f64]) -> Option<Counters> {
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
            ..Counters::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Elements;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn files_of_older_versions_are_read() {
        let counters = Counters { step: 70, epoch: 2, cursor: 3, passed: 5, rate_factor: 0.5, ..Counters::default() };
        let mut written = Bundle::default();
        counters.write("run.", false, &mut written);
        let read = |change: &dyn Fn(&mut Vec<f64>)| {
            let mut file = written.clone();
            let mut numbers = file.take_f64("run.more").expect("numbers").expect("written");
            change(&mut numbers);
            file.push("run.more", vec![numbers.len()], Elements::F64(numbers));
            Counters::read("run.", false, &mut file).expect("numbers")
        };
        let told = |counters: Option<Counters>| counters.map(|c| (c.epoch, c.cursor, c.passed, c.rate_factor, c.watch));
        let expected = told(Some(counters.clone()));
        assert_eq!(told(read(&|_| {})), expected);
        assert_eq!(told(read(&|numbers| numbers.insert(0, 23.0))), expected, "with the batches of the whole run");
        assert_eq!(told(read(&|numbers| numbers.truncate(3))), None);
        assert_eq!(told(read(&|numbers| numbers.extend([0.0; 2]))), None);
    }
}
