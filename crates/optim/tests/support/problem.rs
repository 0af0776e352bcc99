//! The problems of the fixture: a gradient at any point.

use super::{numbers, tensor};
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

/// The loss of the same problem: `½ (x-b)ᵀ Q (x-b) + Σ c sin(w x)`, or with D for the matrix.
pub fn loss(problem: &Value, x: &[f64]) -> f64 {
    let matrix = problem.get("D").is_some();
    let [q, b, c, w] = if matrix { ["D", "B", "C", "W"] } else { ["Q", "b", "c", "w"] }.map(|k| tensor(&problem[k]));
    let n = x.len();
    let row = |i: usize| {
        if matrix { q[i] * (x[i] - b[i]) } else { (0..n).map(|j| q[i * n + j] * (x[j] - b[j])).sum::<f64>() }
    };
    (0..n).map(|i| 0.5 * (x[i] - b[i]) * row(i) + c[i] * libm::sin(w[i] * x[i])).sum()
}

/// How far the loss at `x` is from that of the record after so many steps, relative to it; or, where it passes through zero on its
/// way down, to a fiftieth of the largest: its terms do not become small with their sum, and weights that are off by some 1e-7, as
/// 32 bits are, put them off by as much, which of a fiftieth is half of 1e-5.
pub fn loss_error(problem: &Value, record: &Value, step: usize, x: &[f64]) -> f64 {
    let losses = numbers(&record["loss"]);
    assert_eq!(losses.len() * x.len(), tensor(&record["x"]).len(), "a loss for each step");
    let least = losses.iter().fold(0.0, |most: f64, loss| most.max(loss.abs())) / 50.0;
    (loss(problem, x) - losses[step]).abs() / losses[step].abs().max(least)
}
