//! The time loop forward.

use super::Sweep;
use crate::blocks::{Step, blocks};
use crate::cells::{Cell, Forward, Shape, cell};
use crate::network::Values;
use crate::product::{Rows, product, project};
use crate::workspace::{Memory, Scratch};

impl Sweep<'_> {
    /// Runs all steps. `output [rows, directions·H]` takes the states; `h`, `c` `[batch, H]` hold the initial states and become
    /// the final ones; `memory` keeps what backward needs.
    pub fn forward(
        &self,
        output: &mut [f32],
        memory: &mut Memory,
        h: &mut [f32],
        c: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let cell = cell(self.level.kind);
        let shape = cell.shape();
        let hidden = self.level.hidden;
        let width = shape.gates.len() * hidden;
        let saved = shape.saved * hidden;
        let (ld, column) = self.output_place();
        self.start(&shape, &mut scratch.start[..width]);
        self.join(&shape, &mut scratch.joined);
        for Step { first, n, .. } in blocks(&self.packing.offsets, self.order()).flat_map(|block| block.steps()) {
            let at = if memory.whole { first } else { 0 };
            let memory_len = if c.is_empty() { 0 } else { n * hidden };
            let step = Forward {
                hidden,
                gates: &mut memory.gates[at * width..][..n * width],
                h: &mut h[..n * hidden],
                c: &mut c[..memory_len],
                saved: &mut memory.saved[at * saved..][..n * saved],
            };
            self.step_forward(cell, &shape, step, first, n, scratch);
            // A state that decays would run into denormals, which are three times as slow.
            linalg::flush_denormals(&mut h[..n * hidden]);
            linalg::flush_denormals(&mut c[..memory_len]);
            if ld == hidden {
                output[first * ld..][..n * hidden].copy_from_slice(&h[..n * hidden]);
                continue;
            }
            for (to, from) in output[first * ld..].chunks_mut(ld).zip(h[..n * hidden].chunks_exact(hidden)) {
                to[column..][..hidden].copy_from_slice(from);
            }
        }
    }

    /// The products and the cell's arithmetic of one step, whose first row is `first`.
    fn step_forward(
        &self,
        cell: &dyn Cell,
        shape: &Shape,
        mut step: Forward,
        first: usize,
        n: usize,
        scratch: &mut Scratch,
    ) {
        let hidden = self.level.hidden;
        let width = shape.gates.len() * hidden;
        let weights = self.weights();
        self.sums(shape, step.gates, step.h, first, n, scratch);
        if let (Some(columns), Some(weight)) = (&shape.candidate, &weights.candidate) {
            cell.reset(&mut step);
            let a = Rows { data: step.saved, ld: hidden, rows: n, columns: hidden };
            let c = &mut step.gates[columns.start * hidden..];
            product(a, &self.params[weight.clone()], columns.len() * hidden, c, width, &mut scratch.strips);
        }
        cell.forward(step);
    }

    /// `gates = start + x·W + h·U`, each product on the columns that it covers. Each sum takes the input's terms first and then
    /// the state's, so that one product over rows `[x | h]` has the same bits as one after the other.
    fn sums(&self, shape: &Shape, gates: &mut [f32], h: &[f32], first: usize, n: usize, scratch: &mut Scratch) {
        let Scratch { strips, start, joined, .. } = scratch;
        let (hidden, inputs) = (self.level.hidden, self.level.input);
        let width = shape.gates.len() * hidden;
        let weights = self.weights();
        let recurrent = &self.params[weights.recurrent.clone()];
        let a = Rows { data: h, ld: hidden, rows: n, columns: hidden };
        match self.x.slice(first..first + n, inputs) {
            Values::Values(x) if self.joins(shape) => {
                let k = inputs + hidden;
                linalg::pack_strips_at(strips, k, 0, x, inputs, n, inputs);
                linalg::pack_strips_at(strips, k, inputs, h, hidden, n, hidden);
                linalg::gemm_from(n, width, k, start, strips, joined, gates, width);
            }
            x => {
                for row in gates.chunks_exact_mut(width) {
                    row.copy_from_slice(&start[..width]);
                }
                let input = &self.params[weights.input.clone()];
                let c = &mut gates[shape.input.start * hidden..];
                project(x, inputs, input, shape.input.len() * hidden, c, width, strips);
                let c = &mut gates[shape.hidden.start * hidden..];
                product(a, recurrent, shape.hidden.len() * hidden, c, width, strips);
            }
        }
    }

    /// Whether input and state are multiplied as one row: where both cover the same gates, and for so many rows that joining
    /// their weights costs little.
    fn joins(&self, shape: &Shape) -> bool {
        // Joining copies a row of weights for each of these numbers; a row of the batch saves writing and reading its sums.
        let columns = self.level.input + self.level.hidden;
        shape.input == shape.hidden && self.packing.rows >= columns && matches!(self.x, Values::Values(_))
    }

    fn join(&self, shape: &Shape, joined: &mut [f32]) {
        if self.joins(shape) {
            let weights = self.weights();
            let input = (&self.params[weights.input.clone()], self.level.input);
            let recurrent = (&self.params[weights.recurrent.clone()], self.level.hidden);
            linalg::join_panels(joined, input, recurrent, shape.input.len() * self.level.hidden);
        }
    }

    /// The row that every sum starts from: the biases.
    fn start(&self, shape: &Shape, start: &mut [f32]) {
        start.fill(0.0);
        let Some([ih, hh]) = &self.weights().bias else { return };
        let hidden = self.level.hidden;
        for (gate, start) in shape.gates.iter().zip(start.chunks_exact_mut(hidden)) {
            for (bias, index) in [(ih, gate.ih), (hh, gate.hh)] {
                let Some(index) = index else { continue };
                let bias = &self.params[bias.start + index * hidden..][..hidden];
                start.iter_mut().zip(bias).for_each(|(s, b)| *s += b);
            }
        }
    }
}
