//! Rates that stay as they are between changes.

use super::{Done, Per, Rule};
use crate::arithmetic::power;

/// `initial · factor^⌊t / every⌋`. PyTorch's `StepLR`. `every` is at least 1.
#[derive(Clone, Debug, PartialEq)]
pub struct StepDecay {
    pub initial: f64,
    pub every: u64,
    pub factor: f64,
    pub per: Per,
}

impl Rule for StepDecay {
    fn rate(&self, done: Done) -> f64 {
        self.initial * power(self.factor, self.per.count(done) / self.every)
    }
}

/// `initial · factor^n`, where n is the number of milestones reached, t ≥ milestone; one named twice acts twice.
/// PyTorch's `MultiStepLR`. In any order.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiStepDecay {
    pub initial: f64,
    pub milestones: Vec<u64>,
    pub factor: f64,
    pub per: Per,
}

impl Rule for MultiStepDecay {
    fn rate(&self, done: Done) -> f64 {
        self.initial * power(self.factor, reached(&self.milestones, self.per.count(done)) as u64)
    }
}

/// `rates[n]`, where n is the number of boundaries passed, t > boundary. Keras' `PiecewiseConstantDecay`.
/// There is one rate more than boundaries, which ascend.
#[derive(Clone, Debug, PartialEq)]
pub struct PiecewiseConstant {
    pub boundaries: Vec<u64>,
    pub rates: Vec<f64>,
    pub per: Per,
}

impl Rule for PiecewiseConstant {
    fn rate(&self, done: Done) -> f64 {
        // Past a boundary b at t = b + 1; nothing is past one at t = 0.
        let t = self.per.count(done);
        self.rates[t.checked_sub(1).map_or(0, |before| reached(&self.boundaries, before))]
    }
}

/// `rates[t]`; the last one is kept. What PyTorch's `LambdaLR` and `MultiplicativeLR` compute by a function of the
/// user's, which is no data. There is at least one rate.
#[derive(Clone, Debug, PartialEq)]
pub struct RateTable {
    pub rates: Vec<f64>,
    pub per: Per,
}

impl Rule for RateTable {
    fn rate(&self, done: Done) -> f64 {
        let last = self.rates.len() - 1;
        self.rates[usize::try_from(self.per.count(done)).map_or(last, |t| t.min(last))]
    }
}

/// How many of them are at most `t`.
pub(super) fn reached(milestones: &[u64], t: u64) -> usize {
    milestones.iter().filter(|&&milestone| milestone <= t).count()
}
