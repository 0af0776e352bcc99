//! Adadelta: steps in the units of the parameters. PyTorch's `Adadelta`.

use crate::optimizer::{Before, Rule, Update};
use linalg::flush;

/// `s ← ρ s + (1-ρ) g²`, `d = √(a + ε)/√(s + ε) · g`, `a ← ρ a + (1-ρ) d²`, `θ ← θ - rate·d`.
///
/// Source: Zeiler 2012, algorithm 1, with a rate as in PyTorch (1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adadelta {
    /// ρ, in [0, 1).
    pub rho: f64,
    /// ε, above zero in `f32`.
    pub epsilon: f64,
    /// λ of `g + λθ`.
    pub weight_decay: f64,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for Adadelta {
    fn default() -> Self {
        Self { rho: 0.9, epsilon: 1e-6, weight_decay: 0.0, maximize: false }
    }
}

impl Rule for Adadelta {
    fn buffers(&self) -> &'static [&'static str] {
        &["square_avg", "acc_delta"]
    }

    fn before(&self) -> Before {
        Before { maximize: self.maximize, decay: self.weight_decay }
    }

    fn update(&self, update: &mut Update) {
        let (rho, rest, epsilon) = (self.rho as f32, (1.0 - self.rho) as f32, self.epsilon as f32);
        let rate = -update.rate as f32;
        update.each(|params, grads, [square, steps]| {
            for (((p, &mut g), s), a) in params.iter_mut().zip(grads).zip(square).zip(steps) {
                *s = flush(*s * rho + rest * g * g);
                let d = (*a + epsilon).sqrt() / (*s + epsilon).sqrt() * g;
                *a = flush(*a * rho + rest * d * d);
                *p += rate * d;
            }
        });
    }
}
