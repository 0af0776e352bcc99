//! Panels as the form in which weights are kept: from and to the natural layout, and their transpose.
//!
//! A natural weight matrix is `W [n][k]`, one row per output, as PyTorch stores it; its panels are those of the
//! right-hand operand `Wᵀ [k x n]` of `X·Wᵀ`.

use crate::lanes::{Best, Lanes, WIDTH};
use crate::layout::{PANEL, area, panels_len};

/// Natural `W [n][k]`, contiguous, to panels `[ceil(n / 8)][k][8]`; pad columns become zero.
///
/// # Panics
/// If `w` is shorter than `n * k` or `dst` shorter than `padded(n) * k`.
pub fn panels_from_rows(dst: &mut [f32], w: &[f32], n: usize, k: usize) {
    let w = &w[..area(n, k)];
    let dst = &mut dst[..panels_len(k, n)];
    if k == 0 {
        return;
    }
    for (panel, rows) in dst.chunks_exact_mut(k * PANEL).zip(w.chunks(k * PANEL)) {
        panel.fill(0.0);
        for (j, row) in rows.chunks_exact(k).enumerate() {
            for (out, &x) in panel.chunks_exact_mut(PANEL).zip(row) {
                out[j] = x;
            }
        }
    }
}

/// Panels `[ceil(n / 8)][k][8]` to the natural `W [n][k]`, contiguous.
///
/// # Panics
/// If `w` is shorter than `n * k` or `src` shorter than `padded(n) * k`.
pub fn panels_to_rows(w: &mut [f32], src: &[f32], n: usize, k: usize) {
    let w = &mut w[..area(n, k)];
    let src = &src[..panels_len(k, n)];
    if k == 0 {
        return;
    }
    for (panel, rows) in src.chunks_exact(k * PANEL).zip(w.chunks_mut(k * PANEL)) {
        for (j, row) in rows.chunks_exact_mut(k).enumerate() {
            for (x, values) in row.iter_mut().zip(panel.chunks_exact(PANEL)) {
                *x = values[j];
            }
        }
    }
}

/// The panels of `[A; B]`, rows of A above those of B: `A [a x n]`, `B [b x n]`, each in panels.
///
/// * `dst`: at least `padded(n) * (a + b)` values.
///
/// # Panics
/// If a slice is too short.
pub fn join_panels(dst: &mut [f32], (above, a): (&[f32], usize), (below, b): (&[f32], usize), n: usize) {
    let dst = &mut dst[..panels_len(a + b, n)];
    let (above, below) = (&above[..panels_len(a, n)], &below[..panels_len(b, n)]);
    for (i, panel) in dst.chunks_exact_mut(((a + b) * PANEL).max(1)).enumerate() {
        let (first, second) = panel.split_at_mut(a * PANEL);
        first.copy_from_slice(&above[i * a * PANEL..][..a * PANEL]);
        second.copy_from_slice(&below[i * b * PANEL..][..b * PANEL]);
    }
}

/// Panels of B `[k x n]` to the panels of its transpose `[n x k]`.
///
/// * `dst`: `[ceil(k / 8)][n][8]`, at least `padded(k) * n` values; all of them are written, pad columns with zero.
/// * `src`: `[ceil(n / 8)][k][8]`, at least `padded(n) * k` values; its pad columns are not read.
///
/// With the panels of a weight matrix (`k` inputs, `n` outputs) it gives the right-hand operand of the backward
/// product `dX = dG·W`, whose terms run over the outputs.
///
/// # Panics
/// If a slice is too short.
pub fn transpose_panels(dst: &mut [f32], src: &[f32], k: usize, n: usize) {
    transpose_over::<Best>(dst, src, k, n);
}

/// [`transpose_panels`] over any lanes.
///
/// Eight rows of a panel are 8 x 8 values in one piece, and so is their transpose.
pub(crate) fn transpose_over<L: Lanes>(dst: &mut [f32], src: &[f32], k: usize, n: usize) {
    let src = &src[..panels_len(k, n)];
    let dst = &mut dst[..panels_len(n, k)];
    for row in (0..k).step_by(PANEL) {
        for column in (0..n).step_by(PANEL) {
            let (height, width) = (PANEL.min(k - row), PANEL.min(n - column));
            let from = &src[column * k + row * PANEL..][..height * PANEL];
            let to = &mut dst[row * n + column * PANEL..][..width * PANEL];
            if let (Ok(from), Ok(to)) = (from.try_into(), <&mut Square>::try_from(&mut *to)) {
                transpose_square::<L>(to, from);
            } else {
                to.fill(0.0);
                for (i, values) in from.chunks_exact(PANEL).enumerate() {
                    for (to, &x) in to.chunks_exact_mut(PANEL).zip(values) {
                        to[i] = x;
                    }
                }
            }
        }
    }
}

/// 8 x 8 values, row after row.
type Square = [f32; PANEL * PANEL];

/// The transpose of a square, by its four quarters.
#[inline(always)]
fn transpose_square<L: Lanes>(to: &mut Square, from: &Square) {
    for row in (0..PANEL).step_by(WIDTH) {
        for column in (0..PANEL).step_by(WIDTH) {
            // SAFETY: every access is four values within a row of eight, within the eight rows.
            unsafe {
                let from = from.as_ptr().add(row * PANEL + column);
                let to = to.as_mut_ptr().add(column * PANEL + row);
                let quarter = std::array::from_fn(|i| L::load(from.add(i * PANEL)));
                for (i, values) in L::transpose(quarter).into_iter().enumerate() {
                    values.store(to.add(i * PANEL));
                }
            }
        }
    }
}
