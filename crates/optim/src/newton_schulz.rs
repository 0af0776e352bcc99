//! The orthogonal factor of a matrix, about, by products alone.

use linalg::{Source, gemm, norm_squared, pack_panels, pack_strips, panels_from_rows, panels_len, strips_len};

/// How [`orthogonalize`] goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Iteration {
    /// a, b, c of `X ← aX + (bA + cA²)X`, `A = XXᵀ`.
    pub coefficients: [f64; 3],
    pub steps: u64,
    /// The least norm that X is divided by.
    pub epsilon: f64,
}

/// Room for a matrix of `m` rows and `n` columns, `m ≤ n`.
pub(crate) fn room(m: usize, n: usize) -> usize {
    2 * m * n + 2 * m * m + strips_len(m, n) + panels(m, n)
}

fn panels(m: usize, n: usize) -> usize {
    panels_len(n, m).max(panels_len(m, n))
}

/// `X [m x n]`, row-major, at the start of `room`, `m ≤ n`: its singular values come near 1.
///
/// Source: Higham 2008, "Functions of matrices", section 5.3 (Newton-Schulz); the quintic is Jordan et al. 2024.
pub(crate) fn orthogonalize(m: usize, n: usize, room: &mut [f32], how: Iteration) {
    let (x, rest) = room.split_at_mut(m * n);
    let (next, rest) = rest.split_at_mut(m * n);
    let (gram, rest) = rest.split_at_mut(m * m);
    let (product, rest) = rest.split_at_mut(m * m);
    let (strips, rest) = rest.split_at_mut(strips_len(m, n));
    let panels = &mut rest[..panels(m, n)];
    let [a, b, c] = how.coefficients.map(|x| x as f32);
    let scale = (1.0 / norm_squared(x).sqrt().max(how.epsilon)) as f32;
    x.iter_mut().for_each(|x| *x *= scale);
    for _ in 0..how.steps {
        // A = X·Xᵀ.
        pack_strips(strips, x, n, m, n);
        panels_from_rows(panels, x, m, n);
        gram.fill(0.0);
        gemm(m, m, n, strips, panels, gram, m);
        // bA + cA²; A is its own transpose, to the bit: both sums have the same terms in the same order.
        pack_strips(strips, gram, m, m, m);
        panels_from_rows(panels, gram, m, m);
        product.fill(0.0);
        gemm(m, m, m, strips, panels, product, m);
        product.iter_mut().zip(&*gram).for_each(|(p, g)| *p = b * g + c * *p);
        // aX + that·X.
        pack_strips(strips, product, m, m, m);
        pack_panels(panels, m, 0, Source { data: x, ld: n, rows: m, columns: n, reversed: false });
        next.iter_mut().zip(&*x).for_each(|(next, x)| *next = a * x);
        gemm(m, n, m, strips, panels, next, n);
        x.copy_from_slice(next);
    }
}
