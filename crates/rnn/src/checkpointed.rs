//! Backpropagation through time in O(√T) memory (Chen et al. 2016, arXiv:1604.06174; Gruslys et al. 2016, arXiv:1606.03401): the
//! way forward keeps the states before each segment of some steps, and the way back goes through the segments from the last to
//! the first, each forward anew and then back.
//!
//! The bits are those of the whole: a segment's products are those that the whole has at these steps, the weights' gradients
//! fold from the last step downwards, dropout and noise are drawn by the step's number, weights that are made of
//! others are made once. That holds for what reads forwards alone: the reverse direction of a bidirectional layer has its states
//! before a segment at the sequence's end; and not for what sees all steps at a time, as a batch norm.
//!
//! Kept whole: the output and its gradient, `[rows, O]` each (`[batch, O]` at the last step), so that a loss sees all of them.

use std::ops::Range;

use crate::arena::Arena;
use crate::network::{DropoutKey, Network, Pass, Values, Want};
use crate::packing::Packing;
use crate::spec::At;
use crate::states::States;
use crate::trained::Trained;
use crate::workspace::{Capacity, OutOfMemory, Workspace};

/// Buffers for batches up to a capacity; nothing else is allocated on the ways forward and back.
pub struct Checkpointed {
    /// Steps of a segment.
    every: usize,
    /// For one segment; after forward it holds the last.
    workspace: Workspace,
    /// Whether the workspace needs memory that is lent on the way back.
    lent: bool,
    /// States before each segment but the first, of the sequences that reach it.
    before: Vec<States>,
    packing: Packing,
    output: Vec<f32>,
    gradient: Vec<f32>,
    /// Numbers of both that the batch at hand has.
    len: usize,
    final_states: States,
    /// Gradient of the states between two segments.
    between: States,
}

/// What the network's first layer reads, asked for as many steps at a time as are gone through: whoever has it may gather those
/// alone.
pub trait Inputs {
    /// Of some steps of all sequences that reach them, packed.
    fn of(&mut self, steps: Range<usize>) -> Values<'_>;
}

/// What both ways read beside [`Inputs`].
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub params: &'a [f32],
    pub packing: &'a Packing,
    pub initial: Option<&'a States>,
    pub dropout: Option<DropoutKey<'a>>,
}

impl Checkpointed {
    /// Segments of `every` steps of batches up to `capacity`.
    ///
    /// # Errors
    /// When the memory cannot be had.
    ///
    /// # Panics
    /// For a layer that sees sequences as a whole; see [`Checkpointed::refuses`].
    pub fn new(network: &Network, capacity: Capacity, every: usize) -> Result<Checkpointed, OutOfMemory> {
        assert!(Checkpointed::refuses(network).is_none(), "a layer that cannot be gone through in segments");
        let Capacity { batch, steps, rows } = capacity;
        let every = every.clamp(1, steps.max(1));
        let workspace = Workspace::with(network, of_segment(capacity, every), true, network.table().len())?;
        let lent = workspace.wants_loan();
        let mut arena = Arena::new(network, capacity, true);
        let outputs = [if network.at() == At::Every { rows } else { batch }, network.output_size()];
        let (output, gradient) = (arena.floats(&outputs), arena.floats(&outputs));
        let before = (1..steps.div_ceil(every)).map(|_| arena.states()).collect();
        let (final_states, between) = (arena.states(), arena.states());
        arena.finish()?;
        let mut packing = Packing::default();
        for list in [&mut packing.sizes, &mut packing.offsets] {
            list.reserve_exact(every + 1);
        }
        packing.lengths.reserve_exact(batch);
        packing.order.reserve_exact(batch);
        Ok(Checkpointed { every, workspace, lent, before, packing, output, gradient, len: 0, final_states, between })
    }

    /// Steps of a segment with which all of it takes the least memory: √(T·s/c) where a step keeps c numbers and a state s, which
    /// are fewer, so that it is below √T. (The time hardly depends on it.)
    pub fn least(network: &Network, capacity: Capacity) -> usize {
        let steps = capacity.steps;
        let bytes = |every: usize| {
            let mut arena = Arena::counting(network, capacity, true);
            arena.states();
            let states = arena.bytes().saturating_mul(steps.div_ceil(every) - 1);
            Workspace::bytes(network, of_segment(capacity, every), true).saturating_add(states)
        };
        let root = steps.isqrt() + 1;
        (1..=root.min(steps)).min_by_key(|&every| bytes(every)).unwrap_or(1)
    }

    /// The most rows that [`Inputs`] are asked for at a time, of batches up to `capacity`.
    pub fn rows(&self, capacity: Capacity) -> usize {
        of_segment(capacity, self.every).rows
    }

    /// The layer that cannot be gone through in segments, if there is one, and why.
    pub fn refuses(network: &Network) -> Option<(usize, &'static str)> {
        network.sees_whole()
    }

    /// As [`Network::forward`].
    ///
    /// # Panics
    /// As there.
    pub fn forward(&mut self, network: &Network, of: Reading, inputs: &mut dyn Inputs) {
        let Packing { batch, rows, steps, .. } = *of.packing;
        self.len = network.output_size() * if network.at() == At::Every { rows } else { batch };
        self.final_states.reset(network, batch);
        let mut made = std::mem::take(&mut self.workspace.made);
        let of = Reading { params: network.made(of.params, of.dropout, &mut made), ..of };
        for segment in 0..steps.div_ceil(self.every) {
            let range = self.steps(segment, of.packing);
            self.go(network, of, inputs, segment);
            self.take_output(network, of.packing, range.clone());
            let Checkpointed { workspace, before, final_states, .. } = self;
            let states = workspace.final_states();
            let going = going(of.packing, range.end);
            final_states.copy_rows(network, states, same(going..states.sequences(network)));
            if let Some(next) = before.get_mut(segment).filter(|_| going > 0) {
                next.reset(network, going);
                next.copy_rows(network, states, same(0..going));
            }
        }
        self.workspace.made = made;
    }

