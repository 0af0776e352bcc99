//! Activations over slices. Each value depends on its own input only, so the length does not change the bits.

use crate::lanes::{Best, Lanes, ROUND, WIDTH};

macro_rules! activation {
    ($(#[$doc:meta])* $name:ident, $name_to:ident, $kernel:ident) => {
        $(#[$doc])*
        pub fn $name(x: &mut [f32]) {
            in_place::<Best>(x, $kernel());
        }

        #[doc = concat!("As [`", stringify!($name), "`], from `src` to `dst`.")]
        ///
        /// # Panics
        /// If the lengths differ.
        pub fn $name_to(dst: &mut [f32], src: &[f32]) {
            between::<Best>(dst, src, $kernel());
        }
    };
}

activation!(
    /// Hyperbolic tangent, in place: relative error below 3.6e-7 for normal numbers, never beyond -1 .. 1; NaN
    /// gives NaN.
    ///
    /// A rational function of degree 9 over 8 on |x| <= 7.852, beyond which tanh is within 3e-7 of 1.
    tanh, tanh_to, tanh_lanes
);
activation!(
    /// Logistic function 1 / (1 + exp(-x)), in place, as 0.5 + 0.5 tanh(x / 2): absolute error below 2.1e-7, never
    /// beyond 0 .. 1; NaN gives NaN. For x far below zero the relative error is unbounded (the value ends at 0), which
    /// gates do not mind; do not take its logarithm.
    sigmoid, sigmoid_to, sigmoid_lanes
);
activation!(
    /// Exponential, in place: relative error below 1.3e-7 from -86.98 to 88.72283. Below that, where the results would
    /// soon be denormal, it is 0; above, infinite; NaN gives NaN.
    exp, exp_to, exp_lanes
);
activation!(
    /// max(x, 0), in place; NaN gives NaN.
    relu, relu_to, relu_lanes
);

/// The rational tanh: `x (1 + s P(s)) / (1 + s Q(s))`, s = x², the minimax fit used by XNNPACK (`f32-vtanh` rational
/// 9/8). The bound beyond which it is 1, the coefficients of P, those of Q, highest first.
const TANH: [f32; 9] = [
    7.852,
    1.424_892e-8,
    2.123_562_6e-5,
    0.003_533_052,
    0.134_124_12,
    8.136_595e-7,
    3.347_298e-4,
    0.026_019,
    0.467_457_35,
];

/// Constants in all lanes, from memory and not from the code: newer versions of V8 make one of the code anew each time that it
/// is used (a training step took a tenth longer in Node 24; in Node 20 there is no difference).
#[inline(always)]
fn constants<L: Lanes, const N: usize>(table: &'static [f32; N]) -> [L; N] {
    let table = std::hint::black_box(table);
    std::array::from_fn(|i| L::splat(table[i]))
}

#[inline(always)]
pub(crate) fn tanh_lanes<L: Lanes>() -> impl Fn(L) -> L {
    let [bound, p3, p2, p1, p0, q3, q2, q1, q0] = constants::<L, _>(&TANH);
    let [lower, one] = constants::<L, _>(&[-TANH[0], 1.0]);
    move |x| {
        let x = x.at_most(bound).at_least(lower);
        let s = x.mul(x);
        let p = s.mul_add(s.mul_add(s.mul_add(s.mul_add(p3, p2), p1), p0), one);
        let q = s.mul_add(s.mul_add(s.mul_add(s.mul_add(q3, q2), q1), q0), one);
        x.mul(p).div(q)
    }
}

#[inline(always)]
pub(crate) fn sigmoid_lanes<L: Lanes>() -> impl Fn(L) -> L {
    let tanh = tanh_lanes::<L>();
    let half = L::splat(0.5);
    move |x| half.mul_add(tanh(half.mul(x)), half)
}

/// exp(x) = 2^n exp(r), n = x / ln 2 rounded, |r| <= ln 2 / 2; ln 2 in two parts, so that `n * high` is exact, and the
/// degree 6 polynomial of Cephes' `expf` for exp(r).
///
/// n goes up to 128, which no exponent holds, so it is 2 exp(r) that is multiplied by 2^(n - 1). That makes the ends
/// come out by themselves: at n = -126 the factor is 0, and just over 88.72284 the product overflows. A multiplication
/// also keeps a NaN, where an addition to the exponent bits would not.
#[inline(always)]
pub(crate) fn exp_lanes<L: Lanes>() -> impl Fn(L) -> L {
    let [upper, lower, log2_e, round, ln2_high, ln2_low] = constants::<L, _>(&REDUCE);
    let [p5, p4, p3, p2, p1, p0, one] = constants::<L, _>(&EXP);
    move |x| {
        let x = x.at_most(upper).at_least(lower);
        let rounded = x.mul_add(log2_e, round);
        let n = rounded.sub(round);
        let r = n.mul_add(ln2_low, n.mul_add(ln2_high, x));
        let p = r.mul_add(p5, p4);
        let p = r.mul_add(p, p3);
        let p = r.mul_add(p, p2);
        let p = r.mul_add(p, p1);
        let p = r.mul_add(p, p0);
        let p = r.mul(r).mul_add(p, r.add(one));
        p.add(p).mul(rounded.sub(one).power_of_two())
    }
}

/// Where exp ends above and below, 1 / ln 2, what rounds, and -ln 2 in two parts.
const REDUCE: [f32; 6] = [88.73, -87.5, std::f32::consts::LOG2_E, ROUND, -355.0 / 512.0, 2.121_944_4e-4];
/// The polynomial, highest first, and 1.
const EXP: [f32; 7] = [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5, 1.0];

#[inline(always)]
pub(crate) fn relu_lanes<L: Lanes>() -> impl Fn(L) -> L {
    |x: L| x.at_least(L::splat(0.0))
}

/// Brings each value into ± `limit`; NaN stays.
pub fn clamp(x: &mut [f32], limit: f32) {
    in_place::<Best>(x, |v| v.at_most(Lanes::splat(limit)).at_least(Lanes::splat(-limit)));
}

/// Applies `f` to all of `x`; the last one to three values go through a padded vector.
#[inline(always)]
pub(crate) fn in_place<L: Lanes>(x: &mut [f32], f: impl Fn(L) -> L) {
    let mut vectors = x.chunks_exact_mut(WIDTH);
    for v in &mut vectors {
        // SAFETY: a chunk is four values.
        unsafe { f(L::load(v.as_ptr())).store(v.as_mut_ptr()) };
    }
    let tail = vectors.into_remainder();
    if !tail.is_empty() {
        let last = padded(tail, &f);
        tail.copy_from_slice(&last[..tail.len()]);
    }
}

/// Writes `f` of all of `src` to `dst`.
#[inline(always)]
pub(crate) fn between<L: Lanes>(dst: &mut [f32], src: &[f32], f: impl Fn(L) -> L) {
    assert_eq!(dst.len(), src.len(), "lengths differ");
    let mut to = dst.chunks_exact_mut(WIDTH);
    let mut from = src.chunks_exact(WIDTH);
    for (to, from) in (&mut to).zip(&mut from) {
        // SAFETY: chunks are four values.
        unsafe { f(L::load(from.as_ptr())).store(to.as_mut_ptr()) };
    }
    let tail = from.remainder();
    if !tail.is_empty() {
        to.into_remainder().copy_from_slice(&padded(tail, &f)[..tail.len()]);
    }
}

#[inline(always)]
fn padded<L: Lanes>(tail: &[f32], f: &impl Fn(L) -> L) -> [f32; WIDTH] {
    let mut v = [0.0; WIDTH];
    v[..tail.len()].copy_from_slice(tail);
    // SAFETY: the array is four values.
    unsafe { f(L::load(v.as_ptr())).store(v.as_mut_ptr()) };
    v
}
