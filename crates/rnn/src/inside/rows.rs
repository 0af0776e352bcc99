//! Layer norm and RMS norm of the numbers of a row:
//!
//! ```text
//! layer: μ = Σx/n, v = Σ(x - μ)²/n      dx = s·(g - mean(g) - x̂·mean(g ∘ x̂))      g = d ∘ gain, s = 1/√(v + ε)
//! RMS:   μ = 0,    v = Σx²/n            dx = s·(g           - x̂·mean(g ∘ x̂))
//! ```
//! Sums run in `f64`.

use super::{CellNormKind, Inside, Part};

impl Inside {
    /// Of `x [n, width]`; `kept` takes the factors s of each row, from its first row on.
    pub(super) fn normalise_rows(&self, part: &Part, x: &mut [f32], kept: &mut [f32]) {
        let centred = self.norm.kind != CellNormKind::Rms;
        for (x, kept) in x.chunks_exact_mut(part.width).zip(kept.chunks_exact_mut(self.stretches)) {
            let mut rest = x;
            for (&len, factor) in part.stretches.iter().zip(&mut kept[part.first..]) {
                let (x, more) = rest.split_at_mut(len);
                *factor = normal(x, centred, self.norm.epsilon);
                rest = more;
            }
        }
    }
}

/// x̂ in the place of x; gives s.
#[inline(never)]
fn normal(x: &mut [f32], centred: bool, epsilon: f64) -> f32 {
    let (mean, variance) = if centred { linalg::moments(x) } else { (0.0, linalg::norm_squared(x) / x.len() as f64) };
    let (mean, factor) = (mean as f32, (1.0 / (variance + epsilon).sqrt()) as f32);
    x.iter_mut().for_each(|x| *x = (*x - mean) * factor);
    factor
}

/// dx in the place of x̂ `[n, width]`; the rows of `d` are `ld` apart.
pub(super) fn back(
    centred: bool,
    (part, stretches): (&Part, usize),
    gain: &[f32],
    factors: &[f32],
    x: &mut [f32],
    (d, ld): (&[f32], usize),
) {
    let rows = x.chunks_exact_mut(part.width).zip(d.chunks(ld));
    for ((x, d), factors) in rows.zip(factors.chunks_exact(stretches)) {
        let mut first = 0;
        for (&len, &factor) in part.stretches.iter().zip(&factors[part.first..]) {
            let place = first..first + len;
            back_row(&mut x[place.clone()], &d[place.clone()], &gain[place], factor, centred);
            first += len;
        }
    }
}

#[inline(never)]
fn back_row(x: &mut [f32], d: &[f32], gain: &[f32], factor: f32, centred: bool) {
    let n = x.len();
    let (d, gain) = (&d[..n], &gain[..n]);
    // Four sums side by side, as those of `linalg`.
    let (mut level, mut along) = ([0.0f64; 4], [0.0f64; 4]);
    for i in 0..n {
        let g = f64::from(d[i] * gain[i]);
        level[i % 4] += g;
        along[i % 4] += g * f64::from(x[i]);
    }
    let mean = |sums: [f64; 4]| (((sums[0] + sums[1]) + (sums[2] + sums[3])) / n as f64) as f32;
    let (level, along) = (if centred { mean(level) } else { 0.0 }, mean(along));
    for i in 0..n {
        x[i] = factor * (d[i] * gain[i] - level - x[i] * along);
    }
}
