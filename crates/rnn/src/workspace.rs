//! The memory of a forward and backward pass, sized once.

use crate::network::Network;
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

/// Direction in which a level reads its sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Reverse,
}

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
pub struct Workspace {
    final_states: States,
}

impl Workspace {
    /// Reserves everything that [`Network::forward`] (and, when `training`, [`Network::backward`]) needs.
    pub fn new(network: &Network, capacity: Capacity, training: bool) -> Result<Workspace, OutOfMemory> {
        let _ = (network, capacity, training);
        unimplemented!()
    }

    /// Makes room for [`Want::hidden_values`](crate::Want::hidden_values), which the plain training workspace leaves out.
    pub fn reserve_hidden_values(&mut self, network: &Network) -> Result<(), OutOfMemory> {
        let _ = network;
        unimplemented!()
    }

    /// Prediction of the last forward pass: `[rows, O]` at every step, else `[batch, O]`; packed, sorted order.
    pub fn output(&self) -> &[f32] {
        unimplemented!()
    }

    /// Gradient of the loss with respect to [`Workspace::output`]; to be written between forward and backward.
    pub fn output_gradient(&mut self) -> &mut [f32] {
        unimplemented!()
    }

    /// Prediction and its gradient together, for a loss that reads one and writes the other.
    pub fn output_and_gradient(&mut self) -> (&[f32], &mut [f32]) {
        unimplemented!()
    }

    /// States after each sequence's last step (of the reverse direction: after step 0).
    pub fn final_states(&self) -> &States {
        &self.final_states
    }

    /// On entry of backward the gradient with respect to the final states (forward sets it to zero), on return with respect to
    /// the initial ones (when [`Want::states`](crate::Want::states)).
    pub fn state_gradients(&mut self) -> &mut States {
        unimplemented!()
    }

    /// `[rows, size]` after a backward pass that wanted it.
    pub fn input_gradient(&self) -> &[f32] {
        unimplemented!()
    }

    /// For each recurrent layer, level and direction in turn, what the last backward pass was asked for.
    pub fn hidden_gradients(&self) -> &[HiddenGradient] {
        unimplemented!()
    }

    /// `[rows, directions·hidden]`: the states of the top level of recurrent layer `index` (into [`Network::states`]).
    pub fn hidden_outputs(&self, index: usize) -> &[f32] {
        let _ = index;
        unimplemented!()
    }
}
