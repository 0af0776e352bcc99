//! The network as a flat list of stages, each reading the output of the one before.

use crate::activity::Activity;
use crate::cells::cell;
use crate::dense::Dense;
use crate::derived::Made;
use crate::dropout::Dropout;
use crate::embedding::Embedding;
use crate::inside::CellNorm;
use crate::noise::Noise;
use crate::norms::{NormKind, Normal};
use crate::params::{Owner, ParameterTable};
use crate::passing::{Merging, Passing};
use crate::recurrent::Level;
use crate::spec::{At, CellKind, Form, Input, Layer, Merge, NetworkError, Passed, Recurrent, Ring};
use crate::states::StateShape;

/// The largest size of a row; how much memory a network takes is asked of the arena.
pub const LARGEST: usize = 1 << 24;
/// The most levels of a recurrent layer.
pub const MOST_LEVELS: usize = 1024;

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Embedding(Embedding),
    Dense(Dense),
    Dropout(Dropout),
    Noise(Noise),
    Norm(Normal),
    Level(Level),
    /// The final states of the level before, directions side by side.
    Last,
    /// The directions of the level before as one row.
    Merge(Merging),
    /// The input of a level, passed on around it.
    Pass(Passing),
}

/// One step of the computation.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub kind: Kind,
    /// Numbers in one row of its output.
    pub width: usize,
    /// Whether it has one row a sequence (after [`Kind::Last`]) instead of one a step.
    pub per_sequence: bool,
}

impl Stage {
    /// Whether it does something in training alone, and elsewhere passes its input on.
    pub fn training_only(&self) -> bool {
        matches!(self.kind, Kind::Dropout(_) | Kind::Noise(_))
    }

    /// Whether it has parameters that learn.
    pub fn trainable(&self) -> bool {
        match &self.kind {
            Kind::Embedding(embedding) => embedding.trainable,
            Kind::Dense(dense) => dense.trainable,
            Kind::Level(level) => level.trainable,
            Kind::Norm(norm) => norm.trainable,
            Kind::Dropout(_) | Kind::Noise(_) | Kind::Last | Kind::Merge(_) | Kind::Pass(_) => false,
        }
    }
}

/// What a stack of layers comes to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub stages: Vec<Stage>,
    pub table: ParameterTable,
    pub states: Vec<StateShape>,
    /// Levels and directions so far.
    traces: usize,
    per_sequence: bool,
}

/// Checks the layers one after the other and lays them out.
pub(crate) fn plan(input: Input, layers: &[Layer], at: At) -> Result<Plan, NetworkError> {
    let last_recurrent = layers.iter().rposition(|layer| matches!(layer, Layer::Recurrent(_)));
    if at == At::Last && last_recurrent.is_none() {
        return Err(refuse(0, "expected a recurrent layer, as the prediction is made at the last step"));
    }
    if layers.iter().all(|layer| matches!(layer, Layer::Dropout { .. } | Layer::Noise { .. })) {
        return Err(refuse(0, "expected a recurrent, dense, embedding or normalising layer"));
    }
    let mut width = match input {
        Input::Values { size } => check_size(0, "the input's size", size)?,
        Input::Tokens { vocabulary } => check_size(0, "the vocabulary", vocabulary)?,
    };
    let mut plan = Plan::default();
    for (index, layer) in layers.iter().enumerate() {
        let tokens = plan.stages.is_empty() && matches!(input, Input::Tokens { .. });
        if let Some(name) = name(layer)
            && layers[..index].iter().any(|before| self::name(before) == Some(name))
        {
            return Err(refuse(index, format!("the name \"{name}\" is taken by a layer before")));
        }
        let last = at == At::Last && last_recurrent == Some(index);
        width = plan.layer(index, layer, width, tokens, last)?;
    }
    Ok(plan)
}

