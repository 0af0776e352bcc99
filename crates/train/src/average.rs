//! Averages of weights along a run: the model has the average, and what is trained stands beside it. NOT: averages that are an
//! optimiser's own (schedule-free, ASGD).

use crate::error::Error;
use crate::memory::buffer;

/// Which average of the weights `w` after each update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Average {
    /// `θ ← decay·θ + (1 - decay)·w`; after the first update θ is w, as in PyTorch's `AveragedModel`.
    ///
    /// Source: Polyak and Juditsky 1992; Tarvainen and Valpola 2017, equation 2.
    Ema { decay: f64 },
    /// From update `start + 1` on, every so many, the mean of all w so far; before that w itself.
    ///
    /// Source: Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization", algorithm 1.
    Swa { start: u64, every: u64 },
}

/// The weights that are trained.
pub struct Averaged {
    average: Average,
    pub iterate: Vec<f32>,
}

impl Averaged {
    /// # Errors
    /// `MemoryError`.
    pub fn new(average: Average, length: usize) -> Result<Averaged, Error> {
        Ok(Averaged { average, iterate: buffer(length)? })
    }

    /// Brings `params` to the average after update `number` (from 1).
    pub fn follow(&self, number: u64, params: &mut [f32]) {
        let share = match self.average {
            Average::Ema { .. } if number == 1 => 1.0,
            Average::Ema { decay } => 1.0 - decay,
            Average::Swa { start, .. } if number <= start => 1.0,
            Average::Swa { start, every } if (number - start - 1).is_multiple_of(every) => {
                1.0 / ((number - start - 1) / every + 1) as f64
            }
            Average::Swa { .. } => return,
        };
        // A share of 1 gives w itself, to the bit.
        let rest = (1.0 - share) as f32;
        params.iter_mut().zip(&self.iterate).for_each(|(p, &w)| *p = w - (w - *p) * rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Against the sums that the definitions say, over weights 1, 4, 9, …
    #[test]
    fn averages_are_those_of_their_definitions() {
        for average in [
            Average::Ema { decay: 0.75 },
            Average::Swa { start: 0, every: 1 },
            Average::Swa { start: 4, every: 1 },
            Average::Swa { start: 3, every: 5 },
        ] {
            let mut averaged = Averaged::new(average, 1).expect("small");
            let (mut params, mut seen, mut ema) = ([-7.0], Vec::new(), 0.0);
            for number in 1..=20u64 {
                let weight = (number * number) as f64;
                averaged.iterate[0] = weight as f32;
                averaged.follow(number, &mut params);
                ema = if number == 1 { weight } else { 0.75 * ema + 0.25 * weight };
                let expected = match average {
                    Average::Ema { .. } => ema,
                    Average::Swa { start, every } => {
                        if number > start && (number - start) % every == 1 % every {
                            seen.push(weight);
                        }
                        if number <= start { weight } else { seen.iter().sum::<f64>() / seen.len() as f64 }
                    }
                };
                assert!((f64::from(params[0]) / expected - 1.0).abs() < 1e-6, "{average:?} after {number}: {params:?}");
            }
        }
    }
}
