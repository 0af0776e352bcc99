//! Rates that fall by a share of themselves, or of their inverse.

use super::{Done, Per, Rule};
use crate::arithmetic::power;

/// `initial · factor^(t / every)`; with a staircase `initial · factor^⌊t / every⌋`. PyTorch's `ExponentialLR` is
/// `every = 1`, Keras' `ExponentialDecay` all of it. `every` is at least 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ExponentialDecay {
    pub initial: f64,
    pub factor: f64,
    pub every: u64,
    pub staircase: bool,
    pub per: Per,
}

impl Rule for ExponentialDecay {
    fn rate(&self, done: Done) -> f64 {
        let t = self.per.count(done);
        let whole = self.initial * power(self.factor, t / self.every);
        let rest = t % self.every;
        if self.staircase || rest == 0 {
            return whole;
        }
        whole * libm::pow(self.factor, rest as f64 / self.every as f64)
    }
}

/// `initial / (1 + decay · t / every)`; with a staircase t / every is rounded down. Keras' `InverseTimeDecay`.
/// The rates of stochastic approximation: Σ α = ∞ and Σ α² < ∞ (Robbins and Monro 1951). `every` is at least 1.
#[derive(Clone, Debug, PartialEq)]
pub struct InverseTimeDecay {
    pub initial: f64,
    pub decay: f64,
    pub every: u64,
    pub staircase: bool,
    pub per: Per,
}

impl Rule for InverseTimeDecay {
    fn rate(&self, done: Done) -> f64 {
        let t = self.per.count(done);
        let periods = if self.staircase { (t / self.every) as f64 } else { t as f64 / self.every as f64 };
        self.initial / (1.0 + self.decay * periods)
    }
}
