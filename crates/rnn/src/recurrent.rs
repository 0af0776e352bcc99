//! Recurrent layers as levels: one cell, one or two directions over the same input.

use std::ops::Range;

use crate::activity::Activity;
use crate::cells::{Cell, Shape, Vector, cell, normed};
use crate::derived::Made;
use crate::inside::Inside;
use crate::network::{Pass, Values, Want};
use crate::params::{Owner, ParameterTable, Role};
use crate::spec::{CellKind, Direction, NetworkError, Recurrent};
use crate::states::{LayerState, States};
use crate::step_masks::Rates;
use crate::time_loop::{Flow, Sweep, Work};
use crate::trained::Trained;
use crate::workspace::{HiddenGradient, Memory, Scratch};

/// Places of one direction's parameters in the flat buffer.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    pub input: Range<usize>,
    pub recurrent: Range<usize>,
    /// Weight of the cell's second recurrent product.
    pub candidate: Option<Range<usize>>,
    /// `bias_ih` and `bias_hh`.
    pub bias: [Option<Range<usize>>; 2],
    /// `weight_hr`, whose product with the cell's own state is the state that goes on.
    pub projection: Option<Range<usize>>,
    /// The cell's own vectors, one after the other.
    pub own: Vec<Range<usize>>,
    /// Norms inside the cell.
    pub inside: Option<Inside>,
    /// The learned initial state `h` and memory `c`.
    pub initial: [Option<Range<usize>>; 2],
}

/// One level of a recurrent layer.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    pub kind: CellKind,
    pub input: usize,
    /// Units of the cell, H.
    pub hidden: usize,
    /// Numbers in a state `h`, and in one direction's output: H, or less where it is projected.
    pub units: usize,
    /// Numbers in a memory `c`; 0 without one.
    pub memory: usize,
    pub trainable: bool,
    /// Of what acts on its states at each step.
    pub rates: Rates,
    /// Share of the state's units that the recurrent products of a sequence do not see; 0 where they see all.
    pub variational: f32,
    /// Penalties on the output, where there are any: of the top level alone.
    pub activity: Option<Activity>,
    /// λ of the regulariser against vanishing gradients; 0 without.
    pub vanishing: f32,
    /// One entry for each direction.
    pub weights: Vec<Weights>,
    /// Stage that passes its input on around it.
    pub passed_at: Option<usize>,
    /// Index into the network's states.
    pub state: usize,
    pub level: usize,
    /// Index of its first direction among all levels and directions of the network.
    pub trace: usize,
}

/// What a level leaves to the stage above, and its own memory.
pub(crate) struct LevelMemory<'a> {
    /// `[rows, directions·H]`.
    pub output: &'a mut [f32],
    /// One entry for each direction, or one shared entry.
    pub directions: &'a mut [Memory],
    pub scratch: &'a mut Scratch,
}

/// What initial states are that were not given.
#[derive(Clone, Copy)]
pub(crate) struct Ends<'a> {
    /// As many as the widest row, in whole panels, and as the widest level has in a batch.
    pub zeros: &'a [f32],
    /// Where a layer learns them, those of all layers.
    pub learned: Option<&'a States>,
}

/// Gradients around a level.
pub(crate) struct LevelFlow<'a> {
    pub above: Option<&'a [f32]>,
    pub state: &'a mut LayerState,
    /// `[rows, input]`, written; none when nobody reads it.
    pub below: Option<&'a mut [f32]>,
    pub trained: Trained<'a>,
    /// One entry for each direction.
    pub traces: &'a mut [HiddenGradient],
    pub want: Want,
}

impl Level {
    /// Whether numbers of the input and the state are multiplied as one row, on the gates that both cover: where their panels can
    /// be cut out, and for so many rows that joining their weights costs little. What holds for a batch holds for larger ones.
    pub fn joins(&self, shape: &Shape, batch: usize, rows: usize) -> bool {
        // Joining copies a row of weights for each of these numbers; a row of the batch saves writing and reading its sums.
        let columns = self.input + self.units;
        // A single row gains nothing by three products instead of two.
        let cut = shape.input == shape.hidden || (batch > 1 && self.hidden.is_multiple_of(linalg::PANEL));
        cut && shape.recurrent() && rows >= columns
    }

