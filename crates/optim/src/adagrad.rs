//! Adagrad: each parameter's rate by all its gradients so far. PyTorch's `Adagrad`.

use crate::optimizer::{Before, Rule, Update};
use crate::state::State;

/// `s ← s + g²`, `θ ← θ - rate/(1 + (t-1)η) · g/(√s + ε)`; s starts at `initial_accumulator`.
///
/// Source: Duchi, Hazan and Singer 2011; η, the decay of the rate, as in PyTorch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adagrad {
    /// η, ≥ 0.
    pub rate_decay: f64,
    /// What the sum of squares starts from, ≥ 0.
    pub initial_accumulator: f64,
    /// ε, above zero in `f32`.
    pub epsilon: f64,
    /// λ of `g + λθ`.
    pub weight_decay: f64,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for Adagrad {
    fn default() -> Self {
        Self { rate_decay: 0.0, initial_accumulator: 0.0, epsilon: 1e-10, weight_decay: 0.0, maximize: false }
    }
}

impl Rule for Adagrad {
    fn buffers(&self) -> &'static [&'static str] {
        &["sum"]
    }

    fn before(&self) -> Before {
        Before { maximize: self.maximize, decay: self.weight_decay }
    }

    fn start(&self, _params: &[f32], state: &mut State) {
        state.buffers[0].fill(self.initial_accumulator as f32);
    }

    fn update(&self, update: &mut Update) {
        update.rate /= 1.0 + (update.step - 1) as f64 * self.rate_decay;
        let (rate, epsilon) = (-update.rate as f32, self.epsilon as f32);
        update.each(|params, grads, [sum]| {
            for ((p, &mut g), s) in params.iter_mut().zip(grads).zip(sum) {
                *s += g * g;
                *p += rate * g / (s.sqrt() + epsilon);
            }
        });
    }
}
