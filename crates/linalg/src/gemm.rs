//! Products of packed matrices.

use crate::lanes::{Best, Lanes};
use crate::layout::{PANEL, STRIP, panels_len, strided_len, strips_len};
use crate::tile::{Strides, sweep};

/// `C += A·B`, C row-major.
///
/// * `a`: strips of A `[m x k]`, at least `m * k` values. With `m = 1` that is the row itself.
/// * `b`: panels of B `[k x n]`, at least `padded(n) * k` values.
/// * `c`: C `[m x n]` with row stride `ldc >= n`. Only its `m x n` elements are read or written.
///
/// Order: each element starts from C and adds `a[r][p] * b[p][j]` for `p = 0, 1, .. k - 1`.
///
/// # Panics
/// If a slice is too short, or `ldc < n`.
pub fn gemm(m: usize, n: usize, k: usize, a: &[f32], b: &[f32], c: &mut [f32], ldc: usize) {
    rows::<Best>(m, n, k, a, b, c, ldc);
}

/// `C += A·B`, C in panels `[ceil(n / 8)][m][8]`: how the gradient of a weight matrix is accumulated.
///
/// * `a`: strips of A `[m x k]`, at least `m * k` values.
/// * `b`: panels of B `[k x n]`, at least `padded(n) * k` values.
/// * `c`: panels of C `[m x n]`, at least `padded(n) * m` values. The pad columns of C are added to like the others:
///   they stay zero as long as the pad of B is zero and A is finite.
///
/// Order: each element starts from C and adds `a[r][p] * b[p][j]` for `p = 0, 1, .. k - 1`.
///
/// # Panics
/// If a slice is too short.
pub fn gemm_panels(m: usize, n: usize, k: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    panels::<Best>(m, n, k, a, b, c);
}

/// [`gemm`] over any lanes.
pub(crate) fn rows<L: Lanes>(m: usize, n: usize, k: usize, a: &[f32], b: &[f32], c: &mut [f32], ldc: usize) {
    check_operands(m, n, k, a, b);
    assert!(c.len() >= strided_len(m, n, ldc), "C is {} long, not {m} x {n} by {ldc}", c.len());
    let full = n / PANEL;
    let at = Strides { row: ldc, panel: PANEL };
    // SAFETY: the lengths were checked above; the full panels cover columns 0 .. full * 8 <= n of every row.
    unsafe { block::<L>(m, full, k, a.as_ptr(), b.as_ptr(), c.as_mut_ptr(), at) };
    if !n.is_multiple_of(PANEL) && m > 0 {
        let b = &b[full * k * PANEL..][..k * PANEL];
        edge::<L>(m, k, a, b, &mut c[full * PANEL..], ldc, n % PANEL);
    }
}

/// [`gemm_panels`] over any lanes.
pub(crate) fn panels<L: Lanes>(m: usize, n: usize, k: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    check_operands(m, n, k, a, b);
    assert!(c.len() >= panels_len(m, n), "C is {} long, not the panels of {m} x {n}", c.len());
    let at = Strides { row: PANEL, panel: m * PANEL };
    // SAFETY: the lengths were checked above; panel q of C is the 8 m values from q * 8 m on.
    unsafe {
        block::<L>(m, n.div_ceil(PANEL), k, a.as_ptr(), b.as_ptr(), c.as_mut_ptr(), at);
    }
}

fn check_operands(m: usize, n: usize, k: usize, a: &[f32], b: &[f32]) {
    assert!(a.len() >= strips_len(m, k), "A is {} long, not the strips of {m} x {k}", a.len());
    assert!(b.len() >= panels_len(k, n), "B is {} long, not the panels of {k} x {n}", b.len());
}

/// All `m` rows against `panels` whole panels; the rows after the last full strip get the widest tile that fits.
///
/// # Safety
/// Readable: `m * k` values at `a`, `panels * k * 8` at `b`. Readable and writable: C at `c`.
unsafe fn block<L: Lanes>(m: usize, panels: usize, k: usize, a: *const f32, b: *const f32, c: *mut f32, at: Strides) {
    let strips = m / STRIP;
    let tail = (a.wrapping_add(strips * STRIP * k), c.wrapping_add(strips * STRIP * at.row));
    // SAFETY: the parts are disjoint pieces of what the caller vouches for.
    unsafe {
        if strips > 0 {
            sweep::<L, STRIP, 1>(strips, panels, k, a, b, c, at);
        }
        match m % STRIP {
            1 => {
                let done = tail_row::<L, 4>(0, panels, k, tail.0, b, tail.1, at);
                let done = tail_row::<L, 2>(done, panels, k, tail.0, b, tail.1, at);
                tail_row::<L, 1>(done, panels, k, tail.0, b, tail.1, at);
            }
            2 => {
                let wide = panels / 2;
                sweep::<L, 2, 2>(1, wide, k, tail.0, b, tail.1, at);
                let (b, c) = skip(b, tail.1, wide * 2, k, at);
                sweep::<L, 2, 1>(1, panels % 2, k, tail.0, b, c, at);
            }
            3 => sweep::<L, 3, 1>(1, panels, k, tail.0, b, tail.1, at),
            // Only where a strip is higher; else the compiler drops them.
            4 => sweep::<L, 4, 1>(1, panels, k, tail.0, b, tail.1, at),
            5 => sweep::<L, 5, 1>(1, panels, k, tail.0, b, tail.1, at),
            _ => {}
        }
    }
}

/// One row against the panels from `done` on, `WIDE` at a time; gives the panels done.
///
/// # Safety
/// As [`block`] with one row.
unsafe fn tail_row<L: Lanes, const WIDE: usize>(
    done: usize,
    panels: usize,
    k: usize,
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    at: Strides,
) -> usize {
    let groups = (panels - done) / WIDE;
    let (b, c) = skip(b, c, done, k, at);
    if groups > 0 {
        // SAFETY: a piece of what the caller vouches for.
        unsafe { sweep::<L, 1, WIDE>(1, groups, k, a, b, c, at) };
    }
    done + groups * WIDE
}

fn skip(b: *const f32, c: *mut f32, panels: usize, k: usize, at: Strides) -> (*const f32, *mut f32) {
    (b.wrapping_add(panels * k * PANEL), c.wrapping_add(panels * at.panel))
}

/// The last panel of a row-major C when it has `columns < 8`: the tile works on a copy, so that nothing beside the
/// `columns` is touched, and with the same arithmetic.
fn edge<L: Lanes>(m: usize, k: usize, a: &[f32], b: &[f32], c: &mut [f32], ldc: usize, columns: usize) {
    let mut copy = [0.0; STRIP * PANEL];
    let at = Strides { row: PANEL, panel: 0 };
    for first in (0..m).step_by(STRIP) {
        let rows = STRIP.min(m - first);
        for r in 0..rows {
            copy[r * PANEL..][..columns].copy_from_slice(&c[(first + r) * ldc..][..columns]);
        }
        let strip = &a[first * k..][..rows * k];
        // SAFETY: the strip holds rows * k values, the panel k * 8, the copy 4 rows of 8.
        unsafe { block::<L>(rows, 1, k, strip.as_ptr(), b.as_ptr(), copy.as_mut_ptr(), at) };
        for r in 0..rows {
            c[(first + r) * ldc..][..columns].copy_from_slice(&copy[r * PANEL..][..columns]);
        }
    }
}
