//! Adam and AdamW: one loop over both moments, with or without decoupled decay. PyTorch's `Adam` and `AdamW`.

use crate::arithmetic::{largest, lerp, power, total};
use crate::hypergradient;
use crate::optimizer::{Before, Rule, Update};
use crate::state::State;
use linalg::flush;

/// `m ← β1 m + (1-β1) g`, `v ← β2 v + (1-β2) g²`,
/// `θ ← θ - rate/(1-β1^t) · m / (√v/√(1-β2^t) + ε)`.
///
/// ε is added to the root of the corrected second moment. With `amsgrad` the root is that of the largest v so far.
///
/// Source: Kingma and Ba 2015, algorithm 1; amsgrad: Reddi, Kale and Kumar 2018, algorithm 2, with bias correction as
/// in PyTorch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Smoothing of the mean, in [0, 1).
    pub beta1: f64,
    /// Smoothing of the mean square, in [0, 1).
    pub beta2: f64,
    /// ε. Must be above zero in `f32`: an element that has had no gradient divides by it.
    pub epsilon: f64,
    /// λ of `g + λθ`.
    pub weight_decay: f64,
    /// Whether steps never grow by a smaller mean square.
    pub amsgrad: bool,
    /// Climb instead of descend.
    pub maximize: bool,
    /// β of [`crate::hypergradient`], ≥ 0; 0: the rate stays as it is given.
    pub hypergradient: f64,
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
    /// As in [`Adam`].
    pub amsgrad: bool,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for Adam {
    fn default() -> Self {
        let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8);
        Self { beta1, beta2, epsilon, weight_decay: 0.0, amsgrad: false, maximize: false, hypergradient: 0.0 }
    }
}

impl Default for AdamW {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01, amsgrad: false, maximize: false }
    }
}

fn buffers(amsgrad: bool) -> &'static [&'static str] {
    if amsgrad { &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"] } else { &["exp_avg", "exp_avg_sq"] }
}

impl Rule for Adam {
    fn buffers(&self) -> &'static [&'static str] {
        buffers(self.amsgrad)
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.beta1)
    }

    fn before(&self) -> Before {
        Before { maximize: self.maximize, decay: self.weight_decay }
    }

    fn scalars(&self) -> &'static [&'static str] {
        if self.hypergradient == 0.0 { &[] } else { hypergradient::SCALARS }
    }

    fn start(&self, _params: &[f32], state: &mut State) {
        if self.hypergradient != 0.0 {
            hypergradient::start(state);
        }
    }

    fn update(&self, update: &mut Update) {
        if self.hypergradient != 0.0 {
            let along = self.along(update);
            let scalar = &mut update.state.scalars[0];
            update.rate = hypergradient::rate(scalar, update.rate, self.hypergradient, along);
        }
        moments(self, 1.0, update);
    }
}

impl Adam {
    /// ⟨g_t, u_{t-1}⟩, where u is what a rate of 1 would have moved by: the moments still are those of the update before.
    fn along(&self, update: &mut Update) -> f64 {
        if update.step == 1 {
            return 0.0;
        }
        let k = Scalars::new(self.beta1, self.beta2, self.epsilon, update.step - 1, 1.0, 1.0);
        let direction = |m: f32, v: f32| f64::from(-k.rate * m / (v.sqrt() + k.epsilon));
        let sum = |grads: &[f32], mean: &[f32], square: &[f32]| {
            let terms = grads.iter().zip(mean).zip(square);
            total(terms.map(|((g, m), v)| f64::from(*g) * direction(*m, *v)))
        };
        let mut along = 0.0;
        if self.amsgrad {
            update.each(|_, grads, [mean, _, most]| along += sum(grads, mean, most));
        } else {
            update.each(|_, grads, [mean, square]| along += sum(grads, mean, square));
        }
        along
    }
}

impl Rule for AdamW {
    fn buffers(&self) -> &'static [&'static str] {
        buffers(self.amsgrad)
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.beta1)
    }

    fn before(&self) -> Before {
        Before { maximize: self.maximize, decay: 0.0 }
    }

    fn update(&self, update: &mut Update) {
        let Self { beta1, beta2, epsilon, weight_decay, amsgrad, maximize } = *self;
        let adam = Adam { beta1, beta2, epsilon, weight_decay: 0.0, amsgrad, maximize, hypergradient: 0.0 };
        moments(&adam, 1.0 - update.rate * weight_decay, update);
    }
}

/// The scalars of one update.
#[derive(Clone, Copy)]
pub(crate) struct Scalars {
    /// What decay leaves of a parameter.
    pub keep: f32,
    /// 1 - β1.
    pub weight1: f32,
    pub beta2: f32,
    /// 1 - β2.
    pub weight2: f32,
    /// ε·√(1-β2^t).
    pub epsilon: f32,
    /// -rate·√(1-β2^t)/(1-β1^t).
    pub rate: f32,
}

impl Scalars {
    /// Of update `step` at `rate`, where decay leaves `keep` of a parameter.
    pub fn new(beta1: f64, beta2: f64, epsilon: f64, step: u64, rate: f64, keep: f64) -> Scalars {
        // Numerator and denominator are both multiplied by √(1-β2^t), once, in f64: the same quotient with one
        // division less for each element, a quarter of the loop's time (the paper's remark under algorithm 1).
        let root = (1.0 - power(beta2, step)).sqrt();
        Scalars {
            keep: keep as f32,
            weight1: (1.0 - beta1) as f32,
            beta2: beta2 as f32,
            weight2: (1.0 - beta2) as f32,
            epsilon: (epsilon * root) as f32,
            rate: (-rate * root / (1.0 - power(beta1, step))) as f32,
        }
    }
}

fn moments(settings: &Adam, keep: f64, update: &mut Update) {
    let Adam { beta1, beta2, epsilon, amsgrad, .. } = *settings;
    let k = Scalars::new(update.momentum.unwrap_or(beta1), beta2, epsilon, update.step, update.rate, keep);
    if amsgrad {
        update.each(|params, grads, [mean, square, most]| run_amsgrad(params, grads, mean, square, most, k));
    } else {
        update.each(|params, grads, [mean, square]| run(params, grads, mean, square, k));
    }
}

/// A multiplication by `keep = 1` is exact, so Adam needs no loop of its own.
pub(crate) fn run(params: &mut [f32], grads: &[f32], mean: &mut [f32], square: &mut [f32], k: Scalars) {
    for (((p, &g), m), v) in params.iter_mut().zip(grads).zip(mean).zip(square) {
        *m = flush(lerp(*m, g, k.weight1));
        *v = flush(*v * k.beta2 + k.weight2 * g * g);
        *p = *p * k.keep + k.rate * *m / (v.sqrt() + k.epsilon);
    }
}

fn run_amsgrad(params: &mut [f32], grads: &[f32], mean: &mut [f32], square: &mut [f32], most: &mut [f32], k: Scalars) {
    for ((((p, &g), m), v), most) in params.iter_mut().zip(grads).zip(mean).zip(square).zip(most) {
        *m = flush(lerp(*m, g, k.weight1));
        *v = flush(*v * k.beta2 + k.weight2 * g * g);
        *most = largest(*most, *v);
        *p = *p * k.keep + k.rate * *m / (most.sqrt() + k.epsilon);
    }
}
