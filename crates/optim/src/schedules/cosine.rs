//! Rates along a cosine.

use super::{Done, Per, Rule, between};
use std::f64::consts::PI;

/// (1 + cos(π t))/2: from 1 at 0 to 0 at 1.
pub(super) fn half_cosine(t: f64) -> f64 {
    (1.0 + libm::cos(PI * t)) / 2.0
}

/// A linear warm-up, half a cosine down, then constant:
///
/// | t | rate |
/// |---|---|
/// | `t < warmup` | `initial · (t+1) / warmup`: above zero at once, `initial` at the end of the warm-up |
/// | `warmup ≤ t < steps` | `last + (initial - last)·(1 + cos(π u))/2`, `u = (t - warmup) / (steps - warmup)` |
/// | `t ≥ steps` | `last` |
///
/// `steps` counts all updates, the warm-up's among them; a warm-up as long as `steps` or longer ends in `last`.
/// Without warm-up this is one period of [`CosineAnnealing`], which would rise again afterwards. `last` is the option
/// `final`, a reserved word here.
///
/// Source: Loshchilov and Hutter 2017, equation 5; warm-up: Goyal et al. 2017, section 2.2.
#[derive(Clone, Debug, PartialEq)]
pub struct CosineDecay {
    pub initial: f64,
    pub steps: u64,
    pub warmup: u64,
    pub last: f64,
    pub per: Per,
}

impl Rule for CosineDecay {
    fn rate(&self, done: Done) -> f64 {
        let &Self { initial, steps, warmup, last, per } = self;
        let t = per.count(done);
        if t < warmup {
            initial * ((t + 1) as f64 / warmup as f64)
        } else if t >= steps {
            last
        } else {
            // Not last + (initial - last)·share, which need not give back `initial` at share 1.
            let share = half_cosine((t - warmup) as f64 / (steps - warmup) as f64);
            initial * share + last * (1.0 - share)
        }
    }
}

/// `last + (initial - last)·(1 + cos(π t / steps))/2`, also past `steps`: it rises again, with a period of 2·`steps`.
/// PyTorch's `CosineAnnealingLR`. `steps` is at least 1.
///
/// Source: Loshchilov and Hutter 2017, equation 5.
#[derive(Clone, Debug, PartialEq)]
pub struct CosineAnnealing {
    pub initial: f64,
    pub steps: u64,
    pub last: f64,
    pub per: Per,
}

impl Rule for CosineAnnealing {
    fn rate(&self, done: Done) -> f64 {
        // The period is taken off in integers, so that a long run loses no digits.
        let t = self.per.count(done) % self.steps.saturating_mul(2);
        between(self.last, self.initial, half_cosine(t as f64 / self.steps as f64))
    }
}

/// Half a cosine from `initial` down to `last`, again and again; each is `multiplier` times as long as the one before, the
/// first has `steps`. PyTorch's `CosineAnnealingWarmRestarts`. `steps` and `multiplier` are at least 1.
///
/// Source: Loshchilov and Hutter 2017, section 3 (SGDR).
#[derive(Clone, Debug, PartialEq)]
pub struct CosineWarmRestarts {
    pub initial: f64,
    pub steps: u64,
    pub multiplier: u64,
    pub last: f64,
    pub per: Per,
}

impl Rule for CosineWarmRestarts {
    fn rate(&self, done: Done) -> f64 {
        let (mut t, mut length) = (self.per.count(done), self.steps);
        if self.multiplier == 1 {
            t %= length;
        }
        while t >= length {
            t -= length;
            length = length.saturating_mul(self.multiplier);
        }
        between(self.last, self.initial, half_cosine(t as f64 / length as f64))
    }
}