impl Plan {
    /// Appends the stages of one layer that reads rows of `width` numbers (or tokens below it); gives the new width. `last`: its
    /// final states are what the layers above read.
    fn layer(
        &mut self,
        index: usize,
        layer: &Layer,
        width: usize,
        tokens: bool,
        last: bool,
    ) -> Result<usize, NetworkError> {
        let owner = |name, trainable| Owner { layer: index, name, trainable };
        match layer {
            Layer::Recurrent(layer) => {
                check_size(index, "hiddenSize", layer.hidden_size)?;
                check_rate(index, "dropout", layer.dropout)?;
                check_form(index, layer)?;
                if layer.form.passed != Passed::Nothing && tokens {
                    return Err(refuse(index, format!("{}: expected numbers to pass on, got tokens", passed(layer))));
                }
                check_activity(index, layer)?;
                check_rate(index, "weightDrop", layer.weights.drop)?;
                if layer.weights.drop > 0.0 && layer.weights.norm {
                    return Err(refuse(index, "weightDrop: not together with weightNorm"));
                }
                if layer.weights.drop > 0.0 && !cell(layer.cell).shape().recurrent() {
                    return Err(refuse(index, "weightDrop: the layer has no recurrent weights"));
                }
                if !(1..=MOST_LEVELS).contains(&layer.num_layers) {
                    let got = layer.num_layers;
                    return Err(refuse(index, format!("numLayers: expected 1 to {MOST_LEVELS}, got {got}")));
                }
                let owner = owner(&layer.name, layer.trainable);
                let mut width = width;
                for level in 0..layer.num_layers {
                    if level > 0 {
                        self.dropout(width, layer.dropout, layer.dropout_shared);
                    }
                    let (state, trace) = (self.states.len(), self.traces);
                    let stage = Level::new(layer, level, width, state, trace, (&owner, &mut self.table))?;
                    self.traces += layer.directions();
                    let (input, own) = (width, self.stages.len());
                    width = stage.output();
                    self.push(Kind::Level(stage), width);
                    if last && level + 1 == layer.num_layers {
                        self.per_sequence = true;
                        self.push(Kind::Last, width);
                    }
                    if layer.bidirectional && layer.form.merge != Merge::Concat {
                        width = layer.units();
                        self.push(Kind::Merge(Merging { how: layer.form.merge, units: width }), width);
                    }
                    if layer.form.passed != Passed::Nothing {
                        width = self.pass(index, layer, own, width, input)?;
                    }
                }
                self.states.push(StateShape {
                    layer: index,
                    name: layer.name.clone(),
                    levels: layer.num_layers * layer.directions(),
                    hidden: layer.units(),
                    cell: layer.cell.has_memory(),
                    memory: cell(layer.cell).shape().memory * layer.hidden_size,
                    counts: layer.form.normalization.is_some_and(CellNorm::counts),
                });
                Ok(width)
            }
            Layer::Dense { units, activation, bias, weight_norm, name, trainable } => {
                check_size(index, "units", *units)?;
                let owner = owner(name, *trainable);
                let made = if *weight_norm { Made::Normed } else { Made::Itself };
                let dense = Dense::new(width, *units, *activation, *bias, made, (&owner, &mut self.table))?;
                self.push(Kind::Dense(dense), *units);
                Ok(*units)
            }
            Layer::Embedding { units, dropout, name, trainable } => {
                if !tokens {
                    return Err(refuse(
                        index,
                        "an embedding reads tokens, so it comes first and the input is a vocabulary",
                    ));
                }
                check_size(index, "units", *units)?;
                check_rate(index, "dropout", *dropout)?;
                let drops = (*dropout, self.stages.len() as u32);
                let embedding = Embedding::new(width, *units, drops, (&owner(name, *trainable), &mut self.table))?;
                self.push(Kind::Embedding(embedding), *units);
                Ok(*units)
            }
            Layer::Dropout { rate, shared } => {
                check_rate(index, "rate", *rate)?;
                reads_numbers(index, "dropout", tokens)?;
                self.dropout(width, *rate, *shared);
                Ok(width)
            }
            Layer::Noise { deviation } => {
                if !(0.0..f32::INFINITY).contains(deviation) {
                    return Err(refuse(index, "deviation: expected a finite number from 0"));
                }
                reads_numbers(index, "noise", tokens)?;
                if *deviation > 0.0 {
                    let place = self.stages.len() as u32;
                    self.push(Kind::Noise(Noise { units: width, deviation: *deviation, place }), width);
                }
                Ok(width)
            }
            Layer::Norm(norm) => {
                reads_numbers(index, "a normalising layer", tokens)?;
                if !(norm.epsilon > 0.0 && norm.epsilon.is_finite()) {
                    return Err(refuse(index, "epsilon: expected a number above 0"));
                }
                if let NormKind::Batch { momentum } = norm.kind
                    && !(0.0..=1.0).contains(&momentum)
                {
                    return Err(refuse(index, "momentum: expected a share from 0 to 1"));
                }
                let normal = Normal::new(norm, width, &owner(&norm.name, norm.trainable), &mut self.table)?;
                self.push(Kind::Norm(normal), width);
                Ok(width)
            }
        }
    }