    /// Lays out the parameters of one level, under PyTorch's names.
    pub fn new(
        layer: &Recurrent,
        level: usize,
        input: usize,
        state: usize,
        trace: usize,
        (owner, table): (&Owner, &mut ParameterTable),
    ) -> Result<Level, NetworkError> {
        let mut weights = Vec::with_capacity(layer.directions());
        for side in 0..layer.directions() {
            weights.push(Weights::new(layer, level, side, input, owner, table)?);
        }
        let Recurrent { cell: kind, hidden_size: hidden, trainable, activity, .. } = *layer;
        let activity = Some(activity).filter(|activity| level + 1 == layer.num_layers && !activity.is_none());
        let memory = cell(kind).shape().memory * hidden;
        Ok(Level {
            kind,
            input,
            hidden,
            units: layer.units(),
            memory,
            trainable,
            rates: Rates::new(&layer.form),
            variational: layer.form.variational,
            activity,
            vanishing: layer.form.vanishing,
            weights,
            passed_at: None,
            state,
            level,
            trace,
        })
    }

    /// Its arithmetic.
    pub fn cell(&self) -> &'static dyn Cell {
        if self.weights[0].inside.is_some() { normed(self.kind) } else { cell(self.kind) }
    }

    /// The norms of each direction that have running statistics, if they have.
    pub fn running(&self) -> Option<impl Iterator<Item = &Inside>> {
        let inside = || self.weights.iter().filter_map(|weights| weights.inside.as_ref());
        inside().any(Inside::sees_batch).then(inside)
    }

    /// Whether it sees the batch as a whole when it is trained.
    pub fn sees_batch(&self) -> bool {
        self.trainable && self.running().is_some()
    }

    pub fn direction(&self, side: usize) -> Direction {
        if side == 0 { Direction::Forward } else { Direction::Reverse }
    }

    /// Numbers in one row of the output.
    pub fn output(&self) -> usize {
        self.weights.len() * self.units
    }

    /// Numbers in a row of what the state is a projection of; 0 where it is none.
    pub fn operand(&self) -> usize {
        match self.weights[0].projection {
            Some(_) if self.reads_out() => self.memory,
            Some(_) => self.hidden,
            None => 0,
        }
    }

    /// Whether what it gives is a projection of its memory and is not fed back.
    pub fn reads_out(&self) -> bool {
        cell(self.kind).shape().readout.is_some()
    }

    /// Whether it is regularised against vanishing gradients.
    pub fn regularised(&self) -> bool {
        self.trainable && self.vanishing > 0.0
    }

    /// Whether what the gradients of the sums are multiplied with in that of the recurrent weights is kept apart from the states.
    pub fn has_terms(&self) -> bool {
        self.regularised() || self.variational > 0.0
    }

    /// Numbers in the state whose gradient is traced: the one that goes on in time.
    pub fn traced(&self) -> usize {
        if self.reads_out() { self.memory } else { self.units }
    }

    /// Place of one direction's state in a layer's `[levels, batch, units]`.
    pub fn state_range(&self, side: usize, batch: usize) -> Range<usize> {
        self.place(side, batch * self.units)
    }

    /// Place of one direction's memory in a layer's `[levels, batch, memory]`, which may be nothing.
    fn memory_range(&self, side: usize, batch: usize) -> Range<usize> {
        self.place(side, batch * self.memory)
    }

    fn place(&self, side: usize, len: usize) -> Range<usize> {
        let at = (self.level * self.weights.len() + side) * len;
        at..at + len
    }

    /// Both directions forward; `state` holds the initial states and becomes the final ones.
    pub fn forward(&self, pass: &Pass, x: Values, state: &mut LayerState, memory: LevelMemory) {
        for side in 0..self.weights.len() {
            let sweep = self.sweep(pass, x, side, &[], &[]);
            let range = self.state_range(side, pass.packing.batch);
            let c = &mut state.c[self.memory_range(side, pass.packing.batch)];
            let kept = if memory.directions.len() == 1 { 0 } else { side };
            sweep.forward(memory.output, &mut memory.directions[kept], &mut state.h[range], c, memory.scratch);
        }
    }

    /// Both directions back; the state's gradients are of the final states on entry and of the initial ones on return.
    pub fn backward(&self, pass: &Pass, x: Values, ends: Ends, memory: LevelMemory, mut flow: LevelFlow) {
        let Ends { zeros, learned } = ends;
        for side in 0..self.weights.len() {
            let range = self.state_range(side, pass.packing.batch);
            let initial = match pass.initial.or(learned) {
                Some(states) => &states.layers[self.state].h[range.clone()],
                None => &zeros[..range.len()],
            };
            let learns = self.trainable && pass.initial.is_none() && self.learns_state();
            let sweep = self.sweep(pass, x, side, initial, zeros);
            let work = Work { output: memory.output, memory: &mut memory.directions[side], scratch: memory.scratch };
            let inner = Flow {
                above: flow.above,
                dh: &mut flow.state.h[range.clone()],
                dc: &mut flow.state.c[self.memory_range(side, pass.packing.batch)],
                below: flow.below.as_deref_mut(),
                trained: flow.trained.lend(),
                trace: &mut flow.traces[side],
                want: Want { states: flow.want.states || learns, ..flow.want },
            };
            sweep.backward(work, inner);
            if learns {
                let (h, c) = (&flow.state.h[range], &flow.state.c[self.memory_range(side, pass.packing.batch)]);
                self.learn_state(side, [h, c], flow.trained.grads());
            }
        }
    }

    /// Whether initial states that are not given are parameters.
    pub fn learns_state(&self) -> bool {
        self.weights.iter().any(|weights| weights.initial.iter().any(Option::is_some))
    }

    /// Writes the learned initial states of `batch` sequences.
    pub fn learned_state(&self, params: &[f32], batch: usize, state: &mut LayerState) {
        for side in 0..self.weights.len() {
            let (range, memory) = (self.state_range(side, batch), self.memory_range(side, batch));
            let to = [(&mut state.h[range], self.units), (&mut state.c[memory], self.memory)];
            for (place, (to, width)) in self.weights[side].initial.iter().zip(to) {
                let Some(place) = place else { continue };
                to.chunks_exact_mut(width).for_each(|row| row.copy_from_slice(&params[place.start..][..width]));
            }
        }
    }

    /// Adds the gradients of the initial states of all sequences, one after the other.
    fn learn_state(&self, side: usize, gradients: [&[f32]; 2], grads: &mut [f32]) {
        for ((place, d), width) in self.weights[side].initial.iter().zip(gradients).zip([self.units, self.memory]) {
            let Some(place) = place else { continue };
            for row in d.chunks_exact(width) {
                grads[place.start..][..width].iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
            }
        }
    }

    /// The final states of all directions side by side, `y [batch, directions·H]`.
    pub fn final_output(&self, state: &LayerState, batch: usize, y: &mut [f32]) {
        for side in 0..self.weights.len() {
            let h = &state.h[self.state_range(side, batch)];
            for (y, h) in y.chunks_exact_mut(self.output()).zip(h.chunks_exact(self.units)) {
                y[side * self.units..][..self.units].copy_from_slice(h);
            }
        }
    }

    /// Adds the gradient of [`Level::final_output`] onto that of the final states.
    pub fn final_gradient(&self, state: &mut LayerState, batch: usize, dy: &[f32]) {
        for side in 0..self.weights.len() {
            let dh = &mut state.h[self.state_range(side, batch)];
            for (dh, dy) in dh.chunks_exact_mut(self.units).zip(dy.chunks_exact(self.output())) {
                dh.iter_mut().zip(&dy[side * self.units..]).for_each(|(dh, dy)| *dh += dy);
            }
        }
    }

    fn sweep<'a>(
        &'a self,
        pass: &Pass<'a>,
        x: Values<'a>,
        side: usize,
        initial: &'a [f32],
        zeros: &'a [f32],
    ) -> Sweep<'a> {
        let Pass { params, packing, dropout: key, first, .. } = *pass;
        Sweep { level: self, side, params, packing, x, initial, zeros, key, first }
    }
}

