//! CTC of one sequence as Graves et al. 2006 have it: probabilities, not logarithms, divided by their sum at each step so that
//! they do not vanish; α and β both with the step's own probability.

use super::distributions::log_softmax;

/// -ln p of a target and its derivatives by the logits `[steps, classes]`; infinity and zeros where no alignment gives it.
pub fn ctc(logits: &[f64], classes: usize, labels: &[usize], blank: usize) -> (f64, Vec<f64>) {
    let y: Vec<Vec<f64>> =
        logits.chunks(classes).map(|row| log_softmax(row).into_iter().map(libm::exp).collect()).collect();
    let mut extended = vec![blank];
    labels.iter().for_each(|&label| extended.extend([label, blank]));
    let (alpha, scales) = forward(&y, &extended, blank);
    let last = alpha.last().expect("a step");
    let ends = last[last.len() - 1] + if last.len() > 1 { last[last.len() - 2] } else { 0.0 };
    if ends.is_nan() || ends <= 0.0 {
        return (f64::INFINITY, vec![0.0; logits.len()]);
    }
    let log_p = scales.iter().map(|c| libm::log(*c)).sum::<f64>() + libm::log(ends);
    // The same, read from the end.
    let (back, reversed): (Vec<_>, Vec<_>) =
        (y.iter().rev().cloned().collect(), extended.iter().rev().copied().collect());
    let (mut beta, _) = forward(&back, &reversed, blank);
    beta.reverse();
    beta.iter_mut().for_each(|row| row.reverse());
    let mut gradient = Vec::new();
    for (t, y) in y.iter().enumerate() {
        // α β / y, up to a factor that is the same for all places.
        let places = alpha[t].iter().zip(&beta[t]).zip(&extended);
        let shares: Vec<f64> = places.map(|((a, b), &k)| if y[k] == 0.0 { 0.0 } else { a * b / y[k] }).collect();
        let total: f64 = shares.iter().sum();
        for (k, y) in y.iter().enumerate() {
            let own: f64 = shares.iter().zip(&extended).filter(|(_, l)| **l == k).map(|(s, _)| s).sum();
            gradient.push(y - own / total);
        }
    }
    (-log_p, gradient)
}

/// α of each step, divided by its sum; and the sums.
fn forward(y: &[Vec<f64>], extended: &[usize], blank: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut rows: Vec<Vec<f64>> = Vec::new();
    let mut scales = Vec::new();
    for (t, y) in y.iter().enumerate() {
        let mut row = vec![0.0; extended.len()];
        for s in 0..extended.len() {
            let mut from = 0.0;
            if t == 0 {
                from = if s < 2 { 1.0 } else { 0.0 };
            } else {
                let past = &rows[t - 1];
                from += past[s];
                from += if s > 0 { past[s - 1] } else { 0.0 };
                let skips = s > 1 && extended[s] != blank && extended[s] != extended[s - 2];
                from += if skips { past[s - 2] } else { 0.0 };
            }
            row[s] = from * y[extended[s]];
        }
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|a| *a /= sum);
        rows.push(row);
        scales.push(sum);
    }
    (rows, scales)
}

/// -ln of the sum over every alignment, one by one: classes^steps of them.
pub fn ctc_by_hand(logits: &[f64], classes: usize, labels: &[usize], blank: usize) -> f64 {
    let log_y: Vec<Vec<f64>> = logits.chunks(classes).map(log_softmax).collect();
    let mut p = 0.0;
    let mut path = vec![0; log_y.len()];
    loop {
        let mut read = Vec::new();
        for (t, &k) in path.iter().enumerate() {
            if k != blank && (t == 0 || path[t - 1] != k) {
                read.push(k);
            }
        }
        if read == labels {
            p += libm::exp(path.iter().zip(&log_y).map(|(&k, row)| row[k]).sum());
        }
        let Some(next) = path.iter().rposition(|&k| k + 1 < classes) else { return -libm::log(p) };
        path[next] += 1;
        path[next + 1..].fill(0);
    }
}
