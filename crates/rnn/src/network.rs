//! A stack of layers as one function of its input, its initial states and one flat buffer of parameters.

use crate::packing::Packing;
use crate::params::ParameterTable;
use crate::spec::{At, Input, Layer, NetworkError};
use crate::states::{StateShape, States};
use crate::workspace::Workspace;

/// Input rows, packed.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// `[rows, size]`.
    Values(&'a [f32]),
    /// `[rows]`, each below the vocabulary.
    Tokens(&'a [u32]),
}

/// What the dropout masks depend on, beside layer, time step and unit.
#[derive(Clone, Copy, Debug)]
pub struct DropoutKey<'a> {
    pub seed: u64,
    /// Number of the update.
    pub step: u64,
    /// Identity of the sequence at each sorted position (its number in the data), so that masks do not depend on the batch.
    pub rows: &'a [u64],
}

/// What a backward pass computes beside the gradients of the parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// Gradient of the input values.
    pub input: bool,
    /// Gradients of the initial states.
    pub states: bool,
    /// Norm of `∂L/∂h_t` for each level, direction and step.
    pub norms: bool,
    /// `∂L/∂h_t` itself; needs [`Workspace::reserve_hidden_values`].
    pub hidden_values: bool,
}

/// A checked stack of layers with its parameter table.
#[derive(Clone, Debug)]
pub struct Network {
    input: Input,
    layers: Vec<Layer>,
    at: At,
    table: ParameterTable,
    states: Vec<StateShape>,
    output_size: usize,
}

impl Network {
    /// Checks the stack and lays out its parameters.
    pub fn new(input: Input, layers: Vec<Layer>, at: At) -> Result<Network, NetworkError> {
        let _ = (input, layers, at);
        unimplemented!()
    }

    pub fn table(&self) -> &ParameterTable {
        &self.table
    }

    pub fn input(&self) -> Input {
        self.input
    }

    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    pub fn at(&self) -> At {
        self.at
    }

    /// Numbers in one prediction.
    pub fn output_size(&self) -> usize {
        self.output_size
    }

    /// One entry for each recurrent layer.
    pub fn states(&self) -> &[StateShape] {
        &self.states
    }

    /// Prediction and final states of a packed batch, left in the workspace.
    pub fn forward(
        &self,
        params: &[f32],
        packing: &Packing,
        x: Values,
        initial: Option<&States>,
        dropout: Option<DropoutKey>,
        ws: &mut Workspace,
    ) {
        let _ = (params, packing, x, initial, dropout, ws);
        unimplemented!()
    }

    /// Backpropagation through time, once after each forward pass with the same arguments; adds onto `grads`.
    #[allow(clippy::too_many_arguments)]
    pub fn backward(
        &self,
        params: &[f32],
        packing: &Packing,
        x: Values,
        initial: Option<&States>,
        dropout: Option<DropoutKey>,
        ws: &mut Workspace,
        grads: &mut [f32],
        want: Want,
    ) {
        let _ = (params, packing, x, initial, dropout, ws, grads, want);
        unimplemented!()
    }
}
