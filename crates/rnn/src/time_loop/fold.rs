//! Gradients of a level's weights and biases.

use std::ops::Range;

use super::{Sweep, Work};
use crate::blocks::{Block, Order, Step};
use crate::cells::{Previous, Shape};
use crate::inside::Inside;
use crate::product::{DG, fold_bias, fold_input, pack_gradients, pack_terms};
use crate::workspace::Scratch;
use linalg::Source;

impl Sweep<'_> {
    /// Adds the block's part of the weights' and biases' gradients, from its last processed step to its first.
    pub(super) fn fold(&self, shape: &Shape, block: &Block, work: &mut Work, grads: &mut [f32]) {
        if let Some(inside) = &self.weights().inside {
            return self.fold_normed(inside, shape, block, work, grads);
        }
        let Work { output, memory, scratch } = work;
        let (hidden, units, weights) = (self.level.hidden, self.level.units, self.weights());
        let total = block.rows().len();
        let Scratch { strips, panels, .. } = &mut **scratch;
        let packed = Packed::new(shape, hidden, block, &memory.gates, panels);
        let dg = packed.columns(&shape.input, panels);
        fold_input(&mut grads[weights.input.clone()], block, self.x, self.level.input, dg, strips);

        if shape.recurrent() {
            let states = self.pack_operands(strips, block, output, &memory.terms);
            let dg = packed.columns(&shape.hidden, panels);
            linalg::gemm_panels(units, dg.n, total, states, dg.panels, &mut grads[weights.recurrent.clone()]);
        }

        if let (Some(columns), Some(weight)) = (&shape.candidate, &weights.candidate) {
            let operands = pack_terms(strips, block, &memory.saved, hidden, hidden);
            let dg = packed.columns(columns, panels);
            linalg::gemm_panels(hidden, dg.n, total, operands, dg.panels, &mut grads[weight.clone()]);
        }
        self.fold_bias(shape, &packed, panels, grads);
        self.fold_projection(block, work, grads);
    }

    /// Adds the block's part of the gradient of a projection.
    fn fold_projection(&self, block: &Block, work: &mut Work, grads: &mut [f32]) {
        let Work { memory, scratch, .. } = work;
        let Some(weight) = &self.weights().projection else { return };
        let Scratch { strips, panels, .. } = &mut **scratch;
        let (operand, units) = (self.level.operand(), self.level.units);
        let operands = pack_terms(strips, block, &memory.projected, operand, operand);
        let gradients = pack_gradients(panels, block, &memory.gradients, units, units);
        linalg::gemm_panels(operand, units, block.rows().len(), operands, gradients, &mut grads[weight.clone()]);
    }

    /// [`Sweep::fold`] where products were normalised: each has gradients of its own, the biases those of the sums.
    fn fold_normed(&self, inside: &Inside, shape: &Shape, block: &Block, work: &mut Work, grads: &mut [f32]) {
        let Work { output, memory, scratch } = &mut *work;
        let (units, weights) = (self.level.units, self.weights());
        let Scratch { strips, panels, .. } = &mut **scratch;
        for part in &inside.products {
            let (rows, n) = (&memory.normals.parts[part.place], part.width);
            if part.place == 0 {
                let dg = DG { rows, ld: n, n, panels: pack_gradients(panels, block, rows, n, n) };
                fold_input(&mut grads[weights.input.clone()], block, self.x, self.level.input, dg, strips);
            }
            // The last, or the sum of both.
            if part.place + 1 == inside.products.len() {
                let states = self.pack_operands(strips, block, output, &memory.terms);
                let dg = pack_gradients(panels, block, rows, n, n);
                let total = block.rows().len();
                linalg::gemm_panels(units, n, total, states, dg, &mut grads[weights.recurrent.clone()]);
            }
        }
        let packed = Packed::unpacked(shape, self.level.hidden, block, &memory.gates);
        self.fold_bias(shape, &packed, panels, grads);
        self.fold_projection(block, work, grads);
    }

    fn fold_bias(&self, shape: &Shape, packed: &Packed, panels: &[f32], grads: &mut [f32]) {
        let hidden = self.level.hidden;
        let [ih, hh] = &self.weights().bias;
        for (column, gate) in shape.gates.iter().enumerate() {
            let place =
                |bias: &Range<usize>, index: usize| bias.start + index * hidden..bias.start + (index + 1) * hidden;
            let ih = ih.as_ref().zip(gate.ih).map(|(bias, index)| place(bias, index));
            let hh = hh.as_ref().zip(gate.hh).map(|(bias, index)| place(bias, index));
            // Both biases of a gate have one gradient: where they start alike they end alike.
            let alike = |(a, b): (&Range<usize>, &Range<usize>)| same_bits(&grads[a.clone()], &grads[b.clone()]);
            let twins = ih.as_ref().zip(hh.as_ref()).is_some_and(alike);
            for (bias, done) in [(&ih, false), (&hh, twins)] {
                let Some(bias) = bias else { continue };
                match &ih {
                    Some(first) if done => grads.copy_within(first.clone(), bias.start),
                    _ => packed.fold_bias(column, panels, &mut grads[bias.clone()]),
                }
            }
        }
    }
}

