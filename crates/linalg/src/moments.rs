//! Mean and variance of a row, and the sums that their derivatives want: in `f64`, in the order of [`crate::sum_f64`].

use crate::reduce::{accumulate, fold, sum_f64};

/// Mean and variance `Σ(x - mean)² / n` of a row; NaN of an empty one.
#[must_use]
pub fn moments(x: &[f32]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = sum_f64(x) / n;
    let mut sums = [0.0; 4];
    accumulate(&mut sums, x, |v| (f64::from(v) - mean) * (f64::from(v) - mean));
    (mean, fold(sums) / n)
}

/// `Σ a·(x - mean)`, each difference exact or nearly so: without the loss of `Σ a·x - mean·Σ a`.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn centred_dot(a: &[f32], x: &[f32], mean: f64) -> f64 {
    assert_eq!(a.len(), x.len(), "length of a product");
    let mut sums = [0.0; 4];
    for (i, (&a, &x)) in a.iter().zip(x).enumerate() {
        sums[i % 4] += f64::from(a) * (f64::from(x) - mean);
    }
    fold(sums)
}
