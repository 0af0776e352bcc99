//! The time loop where a cell has norms inside: the products are made apart, normalised and added to the biases, and what an
//! LSTM gives is made of its normalised memory. The products with the input are made for a block of steps at once, as long as all
//! steps are kept.

use super::Sweep;
use crate::blocks::{Step, blocks};
use crate::cells::{Cell, Forward, Shape};
use crate::inside::{At, Inside};
use crate::product::{Rows, product, project};
use crate::workspace::{Memory, Scratch};

impl Sweep<'_> {
    /// As [`Sweep::forward`].
    #[expect(clippy::too_many_arguments, reason = "the parts of a pass")]
    pub(super) fn forward_normed(
        &self,
        inside: &Inside,
        cell: &dyn Cell,
        shape: &Shape,
        output: &mut [f32],
        memory: &mut Memory,
        (h, c): (&mut [f32], &mut [f32]),
        scratch: &mut Scratch,
    ) {
        let units = self.level.units;
        inside.prepare(self.params, &mut scratch.norms.gains);
        for block in blocks(&self.packing.offsets, self.order()) {
            if memory.whole {
                self.input_product(block.rows(), block.rows().start, inside, memory, scratch);
            }
            for Step { t, first, n } in block.steps() {
                let row = if memory.whole { first } else { 0 };
                if !memory.whole {
                    self.input_product(first..first + n, row, inside, memory, scratch);
                }
                let step = if memory.whole { t } else { 0 };
                let at = At { row, step, ..self.at(first, t, n) };
                let (h, c) = (&mut h[..n * units], &mut c[..n * self.level.memory]);
                self.state_product(at, inside, h, memory, scratch);
                self.remember(Step { t, first, n }, row, h, c, memory, scratch);
                self.normed_step(inside, cell, shape, at, h, c, memory, scratch);
                self.project(shape, (row, n), h, memory, scratch);
                self.hold((row, n), h, c, memory, scratch);
                self.give(output, first, h);
            }
        }
    }

    /// Step `t` of `n` rows from `first` on, where all steps are kept.
    pub(super) fn at(&self, first: usize, t: usize, n: usize) -> At {
        At { row: first, step: t, n, batch: self.level.trainable && self.key.is_some(), t: self.first + t }
    }

    /// `x·W` of some rows, kept from row `at` on.
    fn input_product(
        &self,
        rows: std::ops::Range<usize>,
        at: usize,
        inside: &Inside,
        memory: &mut Memory,
        scratch: &mut Scratch,
    ) {
        let (part, inputs) = (&inside.products[0], self.level.input);
        let z = &mut memory.normals.parts[part.place][at * part.width..][..rows.len() * part.width];
        z.fill(0.0);
        let weight = &self.params[self.weights().input.clone()];
        project(self.x.slice(rows, inputs), inputs, weight, part.width, z, part.width, &mut scratch.strips);
    }

    /// `h·U` of a step: by itself, or on top of the input's product where it is their sum that is normalised.
    fn state_product(&self, at: At, inside: &Inside, h: &[f32], memory: &mut Memory, scratch: &mut Scratch) {
        let part = &inside.products[inside.products.len() - 1];
        let Memory { normals, terms, state_masks, .. } = memory;
        let h = self.seen(h, terms, state_masks, at.row);
        let z = &mut normals.parts[part.place][at.row * part.width..][..at.n * part.width];
        if inside.products.len() > 1 {
            z.fill(0.0);
        }
        let a = Rows { data: h, ld: self.level.units, rows: at.n, columns: self.level.units };
        let weight = &self.params[self.weights().recurrent.clone()];
        product(a, weight, part.width, z, part.width, &mut scratch.strips);
    }

    /// The norms of the products, and the cell's arithmetic around that of its memory. Leaves what is to be projected.
    #[expect(clippy::too_many_arguments, reason = "the parts of a step")]
    fn normed_step(
        &self,
        inside: &Inside,
        cell: &dyn Cell,
        shape: &Shape,
        at: At,
        state: &mut [f32],
        c: &mut [f32],
        memory: &mut Memory,
        scratch: &mut Scratch,
    ) {
        let hidden = self.level.hidden;
        let (width, saved, operand) = (shape.gates.len() * hidden, shape.saved * hidden, self.level.operand());
        let Memory { gates, saved: planes, projected, normals, masks, .. } = memory;
        let Scratch { start, vectors, norms, .. } = scratch;
        let gates = &mut gates[at.row * width..][..at.n * width];
        gates.chunks_exact_mut(width).for_each(|row| row.copy_from_slice(&start[..width]));
        for part in &inside.products {
            inside.normalise(part, at, self.params, normals, &mut norms.sums);
            inside.add(part, at, normals, &norms.gains, gates, width);
        }
        let h = if operand > 0 { &mut projected[at.row * operand..][..at.n * operand] } else { state };
        let saved = &mut planes[at.row * saved..][..at.n * saved];
        let mask = self.step_masks(masks, (at.row, at.n)).candidate;
        cell.forward(Forward { hidden, gates, h, c, vectors, mask, saved });
        if let Some(part) = &inside.memory {
            normals.parts[part.place][at.row * part.width..][..c.len()].copy_from_slice(c);
            inside.normalise(part, at, self.params, normals, &mut norms.sums);
            inside.show(part, at, normals, &norms.gains, h);
            cell.output(Forward { hidden, gates, h, c, vectors, mask, saved });
        }
    }
}