    /// Passes the input of the level at stage `level` on beside its row.
    fn pass(
        &mut self,
        index: usize,
        layer: &Recurrent,
        level: usize,
        width: usize,
        input: usize,
    ) -> Result<usize, NetworkError> {
        let added = layer.form.passed == Passed::Added;
        if added && width != input {
            return Err(refuse(index, format!("residual: expected an input of {width} numbers, got {input}")));
        }
        let merged = layer.form.merge != Merge::Concat;
        if self.per_sequence && layer.bidirectional && (merged || !added) {
            let why =
                "expected one direction, as the prediction is made at the last step and two end at different ones";
            return Err(refuse(index, format!("{}: {why}", passed(layer))));
        }
        let passing = Passing { added, level, width, input, directions: layer.directions() };
        let at = self.stages.len();
        if let Kind::Level(level) = &mut self.stages[level].kind {
            level.passed_at = Some(at);
        }
        let width = if added { width } else { width + input };
        self.push(Kind::Pass(passing), check_size(index, "skip", width)?);
        Ok(width)
    }

    fn dropout(&mut self, width: usize, rate: f32, shared: bool) {
        if rate > 0.0 {
            let place = self.stages.len() as u32;
            self.push(Kind::Dropout(Dropout { units: width, rate, shared, place }), width);
        }
    }

    fn push(&mut self, kind: Kind, width: usize) {
        self.stages.push(Stage { kind, width, per_sequence: self.per_sequence });
    }
}

fn name(layer: &Layer) -> Option<&str> {
    match layer {
        Layer::Recurrent(layer) => Some(&layer.name),
        Layer::Dense { name, .. } | Layer::Embedding { name, .. } => Some(name),
        Layer::Norm(norm) => Some(&norm.name),
        Layer::Dropout { .. } | Layer::Noise { .. } => None,
    }
}

fn reads_numbers(layer: usize, what: &str, tokens: bool) -> Result<(), NetworkError> {
    match tokens {
        true => Err(refuse(layer, format!("{what} reads numbers, so it cannot come first when the input is tokens"))),
        false => Ok(()),
    }
}

fn check_size(layer: usize, what: &str, size: usize) -> Result<usize, NetworkError> {
    match size {
        1..=LARGEST => Ok(size),
        _ => Err(refuse(layer, format!("{what}: expected 1 to {LARGEST}, got {size}"))),
    }
}

/// The option that passes a level's input on.
fn passed(layer: &Recurrent) -> &'static str {
    if layer.form.passed == Passed::Added { "residual" } else { "skip" }
}

