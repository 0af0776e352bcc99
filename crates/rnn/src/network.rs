//! A stack of layers as one function of its input, its initial states and one flat buffer of parameters.

use std::ops::Range;

use crate::dense::DenseFlow;
use crate::norms::{NormFlow, NormMemory};
use crate::packing::Packing;
use crate::params::ParameterTable;
use crate::recurrent::{Ends, Level, LevelFlow, LevelMemory};
use crate::spec::{At, Input, Layer, NetworkError};
use crate::stage::{Kind, Plan, Stage, plan};
use crate::states::{StateShape, States};
use crate::trained::Trained;
use crate::workspace::{Capacity, StageMemory, Workspace};

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

    /// Prediction and final states of a packed batch, left in the workspace.
    ///
    /// * `params`: flat buffer of [`Network::table`].
    /// * `x`: the rows of `packing`.
    /// * `initial`: states before the first step (zero when absent), the batch in sorted order.
    /// * `dropout`: the masks of a training step; without it dropout and noise do nothing, and a batch norm goes by its running
    ///   statistics.
    ///
    /// # Panics
    /// When a length does not fit the network and the packing, the packing does not fit the workspace, or a token is not below
    /// the vocabulary; with `dropout`, when the workspace is not for training or a batch norm that learns sees one row alone.
    pub fn forward(
        &self,
        params: &[f32],
        packing: &Packing,
        x: Values,
        initial: Option<&States>,
        dropout: Option<DropoutKey>,
        ws: &mut Workspace,
    ) {
        let mut made = std::mem::take(&mut ws.made);
        let params = self.made(params, dropout, &mut made);
        self.walk(&Pass { params, packing, x, initial, dropout, first: 0 }, ws);
        ws.made = made;
    }

    /// What a pass reads: the parameters, or `copy` of them with the weights that are made of others.
    pub(crate) fn made<'a>(&self, params: &'a [f32], key: Option<DropoutKey>, copy: &'a mut [f32]) -> &'a [f32] {
        assert_eq!(params.len(), self.table().len(), "length of the parameters");
        if !self.table().derives() {
            return params;
        }
        self.table().derive(params, key, copy);
        copy
    }

    /// As [`Network::forward`] outside training, of sequences of which `first` steps were read before, to the states `initial`.
    ///
    /// # Panics
    /// As there.
    pub fn go_on(
        &self,
        params: &[f32],
        packing: &Packing,
        x: Values,
        (first, initial): (usize, &States),
        ws: &mut Workspace,
    ) {
        let mut made = std::mem::take(&mut ws.made);
        let params = self.made(params, None, &mut made);
        self.walk(&Pass { params, packing, x, initial: Some(initial), dropout: None, first }, ws);
        ws.made = made;
    }

    pub(crate) fn walk(&self, pass: &Pass, ws: &mut Workspace) {
        let Pass { params, packing, dropout, first, .. } = *pass;
        self.check(pass, ws);
        ws.begin(self, pass);
        let ends = [0, packing.batch];
        for (index, stage) in self.stages().iter().enumerate() {
            if dropout.is_none() && stage.training_only() {
                continue; // it passes its input on, and has no memory of its own outside training
            }
            let (below, rest) = ws.stages.split_at_mut(index);
            let x = self.source(pass, index, |i| &below[i].values);
            let own = &mut rest[0];
            let offsets = if stage.per_sequence { &ends[..] } else { &packing.offsets };
            let y = &mut own.values[..offsets[offsets.len() - 1] * stage.width];
            match (&stage.kind, x) {
                (Kind::Embedding(embedding), Values::Tokens(tokens)) => {
                    embedding.forward(params, tokens, y);
                    if let Some(key) = dropout.filter(|_| embedding.dropout > 0.0) {
                        embedding.drop(key, offsets, tokens, &mut own.mask, y);
                    }
                }
                (Kind::Dense(dense), x) => dense.forward(params, offsets, x, y, &mut ws.scratch),
                (Kind::Dropout(layer), Values::Values(x)) => {
                    if let Some(key) = dropout {
                        let first = if stage.per_sequence { 0 } else { first };
                        layer.forward(key, first, offsets, x, &mut own.mask, y);
                    }
                }
                (Kind::Noise(layer), Values::Values(x)) => {
                    if let Some(key) = dropout {
                        let first = if stage.per_sequence { 0 } else { first };
                        layer.forward(key, first, offsets, x, y);
                    }
                }
                (Kind::Norm(norm), Values::Values(x)) => {
                    let memory = NormMemory { kept: &mut own.mask, sums: &mut own.sums };
                    // What it reads may be longer: room for a larger batch.
                    norm.forward(params, dropout.is_some(), &x[..y.len()], y, memory);
                }
                (Kind::Level(level), x) => {
                    let directions = if ws.training { &mut own.directions[..] } else { &mut ws.shared[..] };
                    let memory = LevelMemory { output: y, directions, scratch: &mut ws.scratch };
                    level.forward(pass, x, &mut ws.final_states.layers[level.state], memory);
                }
                (Kind::Last, _) => {
                    let level = self.level(index - 1);
                    level.final_output(&ws.final_states.layers[level.state], packing.batch, y);
                }
                (Kind::Merge(merging), Values::Values(x)) => merging.forward(x, y),
                (Kind::Pass(passing), Values::Values(h)) => {
                    let input = self.source(pass, passing.level, |i| &below[i].values);
                    let Values::Values(input) = input else { unreachable!("tokens are not passed on") };
                    passing.forward(packing, stage.per_sequence, h, input, y);
                }
                (Kind::Embedding(_), Values::Values(_)) => unreachable!("an embedding comes first, on tokens"),
                (
                    Kind::Dropout(_) | Kind::Noise(_) | Kind::Norm(_) | Kind::Merge(_) | Kind::Pass(_),
                    Values::Tokens(_),
                ) => {
                    unreachable!("what reads numbers never comes first on tokens")
                }
            }
        }
    }

    /// Backpropagation through time, once after each forward pass and with its arguments.
    ///
    /// Reads [`Workspace::output_gradient`] and the gradients of the final states in [`Workspace::state_gradients`] (zero
    /// unless written to); uses both up. Adds the gradients of the trainable parameters onto `grads` (laid out as `params`),
    /// those of the others stay as they are. With `dropout`, a batch norm that learns adds the batch's statistics there too, in
    /// the place of its buffers: see [`crate::Running`].
    ///
    /// # Panics
    /// As [`Network::forward`]; when the workspace is not for training; when hidden values are wanted that it has no room for.
    #[expect(clippy::too_many_arguments, reason = "those of forward, and what comes out")]
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
        assert_eq!(grads.len(), self.table().len(), "length of the gradients");
        let made = std::mem::take(&mut ws.made);
        let used = if self.table().derives() { &made } else { params };
        let pass = Pass { params: used, packing, x, initial, dropout, first: 0 };
        self.walk_back(&pass, Trained::Apart { params: used, grads }, ws, want);
        self.table().pull_back(&made, dropout, grads);
        ws.made = made;
    }

    /// As [`Network::backward`], but the gradients are added to the parameters themselves: with an output gradient that was
    /// multiplied by minus the rate, a plain step of gradient descent. For one time step of one sequence that costs no pass over
    /// the parameters beside the products.
    ///
    /// # Panics
    /// As [`Network::backward`]; where weights are made of others ([`ParameterTable::derives`]).
    pub fn descend(
        &self,
        params: &mut [f32],
        packing: &Packing,
        x: Values,
        initial: Option<&States>,
        ws: &mut Workspace,
    ) {
        assert_eq!(params.len(), self.table().len(), "length of the parameters");
        assert!(!self.table().derives(), "weights that are made of others");
        // The way back reads them through `Trained` alone.
        let pass = Pass { params: &[], packing, x, initial, dropout: None, first: 0 };
        self.walk_back(&pass, Trained::One(params), ws, Want::default());
    }

    pub(crate) fn walk_back(&self, pass: &Pass, mut trained: Trained, ws: &mut Workspace, want: Want) {
        let Pass { packing, x, dropout, .. } = *pass;
        self.check(&Pass { params: trained.params(), ..*pass }, ws);
        assert!(ws.training, "the workspace is not for training");
        let want = Want { input: want.input && matches!(x, Values::Values(_)), ..want };
        ws.begin_backward(self, pass, want);
        let ends = [0, packing.batch];
        // Below a Last the level's output has no gradient from above.
        let mut from_above = true;
        for (index, stage) in self.stages().iter().enumerate().rev() {
            let needed = self.needed(index, want);
            if !needed && !reads_gradient(stage, want) {
                break;
            }
            let (lower, rest) = ws.stages.split_at_mut(index);
            let x = self.source(pass, index, |i| &lower[i].values);
            let own = &mut rest[0];
            let offsets = if stage.per_sequence { &ends[..] } else { &packing.offsets };
            let rows = offsets[offsets.len() - 1];
            let above = &mut ws.gradient[..rows * stage.width];
            let below = needed.then(|| &mut ws.below[..rows * self.width_before(index)]);
            match (&stage.kind, x) {
                (Kind::Dropout(layer), _) => {
                    if dropout.is_some() {
                        layer.backward(offsets, &own.mask, above);
                    }
                    continue;
                }
                (Kind::Noise(_), _) => continue,
                (Kind::Last, _) => {
                    let level = self.level(index - 1);
                    level.final_gradient(&mut ws.state_gradients.layers[level.state], packing.batch, above);
                    from_above = false;
                    continue;
                }
                (Kind::Merge(merging), Values::Values(x)) => {
                    if let Some(below) = below {
                        merging.backward(&x[..below.len()], above, below);
                    }
                }
                (Kind::Pass(passing), _) => {
                    let kept = &mut own.kept[..rows * passing.input];
                    if passing.added {
                        kept.copy_from_slice(above);
                        continue;
                    }
                    if let Some(below) = below {
                        passing.backward(above, below, kept);
                    }
                }
                (Kind::Merge(_), Values::Tokens(_)) => unreachable!("directions are numbers"),
                (Kind::Embedding(embedding), Values::Tokens(tokens)) => {
                    let factors = (dropout.is_some() && embedding.dropout > 0.0).then_some(&own.mask[..]);
                    embedding.backward(offsets, tokens, factors, above, trained.grads());
                }
                (Kind::Embedding(_), Values::Values(_)) => unreachable!("an embedding comes first, on tokens"),
                (Kind::Dense(dense), x) => {
                    let y = &own.values[..above.len()];
                    let flow = DenseFlow { above, below, trained: trained.lend(), zeros: &ws.zeros };
                    dense.backward(offsets, x, y, flow, &mut ws.scratch);
                }
                (Kind::Norm(norm), Values::Values(x)) => {
                    let memory = NormMemory { kept: &mut own.mask, sums: &mut own.sums };
                    let x = &x[..above.len()];
                    let flow = NormFlow { above, below, trained: trained.lend() };
                    norm.backward(dropout.is_some(), offsets, x, memory, flow);
                }
                (Kind::Norm(_), Values::Tokens(_)) => unreachable!("a norm never comes first on tokens"),
                (Kind::Level(level), x) => {
                    let mut below = below;
                    let (own, after) = rest.split_first_mut().expect("the level's own");
                    if let (Some(activity), Some(key)) = (level.activity, dropout) {
                        // Below a Last there is room for a gradient from above, and none in it.
                        if !std::mem::replace(&mut from_above, true) {
                            above.fill(0.0);
                        }
                        activity.add(key.whole, packing, &own.values, stage.width, above);
                    }
                    let StageMemory { values, directions, .. } = own;
                    let memory = LevelMemory { output: values, directions, scratch: &mut ws.scratch };
                    let flow = LevelFlow {
                        above: from_above.then_some(&*above),
                        state: &mut ws.state_gradients.layers[level.state],
                        below: below.as_deref_mut(),
                        trained: trained.lend(),
                        traces: &mut ws.hidden[level.trace..][..level.weights.len()],
                        want,
                    };
                    let ends = Ends { zeros: &ws.zeros, learned: ws.learned.as_ref() };
                    level.backward(pass, x, ends, memory, flow);
                    if let (Some(at), Some(below)) = (level.passed_at, below)
                        && let Kind::Pass(passing) = &self.stages()[at].kind
                    {
                        let per_sequence = self.stages()[at].per_sequence;
                        passing.add(packing, per_sequence, &after[at - index - 1].kept, below);
                    }
                    from_above = true;
                }
            }
            std::mem::swap(&mut ws.gradient, &mut ws.below);
        }
    }

    /// Input of stage `index`: the output of the nearest stage below that acts.
    fn source<'a>(&self, pass: &Pass<'a>, index: usize, values: impl Fn(usize) -> &'a [f32]) -> Values<'a> {
        match self.acting(index, pass.dropout.is_some()) {
            Some(i) => Values::Values(values(i)),
            None => pass.x,
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

    fn level(&self, index: usize) -> &Level {
        match &self.stages()[index].kind {
            Kind::Level(level) => level,
            _ => unreachable!("a last state comes after a level"),
        }
    }

    /// Whether anybody below stage `index` reads a gradient.
    fn needed(&self, index: usize, want: Want) -> bool {
        want.input || self.stages()[..index].iter().any(|stage| reads_gradient(stage, want))
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

/// Whether a stage has use for the gradient of its output, other than to hand it down.
fn reads_gradient(stage: &Stage, want: Want) -> bool {
    let inside = want.states || want.norms || want.hidden_values;
    stage.trainable() || (inside && matches!(stage.kind, Kind::Level(_)))
}
