//! Products of packed matrices.

use crate::lanes::{Best, Lanes, WIDTH};
use crate::layout::{
    ACROSS, PANEL, STRIP, check_depth, full_strips, padded, panels_len, strided_len, strips, strips_len,
};
use crate::tile::{Product, Start, Strides, sweep};

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

/// The left-hand operand of [`gemm_from`]: `k` terms out of strips that hold `depth`, after the first `skip`.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Strips of A `[m x depth]`, at least `m * depth` values.
    pub strips: &'a [f32],
    pub depth: usize,
    pub skip: usize,
    pub k: usize,
}

impl<'a> Terms<'a> {
    /// All terms of strips that hold `k`.
    #[must_use]
    pub const fn all(strips: &'a [f32], k: usize) -> Terms<'a> {
        Terms { strips, depth: k, skip: 0, k }
    }
}

/// `C = start + A·B`, C row-major: the gates of one time step, from their biases.
///
/// * `start`: at least `padded(n)` values, which every row starts from; those after `n` do not matter.
/// * `b`, `c`: as in [`gemm`]; what is in C is not read.
///
/// Order: the same bits as copying `start` into every row and calling [`gemm`] with the terms packed on their own.
///
/// # Panics
/// If a slice is too short, `ldc < n`, or the strips hold fewer than `skip + k` terms.
pub fn gemm_from(m: usize, n: usize, a: Terms, start: &[f32], b: &[f32], c: &mut [f32], ldc: usize) {
    rows_from::<Best>(m, n, a, start, b, c, ldc);
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
    let at = Strides { row: ldc, panel: PANEL };
    let product =
        Product { start: Start::C, k, a: a.as_ptr(), depth: k, skip: 0, b: b.as_ptr(), c: c.as_mut_ptr(), at };
    // SAFETY: the lengths were checked.
    unsafe { all_columns::<L>(m, n, product) };
}

/// [`gemm_from`] over any lanes.
pub(crate) fn rows_from<L: Lanes>(
    m: usize,
    n: usize,
    Terms { strips, depth, skip, k }: Terms,
    start: &[f32],
    b: &[f32],
    c: &mut [f32],
    ldc: usize,
) {
    check_depth(depth, skip, k);
    check_strips(m, depth, strips);
    check_panels(n, k, b);
    assert!(c.len() >= strided_len(m, n, ldc), "C is {} long, not {m} x {n} by {ldc}", c.len());
    assert!(start.len() >= padded(n), "the start is {} long, not {}", start.len(), padded(n));
    let at = Strides { row: ldc, panel: PANEL };
    let start = Start::Row(start.as_ptr());
    let product = Product { start, k, a: strips.as_ptr(), depth, skip, b: b.as_ptr(), c: c.as_mut_ptr(), at };
    // SAFETY: the lengths were checked; every row reads the one row of starts.
    unsafe { all_columns::<L>(m, n, product) };
}

/// [`gemm_panels`] over any lanes.
pub(crate) fn panels<L: Lanes>(m: usize, n: usize, k: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    check_operands(m, n, k, a, b);
    assert!(c.len() >= panels_len(m, n), "C is {} long, not the panels of {m} x {n}", c.len());
    if k == 1 {
        return rank_one::<L>(m, n, a, b, c);
    }
    let at = Strides { row: PANEL, panel: m * PANEL };
    let product =
        Product { start: Start::C, k, a: a.as_ptr(), depth: k, skip: 0, b: b.as_ptr(), c: c.as_mut_ptr(), at };
    // SAFETY: the lengths were checked; panel q of C is the 8 m values from q * 8 m on.
    unsafe { block::<L>(m, n.div_ceil(PANEL), product) };
}

/// [`panels`] with a single term, where a tile would load and store more than it computes: a gradient of one time step.
/// Strips of one term are its `m` values in order.
///
/// Four rows at a time: a loop over single ones spends as much on itself as on them.
fn rank_one<L: Lanes>(m: usize, n: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    let panels = c.chunks_exact_mut((m * PANEL).max(1)).zip(b.as_chunks::<PANEL>().0);
    let (fours, rest) = a[..m].as_chunks::<4>();
    for (c, b) in panels.take(n.div_ceil(PANEL)) {
        let mut c = c.as_mut_ptr();
        // SAFETY: a panel of B is 8 values, and so is each of the m rows of C.
        unsafe {
            let b = (L::load(b.as_ptr()), L::load(b.as_ptr().add(WIDTH)));
            for a in fours {
                c = add_multiples(c, a, b);
            }
            for a in rest {
                c = add_multiples(c, &[*a], b);
            }
        }
    }
}

/// Adds `a[r]` times a row to row `r`; gives the place after the last.
///
/// # Safety
/// Readable and writable: `N` rows of 8 values at `c`.
#[inline(always)]
unsafe fn add_multiples<L: Lanes, const N: usize>(c: *mut f32, a: &[f32; N], (low, high): (L, L)) -> *mut f32 {
    // SAFETY: as the caller vouches.
    unsafe {
        for (r, a) in a.iter().enumerate() {
            let (a, c) = (L::load_splat(a), c.add(r * PANEL));
            a.mul_add(low, L::load(c)).store(c);
            a.mul_add(high, L::load(c.add(WIDTH))).store(c.add(WIDTH));
        }
        c.add(N * PANEL)
    }
}

fn check_operands(m: usize, n: usize, k: usize, a: &[f32], b: &[f32]) {
    check_strips(m, k, a);
    check_panels(n, k, b);
}

fn check_strips(m: usize, k: usize, a: &[f32]) {
    assert!(a.len() >= strips_len(m, k), "A is {} long, not the strips of {m} x {k}", a.len());
}

fn check_panels(n: usize, k: usize, b: &[f32]) {
    assert!(b.len() >= panels_len(k, n), "B is {} long, not the panels of {k} x {n}", b.len());
}

/// All `m` rows against the panels of `n` columns, where C is row-major.
///
/// # Safety
/// The operands and C of the product have the lengths of `m` rows and `n` columns, a row that the sums start from that of
/// whole panels.
unsafe fn all_columns<L: Lanes>(m: usize, n: usize, product: Product) {
    let full = n / PANEL;
    // SAFETY: the full panels cover columns 0 .. full * 8 <= n of every row.
    unsafe {
        block::<L>(m, full, product);
        if !n.is_multiple_of(PANEL) && m > 0 {
            edge::<L>(m, product.after(0, full), n % PANEL);
        }
    }
}

/// All `m` rows against `panels` whole panels; the rows after the last full strip get the widest tile that fits.
///
/// # Safety
/// The operands, C and a row that the sums start from have the lengths of `m` rows and `panels` whole panels.
unsafe fn block<L: Lanes>(m: usize, panels: usize, product: Product) {
    let full = full_strips(m);
    // SAFETY: the parts are disjoint pieces of what the caller vouches for.
    unsafe {
        if full > 0 {
            sweep::<L, STRIP, 1>(full, panels, product);
        }
        for (first, height) in strips(m).skip(full) {
            let tail = product.after(first, 0);
            match height {
                1 => single_row::<L>(panels, tail),
                2 => {
                    let wide = panels / 2;
                    sweep::<L, 2, 2>(1, wide, tail);
                    sweep::<L, 2, 1>(1, panels % 2, tail.after(0, wide * 2));
                }
                3 => sweep::<L, 3, 1>(1, panels, tail),
                // Only where a full strip is higher; else the compiler drops them.
                4 if STRIP > 4 => sweep::<L, 4, 1>(1, panels, tail),
                5 if STRIP > 4 => sweep::<L, 5, 1>(1, panels, tail),
                _ => unreachable!("a tail of {height} rows"),
            }
        }
    }
}

/// One row against `panels` whole panels, [`ACROSS`] at a time; two and two instead of three and one.
///
/// # Safety
/// As [`block`] with one row.
unsafe fn single_row<L: Lanes>(panels: usize, row: Product) {
    let (wide, rest) = match (panels / ACROSS, panels % ACROSS) {
        (wide @ 1.., 1) if ACROSS == 3 => (wide - 1, 4),
        whole => whole,
    };
    let (twos, ones) = (rest / 2, rest % 2);
    // SAFETY: the pieces are disjoint, and together what the caller vouches for.
    unsafe {
        if wide > 0 {
            sweep::<L, 1, ACROSS>(1, wide, row);
        }
        if twos > 0 {
            sweep::<L, 1, 2>(1, twos, row.after(0, ACROSS * wide));
        }
        if ones > 0 {
            sweep::<L, 1, 1>(1, ones, row.after(0, panels - 1));
        }
    }
}

/// The last panel of a row-major C when it has `columns < 8`: the tile works on a copy, so that nothing beside the
/// `columns` is touched, and with the same arithmetic.
///
/// # Safety
/// The operands and a row that the sums start from have the lengths of `m` rows and one panel, C that of `columns`.
unsafe fn edge<L: Lanes>(m: usize, product: Product, columns: usize) {
    let mut copy = [0.0; STRIP * PANEL];
    let copy = copy.as_mut_ptr();
    let at = Strides { row: PANEL, panel: 0 };
    for (first, rows) in strips(m) {
        let part = product.after(first, 0);
        // SAFETY: the caller vouches for the rows; the copy holds STRIP rows of 8.
        unsafe {
            if matches!(part.start, Start::C) {
                for r in 0..rows {
                    std::ptr::copy_nonoverlapping(part.c.add(r * part.at.row), copy.add(r * PANEL), columns);
                }
            }
            block::<L>(rows, 1, Product { c: copy, at, ..part });
            for r in 0..rows {
                std::ptr::copy_nonoverlapping(copy.add(r * PANEL), part.c.add(r * part.at.row), columns);
            }
        }
    }
}
