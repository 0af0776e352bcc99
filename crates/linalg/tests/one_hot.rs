//! Gather and scatter against the products with one-hot rows that they stand for.

mod common;

use common::{AWKWARD, Values, assert_same_bits, panels, product};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const MARKER: f32 = -3.5;

fn tokens(values: &mut Values, rows: usize, k: usize) -> Vec<u32> {
    (0..rows).map(|_| values.below(k) as u32).collect()
}

#[test]
fn gather_is_a_product() {
    for n in AWKWARD {
        for rows in AWKWARD {
            let (k, gap) = (11, (n + rows) % 3);
            let mut values = Values::new((n + rows) as u32);
            let (b, c) = (values.vec(k * n), values.vec(rows * n));
            let tokens = tokens(&mut values, rows, k);
            let mut one_hot = vec![0.0; rows * k];
            tokens.iter().enumerate().for_each(|(r, &token)| one_hot[r * k + token as usize] = 1.0);
            let mut want = c.clone();
            product(rows, n, k, &one_hot, &b, &mut want);

            let ldc = n + gap;
            let mut got = vec![MARKER; rows * ldc];
            for r in 0..rows {
                got[r * ldc..][..n].copy_from_slice(&c[r * n..][..n]);
            }
            linalg::gather_panels(&mut got, ldc, &tokens, &panels(&b, k, n), k, n);
            for r in 0..rows {
                assert_same_bits(&got[r * ldc..][..n], &want[r * n..][..n], &format!("{rows} x {n}"));
                assert!(got[r * ldc + n..][..gap].iter().all(|&x| x == MARKER));
            }
        }
    }
}

#[test]
fn scatter_adds_rows_in_order() {
    for n in AWKWARD {
        for rows in AWKWARD {
            // Few tokens, so that most are hit by several rows.
            let (k, gap) = (3, (n + rows) % 3);
            let mut values = Values::new((n * 31 + rows) as u32);
            let (w, g) = (values.vec(k * n), values.vec(rows * (n + gap)));
            let tokens = tokens(&mut values, rows, k);
            let mut want = w.clone();
            for (r, &token) in tokens.iter().enumerate() {
                for j in 0..n {
                    want[token as usize * n + j] += g[r * (n + gap) + j];
                }
            }
            let mut got = panels(&w, k, n);
            linalg::scatter_panels(&mut got, &tokens, &g, n + gap, k, n);
            assert_same_bits(&got, &panels(&want, k, n), &format!("{rows} x {n}"));
        }
    }
}

#[test]
#[should_panic(expected = "token 3 of a vocabulary of 3")]
fn unknown_token() {
    linalg::gather_panels(&mut [0.0; 8], 8, &[3], &[0.0; 24], 3, 8);
}
