//! Lion: steps by the sign of an interpolated momentum.

use crate::arithmetic::{lerp, sign};
use crate::optimizer::{Rule, Update};
use linalg::flush;

/// `c = β1 m + (1-β1) g`, `θ ← θ·(1 - rate·λ) - rate·sign(c)`, `m ← β2 m + (1-β2) g`.
///
/// Every element moves by the rate, so that it is chosen smaller than Adam's (a third to a tenth), and the decay larger.
///
/// Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lion {
    /// Share of the momentum in a step, in [0, 1).
    pub beta1: f64,
    /// Smoothing of the momentum, in [0, 1).
    pub beta2: f64,
    /// λ, decoupled, ≥ 0.
    pub weight_decay: f64,
}

impl Default for Lion {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.99, weight_decay: 0.0 }
    }
}

impl Rule for Lion {
    fn buffers(&self) -> &'static [&'static str] {
        &["exp_avg"]
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.beta1)
    }

    fn update(&self, update: &mut Update) {
        let beta1 = update.momentum.unwrap_or(self.beta1);
        let (weight1, weight2) = ((1.0 - beta1) as f32, (1.0 - self.beta2) as f32);
        let (rate, keep) = (update.rate as f32, (1.0 - update.rate * self.weight_decay) as f32);
        update.each(|params, grads, [mean]| {
            for ((p, &mut g), m) in params.iter_mut().zip(grads).zip(mean) {
                *p = *p * keep - rate * sign(lerp(*m, g, weight1));
                *m = flush(lerp(*m, g, weight2));
            }
        });
    }
}
