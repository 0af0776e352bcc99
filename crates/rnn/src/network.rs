//! A stack of layers as one function of its input, its initial states and one flat buffer of parameters: what it is, and what a
//! pass reads. The ways forward and back are in files of their own.

mod backward;
mod forward;

use std::ops::Range;

use crate::packing::Packing;
use crate::params::ParameterTable;
use crate::recurrent::Level;
use crate::spec::{At, Input, Layer, NetworkError};
use crate::stage::{Kind, Plan, Stage, plan};
use crate::states::{StateShape, States};
use crate::workspace::{Capacity, Workspace};

/// Input rows, packed.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// `[rows, size]`.
    Values(&'a [f32]),
    /// `[rows]`, each below the vocabulary.
    Tokens(&'a [u32]),
}

impl<'a> Values<'a> {
    /// Some rows of `size` numbers, or of one token.
    pub(crate) fn slice(self, rows: Range<usize>, size: usize) -> Values<'a> {
        match self {
            Values::Values(x) => Values::Values(&x[rows.start * size..rows.end * size]),
            Values::Tokens(tokens) => Values::Tokens(&tokens[rows]),
        }
    }
}

/// What the dropout masks depend on, beside layer, time step and unit.
#[derive(Clone, Copy, Debug)]
pub struct DropoutKey<'a> {
    pub seed: u64,
    /// Number of the update.
    pub step: u64,
    /// Identity of the sequence at each sorted position (its number in the data), so that masks do not depend on the batch.
    pub rows: &'a [u64],
    /// The batch of the update, in all its shards; read only where [`Network::penalises_outputs`] or
    /// [`Network::penalises_vanishing`].
    pub whole: Extent,
}

/// How large a batch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    pub sequences: u64,
    /// Steps of all sequences.
    pub rows: u64,
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

/// What every stage of a pass reads.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    pub params: &'a [f32],
    pub packing: &'a Packing,
    pub x: Values<'a>,
    pub initial: Option<&'a States>,
    pub dropout: Option<DropoutKey<'a>>,
    /// The number of its first step in the sequences, by which dropout is drawn and a step has its statistics.
    pub first: usize,
}

/// A checked stack of layers with its parameter table.
#[derive(Clone, Debug)]
pub struct Network {
    input: Input,
    layers: Vec<Layer>,
    at: At,
    plan: Plan,
}

impl Network {
    /// Checks the stack and lays out its parameters.
    ///
    /// # Errors
    /// Names the layer that has a size of zero or beyond reason, a rate outside `[0, 1)`, a name already taken, or no place
    /// where it stands (an embedding anywhere but first on tokens); a prediction at the last step without a recurrent layer;
    /// a stack without parameters.
    pub fn new(input: Input, layers: Vec<Layer>, at: At) -> Result<Network, NetworkError> {
        let plan = plan(input, &layers, at)?;
        Ok(Network { input, layers, at, plan })
    }

    pub fn table(&self) -> &ParameterTable {
        &self.plan.table
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
        self.plan.stages.last().map_or(0, |stage| stage.width)
    }

    /// One entry for each recurrent layer.
    pub fn states(&self) -> &[StateShape] {
        &self.plan.states
    }

    pub(crate) fn stages(&self) -> &[Stage] {
        &self.plan.stages
    }

    /// Numbers in one row of the input; for tokens the vocabulary.
    pub(crate) fn input_size(&self) -> usize {
        match self.input {
            Input::Values { size } => size,
            Input::Tokens { vocabulary } => vocabulary,
        }
    }

    /// The nearest stage before `index` that acts: dropout and noise do so in a training step only.
    pub(crate) fn acting(&self, index: usize, dropout: bool) -> Option<usize> {
        (0..index).rev().find(|&i| dropout || !self.stages()[i].training_only())
    }

    /// Stage and length of the output of a pass.
    pub(crate) fn output_place(&self, pass: &Pass) -> (usize, usize) {
        let index = self.acting(self.stages().len(), pass.dropout.is_some()).expect("a stage that always acts");
        let stage = &self.stages()[index];
        (index, stage.width * if stage.per_sequence { pass.packing.batch } else { pass.packing.rows })
    }

