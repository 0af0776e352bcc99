//! The way forward through all stages.

use super::{DropoutKey, Network, Pass, Values};
use crate::norms::NormMemory;
use crate::packing::Packing;
use crate::recurrent::LevelMemory;
use crate::stage::Kind;
use crate::states::States;
use crate::workspace::Workspace;

impl Network {
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

    /// Input of stage `index`: the output of the nearest stage below that acts.
    pub(super) fn source<'a>(&self, pass: &Pass<'a>, index: usize, values: impl Fn(usize) -> &'a [f32]) -> Values<'a> {
        match self.acting(index, pass.dropout.is_some()) {
            Some(i) => Values::Values(values(i)),
            None => pass.x,
        }
    }
}
