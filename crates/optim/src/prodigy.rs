//! Prodigy: Adam with no rate to choose; it estimates the distance to the solution.

use crate::arithmetic::{lerp, power, total};
use crate::optimizer::{Rule, Update};
use crate::state::State;
use linalg::flush;

/// With `d` the estimate, γ the learning rate as a factor, and `β3 = √β2`:
/// `m ← β1 m + (1-β1) d g`, `v ← β2 v + (1-β2) d² g²`, `r ← β3 r + (1-β3) γ d² ⟨g, θ0 - θ⟩`,
/// `s ← β3 s + (1-β3) γ d² g`, `θ ← θ·(1 - γdλ) - γ d m/(√v + dε)`, `d ← max(d, c·r/‖s‖₁)`.
///
/// With `bias_correction` γ is multiplied by `√(1-β2^t)/(1-β1^t)`. All is kept in units of d0 (m/d0, v/d0², …), which
/// changes nothing but keeps small gradients from vanishing in `f32`.
///
/// The first steps are about as long as d0, 1e-6: a sixteenth of that is what a weight of 1 is rounded by in `f32`, and θ0 - θ,
/// which the estimate grows by, would be off as much. So what the rounding of a weight leaves out is kept beside it, as `rest`,
/// and added to the next step (Kahan 1965; Møller 1965): θ is the sum of both.
///
/// Source: Mishchenko and Defazio 2024, algorithm 4; c, the correction and the decoupled λ as in its authors' code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prodigy {
    /// Smoothing of the mean, in [0, 1).
    pub beta1: f64,
    /// Smoothing of the mean square, in [0, 1).
    pub beta2: f64,
    /// ε, above zero in `f32`.
    pub epsilon: f64,
    /// λ, decoupled, ≥ 0.
    pub weight_decay: f64,
    /// The first estimate, above zero; smaller than the distance.
    pub d0: f64,
    /// c, above zero: what the estimate is multiplied by.
    pub coefficient: f64,
    /// Whether γ is corrected for moments that start at zero.
    pub bias_correction: bool,
}

impl Default for Prodigy {
    fn default() -> Self {
        let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8);
        Self { beta1, beta2, epsilon, weight_decay: 0.0, d0: 1e-6, coefficient: 1.0, bias_correction: false }
    }
}

/// The scalars of one update.
#[derive(Clone, Copy)]
struct Scalars {
    weight1: f32, // 1 - β1
    beta2: f32,
    weight2: f32, // 1 - β2
    beta3: f32,
    weight3: f32, // (1 - β3) γ u²
    unit: f32,    // u = d/d0
    epsilon: f32, // u ε
    decay: f32,   // γ d λ
    rate: f32,    // γ d
}

impl Rule for Prodigy {
    fn buffers(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq", "s", "p0", "rest"]
    }

    fn scalars(&self) -> &'static [&'static str] {
        &["d", "d_numerator"]
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.beta1)
    }

    fn start(&self, params: &[f32], state: &mut State) {
        state.buffers[3].copy_from_slice(params);
        state.scalars[0] = self.d0;
    }

    fn update(&self, update: &mut Update) {
        let beta1 = update.momentum.unwrap_or(self.beta1);
        let correction = (1.0 - power(self.beta2, update.step)).sqrt() / (1.0 - power(beta1, update.step));
        let factor = update.rate * if self.bias_correction { correction } else { 1.0 };
        let [d, numerator] = update.state.scalars[..] else { panic!("prodigy has two numbers") };
        let (unit, beta3) = (d / self.d0, self.beta2.sqrt());
        update.rate = factor * d;
        let weight3 = (1.0 - beta3) * factor * unit * unit;
        let k = Scalars {
            weight1: (1.0 - beta1) as f32,
            beta2: self.beta2 as f32,
            weight2: (1.0 - self.beta2) as f32,
            beta3: beta3 as f32,
            weight3: weight3 as f32,
            unit: unit as f32,
            epsilon: (unit * self.epsilon) as f32,
            decay: (update.rate * self.weight_decay) as f32,
            rate: update.rate as f32,
        };
        let (mut towards, mut size) = (0.0, 0.0);
        update.each(|params, grads, [mean, square, s, start, rest]| {
            let ahead = start.iter().zip(&*params).zip(&*rest);
            let ahead = ahead.map(|((a, p), rest)| f64::from(*a) - f64::from(*p) - f64::from(*rest));
            towards += total(grads.iter().zip(ahead).map(|(g, ahead)| f64::from(*g) * ahead));
            run(params, grads, [mean, square, s, rest], k);
            size += total(s.iter().map(|s| f64::from(s.abs())));
        });
        let numerator = beta3 * numerator + weight3 * towards;
        let estimate = self.coefficient * numerator / size;
        // No gradient yet, or none anywhere: nothing to go by.
        update.state.scalars[0] = if size > 0.0 && estimate > d { estimate } else { d };
        update.state.scalars[1] = numerator;
    }
}

fn run(params: &mut [f32], grads: &[f32], [mean, square, s, rest]: [&mut [f32]; 4], k: Scalars) {
    let buffers = mean.iter_mut().zip(square).zip(s).zip(rest);
    for ((p, &g), (((m, v), s), rest)) in params.iter_mut().zip(grads).zip(buffers) {
        let scaled = k.unit * g;
        *m = flush(lerp(*m, scaled, k.weight1));
        *v = flush(*v * k.beta2 + k.weight2 * scaled * scaled);
        *s = flush(*s * k.beta3 + k.weight3 * g);
        let step = *rest - k.decay * *p - k.rate * *m / (v.sqrt() + k.epsilon);
        let to = *p + step;
        // What `to` leaves out, whichever of the two is the larger (Knuth's sum of two).
        let taken = to - *p;
        *rest = flush((*p - (to - taken)) + (step - taken));
        *p = to;
    }
}
