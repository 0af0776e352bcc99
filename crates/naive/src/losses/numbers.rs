//! Losses of numbers, one element after the other. The weight of a row holds for each of its targets.

use super::Loss;

/// `Σ w f(p, t)` over targets that the network gives `outputs` numbers for; `f` gives a target's loss, its derivatives by them,
/// and what it adds to the weight.
fn over(
    pred: &[f64],
    target: &[f64],
    outputs: usize,
    weight: Option<&[f64]>,
    f: impl Fn(usize, &[f64], f64) -> (f64, Vec<f64>),
    counts: f64,
) -> Loss {
    assert_eq!(pred.len(), target.len() * outputs, "length of the target");
    let size = weight.map_or(1, |w| target.len() / w.len());
    let mut loss = Loss { sum: 0.0, weight: 0.0, gradient: Vec::new() };
    for (i, (p, t)) in pred.chunks(outputs).zip(target).enumerate() {
        let w = weight.map_or(1.0, |w| w[i / size]);
        let (value, slopes) = f(i, p, *t);
        loss.sum += w * value;
        loss.weight += w * counts;
        loss.gradient.extend(slopes.iter().map(|slope| w * slope));
    }
    loss
}

/// |p - t|.
pub fn mae(pred: &[f64], target: &[f64], weight: Option<&[f64]>) -> Loss {
    over(pred, target, 1, weight, |_, p, t| ((p[0] - t).abs(), vec![sign(p[0] - t)]), 1.0)
}

fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

/// Huber 1964.
pub fn huber(pred: &[f64], target: &[f64], delta: f64, weight: Option<&[f64]>) -> Loss {
    let f = |_: usize, p: &[f64], t: f64| {
        let e = p[0] - t;
        if e.abs() <= delta {
            (e * e / 2.0, vec![e])
        } else {
            (delta * e.abs() - delta * delta / 2.0, vec![delta * sign(e)])
        }
    };
    over(pred, target, 1, weight, f, 1.0)
}

/// Huber's loss / beta; absolute errors for a beta of 0.
pub fn smooth_l1(pred: &[f64], target: &[f64], beta: f64, weight: Option<&[f64]>) -> Loss {
    if beta == 0.0 {
        return mae(pred, target, weight);
    }
    let mut loss = huber(pred, target, beta, weight);
    loss.sum /= beta;
    loss.gradient.iter_mut().for_each(|g| *g /= beta);
    loss
}

/// The pinball loss of each quantile; `pred` is `[targets, quantiles]`.
pub fn quantile(pred: &[f64], target: &[f64], quantiles: &[f64], weight: Option<&[f64]>) -> Loss {
    let f = |_: usize, p: &[f64], t: f64| {
        let each = p.iter().zip(quantiles);
        let value = each.clone().map(|(p, q)| if t >= *p { q * (t - p) } else { (1.0 - q) * (p - t) }).sum();
        let slope = |(p, q): (&f64, &f64)| match () {
            () if t > *p => -q,
            () if t < *p => 1.0 - q,
            () => 0.0,
        };
        (value, each.map(slope).collect())
    };
    over(pred, target, quantiles.len(), weight, f, quantiles.len() as f64)
}

/// How a raw output becomes a variance.
#[derive(Clone, Copy, Debug)]
pub enum Variance {
    Softplus,
    Exp,
}

/// -ln of a normal density, without ln(2π)/2 unless `full`; `pred` is `[targets, 2]`, mean and raw variance.
pub fn gaussian_nll(
    pred: &[f64],
    target: &[f64],
    variance: Variance,
    full: bool,
    epsilon: f64,
    weight: Option<&[f64]>,
) -> Loss {
    let f = |_: usize, p: &[f64], t: f64| {
        let (v, by_raw) = match variance {
            Variance::Softplus => (libm::log(1.0 + libm::exp(p[1])), 1.0 / (1.0 + libm::exp(-p[1]))),
            Variance::Exp => (libm::exp(p[1]), libm::exp(p[1])),
        };
        let (v, e) = (v.max(epsilon), p[0] - t);
        let constant = if full { libm::log(2.0 * std::f64::consts::PI) / 2.0 } else { 0.0 };
        let value = libm::log(v) / 2.0 + e * e / (2.0 * v) + constant;
        (value, vec![e / v, (1.0 / (2.0 * v) - e * e / (2.0 * v * v)) * by_raw])
    };
    over(pred, target, 2, weight, f, 1.0)
}

/// -ln of a Poisson probability of a count, without ln t!, for which Stirling's formula stands if `full` and t > 1.
pub fn poisson_nll(
    pred: &[f64],
    target: &[f64],
    log_input: bool,
    full: bool,
    epsilon: f64,
    weight: Option<&[f64]>,
) -> Loss {
    let f = |_: usize, p: &[f64], t: f64| {
        let p = p[0];
        let (value, slope) = if log_input {
            (libm::exp(p) - t * p, libm::exp(p) - t)
        } else {
            (p - t * libm::log(p + epsilon), 1.0 - t / (p + epsilon))
        };
        let stirling =
            if full && t > 1.0 { t * libm::log(t) - t + libm::log(2.0 * std::f64::consts::PI * t) / 2.0 } else { 0.0 };
        (value + stirling, vec![slope])
    };
    over(pred, target, 1, weight, f, 1.0)
}

/// `-w₊ t ln σ(z) - (1 - t) ln(1 - σ(z))`; `positive` has a number for each output, in turn.
pub fn binary_cross_entropy(logits: &[f64], target: &[f64], positive: &[f64], weight: Option<&[f64]>) -> Loss {
    // ln σ(z), which is -z where eᶻ is all but 0.
    let log_sigma = |z: f64| if z < -30.0 { z } else { -libm::log(1.0 + libm::exp(-z)) };
    let f = |i: usize, z: &[f64], t: f64| {
        let (z, w) = (z[0], positive[i % positive.len()]);
        let yes = 1.0 / (1.0 + libm::exp(-z));
        (-w * t * log_sigma(z) - (1.0 - t) * log_sigma(-z), vec![-w * t * (1.0 - yes) + (1.0 - t) * yes])
    };
    over(logits, target, 1, weight, f, 1.0)
}
