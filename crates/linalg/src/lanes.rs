//! Four `f32` side by side: the only thing a kernel knows about the machine.
//!
//! Kernels are written once over [`Lanes`]. There are two implementations of the same arithmetic: [`Four`], plain
//! Rust, always compiled, and `V128` for WebAssembly with simd128. They agree bit for bit (except in the payload of a
//! NaN, which WebAssembly leaves open), so the plain one is the oracle for the other. A build with relaxed-simd differs in
//! one thing: `V128` multiplies and adds in one instruction where the machine has it, so that its bits are the machine's.

mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

pub(crate) use scalar::Four;

/// The fastest implementation for the target.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) type Best = simd128::V128;
/// The fastest implementation for the target.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) type Best = Four;

/// Lanes in a vector.
pub(crate) const WIDTH: usize = 4;

/// 1.5 * 2^23: a float of that size holds an integer in its low bits, so adding it rounds to the nearest integer.
pub(crate) const ROUND: f32 = 12_582_912.0;

/// Four `f32` values; every operation works lane by lane and rounds once.
pub(crate) trait Lanes: Copy {
    fn splat(x: f32) -> Self;

    /// # Safety
    /// Four `f32` must be readable at `p`.
    unsafe fn load(p: *const f32) -> Self;

    /// The one value at `p` in all lanes.
    ///
    /// # Safety
    /// One `f32` must be readable at `p`.
    unsafe fn load_splat(p: *const f32) -> Self;

    /// # Safety
    /// Four `f32` must be writable at `p`.
    unsafe fn store(self, p: *mut f32);

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;

    /// `limit < self ? limit : self`; a NaN in `self` stays.
    fn at_most(self, limit: Self) -> Self;

    /// `self < limit ? limit : self`; a NaN in `self` stays.
    fn at_least(self, limit: Self) -> Self;

    /// 2^n for lanes holding `n + ROUND`, n an integer in -126..=127; for -127 it is 0, for a NaN anything.
    fn power_of_two(self) -> Self;

    /// Rows of a 4 x 4 matrix to its columns.
    fn transpose(rows: [Self; WIDTH]) -> [Self; WIDTH];

    /// `self * b + c`, rounded after each of the two; in a relaxed build of WebAssembly perhaps only once.
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        self.mul(b).add(c)
    }
}
