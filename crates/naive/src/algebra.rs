//! The few vector operations that the formulas need. Matrices are row-major slices, W `[n, k]`.

/// a += b.
pub fn add(a: &mut [f64], b: &[f64]) {
    assert_eq!(a.len(), b.len(), "length of a sum");
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
}

/// a·b.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "length of a product");
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// a ∘ b.
pub fn times(a: &[f64], b: &[f64]) -> Vec<f64> {
    assert_eq!(a.len(), b.len(), "length of a product");
    a.iter().zip(b).map(|(a, b)| a * b).collect()
}

/// W x + b: `[n]`.
pub fn affine(w: &[f64], x: &[f64], b: &[f64]) -> Vec<f64> {
    assert_eq!(w.len(), b.len() * x.len(), "size of a matrix");
    b.iter().zip(w.chunks(x.len())).map(|(b, row)| b + dot(row, x)).collect()
}

/// Wᵀ g: `[k]`, the gradient of x in `g·(W x)`.
pub fn transposed(w: &[f64], g: &[f64]) -> Vec<f64> {
    let k = w.len() / g.len();
    assert_eq!(w.len(), g.len() * k, "size of a matrix");
    (0..k).map(|j| g.iter().enumerate().map(|(i, g)| g * w[i * k + j]).sum()).collect()
}

/// dW += g xᵀ, the gradient of W in `g·(W x)`.
pub fn add_outer(dw: &mut [f64], g: &[f64], x: &[f64]) {
    assert_eq!(dw.len(), g.len() * x.len(), "size of a matrix");
    for (row, g) in dw.chunks_mut(x.len()).zip(g) {
        for (dw, x) in row.iter_mut().zip(x) {
            *dw += g * x;
        }
    }
}

/// 1 / (1 + e⁻ˣ); e⁻ˣ = ∞ gives 0, as it should.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}
