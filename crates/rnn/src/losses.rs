//! Losses as sums with their gradients; the caller divides.

/// A sum and what to divide it by for the mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossSum {
    pub sum: f64,
    pub weight: f64,
}

impl LossSum {
    /// `sum / weight`, or 0 when nothing was weighed.
    pub fn mean(self) -> f64 {
        if self.weight == 0.0 { 0.0 } else { self.sum / self.weight }
    }
}

/// Squared error.
pub fn mse(pred: &[f32], target: &[f32], weight: Option<&[f32]>, scale: f64, grad: Option<&mut [f32]>) -> LossSum {
    let _ = (pred, target, weight, scale, grad);
    unimplemented!()
}

/// Cross-entropy of softmax.
pub fn cross_entropy(
    logits: &[f32],
    classes: &[i32],
    weight: Option<&[f32]>,
    scale: f64,
    grad: Option<&mut [f32]>,
) -> LossSum {
    let _ = (logits, classes, weight, scale, grad);
    unimplemented!()
}
