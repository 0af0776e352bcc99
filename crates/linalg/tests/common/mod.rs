//! Shared by the kernel tests: data, plain references, comparison of bits.
#![allow(dead_code, reason = "each test file is a program of its own and uses its share of this")]

/// A small linear congruential generator (Numerical Recipes): the same values on every machine.
pub struct Values(u32);

impl Values {
    pub fn new(seed: u32) -> Self {
        Values(seed)
    }

    /// The next value, in [-1, 1), of 24 random bits.
    pub fn one(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 8_388_608.0 - 1.0
    }

    pub fn vec(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.one()).collect()
    }

    /// A whole number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (((self.one() + 1.0) / 2.0 * n as f32) as usize).min(n - 1)
    }
}

/// Equal bit for bit, all NaN counting as one: WebAssembly leaves their payload open.
#[track_caller]
pub fn assert_same_bits(got: &[f32], want: &[f32], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}: lengths");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        if !(got.is_nan() && want.is_nan()) {
            assert_eq!(got.to_bits(), want.to_bits(), "{what}: [{i}] {got} != {want}");
        }
    }
}

/// The results of products and polynomials: the same bits, but in a relaxed build, which rounds once where the plain twin
/// rounds twice: there within `room`, the sum of what was added up times a few roundings.
#[track_caller]
pub fn assert_same_arithmetic(got: &[f32], want: &[f32], room: f32, what: &str) {
    if !cfg!(target_feature = "relaxed-simd") {
        return assert_same_bits(got, want, what);
    }
    assert_eq!(got.len(), want.len(), "{what}: lengths");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let close = got.is_nan() && want.is_nan() || got == want || (got - want).abs() <= room;
        assert!(close, "{what}: [{i}] {got} is not {want} within {room}");
    }
}

/// `C += A·B`, all row-major without gaps: a plain triple loop with k ascending.
pub fn product(m: usize, n: usize, k: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    for r in 0..m {
        for j in 0..n {
            for p in 0..k {
                c[r * n + j] += a[r * k + p] * b[p * n + j];
            }
        }
    }
}

/// Strips of a row-major A `[m x k]`, element by element from the definition of the layout.
pub fn strips(a: &[f32], m: usize, k: usize) -> Vec<f32> {
    let mut out = vec![f32::NAN; m * k];
    for (first, height) in linalg::strips(m) {
        for r in 0..height {
            for p in 0..k {
                out[first * k + p * height + r] = a[(first + r) * k + p];
            }
        }
    }
    out
}

/// Panels of a row-major B `[k x n]`, element by element from the definition of the layout.
pub fn panels(b: &[f32], k: usize, n: usize) -> Vec<f32> {
    let mut out = vec![0.0; n.div_ceil(8) * 8 * k];
    for p in 0..k {
        for j in 0..n {
            out[(j / 8 * k + p) * 8 + j % 8] = b[p * n + j];
        }
    }
    out
}

/// Sizes at which tiles, tails and whole panels meet.
pub const AWKWARD: [usize; 18] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