    /// As [`Network::backward`], of the parameters alone; once after each way forward, with its arguments. `room` is as long as
    /// the parameters and lent: what it holds then has no meaning. (It takes a tenth of the memory, where a network's weights are
    /// most of it.)
    ///
    /// # Panics
    /// As there.
    pub fn backward(
        &mut self,
        network: &Network,
        of: Reading,
        inputs: &mut dyn Inputs,
        grads: &mut [f32],
        room: &mut Vec<f32>,
    ) {
        if self.lent {
            self.workspace.swap_lent(room);
        }
        let segments = of.packing.steps.div_ceil(self.every);
        let made = std::mem::take(&mut self.workspace.made);
        let of = Reading { params: if network.table().derives() { &made } else { of.params }, ..of };
        for segment in (0..segments).rev() {
            // The last is there still.
            if segment + 1 < segments {
                self.go(network, of, inputs, segment);
            }
            let range = self.steps(segment, of.packing);
            let going = going(of.packing, range.end);
            self.give_gradient(network, of.packing, range.clone());
            let Checkpointed { workspace, before, packing, between, .. } = self;
            workspace.state_gradients().copy_rows(network, between, same(0..going));
            let x = inputs.of(range.clone());
            let (params, initial, dropout) = (of.params, start(of, before, segment), of.dropout);
            let pass = Pass { params, packing, x, initial, dropout, first: range.start };
            // As the whole: what nothing went before matters to nobody.
            let want = Want { states: segment > 0, ..Want::default() };
            network.walk_back(&pass, Trained::Apart { params, grads }, workspace, want);
            between.copy_from(workspace.state_gradients());
        }
        network.table().pull_back(&made, of.dropout, grads);
        self.workspace.made = made;
        if self.lent {
            self.workspace.swap_lent(room);
        }
    }

    pub fn output(&self) -> &[f32] {
        &self.output[..self.len]
    }

    /// As [`Workspace::output_and_gradient`].
    pub fn output_and_gradient(&mut self) -> (&[f32], &mut [f32]) {
        (&self.output[..self.len], &mut self.gradient[..self.len])
    }

    pub fn final_states(&self) -> &States {
        &self.final_states
    }

    fn steps(&self, segment: usize, packing: &Packing) -> Range<usize> {
        segment * self.every..((segment + 1) * self.every).min(packing.steps)
    }

    /// One segment forward.
    fn go(&mut self, network: &Network, of: Reading, inputs: &mut dyn Inputs, segment: usize) {
        let range = self.steps(segment, of.packing);
        of.packing.cut(range.clone(), &mut self.packing);
        let x = inputs.of(range.clone());
        let initial = start(of, &self.before, segment);
        let pass =
            Pass { params: of.params, packing: &self.packing, x, initial, dropout: of.dropout, first: range.start };
        network.walk(&pass, &mut self.workspace);
    }

    /// Rows of the segment's output, and where they stand in the whole: all, or those of sequences that end in it.
    fn output_rows(network: &Network, packing: &Packing, steps: Range<usize>) -> (Range<usize>, usize) {
        match network.at() {
            At::Every => (0..packing.offsets[steps.end] - packing.offsets[steps.start], packing.offsets[steps.start]),
            At::Last => {
                let first = going(packing, steps.end);
                (first..packing.sizes[steps.start], first)
            }
        }
    }

    fn take_output(&mut self, network: &Network, packing: &Packing, steps: Range<usize>) {
        let (rows, to) = Checkpointed::output_rows(network, packing, steps);
        let width = network.output_size();
        let from = &self.workspace.output()[rows.start * width..rows.end * width];
        self.output[to * width..][..from.len()].copy_from_slice(from);
    }

    fn give_gradient(&mut self, network: &Network, packing: &Packing, steps: Range<usize>) {
        let (rows, from) = Checkpointed::output_rows(network, packing, steps);
        let width = network.output_size();
        let to = self.workspace.output_gradient();
        to[..rows.start * width].fill(0.0);
        let to = &mut to[rows.start * width..rows.end * width];
        to.copy_from_slice(&self.gradient[from * width..][..to.len()]);
    }
}

/// What segments of batches take that would take `whole`.
fn of_segment(whole: Capacity, every: usize) -> Capacity {
    let Capacity { batch, steps, rows } = whole;
    Capacity { batch, steps: steps.min(every), rows: rows.min(batch.saturating_mul(every)) }
}

/// The states before a segment: before the first those that are given, or learned.
fn start<'a>(of: Reading<'a>, before: &'a [States], segment: usize) -> Option<&'a States> {
    if segment == 0 { of.initial } else { Some(&before[segment - 1]) }
}

/// Sequences that are longer than so many steps.
fn going(packing: &Packing, steps: usize) -> usize {
    packing.sizes.get(steps).copied().unwrap_or(0)
}

/// Each row to the row of its number.
fn same(rows: Range<usize>) -> impl Iterator<Item = (usize, usize)> + Clone {
    rows.map(|row| (row, row))
}
