//! Softmax and log-sum-exp of one row.

use crate::activation::{between, exp_lanes, in_place};
use crate::lanes::{Best, Lanes};
use crate::maximum::maximum;
use crate::reduce::{accumulate, fold};

/// Values taken together: their exponentials are still at hand when they are added up. A multiple of four, so that the partial
/// sums are those of [`crate::sum_f64`].
const BLOCK: usize = 64;

/// `x[j] = exp(x[j]) / Σ exp(x)`, in place; gives ln Σ exp(x), so that a loss needs no second pass.
///
/// The maximum is subtracted first. Order: the exponentials are `f32`, their sum is that of [`crate::sum_f64`], and each is
/// multiplied by the sum's reciprocal rounded to `f32`. A NaN anywhere, an infinite maximum, or a row of minus
/// infinity makes everything NaN. An empty row gives minus infinity.
pub fn softmax(x: &mut [f32]) -> f64 {
    softmax_lanes::<Best>(x)
}

/// `dst[j] = factor · exp(src[j]) / Σ exp(src)`, as [`softmax`]: what is multiplied is `factor / Σ exp` rounded to `f32`.
///
/// # Panics
/// If the lengths differ.
pub fn softmax_to(dst: &mut [f32], src: &[f32], factor: f64) -> f64 {
    softmax_to_lanes::<Best>(dst, src, factor)
}

/// ln Σ exp(x), as [`softmax`] gives it bit for bit, leaving the row alone.
#[must_use]
pub fn log_sum_exp(x: &[f32]) -> f64 {
    log_sum_exp_lanes::<Best>(x)
}

pub(crate) fn softmax_lanes<L: Lanes>(x: &mut [f32]) -> f64 {
    let max = maximum::<L>(x);
    let exp = exp_less::<L>(max);
    let mut sums = [0.0; 4];
    for values in x.chunks_mut(BLOCK) {
        in_place(values, &exp);
        accumulate(&mut sums, values, f64::from);
    }
    let sum = fold(sums);
    scale(x, 1.0 / sum);
    f64::from(max) + libm::log(sum)
}

pub(crate) fn softmax_to_lanes<L: Lanes>(dst: &mut [f32], src: &[f32], factor: f64) -> f64 {
    assert_eq!(dst.len(), src.len(), "lengths differ");
    let max = maximum::<L>(src);
    let exp = exp_less::<L>(max);
    let mut sums = [0.0; 4];
    for (dst, src) in dst.chunks_mut(BLOCK).zip(src.chunks(BLOCK)) {
        between(dst, src, &exp);
        accumulate(&mut sums, dst, f64::from);
    }
    let sum = fold(sums);
    scale(dst, factor / sum);
    f64::from(max) + libm::log(sum)
}

pub(crate) fn log_sum_exp_lanes<L: Lanes>(x: &[f32]) -> f64 {
    let max = maximum::<L>(x);
    let exp = exp_less::<L>(max);
    let (mut sums, mut block) = ([0.0; 4], [0.0; BLOCK]);
    for values in x.chunks(BLOCK) {
        let block = &mut block[..values.len()];
        between(block, values, &exp);
        accumulate(&mut sums, block, f64::from);
    }
    f64::from(max) + libm::log(fold(sums))
}

#[inline(always)]
fn exp_less<L: Lanes>(max: f32) -> impl Fn(L) -> L {
    let (exp, max) = (exp_lanes::<L>(), L::splat(max));
    move |v| exp(v.sub(max))
}

fn scale(x: &mut [f32], factor: f64) {
    let factor = factor as f32;
    x.iter_mut().for_each(|v| *v *= factor);
}
