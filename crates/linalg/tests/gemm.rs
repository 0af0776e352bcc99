//! Products against a plain triple loop, and the vector kernel against the scalar one, bit for bit.

mod common;

use common::{AWKWARD, Values, assert_same_arithmetic, panels, product, strips};
use linalg::Terms;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// One product in both layouts of C, with a row stride of `n + gap`, against the triple loop.
fn check(m: usize, n: usize, k: usize, gap: usize) {
    let mut values = Values::new((m * 961 + n * 31 + k) as u32);
    let (a, b, c) = (values.vec(m * k), values.vec(k * n), values.vec(m * n));
    let (strips, packed) = (strips(&a, m, k), panels(&b, k, n));
    let mut want = c.clone();
    product(m, n, k, &a, &b, &mut want);
    let what = format!("{m} x {n} x {k}");
    // Terms below 1, whose sum stays below √k or so: a rounding each.
    let room = (k + 1) as f32 * 4e-7;
    let same = |got: &[f32], want: &[f32]| assert_same_arithmetic(got, want, room, &what);

    let ldc = n + gap;
    let marker = 7.25;
    let mut rows = vec![marker; m * ldc + 3];
    for r in 0..m {
        rows[r * ldc..][..n].copy_from_slice(&c[r * n..][..n]);
    }
    let mut scalar = rows.clone();
    linalg::gemm(m, n, k, &strips, &packed, &mut rows, ldc);
    linalg::scalar::gemm(m, n, k, &strips, &packed, &mut scalar, ldc);
    same(&rows, &scalar);
    for r in 0..m {
        same(&rows[r * ldc..][..n], &want[r * n..][..n]);
        assert!(rows[r * ldc + n..][..gap].iter().all(|&x| x == marker), "{what}: beside the columns");
    }
    assert!(rows[m * ldc..].iter().all(|&x| x == marker), "{what}: after the last row");

    // From a row of starts, over a C that is not looked at.
    let start: Vec<f32> = values.vec(n.div_ceil(8) * 8);
    let mut from = vec![f32::NAN; m * ldc];
    let mut scalar = from.clone();
    linalg::gemm_from(m, n, Terms::all(&strips, k), &start, &packed, &mut from, ldc);
    linalg::scalar::gemm_from(m, n, Terms::all(&strips, k), &start, &packed, &mut scalar, ldc);
    let mut want_from: Vec<f32> = (0..m).flat_map(|_| start[..n].to_vec()).collect();
    product(m, n, k, &a, &b, &mut want_from);
    for r in 0..m {
        same(&from[r * ldc..][..n], &want_from[r * n..][..n]);
        same(&from[r * ldc..][..n], &scalar[r * ldc..][..n]);
        assert!(from[r * ldc + n..][..gap].iter().all(|x| x.is_nan()), "{what}: beside the columns");
    }

    // The same terms out of strips that hold more; those left out are not read.
    let (skip, depth) = (3, k + 5);
    let mut deep = vec![f32::NAN; m * depth];
    linalg::pack_strips_at(&mut deep, depth, skip, &a, k, m, k);
    let mut of_deep = vec![f32::NAN; m * ldc];
    linalg::gemm_from(m, n, Terms { strips: &deep, depth, skip, k }, &start, &packed, &mut of_deep, ldc);
    for r in 0..m {
        same(&of_deep[r * ldc..][..n], &want_from[r * n..][..n]);
    }

    let mut whole = panels(&c, m, n);
    whole.push(marker);
    let mut scalar = whole.clone();
    linalg::gemm_panels(m, n, k, &strips, &packed, &mut whole);
    linalg::scalar::gemm_panels(m, n, k, &strips, &packed, &mut scalar);
    same(&whole, &scalar);
    assert_eq!(whole.pop(), Some(marker), "{what}: after the panels");
    same(&whole, &panels(&want, m, n));
}

#[test]
fn awkward_sizes() {
    for m in AWKWARD {
        for n in AWKWARD {
            for k in AWKWARD {
                check(m, n, k, (m + n + k) % 4);
            }
        }
    }
}

#[test]
fn large_sizes() {
    check(61, 67, 129, 5);
    check(32, 256, 72, 0);
    check(1, 257, 128, 3);
    check(2, 100, 300, 1);
    check(3, 40, 1000, 0);
    check(130, 33, 65, 11);
    // A single row, alone or after full strips, against every number of panels up to eight.
    for n in [24, 32, 40, 48, 56, 63, 64] {
        check(1, n, 33, 1);
        check(5, n, 9, 0);
    }
}
