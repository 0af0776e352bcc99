//! RMSprop, with momentum or centred. PyTorch's `RMSprop`.

use crate::arithmetic::lerp;
use crate::optimizer::{Before, Rule, Update};
use linalg::flush;

/// `s ← α s + (1-α) g²`, `θ ← θ - rate · g / (√s + ε)`.
///
/// Centred, the root is of `s - a²` with `a ← a + (1-α)(g - a)`: the variance of the gradient. With momentum,
/// `b ← μ b + g / (√s + ε)` and `θ ← θ - rate · b`. ε is added after the root.
///
/// Source: Tieleman and Hinton 2012, lecture 6.5; centred: Graves 2013, equations 38-45 (his ε is inside).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// Smoothing of the mean square, in [0, 1).
    pub alpha: f64,
    /// μ, in [0, 1); 0 keeps no buffer.
    pub momentum: f64,
    /// Divide by the standard deviation instead of the root of the mean square.
    pub centered: bool,
    /// ε. Must be above zero in `f32`: an element that has had no gradient divides by it.
    pub epsilon: f64,
    /// λ of `g + λθ`.
    pub weight_decay: f64,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for RmsProp {
    fn default() -> Self {
        let (alpha, epsilon) = (0.99, 1e-8);
        Self { alpha, momentum: 0.0, centered: false, epsilon, weight_decay: 0.0, maximize: false }
    }
}

/// The scalars of one update.
#[derive(Clone, Copy)]
struct Scalars {
    alpha: f32,
    rest: f32, // 1 - alpha
    momentum: f32,
    epsilon: f32,
    rate: f32, // negative
}

impl Rule for RmsProp {
    fn buffers(&self) -> &'static [&'static str] {
        match (self.centered, self.momentum != 0.0) {
            (false, false) => &["square_avg"],
            (false, true) => &["square_avg", "momentum_buffer"],
            (true, false) => &["square_avg", "grad_avg"],
            (true, true) => &["square_avg", "grad_avg", "momentum_buffer"],
        }
    }

    fn momentum(&self) -> Option<f64> {
        (self.momentum != 0.0).then_some(self.momentum)
    }

    fn before(&self) -> Before {
        Before { maximize: self.maximize, decay: self.weight_decay }
    }

    fn update(&self, update: &mut Update) {
        let k = Scalars {
            alpha: self.alpha as f32,
            rest: (1.0 - self.alpha) as f32,
            momentum: update.momentum.unwrap_or(self.momentum) as f32,
            epsilon: self.epsilon as f32,
            rate: -update.rate as f32,
        };
        match (self.centered, self.momentum != 0.0) {
            (false, false) => update.each(|p, g, [s]| plain(p, g, s, k)),
            (false, true) => update.each(|p, g, [s, b]| with_momentum(p, g, s, b, k)),
            (true, false) => update.each(|p, g, [s, a]| centered(p, g, s, a, k)),
            (true, true) => update.each(|p, g, [s, a, b]| centered_with_momentum(p, g, s, a, b, k)),
        }
    }
}

/// The new mean square.
#[inline(always)]
fn mean_square(square: f32, g: f32, k: Scalars) -> f32 {
    flush(square * k.alpha + k.rest * g * g)
}

/// The deviation's root plus ε. Rounding can leave the difference below zero where the gradient is constant;
/// PyTorch's root is then NaN, here it is 0.
#[inline(always)]
fn deviation(square: f32, mean: f32, k: Scalars) -> f32 {
    let variance = square - mean * mean;
    // The larger of it and 0. A comparison would become a relaxed instruction in a relaxed build, which may hide a NaN.
    (0.5 * (variance + variance.abs())).sqrt() + k.epsilon
}

fn plain(params: &mut [f32], grads: &[f32], square: &mut [f32], k: Scalars) {
    for ((p, &g), s) in params.iter_mut().zip(grads).zip(square) {
        *s = mean_square(*s, g, k);
        *p += k.rate * g / (s.sqrt() + k.epsilon);
    }
}

fn with_momentum(params: &mut [f32], grads: &[f32], square: &mut [f32], velocity: &mut [f32], k: Scalars) {
    for (((p, &g), s), b) in params.iter_mut().zip(grads).zip(square).zip(velocity) {
        *s = mean_square(*s, g, k);
        *b = flush(*b * k.momentum + g / (s.sqrt() + k.epsilon));
        *p += k.rate * *b;
    }
}

fn centered(params: &mut [f32], grads: &[f32], square: &mut [f32], mean: &mut [f32], k: Scalars) {
    for (((p, &g), s), a) in params.iter_mut().zip(grads).zip(square).zip(mean) {
        *s = mean_square(*s, g, k);
        *a = flush(lerp(*a, g, k.rest));
        *p += k.rate * g / deviation(*s, *a, k);
    }
}

fn centered_with_momentum(
    params: &mut [f32],
    grads: &[f32],
    square: &mut [f32],
    mean: &mut [f32],
    velocity: &mut [f32],
    k: Scalars,
) {
    for ((((p, &g), s), a), b) in params.iter_mut().zip(grads).zip(square).zip(mean).zip(velocity) {
        *s = mean_square(*s, g, k);
        *a = flush(lerp(*a, g, k.rest));
        *b = flush(*b * k.momentum + g / deviation(*s, *a, k));
        *p += k.rate * *b;
    }
}
