//! The memory of a forward and backward pass, sized once.

use crate::arena::Arena;
use crate::inside::{NormScratch, Normals};
use crate::network::{Network, Pass, Want};
use crate::spec::Direction;
use crate::states::States;

/// The largest batch that a workspace takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Sequences.
    pub batch: usize,
    /// Steps of the longest sequence.
    pub steps: usize,
    /// Steps of all sequences together.
    pub rows: usize,
}

/// The memory could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// What the workspace would take in all.
    pub bytes: usize,
}

impl std::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "out of memory: {} bytes are needed", self.bytes)
    }
}

impl std::error::Error for OutOfMemory {}

/// `∂L/∂h_t` of one level and direction, whole: from the layers above and from the next step together.
#[derive(Clone, Debug, PartialEq)]
pub struct HiddenGradient {
    /// Index into the network's layers.
    pub layer: usize,
    pub level: usize,
    pub direction: Direction,
    /// `[steps]`: Euclidean norm over all units and sequences. Empty unless wanted.
    pub norms: Vec<f32>,
    /// `[rows, hidden]`, packed. Empty unless wanted.
    pub values: Vec<f32>,
}

/// Buffers for batches up to a [`Capacity`].
///
/// Nothing else is allocated in [`Network::forward`] and [`Network::backward`].
#[derive(Debug)]
pub struct Workspace {
    pub(crate) capacity: Capacity,
    pub(crate) training: bool,
    pub(crate) stages: Vec<StageMemory>,
    /// Gates of one step, for a workspace that is not for training.
    pub(crate) shared: [Memory; 1],
    pub(crate) scratch: Scratch,
    /// Initial states that were not given, `[batch, H]` of the widest level; sums that start from nothing, a row of the widest
    /// stage in whole panels.
    pub(crate) zeros: Vec<f32>,
    /// Gradient of the output of the stage at hand, and of its input.
    pub(crate) gradient: Vec<f32>,
    pub(crate) below: Vec<f32>,
    /// Initial states of a pass that was given none, where a layer learns them; else nothing.
    pub(crate) learned: Option<States>,
    pub(crate) final_states: States,
    pub(crate) state_gradients: States,
    pub(crate) hidden: Vec<HiddenGradient>,
    /// The parameters with the weights that a pass makes of others, where there are such.
    pub(crate) made: Vec<f32>,
    /// Stage that made the output, and its length.
    output: (usize, usize),
    input_len: usize,
    /// Rows of the batch at hand.
    rows: usize,
    /// Stage of the top level of each recurrent layer, and the width of its rows.
    tops: Vec<(usize, usize)>,
}

/// What one stage keeps from forward to backward.
#[derive(Debug, Default)]
pub(crate) struct StageMemory {
    /// `[rows, width]`.
    pub values: Vec<f32>,
    /// `[rows, width]` of dropout (`[sequences, width]` where it is shared, `[rows]` of an embedding): 0 or the scale. Of a
    /// normalising layer: see [`crate::norms::NormMemory`].
    pub mask: Vec<f32>,
    /// `[rows, input]` of an input that is passed on: its gradient, until the level has written its own.
    pub kept: Vec<f32>,
    /// Of a batch norm.
    pub sums: Vec<f64>,
    /// One entry for each direction of a level.
    pub directions: Vec<Memory>,
}

/// What one direction of a level keeps.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Whether all steps are kept, or only the ones at hand.
    pub whole: bool,
    /// `[rows, columns·H]`: activated gates, later their gradients.
    pub gates: Vec<f32>,
    /// For each step the planes `[n, H]` that the cell saves.
    pub saved: Vec<f32>,
    /// For each step the masks that act on its states: see [`crate::step_masks`].
    pub masks: Vec<f32>,
    /// `[rows, units]`: what the gradients of the sums are multiplied with in that of the recurrent weights, where these are
    /// regularised against vanishing gradients (written on the way back) or read masked states (on the way forward).
    pub terms: Vec<f32>,
    /// `[batch, units]`: masks of states, one for all steps; empty where there are none.
    pub state_masks: Vec<f32>,
    /// `[rows, operand]`: what the state is a projection of; empty where it is none.
    pub projected: Vec<f32>,
    /// `[rows, units]`: gradients of projected states, written on the way back; empty where they are none.
    pub gradients: Vec<f32>,
    /// Of norms inside the cell.
    pub normals: Normals,
}

