//! Adafactor: second moments of a matrix by its rows and columns. PyTorch's `Adafactor`.

use crate::arithmetic::{largest, lerp, total};
use crate::optimizer::{Before, Rule, Update};
use crate::places::Tensor;
use crate::state::Extent;
use linalg::{flush, norm_squared};

/// `β_t = 1 - t^τ`, `ρ = min(rate, 1/√t)`, `α = max(ε2, ‖θ‖/√n)·ρ`. Of a matrix `[R, C]` the mean squares of each row and of
/// each column are averaged with β_t, `r` and `c`, and `v = r cᵀ / max(mean(r), ε1)`; of a vector v is the average of g². Then
/// `u = g/√max(v, ε1²)`, `θ ← θ·(1 - rate·λ) - α/max(1, ‖u‖/(√n d))·u`.
///
/// Memory: R + C numbers for a matrix of R·C.
///
/// Source: Shazeer and Stern 2018, algorithms 4 and 5, in PyTorch's form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adafactor {
    /// τ, ≤ 0.
    pub beta2_decay: f64,
    /// ε1, above zero; its square has to be so in `f32`.
    pub epsilon1: f64,
    /// ε2, the least scale of a tensor, ≥ 0.
    pub epsilon2: f64,
    /// d, the largest root mean square of u, above zero.
    pub threshold: f64,
    /// λ, decoupled, ≥ 0.
    pub weight_decay: f64,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for Adafactor {
    /// ε1 is the precision of `f32`, as PyTorch's is that of the parameters.
    fn default() -> Self {
        let (beta2_decay, epsilon1, epsilon2) = (-0.8, 1.1920929e-7, 1e-3);
        Self { beta2_decay, epsilon1, epsilon2, threshold: 1.0, weight_decay: 0.0, maximize: false }
    }
}

const EXTENTS: [Extent; 3] = [Extent::Rows, Extent::Columns, Extent::Vectors];

impl Rule for Adafactor {
    fn buffers(&self) -> &'static [&'static str] {
        &["row_var", "col_var", "variance"]
    }

    fn extent(&self, index: usize) -> Extent {
        EXTENTS[index]
    }

    fn before(&self) -> Before {
        Before { maximize: self.maximize, decay: 0.0 }
    }

    fn update(&self, update: &mut Update) {
        let t = update.step as f64;
        let weight = libm::pow(t, self.beta2_decay) as f32;
        let keep = (1.0 - update.rate * self.weight_decay) as f32;
        update.rate = update.rate.min(1.0 / t.sqrt());
        let least = (self.epsilon1 * self.epsilon1) as f32;
        let [rows, columns, vectors] = &mut update.state.buffers[..] else { panic!("adafactor has three buffers") };
        for tensor in &update.places.tensors {
            let count = (tensor.count() as f64).sqrt();
            let size = norm_squared(&update.params[tensor.range.clone()]).sqrt() / count;
            if tensor.matrix {
                let row = &mut rows[tensor.slots.rows..][..tensor.rows.len()];
                let column = &mut columns[tensor.slots.columns..][..tensor.columns];
                self.factored(tensor, update.grads, row, column, weight, least);
            } else {
                let variance = &mut vectors[tensor.slots.vectors..][..tensor.count()];
                let places = (0..tensor.rows.len()).flat_map(|r| tensor.row(r));
                for (v, at) in variance.iter_mut().zip(places) {
                    let g = &mut update.grads[at];
                    *v = flush(lerp(*v, *g * *g, weight));
                    *g /= largest(*v, least).sqrt();
                }
            }
            let step = &update.grads[tensor.range.clone()];
            let length = norm_squared(step).sqrt() / (count * self.threshold);
            let rate = (size.max(self.epsilon2) * update.rate / length.max(1.0)) as f32;
            for (p, u) in update.params[tensor.range.clone()].iter_mut().zip(step) {
                *p = *p * keep - rate * u;
            }
        }
    }
}

impl Adafactor {
    /// Averages the squares of a matrix's rows and columns; the gradient becomes `g/√v`.
    fn factored(
        &self,
        tensor: &Tensor,
        grads: &mut [f32],
        rows: &mut [f32],
        columns: &mut [f32],
        weight: f32,
        least: f32,
    ) {
        let square = |at: usize| f64::from(grads[at]) * f64::from(grads[at]);
        for (r, row) in rows.iter_mut().enumerate() {
            let mean = total(tensor.row(r).map(square)) / tensor.columns as f64;
            *row = flush(lerp(*row, mean as f32, weight));
        }
        for (c, column) in columns.iter_mut().enumerate() {
            let places = tensor.rows.iter().map(|first| first + c * tensor.stride);
            let mean = total(places.map(square)) / tensor.rows.len() as f64;
            *column = flush(lerp(*column, mean as f32, weight));
        }
        let mean = total(rows.iter().map(|&r| f64::from(r))) / rows.len() as f64;
        for (r, &row) in rows.iter().enumerate() {
            // About 1, where the product of a row's and a column's could be too small for a number.
            let share = (f64::from(row) / mean.max(self.epsilon1)) as f32;
            for (at, &column) in tensor.row(r).zip(&*columns) {
                grads[at] /= largest(share * column, least).sqrt();
            }
        }
    }
}
