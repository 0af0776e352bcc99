//! Looking for values that spoil a run: infinities, NaN, denormals.

/// Index of the first value that is infinite or NaN.
#[must_use]
pub fn first_non_finite(x: &[f32]) -> Option<usize> {
    // Whole blocks without an early exit, and the largest exponent as an integer, so that the search is done in vectors.
    const BLOCK: usize = 256;
    const INFINITE: u32 = 0x7f80_0000;
    let mut at = 0;
    for block in x.chunks(BLOCK) {
        let largest = block.iter().fold(0, |largest: u32, v| largest.max(v.to_bits() & 0x7fff_ffff));
        if largest >= INFINITE {
            return block.iter().position(|v| !v.is_finite()).map(|i| at + i);
        }
        at += BLOCK;
    }
    None
}

/// +0 where |x| < 1e-30, else x; NaN stays.
///
/// WebAssembly cannot flush denormals, and arithmetic on them is several times slower. The bound is far above the
/// denormals (1.2e-38), so that a decaying value is caught before its next few products get there.
#[inline(always)]
#[must_use]
pub fn flush(x: f32) -> f32 {
    if x.abs() < 1e-30 { 0.0 } else { x }
}

/// [`flush`] of all of `x`, in place and to `to`.
///
/// # Panics
/// If the lengths differ.
pub fn flush_to(to: &mut [f32], x: &mut [f32]) {
    assert_eq!(to.len(), x.len(), "lengths differ");
    for (to, x) in to.iter_mut().zip(x) {
        *x = flush(*x);
        *to = *x;
    }
}
