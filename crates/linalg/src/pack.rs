//! Packing of the operands of a product from row-major matrices.
//!
//! The packed side is written in whole cache lines and the source read a few rows at a time: the strides are often
//! large powers of two, whose lines all fall into the same few places of the cache.

use crate::lanes::{Best, Lanes, WIDTH};
use crate::layout::{PANEL, STRIP, check_depth, panels_len, strided_len, strips, strips_len};
use std::array::from_fn;

/// Source rows taken together.
const BLOCK: usize = 8;

/// Rows that become the terms of a product: row-major `[rows x columns]` with stride `ld >= columns`.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub data: &'a [f32],
    pub ld: usize,
    pub rows: usize,
    pub columns: usize,
    /// Whether the last row is the first term.
    pub reversed: bool,
}

impl Source<'_> {
    /// The first term, and from one to the next.
    fn checked(&self) -> (*const f32, isize) {
        let Source { data, ld, rows, columns, reversed } = *self;
        assert!(data.len() >= strided_len(rows, columns, ld), "source too short for {rows} x {columns} by {ld}");
        // Without values there is nothing to step over, and `ld` is anything.
        let ahead = if rows > 1 && columns > 0 { ld as isize } else { 0 };
        if reversed && ahead > 0 {
            (data.as_ptr().wrapping_add((rows - 1) * ld), -ahead)
        } else {
            (data.as_ptr(), ahead)
        }
    }
}

/// Writes rows of B into its panels.
///
/// * `dst`: panels of B `[k_total x n]`, at least `padded(n) * k_total` values. Rows `k_at .. k_at + rows` of every
///   panel are written, pad columns with zero; the other rows are left alone.
/// * `src`: `[rows x n]`.
///
/// # Panics
/// If a slice is too short, `ld < n`, or `k_at + rows > k_total`.
pub fn pack_panels(dst: &mut [f32], k_total: usize, k_at: usize, src: Source) {
    let (from, ld) = src.checked();
    let Source { rows, columns: n, .. } = src;
    check_depth(k_total, k_at, rows);
    let dst = &mut dst[..panels_len(k_total, n)];
    let whole = n - n % PANEL;
    for top in (0..rows).step_by(BLOCK) {
        let height = BLOCK.min(rows - top);
        for first in (0..whole).step_by(PANEL) {
            // SAFETY: the panel and the source's columns first .. first + 8 were checked, rows top .. top + height of both.
            unsafe {
                let from = from.offset(top as isize * ld).add(first);
                let to = dst.as_mut_ptr().add(first * k_total + (k_at + top) * PANEL);
                pieces::<PANEL>(to, from, ld, height);
            }
        }
    }
    if whole < n {
        let columns = n - whole;
        let (out, _) = dst[whole * k_total + k_at * PANEL..][..rows * PANEL].as_chunks_mut::<PANEL>();
        for (r, out) in out.iter_mut().enumerate() {
            let row = if src.reversed { rows - 1 - r } else { r };
            out[..columns].copy_from_slice(&src.data[row * src.ld + whole..][..columns]);
            out[columns..].fill(0.0);
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
        // SAFETY: the strip is k * height long; the source's length was checked for all m rows.
        unsafe {
            match height {
                4 => interleave::<L, 4>(strip.as_mut_ptr(), rows.as_ptr(), ld, k),
                // Only where a full strip is as high; else the compiler drops it.
                6 if STRIP == 6 => interleave::<L, 6>(strip.as_mut_ptr(), rows.as_ptr(), ld, k),
                1 => strip.copy_from_slice(&rows[..k]),
                _ => {
                    for r in 0..height {
                        let out = strip[r..].iter_mut().step_by(height);
                        out.zip(&rows[r * ld..][..k]).for_each(|(out, x)| *out = *x);
                    }
                }
            }
        }
    }
}

/// `ROWS` rows of `k`, `ld` apart, to `[k][ROWS]`, four columns at a time: the first four rows as vectors, those of a higher strip
/// one by one.
///
/// # Safety
/// Readable: `k` values at each of the `ROWS` rows of `from`. Writable: `k * ROWS` at `to`.
#[inline(always)]
unsafe fn interleave<L: Lanes, const ROWS: usize>(to: *mut f32, from: *const f32, ld: usize, k: usize) {
    let whole = k - k % WIDTH;
    // SAFETY: all columns are below k.
    unsafe {
        for p in (0..whole).step_by(WIDTH) {
            let columns = L::transpose(from_fn(|r| L::load(from.add(r * ld + p))));
            for (c, column) in columns.into_iter().enumerate() {
                column.store(to.add((p + c) * ROWS));
                for r in WIDTH..ROWS {
                    *to.add((p + c) * ROWS + r) = *from.add(r * ld + p + c);
                }
            }
        }
        for p in whole..k {
            for r in 0..ROWS {
                *to.add(p * ROWS + r) = *from.add(r * ld + p);
            }
        }
    }
}

/// Writes the transpose of a row-major matrix as strips: A = srcᵀ, the rows of `src` being the terms of the product.
///
/// * `dst`: strips of A `[m x k_total]`, at least `m * k_total` values. Of every strip the terms
///   `k_at .. k_at + rows` are written; the others are left alone.
/// * `src`: `[rows x m]`.
///
/// # Panics
/// If a slice is too short, `ld < m`, or `k_at + rows > k_total`.
pub fn pack_strips_transposed(dst: &mut [f32], k_total: usize, k_at: usize, src: Source) {
    let (from, ld) = src.checked();
    let Source { rows, columns: m, .. } = src;
    check_depth(k_total, k_at, rows);
    let dst = &mut dst[..strips_len(m, k_total)];
    for top in (0..rows).step_by(BLOCK) {
        let depth = BLOCK.min(rows - top);
        for (first, height) in strips(m) {
            // SAFETY: the strip has k_total terms of height values, the source columns first .. first + height, both checked.
            unsafe {
                let from = from.offset(top as isize * ld).add(first);
                let to = dst.as_mut_ptr().add(first * k_total + (k_at + top) * height);
                match height {
                    4 => pieces::<4>(to, from, ld, depth),
                    // Only where a full strip is as high; else the compiler drops it.
                    6 if STRIP == 6 => pieces::<6>(to, from, ld, depth),
                    _ => {
                        for i in 0..depth * height {
                            *to.add(i) = *from.offset((i / height) as isize * ld).add(i % height);
                        }
                    }
                }
            }
        }
    }
}

/// Moves `count` pieces of `LENGTH` values, `ld` apart in `from`, one after the other in `to`. A whole block is unrolled.
///
/// # Safety
/// Readable and writable are all pieces, which do not overlap.
#[inline(always)]
unsafe fn pieces<const LENGTH: usize>(to: *mut f32, from: *const f32, ld: isize, count: usize) {
    let to = to.cast::<[f32; LENGTH]>();
    let piece = |i: usize| from.wrapping_offset(i as isize * ld).cast::<[f32; LENGTH]>();
    // SAFETY: as the caller vouches; arrays of f32 are aligned as f32 is.
    unsafe {
        if count == BLOCK {
            for i in 0..BLOCK {
                *to.add(i) = *piece(i);
            }
        } else {
            for i in 0..count {
                *to.add(i) = *piece(i);
            }
        }
    }
}
