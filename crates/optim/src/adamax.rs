//! Adamax: Adam by the largest gradient instead of the mean square. PyTorch's `Adamax`.

use crate::arithmetic::{largest, lerp, power};
use crate::optimizer::{Before, Rule, Update};
use linalg::flush;

/// `m ← β1 m + (1-β1) g`, `u ← max(β2 u, |g| + ε)`, `θ ← θ - rate/(1-β1^t) · m/u`.
///
/// Source: Kingma and Ba 2015, algorithm 2; ε as in PyTorch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adamax {
    /// Smoothing of the mean, in [0, 1).
    pub beta1: f64,
    /// Decay of the largest gradient, in [0, 1).
    pub beta2: f64,
    /// ε, above zero in `f32`.
    pub epsilon: f64,
    /// λ of `g + λθ`.
    pub weight_decay: f64,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for Adamax {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, maximize: false }
    }
}

impl Rule for Adamax {
    fn buffers(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_inf"]
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.beta1)
    }

    fn before(&self) -> Before {
        Before { maximize: self.maximize, decay: self.weight_decay }
    }

    fn update(&self, update: &mut Update) {
        let beta1 = update.momentum.unwrap_or(self.beta1);
        let (weight, beta2, epsilon) = ((1.0 - beta1) as f32, self.beta2 as f32, self.epsilon as f32);
        let rate = (-update.rate / (1.0 - power(beta1, update.step))) as f32;
        update.each(|params, grads, [mean, most]| {
            for (((p, &mut g), m), u) in params.iter_mut().zip(grads).zip(mean).zip(most) {
                *m = flush(lerp(*m, g, weight));
                *u = largest(*u * beta2, g.abs() + epsilon);
                *p += rate * *m / *u;
            }
        });
    }
}
