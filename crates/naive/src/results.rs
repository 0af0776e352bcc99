//! What goes into a network and what comes out, sequence by sequence.

use crate::{Parameters, StepMasks};
use std::collections::BTreeMap;

/// `[steps][features]`, or `[1][features]` where a network predicts once.
pub type Rows = Vec<Vec<f64>>;

/// What one sequence feeds in.
#[derive(Clone, Debug, PartialEq)]
pub enum Steps {
    /// `[steps][size]`.
    Values(Rows),
    Tokens(Vec<u32>),
}

/// The state of one recurrent layer for one sequence; index = level·directions + direction, as PyTorch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// `[levels·directions][H]`.
    pub h: Rows,
    /// The same for the memory of an LSTM, else empty.
    pub c: Rows,
}

/// Adds `by` to one unit of h_t as soon as it is computed, so that a finite difference of dL/dh_t can be taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nudge {
    /// Index into the network's layers.
    pub layer: usize,
    /// level·directions + direction.
    pub level: usize,
    pub step: usize,
    pub unit: usize,
    pub by: f64,
}

/// One sequence with all that goes with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    pub steps: Steps,
    /// Initial state of each recurrent layer in turn; empty: zeros for all.
    pub initial: Vec<State>,
    /// Dropout masks, already scaled (0 or 1/(1-p)), by (layer, level). For a recurrent layer: `[steps][D·H]`, acting on the
    /// output of `level`, which is never the last. For a dropout layer: level 0, `[rows][size]`, one row where the
    /// network predicts once and the layer comes after the last recurrent one. Missing: nothing is dropped.
    pub masks: BTreeMap<(usize, usize), Rows>,
    /// What acts on the states of a recurrent layer, by (layer, level·directions + direction). Missing: nothing.
    pub step_masks: BTreeMap<(usize, usize), StepMasks>,
    /// What each noise layer adds, by its index: `[rows][size]`. Missing: nothing.
    pub noise: BTreeMap<usize, Rows>,
    /// What an Elman layer adds of Ω's derivative to that of its recurrent weights ([`crate::vanishing`]), by the layer's index.
    pub vanishing: BTreeMap<usize, f64>,
    pub nudge: Option<Nudge>,
}

impl Sequence {
    /// Of numbers `[steps][size]`; zero initial states, nothing dropped.
    pub fn values(rows: Rows) -> Sequence {
        Sequence::new(Steps::Values(rows))
    }

    /// Of tokens; zero initial states, nothing dropped.
    pub fn tokens(tokens: Vec<u32>) -> Sequence {
        Sequence::new(Steps::Tokens(tokens))
    }

    fn new(steps: Steps) -> Sequence {
        Sequence {
            steps,
            initial: Vec::new(),
            masks: BTreeMap::new(),
            step_masks: BTreeMap::new(),
            noise: BTreeMap::new(),
            vanishing: BTreeMap::new(),
            nudge: None,
        }
    }

    /// With the initial state of each recurrent layer.
    pub fn with_initial(mut self, initial: Vec<State>) -> Sequence {
        self.initial = initial;
        self
    }

    /// With the mask of one dropout: see [`Sequence::masks`].
    pub fn with_mask(mut self, layer: usize, level: usize, mask: Rows) -> Sequence {
        self.masks.insert((layer, level), mask);
        self
    }

    /// With what acts on the states of one direction of one level: see [`Sequence::step_masks`].
    pub fn with_step_masks(mut self, layer: usize, index: usize, masks: StepMasks) -> Sequence {
        self.step_masks.insert((layer, index), masks);
        self
    }

    /// With what one noise layer adds.
    pub fn with_noise(mut self, layer: usize, noise: Rows) -> Sequence {
        self.noise.insert(layer, noise);
        self
    }

    /// With so much of Ω's derivative in that of a layer: see [`Sequence::vanishing`].
    pub fn with_vanishing(mut self, layer: usize, factor: f64) -> Sequence {
        self.vanishing.insert(layer, factor);
        self
    }

    /// Steps.
    pub fn len(&self) -> usize {
        match &self.steps {
            Steps::Values(rows) => rows.len(),
            Steps::Tokens(tokens) => tokens.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Results of one sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// `[1 or steps][O]`.
    pub output: Rows,
    /// State of each recurrent layer after the sequence: for the reverse direction that after its first step.
    pub states: Vec<State>,
    /// States h of the top level of each recurrent layer, directions side by side, `[steps][D·H]`.
    pub hidden: Vec<Rows>,
}

/// dL/d(results) of one sequence: where backpropagation starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Cotangent {
    /// `[1 or steps][O]`, as [`Output::output`].
    pub output: Rows,
    /// On the final state of each recurrent layer; empty: zeros.
    pub states: Vec<State>,
}

/// dL/dh_t of one direction of one level of one recurrent layer.
#[derive(Clone, Debug, PartialEq)]
pub struct HiddenGradient {
    /// Index into the network's layers.
    pub layer: usize,
    /// 0 is the lowest.
    pub level: usize,
    pub reverse: bool,
    /// By sequence: `[steps][H]`; whole, i.e. from above and from the next step together.
    pub values: Vec<Rows>,
    /// By time step: the 2-norm over all sequences that reach it.
    pub norms: Vec<f64>,
}

/// Derivatives of the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// By name, summed over the sequences.
    pub parameters: Parameters,
    /// By sequence `[steps][size]`; for tokens the gradient of their one-hot vectors, empty under an embedding.
    pub inputs: Vec<Rows>,
    /// By sequence and recurrent layer.
    pub initial: Vec<Vec<State>>,
    /// Layer by layer, level by level, forward then reverse.
    pub hidden: Vec<HiddenGradient>,
}
