//! Poisson negative log-likelihood of counts. Source: PyTorch's `PoissonNLLLoss`.

use super::{LossSum, Rows};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Poisson {
    /// Whether the network gives ln of the rate, or the rate itself (then from 0, as after relu).
    pub log_input: bool,
    /// Whether Stirling's approximation of ln t! is added where t > 1; the gradient is the same.
    pub full: bool,
    /// Added to the rate before its logarithm is taken.
    pub epsilon: f64,
}

/// `eᵖ - t p`, or `p - t ln(p + epsilon)` of a rate p; full: `+ t ln t - t + ln(2π t) / 2`. `weight` counts elements.
///
/// * `rows.output`, `target` (from 0): `[n, O]`.
///
/// # Panics
/// When the lengths do not fit each other.
pub fn poisson_nll(rows: Rows, target: &[f32], Poisson { log_input, full, epsilon }: Poisson) -> LossSum {
    rows.elements(target, 1, |_, p, t| {
        let (loss, slope) = if log_input {
            let rate = libm::exp(p);
            (rate - t * p, rate - t)
        } else {
            (p - t * libm::log(p + epsilon), 1.0 - t / (p + epsilon))
        };
        (if full && t > 1.0 { loss + stirling(t) } else { loss }, slope)
    })
}

fn stirling(t: f64) -> f64 {
    t * libm::log(t) - t + 0.5 * libm::log(std::f64::consts::TAU * t)
}
