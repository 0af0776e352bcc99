//! Activations against `f64` of libm over all of `f32`, at the ends of their ranges, and vector against scalar.

mod common;

use common::assert_same_bits;
#[cfg(not(target_feature = "relaxed-simd"))]
use common::{AWKWARD, Values};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

type Kernel = fn(&mut [f32]);
type KernelTo = fn(&mut [f32], &[f32]);

/// Name, vector form in place, scalar form in place, vector form out of place.
const ALL: [(&str, Kernel, Kernel, KernelTo); 4] = [
    ("tanh", linalg::tanh, linalg::scalar::tanh, linalg::tanh_to),
    ("sigmoid", linalg::sigmoid, linalg::scalar::sigmoid, linalg::sigmoid_to),
    ("exp", linalg::exp, linalg::scalar::exp, linalg::exp_to),
    ("relu", linalg::relu, linalg::scalar::relu, linalg::relu_to),
];

/// Every 20011th of the finite floats: both signs, all exponents, denormals too.
fn sweep() -> Vec<f32> {
    (0..u32::MAX).step_by(20_011).map(f32::from_bits).filter(|x| x.is_finite()).collect()
}

/// A dense walk over `from ..= to`.
fn dense(from: f32, to: f32) -> Vec<f32> {
    (0..=50_000).map(|i| from + (to - from) * (i as f32 / 50_000.0)).collect()
}

/// The largest error of `kernel` at `x`, absolute or relative to `exact`, and where.
fn worst(kernel: Kernel, exact: fn(f64) -> f64, x: &[f32], relative: bool) -> (f64, f32) {
    let mut y = x.to_vec();
    kernel(&mut y);
    x.iter().zip(&y).fold((0.0, 0.0), |worst, (&x, &y)| {
        let want = exact(f64::from(x));
        let error = (f64::from(y) - want).abs();
        let error = if relative && want != 0.0 { error / want.abs() } else { error };
        if error > worst.0 { (error, x) } else { worst }
    })
}

#[track_caller]
fn assert_error(worst: (f64, f32), bound: f64) {
    println!("error {:e} at {:e}, bound {bound:e}", worst.0, worst.1);
    assert!(worst.0 <= bound, "error {:e} at {:e}, bound {bound:e}", worst.0, worst.1);
}

#[test]
fn tanh_relative_error() {
    assert_error(worst(linalg::tanh, libm::tanh, &dense(-9.0, 9.0), true), 3.6e-7);
    // Below 1e-38 the value itself has fewer digits.
    let x: Vec<f32> = sweep().into_iter().filter(|x| x.abs() > 1.2e-38).collect();
    assert_error(worst(linalg::tanh, libm::tanh, &x, true), 3.6e-7);
    assert_error(worst(linalg::tanh, libm::tanh, &sweep(), false), 3.6e-7);
}

#[test]
fn sigmoid_absolute_error() {
    let exact = |x: f64| 1.0 / (1.0 + libm::exp(-x));
    assert_error(worst(linalg::sigmoid, exact, &dense(-20.0, 20.0), false), 2.1e-7);
    assert_error(worst(linalg::sigmoid, exact, &sweep(), false), 2.1e-7);
}

#[test]
fn exp_relative_error() {
    assert_error(worst(linalg::exp, libm::exp, &dense(-1.0, 1.0), true), 1.3e-7);
    assert_error(worst(linalg::exp, libm::exp, &dense(-86.98, 88.722_83), true), 1.3e-7);
    let x: Vec<f32> = sweep().into_iter().filter(|x| (-86.98..=88.722_83).contains(x)).collect();
    assert_error(worst(linalg::exp, libm::exp, &x, true), 1.3e-7);
}

#[test]
fn values_stay_in_range() {
    let mut x = sweep();
    x.extend([f32::INFINITY, f32::NEG_INFINITY, 7.852, -7.852, 7.851_999, 100.0, -100.0]);
    let mut y = x.clone();
    linalg::tanh(&mut y);
    assert!(y.iter().all(|y| (-1.0..=1.0).contains(y)));
    for (x, y) in x.iter().zip(&y) {
        assert_eq!(x.is_sign_negative(), y.is_sign_negative(), "tanh({x}) = {y}");
    }
    linalg::sigmoid_to(&mut y, &x);
    assert!(y.iter().all(|y| (0.0..=1.0).contains(y)));
    linalg::exp_to(&mut y, &x);
    assert!(y.iter().all(|&y| y == 0.0 || y >= f32::MIN_POSITIVE), "exp gives no denormals");
}

#[test]
fn exact_points() {
    let mut x = [0.0, f32::NEG_INFINITY, f32::INFINITY, -87.0, 88.7229, -0.0, 1000.0, -1000.0];
    linalg::exp(&mut x);
    assert_eq!(x, [1.0, 0.0, f32::INFINITY, 0.0, f32::INFINITY, 1.0, f32::INFINITY, 0.0]);
    let mut x = [-1.0, 0.0, 2.5, f32::NEG_INFINITY, f32::INFINITY];
    linalg::relu(&mut x);
    assert_eq!(x, [0.0, 0.0, 2.5, 0.0, f32::INFINITY]);
    let mut x = [0.0, -0.0];
    linalg::tanh(&mut x);
    assert_same_bits(&x, &[0.0, -0.0], "tanh keeps the sign of zero");
    let mut x = [0.0];
    linalg::sigmoid(&mut x);
    assert_eq!(x, [0.5]);
}

#[test]
fn nan_is_not_hidden() {
    let quiet = f32::NAN;
    let negative = -f32::NAN;
    let payload = f32::from_bits(0x7fc1_2345);
    for (name, kernel, scalar, to) in ALL {
        for nan in [quiet, negative, payload] {
            for at in 0..7 {
                let mut x = [0.5; 7];
                x[at] = nan;
                let mut out = [0.0; 7];
                to(&mut out, &x);
                let mut plain = x;
                scalar(&mut plain);
                kernel(&mut x);
                for y in [x, plain, out] {
                    assert!(y[at].is_nan(), "{name}: NaN at {at} became {}", y[at]);
                    assert_eq!(y.iter().filter(|y| y.is_nan()).count(), 1, "{name}: NaN spreads");
                }
            }
        }
    }
}

/// Not in a relaxed build, whose vectors round less often; the errors above hold there too.
#[test]
#[cfg(not(target_feature = "relaxed-simd"))]
fn vector_equals_scalar() {
    let mut values = Values::new(5);
    for (name, kernel, scalar, to) in ALL {
        let mut inputs: Vec<Vec<f32>> = AWKWARD.iter().map(|&n| values.vec(n)).collect();
        inputs.push(sweep());
        inputs.push(vec![
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            -0.0,
            1e-40,
            -86.98,
            88.722_83,
            88.75,
            -86.99,
            -87.6,
        ]);
        for input in inputs {
            let (mut fast, mut plain, mut out) = (input.clone(), input.clone(), vec![9.0; input.len()]);
            kernel(&mut fast);
            scalar(&mut plain);
            to(&mut out, &input);
            assert_same_bits(&fast, &plain, name);
            assert_same_bits(&out, &plain, name);
        }
    }
}
