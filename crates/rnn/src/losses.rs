//! Losses as sums with their gradients; the caller divides, so that parts of a batch can be added up.

/// A weighted sum of losses and the sum of its weights.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossSum {
    pub sum: f64,
    /// What to divide by for the mean.
    pub weight: f64,
}

impl LossSum {
    /// `sum / weight`, or 0 when nothing was weighed.
    pub fn mean(self) -> f64 {
        if self.weight == 0.0 { 0.0 } else { self.sum / self.weight }
    }
}

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

/// Cross-entropy of the softmax of logits: `sum = Σ w (ln Σ exp(logits) - logits[class])`, `weight = Σ w`, both over the rows
/// whose class is not negative.
///
/// * `logits`: `[n, C]`; `classes`: `[n]`, negative where a row is ignored; `weight`: `[n]` (1 when absent).
/// * `grad`: `[n, C]`, written: `scale · ∂sum/∂logits`, zero where ignored. PyTorch's mean is `scale = 1/weight`.
///
/// Sums run in `f64`, rows ascending.
///
/// # Panics
/// When the lengths do not fit each other, or a class is not below C.
pub fn cross_entropy(
    logits: &[f32],
    classes: &[i32],
    weight: Option<&[f32]>,
    scale: f64,
    mut grad: Option<&mut [f32]>,
) -> LossSum {
    let width = row_width(logits.len(), classes.len());
    assert!(weight.is_none_or(|weight| weight.len() == classes.len()), "number of weights");
    check_grad(&grad, logits.len());
    let mut total = LossSum::default();
    for (row, &class) in classes.iter().enumerate() {
        let range = row * width..(row + 1) * width;
        let w = weight.map_or(1.0, |weight| f64::from(weight[row]));
        let grad = grad.as_mut().map(|grad| &mut grad[range.clone()]);
        if class < 0 || w == 0.0 {
            if let Some(grad) = grad {
                grad.fill(0.0);
            }
            continue;
        }
        let (logits, class) = (&logits[range], class as usize);
        assert!(class < width, "class {class} of {width}");
        let log_sum = match grad {
            Some(grad) => {
                let log_sum = linalg::softmax_to(grad, logits, scale * w);
                grad[class] -= (scale * w) as f32;
                log_sum
            }
            None => linalg::log_sum_exp(logits),
        };
        total.sum += w * (log_sum - f64::from(logits[class]));
        total.weight += w;
    }
    total
}

/// Width of each of `rows` equal rows.
fn row_width(len: usize, rows: usize) -> usize {
    assert!(rows == 0 && len == 0 || rows > 0 && len.is_multiple_of(rows), "{len} elements in {rows} rows");
    len.checked_div(rows).unwrap_or(0)
}

fn check_grad(grad: &Option<&mut [f32]>, len: usize) {
    assert!(grad.as_ref().is_none_or(|grad| grad.len() == len), "length of the gradient");
}
