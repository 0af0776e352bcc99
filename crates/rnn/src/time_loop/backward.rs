//! The time loop backward.

use super::variational::mask;
use super::{Flow, Sweep, Work};
use crate::blocks::{Step, blocks};
use crate::cells::{Backward, Cell, Shape, VECTORS};
use crate::network::Want;
use crate::product::Rows;
use crate::trained::Trained;
use crate::transposed::{Onto, back, transpose};
use crate::workspace::{HiddenGradient, Scratch};

impl Sweep<'_> {
    /// Walks back through all steps.
    pub fn backward(&self, mut work: Work, mut flow: Flow) {
        let cell = self.cell();
        let shape = cell.shape();
        let width = shape.gates.len() * self.level.hidden;
        self.prepare(cell, &shape, flow.trained.params(), &mut work.scratch.vectors);
        self.transpose(&shape, &flow, work.scratch);
        let inside = self.weights().inside.as_ref();
        if let Some(inside) = inside {
            inside.prepare(flow.trained.params(), &mut work.scratch.norms.gains);
        }
        for block in blocks(&self.packing.offsets, self.order().reversed()) {
            for step in block.steps() {
                self.step_backward(cell, &shape, step, &mut work, &mut flow);
            }
            if let Some(below) = &mut flow.below {
                let (rows, inputs) = (block.rows(), self.level.input);
                let columns = shape.input.len() * self.level.hidden;
                let (data, ld) = match inside {
                    None => (&work.memory.gates[rows.start * width + shape.input.start * self.level.hidden..], width),
                    Some(_) => (&work.memory.normals.parts[0][rows.start * columns..], columns),
                };
                let a = Rows { data, ld, rows: rows.len(), columns };
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
        if shape.recurrent() && (self.packing.steps > 1 || flow.want.states) {
            let n = shape.hidden.len() * hidden;
            let weight = &params[weights.recurrent.clone()];
            transpose(&mut scratch.recurrent_transposed, weight, self.level.units, n);
        }
        if let Some(weight) = &weights.projection {
            let to = &mut scratch.projection_transposed;
            transpose(to, &params[weight.clone()], self.level.operand(), self.level.units);
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
        let (hidden, units) = (self.level.hidden, self.level.units);
        let width = shape.gates.len() * hidden;
        let (saved, operand) = (shape.saved * hidden, self.level.operand());
        let dh = &mut flow.dh[..n * units];
        if let Some(above) = flow.above {
            let (ld, column) = self.output_place();
            for (dh, above) in dh.chunks_exact_mut(units).zip(above[first * ld..].chunks(ld)) {
                dh.iter_mut().zip(&above[column..][..units]).for_each(|(dh, d)| *dh += d);
            }
        }
        let dc = &mut flow.dc[..n * self.level.memory];
        if flow.want.norms || flow.want.hidden_values || operand > 0 {
            // As the cell will read them.
            dh.iter_mut().for_each(|d| *d = linalg::flush(*d));
        }
        let Scratch {
            strips,
            held,
            norms,
            vectors,
            candidate,
            projected,
            candidate_transposed,
            recurrent_transposed,
            projection_transposed,
            ..
        } = &mut **scratch;
        if shape.readout.is_none() {
            trace(flow.trace, flow.want, step, dh);
        }
        let masks = self.step_masks(&memory.masks, (first, n));
        self.part(&masks, dh, dc, held);
        if operand > 0 {
            memory.gradients[first * units..][..n * units].copy_from_slice(dh);
            let a = Rows { data: dh, ld: units, rows: n, columns: units };
            if shape.readout.is_some() {
                back(a, Onto::Sums, projection_transposed, operand, dc, strips);
                dc.iter_mut().for_each(|d| *d = linalg::flush(*d));
                trace(flow.trace, flow.want, step, dc);
            } else {
                back(a, Onto::Zeros(self.zeros), projection_transposed, operand, &mut projected[..n * operand], strips);
            }
        }
        let gates = &mut memory.gates[first * width..][..n * width];
        let before = self.previous(output, t);
        let inside = self.weights().inside.as_ref();
        let at = self.at(first, t, n);
        let mut step = Backward {
            hidden,
            gates: &mut *gates,
            before,
            dh: if operand > 0 && shape.readout.is_none() { &mut projected[..n * operand] } else { &mut *dh },
            dc,
            vectors,
            vector_grads: Default::default(),
            mask: masks.candidate,
            saved: &memory.saved[first * saved..][..n * saved],
        };
        if let Some(inside) = inside {
            cell.backward_output(&mut step);
            if let Some(part) = &inside.memory {
                let grads = self.level.trainable.then(|| flow.trained.grads());
                inside.back_memory(part, at, step.dh, &mut memory.normals, norms, grads);
            }
        }
        step.vector_grads = self.vector_grads(&mut flow.trained);
        cell.backward(&mut step);
        if let Some(columns) = &shape.candidate {
            let d = &mut candidate[..n * hidden];
            let data = &step.gates[columns.start * hidden..];
            let a = Rows { data, ld: width, rows: n, columns: columns.len() * hidden };
            back(a, Onto::Zeros(self.zeros), candidate_transposed, hidden, d, strips);
            if self.masks_state() {
                mask(d, &memory.state_masks);
            }
            cell.backward_reset(&mut step, d);
        }
        let keeps = self.keep(&masks, shape.keeps, dh, dc, held);
        // A step that nothing went before matters to the initial state alone.
        let rows = if flow.want.states { n } else { before.rows };
        let (mut data, mut ld) = (&gates[shape.hidden.start * hidden..], width);
        if let Some(inside) = inside {
            let grads = self.level.trainable.then(|| flow.trained.grads());
            let part = inside.back_products(at, (gates, width), &mut memory.normals, norms, grads);
            (data, ld) = (&memory.normals.parts[part.place][first * part.width..], part.width);
        }
        if rows > 0 && shape.recurrent() {
            let a = Rows { data, ld, rows, columns: shape.hidden.len() * hidden };
            let onto = if keeps { Onto::Sums } else { Onto::Zeros(self.zeros) };
            if self.masks_state() {
                self.back_masked(a, keeps, recurrent_transposed, dh, &memory.state_masks, (held, strips));
            } else {
                back(a, onto, recurrent_transposed, units, dh, strips);
            }
        }
        if let Some(factor) = self.vanishing() {
            let terms = &mut memory.terms[first * hidden..][..n * hidden];
            let step = Step { t, first, n };
            self.vanishing_terms(factor, step, gates, dh, before, terms);
            if self.masks_state() {
                mask(terms, &memory.state_masks);
            }
        }
    }

    /// Where the gradients of the cell's own vectors are added; nowhere when they do not learn.
    fn vector_grads<'a>(&self, trained: &'a mut Trained) -> [&'a mut [f32]; VECTORS] {
        let mut places: [&mut [f32]; VECTORS] = Default::default();
        let own = &self.weights().own;
        if let (Some(first), true) = (own.first(), self.level.trainable) {
            let mut rest = &mut trained.grads()[first.start..];
            for (place, range) in places.iter_mut().zip(own) {
                (*place, rest) = rest.split_at_mut(range.len());
            }
        }
        places
    }
}

/// What is asked for of the whole gradient of a step's states.
fn trace(trace: &mut HiddenGradient, want: Want, step: Step, d: &[f32]) {
    if want.norms {
        trace.norms[step.t] = linalg::norm_squared(d).sqrt() as f32;
    }
    if want.hidden_values {
        let width = d.len() / step.n;
        trace.values[step.first * width..][..d.len()].copy_from_slice(d);
    }
}
