//! Muon: orthogonal steps for hidden matrices, AdamW for everything else. PyTorch's `Muon`, with what it leaves to another
//! optimiser beside it.

use crate::adam::{Scalars, run};
use crate::arithmetic::lerp;
use crate::newton_schulz::{Iteration, orthogonalize, room};
use crate::optimizer::{Rule, Update};
use crate::places::{Places, Tensor};
use linalg::flush;

/// For a hidden matrix ([`Tensor::hidden`]): `b ← μ b + (1-μ) g`, `d = b`, or with Nesterov's `d = (1-μ) g + μ b`, and
/// `θ ← θ·(1 - rate·λ) - rate·s·O(d)`, where O is the orthogonal factor by five steps of Newton and Schulz and s the
/// [`Adjustment`]. A recurrent layer's weights are one matrix, its gates together, as they are one parameter in PyTorch.
///
/// Everything else (vectors, embeddings, the first and the last matrix of a network) is moved by [`crate::AdamW`] at
/// `rate·adam_rate`, as the source and PyTorch advise.
///
/// Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; Liu et al. 2025 (decay,
/// adjustment); in PyTorch's form, in `f32` where PyTorch rounds to bfloat16.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Muon {
    /// μ, in [0, 1).
    pub momentum: f64,
    /// Look ahead by one momentum step.
    pub nesterov: bool,
    /// λ, decoupled, of all parameters, ≥ 0.
    pub weight_decay: f64,
    /// a, b, c of the iteration.
    pub coefficients: [f64; 3],
    /// Steps of the iteration.
    pub steps: u64,
    /// The least norm that a matrix is divided by, above zero.
    pub epsilon: f64,
    /// How the shape of a matrix changes its rate.
    pub adjustment: Adjustment,
    /// The rate of AdamW's part, as a multiple of the rate, ≥ 0.
    pub adam_rate: f64,
    /// β1 of AdamW's part.
    pub beta1: f64,
    /// β2 of AdamW's part.
    pub beta2: f64,
    /// ε of AdamW's part.
    pub adam_epsilon: f64,
}

/// The factor of the rate of a matrix `[R, C]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// `√max(1, R/C)`.
    Original,
    /// `0.2·√max(R, C)`: steps of the size of AdamW's, so that one rate fits both.
    MatchRmsAdamW,
}

impl Default for Muon {
    fn default() -> Self {
        Self {
            momentum: 0.95,
            nesterov: true,
            weight_decay: 0.1,
            coefficients: [3.4445, -4.775, 2.0315],
            steps: 5,
            epsilon: 1e-7,
            adjustment: Adjustment::Original,
            adam_rate: 1.0,
            beta1: 0.9,
            beta2: 0.999,
            adam_epsilon: 1e-8,
        }
    }
}

/// Rows and columns, the smaller number first, and whether they were the other way round.
fn upright(tensor: &Tensor) -> (usize, usize, bool) {
    let (rows, columns) = (tensor.rows.len(), tensor.columns);
    (rows.min(columns), rows.max(columns), rows > columns)
}

impl Rule for Muon {
    /// The first is momentum for hidden matrices and AdamW's mean for the rest; of matrices the second stays zero.
    fn buffers(&self) -> &'static [&'static str] {
        &["momentum_buffer", "exp_avg_sq"]
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.momentum)
    }

    fn scratch(&self, places: &Places) -> usize {
        let hidden = places.tensors.iter().filter(|t| t.hidden).map(upright);
        hidden.map(|(m, n, _)| room(m, n)).max().unwrap_or(0)
    }

    fn update(&self, update: &mut Update) {
        let momentum = update.momentum.unwrap_or(self.momentum);
        let keep = 1.0 - update.rate * self.weight_decay;
        let adam = Scalars::new(
            self.beta1,
            self.beta2,
            self.adam_epsilon,
            update.step,
            update.rate * self.adam_rate,
            1.0 - update.rate * self.adam_rate * self.weight_decay,
        );
        let how = Iteration { coefficients: self.coefficients, steps: self.steps, epsilon: self.epsilon };
        let [mean, square] = &mut update.state.buffers[..] else { panic!("muon has two buffers") };
        for tensor in &update.places.tensors {
            let range = tensor.range.clone();
            let (params, grads) = (&mut update.params[range.clone()], &mut update.grads[range.clone()]);
            let mean = &mut mean[range.clone()];
            if !tensor.hidden {
                run(params, grads, mean, &mut square[range], adam);
                continue;
            }
            let (weight, nesterov) = ((1.0 - momentum) as f32, momentum as f32);
            for (g, b) in grads.iter_mut().zip(mean) {
                *b = flush(lerp(*b, *g, weight));
                *g = if self.nesterov { lerp(*g, *b, nesterov) } else { *b };
            }
            let (m, n, turned) = upright(tensor);
            let scratch = &mut update.state.scratch[..room(m, n)];
            let index = |r: usize, c: usize| if turned { c * n + r } else { r * n + c };
            for r in 0..tensor.rows.len() {
                tensor.row(r).enumerate().for_each(|(c, at)| scratch[index(r, c)] = update.grads[at]);
            }
            orthogonalize(m, n, scratch, how);
            let (rows, columns) = (tensor.rows.len() as f64, tensor.columns as f64);
            let factor = match self.adjustment {
                Adjustment::Original => (rows / columns).max(1.0).sqrt(),
                Adjustment::MatchRmsAdamW => 0.2 * rows.max(columns).sqrt(),
            };
            let (rate, keep) = ((update.rate * factor) as f32, keep as f32);
            for r in 0..tensor.rows.len() {
                for (c, at) in tensor.row(r).enumerate() {
                    update.params[at] = update.params[at] * keep - rate * scratch[index(r, c)];
                }
            }
        }
    }
}
