//! The time loop forward.

use super::Sweep;
use super::variational::mask;
use crate::blocks::{Step, steps};
use crate::cells::{Cell, Forward, Shape};
use crate::network::Values;
use crate::product::{Rows, product, project};
use crate::workspace::{Memory, Scratch};
use linalg::Terms;

impl Sweep<'_> {
    /// Runs all steps. `output [rows, directions·units]` takes the states; `h [batch, units]`, `c [batch, memory]` hold the initial states and become
    /// the final ones; `memory` keeps what backward needs.
    pub fn forward(
        &self,
        output: &mut [f32],
        memory: &mut Memory,
        h: &mut [f32],
        c: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let cell = self.cell();
        let shape = cell.shape();
        let units = self.level.units;
        let width = shape.gates.len() * self.level.hidden;
        self.prepare(cell, &shape, self.params, &mut scratch.vectors);
        self.start(&shape, &mut scratch.start[..width]);
        self.draw_state_masks(&mut memory.state_masks);
        if let Some(inside) = &self.weights().inside {
            return self.forward_normed(inside, cell, &shape, output, memory, (h, c), scratch);
        }
        if !shape.recurrent() && memory.whole {
            return self.forward_ahead(cell, &shape, output, memory, (h, c), scratch);
        }
        self.join(&shape, &mut scratch.joined);
        for step in steps(&self.packing.offsets, self.order()) {
            let h = &mut h[..step.n * units];
            self.step_forward(cell, &shape, step, h, &mut c[..step.n * self.level.memory], memory, scratch);
            self.give(output, step.first, h);
        }
    }

    /// Puts the states of a step, whose first row is `first`, into the output.
    pub(super) fn give(&self, output: &mut [f32], first: usize, h: &mut [f32]) {
        let (units, (ld, column)) = (self.level.units, self.output_place());
        // A state that decays would run into denormals, which are three times as slow.
        if ld == units {
            return linalg::flush_to(&mut output[first * ld..][..h.len()], h);
        }
        for (to, from) in output[first * ld..].chunks_mut(ld).zip(h.chunks_exact_mut(units)) {
            linalg::flush_to(&mut to[column..][..units], from);
        }
    }

    /// The products and the cell's arithmetic of one step.
    #[expect(clippy::too_many_arguments, reason = "the parts of a step")]
    fn step_forward(
        &self,
        cell: &dyn Cell,
        shape: &Shape,
        step: Step,
        state: &mut [f32],
        c: &mut [f32],
        memory: &mut Memory,
        scratch: &mut Scratch,
    ) {
        let Step { first, n, .. } = step;
        let width = shape.gates.len() * self.level.hidden;
        let at = if memory.whole { first } else { 0 };
        let Memory { gates, terms, state_masks, .. } = &mut *memory;
        let h = self.seen(state, terms, state_masks, first);
        self.sums(shape, &mut gates[at * width..][..n * width], h, first, n, scratch);
        self.remember(step, at, state, c, memory, scratch);
        self.pointwise(cell, shape, (at, n), state, c, memory, scratch);
        self.project(shape, (at, n), state, memory, scratch);
        self.hold((at, n), state, c, memory, scratch);
    }

    /// The state of a step as a projection, where it is one, of what is kept from row `at` on.
    pub(super) fn project(
        &self,
        shape: &Shape,
        (at, n): (usize, usize),
        state: &mut [f32],
        memory: &Memory,
        scratch: &mut Scratch,
    ) {
        let Some(weight) = &self.weights().projection else { return };
        let (width, units, operand) = (shape.gates.len() * self.level.hidden, self.level.units, self.level.operand());
        match shape.readout {
            Some(column) => self.readout_start(&memory.gates[at * width..], width, column, state, units),
            None => state.fill(0.0),
        }
        let a = Rows { data: &memory.projected[at * operand..], ld: operand, rows: n, columns: operand };
        product(a, &self.params[weight.clone()], units, state, units, &mut scratch.strips);
    }

    /// Copies a gate column of some rows, from which their readout starts.
    pub(super) fn readout_start(&self, gates: &[f32], width: usize, column: usize, to: &mut [f32], ld: usize) {
        let units = self.level.units;
        for (to, gates) in to.chunks_mut(ld).zip(gates.chunks_exact(width)) {
            to[..units].copy_from_slice(&gates[column * units..][..units]);
        }
    }

    /// The cell's arithmetic of one step of `n` rows, which are kept from row `at` on. Leaves what is to be projected.
    #[expect(clippy::too_many_arguments, reason = "the parts of a step")]
    pub(super) fn pointwise(
        &self,
        cell: &dyn Cell,
        shape: &Shape,
        (at, n): (usize, usize),
        state: &mut [f32],
        c: &mut [f32],
        memory: &mut Memory,
        scratch: &mut Scratch,
    ) {
        let hidden = self.level.hidden;
        let width = shape.gates.len() * hidden;
        let (saved, operand) = (shape.saved * hidden, self.level.operand());
        let gates = &mut memory.gates[at * width..][..n * width];
        let projected = &mut memory.projected[at * operand..][..n * operand];
        let mut step = Forward {
            hidden,
            gates,
            h: if operand > 0 && shape.readout.is_none() { &mut *projected } else { state },
            c: &mut *c,
            vectors: &scratch.vectors,
            mask: self.step_masks(&memory.masks, (at, n)).candidate,
            saved: &mut memory.saved[at * saved..][..n * saved],
        };
        if let (Some(columns), Some(weight)) = (&shape.candidate, &self.weights().candidate) {
            cell.reset(&mut step);
            if self.masks_state() {
                mask(step.saved, &memory.state_masks);
            }
            let a = Rows { data: step.saved, ld: hidden, rows: n, columns: hidden };
            let c = &mut step.gates[columns.start * hidden..];
            product(a, &self.params[weight.clone()], columns.len() * hidden, c, width, &mut scratch.strips);
        }
        cell.forward(step);
        if shape.readout.is_some() {
            projected.copy_from_slice(c);
        }
    }

    /// `gates = start + x·W + h·U`, each product on the columns that it covers. Each sum takes the input's terms first and then
    /// the state's, so that one product over rows `[x | h]` has the same bits as one after the other.
    fn sums(&self, shape: &Shape, gates: &mut [f32], h: &[f32], first: usize, n: usize, scratch: &mut Scratch) {
        let Scratch { strips, start, joined, .. } = scratch;
        let (hidden, units, inputs) = (self.level.hidden, self.level.units, self.level.input);
        let width = shape.gates.len() * hidden;
        let weights = self.weights();
        let recurrent = &self.params[weights.recurrent.clone()];
        let a = Rows { data: h, ld: units, rows: n, columns: units };
        match self.x.slice(first..first + n, inputs) {
            Values::Values(x) if self.joins(shape) => {
                let depth = inputs + units;
                linalg::pack_strips_at(strips, depth, 0, x, inputs, n, inputs);
                linalg::pack_strips_at(strips, depth, inputs, h, units, n, units);
                let all = Terms::all(strips, depth);
                let of_x = Terms { k: inputs, ..all };
                let of_h = Terms { skip: inputs, k: units, ..all };
                let after = &recurrent[shape.both().len() * hidden * units..];
                let input = &self.params[weights.input.clone()];
                for (columns, terms, weight) in [
                    (shape.input_alone(), of_x, input),
                    (shape.both(), all, &**joined),
                    (shape.hidden_alone(), of_h, after),
                ] {
                    if !columns.is_empty() {
                        let first = columns.start * hidden;
                        let gates = &mut gates[first..];
                        linalg::gemm_from(n, columns.len() * hidden, terms, &start[first..], weight, gates, width);
                    }
                }
            }
            x => {
                self.input_sums(shape, gates, x, start, strips);
                if !shape.recurrent() {
                    return;
                }
                let c = &mut gates[shape.hidden.start * hidden..];
                product(a, recurrent, shape.hidden.len() * hidden, c, width, strips);
            }
        }
    }

    /// `gates = start + x·W` of some rows.
    pub(super) fn input_sums(&self, shape: &Shape, gates: &mut [f32], x: Values, start: &[f32], strips: &mut [f32]) {
        let (hidden, inputs) = (self.level.hidden, self.level.input);
        let width = shape.gates.len() * hidden;
        for row in gates.chunks_exact_mut(width) {
            row.copy_from_slice(&start[..width]);
        }
        let input = &self.params[self.weights().input.clone()];
        let c = &mut gates[shape.input.start * hidden..];
        project(x, inputs, input, shape.input.len() * hidden, c, width, strips);
    }

    /// Whether input and state are multiplied as one row.
    fn joins(&self, shape: &Shape) -> bool {
        self.level.joins(shape, self.packing.batch, self.packing.rows) && matches!(self.x, Values::Values(_))
    }

    fn join(&self, shape: &Shape, joined: &mut [f32]) {
        if self.joins(shape) {
            let (weights, inputs, hidden) = (self.weights(), self.level.input, self.level.hidden);
            let units = self.level.units;
            let input = &self.params[weights.input.clone()][shape.input_alone().len() * hidden * inputs..];
            let recurrent = &self.params[weights.recurrent.clone()];
            linalg::join_panels(joined, (input, inputs), (recurrent, units), shape.both().len() * hidden);
        }
    }

    /// The row that every sum starts from: the biases.
    fn start(&self, shape: &Shape, start: &mut [f32]) {
        start.fill(0.0);
        let [ih, hh] = &self.weights().bias;
        let hidden = self.level.hidden;
        for (gate, start) in shape.gates.iter().zip(start.chunks_exact_mut(hidden)) {
            for (bias, index) in [(ih, gate.ih), (hh, gate.hh)] {
                let (Some(bias), Some(index)) = (bias, index) else { continue };
                let bias = &self.params[bias.start + index * hidden..][..hidden];
                start.iter_mut().zip(bias).for_each(|(s, b)| *s += b);
            }
        }
    }
}
