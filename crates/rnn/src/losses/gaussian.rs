//! Gaussian negative log-likelihood: the network gives a mean and how sure it is of it. Source: Nix and Weigend 1994; PyTorch's
//! `GaussianNLLLoss`.

use super::{LossSum, Rows, check_grad, row_width, sigmoid, softplus};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    /// How the second output becomes a variance.
    pub variance: Variance,
    /// Whether `ln(2π) / 2` is added; the gradient is the same.
    pub full: bool,
    /// The least variance; the gradient is that of the variance as it came, as in PyTorch.
    pub epsilon: f64,
}

/// Of a network's second output s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// `ln(1 + eˢ)`.
    Softplus,
    /// `eˢ`.
    Exp,
}

impl Gaussian {
    /// The variance of a raw output, and its derivative.
    fn variance(self, s: f64) -> (f64, f64) {
        let (variance, slope) = match self.variance {
            Variance::Softplus => (softplus(s), sigmoid(s)),
            Variance::Exp => (libm::exp(s), libm::exp(s)),
        };
        // A NaN stays one.
        (if variance < self.epsilon { self.epsilon } else { variance }, slope)
    }

    /// As a prediction shows it.
    pub fn variance_of(self, s: f32) -> f32 {
        self.variance(f64::from(s)).0 as f32
    }
}

/// `(ln v + (m - t)² / v) / 2` of mean m and variance v; full: `+ ln(2π) / 2`. `weight` counts targets.
///
/// * `rows.output`: `[n, O, 2]`, mean and raw variance of a target side by side; `target`: `[n, O]`.
///
/// # Panics
/// When the lengths do not fit each other.
pub fn gaussian_nll(mut rows: Rows, target: &[f32], settings: Gaussian) -> LossSum {
    assert_eq!(rows.output.len(), 2 * target.len(), "length of the target");
    let count = rows.weight.map_or(1, <[f32]>::len);
    let width = row_width(target.len(), count);
    check_grad(&rows.gradient, rows.output.len());
    let constant = if settings.full { 0.5 * libm::log(std::f64::consts::TAU) } else { 0.0 };
    let mut total = LossSum::default();
    for row in 0..count {
        let range = row * width..(row + 1) * width;
        let w = rows.weight.map_or(1.0, |weight| f64::from(weight[row]));
        if w == 0.0 {
            if let Some(gradient) = &mut rows.gradient {
                gradient[2 * range.start..2 * range.end].fill(0.0);
            }
            continue;
        }
        for i in range {
            let error = f64::from(rows.output[2 * i]) - f64::from(target[i]);
            let (variance, slope) = settings.variance(f64::from(rows.output[2 * i + 1]));
            total.sum += w * (0.5 * (libm::log(variance) + error * error / variance) + constant);
            if let Some(gradient) = &mut rows.gradient {
                let by_variance = 0.5 * (1.0 - error * error / variance) / variance;
                gradient[2 * i] = (rows.scale * w * error / variance) as f32;
                gradient[2 * i + 1] = (rows.scale * w * by_variance * slope) as f32;
            }
        }
        total.weight += w * width as f64;
    }
    total
}
