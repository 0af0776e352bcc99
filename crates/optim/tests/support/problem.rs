//! The problems of the fixture: a gradient at any point.

use super::tensor;
use serde_json::Value;

/// The gradient of the record's problem at x: `Q(x-b) + c w cos(w x)`, Q being a diagonal for the matrix.
pub fn gradient(problem: &Value, x: &[f64]) -> Vec<f64> {
    let matrix = problem.get("D").is_some();
    let [q, b, c, w] = if matrix { ["D", "B", "C", "W"] } else { ["Q", "b", "c", "w"] }.map(|k| tensor(&problem[k]));
    let n = x.len();
    (0..n)
        .map(|i| {
            let linear: f64 =
                if matrix { q[i] * (x[i] - b[i]) } else { (0..n).map(|j| q[i * n + j] * (x[j] - b[j])).sum() };
            linear + c[i] * w[i] * libm::cos(w[i] * x[i])
        })
        .collect()
}

/// The loss of the same problem: `½ (x-b)ᵀ Q (x-b) + Σ c sin(w x)`.
pub fn loss(problem: &Value, x: &[f64]) -> f64 {
    let [q, b, c, w] = ["Q", "b", "c", "w"].map(|k| tensor(&problem[k]));
    let n = x.len();
    let row = |i: usize| (0..n).map(|j| q[i * n + j] * (x[j] - b[j])).sum::<f64>();
    (0..n).map(|i| 0.5 * (x[i] - b[i]) * row(i) + c[i] * libm::sin(w[i] * x[i])).sum()
}
