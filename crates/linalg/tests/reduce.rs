//! Reductions: the order of their sums, and the search for values that spoil a run.

mod common;

use common::{AWKWARD, Values, assert_same_bits, panels};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Four partial sums by index modulo four, then (0 + 1) + (2 + 3): the order that is promised.
fn by_the_book(terms: impl Iterator<Item = f64>) -> f64 {
    let mut sums = [0.0; 4];
    for (i, term) in terms.enumerate() {
        sums[i % 4] += term;
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

#[test]
fn order_of_the_sums() {
    for n in (0..40).chain([1001]) {
        // Sizes from 1e-9 to 1e9, so that another order gives other bits.
        let mut values = Values::new(n as u32);
        let a: Vec<f32> = (0..n).map(|i| values.one() * [1e-9, 1.0, 1e9, 1e3, 1e-4][i % 5]).collect();
        let wide = |v: &f32| f64::from(*v);
        assert_eq!(linalg::sum_f64(&a).to_bits(), by_the_book(a.iter().map(wide)).to_bits());
        let squares = by_the_book(a.iter().map(|v| wide(v) * wide(v)));
        assert_eq!(linalg::norm_squared(&a).to_bits(), squares.to_bits());
        if n > 0 {
            let mean = by_the_book(a.iter().map(wide)) / n as f64;
            let square = |v: &f32| (wide(v) - mean) * (wide(v) - mean);
            let variance = by_the_book(a.iter().map(square)) / n as f64;
            assert_eq!(linalg::moments(&a), (mean, variance));
        }
        let b: Vec<f32> = (0..n).map(|_| values.one()).collect();
        let product = by_the_book(a.iter().zip(&b).map(|(a, b)| wide(a) * (wide(b) - 0.3)));
        assert_eq!(linalg::centred_dot(&a, &b, 0.3).to_bits(), product.to_bits());
    }
}

#[test]
fn rows_are_added_one_after_the_other() {
    for n in AWKWARD.into_iter().chain([31, 32, 33, 40, 71]) {
        for k in [0, 1, 2, 5, 130] {
            let mut values = Values::new((n * 200 + k) as u32);
            let (b, start) = (values.vec(k * n), values.vec(n));
            let mut want = start.clone();
            b.chunks_exact(n.max(1)).for_each(|row| want.iter_mut().zip(row).for_each(|(sum, x)| *sum += x));
            let packed = panels(&b, k, n);
            let (mut got, mut scalar) = (start.clone(), start);
            linalg::add_rows(&mut got, &packed, k, n);
            linalg::scalar::add_rows(&mut scalar, &packed, k, n);
            assert_same_bits(&got, &want, "rows");
            assert_same_bits(&got, &scalar, "scalar");
        }
    }
}

#[test]
fn squares_do_not_overflow() {
    assert_eq!(linalg::norm_squared(&[f32::MAX; 2]), 2.0 * f64::from(f32::MAX) * f64::from(f32::MAX));
    assert!(linalg::norm_squared(&[1.0, f32::NAN]).is_nan());
}

#[test]
fn first_of_the_non_finite() {
    assert_eq!(linalg::first_non_finite(&[]), None);
    for n in [1, 3, 63, 64, 65, 200] {
        let mut x = vec![f32::MAX; n];
        assert_eq!(linalg::first_non_finite(&x), None);
        for at in (0..n).rev() {
            x[at] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][at % 3];
            assert_eq!(linalg::first_non_finite(&x), Some(at), "of {n}");
        }
    }
}

#[test]
fn denormals_are_flushed() {
    let mut x = [1e-40, -1e-40, 9.9e-31, -9.9e-31, 1.1e-30, -1.1e-30, -0.0, 1.0, f32::INFINITY];
    let mut to = [0.5; 9];
    linalg::flush_to(&mut to, &mut x);
    let want = [0.0, 0.0, 0.0, 0.0, 1.1e-30, -1.1e-30, 0.0, 1.0, f32::INFINITY];
    assert_same_bits(&x, &want, "flushed");
    assert_same_bits(&to, &want, "flushed and copied");
    assert!(linalg::flush(f32::NAN).is_nan());
}

#[test]
fn the_first_of_the_largest() {
    let one_by_one = |x: &[f32]| x.iter().enumerate().fold(0, |best, (i, v)| if *v > x[best] { i } else { best });
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0];
    for n in (0..40).chain([255, 256, 10_000]) {
        let mut values = Values::new(n as u32);
        // Few different ones, so that the largest comes more than once.
        let mut x: Vec<f32> = (0..n).map(|_| (values.one() * 8.0).round()).collect();
        assert_eq!(linalg::largest(&x), one_by_one(&x), "of {n}");
        assert_eq!(linalg::scalar::largest(&x), one_by_one(&x), "of {n}, scalar");
        for at in 0..n.min(20) {
            x[at * 7 % n] = odd[at % odd.len()];
            assert_eq!(linalg::largest(&x), one_by_one(&x), "of {n}, odd ones among them");
            assert_eq!(linalg::scalar::largest(&x), one_by_one(&x), "of {n}, odd ones among them, scalar");
        }
    }
    assert_eq!(linalg::largest(&[f32::NEG_INFINITY; 33]), 0);
}
