//! RAdam: Adam whose steps are adaptive as soon as their variance is known. PyTorch's `RAdam`.

use crate::arithmetic::{lerp, power};
use crate::optimizer::{Before, Rule, Update};
use linalg::flush;

/// `ρ_∞ = 2/(1-β2) - 1`, `ρ_t = ρ_∞ - 2tβ2^t/(1-β2^t)`, moments as in [`crate::Adam`], and where `ρ_t > 5`
/// `θ ← θ - rate·m/(1-β1^t) · √(1-β2^t)/(√v + ε) · √((ρ_t-4)(ρ_t-2)ρ_∞ / ((ρ_∞-4)(ρ_∞-2)ρ_t))`, else
/// `θ ← θ - rate·m/(1-β1^t)`. ε is added to the root of the uncorrected moment, as in PyTorch.
///
/// Source: Liu et al. 2020, algorithm 2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RAdam {
    /// Smoothing of the mean, in [0, 1).
    pub beta1: f64,
    /// Smoothing of the mean square, in [0, 1).
    pub beta2: f64,
    /// ε, above zero in `f32`.
    pub epsilon: f64,
    /// λ of `g + λθ`, or decoupled of `θ·(1 - rate·λ)`.
    pub weight_decay: f64,
    /// Whether decay is that of [`crate::AdamW`].
    pub decoupled: bool,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for RAdam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, decoupled: false, maximize: false }
    }
}

/// The scalars of one update.
#[derive(Clone, Copy)]
struct Scalars {
    keep: f32,
    weight1: f32, // 1 - β1
    beta2: f32,
    weight2: f32, // 1 - β2
    epsilon: f32,
    rate: f32, // negative
}

impl Rule for RAdam {
    fn buffers(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.beta1)
    }

    fn before(&self) -> Before {
        Before { maximize: self.maximize, decay: if self.decoupled { 0.0 } else { self.weight_decay } }
    }

    fn update(&self, update: &mut Update) {
        let beta1 = update.momentum.unwrap_or(self.beta1);
        let (decayed, t) = (power(self.beta2, update.step), update.step as f64);
        let most = 2.0 / (1.0 - self.beta2) - 1.0;
        let known = most - 2.0 * t * decayed / (1.0 - decayed);
        let rate = -update.rate / (1.0 - power(beta1, update.step));
        let adaptive = known > 5.0;
        let rectified = || {
            let share = (known - 4.0) * (known - 2.0) * most / ((most - 4.0) * (most - 2.0) * known);
            (share * (1.0 - decayed)).sqrt()
        };
        let k = Scalars {
            keep: if self.decoupled { (1.0 - update.rate * self.weight_decay) as f32 } else { 1.0 },
            weight1: (1.0 - beta1) as f32,
            beta2: self.beta2 as f32,
            weight2: (1.0 - self.beta2) as f32,
            epsilon: self.epsilon as f32,
            rate: (if adaptive { rate * rectified() } else { rate }) as f32,
        };
        if adaptive {
            update.each(|params, grads, [mean, square]| run::<true>(params, grads, mean, square, k));
        } else {
            update.each(|params, grads, [mean, square]| run::<false>(params, grads, mean, square, k));
        }
    }
}

fn run<const ADAPTIVE: bool>(params: &mut [f32], grads: &[f32], mean: &mut [f32], square: &mut [f32], k: Scalars) {
    for (((p, &g), m), v) in params.iter_mut().zip(grads).zip(mean).zip(square) {
        *m = flush(lerp(*m, g, k.weight1));
        *v = flush(*v * k.beta2 + k.weight2 * g * g);
        let step = if ADAPTIVE { k.rate * *m / (v.sqrt() + k.epsilon) } else { k.rate * *m };
        *p = *p * k.keep + step;
    }
}
