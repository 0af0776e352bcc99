//! Dense layers: `y = f(W x + b)` at every row.

use std::ops::Range;

use crate::blocks::{Order, blocks};
use crate::derived::Made;
use crate::network::Values;
use crate::params::{Owner, ParameterTable, Role};
use crate::product::{DG, Rows, fold_bias, fold_input, pack_gradients, project};
use crate::spec::{Activation, NetworkError};
use crate::trained::Trained;
use crate::transposed::{Onto, back, transpose};
use crate::workspace::Scratch;
use linalg::Terms;

#[derive(Clone, Debug)]
pub(crate) struct Dense {
    pub input: usize,
    pub units: usize,
    pub activation: Activation,
    pub trainable: bool,
    weight: Range<usize>,
    bias: Option<Range<usize>>,
}

/// Gradients around a dense layer.
pub(crate) struct DenseFlow<'a> {
    /// Of its output, `[rows, units]`; used up.
    pub above: &'a mut [f32],
    /// Of its input, `[rows, input]`, written; none when nobody reads it.
    pub below: Option<&'a mut [f32]>,
    /// Of all parameters, and these.
    pub trained: Trained<'a>,
    /// A row of the input, in whole panels.
    pub zeros: &'a [f32],
}

impl Dense {
    pub fn new(
        input: usize,
        units: usize,
        activation: Activation,
        bias: bool,
        made: Made,
        (owner, table): (&Owner, &mut ParameterTable),
    ) -> Result<Dense, NetworkError> {
        let weight = table.made(made, owner, "weight", Role::Weight, [units, input], vec![vec![0]])?.remove(0);
        let bias = if bias { Some(table.plain(owner, "bias", Role::Bias, &[units], 1)?) } else { None };
        Ok(Dense { input, units, activation, trainable: owner.trainable, weight, bias })
    }

    /// `y [rows, units]` of `x [rows, input]`; `offsets` cut the rows into steps.
    pub fn forward(&self, params: &[f32], offsets: &[usize], x: Values, y: &mut [f32], scratch: &mut Scratch) {
        let Scratch { strips, start, .. } = scratch;
        // The row that every sum starts from; in the parameters, too, it is as long as whole panels.
        let start = match &self.bias {
            Some(bias) => &params[bias.clone()],
            None => {
                start.fill(0.0);
                &start[..]
            }
        };
        let weight = &params[self.weight.clone()];
        for block in blocks(offsets, Order::Ascending) {
            let rows = block.rows();
            let y = &mut y[rows.start * self.units..rows.end * self.units];
            match x.slice(rows.clone(), self.input) {
                Values::Values(x) => {
                    let (n, k) = (rows.len(), self.input);
                    let strips = Rows { data: x, ld: k, rows: n, columns: k }.packed(strips);
                    linalg::gemm_from(n, self.units, Terms::all(strips, k), start, weight, y, self.units);
                }
                tokens => {
                    y.chunks_exact_mut(self.units).for_each(|row| row.copy_from_slice(&start[..self.units]));
                    project(tokens, self.input, weight, self.units, y, self.units, strips);
                }
            }
            self.activation.apply(y);
        }
    }

    /// Turns the gradient of `y` into that of the sums and adds the parameters' gradients, steps descending.
    pub fn backward(&self, offsets: &[usize], x: Values, y: &[f32], flow: DenseFlow, scratch: &mut Scratch) {
        let units = self.units;
        let DenseFlow { above: dy, mut below, mut trained, zeros } = flow;
        self.activation.backward(dy, y);
        if below.is_some() {
            let weight = &trained.params()[self.weight.clone()];
            transpose(&mut scratch.input_transposed, weight, self.input, units);
        }
        for block in blocks(offsets, Order::Descending) {
            let rows = block.rows();
            if let Some(below) = &mut below {
                let a = Rows { data: &dy[rows.start * units..], ld: units, rows: rows.len(), columns: units };
                let below = &mut below[rows.start * self.input..];
                let Scratch { input_transposed, strips, .. } = &mut *scratch;
                back(a, Onto::Zeros(zeros), input_transposed, self.input, below, strips);
            }
            if !self.trainable {
                continue;
            }
            let Scratch { panels, strips, .. } = &mut *scratch;
            let panels = match x {
                Values::Values(_) => pack_gradients(panels, &block, dy, units, units),
                Values::Tokens(_) => &[],
            };
            let grads = trained.grads();
            let dg = DG { rows: dy, ld: units, n: units, panels };
            fold_input(&mut grads[self.weight.clone()], &block, x, self.input, dg, strips);
            match (&self.bias, x) {
                (Some(bias), Values::Values(_)) => {
                    let bias = &mut grads[bias.start..][..units];
                    linalg::add_rows(bias, panels, block.rows().len(), units);
                }
                (Some(bias), Values::Tokens(_)) => fold_bias(&mut grads[bias.start..][..units], &block, dy, units),
                (None, _) => {}
            }
        }
    }
}
