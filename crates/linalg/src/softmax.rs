//! Softmax and log-sum-exp of one row.

use crate::activation::{exp_lanes, in_place};
use crate::lanes::{Best, Lanes, WIDTH};
use crate::reduce::sum_f64;

/// `x[j] = exp(x[j]) / Σ exp(x)`, in place; gives ln Σ exp(x), so that a loss needs no second pass.
///
/// The maximum is subtracted first. Order: the exponentials are `f32`, their sum is that of [`sum_f64`], and each is
/// multiplied by the sum's reciprocal rounded to `f32`. A NaN anywhere, an infinite maximum, or a row of minus
/// infinity makes everything NaN. An empty row gives minus infinity.
pub fn softmax(x: &mut [f32]) -> f64 {
    softmax_lanes::<Best>(x)
}

/// As [`softmax`], from `src` to `dst`.
///
/// # Panics
/// If the lengths differ.
pub fn softmax_to(dst: &mut [f32], src: &[f32]) -> f64 {
    dst.copy_from_slice(src);
    softmax(dst)
}

/// ln Σ exp(x), as [`softmax`] gives it bit for bit, leaving the row alone.
#[must_use]
pub fn log_sum_exp(x: &[f32]) -> f64 {
    log_sum_exp_lanes::<Best>(x)
}

pub(crate) fn softmax_lanes<L: Lanes>(x: &mut [f32]) -> f64 {
    let max = maximum(x);
    let exp = exp_lanes::<L>();
    in_place(x, |v: L| exp(v.sub(L::splat(max))));
    let sum = sum_f64(x);
    let scale = (1.0 / sum) as f32;
    x.iter_mut().for_each(|v| *v *= scale);
    f64::from(max) + libm::log(sum)
}

pub(crate) fn log_sum_exp_lanes<L: Lanes>(x: &[f32]) -> f64 {
    // Blocks keep the exponentials on the stack. A multiple of four of them leaves the partial sums as in sum_f64.
    let max = maximum(x);
    let mut block = [0.0; 64];
    let mut sums = [0.0; 4];
    let exp = exp_lanes::<L>();
    for values in x.chunks(block.len()) {
        let block = &mut block[..values.len()];
        block.copy_from_slice(values);
        in_place(block, |v: L| exp(v.sub(L::splat(max))));
        crate::reduce::accumulate(&mut sums, block, f64::from);
    }
    f64::from(max) + libm::log(crate::reduce::fold(sums))
}

/// The largest value, NaN left aside (it returns with the subtraction); minus infinity for an empty row.
fn maximum(x: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let (fours, tail) = x.as_chunks::<WIDTH>();
    let mut max = [f32::NEG_INFINITY; WIDTH];
    for v in fours {
        max = std::array::from_fn(|i| larger(max[i], v[i]));
    }
    tail.iter().chain(&max).fold(f32::NEG_INFINITY, |a, &b| larger(a, b))
}
