//! The time loop backward.

use super::{Flow, Sweep, Work};
use crate::blocks::{Step, blocks};
use crate::cells::{Backward, Cell, Shape, cell};
use crate::product::Rows;
use crate::transposed::{Onto, back, transpose};
use crate::workspace::Scratch;

impl Sweep<'_> {
    /// Walks back through all steps.
    pub fn backward(&self, mut work: Work, mut flow: Flow) {
        let cell = cell(self.level.kind);
        let shape = cell.shape();
        let width = shape.gates.len() * self.level.hidden;
        self.transpose(&shape, &flow, work.scratch);
        for block in blocks(&self.packing.offsets, self.order().reversed()) {
            for step in block.steps() {
                self.step_backward(cell, &shape, step, &mut work, &mut flow);
            }
            if let Some(below) = &mut flow.below {
                let (rows, inputs) = (block.rows(), self.level.input);
                let columns = shape.input.len() * self.level.hidden;
                let data = &work.memory.gates[rows.start * width + shape.input.start * self.level.hidden..];
                let a = Rows { data, ld: width, rows: rows.len(), columns };
                let below = &mut below[rows.start * inputs..];
                let Scratch { input_transposed, strips, .. } = &mut *work.scratch;
                let onto = if self.side == 0 { Onto::Zeros(self.zeros) } else { Onto::Sums };
                back(a, onto, input_transposed, inputs, below, strips);
            }
            if self.level.trainable {
                self.fold(&shape, &block, &mut work, flow.trained.grads());
            }
        }
    }

    /// Packs the transposes of the weights that the walk back multiplies with.
    fn transpose(&self, shape: &Shape, flow: &Flow, scratch: &mut Scratch) {
        let (hidden, weights, params) = (self.level.hidden, self.weights(), flow.trained.params());
        if self.packing.steps > 1 || flow.want.states {
            let n = shape.hidden.len() * hidden;
            let weight = &params[weights.recurrent.clone()];
            transpose(&mut scratch.recurrent_transposed, weight, hidden, n);
        }
        if let (Some(columns), Some(weight)) = (&shape.candidate, &weights.candidate) {
            let n = columns.len() * hidden;
            transpose(&mut scratch.candidate_transposed, &params[weight.clone()], hidden, n);
        }
        if flow.below.is_some() {
            let n = shape.input.len() * hidden;
            let weight = &params[weights.input.clone()];
            transpose(&mut scratch.input_transposed, weight, self.level.input, n);
        }
    }

    fn step_backward(&self, cell: &dyn Cell, shape: &Shape, step: Step, work: &mut Work, flow: &mut Flow) {
        let Step { t, first, n } = step;
        let Work { output, memory, scratch } = work;
        let hidden = self.level.hidden;
        let width = shape.gates.len() * hidden;
        let saved = shape.saved * hidden;
        let dh = &mut flow.dh[..n * hidden];
        if let Some(above) = flow.above {
            let (ld, column) = self.output_place();
            for (dh, above) in dh.chunks_exact_mut(hidden).zip(above[first * ld..].chunks(ld)) {
                dh.iter_mut().zip(&above[column..][..hidden]).for_each(|(dh, d)| *dh += d);
            }
        }
        let memory_len = if flow.dc.is_empty() { 0 } else { n * hidden };
        let dc = &mut flow.dc[..memory_len];
        if flow.want.norms || flow.want.hidden_values {
            // As the cell will read them.
            dh.iter_mut().for_each(|d| *d = linalg::flush(*d));
        }
        if flow.want.norms {
            flow.trace.norms[t] = linalg::norm_squared(dh).sqrt() as f32;
        }
        if flow.want.hidden_values {
            flow.trace.values[first * hidden..][..n * hidden].copy_from_slice(dh);
        }
        let mut step = Backward {
            hidden,
            gates: &mut memory.gates[first * width..][..n * width],
            before: self.previous(output, t),
            dh,
            dc,
            saved: &memory.saved[first * saved..][..n * saved],
        };
        cell.backward(&mut step);
        if let Some(columns) = &shape.candidate {
            let Scratch { candidate, candidate_transposed: weight, strips, .. } = &mut **scratch;
            let d = &mut candidate[..n * hidden];
            let data = &step.gates[columns.start * hidden..];
            let a = Rows { data, ld: width, rows: n, columns: columns.len() * hidden };
            back(a, Onto::Zeros(self.zeros), weight, hidden, d, strips);
            cell.backward_reset(&mut step, d);
        }
        // A step that nothing went before matters to the initial state alone.
        let rows = if flow.want.states { n } else { step.before.rows };
        if rows > 0 {
            let data = &step.gates[shape.hidden.start * hidden..];
            let a = Rows { data, ld: width, rows, columns: shape.hidden.len() * hidden };
            let Scratch { recurrent_transposed: weight, strips, .. } = &mut **scratch;
            let onto = if shape.keeps { Onto::Sums } else { Onto::Zeros(self.zeros) };
            back(a, onto, weight, hidden, step.dh, strips);
        }
    }
}
