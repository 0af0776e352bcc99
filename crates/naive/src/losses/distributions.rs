//! Losses of softmax: class weights, smoothing, distributions as targets.

use super::Loss;

/// ln softmax of a row, the largest logit taken out so that exp cannot overflow.
pub fn log_softmax(row: &[f64]) -> Vec<f64> {
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = row.iter().map(|x| libm::exp(x - top)).sum();
    row.iter().map(|x| x - top - libm::log(total)).collect()
}

/// `Σ_k g_k (-ln p_k)` of one row and its derivatives by the logits.
fn row_of(logits: &[f64], g: &[f64]) -> (f64, Vec<f64>) {
    let log_p = log_softmax(logits);
    let total: f64 = g.iter().sum();
    let value = log_p.iter().zip(g).map(|(l, g)| -g * l).sum();
    (value, log_p.iter().zip(g).map(|(l, g)| total * libm::exp(*l) - g).collect())
}

/// PyTorch's cross-entropy of classes with class weights and label smoothing ε; rows of a negative class are ignored.
pub fn smoothed(logits: &[f64], classes: &[i64], of: &[f64], smoothing: f64, weight: Option<&[f64]>) -> Loss {
    let count = of.len();
    let mut loss = Loss { sum: 0.0, weight: 0.0, gradient: Vec::new() };
    for (n, (row, class)) in logits.chunks(count).zip(classes).enumerate() {
        let Ok(class) = usize::try_from(*class) else {
            loss.gradient.extend(vec![0.0; count]);
            continue;
        };
        let w = weight.map_or(1.0, |w| w[n]);
        let mut g: Vec<f64> = of.iter().map(|c| w * c * smoothing / count as f64).collect();
        g[class] += w * of[class] * (1.0 - smoothing);
        let (value, slopes) = row_of(row, &g);
        loss.sum += value;
        loss.weight += w * of[class];
        loss.gradient.extend(slopes);
    }
    loss
}

/// PyTorch's cross-entropy of target distributions `[rows, C]`.
pub fn of_distributions(logits: &[f64], target: &[f64], of: &[f64], smoothing: f64, weight: Option<&[f64]>) -> Loss {
    let count = of.len();
    let mut loss = Loss { sum: 0.0, weight: 0.0, gradient: Vec::new() };
    for (n, (row, target)) in logits.chunks(count).zip(target.chunks(count)).enumerate() {
        let w = weight.map_or(1.0, |w| w[n]);
        let smooth = |t: f64| (1.0 - smoothing) * t + smoothing / count as f64;
        let g: Vec<f64> = target.iter().zip(of).map(|(t, c)| w * c * smooth(*t)).collect();
        let (value, slopes) = row_of(row, &g);
        loss.sum += value;
        loss.weight += w;
        loss.gradient.extend(slopes);
    }
    loss
}

/// `Σ t (ln t - ln p)`.
pub fn kl_divergence(logits: &[f64], target: &[f64], count: usize, weight: Option<&[f64]>) -> Loss {
    let mut loss = of_distributions(logits, target, &vec![1.0; count], 0.0, weight);
    for (i, t) in target.iter().enumerate().filter(|(_, t)| **t > 0.0) {
        loss.sum += weight.map_or(1.0, |w| w[i / count]) * t * libm::log(*t);
    }
    loss
}
