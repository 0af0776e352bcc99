//! Binary cross-entropy from logits: each output is a yes or no of its own. Source: PyTorch's `BCEWithLogitsLoss`.

use super::{LossSum, Rows, sigmoid, softplus};

/// `(1 - t) z + (1 + (w₊ - 1) t) ln(1 + e⁻ᶻ)` for each logit z and its target t in 0 … 1; w₊ is that output's positive weight.
/// `weight` counts elements.
///
/// * `rows.output` (logits), `target`: `[n, O]`; `positive`: `[O]`, one number for all, or none: 1.
///
/// # Panics
/// When the lengths do not fit each other.
pub fn binary_cross_entropy(rows: Rows, target: &[f32], positive: &[f64]) -> LossSum {
    rows.elements(target, 1, |i, z, t| {
        let of_positive = if positive.is_empty() { 1.0 } else { positive[i % positive.len()] };
        let w = 1.0 + (of_positive - 1.0) * t;
        ((1.0 - t) * z + w * softplus(-z), (1.0 - t) - w * sigmoid(-z))
    })
}
