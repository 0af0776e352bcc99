//! Layer norm and RMS norm: each row by itself.
//!
//! ```text
//! layer: μ = Σx/n, v = Σ(x - μ)²/n      dx = s·(g - mean(g) - x̂·mean(g ∘ x̂))      g = dy ∘ weight
//! RMS:   μ = 0,    v = Σx²/n            dx = s·(g           - x̂·mean(g ∘ x̂))
//! ```

use super::{NormFlow, NormKind, Normal, shifted};

impl Normal {
    fn centred(&self) -> bool {
        self.kind != NormKind::Rms
    }

    /// `kept [rows, 2]`: mean and factor of each row, or empty.
    pub(super) fn forward_rows(&self, params: &[f32], x: &[f32], y: &mut [f32], kept: &mut [f32]) {
        let width = self.width;
        let (weight, bias) = self.gain(params);
        let mut kept = kept.chunks_exact_mut(2);
        for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
            let (mean, variance) =
                if self.centred() { linalg::moments(x) } else { (0.0, linalg::norm_squared(x) / width as f64) };
            let (mean, factor) = (mean as f32, (1.0 / (variance + self.epsilon).sqrt()) as f32);
            for ((y, x), w) in y.iter_mut().zip(x).zip(weight) {
                *y = (x - mean) * factor * w;
            }
            shifted(y, bias);
            if let Some(kept) = kept.next() {
                kept.copy_from_slice(&[mean, factor]);
            }
        }
    }

    pub(super) fn backward_rows(&self, offsets: &[usize], x: &[f32], kept: &[f32], flow: NormFlow) {
        let NormFlow { above, below, mut trained } = flow;
        let width = self.width;
        if let Some(below) = below {
            let (weight, _) = self.gain(trained.params());
            let rows = x.chunks_exact(width).zip(above.chunks_exact(width)).zip(kept.chunks_exact(2));
            for (((x, dy), kept), g) in rows.zip(below.chunks_exact_mut(width)) {
                for ((g, dy), w) in g.iter_mut().zip(dy).zip(weight) {
                    *g = dy * w;
                }
                let (mean, factor, n) = (kept[0], kept[1], width as f64);
                let level = if self.centred() { linalg::sum_f64(g) / n } else { 0.0 };
                let square = f64::from(factor) * f64::from(factor);
                let along = linalg::centred_dot(g, x, f64::from(mean)) * square / n;
                let (level, along) = (level as f32, along as f32);
                for (g, x) in g.iter_mut().zip(x) {
                    *g = factor * (*g - level - (x - mean) * along);
                }
            }
        }
        self.fold(offsets, x, above, trained.grads(), |r, _| (kept[2 * r], kept[2 * r + 1]));
    }
}
