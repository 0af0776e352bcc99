//! Softmax and log-sum-exp against `f64`, and vector against scalar.

mod common;

use common::Values;
#[cfg(not(target_feature = "relaxed-simd"))]
use common::assert_same_bits;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Softmax and log-sum-exp in `f64`.
fn exact(x: &[f32]) -> (Vec<f64>, f64) {
    let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let terms: Vec<f64> = x.iter().map(|&v| libm::exp(f64::from(v) - f64::from(max))).collect();
    let sum: f64 = terms.iter().sum();
    (terms.iter().map(|t| t / sum).collect(), f64::from(max) + libm::log(sum))
}

#[test]
fn close_to_exact() {
    for n in [1, 2, 3, 4, 5, 10, 63, 64, 65, 130, 1000] {
        for scale in [0.1, 3.0, 40.0] {
            let x: Vec<f32> = Values::new(n as u32).vec(n).iter().map(|v| v * scale + 20.0).collect();
            let (want, log_sum) = exact(&x);
            let mut y = vec![0.0; n];
            let got = linalg::softmax_to(&mut y, &x, 1.0);
            // x - max is rounded to f32 (half an ulp of up to 80), so that exp of it is off by up to 4e-6 where it is
            // smallest; sums are dominated by terms near the maximum.
            assert!((got - log_sum).abs() < 5e-7 * log_sum.abs().max(1.0), "{n} at {scale}: {got} {log_sum}");
            for (&y, &want) in y.iter().zip(&want) {
                assert!((f64::from(y) - want).abs() <= 4e-6 * want + 2e-38, "{n} at {scale}: {y} {want}");
            }
            let total: f64 = y.iter().map(|&v| f64::from(v)).sum();
            assert!((total - 1.0).abs() < 1e-6, "{n} at {scale}: sum {total}");
        }
    }
}

/// Not in a relaxed build, whose vectors round less often.
#[test]
#[cfg(not(target_feature = "relaxed-simd"))]
fn all_forms_agree_bit_for_bit() {
    for n in 1..150 {
        let x: Vec<f32> = Values::new(n).vec(n as usize).iter().map(|v| v * 9.0).collect();
        let (mut fast, mut plain) = (x.clone(), x.clone());
        let (mut out, mut plain_out) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let sums = [
            linalg::softmax(&mut fast),
            linalg::scalar::softmax(&mut plain),
            linalg::softmax_to(&mut out, &x, 1.0),
            linalg::scalar::softmax_to(&mut plain_out, &x, 1.0),
            linalg::log_sum_exp(&x),
            linalg::scalar::log_sum_exp(&x),
        ];
        assert_same_bits(&fast, &plain, "softmax");
        assert_same_bits(&fast, &out, "softmax_to");
        assert_same_bits(&fast, &plain_out, "scalar softmax_to");
        linalg::softmax_to(&mut out, &x, -0.25);
        let want: Vec<f32> = fast.iter().map(|v| -0.25 * v).collect();
        assert_same_bits(&out, &want, "a power of two is exact");
        assert!(sums.iter().all(|s| s.to_bits() == sums[0].to_bits()), "{n}: {sums:?}");
    }
}

#[test]
fn extremes() {
    let mut x = [1e30, 0.0, f32::NEG_INFINITY, -1e30];
    assert_eq!(linalg::softmax(&mut x), f64::from(1e30f32));
    assert_eq!(x, [1.0, 0.0, 0.0, 0.0]);
    let mut x = [-500.0; 8];
    linalg::softmax(&mut x);
    assert_eq!(x, [0.125; 8]);
    assert_eq!(linalg::log_sum_exp(&[]), f64::NEG_INFINITY);
}

#[test]
fn nan_is_not_hidden() {
    for at in 0..9 {
        let mut x = [0.5; 9];
        x[at] = f32::NAN;
        assert!(linalg::log_sum_exp(&x).is_nan(), "at {at}");
        assert!(linalg::softmax(&mut x).is_nan(), "at {at}");
        assert!(x.iter().all(|v| v.is_nan()), "at {at}");
    }
    for bad in [f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = [bad; 5];
        assert!(linalg::softmax(&mut x).is_nan());
        assert!(x.iter().all(|v| v.is_nan()));
    }
}
