//! Kullback-Leibler divergence of target distributions from the softmax of logits. Source: Kullback and Leibler 1951; PyTorch's
//! `KLDivLoss` of log_softmax, whose "batchmean" is the mean here.

use super::cross_entropy::{Settings, of_distributions};
use super::{LossSum, Rows};

/// `Σ_k t_k (ln t_k - ln p_k)` (0 where t_k is 0), `weight = Σ w`: cross-entropy less the entropy of the targets, so that a
/// perfect prediction has loss 0; the gradient is that of cross-entropy.
///
/// * `rows.output` (logits), `target`: `[n, C]`.
///
/// # Panics
/// When the lengths do not fit each other.
pub fn kl_divergence(rows: Rows, target: &[f32], classes: usize) -> LossSum {
    let weight = rows.weight;
    let mut total = of_distributions(rows, target, classes, &Settings::default());
    for (row, target) in target.chunks_exact(classes).enumerate() {
        let w = weight.map_or(1.0, |weight| f64::from(weight[row]));
        if w != 0.0 {
            total.sum += w * target.iter().map(|&t| own(f64::from(t))).sum::<f64>();
        }
    }
    total
}

fn own(t: f64) -> f64 {
    if t > 0.0 { t * libm::log(t) } else { 0.0 }
}
