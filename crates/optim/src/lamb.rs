//! LAMB: Adam whose steps are as long as the tensor that they move.

use crate::arithmetic::{lerp, power};
use crate::optimizer::{Rule, Update};
use linalg::{flush, norm_squared};

/// For each tensor `r = m̂/(√v̂ + ε)`, `u = r + λθ`, `θ ← θ - rate·‖θ‖/‖u‖·u`, with Adam's corrected moments.
///
/// Where θ or u is all zero the ratio is 1 (a bias that starts at zero could not move otherwise).
///
/// Source: You et al. 2020, "Large batch optimization for deep learning", algorithm 2 with φ(z) = z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lamb {
    /// Smoothing of the mean, in [0, 1).
    pub beta1: f64,
    /// Smoothing of the mean square, in [0, 1).
    pub beta2: f64,
    /// ε, above zero in `f32`.
    pub epsilon: f64,
    /// λ, ≥ 0.
    pub weight_decay: f64,
}

impl Default for Lamb {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.01 }
    }
}

impl Rule for Lamb {
    fn buffers(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.beta1)
    }

    fn update(&self, update: &mut Update) {
        let beta1 = update.momentum.unwrap_or(self.beta1);
        let root = (1.0 - power(self.beta2, update.step)).sqrt();
        let (weight1, beta2, weight2) = ((1.0 - beta1) as f32, self.beta2 as f32, (1.0 - self.beta2) as f32);
        let factor = (root / (1.0 - power(beta1, update.step))) as f32;
        let (epsilon, decay) = ((self.epsilon * root) as f32, self.weight_decay as f32);
        // The direction takes the gradient's place.
        update.each(|params, grads, [mean, square]| {
            for (((p, g), m), v) in params.iter_mut().zip(grads).zip(mean).zip(square) {
                *m = flush(lerp(*m, *g, weight1));
                *v = flush(*v * beta2 + weight2 * *g * *g);
                *g = factor * *m / (v.sqrt() + epsilon) + decay * *p;
            }
        });
        for tensor in &update.places.tensors {
            let params = &mut update.params[tensor.range.clone()];
            let direction = &update.grads[tensor.range.clone()];
            let (size, length) = (norm_squared(params).sqrt(), norm_squared(direction).sqrt());
            let ratio = if size > 0.0 && length > 0.0 { size / length } else { 1.0 };
            let rate = (update.rate * ratio) as f32;
            params.iter_mut().zip(direction).for_each(|(p, u)| *p -= rate * u);
        }
    }
}
