//! AdamW without a schedule: an average of the weights takes the place of a decaying rate.

use crate::arithmetic::power;
use crate::optimizer::{Rule, Update};
use crate::state::State;
use linalg::flush;

/// The gradient is taken at `y = (1-β1) z + β1 x`; `v ← β2 v + (1-β2) g²`,
/// `γ_t = rate·√(1-β2^t)·min(1, t/warmup)`, `z ← z - γ_t g/(√v + ε) - γ_t λ y`,
/// `x ← (1-c) x + c z` with `c = γ_t²/Σγ²`.
///
/// The parameters that a user sees are the averages x; z and y are buffers.
///
/// Source: Defazio et al. 2024, "The road less scheduled", algorithm 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScheduleFree {
    /// Share of the average in the point where gradients are taken, in [0, 1).
    pub beta1: f64,
    /// Smoothing of the mean square, in [0, 1).
    pub beta2: f64,
    /// ε, above zero in `f32`.
    pub epsilon: f64,
    /// λ, at y, ≥ 0.
    pub weight_decay: f64,
    /// Updates in which the rate grows to what is given; 0: none.
    pub warmup: u64,
}

impl Default for ScheduleFree {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, warmup: 0 }
    }
}

/// The scalars of one update.
#[derive(Clone, Copy)]
struct Scalars {
    beta1: f32,
    beta2: f32,
    weight2: f32, // 1 - β2
    epsilon: f32,
    decay: f32,
    rate: f32,  // γ
    share: f32, // c
}

impl Rule for ScheduleFree {
    fn buffers(&self) -> &'static [&'static str] {
        &["z", "exp_avg_sq", "y"]
    }

    /// Σγ².
    fn scalars(&self) -> &'static [&'static str] {
        &["weight_sum"]
    }

    fn point(&self) -> Option<usize> {
        Some(2)
    }

    fn start(&self, params: &[f32], state: &mut State) {
        state.buffers[0].copy_from_slice(params);
        state.buffers[2].copy_from_slice(params);
    }

    fn update(&self, update: &mut Update) {
        let warm = if update.step < self.warmup { update.step as f64 / self.warmup as f64 } else { 1.0 };
        update.rate *= warm * (1.0 - power(self.beta2, update.step)).sqrt();
        let sum = &mut update.state.scalars[0];
        *sum += update.rate * update.rate;
        let k = Scalars {
            beta1: self.beta1 as f32,
            beta2: self.beta2 as f32,
            weight2: (1.0 - self.beta2) as f32,
            epsilon: self.epsilon as f32,
            decay: self.weight_decay as f32,
            rate: update.rate as f32,
            // Without a rate so far nothing has moved.
            share: if *sum > 0.0 { (update.rate * update.rate / *sum) as f32 } else { 1.0 },
        };
        update.each(|params, grads, [z, square, y]| run(params, grads, z, square, y, k));
    }
}

fn run(params: &mut [f32], grads: &[f32], z: &mut [f32], square: &mut [f32], y: &mut [f32], k: Scalars) {
    for ((((x, &g), z), v), y) in params.iter_mut().zip(grads).zip(z).zip(square).zip(y) {
        *v = flush(*v * k.beta2 + k.weight2 * g * g);
        *z -= k.rate * (g / (v.sqrt() + k.epsilon) + k.decay * *y);
        // Exact at a share of 1, the first update's.
        *x = *z - (*z - *x) * (1.0 - k.share);
        *y = *z + k.beta1 * (*x - *z);
    }
}
