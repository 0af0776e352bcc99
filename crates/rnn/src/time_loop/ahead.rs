//! The time loop forward where no product waits for the state: those of a block of steps are made at once.

use super::Sweep;
use crate::blocks::{Step, blocks};
use crate::cells::{Cell, Shape};
use crate::product::{Rows, product};
use crate::workspace::{Memory, Scratch};

impl Sweep<'_> {
    /// As [`Sweep::forward`], to the bit: the rows of a product do not know of each other.
    pub(super) fn forward_ahead(
        &self,
        cell: &dyn Cell,
        shape: &Shape,
        output: &mut [f32],
        memory: &mut Memory,
        (h, c): (&mut [f32], &mut [f32]),
        scratch: &mut Scratch,
    ) {
        let (units, inputs) = (self.level.units, self.level.input);
        let width = shape.gates.len() * self.level.hidden;
        for block in blocks(&self.packing.offsets, self.order()) {
            let rows = block.rows();
            let gates = &mut memory.gates[rows.start * width..rows.end * width];
            let x = self.x.slice(rows.clone(), inputs);
            self.input_sums(shape, gates, x, &scratch.start, &mut scratch.strips);
            for step in block.steps() {
                let Step { first, n, .. } = step;
                let (h, c) = (&mut h[..n * units], &mut c[..n * self.level.memory]);
                self.remember(step, first, h, c, memory, scratch);
                self.pointwise(cell, shape, (first, n), h, c, memory, scratch);
                self.hold((first, n), h, c, memory, scratch);
                if shape.readout.is_none() {
                    self.give(output, first, h);
                }
            }
            let (Some(column), Some(weight)) = (shape.readout, &self.weights().projection) else { continue };
            let (operand, (ld, first_column)) = (self.level.operand(), self.output_place());
            let to = &mut output[rows.start * ld + first_column..rows.end * ld];
            self.readout_start(&memory.gates[rows.start * width..rows.end * width], width, column, to, ld);
            let data = &memory.projected[rows.start * operand..];
            let a = Rows { data, ld: operand, rows: rows.len(), columns: operand };
            product(a, &self.params[weight.clone()], units, to, ld, &mut scratch.strips);
            for Step { first, n, .. } in block.steps() {
                for (h, y) in h.chunks_exact_mut(units).zip(output[first * ld..].chunks_mut(ld)).take(n) {
                    linalg::flush_to(h, &mut y[first_column..][..units]);
                }
            }
        }
    }
}
