//! Reductions in `f64`, in a fixed order.
//!
//! The order of all of them: four partial sums, element `i` going to number `i % 4`, elements ascending; then
//! `(s0 + s1) + (s2 + s3)`.

use crate::lanes::{Best, Lanes, WIDTH};
use crate::layout::{PANEL, panels_len};
use std::array::from_fn;

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

/// Adds the rows of a matrix in panels onto one row: `to[j] += b[0][j]`, then `b[1][j]` and so on.
///
/// * `to`: `n` values. `panels`: those of B `[k x n]`.
///
/// # Panics
/// If `to` is not `n` long, or `panels` too short.
pub fn add_rows(to: &mut [f32], panels: &[f32], k: usize, n: usize) {
    add_rows_over::<Best>(to, panels, k, n);
}

/// [`add_rows`] over any lanes.
pub(crate) fn add_rows_over<L: Lanes>(to: &mut [f32], panels: &[f32], k: usize, n: usize) {
    // Sums that go side by side: an addition takes as long as four others need to begin.
    const GROUP: usize = 4;
    assert_eq!(to.len(), n, "length of the sums");
    let panels = &panels[..panels_len(k, n)];
    let mut done = 0;
    while done + GROUP * PANEL <= n {
        add_group::<L, GROUP>(&mut to[done..][..GROUP * PANEL], &panels[done * k..][..GROUP * PANEL * k], k);
        done += GROUP * PANEL;
    }
    while done < n {
        let width = PANEL.min(n - done);
        let mut sums = [0.0; PANEL];
        sums[..width].copy_from_slice(&to[done..][..width]);
        add_group::<L, 1>(&mut sums, &panels[done * k..][..PANEL * k], k);
        to[done..][..width].copy_from_slice(&sums[..width]);
        done += PANEL;
    }
}

/// `PANELS` whole panels of `k` rows onto `PANELS * 8` sums.
#[inline(always)]
fn add_group<L: Lanes, const PANELS: usize>(to: &mut [f32], panels: &[f32], k: usize) {
    assert!(to.len() == PANELS * PANEL && panels.len() == PANELS * PANEL * k);
    const VECTORS: usize = PANEL / WIDTH;
    let at = |q: usize, v: usize| q * PANEL + v * WIDTH;
    // SAFETY: the sums are PANELS panels wide; row r of panel q is within the k rows of it.
    unsafe {
        let mut sums: [[L; VECTORS]; PANELS] = from_fn(|q| from_fn(|v| L::load(to.as_ptr().add(at(q, v)))));
        for r in 0..k {
            for (q, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.add(L::load(panels.as_ptr().add((q * k + r) * PANEL + v * WIDTH)));
                }
            }
        }
        for (q, sums) in sums.into_iter().enumerate() {
            for (v, sum) in sums.into_iter().enumerate() {
                sum.store(to.as_mut_ptr().add(at(q, v)));
            }
        }
    }
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
