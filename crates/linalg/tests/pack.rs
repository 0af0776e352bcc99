//! Packing against the definitions of the layouts.

mod common;

use common::{AWKWARD, Values, assert_same_bits, panels, strips};
use linalg::Source;
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

/// The last row first.
fn upside_down(x: &[f32], columns: usize) -> Vec<f32> {
    x.chunks(columns.max(1)).rev().flatten().copied().collect()
}

#[test]
fn sizes() {
    assert_eq!([0, 1, 7, 8, 9, 16].map(linalg::padded), [0, 8, 8, 8, 16, 16]);
    assert_eq!(linalg::panels_len(3, 9), 48);
    assert_eq!(linalg::strips_len(5, 3), 15);
}

#[test]
fn strips_cover_the_rows_in_tiles_that_exist() {
    for m in 0..100 {
        let mut next = 0;
        for (first, height) in linalg::strips(m) {
            assert_eq!(first, next, "of {m}");
            assert!((1..=linalg::STRIP).contains(&height), "{height} of {m}");
            // A poor tile only where there is no better way.
            assert!(linalg::STRIP == 4 || height > 2 || m <= 2, "{height} of {m}");
            next += height;
        }
        assert_eq!(next, m);
    }
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
                let data = &spread(&x, m, gap);
                let source = Source { data, ld: m + gap, rows, columns: m, reversed: false };
                linalg::pack_strips_transposed(&mut got, total, before, source);
                let back = &spread(&upside_down(&x, m), m, gap);
                let mut of_reversed = vec![MARKER; m * total];
                let source = Source { data: back, reversed: true, ..source };
                linalg::pack_strips_transposed(&mut of_reversed, total, before, source);
                assert_same_bits(&of_reversed, &got, "reversed");
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
                let data = &spread(&x, n, gap);
                let source = Source { data, ld: n + gap, rows, columns: n, reversed: false };
                linalg::pack_panels(&mut got, total, before, source);
                let back = &spread(&upside_down(&x, n), n, gap);
                let mut of_reversed = vec![MARKER; linalg::panels_len(total, n)];
                let source = Source { data: back, reversed: true, ..source };
                linalg::pack_panels(&mut of_reversed, total, before, source);
                assert_same_bits(&of_reversed, &got, "reversed");
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

#[test]
fn rows_side_by_side_are_the_strips_of_both() {
    for m in AWKWARD {
        for (k1, k2) in [(0, 3), (1, 1), (5, 8), (8, 5), (12, 0), (3, 17)] {
            let mut values = Values::new((m * 40 + k1) as u32);
            let (left, right) = (values.vec(m * k1), values.vec(m * k2));
            let k = k1 + k2;
            let joined: Vec<f32> =
                (0..m).flat_map(|r| [&left[r * k1..][..k1], &right[r * k2..][..k2]].concat()).collect();
            let mut got = vec![f32::NAN; m * k];
            linalg::pack_strips_at(&mut got, k, 0, &left, k1, m, k1);
            linalg::pack_strips_at(&mut got, k, k1, &right, k2, m, k2);
            assert_same_bits(&got, &strips(&joined, m, k), &format!("{m} rows of {k1} and {k2}"));
        }
    }
}

#[test]
fn panels_above_each_other_are_the_panels_of_both() {
    for n in AWKWARD {
        for (a, b) in [(0, 4), (1, 1), (3, 0), (6, 7)] {
            let mut values = Values::new((n * 9 + a) as u32);
            let (above, below) = (values.vec(a * n), values.vec(b * n));
            let mut got = vec![f32::NAN; n.div_ceil(8) * 8 * (a + b)];
            linalg::join_panels(&mut got, (&panels(&above, a, n), a), (&panels(&below, b, n), b), n);
            assert_same_bits(&got, &panels(&[above, below].concat(), a + b, n), &format!("{a} and {b} rows of {n}"));
        }
    }
}