impl Weights {
    fn new(
        layer: &Recurrent,
        level: usize,
        side: usize,
        input: usize,
        owner: &Owner,
        table: &mut ParameterTable,
    ) -> Result<Weights, NetworkError> {
        let shape = cell(layer.cell).shape();
        let (hidden, gates) = (layer.hidden_size, layer.cell.gates());
        let suffix = format!("l{level}{}", if side == 0 { "" } else { "_reverse" });
        let ih = shape.gates[shape.input.clone()].iter().filter_map(|gate| gate.ih).collect();
        let hh = |columns: &Range<usize>| shape.gates[columns.clone()].iter().filter_map(|gate| gate.hh).collect();
        let blocks = std::iter::once(&shape.hidden).chain(&shape.candidate).map(hh).collect();

        let normed = if layer.weights.norm { Made::Normed } else { Made::Itself };
        let dropped = (layer.weights.drop > 0.0).then_some(Made::Dropped(layer.weights.drop));
        let (input_made, recurrent_made) = (normed, dropped.unwrap_or(normed));
        let name = format!("weight_ih_{suffix}");
        let input =
            table.made(input_made, owner, &name, Role::InputWeight, [gates * hidden, input], vec![ih])?.remove(0);
        let name = format!("weight_hh_{suffix}");
        let recurrent = match shape.recurrent() {
            true => {
                let dims = [gates * hidden, layer.units()];
                table.made(recurrent_made, owner, &name, Role::RecurrentWeight, dims, blocks)?
            }
            false => Vec::new(),
        };
        let mut bias = |name: &str, there: bool| match layer.bias && there {
            true => table.plain(owner, &format!("{name}_{suffix}"), Role::Bias, &[gates * hidden], gates).map(Some),
            false => Ok(None),
        };
        let bias = [bias("bias_ih", true)?, bias("bias_hh", shape.recurrent())?];
        let operand = match (shape.readout, layer.form.proj_size) {
            (Some(_), _) => Some(shape.memory * hidden),
            (None, size) => size.map(|_| hidden),
        };
        let projection = match operand {
            Some(operand) => {
                let name = format!("weight_hr_{suffix}");
                Some(table.made(normed, owner, &name, Role::Weight, [layer.units(), operand], vec![vec![0]])?.remove(0))
            }
            None => None,
        };
        let mut vector = |vector: &Vector| {
            table.plain(owner, &format!("{}_{suffix}", vector.name), Role::Vector, &[vector.len * hidden], vector.len)
        };
        let own = shape.vectors.iter().map(&mut vector).collect::<Result<_, _>>()?;
        let inside = match layer.form.normalization {
            Some(norm) => Some(Inside::new(layer, norm, &suffix, owner, table)?),
            None => None,
        };
        let (recurrent, candidate) = (recurrent.first().cloned().unwrap_or_default(), recurrent.get(1).cloned());
        let memory = shape.memory * hidden;
        let mut state = |name: &str, len: usize| match layer.form.learned_state && len > 0 {
            true => table.plain(owner, &format!("{name}_{suffix}"), Role::State, &[len], 1).map(Some),
            false => Ok(None),
        };
        // One that is read out of the memory is not read itself.
        let initial = [state("h0", if shape.readout.is_some() { 0 } else { layer.units() })?, state("c0", memory)?];
        Ok(Weights { input, recurrent, candidate, bias, projection, own, inside, initial })
    }
}