fn check_form(index: usize, layer: &Recurrent) -> Result<(), NetworkError> {
    if layer.form.merge != Merge::Concat && !layer.bidirectional {
        return Err(refuse(index, "merge: expected two directions"));
    }
    if layer.form.recurrent_scale.is_some_and(|scale| !scale.is_finite()) {
        return Err(refuse(index, "recurrentScale: expected a finite number"));
    }
    let Ring { min_radius: low, max_radius: high, max_phase: phase } = layer.form.ring;
    if !(0.0 <= low && low < high && high <= 1.0 && phase > 0.0 && phase.is_finite()) {
        return Err(refuse(index, "maxRadius: expected 0 <= minRadius < maxRadius <= 1, and maxPhase above 0"));
    }
    check_step_masks(index, layer)?;
    if let Some(why) = layer.form.normalization.and_then(|norm| norm.refuses(layer)) {
        return Err(refuse(index, format!("normalization: {why}")));
    }
    let Some(size) = layer.form.proj_size else { return Ok(()) };
    if !matches!(layer.cell, CellKind::Lstm | CellKind::LstmVariant { .. }) {
        return Err(refuse(index, "projSize: expected an LSTM"));
    }
    if !(1..layer.hidden_size).contains(&size) {
        let most = layer.hidden_size;
        return Err(refuse(
            index,
            format!("projSize: expected 1 or more and less than hiddenSize, {most}, got {size}"),
        ));
    }
    Ok(())
}

fn check_step_masks(index: usize, layer: &Recurrent) -> Result<(), NetworkError> {
    let Form { recurrent_dropout, variational, zoneout, memory_zoneout, vanishing, normalization, .. } = layer.form;
    check_rate(index, "recurrentDropout", recurrent_dropout)?;
    check_rate(index, "variationalDropout", variational)?;
    check_rate(index, "zoneout", zoneout)?;
    check_rate(index, "zoneoutCell", memory_zoneout)?;
    if recurrent_dropout > 0.0 && matches!(layer.cell, CellKind::Rnn { .. } | CellKind::Lru) {
        return Err(refuse(index, "recurrentDropout: expected a cell with a candidate beside its state"));
    }
    if variational > 0.0 && !cell(layer.cell).shape().recurrent() {
        return Err(refuse(index, "variationalDropout: the layer has no recurrent weights"));
    }
    if zoneout > 0.0 && layer.cell == CellKind::Lru {
        return Err(refuse(index, "zoneout: expected a cell that reads its state"));
    }
    if memory_zoneout > 0.0 && !matches!(layer.cell, CellKind::Lstm | CellKind::LstmVariant { .. }) {
        return Err(refuse(index, "zoneoutCell: expected an LSTM"));
    }
    if !(0.0..f32::INFINITY).contains(&vanishing) {
        return Err(refuse(index, "vanishingPenalty: expected a finite number from 0"));
    }
    if vanishing > 0.0 && !matches!(layer.cell, CellKind::Rnn { .. }) {
        return Err(refuse(index, "vanishingPenalty: expected an Elman network"));
    }
    if vanishing > 0.0 && zoneout > 0.0 {
        return Err(refuse(index, "vanishingPenalty: not together with zoneout, which hands gradients on by itself"));
    }
    if vanishing > 0.0 && normalization.is_some() {
        // Ω takes gradients to go from state to state through f' and W alone.
        let why = "vanishingPenalty: not together with normalization, through whose norms gradients pass from step to step too";
        return Err(refuse(index, why));
    }
    Ok(())
}

fn check_activity(index: usize, layer: &Recurrent) -> Result<(), NetworkError> {
    let Activity { activation, temporal } = layer.activity;
    if ![activation, temporal].iter().all(|x| (0.0..f32::INFINITY).contains(x)) {
        return Err(refuse(index, "penalties: expected finite numbers from 0"));
    }
    // What the layer gives is then not the level's output, and not its own alone.
    if !layer.activity.is_none() && (layer.form.merge != Merge::Concat || layer.form.passed != Passed::Nothing) {
        return Err(refuse(index, "penalties: not together with merged directions or an input passed on"));
    }
    Ok(())
}

fn check_rate(layer: usize, what: &str, rate: f32) -> Result<(), NetworkError> {
    // Written so that a NaN is refused too.
    if (0.0..1.0).contains(&rate) {
        return Ok(());
    }
    Err(refuse(layer, format!("{what}: expected a share of at least 0 and less than 1")))
}

fn refuse(layer: usize, message: impl Into<String>) -> NetworkError {
    NetworkError { layer, message: message.into() }
}
