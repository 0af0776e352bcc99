//! The time loop forward.

use super::Sweep;
use crate::blocks::{Step, blocks};
use crate::cells::{Cell, Forward, Shape, cell};
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
        let start = &mut scratch.start[..width];
        self.start(&shape, start);
        for block in blocks(&self.packing.offsets, self.order()) {
            let rows = block.rows();
            let base = if memory.whole { 0 } else { rows.start };
            let gates = &mut memory.gates[(rows.start - base) * width..][..rows.len() * width];
            for row in gates.chunks_exact_mut(width) {
                row.copy_from_slice(start);
            }
            let x = self.x.slice(rows.clone(), self.level.input);
            let (weight, n) = (&self.params[self.weights().input.clone()], shape.input.len() * hidden);
            project(
                x,
                self.level.input,
                weight,
                n,
                &mut gates[shape.input.start * hidden..],
                width,
                &mut scratch.strips,
            );
            for Step { first, n, .. } in block.steps() {
                let memory_len = if c.is_empty() { 0 } else { n * hidden };
                let saved_at = if memory.whole { first } else { 0 };
                let step = Forward {
                    hidden,
                    gates: &mut gates[(first - rows.start) * width..][..n * width],
                    h: &mut h[..n * hidden],
                    c: &mut c[..memory_len],
                    saved: &mut memory.saved[saved_at * saved..][..n * saved],
                };
                self.step_forward(cell, &shape, step, n, &mut scratch.strips);
                // A state that decays would run into denormals, which are three times as slow.
                linalg::flush_denormals(&mut h[..n * hidden]);
                linalg::flush_denormals(&mut c[..memory_len]);
                for (to, from) in output[first * ld..].chunks_mut(ld).zip(h[..n * hidden].chunks_exact(hidden)) {
                    to[column..][..hidden].copy_from_slice(from);
                }
            }
        }
    }

    /// The recurrent products and the cell's arithmetic of one step.
    fn step_forward(&self, cell: &dyn Cell, shape: &Shape, mut step: Forward, n: usize, strips: &mut [f32]) {
        let hidden = self.level.hidden;
        let width = shape.gates.len() * hidden;
        let weights = self.weights();
        let a = Rows { data: step.h, ld: hidden, rows: n, columns: hidden };
        let c = &mut step.gates[shape.hidden.start * hidden..];
        product(a, &self.params[weights.recurrent.clone()], shape.hidden.len() * hidden, c, width, strips);
        if let (Some(columns), Some(weight)) = (&shape.candidate, &weights.candidate) {
            cell.reset(&mut step);
            let a = Rows { data: step.saved, ld: hidden, rows: n, columns: hidden };
            let c = &mut step.gates[columns.start * hidden..];
            product(a, &self.params[weight.clone()], columns.len() * hidden, c, width, strips);
        }
        cell.forward(step);
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
