//! Mean squared error.

use super::{LossSum, check_grad, row_width};

/// Squared error: `sum = Σ w (p - t)²` over all elements, `weight = Σ w` over all elements.
///
/// * `pred`, `target`: `[n, O]`; `weight`: `[n]`, one for each row (1 when absent). A row of weight 0 is not read.
/// * `grad`: `[n, O]`, written: `scale · ∂sum/∂pred`. PyTorch's mean is `scale = 1/weight`.
///
/// Sums run in `f64`, elements ascending.
///
/// # Panics
/// When the lengths do not fit each other.
pub fn mse(pred: &[f32], target: &[f32], weight: Option<&[f32]>, scale: f64, mut grad: Option<&mut [f32]>) -> LossSum {
    assert_eq!(pred.len(), target.len(), "length of the target");
    let rows = weight.map_or(1, <[f32]>::len);
    let width = row_width(pred.len(), rows);
    check_grad(&grad, pred.len());
    let mut total = LossSum::default();
    for row in 0..rows {
        let range = row * width..(row + 1) * width;
        let w = weight.map_or(1.0, |weight| f64::from(weight[row]));
        if w == 0.0 {
            if let Some(grad) = &mut grad {
                grad[range].fill(0.0);
            }
            continue;
        }
        for i in range {
            let error = f64::from(pred[i]) - f64::from(target[i]);
            total.sum += w * error * error;
            if let Some(grad) = &mut grad {
                grad[i] = (2.0 * scale * w * error) as f32;
            }
        }
        total.weight += w * width as f64;
    }
    total
}
