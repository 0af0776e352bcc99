//! Arguments that do not fit are a panic, never an access outside a slice. Products of NaN stay NaN.

mod common;

use common::{Values, panels, strips};
use linalg::{Source, Terms};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
#[should_panic(expected = "A is 11 long")]
fn short_strips() {
    linalg::gemm(3, 8, 4, &[0.0; 11], &[0.0; 32], &mut [0.0; 24], 8);
}

#[test]
#[should_panic(expected = "B is 31 long")]
fn short_panels() {
    linalg::gemm(3, 5, 4, &[0.0; 12], &[0.0; 31], &mut [0.0; 24], 8);
}

#[test]
#[should_panic(expected = "C is 20 long")]
fn short_rows() {
    linalg::gemm(3, 5, 4, &[0.0; 12], &[0.0; 32], &mut [0.0; 20], 8);
}

#[test]
#[should_panic(expected = "row stride 4 is less than 5 columns")]
fn overlapping_rows() {
    linalg::gemm(3, 5, 4, &[0.0; 12], &[0.0; 32], &mut [0.0; 24], 4);
}

#[test]
#[should_panic(expected = "C is 23 long")]
fn short_gradient() {
    linalg::gemm_panels(3, 5, 4, &[0.0; 12], &[0.0; 32], &mut [0.0; 23]);
}

#[test]
#[should_panic(expected = "terms 2 .. 2 + 3 of 4")]
fn terms_past_the_depth() {
    let terms = Terms { strips: &[0.0; 12], depth: 4, skip: 2, k: 3 };
    linalg::gemm_from(3, 5, terms, &[0.0; 8], &[0.0; 32], &mut [0.0; 24], 8);
}

#[test]
#[should_panic(expected = "the start is 7 long")]
fn short_start() {
    linalg::gemm_from(3, 5, Terms::all(&[0.0; 12], 4), &[0.0; 7], &[0.0; 32], &mut [0.0; 24], 8);
}

#[test]
#[should_panic(expected = "terms 3 .. 3 + 2 of 4")]
fn columns_past_the_depth() {
    linalg::pack_strips_at(&mut [0.0; 32], 4, 3, &[0.0; 16], 2, 8, 2);
}

#[test]
#[should_panic(expected = "size overflows")]
fn sizes_that_wrap() {
    linalg::gemm(usize::MAX / 2 + 1, 8, 4, &[], &[0.0; 32], &mut [], 8);
}

#[test]
#[should_panic(expected = "terms 3 .. 3 + 2 of 4")]
fn rows_past_the_depth() {
    let rows = Source { data: &[0.0; 16], ld: 8, rows: 2, columns: 8, reversed: false };
    linalg::pack_panels(&mut [0.0; 32], 4, 3, rows);
}

#[test]
#[should_panic(expected = "source too short")]
fn short_source() {
    linalg::pack_strips(&mut [0.0; 16], &[0.0; 18], 5, 4, 4);
}

/// With no terms C stays, and with no rows or columns nothing is wanted of the slices.
#[test]
fn nothing_to_do() {
    let mut c = [1.5; 16];
    linalg::gemm(2, 8, 0, &[], &[], &mut c, 8);
    assert_eq!(c, [1.5; 16]);
    linalg::gemm(0, 8, 3, &[], &[0.0; 24], &mut [], 8);
    linalg::gemm(3, 0, 3, &[0.0; 9], &[], &mut [], 0);
    linalg::gemm_panels(0, 8, 3, &[], &[0.0; 24], &mut []);
}

/// One NaN in A spoils its row and nothing else; one in B its column. Zero times infinity counts too.
#[test]
fn nan_goes_where_it_belongs() {
    let k = 5;
    for m in 1..=9 {
        for n in [1, 7, 8, 9, 17, 40] {
            let mut values = Values::new(7);
            let (mut a, mut b) = (values.vec(m * k), values.vec(k * n));
            a[(m - 1) * k + 2] = f32::NAN;
            b[2 * n + n - 1] = f32::NAN;
            b[3 * n] = f32::INFINITY;
            (0..m).for_each(|r| a[r * k + 3] = 0.0);
            let mut c = vec![1.0; m * n];
            linalg::gemm(m, n, k, &strips(&a, m, k), &panels(&b, k, n), &mut c, n);
            for r in 0..m {
                for j in 0..n {
                    let spoiled = r == m - 1 || j == n - 1 || j == 0;
                    assert_eq!(c[r * n + j].is_nan(), spoiled, "{m} x {n} at {r}, {j}");
                }
            }
        }
    }
}
