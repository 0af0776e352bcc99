//! What a cell is: one step of one sequence, and that step backwards.

mod elman;
mod gru;
mod lstm;

use crate::parameters::{accumulate, read};
use crate::{Activation, CellKind, Parameters, Reset};
use elman::Elman;
use gru::Gru;
use lstm::Lstm;

/// The weights of one direction of one level, and in the same form their gradients. Without biases these are zeros.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// `[G·H, K]`.
    pub ih: Vec<f64>,
    /// `[G·H, H]`.
    pub hh: Vec<f64>,
    /// `[G·H]`.
    pub bias_ih: Vec<f64>,
    /// `[G·H]`.
    pub bias_hh: Vec<f64>,
}

impl Weights {
    /// All zero, for `rows` = G·H, `input` = K, `hidden` = H.
    pub fn zeros(rows: usize, input: usize, hidden: usize) -> Weights {
        Weights {
            ih: vec![0.0; rows * input],
            hh: vec![0.0; rows * hidden],
            bias_ih: vec![0.0; rows],
            bias_hh: vec![0.0; rows],
        }
    }

    /// The four by `suffix` (`l0`, `l1_reverse`) of the layer `prefix` (empty or `name.`).
    pub fn read(params: &Parameters, prefix: &str, suffix: &str, bias: bool, mut zeros: Weights) -> Weights {
        zeros.each(prefix, suffix, bias, |name, values| {
            let from = read(params, name, values.len());
            values.copy_from_slice(from);
        });
        zeros
    }

    /// Adds these gradients onto `sums` under the same names.
    pub fn write(mut self, sums: &mut Parameters, prefix: &str, suffix: &str, bias: bool) {
        self.each(prefix, suffix, bias, |name, values| accumulate(sums, name, values));
    }

    fn each(&mut self, prefix: &str, suffix: &str, bias: bool, mut f: impl FnMut(&str, &mut [f64])) {
        f(&format!("{prefix}weight_ih_{suffix}"), &mut self.ih);
        f(&format!("{prefix}weight_hh_{suffix}"), &mut self.hh);
        if bias {
            f(&format!("{prefix}bias_ih_{suffix}"), &mut self.bias_ih);
            f(&format!("{prefix}bias_hh_{suffix}"), &mut self.bias_hh);
        }
    }
}

/// h and, in an LSTM, c (else empty): the state of a cell, or its gradient.
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
}

impl CellKind {
    /// The arithmetic of this kind.
    pub(crate) fn cell(self) -> &'static dyn Cell {
        match self {
            CellKind::Lstm => &Lstm,
            CellKind::Gru { reset: Reset::After } => &Gru { reset: Reset::After },
            CellKind::Gru { reset: Reset::Before } => &Gru { reset: Reset::Before },
            CellKind::Rnn { activation: Activation::Linear } => &Elman { activation: Activation::Linear },
            CellKind::Rnn { activation: Activation::Relu } => &Elman { activation: Activation::Relu },
            CellKind::Rnn { activation: Activation::Tanh } => &Elman { activation: Activation::Tanh },
        }
    }
}
