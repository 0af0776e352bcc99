//! NAdam: Adam with Nesterov's momentum. PyTorch's `NAdam`.

use crate::arithmetic::{lerp, power};
use crate::optimizer::{Before, Rule, Update};
use crate::state::State;
use linalg::flush;

/// `μ_t = β1·(1 - 0.96^(tψ)/2)`, `Π_t = Π_{t-1}·μ_t`, moments as in [`crate::Adam`], and with `r = √(v/(1-β2^t)) + ε`
/// `θ ← θ - rate·(1-μ_t)/(1-Π_t) · g/r - rate·μ_{t+1}/(1-Π_t μ_{t+1}) · m/r`.
///
/// Source: Dozat 2016; ψ, the decay of momentum, as in PyTorch (0.004).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NAdam {
    /// Smoothing of the mean, in [0, 1).
    pub beta1: f64,
    /// Smoothing of the mean square, in [0, 1).
    pub beta2: f64,
    /// ε, above zero in `f32`.
    pub epsilon: f64,
    /// ψ, ≥ 0.
    pub momentum_decay: f64,
    /// λ of `g + λθ`, or decoupled of `θ·(1 - rate·λ)`.
    pub weight_decay: f64,
    /// Whether decay is that of [`crate::AdamW`].
    pub decoupled: bool,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for NAdam {
    fn default() -> Self {
        let (beta1, beta2, epsilon, momentum_decay) = (0.9, 0.999, 1e-8, 0.004);
        Self { beta1, beta2, epsilon, momentum_decay, weight_decay: 0.0, decoupled: false, maximize: false }
    }
}

/// The scalars of one update.
#[derive(Clone, Copy)]
struct Scalars {
    keep: f32,
    weight1: f32, // 1 - β1
    beta2: f32,
    weight2: f32, // 1 - β2
    epsilon: f32, // ε·√(1-β2^t)
    gradient: f32,
    mean: f32,
}

impl Rule for NAdam {
    fn buffers(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    /// Π: a product over all updates, of momenta that a schedule may have set.
    fn scalars(&self) -> &'static [&'static str] {
        &["mu_product"]
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.beta1)
    }

    fn before(&self) -> Before {
        Before { maximize: self.maximize, decay: if self.decoupled { 0.0 } else { self.weight_decay } }
    }

    fn start(&self, _params: &[f32], state: &mut State) {
        state.scalars[0] = 1.0;
    }

    fn update(&self, update: &mut Update) {
        let beta1 = update.momentum.unwrap_or(self.beta1);
        let momentum = |t: u64| beta1 * (1.0 - 0.5 * libm::pow(0.96, t as f64 * self.momentum_decay));
        let (now, next) = (momentum(update.step), momentum(update.step + 1));
        let product = &mut update.state.scalars[0];
        *product *= now;
        let root = (1.0 - power(self.beta2, update.step)).sqrt();
        let k = Scalars {
            keep: if self.decoupled { (1.0 - update.rate * self.weight_decay) as f32 } else { 1.0 },
            weight1: (1.0 - beta1) as f32,
            beta2: self.beta2 as f32,
            weight2: (1.0 - self.beta2) as f32,
            epsilon: (self.epsilon * root) as f32,
            gradient: (-update.rate * root * (1.0 - now) / (1.0 - *product)) as f32,
            mean: (-update.rate * root * next / (1.0 - *product * next)) as f32,
        };
        update.each(|params, grads, [mean, square]| run(params, grads, mean, square, k));
    }
}

fn run(params: &mut [f32], grads: &[f32], mean: &mut [f32], square: &mut [f32], k: Scalars) {
    for (((p, &g), m), v) in params.iter_mut().zip(grads).zip(mean).zip(square) {
        *m = flush(lerp(*m, g, k.weight1));
        *v = flush(*v * k.beta2 + k.weight2 * g * g);
        *p = *p * k.keep + (k.gradient * g + k.mean * *m) / (v.sqrt() + k.epsilon);
    }
}