    /// The layer that sees sequences as a whole when they are trained on, if there is one, and how: windows or segments of them
    /// are then not the same.
    pub fn sees_whole(&self) -> Option<(usize, &'static str)> {
        let both = |layer: &Layer| matches!(layer, Layer::Recurrent(layer) if layer.bidirectional);
        let both = self.layers.iter().position(both);
        // Inside a cell a batch norm sees but a step at a time.
        let norm = self.batch_norms().find(|&(layer, _)| matches!(self.layers[layer], Layer::Norm(_)));
        let penalised = self.levels().find(|level| level.activity.is_some());
        both.map(|layer| (layer, "is bidirectional: it does not go through a sequence in segments"))
            .or(norm.map(|(layer, _)| (layer, "is a batch norm: its statistics are of whole sequences")))
            .or(penalised.map(|level| (self.states()[level.state].layer, "has a penalty on the whole of its output")))
    }

    /// Whether a recurrent layer's output is penalised in training.
    pub fn penalises_outputs(&self) -> bool {
        self.levels().any(|level| level.activity.is_some())
    }

    /// The batch norms that learn, by the index of their layer, and whether they see a row a sequence instead of one a step: inside
    /// cells they do at each step.
    pub fn batch_norms(&self) -> impl Iterator<Item = (usize, bool)> + '_ {
        self.stages().iter().filter_map(|stage| match &stage.kind {
            Kind::Norm(norm) if norm.sees_batch() => Some((norm.layer, stage.per_sequence)),
            Kind::Level(level) if level.sees_batch() && level.level == 0 => {
                Some((self.states()[level.state].layer, true))
            }
            _ => None,
        })
    }

    /// Whether a layer is regularised against vanishing gradients in training.
    pub fn penalises_vanishing(&self) -> bool {
        self.levels().any(Level::regularised)
    }

    /// Numbers in one row that stage `index` reads.
    pub(crate) fn width_before(&self, index: usize) -> usize {
        if index == 0 { self.input_size() } else { self.stages()[index - 1].width }
    }

    /// Stage and width of the top level of each recurrent layer.
    pub(crate) fn tops(&self) -> Vec<(usize, usize)> {
        let mut tops = vec![(0, 0); self.states().len()];
        for (index, stage) in self.stages().iter().enumerate() {
            if let Kind::Level(level) = &stage.kind {
                tops[level.state] = (index, stage.width);
            }
        }
        tops
    }

    /// Units of each level and direction.
    pub(crate) fn trace_widths(&self) -> impl Iterator<Item = usize> {
        self.levels().flat_map(|level| level.weights.iter().map(|_| level.traced()))
    }

    pub(crate) fn levels(&self) -> impl Iterator<Item = &Level> {
        self.stages().iter().filter_map(|stage| if let Kind::Level(level) = &stage.kind { Some(level) } else { None })
    }

    /// Whether a layer learns the initial states that are not given.
    pub(crate) fn learns_state(&self) -> bool {
        self.levels().any(Level::learns_state)
    }

    /// Writes the learned ones of `batch` sequences.
    pub(crate) fn learned_states(&self, params: &[f32], batch: usize, states: &mut States) {
        for level in self.levels() {
            level.learned_state(params, batch, &mut states.layers[level.state]);
        }
    }

    fn check(&self, pass: &Pass, ws: &Workspace) {
        let Pass { params, packing, x, initial, dropout, .. } = pass;
        assert_eq!(params.len(), self.table().len(), "length of the parameters");
        let Capacity { batch, steps, rows } = ws.capacity;
        let fits = packing.batch <= batch && packing.steps <= steps && packing.rows <= rows;
        assert!(fits, "a batch of {} x {} in a workspace of {batch} x {steps}", packing.batch, packing.steps);
        match (x, self.input) {
            (Values::Values(x), Input::Values { size }) => assert_eq!(x.len(), packing.rows * size, "length of x"),
            (Values::Tokens(tokens), Input::Tokens { vocabulary }) => {
                assert_eq!(tokens.len(), packing.rows, "number of tokens");
                assert!(tokens.iter().all(|&t| (t as usize) < vocabulary), "a token outside the vocabulary");
            }
            _ => panic!("values for tokens, or tokens for values"),
        }
        if let Some(initial) = initial {
            initial.check(self, packing.batch);
        }
        if let Some(key) = dropout {
            assert!(ws.training, "dropout in a workspace that is not for training");
            assert!(key.rows.len() >= packing.batch, "an identity for each sequence");
        }
    }
}
