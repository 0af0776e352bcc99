//! Averaged gradient descent. PyTorch's `ASGD`.

use crate::optimizer::{Before, Rule, Update};
use crate::state::State;

/// `η_t = rate/(1 + λ·rate·(t-1))^α`, `w ← w·(1 - λη_t) - η_t g`, `θ ← θ + μ_t (w - θ)`, `μ_t = 1/max(1, t-1-t0)`.
///
/// The parameters that a user sees are the average θ (PyTorch's `ax`); gradients are taken at the iterate w, which is a
/// buffer. Up to update `t0 + 2` both are the same, and after that θ is the mean of w since then.
///
/// Source: Polyak and Juditsky 1992; Bottou's form and defaults, as in PyTorch (which leaves the use of `ax` to the
/// caller, and takes the rate of the update before for η).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asgd {
    /// λ, the decay term, ≥ 0.
    pub lambda: f64,
    /// α, the power of the rate's decay, ≥ 0.
    pub alpha: f64,
    /// Updates before the average begins, ≥ 0.
    pub start: f64,
    /// λ of `g + λθ`.
    pub weight_decay: f64,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for Asgd {
    fn default() -> Self {
        Self { lambda: 1e-4, alpha: 0.75, start: 1e6, weight_decay: 0.0, maximize: false }
    }
}

impl Rule for Asgd {
    fn buffers(&self) -> &'static [&'static str] {
        &["iterate"]
    }

    fn point(&self) -> Option<usize> {
        Some(0)
    }

    fn before(&self) -> Before {
        Before { maximize: self.maximize, decay: self.weight_decay }
    }

    fn start(&self, params: &[f32], state: &mut State) {
        state.buffers[0].copy_from_slice(params);
    }

    fn update(&self, update: &mut Update) {
        let before = (update.step - 1) as f64;
        update.rate /= libm::pow(1.0 + self.lambda * update.rate * before, self.alpha);
        let keep = (1.0 - self.lambda * update.rate) as f32;
        let (rate, share) = (-update.rate as f32, (1.0 / (before - self.start).max(1.0)) as f32);
        update.each(|params, grads, [iterate]| {
            for ((p, &mut g), w) in params.iter_mut().zip(grads).zip(iterate) {
                *w = *w * keep + rate * g;
                // A share of 1 gives w itself, to the bit.
                *p = *w - (*w - *p) * (1.0 - share);
            }
        });
    }
}