/// Memory that no stage keeps.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Left-hand operand of a product.
    pub strips: Vec<f32>,
    /// Gradients of a block's outputs as a right-hand operand.
    pub panels: Vec<f32>,
    /// The row that the gates' sums start from.
    pub start: Vec<f32>,
    /// Weights of input and state as one.
    pub joined: Vec<f32>,
    /// Gradient of the operand of a cell's second recurrent product, `[batch, H]`.
    pub candidate: Vec<f32>,
    /// Gradient of what the states of a step are a projection of, `[batch, operand]`.
    pub projected: Vec<f32>,
    /// Of a step that zoneout acts on, forward the states before, back the gradients that go to them: `[batch, units]`, then
    /// `[batch, memory]`. Then on the way back of one that reads masked states, what comes of the product, where the
    /// cell has left a part of its own to add it to.
    pub held: Vec<f32>,
    /// The cell's own vectors, as it reads them.
    pub vectors: Vec<f32>,
    /// Of norms inside cells.
    pub norms: NormScratch,
    pub projection_transposed: Vec<f32>,
    pub recurrent_transposed: Vec<f32>,
    pub candidate_transposed: Vec<f32>,
    pub input_transposed: Vec<f32>,
}

impl Workspace {
    /// Reserves everything that [`Network::forward`] (and, when `training`, [`Network::backward`]) needs.
    ///
    /// # Errors
    /// When the memory cannot be had; nothing is kept then.
    pub fn new(network: &Network, capacity: Capacity, training: bool) -> Result<Workspace, OutOfMemory> {
        Workspace::with(network, capacity, training, 0)
    }

    /// As [`Workspace::new`], where so many numbers will be lent for the way back ([`Workspace::swap_lent`]).
    pub(crate) fn with(
        network: &Network,
        capacity: Capacity,
        training: bool,
        lent: usize,
    ) -> Result<Workspace, OutOfMemory> {
        let mut arena = Arena::new(network, capacity, training).with(lent);
        let ws = Workspace::within(&mut arena, network, capacity, training);
        arena.finish()?;
        Ok(ws)
    }

    /// Takes what is lent, or gives it back.
    pub(crate) fn swap_lent(&mut self, room: &mut Vec<f32>) {
        std::mem::swap(&mut self.scratch.recurrent_transposed, room);
    }

    /// Whether it has no such memory of its own.
    pub(crate) fn wants_loan(&self) -> bool {
        self.scratch.recurrent_transposed.is_empty()
    }

    /// Bytes that [`Workspace::new`] reserves.
    pub(crate) fn bytes(network: &Network, capacity: Capacity, training: bool) -> usize {
        let mut arena = Arena::counting(network, capacity, training);
        Workspace::within(&mut arena, network, capacity, training);
        arena.bytes()
    }

    fn within(arena: &mut Arena, network: &Network, capacity: Capacity, training: bool) -> Workspace {
        Workspace {
            capacity,
            training,
            stages: arena.stages(),
            shared: arena.shared(),
            scratch: arena.scratch(),
            zeros: arena.zeros(),
            gradient: arena.gradient(),
            below: arena.gradient(),
            learned: network.learns_state().then(|| arena.states()),
            final_states: arena.states(),
            state_gradients: if training { arena.states() } else { States::default() },
            hidden: if training { arena.hidden() } else { Vec::new() },
            made: arena.floats(&[if network.table().derives() { network.table().len() } else { 0 }]),
            output: (0, 0),
            input_len: 0,
            rows: 0,
            tops: network.tops(),
        }
    }

