//! Batch norm of each number over the sequences that have a step: with statistics of the step's own.
//!
//! ```text
//! μ = Σx/n, v = Σ(x - μ)²/n, s = 1/√(v + ε)      dx = s·(g - mean(g) - x̂·mean(g ∘ x̂))      g = d ∘ gain, over n sequences
//! ```
//! Outside training, and where but one sequence has the step, μ and v are the running ones: `dx = s·g`. Step t has those of step
//! `min(t, maxSteps - 1)`; where these were never moved, those of the last step before that was.
//!
//! The way back leaves `n·μ`, `n·v` (unbiased) and `n` in the gradients, in the place of the buffers: see [`crate::Running`].
//! The reverse direction's steps are numbered as the sequence's.

use std::ops::Range;

use super::{At, CellNormKind, Inside, Part};
use crate::norms::column_moments;

impl Inside {
    /// Of `x [n, width]`; `kept [3, all]` takes mean, variance and factor of each number.
    pub(super) fn normalise_batch(
        &self,
        part: &Part,
        at: At,
        params: &[f32],
        x: &mut [f32],
        kept: &mut [f32],
        sums: &mut [f64],
    ) {
        let width = part.width;
        let (means, rest) = kept.split_at_mut(self.width);
        let (variances, factors) = rest.split_at_mut(self.width);
        let (means, variances) = (&mut means[part.at..][..width], &mut variances[part.at..][..width]);
        let factors = &mut factors[part.at..][..width];
        if at.own_statistics() {
            let (mean, variance) = column_moments(x, width, sums);
            for j in 0..width {
                means[j] = mean[j] as f32;
                variances[j] = variance[j] as f32;
            }
        } else {
            let slot = self.slot(params, at.t);
            let [mean, variance, _] = self.buffers.as_ref().expect("those of a batch norm");
            for (to, buffer) in [(&mut *means, mean), (&mut *variances, variance)] {
                let row = &params[buffer.start + slot * self.width + part.at..][..width];
                for (to, &from) in to.chunks_exact_mut(part.unit).zip(&part.natural) {
                    to.copy_from_slice(&row[from..][..part.unit]);
                }
            }
        }
        for (factor, &variance) in factors.iter_mut().zip(&*variances) {
            *factor = (1.0 / (f64::from(variance) + self.norm.epsilon).sqrt()) as f32;
        }
        for x in x.chunks_exact_mut(width) {
            for ((x, mean), factor) in x.iter_mut().zip(&*means).zip(&*factors) {
                *x = (*x - mean) * factor;
            }
        }
    }

    /// Running mean, variance and count of each step, and the share by which they move.
    pub fn places(&self) -> Vec<([Range<usize>; 3], f64)> {
        let (CellNormKind::Batch { momentum, max_steps }, Some([mean, variance, count])) =
            (self.norm.kind, &self.buffers)
        else {
            return Vec::new();
        };
        let row = |buffer: &Range<usize>, t: usize| buffer.start + t * self.width..buffer.start + (t + 1) * self.width;
        let place = |t| [row(mean, t), row(variance, t), count.start + t..count.start + t + 1];
        (0..max_steps).map(|t| (place(t), momentum)).collect()
    }

    /// The last step up to `t` that has running statistics.
    fn slot(&self, params: &[f32], t: usize) -> usize {
        let [.., count] = self.buffers.as_ref().expect("those of a batch norm");
        let seen = &params[count.clone()];
        (0..=t.min(seen.len() - 1)).rev().find(|&t| seen[t] > 0.0).unwrap_or(0)
    }

    /// Adds the statistics of a step to the gradients, in the place of the buffers.
    pub fn leave(&self, at: At, kept: &[f32], grads: &mut [f32]) {
        let (CellNormKind::Batch { max_steps, .. }, Some([mean, variance, count]), true) =
            (self.norm.kind, &self.buffers, at.own_statistics())
        else {
            return;
        };
        let kept = &kept[at.step * 3 * self.width..][..2 * self.width];
        let (means, variances) = kept.split_at(self.width);
        let (slot, n) = (at.t.min(max_steps - 1), at.n as f64);
        // The variance unbiased, as PyTorch's running one: by n - 1.
        for (buffer, values, per) in [(mean, means, 1.0), (variance, variances, n / (n - 1.0))] {
            for part in self.parts() {
                let sums = &mut grads[buffer.start + slot * self.width + part.at..][..part.width];
                let pieces = values[part.at..][..part.width].chunks_exact(part.unit);
                for (values, &to) in pieces.zip(&part.natural) {
                    let sums = sums[to..][..part.unit].iter_mut().zip(values);
                    sums.for_each(|(sum, &value)| *sum += (f64::from(value) * per * n) as f32);
                }
            }
        }
        grads[count.start + slot] += n as f32;
    }
}

impl At {
    /// Whether a batch norm goes by the sequences of the step.
    fn own_statistics(self) -> bool {
        self.batch && self.n > 1
    }
}

/// dx in the place of x̂ `[n, width]`; the rows of `d` are `ld` apart.
pub(super) fn back(at: At, gain: &[f32], factors: &[f32], x: &mut [f32], (d, ld): (&[f32], usize), sums: &mut [f64]) {
    let width = gain.len();
    if !at.own_statistics() {
        for (x, d) in x.chunks_exact_mut(width).zip(d.chunks(ld)) {
            for j in 0..width {
                x[j] = factors[j] * (d[j] * gain[j]);
            }
        }
        return;
    }
    let n = at.n as f64;
    let (level, rest) = sums.split_at_mut(width);
    let along = &mut rest[..width];
    level.fill(0.0);
    along.fill(0.0);
    for (x, d) in x.chunks_exact(width).zip(d.chunks(ld)) {
        for j in 0..width {
            let g = f64::from(d[j] * gain[j]);
            level[j] += g;
            along[j] += g * f64::from(x[j]);
        }
    }
    level.iter_mut().chain(along.iter_mut()).for_each(|sum| *sum /= n);
    for (x, d) in x.chunks_exact_mut(width).zip(d.chunks(ld)) {
        for j in 0..width {
            x[j] = factors[j] * (d[j] * gain[j] - level[j] as f32 - x[j] * along[j] as f32);
        }
    }
}
