//! Backpropagation through all stages.

use super::{DropoutKey, Network, Pass, Values, Want};
use crate::dense::DenseFlow;
use crate::norms::{NormFlow, NormMemory};
use crate::packing::Packing;
use crate::recurrent::{Ends, Level, LevelFlow, LevelMemory};
use crate::stage::{Kind, Stage};
use crate::states::States;
use crate::trained::Trained;
use crate::workspace::{StageMemory, Workspace};

impl Network {
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

    pub(super) fn level(&self, index: usize) -> &Level {
        match &self.stages()[index].kind {
            Kind::Level(level) => level,
            _ => unreachable!("a last state comes after a level"),
        }
    }

    /// Whether anybody below stage `index` reads a gradient.
    fn needed(&self, index: usize, want: Want) -> bool {
        want.input || self.stages()[..index].iter().any(|stage| reads_gradient(stage, want))
    }
}

/// Whether a stage has use for the gradient of its output, other than to hand it down.
fn reads_gradient(stage: &Stage, want: Want) -> bool {
    let inside = want.states || want.norms || want.hidden_values;
    stage.trainable() || (inside && matches!(stage.kind, Kind::Level(_)))
}
