//! WebAssembly simd128.

use super::{Lanes, WIDTH};
use std::arch::wasm32::{
    f32x4_add, f32x4_div, f32x4_mul, f32x4_splat, f32x4_sub, i32x4_add, i32x4_shl, i32x4_shuffle, i32x4_splat, v128,
    v128_load, v128_load32_splat, v128_store,
};
#[cfg(target_feature = "relaxed-simd")]
use std::arch::wasm32::{f32x4_lt, v128_bitselect};

#[derive(Clone, Copy)]
pub(crate) struct V128(v128);

impl Lanes for V128 {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        V128(f32x4_splat(x))
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller vouches for four readable values; v128.load has no alignment.
        V128(unsafe { v128_load(p.cast()) })
    }

    #[inline(always)]
    unsafe fn load_splat(p: *const f32) -> Self {
        // SAFETY: the caller vouches for one readable value.
        V128(unsafe { v128_load32_splat(p.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller vouches for four writable values; v128.store has no alignment.
        unsafe { v128_store(p.cast(), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        V128(f32x4_add(self.0, other.0))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        V128(f32x4_sub(self.0, other.0))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        V128(f32x4_mul(self.0, other.0))
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        V128(f32x4_div(self.0, other.0))
    }

    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        V128(std::arch::wasm32::f32x4_relaxed_madd(self.0, b.0, c.0))
    }

    // The pseudo-minimum is one machine instruction where f32x4.min is six, and with the operands in this order it
    // returns a NaN `self`; the other order would hide it.
    #[cfg(not(target_feature = "relaxed-simd"))]
    #[inline(always)]
    fn at_most(self, limit: Self) -> Self {
        V128(std::arch::wasm32::f32x4_pmin(self.0, limit.0))
    }

    #[cfg(not(target_feature = "relaxed-simd"))]
    #[inline(always)]
    fn at_least(self, limit: Self) -> Self {
        V128(std::arch::wasm32::f32x4_pmax(self.0, limit.0))
    }

    // LLVM makes the relaxed minimum of the pseudo-minimum here, which may hide a NaN: tanh(NaN) came out as 0.9999997.
    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    fn at_most(self, limit: Self) -> Self {
        V128(v128_bitselect(limit.0, self.0, f32x4_lt(limit.0, self.0)))
    }

    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    fn at_least(self, limit: Self) -> Self {
        V128(v128_bitselect(limit.0, self.0, f32x4_lt(self.0, limit.0)))
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        V128(i32x4_add(i32x4_shl(self.0, 23), i32x4_splat(1.0f32.to_bits() as i32)))
    }

    #[inline(always)]
    fn transpose([a, b, c, d]: [Self; WIDTH]) -> [Self; WIDTH] {
        let ac = (i32x4_shuffle::<0, 4, 1, 5>(a.0, c.0), i32x4_shuffle::<2, 6, 3, 7>(a.0, c.0));
        let bd = (i32x4_shuffle::<0, 4, 1, 5>(b.0, d.0), i32x4_shuffle::<2, 6, 3, 7>(b.0, d.0));
        [
            V128(i32x4_shuffle::<0, 4, 1, 5>(ac.0, bd.0)),
            V128(i32x4_shuffle::<2, 6, 3, 7>(ac.0, bd.0)),
            V128(i32x4_shuffle::<0, 4, 1, 5>(ac.1, bd.1)),
            V128(i32x4_shuffle::<2, 6, 3, 7>(ac.1, bd.1)),
        ]
    }
}
