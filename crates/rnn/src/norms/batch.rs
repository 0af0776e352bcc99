//! Batch norm: each unit over all rows of the batch, which is a shard of what an update sees.
//!
//! ```text
//! μ = Σx/n, v = Σ(x - μ)²/n      dx = weight·s·(dy - mean(dy) - x̂·mean(dy ∘ x̂))      over the n rows
//! ```
//! Outside training μ and v are the running ones and do not depend on x: `dx = weight·s·dy`.
//!
//! Sums run in `f64`, rows ascending.

use super::{NormFlow, NormMemory, Normal, shifted};

/// Mean and variance of each column of `x [n, width]`, in `sums` one after the other: in `f64`, rows ascending.
#[inline(never)]
pub(crate) fn column_moments<'a>(x: &[f32], width: usize, sums: &'a mut [f64]) -> (&'a [f64], &'a [f64]) {
    let n = (x.len() / width) as f64;
    let (mean, rest) = sums.split_at_mut(width);
    let variance = &mut rest[..width];
    mean.fill(0.0);
    for x in x.chunks_exact(width) {
        mean.iter_mut().zip(x).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    mean.iter_mut().for_each(|sum| *sum /= n);
    variance.fill(0.0);
    for x in x.chunks_exact(width) {
        for ((sum, &x), mean) in variance.iter_mut().zip(x).zip(&*mean) {
            let apart = f64::from(x) - mean;
            *sum += apart * apart;
        }
    }
    variance.iter_mut().for_each(|sum| *sum /= n);
    (mean, variance)
}

impl Normal {
    /// `kept [2, width]`: mean and factor of each unit; `sums [4, width]`: mean and variance, and room for the way back.
    pub(super) fn forward_batch(&self, params: &[f32], training: bool, x: &[f32], y: &mut [f32], memory: NormMemory) {
        let width = self.width;
        let (means, factors) = memory.kept.split_at_mut(width);
        if training && self.sees_batch() {
            let rows = x.len() / width;
            assert!(rows > 1, "a batch norm over one sample");
            let (mean, variance) = column_moments(x, width, memory.sums);
            for j in 0..width {
                means[j] = mean[j] as f32;
                factors[j] = (1.0 / (variance[j] + self.epsilon).sqrt()) as f32;
            }
        } else {
            let [mean, variance, _] = self.buffers.as_ref().expect("those of a batch norm");
            means.copy_from_slice(&params[mean.clone()]);
            for (factor, &variance) in factors.iter_mut().zip(&params[variance.clone()]) {
                *factor = (1.0 / (f64::from(variance) + self.epsilon).sqrt()) as f32;
            }
        }
        let (weight, bias) = self.gain(params);
        for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
            for j in 0..width {
                y[j] = (x[j] - means[j]) * factors[j] * weight[j];
            }
            shifted(y, bias);
        }
    }

    /// In training: the batch's mean and variance depend on every row.
    pub(super) fn backward_batch(&self, x: &[f32], memory: NormMemory, flow: NormFlow) {
        let NormFlow { above, below, mut trained } = flow;
        let width = self.width;
        let n = (x.len() / width) as f64;
        let (means, factors) = memory.kept.split_at_mut(width);
        let (statistics, sums) = memory.sums.split_at_mut(2 * width);
        let (mean, variance) = statistics.split_at(width);
        let (levels, along) = sums.split_at_mut(width);
        levels.fill(0.0);
        along.fill(0.0);
        for (x, dy) in x.chunks_exact(width).zip(above.chunks_exact(width)) {
            for j in 0..width {
                let dy = f64::from(dy[j]);
                levels[j] += dy;
                along[j] += dy * f64::from((x[j] - means[j]) * factors[j]);
            }
        }
        if let Some(below) = below {
            let (weight, _) = self.gain(trained.params());
            let rows = x.chunks_exact(width).zip(above.chunks_exact(width));
            for ((x, dy), dx) in rows.zip(below.chunks_exact_mut(width)) {
                for j in 0..width {
                    let normal = (x[j] - means[j]) * factors[j];
                    let inner = dy[j] - (levels[j] / n) as f32 - normal * (along[j] / n) as f32;
                    dx[j] = weight[j] * factors[j] * inner;
                }
            }
        }
        let grads = trained.grads();
        for j in 0..width {
            grads[self.weight.start + j] += along[j] as f32;
        }
        if let Some(bias) = &self.bias {
            (0..width).for_each(|j| grads[bias.start + j] += levels[j] as f32);
        }
        let [means, variances, count] = self.buffers.as_ref().expect("those of a batch norm");
        for j in 0..width {
            grads[means.start + j] += (mean[j] * n) as f32;
            // Unbiased, as PyTorch's running variance: by n - 1.
            grads[variances.start + j] += (variance[j] * n / (n - 1.0) * n) as f32;
        }
        grads[count.start] += n as f32;
    }

    /// Outside training: mean and factor are constants.
    pub(super) fn backward_fixed(&self, offsets: &[usize], x: &[f32], kept: &[f32], flow: NormFlow) {
        let NormFlow { above, below, mut trained } = flow;
        let (means, factors) = kept.split_at(self.width);
        if let Some(below) = below {
            let (weight, _) = self.gain(trained.params());
            for (dy, dx) in above.chunks_exact(self.width).zip(below.chunks_exact_mut(self.width)) {
                for j in 0..self.width {
                    dx[j] = dy[j] * weight[j] * factors[j];
                }
            }
        }
        self.fold(offsets, x, above, trained.grads(), |_, j| (means[j], factors[j]));
    }
}
