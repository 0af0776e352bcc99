//! One cycle over a whole run.

use super::cosine::half_cosine;
use super::{Done, Per, Rule, between};

/// How a phase goes from its first rate to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Annealing {
    Cosine,
    Linear,
}

/// Up from `maximum / divisor` to `maximum`, then down to `maximum / divisor / final_divisor`. PyTorch's `OneCycleLR`.
///
/// | phase | ends at t = | rate | momentum |
/// |---|---|---|---|
/// | 1 | `rising · steps - 1` | from the initial to the maximum | from high to low |
/// | 2 (of three) | `2 · rising · steps - 2` | from the maximum to the initial | from low to high |
/// | last | `steps - 1` | to the final one | to high (of three: it stays there) |
///
/// Later updates, which PyTorch refuses, have the last rate. Momentum is Adam's β1.
///
/// Source: Smith and Topin 2018 (the third phase); in two phases as fastai has it.
#[derive(Clone, Debug, PartialEq)]
pub struct OneCycle {
    pub maximum: f64,
    /// Updates of the cycle, at least 1.
    pub steps: u64,
    /// Share of the cycle that rises, in [0, 1).
    pub rising: f64,
    pub annealing: Annealing,
    pub three_phases: bool,
    pub divisor: f64,
    pub final_divisor: f64,
    /// The least and the greatest momentum, where it is cycled.
    pub momentum: Option<(f64, f64)>,
    pub per: Per,
}

/// A quantity at the borders of the phases.
struct Borders {
    start: f64,
    peak: f64,
    end: f64,
}

impl OneCycle {
    fn at(&self, done: Done, Borders { start, peak, end }: Borders) -> f64 {
        let t = self.per.count(done).min(self.steps - 1) as f64;
        let (rise, whole) = (self.rising * self.steps as f64, self.steps as f64);
        let two = [(rise - 1.0, start, peak), (whole - 1.0, peak, end)];
        let three = [(rise - 1.0, start, peak), (2.0 * rise - 2.0, peak, start), (whole - 1.0, start, end)];
        let phases = if self.three_phases { &three[..] } else { &two };
        let mut begin = 0.0;
        for (i, &(finish, from, to)) in phases.iter().enumerate() {
            if t <= finish || i + 1 == phases.len() {
                // A phase without length is at its end.
                let share = if finish > begin { (t - begin) / (finish - begin) } else { 1.0 };
                return match self.annealing {
                    Annealing::Cosine => between(to, from, half_cosine(share)),
                    Annealing::Linear => between(from, to, share),
                };
            }
            begin = finish;
        }
        end
    }
}

impl Rule for OneCycle {
    fn rate(&self, done: Done) -> f64 {
        let start = self.maximum / self.divisor;
        self.at(done, Borders { start, peak: self.maximum, end: start / self.final_divisor })
    }

    fn momentum(&self, done: Done) -> Option<f64> {
        let (least, greatest) = self.momentum?;
        Some(self.at(done, Borders { start: greatest, peak: least, end: greatest }))
    }
}
