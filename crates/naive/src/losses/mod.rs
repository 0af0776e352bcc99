//! Losses as sums with their gradients; the caller divides. Mirrors `rnn::losses` in f64.

use crate::algebra::add;

pub mod ctc;
pub mod distributions;
pub mod numbers;

/// A sum over rows, what to divide it by for PyTorch's mean, and the gradient of the sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    pub sum: f64,
    pub weight: f64,
    /// dsum/dpred, in the layout of the prediction.
    pub gradient: Vec<f64>,
}

impl Loss {
    /// `sum / weight`, or 0 when nothing was weighed.
    pub fn mean(&self) -> f64 {
        if self.weight == 0.0 { 0.0 } else { self.sum / self.weight }
    }

    /// Gradient of [`Loss::mean`].
    pub fn mean_gradient(&self) -> Vec<f64> {
        let scale = if self.weight == 0.0 { 0.0 } else { 1.0 / self.weight };
        self.gradient.iter().map(|g| g * scale).collect()
    }
}

/// Squared error `Σ_n w_n Σ_j (p_nj - t_nj)²`, `weight` = Σ_n w_n·O, of `pred` and `target` `[rows, O]`; w is 1 when not given,
/// else one number a row.
pub fn mse(pred: &[f64], target: &[f64], weight: Option<&[f64]>) -> Loss {
    assert_eq!(pred.len(), target.len(), "length of the target");
    let mut loss = Loss { sum: 0.0, weight: 0.0, gradient: vec![0.0; pred.len()] };
    let size = weight.map_or(1, |w| pred.len() / w.len());
    for (i, (p, t)) in pred.iter().zip(target).enumerate() {
        let w = weight.map_or(1.0, |w| w[i / size]);
        loss.sum += w * (p - t) * (p - t);
        loss.weight += w;
        loss.gradient[i] = 2.0 * w * (p - t);
    }
    loss
}

/// Cross-entropy `Σ_n -w_n ln softmax(logits_n)[class_n]`, `weight` = Σ w_n, of `logits` `[rows, C]` and one class a row; rows
/// of a negative class are ignored (sum, weight and gradient 0). PyTorch's class weights are the row weights `weight[class_n]`.
pub fn cross_entropy(logits: &[f64], classes: &[i64], weight: Option<&[f64]>) -> Loss {
    let size = logits.len() / classes.len();
    assert_eq!(logits.len(), size * classes.len(), "length of the logits");
    let mut loss = Loss { sum: 0.0, weight: 0.0, gradient: Vec::with_capacity(logits.len()) };
    for (n, (row, class)) in logits.chunks(size).zip(classes).enumerate() {
        let mut gradient = vec![0.0; size];
        if let Ok(class) = usize::try_from(*class) {
            assert!(class < size, "class {class} of {size}");
            let w = weight.map_or(1.0, |w| w[n]);
            // The largest logit is taken out, so that exp cannot overflow.
            let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let exps: Vec<f64> = row.iter().map(|x| libm::exp(x - top)).collect();
            let total: f64 = exps.iter().sum();
            loss.sum += w * (libm::log(total) + top - row[class]);
            loss.weight += w;
            gradient = exps.iter().map(|e| w * e / total).collect();
            add(&mut gradient[class..=class], &[-w]);
        }
        loss.gradient.extend(gradient);
    }
    loss
}
