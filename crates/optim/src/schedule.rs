//! Learning rates over a run, as pure functions of the number of updates done: a resumed run needs no state.

use std::f64::consts::PI;

use crate::arithmetic::power;

/// The learning rate of each update. Cosine is libm's, powers are by squaring: the same bits everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// One rate throughout.
    Constant { rate: f64 },
    /// `initial · factor^⌊step / every⌋`. PyTorch's `StepLR`. `every` is at least 1.
    StepDecay { initial: f64, every: u64, factor: f64 },
    /// A linear warm-up, half a cosine down, then constant:
    ///
    /// | update (from 0) | rate |
    /// |---|---|
    /// | `s < warmup` | `initial · (s+1) / warmup`: above zero at once, `initial` at the end of the warm-up |
    /// | `warmup ≤ s < steps` | `last + (initial - last)·(1 + cos(π t))/2`, `t = (s - warmup) / (steps - warmup)` |
    /// | `s ≥ steps` | `last` |
    ///
    /// `steps` counts all updates, the warm-up's among them; a warm-up as long as `steps` or longer ends in `last`.
    /// Without warm-up this is one period of PyTorch's `CosineAnnealingLR` with `T_max = steps`, which would rise
    /// again afterwards. `last` is the option `final`, a reserved word here.
    ///
    /// Source: Loshchilov and Hutter 2017, equation 5; warm-up: Goyal et al. 2017, section 2.2.
    CosineDecay { initial: f64, steps: u64, warmup: u64, last: f64 },
}

impl Schedule {
    /// The rate of the update that follows `step` others (so the first has `step = 0`).
    pub fn rate(&self, step: u64) -> f64 {
        match *self {
            Self::Constant { rate } => rate,
            Self::StepDecay { initial, every, factor } => initial * power(factor, step / every),
            Self::CosineDecay { initial, warmup, .. } if step < warmup => initial * ((step + 1) as f64 / warmup as f64),
            Self::CosineDecay { steps, last, .. } if step >= steps => last,
            Self::CosineDecay { initial, steps, warmup, last } => {
                let t = (step - warmup) as f64 / (steps - warmup) as f64;
                let share = (1.0 + libm::cos(PI * t)) / 2.0;
                // Not last + (initial - last)·share, which need not give back `initial` at share 1.
                initial * share + last * (1.0 - share)
            }
        }
    }
}
