//! Gradients of a level's weights and biases.

use std::ops::Range;

use super::{Sweep, Work};
use crate::blocks::{Block, Order, Step};
use crate::cells::{Previous, Shape};
use crate::product::{DG, fold_bias, fold_input, pack_gradients, pack_terms};
use crate::workspace::Scratch;
use linalg::Source;

impl Sweep<'_> {
    /// Adds the block's part of the weights' and biases' gradients, from its last processed step to its first.
    pub(super) fn fold(&self, shape: &Shape, block: &Block, work: &mut Work, grads: &mut [f32]) {
        let Work { output, memory, scratch } = work;
        let (hidden, weights) = (self.level.hidden, self.weights());
        let total = block.rows().len();
        let Scratch { strips, panels, .. } = &mut **scratch;
        let packed = Packed::new(shape, hidden, block, &memory.gates, panels);
        let dg = packed.columns(&shape.input, panels);
        fold_input(&mut grads[weights.input.clone()], block, self.x, self.level.input, dg, strips);

        self.pack_states(strips, block, output);
        let dg = packed.columns(&shape.hidden, panels);
        linalg::gemm_panels(hidden, dg.n, total, strips, dg.panels, &mut grads[weights.recurrent.clone()]);

        if let (Some(columns), Some(weight)) = (&shape.candidate, &weights.candidate) {
            pack_terms(strips, block, &memory.saved, hidden, hidden);
            let dg = packed.columns(columns, panels);
            linalg::gemm_panels(hidden, dg.n, total, strips, dg.panels, &mut grads[weight.clone()]);
        }
        let Some([ih, hh]) = &weights.bias else { return };
        for (column, gate) in shape.gates.iter().enumerate() {
            let place =
                |bias: &Range<usize>, index: usize| bias.start + index * hidden..bias.start + (index + 1) * hidden;
            let (ih, hh) = (gate.ih.map(|index| place(ih, index)), gate.hh.map(|index| place(hh, index)));
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
    /// Packs the states before the block's steps as terms, in the order of the block.
    fn pack_states(&self, strips: &mut [f32], block: &Block, output: &[f32]) {
        let (hidden, total) = (self.level.hidden, block.rows().len());
        let mut pack = |at: usize, data: &[f32], ld: usize, rows: usize, reversed: bool| {
            linalg::pack_strips_transposed(strips, total, at, Source { data, ld, rows, columns: hidden, reversed });
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
            return pack(end - first, self.initial, hidden, total - (end - first), false);
        }
        let mut at = 0;
        for Step { t, n, .. } in block.steps() {
            let Previous { output, ld, rows, initial } = self.previous(output, t);
            pack(at, output, ld, rows, false);
            pack(at + rows, &initial[rows * hidden..], hidden, n - rows, false);
            at += n;
        }
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
    /// Whether one packing serves all products: when every gate fills whole panels, these can be cut at any gate.
    once: bool,
}

impl<'a> Packed<'a> {
    fn new(shape: &Shape, hidden: usize, block: &'a Block, gates: &'a [f32], panels: &mut [f32]) -> Packed<'a> {
        let width = shape.gates.len() * hidden;
        let once = hidden.is_multiple_of(linalg::PANEL) || shape.gates.len() == 1;
        if once {
            pack_gradients(panels, block, gates, width, width);
        }
        Packed { block, gates, width, hidden, once }
    }

    /// Adds a gate's gradients onto a bias, row by row in the order of the block.
    fn fold_bias(&self, column: usize, panels: &[f32], bias: &mut [f32]) {
        let start = column * self.hidden;
        if self.once {
            let rows = self.block.rows().len();
            linalg::add_rows(bias, &panels[start * rows..], rows, self.hidden);
        } else {
            fold_bias(bias, self.block, &self.gates[start..], self.width);
        }
    }

    /// Some gates' columns; in `panels`, where those of an earlier call need not last.
    fn columns<'b>(&self, gates: &Range<usize>, panels: &'b mut [f32]) -> DG<'b>
    where
        'a: 'b,
    {
        let (start, n) = (gates.start * self.hidden, gates.len() * self.hidden);
        let rows = &self.gates[start..];
        let skip = if self.once { start * self.block.rows().len() } else { 0 };
        if !self.once {
            pack_gradients(panels, self.block, rows, self.width, n);
        }
        DG { rows, ld: self.width, n, panels: &panels[skip..] }
    }
}
