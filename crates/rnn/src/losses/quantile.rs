//! The pinball loss, whose least is at a quantile. Source: Koenker and Bassett 1978.

use super::{LossSum, Rows};

/// `max(q e, (q - 1) e)` of `e = t - p` for each quantile q, the quantiles of a target side by side; the derivative at 0 is 0.
/// `weight` counts the elements of the output.
///
/// * `rows.output`: `[n, O, Q]`; `target`: `[n, O]`; `quantiles`: `[Q]`, in 0 … 1.
///
/// # Panics
/// When the lengths do not fit each other.
pub fn quantile(rows: Rows, target: &[f32], quantiles: &[f64]) -> LossSum {
    rows.elements(target, quantiles.len(), |i, p, t| {
        let (q, e) = (quantiles[i % quantiles.len()], t - p);
        match () {
            () if e > 0.0 => (q * e, -q),
            () if e < 0.0 => ((q - 1.0) * e, 1.0 - q),
            () => (e, e),
        }
    })
}
