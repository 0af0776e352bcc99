//! Adam and AdamW: one loop over both moments, with or without decoupled decay. PyTorch's `Adam` and `AdamW`.

use crate::arithmetic::{lerp, power};
use crate::optimizer::{Rule, Update};
use linalg::flush;

const MOMENTS: &[&str] = &["exp_avg", "exp_avg_sq"];

/// `m ← β1 m + (1-β1) g`, `v ← β2 v + (1-β2) g²`,
/// `θ ← θ - rate/(1-β1^t) · m / (√v/√(1-β2^t) + ε)`.
///
/// ε is added to the root of the corrected second moment.
///
/// Source: Kingma and Ba 2015, algorithm 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Smoothing of the mean, in [0, 1).
    pub beta1: f64,
    /// Smoothing of the mean square, in [0, 1).
    pub beta2: f64,
    /// ε. Must be above zero in `f32`: an element that has had no gradient divides by it.
    pub epsilon: f64,
}

/// [`Adam`] after `θ ← θ·(1 - rate·weight_decay)`: the decay is not scaled by the moments.
///
/// Source: Loshchilov and Hutter 2019, algorithm 2, with the decay multiplied by the rate as in PyTorch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Smoothing of the mean, in [0, 1).
    pub beta1: f64,
    /// Smoothing of the mean square, in [0, 1).
    pub beta2: f64,
    /// ε, above zero in `f32` as in [`Adam`].
    pub epsilon: f64,
    /// Share of a parameter lost in an update of rate 1, ≥ 0.
    pub weight_decay: f64,
}

impl Rule for Adam {
    fn buffers(&self) -> &'static [&'static str] {
        MOMENTS
    }

    fn update(&self, update: Update) {
        moments(self, 1.0, update);
    }
}

impl Rule for AdamW {
    fn buffers(&self) -> &'static [&'static str] {
        MOMENTS
    }

    fn update(&self, update: Update) {
        let Self { beta1, beta2, epsilon, weight_decay } = *self;
        moments(&Adam { beta1, beta2, epsilon }, 1.0 - update.rate * weight_decay, update);
    }
}

/// The scalars of one update.
#[derive(Clone, Copy)]
struct Scalars {
    /// What decay leaves of a parameter.
    keep: f32,
    /// 1 - β1.
    weight1: f32,
    beta2: f32,
    /// 1 - β2.
    weight2: f32,
    /// ε·√(1-β2^t).
    epsilon: f32,
    /// -rate·√(1-β2^t)/(1-β1^t).
    rate: f32,
}

fn moments(settings: &Adam, keep: f64, update: Update) {
    let Update { step, rate, params, grads, buffers } = update;
    let [mean, square] = buffers else { panic!("adam has two buffers") };
    // Numerator and denominator are both multiplied by √(1-β2^t), once, in f64: the same quotient with one
    // division less for each element, a quarter of the loop's time (the paper's remark under algorithm 1).
    let root = (1.0 - power(settings.beta2, step)).sqrt();
    let scalars = Scalars {
        keep: keep as f32,
        weight1: (1.0 - settings.beta1) as f32,
        beta2: settings.beta2 as f32,
        weight2: (1.0 - settings.beta2) as f32,
        epsilon: (settings.epsilon * root) as f32,
        rate: (-rate * root / (1.0 - power(settings.beta1, step))) as f32,
    };
    run(params, grads, mean, square, scalars);
}

/// A multiplication by `keep = 1` is exact, so Adam needs no loop of its own.
fn run(params: &mut [f32], grads: &[f32], mean: &mut [f32], square: &mut [f32], k: Scalars) {
    for (((p, &g), m), v) in params.iter_mut().zip(grads).zip(mean).zip(square) {
        *m = flush(lerp(*m, g, k.weight1));
        *v = flush(*v * k.beta2 + k.weight2 * g * g);
        *p = *p * k.keep + k.rate * *m / (v.sqrt() + k.epsilon);
    }
}
