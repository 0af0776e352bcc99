//! Packing of the operands of a product from row-major matrices.
//!
//! The packed side is written in whole cache lines and the source read a few rows at a time: the strides are often
//! large powers of two, whose lines all fall into the same few places of the cache.

use crate::lanes::{Best, Lanes, WIDTH};
use crate::layout::{PANEL, STRIP, panels_len, strided_len, strips, strips_len};
use std::array::from_fn;

/// Source rows taken together.
const BLOCK: usize = 8;

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
    for top in (0..rows).step_by(BLOCK) {
        for first in (0..n).step_by(PANEL) {
            let height = BLOCK.min(rows - top);
            let out = &mut dst[first * k_total + (k_at + top) * PANEL..][..height * PANEL];
            let (out, _) = out.as_chunks_mut::<PANEL>();
            for (r, out) in out.iter_mut().enumerate() {
                let row = &src[(top + r) * ld + first..];
                if let Some(whole) = row.first_chunk().filter(|_| n - first >= PANEL) {
                    *out = *whole;
                } else {
                    let columns = n - first;
                    out[..columns].copy_from_slice(&row[..columns]);
                    out[columns..].fill(0.0);
                }
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
    strips_over::<Best>(dst, k, 0, src, ld, m, k);
}

/// Writes some columns of A: `k` of `k_total`, the first of them number `k_at`. The others are left alone.
///
/// * `dst`: strips of A `[m x k_total]`, at least `m * k_total` values.
/// * `src`: the columns, row-major `[m x k]` with stride `ld >= k`.
///
/// # Panics
/// If a slice is too short, `ld < k`, or `k_at + k > k_total`.
pub fn pack_strips_at(dst: &mut [f32], k_total: usize, k_at: usize, src: &[f32], ld: usize, m: usize, k: usize) {
    strips_over::<Best>(dst, k_total, k_at, src, ld, m, k);
}

/// [`pack_strips_at`] over any lanes.
pub(crate) fn strips_over<L: Lanes>(
    dst: &mut [f32],
    k_total: usize,
    k_at: usize,
    src: &[f32],
    ld: usize,
    m: usize,
    k: usize,
) {
    check_depth(k_total, k_at, k);
    assert!(src.len() >= strided_len(m, k, ld), "source too short for {m} x {k} by {ld}");
    let dst = &mut dst[..strips_len(m, k_total)];
    if k == 0 {
        return;
    }
    for (first, height) in strips(m) {
        let rows = &src[first * ld..];
        let strip = &mut dst[first * k_total + k_at * height..][..k * height];
        let row = |r: usize| &rows[r * ld..][..k];
        match height {
            4 => interleave::<L, 4>(strip, from_fn(row)),
            // Only where a full strip is as high; else the compiler drops it.
            6 if STRIP == 6 => interleave::<L, 6>(strip, from_fn(row)),
            _ => {
                for r in 0..height {
                    let out = strip[r..].iter_mut().step_by(height);
                    out.zip(row(r)).for_each(|(out, x)| *out = *x);
                }
            }
        }
    }
}

/// Rows of equal length to `[k][ROWS]`, four columns at a time: the first four rows as vectors, those of a higher strip one
/// by one.
#[inline(always)]
fn interleave<L: Lanes, const ROWS: usize>(strip: &mut [f32], rows: [&[f32]; ROWS]) {
    let mut fours = strip.chunks_exact_mut(WIDTH * ROWS);
    let first: [&[f32]; WIDTH] = from_fn(|r| rows[r]);
    let mut done = 0;
    for (i, out) in (&mut fours).enumerate() {
        done += WIDTH;
        // SAFETY: there are i + 1 times four values in each row, and four rows of ROWS in the chunk.
        unsafe {
            let columns = L::transpose(first.map(|row| L::load(row[i * WIDTH..][..WIDTH].as_ptr())));
            for (c, column) in columns.into_iter().enumerate() {
                column.store(out.as_mut_ptr().add(c * ROWS));
            }
        }
        for (r, row) in rows.iter().enumerate().skip(WIDTH) {
            for (c, &x) in row[i * WIDTH..][..WIDTH].iter().enumerate() {
                out[c * ROWS + r] = x;
            }
        }
    }
    for (p, out) in fours.into_remainder().as_chunks_mut::<ROWS>().0.iter_mut().enumerate() {
        *out = rows.map(|row| row[done + p]);
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
    for top in (0..rows).step_by(BLOCK) {
        let depth = BLOCK.min(rows - top);
        for (first, height) in strips(m) {
            let out = &mut dst[first * k_total + (k_at + top) * height..][..depth * height];
            let source = |r: usize| &src[(top + r) * ld + first..][..height];
            match height {
                4 => columns::<4>(out, source),
                6 if STRIP == 6 => columns::<6>(out, source),
                _ => {
                    for (r, out) in out.chunks_exact_mut(height).enumerate() {
                        out.iter_mut().zip(source(r)).for_each(|(out, x)| *out = *x);
                    }
                }
            }
        }
    }
}

/// Pieces of ROWS values one after the other; the length is known to the compiler: a move, not a call.
#[inline(always)]
fn columns<'a, const ROWS: usize>(out: &mut [f32], source: impl Fn(usize) -> &'a [f32]) {
    for (r, out) in out.as_chunks_mut::<ROWS>().0.iter_mut().enumerate() {
        *out = *source(r).first_chunk().expect("as many values");
    }
}

fn check_depth(k_total: usize, k_at: usize, rows: usize) {
    let fits = k_at <= k_total && rows <= k_total - k_at;
    assert!(fits, "rows {k_at} .. {k_at} + {rows} of {k_total}");
}
