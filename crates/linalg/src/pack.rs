//! Packing of operands from row-major matrices.

use crate::layout::{PANEL, STRIP, panels_len, strided_len, strips_len};

/// Writes rows of B into its panels.
///
/// * `dst`: panels of B `[k_total x n]`, at least `padded(n) * k_total` values. Rows `k_at .. k_at + rows` of every
///   panel are written, pad columns with zero; the other rows are left alone.
/// * `src`: `[rows x n]` with stride `ld >= n`.
///
/// # Panics
/// If a slice is too short, `ld < n`, or `k_at + rows > k_total`.
pub fn pack_panels(dst: &mut [f32], k_total: usize, k_at: usize, src: &[f32], ld: usize, rows: usize, n: usize) {
    check_depth(k_total, k_at, rows);
    assert!(src.len() >= strided_len(rows, n, ld), "source too short for {rows} x {n} by {ld}");
    let dst = &mut dst[..panels_len(k_total, n)];
    if rows == 0 || n == 0 {
        return;
    }
    for (q, panel) in dst.chunks_exact_mut(k_total * PANEL).enumerate() {
        let first = q * PANEL;
        let columns = PANEL.min(n - first);
        let out = panel[k_at * PANEL..][..rows * PANEL].chunks_exact_mut(PANEL);
        for (r, out) in out.enumerate() {
            let row = &src[r * ld + first..][..columns];
            if columns == PANEL {
                out.copy_from_slice(row);
            } else {
                out[..columns].copy_from_slice(row);
                out[columns..].fill(0.0);
            }
        }
    }
}

/// Writes A `[m x k]` as strips.
///
/// * `dst`: at least `m * k` values.
/// * `src`: A row-major `[m x k]` with stride `ld >= k`.
///
/// # Panics
/// If a slice is too short, or `ld < k`.
pub fn pack_strips(dst: &mut [f32], src: &[f32], ld: usize, m: usize, k: usize) {
    assert!(src.len() >= strided_len(m, k, ld), "source too short for {m} x {k} by {ld}");
    let dst = &mut dst[..strips_len(m, k)];
    for first in (0..m).step_by(STRIP) {
        let rows = STRIP.min(m - first);
        let strip = &mut dst[first * k..][..rows * k];
        for r in 0..rows {
            let row = &src[(first + r) * ld..][..k];
            for (out, &x) in strip[r..].iter_mut().step_by(rows).zip(row) {
                *out = x;
            }
        }
    }
}

/// Writes the transpose of a row-major matrix as strips: A = srcᵀ, the rows of `src` being the terms of the product.
///
/// * `dst`: strips of A `[m x k_total]`, at least `m * k_total` values. Of every strip the terms
///   `k_at .. k_at + rows` are written; the others are left alone.
/// * `src`: `[rows x m]` with stride `ld >= m`.
///
/// # Panics
/// If a slice is too short, `ld < m`, or `k_at + rows > k_total`.
pub fn pack_strips_transposed(
    dst: &mut [f32],
    k_total: usize,
    k_at: usize,
    src: &[f32],
    ld: usize,
    rows: usize,
    m: usize,
) {
    check_depth(k_total, k_at, rows);
    assert!(src.len() >= strided_len(rows, m, ld), "source too short for {rows} x {m} by {ld}");
    let dst = &mut dst[..strips_len(m, k_total)];
    for first in (0..m).step_by(STRIP) {
        let height = STRIP.min(m - first);
        let strip = &mut dst[first * k_total..][..height * k_total];
        for r in 0..rows {
            let row = &src[r * ld + first..][..height];
            strip[(k_at + r) * height..][..height].copy_from_slice(row);
        }
    }
}

fn check_depth(k_total: usize, k_at: usize, rows: usize) {
    let fits = k_at <= k_total && rows <= k_total - k_at;
    assert!(fits, "rows {k_at} .. {k_at} + {rows} of {k_total}");
}
