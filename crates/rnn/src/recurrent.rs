//! Recurrent layers as levels: one cell, one or two directions over the same input.

use std::ops::Range;

use crate::cells::cell;
use crate::network::{Pass, Values, Want};
use crate::params::{Owner, ParameterTable, Role};
use crate::spec::{CellKind, Direction, NetworkError, Recurrent};
use crate::states::LayerState;
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
    pub bias: Option<[Range<usize>; 2]>,
}

/// One level of a recurrent layer.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    pub kind: CellKind,
    pub input: usize,
    pub hidden: usize,
    pub trainable: bool,
    /// One entry for each direction.
    pub weights: Vec<Weights>,
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
        let Recurrent { cell: kind, hidden_size: hidden, trainable, .. } = *layer;
        Ok(Level { kind, input, hidden, trainable, weights, state, level, trace })
    }

    pub fn direction(&self, side: usize) -> Direction {
        if side == 0 { Direction::Forward } else { Direction::Reverse }
    }

    /// Numbers in one row of the output.
    pub fn output(&self) -> usize {
        self.weights.len() * self.hidden
    }

    /// Place of one direction's state in a layer's `[levels, batch, H]`.
    pub fn state_range(&self, side: usize, batch: usize) -> Range<usize> {
        let len = batch * self.hidden;
        let at = (self.level * self.weights.len() + side) * len;
        at..at + len
    }

    /// Both directions forward; `state` holds the initial states and becomes the final ones.
    pub fn forward(&self, pass: &Pass, x: Values, state: &mut LayerState, memory: LevelMemory) {
        for side in 0..self.weights.len() {
            let sweep = self.sweep(pass, x, side, &[], &[]);
            let range = self.state_range(side, pass.packing.batch);
            let c = if state.c.is_empty() { &mut [][..] } else { &mut state.c[range.clone()] };
            let kept = if memory.directions.len() == 1 { 0 } else { side };
            sweep.forward(memory.output, &mut memory.directions[kept], &mut state.h[range], c, memory.scratch);
        }
    }

    /// Both directions back; the state's gradients are of the final states on entry and of the initial ones on return.
    pub fn backward(&self, pass: &Pass, x: Values, zeros: &[f32], memory: LevelMemory, mut flow: LevelFlow) {
        for side in 0..self.weights.len() {
            let range = self.state_range(side, pass.packing.batch);
            let initial = match pass.initial {
                Some(states) => &states.layers[self.state].h[range.clone()],
                None => &zeros[..range.len()],
            };
            let sweep = self.sweep(pass, x, side, initial, zeros);
            let work = Work { output: memory.output, memory: &mut memory.directions[side], scratch: memory.scratch };
            let flow = Flow {
                above: flow.above,
                dh: &mut flow.state.h[range.clone()],
                dc: if flow.state.c.is_empty() { &mut [][..] } else { &mut flow.state.c[range] },
                below: flow.below.as_deref_mut(),
                trained: flow.trained.lend(),
                trace: &mut flow.traces[side],
                want: flow.want,
            };
            sweep.backward(work, flow);
        }
    }

    /// The final states of all directions side by side, `y [batch, directions·H]`.
    pub fn final_output(&self, state: &LayerState, batch: usize, y: &mut [f32]) {
        for side in 0..self.weights.len() {
            let h = &state.h[self.state_range(side, batch)];
            for (y, h) in y.chunks_exact_mut(self.output()).zip(h.chunks_exact(self.hidden)) {
                y[side * self.hidden..][..self.hidden].copy_from_slice(h);
            }
        }
    }

    /// Adds the gradient of [`Level::final_output`] onto that of the final states.
    pub fn final_gradient(&self, state: &mut LayerState, batch: usize, dy: &[f32]) {
        for side in 0..self.weights.len() {
            let dh = &mut state.h[self.state_range(side, batch)];
            for (dh, dy) in dh.chunks_exact_mut(self.hidden).zip(dy.chunks_exact(self.output())) {
                dh.iter_mut().zip(&dy[side * self.hidden..]).for_each(|(dh, dy)| *dh += dy);
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
        Sweep { level: self, side, params: pass.params, packing: pass.packing, x, initial, zeros }
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
        let ih = shape.gates[shape.input].iter().filter_map(|gate| gate.ih).collect();
        let hh = |columns: &Range<usize>| shape.gates[columns.clone()].iter().filter_map(|gate| gate.hh).collect();
        let blocks = std::iter::once(&shape.hidden).chain(&shape.candidate).map(hh).collect();

        let name = format!("weight_ih_{suffix}");
        let input = table.panels(owner, &name, Role::InputWeight, [gates * hidden, input], vec![ih])?.remove(0);
        let name = format!("weight_hh_{suffix}");
        let recurrent = table.panels(owner, &name, Role::RecurrentWeight, [gates * hidden, hidden], blocks)?;
        let mut bias = |name: String| table.plain(owner, &name, Role::Bias, &[gates * hidden], gates);
        let bias = match layer.bias {
            true => Some([bias(format!("bias_ih_{suffix}"))?, bias(format!("bias_hh_{suffix}"))?]),
            false => None,
        };
        Ok(Weights { input, recurrent: recurrent[0].clone(), candidate: recurrent.get(1).cloned(), bias })
    }
}
