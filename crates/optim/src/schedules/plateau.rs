//! A rate that is reduced where a figure gets no better: the one schedule with a state.

use super::{Done, Rule, Schedule};
use crate::arithmetic::power;

/// Which figures are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Smaller,
    Larger,
}

/// By how much a figure has to be better than the best before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// By this share of the best. Of a negative best PyTorch takes the share in the wrong direction; here it is that of
    /// its magnitude.
    Relative(f64),
    Absolute(f64),
}

/// `max(r · factor^n, minimum)`, where r is the rate of another schedule and n counts reductions: one each time that the
/// figure has not been better for more than `patience` looks. PyTorch's `ReduceLROnPlateau`.
#[derive(Clone, Debug, PartialEq)]
pub struct ReduceOnPlateau {
    pub initial: Box<Schedule>,
    /// In [0, 1).
    pub factor: f64,
    pub mode: Mode,
    /// Looks without a better figure that are let pass.
    pub patience: u64,
    pub threshold: Threshold,
    /// Looks after a reduction that do not count.
    pub cooldown: u64,
    pub minimum: f64,
    /// A reduction by this much or less is not made.
    pub epsilon: f64,
}

/// Where it stands: plain numbers, saved with the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Plateau {
    /// The best figure; none before there is one.
    pub best: Option<f64>,
    /// Looks since.
    pub waited: u64,
    /// Looks that still do not count.
    pub cooling: u64,
    pub reductions: u64,
}

impl ReduceOnPlateau {
    /// Looks at a figure, once an epoch; `done` is the run's, its reductions are the state's. One that is not a number is
    /// not better.
    pub fn look(&self, plateau: &mut Plateau, figure: f64, done: Done) {
        if plateau.best.map_or(!figure.is_nan(), |best| self.better(figure, best)) {
            plateau.best = Some(figure);
            plateau.waited = 0;
        } else {
            plateau.waited += 1;
        }
        if plateau.cooling > 0 {
            plateau.cooling -= 1;
            plateau.waited = 0;
        }
        if plateau.waited > self.patience {
            plateau.waited = 0;
            plateau.cooling = self.cooldown;
            let rate = |reductions| self.rate(Done { reductions, ..done });
            if rate(plateau.reductions) - rate(plateau.reductions + 1) > self.epsilon {
                plateau.reductions += 1;
            }
        }
    }

    fn better(&self, figure: f64, best: f64) -> bool {
        let least = match self.threshold {
            Threshold::Relative(share) => share * best.abs(),
            Threshold::Absolute(least) => least,
        };
        match self.mode {
            Mode::Smaller => figure < best - least,
            Mode::Larger => figure > best + least,
        }
    }
}

impl Rule for ReduceOnPlateau {
    fn rate(&self, done: Done) -> f64 {
        let rate = self.initial.rate(done);
        // What is below the minimum by itself is left alone.
        if done.reductions == 0 {
            rate
        } else {
            (rate * power(self.factor, done.reductions)).max(self.minimum.min(rate))
        }
    }

    fn momentum(&self, done: Done) -> Option<f64> {
        self.initial.momentum(done)
    }
}