    /// Makes room for [`Want::hidden_values`], which a training workspace leaves out.
    ///
    /// # Errors
    /// When the memory cannot be had.
    pub fn reserve_hidden_values(&mut self, network: &Network) -> Result<(), OutOfMemory> {
        let mut arena = Arena::new(network, self.capacity, self.training);
        for (trace, hidden) in self.hidden.iter_mut().zip(network.trace_widths()) {
            let mut values = arena.floats(&[self.capacity.rows, hidden]);
            values.clear();
            trace.values = values;
        }
        arena.finish()
    }

    /// Prediction of the last forward pass: `[rows, O]` at every step, else `[batch, O]`; packed, sorted order.
    pub fn output(&self) -> &[f32] {
        let (stage, len) = self.output;
        &self.stages[stage].values[..len]
    }

    /// Gradient of the loss with respect to [`Workspace::output`]: to be written after forward, all of it; backward uses it up.
    pub fn output_gradient(&mut self) -> &mut [f32] {
        &mut self.gradient[..self.output.1]
    }

    /// Prediction and its gradient together, for a loss that reads one and writes the other.
    pub fn output_and_gradient(&mut self) -> (&[f32], &mut [f32]) {
        let (stage, len) = self.output;
        (&self.stages[stage].values[..len], &mut self.gradient[..len])
    }

    /// States after each sequence's last step (in the reverse direction: after step 0).
    pub fn final_states(&self) -> &States {
        &self.final_states
    }

    /// On entry of backward the gradient with respect to the final states (forward sets it to zero), on return with respect to
    /// the initial ones, when they were wanted ([`Want::states`]); otherwise what it holds then has no meaning.
    pub fn state_gradients(&mut self) -> &mut States {
        &mut self.state_gradients
    }

    /// `[rows, size]`, packed, after a backward pass that wanted it; empty after any other, and for tokens.
    pub fn input_gradient(&self) -> &[f32] {
        &self.gradient[..self.input_len]
    }

    /// For each recurrent layer, level and direction in turn, what the last backward pass was asked for.
    pub fn hidden_gradients(&self) -> &[HiddenGradient] {
        &self.hidden
    }

    /// `[rows, directions·hidden]`, packed: the states of the top level of recurrent layer `index` (into
    /// [`Network::states`]) at every step.
    pub fn hidden_outputs(&self, index: usize) -> &[f32] {
        let (stage, width) = self.tops[index];
        &self.stages[stage].values[..self.rows * width]
    }

    /// Takes the initial states, and zero for the gradients.
    pub(crate) fn begin(&mut self, network: &Network, pass: &Pass) {
        let batch = pass.packing.batch;
        self.final_states.reset(network, batch);
        if let Some(initial) = pass.initial {
            for (state, initial) in self.final_states.layers.iter_mut().zip(&initial.layers) {
                state.h.copy_from_slice(&initial.h);
                state.c.copy_from_slice(&initial.c);
            }
        } else if let Some(learned) = &mut self.learned {
            learned.reset(network, batch);
            network.learned_states(pass.params, batch, learned);
            self.final_states.copy_from(learned);
        }
        self.rows = pass.packing.rows;
        self.input_len = 0;
        self.output = network.output_place(pass);
        if self.training {
            self.state_gradients.reset(network, batch);
        }
    }

    pub(crate) fn begin_backward(&mut self, network: &Network, pass: &Pass, want: Want) {
        if want.input {
            self.input_len = pass.packing.rows * network.input_size();
        }
        for (trace, hidden) in self.hidden.iter_mut().zip(network.trace_widths()) {
            let len = if want.hidden_values { pass.packing.rows * hidden } else { 0 };
            assert!(trace.values.capacity() >= len, "no room for hidden values: call reserve_hidden_values before");
            trace.values.resize(len, 0.0);
            trace.norms.resize(if want.norms { pass.packing.steps } else { 0 }, 0.0);
        }
    }
}
