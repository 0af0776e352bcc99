//! Gradient descent: plain, with Polyak's momentum, with Nesterov's. PyTorch's `SGD` with `dampening = 0`.

use crate::optimizer::{Rule, Update};
use linalg::flush;

/// `θ ← θ - α d`, where `d = g`, or with momentum `b ← μ b + g` and `d = b`, or with Nesterov's `d = g + μ b`.
///
/// The first update has `b = g` (b starts at zero and nothing damps g), as PyTorch's; the rate multiplies the
/// buffer, not the gradient, so a change of rate acts at once.
///
/// Source: Polyak 1964; Sutskever et al. 2013, in PyTorch's form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// μ, in [0, 1); 0 keeps no buffer.
    pub momentum: f64,
    /// Look ahead by one momentum step. Without momentum it changes nothing.
    pub nesterov: bool,
}

impl Rule for Sgd {
    fn buffers(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["momentum_buffer"] }
    }

    fn update(&self, update: Update) {
        let Update { rate, params, grads, buffers, .. } = update;
        let (rate, momentum) = (-rate as f32, self.momentum as f32);
        match buffers {
            [] => plain(params, grads, rate),
            [buffer] if self.nesterov => nesterov(params, grads, buffer, rate, momentum),
            [buffer] => heavy_ball(params, grads, buffer, rate, momentum),
            _ => panic!("sgd has at most one buffer"),
        }
    }
}

fn plain(params: &mut [f32], grads: &[f32], rate: f32) {
    for (p, &g) in params.iter_mut().zip(grads) {
        *p += rate * g;
    }
}

fn heavy_ball(params: &mut [f32], grads: &[f32], buffer: &mut [f32], rate: f32, momentum: f32) {
    for ((p, &g), b) in params.iter_mut().zip(grads).zip(buffer) {
        *b = flush(*b * momentum + g);
        *p += rate * *b;
    }
}

fn nesterov(params: &mut [f32], grads: &[f32], buffer: &mut [f32], rate: f32, momentum: f32) {
    for ((p, &g), b) in params.iter_mut().zip(grads).zip(buffer) {
        *b = flush(*b * momentum + g);
        *p += rate * (g + momentum * *b);
    }
}
