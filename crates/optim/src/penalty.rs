//! L1 and L2 penalties, as additions to the gradient.
//!
//! They are part of the gradient and not of the reported loss, and are meant for weights, not biases: the caller
//! gives the ranges. PyTorch's `weight_decay` (of all but `AdamW`) is `l2`, added after clipping.

use crate::arithmetic::sign;
use crate::clip::Norm;
use std::ops::Range;

/// `g ← g + (l1·sign(w) + l2·w)`, the gradient of `l1·Σ|w| + l2/2·Σw²`; sign(0) is 0, so a weight may rest there.
pub fn add(l1: f64, l2: f64, params: &[f32], grads: &mut [f32]) {
    assert_eq!(grads.len(), params.len(), "gradients");
    let (l1, l2) = (l1 as f32, l2 as f32);
    for (g, &w) in grads.iter_mut().zip(params) {
        *g += l1 * sign(w) + l2 * w;
    }
}

/// What the penalty on some ranges adds to a loss, `l1·Σ|w| + l2/2·Σw²`, for who goes by losses.
pub fn value(l1: f64, l2: f64, ranges: &[Range<usize>], params: &[f32]) -> f64 {
    let of = |range: &Range<usize>| {
        let w = &params[range.clone()];
        l1 * Norm::One.of(w) + l2 / 2.0 * linalg::norm_squared(w)
    };
    ranges.iter().map(of).sum()
}

/// [`add`] on some ranges of the same buffers.
pub fn add_to(l1: f64, l2: f64, ranges: &[Range<usize>], params: &[f32], grads: &mut [f32]) {
    assert_eq!(grads.len(), params.len(), "gradients");
    for range in ranges {
        add(l1, l2, &params[range.clone()], &mut grads[range.clone()]);
    }
}
