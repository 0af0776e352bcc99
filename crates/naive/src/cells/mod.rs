//! What a cell is: one step of one sequence, and that step backwards.

mod elman;
mod gru;
mod lru;
mod lstm;
mod min_gru;
mod min_lstm;
pub mod normed;

use crate::algebra::times;
use crate::parameters::{accumulate, read};
use crate::{Activation, CellKind, Parameters, Recurrent, Reset};
use elman::Elman;
use gru::Gru;
use lru::Lru;
use lstm::Lstm;
use min_gru::MinGru;
use min_lstm::MinLstm;

/// The weights of one direction of one level, and in the same form their gradients. Without biases these are zeros; what a cell
/// does not have is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// `[G·H, K]`.
    pub ih: Vec<f64>,
    /// `[G·H, P]`, P the size of the state h.
    pub hh: Vec<f64>,
    /// `[G·H]`.
    pub bias_ih: Vec<f64>,
    /// `[G·H]`.
    pub bias_hh: Vec<f64>,
    /// What h is made with: `[P, H]` of a projected LSTM, `[H, 2H]` of an LRU.
    pub hr: Vec<f64>,
    /// The cell's own vectors.
    pub own: Vec<Vec<f64>>,
    /// What the candidate is multiplied with at the step at hand, `[H]`; empty: nothing.
    pub mask: Vec<f64>,
    /// What the state before is multiplied with in the recurrent products, `[P]`; empty: nothing.
    pub recurrent: Vec<f64>,
}

impl Weights {
    /// All zero, for rows of `input` numbers.
    pub fn zeros(spec: &Recurrent, input: usize) -> Weights {
        let (hidden, units) = (spec.hidden_size, spec.units());
        let rows = spec.cell.gates() * hidden;
        let recurrent = if spec.cell.recurrent() { rows } else { 0 };
        let projected = match spec.cell {
            CellKind::Lru => 2 * hidden,
            _ if spec.form.proj_size.is_some() => hidden,
            _ => 0,
        };
        Weights {
            ih: vec![0.0; rows * input],
            hh: vec![0.0; recurrent * units],
            bias_ih: vec![0.0; rows],
            bias_hh: vec![0.0; recurrent],
            hr: vec![0.0; units * projected],
            own: spec.vectors().iter().map(|(_, len)| vec![0.0; len * hidden]).collect(),
            mask: Vec::new(),
            recurrent: Vec::new(),
        }
    }

    /// What unit j of the candidate is multiplied with.
    fn kept(&self, j: usize) -> f64 {
        kept_of(&self.mask, j)
    }

    /// What the recurrent products read of a state h; of a gradient, what comes back of theirs.
    fn seen(&self, h: &[f64]) -> Vec<f64> {
        if self.recurrent.is_empty() { h.to_vec() } else { times(h, &self.recurrent) }
    }

    /// Those by `suffix` (`l0`, `l1_reverse`) of the layer.
    pub fn read(params: &Parameters, spec: &Recurrent, suffix: &str, mut zeros: Weights) -> Weights {
        zeros.each(spec, |name, values| {
            let from = read(params, &format!("{}{name}_{suffix}", spec.prefix()), values.len());
            values.copy_from_slice(from);
        });
        zeros
    }

    /// Adds these gradients onto `sums` under the same names.
    pub fn write(mut self, sums: &mut Parameters, spec: &Recurrent, suffix: &str) {
        self.each(spec, |name, values| accumulate(sums, &format!("{}{name}_{suffix}", spec.prefix()), values));
    }

    /// Calls `f` with the name and shape of each, in PyTorch's order.
    pub fn shapes(mut self, spec: &Recurrent, f: &mut impl FnMut(&str, &[usize])) {
        let (rows, units) = (self.bias_ih.len(), spec.units());
        self.each(spec, |name, values| match name {
            "weight_ih" | "weight_hh" => f(name, &[rows, values.len() / rows]),
            "weight_hr" => f(name, &[units, values.len() / units]),
            _ => f(name, &[values.len()]),
        });
    }

    fn each(&mut self, spec: &Recurrent, mut f: impl FnMut(&str, &mut [f64])) {
        let mut there = |name: &str, values: &mut [f64]| {
            if !values.is_empty() {
                f(name, values);
            }
        };
        there("weight_ih", &mut self.ih);
        there("weight_hh", &mut self.hh);
        if spec.bias {
            there("bias_ih", &mut self.bias_ih);
            there("bias_hh", &mut self.bias_hh);
        }
        there("weight_hr", &mut self.hr);
        for ((name, _), values) in spec.vectors().iter().zip(&mut self.own) {
            there(name, values);
        }
    }
}

/// What unit j of a candidate is multiplied with, by the mask of the step; empty: nothing.
fn kept_of(mask: &[f64], j: usize) -> f64 {
    mask.get(j).copied().unwrap_or(1.0)
}

/// h and, where the cell has one, the memory c (else empty): the state of a cell, or its gradient.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    pub h: Vec<f64>,
    pub c: Vec<f64>,
}

/// One step with what its way back needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// `[K]`.
    pub x: Vec<f64>,
    pub before: Memory,
    /// Gates after their activation, gate after gate; what each cell keeps here is said in its file.
    pub kept: Vec<f64>,
    pub after: Memory,
}

/// The pointwise arithmetic of one kind of cell.
pub trait Cell {
    /// One step from `before` on input x `[K]`.
    fn forward(&self, w: &Weights, x: &[f64], before: &Memory) -> Step;

    /// `d` = (dL/dh_t, dL/dc_t), whole. Adds to the weights' gradients, returns (dL/dx_t, d of the state before).
    fn backward(&self, w: &Weights, step: &Step, d: &Memory, dw: &mut Weights) -> (Vec<f64>, Memory);

    /// Gradient of the state that is traced, whole: h, unless the cell has another that goes on in time.
    fn traced(&self, _w: &Weights, d: &Memory) -> Vec<f64> {
        d.h.clone()
    }

    /// Adds `by` to one unit of the traced state of a step.
    fn nudge(&self, _w: &Weights, after: &mut Memory, unit: usize, by: f64) {
        after.h[unit] += by;
    }
}

impl CellKind {
    /// The arithmetic of this kind.
    pub(crate) fn cell(self) -> &'static dyn Cell {
        match self {
            CellKind::Lstm => &Lstm { peepholes: false, coupled: false },
            CellKind::LstmVariant { peepholes: true, coupled: false } => &Lstm { peepholes: true, coupled: false },
            CellKind::LstmVariant { peepholes: false, coupled: true } => &Lstm { peepholes: false, coupled: true },
            CellKind::LstmVariant { peepholes: true, coupled: true } => &Lstm { peepholes: true, coupled: true },
            CellKind::LstmVariant { .. } => &Lstm { peepholes: false, coupled: false },
            CellKind::MinGru => &MinGru,
            CellKind::MinLstm => &MinLstm,
            CellKind::Lru => &Lru,
            CellKind::Gru { reset: Reset::After } => &Gru { reset: Reset::After },
            CellKind::Gru { reset: Reset::Before } => &Gru { reset: Reset::Before },
            CellKind::Rnn { activation: Activation::Linear } => &Elman { activation: Activation::Linear },
            CellKind::Rnn { activation: Activation::Relu } => &Elman { activation: Activation::Relu },
            CellKind::Rnn { activation: Activation::Tanh } => &Elman { activation: Activation::Tanh },
        }
    }
}
