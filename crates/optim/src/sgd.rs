//! Gradient descent: plain, with Polyak's momentum, with Nesterov's. PyTorch's `SGD`.

use crate::arithmetic::dot;
use crate::hypergradient;
use crate::optimizer::{Before, Rule, Update};
use crate::state::State;
use linalg::flush;

/// `θ ← θ - α d`, where `d = g`, or with momentum `b ← μ b + (1 - τ) g` and `d = b`, or with Nesterov's `d = g + μ b`.
///
/// The first update has `b = g`, undamped, as PyTorch's; the rate multiplies the buffer, not the gradient, so a change
/// of rate acts at once.
///
/// Source: Polyak 1964; Sutskever et al. 2013, in PyTorch's form.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sgd {
    /// μ, in [0, 1); 0 keeps no buffer.
    pub momentum: f64,
    /// τ, the share of a gradient that momentum does not take. Not with Nesterov's.
    pub dampening: f64,
    /// Look ahead by one momentum step. Without momentum it changes nothing.
    pub nesterov: bool,
    /// λ of `g + λθ`.
    pub weight_decay: f64,
    /// Climb instead of descend.
    pub maximize: bool,
    /// β of [`crate::hypergradient`], ≥ 0; 0: the rate stays as it is given.
    pub hypergradient: f64,
}

impl Sgd {
    /// Whether an update is `θ ← θ - α g` and nothing else.
    pub fn plain(&self) -> bool {
        *self == Sgd { nesterov: self.nesterov, dampening: self.dampening, ..Sgd::default() }
    }
}

impl Rule for Sgd {
    fn buffers(&self) -> &'static [&'static str] {
        match (self.momentum != 0.0, self.hypergradient != 0.0) {
            (false, false) => &[],
            (true, false) => &["momentum_buffer"],
            (false, true) => &["direction"],
            (true, true) => &["momentum_buffer", "direction"],
        }
    }

    fn scalars(&self) -> &'static [&'static str] {
        if self.hypergradient == 0.0 { &[] } else { hypergradient::SCALARS }
    }

    fn start(&self, _params: &[f32], state: &mut State) {
        if self.hypergradient != 0.0 {
            hypergradient::start(state);
        }
    }

    fn momentum(&self) -> Option<f64> {
        (self.momentum != 0.0).then_some(self.momentum)
    }

    fn before(&self) -> Before {
        Before { maximize: self.maximize, decay: self.weight_decay }
    }

    fn update(&self, update: &mut Update) {
        if self.hypergradient != 0.0 {
            return self.descend_rate(update);
        }
        let rate = -update.rate as f32;
        if self.momentum == 0.0 {
            return update.each(|params, grads, []| plain(params, grads, rate));
        }
        let momentum = update.momentum.unwrap_or(self.momentum) as f32;
        let weight = if update.step == 1 { 1.0 } else { (1.0 - self.dampening) as f32 };
        if self.nesterov {
            update.each(|params, grads, [buffer]| nesterov(params, grads, buffer, rate, momentum));
        } else {
            update.each(|params, grads, [buffer]| heavy_ball(params, grads, buffer, rate, momentum, weight));
        }
    }
}

impl Sgd {
    /// The same with the direction of the update before in the last buffer. The gradient becomes the direction on the way.
    fn descend_rate(&self, update: &mut Update) {
        let momentum = update.momentum.unwrap_or(self.momentum) as f32;
        let weight = if update.step == 1 { 1.0 } else { (1.0 - self.dampening) as f32 };
        let mut along = 0.0;
        if self.momentum == 0.0 {
            update.each(|_, grads, [before]| along += dot(grads, before));
        } else {
            update.each(|_, grads, [buffer, before]| {
                along += dot(grads, before);
                for (g, b) in grads.iter_mut().zip(buffer) {
                    *b = flush(*b * momentum + weight * *g);
                    *g = if self.nesterov { *g + momentum * *b } else { *b };
                }
            });
        }
        let scalar = &mut update.state.scalars[0];
        update.rate = hypergradient::rate(scalar, update.rate, self.hypergradient, along);
        let rate = -update.rate as f32;
        let direction = |params: &mut [f32], grads: &[f32], before: &mut [f32]| {
            plain(params, grads, rate);
            before.copy_from_slice(grads);
        };
        if self.momentum == 0.0 {
            update.each(|params, grads, [before]| direction(params, grads, before));
        } else {
            update.each(|params, grads, [_, before]| direction(params, grads, before));
        }
    }
}

fn plain(params: &mut [f32], grads: &[f32], rate: f32) {
    for (p, &g) in params.iter_mut().zip(grads) {
        *p += rate * g;
    }
}

fn heavy_ball(params: &mut [f32], grads: &[f32], buffer: &mut [f32], rate: f32, momentum: f32, weight: f32) {
    for ((p, &g), b) in params.iter_mut().zip(grads).zip(buffer) {
        // A weight of 1 is exact: without dampening the bits are those without the product.
        *b = flush(*b * momentum + weight * g);
        *p += rate * *b;
    }
}

fn nesterov(params: &mut [f32], grads: &[f32], buffer: &mut [f32], rate: f32, momentum: f32) {
    for ((p, &g), b) in params.iter_mut().zip(grads).zip(buffer) {
        *b = flush(*b * momentum + g);
        *p += rate * (g + momentum * *b);
    }
}
