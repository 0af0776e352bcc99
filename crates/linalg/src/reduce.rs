//! Reductions in `f64`, in a fixed order.
//!
//! The order of all of them: four partial sums, element `i` going to number `i % 4`, elements ascending; then
//! `(s0 + s1) + (s2 + s3)`.

/// Σ x. NaN and infinities behave as in any sum.
#[must_use]
pub fn sum_f64(x: &[f32]) -> f64 {
    let mut sums = [0.0; 4];
    accumulate(&mut sums, x, f64::from);
    fold(sums)
}

/// Σ x², each square exact in `f64`.
#[must_use]
pub fn norm_squared(x: &[f32]) -> f64 {
    let mut sums = [0.0; 4];
    accumulate(&mut sums, x, |v| f64::from(v) * f64::from(v));
    fold(sums)
}

/// Adds `term` of every element to the partial sums; the first element goes to number 0.
#[inline(always)]
pub(crate) fn accumulate(sums: &mut [f64; 4], x: &[f32], term: impl Fn(f32) -> f64) {
    let (fours, tail) = x.as_chunks::<4>();
    for v in fours {
        for i in 0..4 {
            sums[i] += term(v[i]);
        }
    }
    for (sum, &v) in sums.iter_mut().zip(tail) {
        *sum += term(v);
    }
}

pub(crate) fn fold(sums: [f64; 4]) -> f64 {
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}
