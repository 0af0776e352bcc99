//! Packing against the definitions of the layouts.

mod common;

use common::{AWKWARD, Values, assert_same_bits, panels, strips};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Fills what a function must not touch.
const MARKER: f32 = -3.5;

/// A row-major matrix with `gap` markers after each row.
fn spread(x: &[f32], columns: usize, gap: usize) -> Vec<f32> {
    if columns == 0 {
        return Vec::new();
    }
    x.chunks(columns).flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(MARKER, gap))).collect()
}

fn transposed(x: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|c| (0..rows).map(move |r| x[r * columns + c])).collect()
}

#[test]
fn sizes() {
    assert_eq!([0, 1, 7, 8, 9, 16].map(linalg::padded), [0, 8, 8, 8, 16, 16]);
    assert_eq!(linalg::panels_len(3, 9), 48);
    assert_eq!(linalg::strips_len(5, 3), 15);
}

#[test]
fn strips_of_rows() {
    for m in AWKWARD {
        for k in AWKWARD {
            let a = Values::new(1).vec(m * k);
            let gap = (m + k) % 3;
            let source = spread(&a, k, gap);
            let mut got = vec![MARKER; m * k + 2];
            linalg::pack_strips(&mut got, &source, k + gap, m, k);
            let mut want = strips(&a, m, k);
            want.extend([MARKER; 2]);
            assert_same_bits(&got, &want, &format!("{m} x {k}"));
            let mut scalar = vec![MARKER; m * k + 2];
            linalg::scalar::pack_strips(&mut scalar, &source, k + gap, m, k);
            assert_same_bits(&scalar, &want, &format!("scalar {m} x {k}"));
        }
    }
}

#[test]
fn one_row_is_its_own_strip() {
    let row = Values::new(2).vec(13);
    let mut got = vec![0.0; 13];
    linalg::pack_strips(&mut got, &row, 13, 1, 13);
    assert_same_bits(&got, &row, "strip");
}

#[test]
fn strips_of_columns_in_parts() {
    for m in AWKWARD {
        for rows in AWKWARD {
            for before in [0, 3] {
                let total = before + rows + 2;
                let x = Values::new(3).vec(rows * m);
                let gap = (m + rows) % 3;
                let mut got = vec![MARKER; m * total];
                linalg::pack_strips_transposed(&mut got, total, before, &spread(&x, m, gap), m + gap, rows, m);
                // The matrix of which only the given terms are known.
                let mut whole = vec![MARKER; total * m];
                whole[before * m..][..rows * m].copy_from_slice(&x);
                let want = strips(&transposed(&whole, total, m), m, total);
                assert_same_bits(&got, &want, &format!("{rows} x {m} at {before}"));
            }
        }
    }
}

#[test]
fn panels_in_parts() {
    for n in AWKWARD {
        for rows in AWKWARD {
            for before in [0, 5] {
                let total = before + rows + 1;
                let x = Values::new(4).vec(rows * n);
                let gap = (n + rows) % 3;
                let mut got = vec![MARKER; linalg::panels_len(total, n)];
                linalg::pack_panels(&mut got, total, before, &spread(&x, n, gap), n + gap, rows, n);
                let mut whole = vec![MARKER; total * n];
                whole[before * n..][..rows * n].copy_from_slice(&x);
                let mut want = panels(&whole, total, n);
                // Where the rows are not written, the pad is not either.
                for (i, x) in want.iter_mut().enumerate() {
                    if !(before..before + rows).contains(&(i / 8 % total)) {
                        *x = MARKER;
                    }
                }
                assert_same_bits(&got, &want, &format!("{rows} x {n} at {before}"));
            }
        }
    }
}

#[test]
fn natural_weights_there_and_back() {
    for n in AWKWARD {
        for k in AWKWARD {
            let w = Values::new(5).vec(n * k);
            let mut got = vec![MARKER; linalg::panels_len(k, n)];
            linalg::panels_from_rows(&mut got, &w, n, k);
            assert_same_bits(&got, &panels(&transposed(&w, n, k), k, n), &format!("{n} x {k}"));
            let mut back = vec![MARKER; n * k];
            linalg::panels_to_rows(&mut back, &got, n, k);
            assert_same_bits(&back, &w, &format!("{n} x {k} back"));
        }
    }
}

#[test]
fn transpose_of_panels() {
    for k in AWKWARD.into_iter().chain([40]) {
        for n in AWKWARD.into_iter().chain([33]) {
            let b = Values::new(6).vec(k * n);
            let mut source = panels(&b, k, n);
            // What is in the pad columns must not matter.
            for (i, x) in source.iter_mut().enumerate() {
                if i / 8 / k * 8 + i % 8 >= n {
                    *x = MARKER;
                }
            }
            let mut got = vec![MARKER; linalg::panels_len(n, k)];
            linalg::transpose_panels(&mut got, &source, k, n);
            let mut scalar = got.clone();
            linalg::scalar::transpose_panels(&mut scalar, &source, k, n);
            let want = panels(&transposed(&b, k, n), n, k);
            assert_same_bits(&got, &want, &format!("{k} x {n}"));
            assert_same_bits(&scalar, &want, &format!("scalar {k} x {n}"));
        }
    }
}
