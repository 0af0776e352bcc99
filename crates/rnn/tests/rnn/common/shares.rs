//! What is drawn is as likely as it should be.

/// A mask of inverted dropout at `rate`: each number 0 or the scale, the share that is kept and the mean within four standard errors.
pub fn within_four_errors(mask: &[f32], rate: f32) {
    assert!(mask.iter().all(|&x| x == 0.0 || x == 1.0 / (1.0 - rate)), "0 or 1/(1 - {rate})");
    let (n, p) = (mask.len() as f64, f64::from(rate));
    let kept = mask.iter().filter(|&&x| x != 0.0).count() as f64 / n;
    let error = (p * (1.0 - p) / n).sqrt();
    assert!((kept - (1.0 - p)).abs() < 4.0 * error, "rate {rate}: {kept} kept");
    let mean = mask.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    assert!((mean - 1.0).abs() < 4.0 * error / (1.0 - p), "rate {rate}: the expectation stays: {mean}");
}
