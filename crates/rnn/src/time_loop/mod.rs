//! The time loop of one level in one direction, written once for all cells.
//!
//! Forward, step by step: the products of input and state, as one where both cover the same gates, and the cell's arithmetic. Rows past the active ones keep their state, so the final states are what the working state holds
//! at the end, and in the reverse direction a sequence that begins later starts from its initial state. Where the state is a
//! projection of the cell's own, its product ends the step. Where no product waits for the state, those of a whole block of steps
//! are made at once, as long as all steps are kept.
//! Where a cell has norms inside, the products are made apart and normalised before they meet. Where the state is masked for the
//! recurrent products, these read what is kept of it.
//! Backward walks the same steps the other way round and leaves the gradient of the initial states in the working gradient;
//! after each block of steps the products with all its rows follow: gradients of the input and of the weights.

mod ahead;
mod backward;
mod fold;
mod forward;
mod held;
mod normed;
mod vanishing;
mod variational;

use crate::blocks::Order;
use crate::cells::{Cell, Previous, Shape, VECTORS, masked};
use crate::network::{DropoutKey, Values, Want};
use crate::packing::Packing;
use crate::recurrent::{Level, Weights};
use crate::spec::Direction;
use crate::trained::Trained;
use crate::workspace::{HiddenGradient, Memory, Scratch};

/// One pass over the steps: what both ways read.
pub(crate) struct Sweep<'a> {
    pub level: &'a Level,
    /// Index of the direction: 0 forward, 1 reverse.
    pub side: usize,
    /// Read on the way forward alone.
    pub params: &'a [f32],
    pub packing: &'a Packing,
    /// Input of the level, `[rows, input]`.
    pub x: Values<'a>,
    /// `h` before the first step, `[batch, units]`; read on the way back alone.
    pub initial: &'a [f32],
    /// As many as the widest row, in whole panels; read on the way back alone.
    pub zeros: &'a [f32],
    /// What masks are drawn by, in training, and the number of the first step in the sequences, by which norms inside a cell have
    /// their statistics too.
    pub key: Option<DropoutKey<'a>>,
    pub first: usize,
}

/// Gradients on their way through a level.
pub(crate) struct Flow<'a> {
    /// Gradient of the level's output from above, `[rows, directions·units]`; none when only the final state is read.
    pub above: Option<&'a [f32]>,
    /// `[batch, units]`: gradient of the final state in, of the initial state out.
    pub dh: &'a mut [f32],
    /// The same for the memory, or empty.
    pub dc: &'a mut [f32],
    /// Gradient of the level's input, `[rows, input]`, written by the first direction and added to by the second; none when nobody
    /// reads it.
    pub below: Option<&'a mut [f32]>,
    /// Gradients of all parameters, added to, and these.
    pub trained: Trained<'a>,
    pub trace: &'a mut HiddenGradient,
    pub want: Want,
}

/// Memory of the walk back.
pub(crate) struct Work<'a> {
    /// The level's output, `[rows, directions·units]`.
    pub output: &'a [f32],
    /// What forward kept; used up.
    pub memory: &'a mut Memory,
    pub scratch: &'a mut Scratch,
}

impl Sweep<'_> {
    fn order(&self) -> Order {
        match self.level.direction(self.side) {
            Direction::Forward => Order::Ascending,
            Direction::Reverse => Order::Descending,
        }
    }

    /// The arithmetic of the pass.
    fn cell(&self) -> &'static dyn Cell {
        let plain = self.weights().inside.is_none();
        if plain && self.level.rates.candidate > 0.0 && self.key.is_some() {
            masked(self.level.kind)
        } else {
            self.level.cell()
        }
    }

    fn weights(&self) -> &Weights {
        &self.level.weights[self.side]
    }

    /// Row stride of the level's output, and the first column of this direction.
    fn output_place(&self) -> (usize, usize) {
        (self.level.weights.len() * self.level.units, self.side * self.level.units)
    }

    /// Copies the cell's own vectors, as it reads them: on the way back their gradients may be added to themselves.
    fn prepare(&self, cell: &dyn Cell, shape: &Shape, params: &[f32], to: &mut [f32]) {
        if shape.vectors.is_empty() {
            return;
        }
        let mut own = [&[][..]; VECTORS];
        for ((own, vector), range) in own.iter_mut().zip(shape.vectors).zip(&self.weights().own) {
            *own = &params[range.start..][..vector.len * self.level.hidden];
        }
        cell.prepare(own, &mut to[..shape.vectors_len() * self.level.hidden]);
    }

    /// States before step `t`, out of the level's output.
    fn previous<'a>(&'a self, output: &'a [f32], t: usize) -> Previous<'a> {
        let (ld, column) = self.output_place();
        let before = if self.order() == Order::Ascending { t.checked_sub(1) } else { Some(t + 1) };
        let (first, rows) = match before.filter(|&before| before < self.packing.steps) {
            Some(before) => (self.packing.offsets[before], self.packing.sizes[before].min(self.packing.sizes[t])),
            None => (0, 0),
        };
        Previous { output: &output[first * ld + column..], ld, rows, initial: self.initial }
    }
}