impl Sweep<'_> {
    /// What the recurrent product of the block's steps is of, or is taken for, as terms.
    fn pack_operands<'a>(
        &'a self,
        strips: &'a mut [f32],
        block: &Block,
        output: &'a [f32],
        terms: &'a [f32],
    ) -> &'a [f32] {
        match self.masks_state() || self.vanishing().is_some() {
            true => pack_terms(strips, block, terms, self.level.units, self.level.units),
            false => self.pack_states(strips, block, output),
        }
    }

    /// The states before the block's steps as terms, in the order of the block; packed in `strips`, but for a single one.
    fn pack_states<'a>(&'a self, strips: &'a mut [f32], block: &Block, output: &'a [f32]) -> &'a [f32] {
        let (units, total) = (self.level.units, block.rows().len());
        if let (Some(step), 1) = (block.steps().next(), total) {
            return self.previous(output, step.t).row(0, units);
        }
        let mut pack = |at: usize, data: &[f32], ld: usize, rows: usize, reversed: bool| {
            linalg::pack_strips_transposed(strips, total, at, Source { data, ld, rows, columns: units, reversed });
        };
        if self.packing.batch == 1 {
            // Of one sequence they are the rows of its output, moved by one; where it begins, the initial state.
            let (rows, (ld, column)) = (block.rows(), self.output_place());
            let (first, end, reversed) = match block.order() {
                Order::Ascending => (rows.start + 1, (rows.end + 1).min(self.packing.steps), false),
                Order::Descending => (rows.start.max(1) - 1, rows.end - 1, true),
            };
            if first < end {
                pack(0, &output[first * ld + column..], ld, end - first, reversed);
            }
            pack(end - first, self.initial, units, total - (end - first), false);
            return strips;
        }
        let mut at = 0;
        for Step { t, n, .. } in block.steps() {
            let Previous { output, ld, rows, initial } = self.previous(output, t);
            pack(at, output, ld, rows, false);
            pack(at + rows, &initial[rows * units..], units, n - rows, false);
            at += n;
        }
        strips
    }
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// The gate gradients of a block as panels.
struct Packed<'a> {
    block: &'a Block<'a>,
    /// `[rows, width]`.
    gates: &'a [f32],
    width: usize,
    hidden: usize,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One packing serves all products: when every gate fills whole panels, these can be cut at any gate.
    Once,
    Each,
}

impl<'a> Packed<'a> {
    fn new(shape: &Shape, hidden: usize, block: &'a Block, gates: &'a [f32], panels: &mut [f32]) -> Packed<'a> {
        let width = shape.gates.len() * hidden;
        let whole = hidden.is_multiple_of(linalg::PANEL);
        let form = match block.rows().len() {
            // A single row is packed as it is, wherever it is cut.
            2.. if whole || shape.gates.len() == 1 => Form::Once,
            _ => Form::Each,
        };
        if form == Form::Once {
            pack_gradients(panels, block, gates, width, width);
        }
        Packed { block, gates, width, hidden, form }
    }

    /// As they are, for biases alone.
    fn unpacked(shape: &Shape, hidden: usize, block: &'a Block, gates: &'a [f32]) -> Packed<'a> {
        Packed { block, gates, width: shape.gates.len() * hidden, hidden, form: Form::Each }
    }

    /// Adds a gate's gradients onto a bias, row by row in the order of the block.
    fn fold_bias(&self, column: usize, panels: &[f32], bias: &mut [f32]) {
        let (start, rows) = (column * self.hidden, self.block.rows());
        match self.form {
            Form::Once => linalg::add_rows(bias, &panels[start * rows.len()..], rows.len(), self.hidden),
            Form::Each => fold_bias(bias, self.block, &self.gates[start..], self.width),
        }
    }

    /// Some gates' columns; in `panels`, where those of an earlier call need not last.
    fn columns<'b>(&self, gates: &Range<usize>, panels: &'b mut [f32]) -> DG<'b>
    where
        'a: 'b,
    {
        let (start, n) = (gates.start * self.hidden, gates.len() * self.hidden);
        let rows = &self.gates[start..];
        let panels = match self.form {
            Form::Once => &panels[start * self.block.rows().len()..],
            Form::Each => pack_gradients(panels, self.block, rows, self.width, n),
        };
        DG { rows, ld: self.width, n, panels }
    }
}
