//! Losses that grow by the absolute error: MAE, Huber, smooth L1. `e = p - t`; `weight` counts elements.
//! Source: Huber 1964; Girshick 2015 (smooth L1); PyTorch's `L1Loss`, `HuberLoss`, `SmoothL1Loss`.

use super::{LossSum, Rows};

/// `|e|`; the derivative at 0 is 0. `rows.output`, `target`: `[n, O]`.
///
/// # Panics
/// When the lengths do not fit each other; so of all here.
pub fn mae(rows: Rows, target: &[f32]) -> LossSum {
    rows.elements(target, 1, |_, p, t| ((p - t).abs(), sign(p - t)))
}

/// `e² / 2` up to `|e| = delta`, beyond `delta (|e| - delta / 2)`.
pub fn huber(rows: Rows, target: &[f32], delta: f64) -> LossSum {
    rows.elements(target, 1, |_, p, t| {
        let e = p - t;
        let size = e.abs();
        if size < delta { (0.5 * e * e, e) } else { (delta * (size - 0.5 * delta), delta * sign(e)) }
    })
}

/// `e² / (2 beta)` up to `|e| = beta`, beyond `|e| - beta / 2`: Huber's loss / beta. A beta of 0 is [`mae`].
pub fn smooth_l1(rows: Rows, target: &[f32], beta: f64) -> LossSum {
    rows.elements(target, 1, |_, p, t| {
        let e = p - t;
        let size = e.abs();
        if size < beta { (0.5 * e * e / beta, e / beta) } else { (size - 0.5 * beta, sign(e)) }
    })
}

/// -1, 0 or 1; a NaN stays one.
fn sign(e: f64) -> f64 {
    if e == 0.0 { 0.0 } else { 1f64.copysign(e) + 0.0 * e }
}
