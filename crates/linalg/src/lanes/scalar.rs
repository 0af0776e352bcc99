//! Plain Rust: the native implementation and the oracle.

use super::{Lanes, WIDTH};

/// Four values in an array; LLVM turns it into vectors where the target has them.
#[derive(Clone, Copy)]
pub(crate) struct Four([f32; WIDTH]);

#[inline(always)]
fn each(a: Four, b: Four, f: impl Fn(f32, f32) -> f32) -> Four {
    Four(std::array::from_fn(|i| f(a.0[i], b.0[i])))
}

impl Lanes for Four {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        Four([x; WIDTH])
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller vouches for four readable values; an array of f32 is aligned as an f32 is.
        Four(unsafe { p.cast::<[f32; WIDTH]>().read() })
    }

    #[inline(always)]
    unsafe fn load_splat(p: *const f32) -> Self {
        // SAFETY: the caller vouches for one readable value.
        Self::splat(unsafe { p.read() })
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller vouches for four writable values.
        unsafe { p.cast::<[f32; WIDTH]>().write(self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        each(self, other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        each(self, other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        each(self, other, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        each(self, other, |a, b| a / b)
    }

    #[inline(always)]
    fn at_most(self, limit: Self) -> Self {
        each(self, limit, |x, limit| if limit < x { limit } else { x })
    }

    #[inline(always)]
    fn at_least(self, limit: Self) -> Self {
        each(self, limit, |x, limit| if x < limit { limit } else { x })
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        Four(self.0.map(|x| f32::from_bits((x.to_bits() << 23).wrapping_add(1.0f32.to_bits()))))
    }

    #[inline(always)]
    fn transpose(rows: [Self; WIDTH]) -> [Self; WIDTH] {
        std::array::from_fn(|i| Four(rows.map(|row| row.0[i])))
    }
}
