//! The largest number of a row.

use crate::lanes::{Best, Lanes, WIDTH};
use std::array::from_fn;

/// Index of the largest number, the first of equals; a NaN is the largest where it comes first, and elsewhere left aside. 0 for
/// an empty row.
#[must_use]
pub fn largest(x: &[f32]) -> usize {
    largest_over::<Best>(x)
}

/// [`largest`] over any lanes, in two passes: the largest value, then its first place.
pub(crate) fn largest_over<L: Lanes>(x: &[f32]) -> usize {
    if x.first().is_none_or(|first| first.is_nan()) {
        return 0;
    }
    let most = maximum::<L>(x);
    x.iter().position(|&v| v == most).unwrap_or(0)
}

/// The largest value, NaN left aside (softmax gets it back when it subtracts); minus infinity for an empty row.
pub(crate) fn maximum<L: Lanes>(x: &[f32]) -> f32 {
    // Several at a time: one alone would wait for itself.
    const MOST: usize = 4;
    let (blocks, tail) = x.as_chunks::<{ MOST * WIDTH }>();
    let mut most = [L::splat(f32::NEG_INFINITY); MOST];
    for block in blocks {
        // SAFETY: a block is as many vectors.
        most = from_fn(|i| most[i].at_least(unsafe { L::load(block.as_ptr().add(i * WIDTH)) }));
    }
    let mut values = [0.0; MOST * WIDTH];
    for (i, most) in most.into_iter().enumerate() {
        // SAFETY: as above.
        unsafe { most.store(values.as_mut_ptr().add(i * WIDTH)) };
    }
    let larger = |a: f32, &b: &f32| if b > a { b } else { a };
    tail.iter().chain(&values).fold(f32::NEG_INFINITY, larger)
}
