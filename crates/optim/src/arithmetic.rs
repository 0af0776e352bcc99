//! Small arithmetic shared by the optimisers; each `f32` function is one element of a loop that vectorises.

/// `base^exponent` by repeated squaring.
///
/// `f64::powf` is the platform's and `f64::powi` may be; this is multiplications only, so the bits are the same
/// everywhere, and a resumed run needs no running product.
pub(crate) fn power(base: f64, exponent: u64) -> f64 {
    let (mut result, mut square, mut rest) = (1.0, base, exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            result *= square;
        }
        square *= square;
        rest >>= 1;
    }
    result
}

/// `start + weight·(end - start)`, in PyTorch's two forms: the second is exact at `weight = 1`.
///
/// The weight is the same for a whole loop, so the compiler takes the choice out of it.
#[inline(always)]
pub(crate) fn lerp(start: f32, end: f32, weight: f32) -> f32 {
    if weight < 0.5 { start + weight * (end - start) } else { end - (end - start) * (1.0 - weight) }
}

/// The larger of two numbers from 0, by their bits: a comparison would become a relaxed instruction in a relaxed build.
#[inline(always)]
pub(crate) fn largest(a: f32, b: f32) -> f32 {
    f32::from_bits(a.to_bits().max(b.to_bits()))
}

/// The smaller of two numbers from 0.
#[inline(always)]
pub(crate) fn smallest(a: f32, b: f32) -> f32 {
    f32::from_bits(a.to_bits().min(b.to_bits()))
}

/// -1, 0 or 1; `f32::signum` has no 0. Two masks instead of branches.
#[inline(always)]
pub(crate) fn sign(x: f32) -> f32 {
    let positive = if x > 0.0 { 1.0 } else { 0.0 };
    if x < 0.0 { -1.0 } else { positive }
}

/// A sum in the order of linalg's: four partial sums, term `i` going to number `i % 4`, then `(s0 + s1) + (s2 + s3)`.
#[inline(always)]
pub(crate) fn total(terms: impl Iterator<Item = f64>) -> f64 {
    let mut sums = [0.0; 4];
    for (i, term) in terms.enumerate() {
        sums[i % 4] += term;
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// `Σ a·b`, each product exact, in the order of [`total`].
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0.0; 4];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..4 {
            sums[i] += f64::from(a[i]) * f64::from(b[i]);
        }
    }
    for ((sum, &a), &b) in sums.iter_mut().zip(a_rest).zip(b_rest) {
        *sum += f64::from(a) * f64::from(b);
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn power_multiplies() {
        assert_eq!(power(0.9, 0), 1.0);
        assert_eq!(power(2.0, 10), 1024.0);
        assert_eq!(power(0.5, 1_000_000), 0.0);
        let mut product = 1.0;
        for exponent in 1..=1000 {
            product *= 0.999;
            assert!((power(0.999, exponent) / product - 1.0).abs() < 1e-12, "exponent {exponent}");
        }
    }

    #[test]
    fn a_dot_is_the_total_of_its_products() {
        for n in 0..30 {
            let a: Vec<f32> = (0..n).map(|i| 1.0 / (1 + i) as f32).collect();
            let b: Vec<f32> = (0..n).map(|i| (i * i % 7) as f32 - 2.5).collect();
            let expected = total(a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)));
            assert_eq!(dot(&a, &b).to_bits(), expected.to_bits(), "{n}");
        }
    }

    #[test]
    fn lerp_is_exact_at_both_ends() {
        assert_eq!(lerp(1e8, 0.1, 0.0), 1e8);
        assert_eq!(lerp(1e8, 0.1, 1.0), 0.1);
    }
}
