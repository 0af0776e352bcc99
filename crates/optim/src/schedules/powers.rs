//! Rates that follow a power of the time, past or left.

use super::{Done, Per, Rule, between};

/// `final + (initial - final)·(1 - min(t, steps)/steps)^power`. PyTorch's `PolynomialLR` is `final = 0`; with it Keras'
/// `PolynomialDecay`. `last` is the option `final`, a reserved word here. `steps` is at least 1.
#[derive(Clone, Debug, PartialEq)]
pub struct PolynomialDecay {
    pub initial: f64,
    pub steps: u64,
    pub power: f64,
    pub last: f64,
    pub per: Per,
}

impl Rule for PolynomialDecay {
    fn rate(&self, done: Done) -> f64 {
        let left = self.steps - self.per.count(done).min(self.steps);
        let share = libm::pow(left as f64 / self.steps as f64, self.power);
        between(self.last, self.initial, share)
    }
}

/// `scale · size^-½ · min(n^-½, n · warmup^-³⸍²)`, n = t + 1: up in a line, then down by the root; `scale / √(size · warmup)`
/// at the top. `warmup` and `size` are at least 1.
///
/// Source: Vaswani et al. 2017, equation 3, where `size` is d_model.
#[derive(Clone, Debug, PartialEq)]
pub struct Noam {
    pub size: u64,
    pub warmup: u64,
    pub scale: f64,
    pub per: Per,
}

impl Rule for Noam {
    fn rate(&self, done: Done) -> f64 {
        let n = self.per.count(done) as f64 + 1.0;
        let (size, warmup) = (self.size as f64, self.warmup as f64);
        let shape = if n < warmup { n / (warmup * warmup.sqrt()) } else { 1.0 / n.sqrt() };
        self.scale / size.sqrt() * shape
    }
}
