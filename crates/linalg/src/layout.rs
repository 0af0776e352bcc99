//! Sizes of the packed layouts, and the length checks shared by all entry points.

/// Columns of a panel: two vectors of four.
pub const PANEL: usize = 8;

/// Rows of a full strip. Twelve sums and what they are made of fit the registers where one instruction multiplies and adds;
/// with two of them V8 runs out, and eight sums are faster.
pub const STRIP: usize = if cfg!(target_feature = "relaxed-simd") { 6 } else { 4 };

/// Panels that a single row meets at a time: six sums keep separate additions busy, and of eight V8 in Node 20 keeps one in memory;
/// where one instruction multiplies and adds, eight are faster.
pub(crate) const ACROSS: usize = if cfg!(target_feature = "relaxed-simd") { 4 } else { 3 };

/// Full strips of `m` rows, before those of its tail ([`strips`]).
pub(crate) const fn full_strips(m: usize) -> usize {
    // Of six rows a strip, one or two left over would make a poor tile: with the six before they make two good ones.
    if STRIP > 4 && m > STRIP && matches!(m % STRIP, 1 | 2) { m / STRIP - 1 } else { m / STRIP }
}

/// The strips of `m` rows: the first row and the height of each. Full ones of [`STRIP`] rows come first, then the tail: what
/// is left, and where that is more than a strip, as two of four rows, or four and three.
pub fn strips(m: usize) -> impl Iterator<Item = (usize, usize)> {
    let full = full_strips(m) * STRIP;
    let mut first = 0;
    std::iter::from_fn(move || {
        let height = match m - first {
            0 => return None,
            _ if first < full => STRIP,
            rest => rest.min(if rest > STRIP { 4 } else { STRIP }),
        };
        first += height;
        Some((first - height, height))
    })
}

/// `n` rounded up to a multiple of [`PANEL`].
///
/// # Panics
/// If the result does not fit a `usize`.
#[must_use]
pub const fn padded(n: usize) -> usize {
    match n.checked_next_multiple_of(PANEL) {
        Some(n) => n,
        None => panic!("size overflows"),
    }
}

/// Length of the panels of a `k x n` matrix: `padded(n) * k`.
///
/// # Panics
/// If the result does not fit a `usize`.
#[must_use]
pub const fn panels_len(k: usize, n: usize) -> usize {
    area(padded(n), k)
}

/// Length of the strips of an `m x k` matrix: `m * k`; strips carry no pad.
///
/// # Panics
/// If the result does not fit a `usize`.
#[must_use]
pub const fn strips_len(m: usize, k: usize) -> usize {
    area(m, k)
}

/// `a * b`, refusing to wrap: the unchecked kernels rely on the lengths that are computed with it.
pub(crate) const fn area(a: usize, b: usize) -> usize {
    match a.checked_mul(b) {
        Some(n) => n,
        None => panic!("size overflows"),
    }
}

/// The least length of a row-major matrix of `rows x columns` with stride `ld`.
///
/// # Panics
/// If rows would overlap (`ld < columns`), or if the length does not fit a `usize`.
pub(crate) fn strided_len(rows: usize, columns: usize, ld: usize) -> usize {
    assert!(ld >= columns, "row stride {ld} is less than {columns} columns");
    match rows.checked_sub(1) {
        Some(before) if columns > 0 => area(before, ld).checked_add(columns).expect("size overflows"),
        _ => 0,
    }
}

/// Terms `at .. at + k` of `total`.
pub(crate) fn check_depth(total: usize, at: usize, k: usize) {
    let fits = at <= total && k <= total - at;
    assert!(fits, "terms {at} .. {at} + {k} of {total}");
}
