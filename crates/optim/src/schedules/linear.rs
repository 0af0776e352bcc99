//! A ramp, and a start at a share of the rate.

use super::{Done, Per, Rule, between};

/// `initial · (start + (end - start)·min(t, steps)/steps)`. PyTorch's `LinearLR`. `steps` is at least 1.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearRamp {
    pub initial: f64,
    /// Factor at t = 0.
    pub start: f64,
    /// Factor from t = `steps` on.
    pub end: f64,
    pub steps: u64,
    pub per: Per,
}

impl Rule for LinearRamp {
    fn rate(&self, done: Done) -> f64 {
        let share = self.per.count(done).min(self.steps) as f64 / self.steps as f64;
        self.initial * between(self.start, self.end, share)
    }
}

/// `initial · factor` while t < `steps`, then `initial`. PyTorch's `ConstantLR`.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstantFactor {
    pub initial: f64,
    pub factor: f64,
    pub steps: u64,
    pub per: Per,
}

impl Rule for ConstantFactor {
    fn rate(&self, done: Done) -> f64 {
        if self.per.count(done) < self.steps { self.initial * self.factor } else { self.initial }
    }
}
