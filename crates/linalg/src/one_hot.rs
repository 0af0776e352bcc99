//! Products with one-hot rows, done by index: the row `token` of the operand is the whole product.

use crate::layout::{PANEL, panels_len, strided_len};

/// Adds to each row of C the row of B that its token names: `C += one_hot(tokens)·B`.
///
/// * `c`: `[tokens.len() x n]` with stride `ldc >= n`; only these elements are touched.
/// * `w`: panels of B `[k x n]`, `k` the number of different tokens.
///
/// Order: one addition for each element.
///
/// # Panics
/// If a slice is too short, `ldc < n`, or a token is not below `k`.
pub fn gather_panels(c: &mut [f32], ldc: usize, tokens: &[u32], w: &[f32], k: usize, n: usize) {
    let rows = tokens.len();
    assert!(c.len() >= strided_len(rows, n, ldc), "C too short for {rows} x {n} by {ldc}");
    let w = &w[..panels_len(k, n)];
    check_tokens(tokens, k);
    for first in (0..n).step_by(PANEL) {
        let columns = PANEL.min(n - first);
        let panel = &w[first * k..][..k * PANEL];
        for (r, &token) in tokens.iter().enumerate() {
            let from = &panel[token as usize * PANEL..][..columns];
            add(&mut c[r * ldc + first..][..columns], from);
        }
    }
}

/// Adds each row of dG to the row of dW that its token names: `dW += one_hot(tokens)ᵀ·dG`.
///
/// * `dw`: panels `[ceil(n / 8)][k][8]`; pad columns are left alone.
/// * `dg`: `[tokens.len() x n]` with stride `ld >= n`.
///
/// Order: rows ascending, one addition each.
///
/// # Panics
/// If a slice is too short, `ld < n`, or a token is not below `k`.
pub fn scatter_panels(dw: &mut [f32], tokens: &[u32], dg: &[f32], ld: usize, k: usize, n: usize) {
    let rows = tokens.len();
    assert!(dg.len() >= strided_len(rows, n, ld), "dG too short for {rows} x {n} by {ld}");
    let dw = &mut dw[..panels_len(k, n)];
    check_tokens(tokens, k);
    for first in (0..n).step_by(PANEL) {
        let columns = PANEL.min(n - first);
        let panel = &mut dw[first * k..][..k * PANEL];
        for (r, &token) in tokens.iter().enumerate() {
            let from = &dg[r * ld + first..][..columns];
            add(&mut panel[token as usize * PANEL..][..columns], from);
        }
    }
}

fn check_tokens(tokens: &[u32], k: usize) {
    if let Some(token) = tokens.iter().find(|&&token| token as usize >= k) {
        panic!("token {token} of a vocabulary of {k}");
    }
}

/// `to += from`, with the length of a whole panel known to the compiler.
#[inline(always)]
fn add(to: &mut [f32], from: &[f32]) {
    if let (Ok(to), Ok(from)) = (<&mut [f32; PANEL]>::try_from(&mut *to), from.try_into()) {
        let from: &[f32; PANEL] = from;
        to.iter_mut().zip(from).for_each(|(y, x)| *y += x);
    } else {
        to.iter_mut().zip(from).for_each(|(y, x)| *y += x);
    }
}
