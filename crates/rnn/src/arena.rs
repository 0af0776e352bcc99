//! Sizes of a workspace's buffers, and the one place where they are reserved.

use linalg::panels_len;

use crate::blocks::BLOCK_ROWS;
use crate::inside::{NormScratch, Normals};
use crate::network::Network;
use crate::recurrent::{Level, Weights};
use crate::spec::Input;
use crate::stage::{Kind, Stage};
use crate::states::{LayerState, States};
use crate::workspace::{Capacity, HiddenGradient, Memory, OutOfMemory, Scratch, StageMemory};

/// Reserves buffers until one cannot be had; from then on it only counts, so that the error can say how much was asked for.
pub(crate) struct Arena<'a> {
    network: &'a Network,
    capacity: Capacity,
    training: bool,
    /// Numbers that are lent for weights that the way back reads transposed.
    lent: usize,
    bytes: usize,
    failed: bool,
}

impl<'a> Arena<'a> {
    pub fn new(network: &'a Network, capacity: Capacity, training: bool) -> Arena<'a> {
        Arena { network, capacity, training, lent: 0, bytes: 0, failed: false }
    }

    /// Reserves nothing.
    pub fn counting(network: &'a Network, capacity: Capacity, training: bool) -> Arena<'a> {
        Arena { failed: true, ..Arena::new(network, capacity, training) }
    }

    /// Without room for the weights of the state transposed, where so many numbers are enough for them.
    pub fn with(self, lent: usize) -> Arena<'a> {
        Arena { lent, ..self }
    }

    /// Of all buffers that were asked for.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A buffer of zeros, as long as the product of `dims`.
    pub fn floats(&mut self, dims: &[usize]) -> Vec<f32> {
        self.buffer(dims)
    }

    fn buffer<T: Clone + Default>(&mut self, dims: &[usize]) -> Vec<T> {
        let len = dims.iter().try_fold(1usize, |len, &n| len.checked_mul(n)).unwrap_or(usize::MAX);
        self.bytes = self.bytes.saturating_add(len.saturating_mul(size_of::<T>()));
        let mut buffer = Vec::new();
        self.failed = self.failed || buffer.try_reserve_exact(len).is_err();
        if !self.failed {
            buffer.resize(len, T::default());
        }
        buffer
    }

    pub fn finish(self) -> Result<(), OutOfMemory> {
        if self.failed { Err(OutOfMemory { bytes: self.bytes }) } else { Ok(()) }
    }

    /// Rows of a stage's output.
    fn rows(&self, stage: &Stage) -> usize {
        if stage.per_sequence { self.capacity.batch } else { self.capacity.rows }
    }

    /// Rows of the largest block: whole steps, so that it may be a step larger than asked for.
    fn block(&self, stage: &Stage) -> usize {
        let Capacity { batch, .. } = self.capacity;
        self.rows(stage).min(batch.saturating_add(BLOCK_ROWS - 1)).max(batch)
    }

    /// Numbers in a row that a stage multiplies with; none for tokens, which are gathered.
    fn operand(&self, index: usize) -> usize {
        let tokens = index == 0 && matches!(self.network.input(), Input::Tokens { .. });
        if tokens { 0 } else { self.network.width_before(index) }
    }

    pub fn stages(&mut self) -> Vec<StageMemory> {
        let network = self.network;
        network.stages().iter().map(|stage| self.stage(stage)).collect()
    }

    fn stage(&mut self, stage: &Stage) -> StageMemory {
        let rows = self.rows(stage);
        let values = if self.training || !stage.training_only() { rows } else { 0 };
        let trained = |rows: usize| if self.training { rows } else { 0 };
        let (mask, sums) = match &stage.kind {
            Kind::Dropout(layer) if layer.shared => ([trained(self.capacity.batch), stage.width], [0, 0]),
            Kind::Dropout(_) => ([trained(rows), stage.width], [0, 0]),
            Kind::Embedding(embedding) if embedding.dropout > 0.0 => ([trained(rows), 1], [0, 0]),
            Kind::Norm(norm) => norm.memory(rows, self.training).into(),
            _ => ([0, 0], [0, 0]),
        };
        let kept = match &stage.kind {
            Kind::Pass(passing) if self.training => [rows, passing.input],
            _ => [0, 0],
        };
        let mut memory = StageMemory {
            values: self.floats(&[values, stage.width]),
            mask: self.floats(&mask),
            kept: self.floats(&kept),
            sums: self.buffer(&sums),
            directions: Vec::new(),
        };
        if let Kind::Level(level) = &stage.kind
            && self.training
        {
            let shape = level.cell().shape();
            memory.directions.extend(level.weights.iter().map(|weights| Memory {
                whole: true,
                gates: self.floats(&[rows, shape.gates.len(), level.hidden]),
                saved: self.floats(&[rows, shape.saved, level.hidden]),
                masks: self.floats(&[rows, level.mask_width()]),
                terms: self.floats(&[if level.has_terms() { rows } else { 0 }, level.units]),
                state_masks: self.floats(&[if level.variational > 0.0 { self.capacity.batch } else { 0 }, level.units]),
                projected: self.floats(&[rows, level.operand()]),
                gradients: self.floats(&[if level.operand() > 0 { rows } else { 0 }, level.units]),
                normals: self.normals(weights, rows, self.capacity.steps),
            }));
        }
        memory
    }

    /// Of the norms inside a direction.
    fn normals(&mut self, weights: &Weights, rows: usize, steps: usize) -> Normals {
        let mut normals = Normals::default();
        if let Some(inside) = &weights.inside {
            for part in inside.parts() {
                normals.parts[part.place] = self.floats(&[rows, part.width]);
            }
            normals.kept = self.floats(&inside.kept(rows, steps));
        }
        normals
    }

    /// Gates and saved planes of one step, for all levels, unless all steps are kept.
    pub fn shared(&mut self) -> [Memory; 1] {
        let (mut gates, mut saved, mut masks, mut projected) = (0, 0, 0, 0);
        let (mut parts, mut kept) = ([0; 3], 0);
        for stage in self.network.stages() {
            if let Kind::Level(level) = &stage.kind
                && !self.training
            {
                let shape = level.cell().shape();
                for inside in level.weights.iter().filter_map(|weights| weights.inside.as_ref()) {
                    for part in inside.parts() {
                        grow(&mut parts[part.place], self.capacity.batch, part.width);
                    }
                    let [rows, columns] = inside.kept(self.capacity.batch, 1);
                    grow(&mut kept, rows, columns);
                }
                gates = gates.max(self.capacity.batch.saturating_mul(shape.gates.len() * level.hidden));
                saved = saved.max(self.capacity.batch.saturating_mul(shape.saved * level.hidden));
                masks = masks.max(self.capacity.batch.saturating_mul(level.mask_width()));
                projected = projected.max(self.capacity.batch.saturating_mul(level.operand()));
            }
        }
        [Memory {
            whole: false,
            gates: self.floats(&[gates]),
            saved: self.floats(&[saved]),
            masks: self.floats(&[masks]),
            terms: Vec::new(),
            state_masks: Vec::new(),
            projected: self.floats(&[projected]),
            gradients: Vec::new(),
            normals: Normals { parts: parts.map(|len| self.floats(&[len])), kept: self.floats(&[kept]) },
        }]
    }

    pub fn scratch(&mut self) -> Scratch {
        let mut most = Lens::default();
        for (index, stage) in self.network.stages().iter().enumerate() {
            let (block, operand) = (self.block(stage), self.operand(index));
            match &stage.kind {
                Kind::Dense(dense) => most.dense(block, operand, dense.units),
                Kind::Level(level) => most.level(block, operand, level, self.capacity),
                _ => {}
            }
        }
        let trained = if self.training { 1 } else { 0 };
        let lent = if most.recurrent_transposed <= self.lent { 0 } else { 1 };
        Scratch {
            strips: self.floats(&[most.strips]),
            start: self.floats(&[most.start]),
            joined: self.floats(&[most.joined]),
            panels: self.floats(&[trained, most.panels]),
            candidate: self.floats(&[trained, most.candidate]),
            projected: self.floats(&[trained, most.projected]),
            held: self.floats(&[most.held]),
            vectors: self.floats(&[most.vectors]),
            norms: NormScratch { gains: self.floats(&[most.gains]), sums: self.buffer(&[most.sums]) },
            projection_transposed: self.floats(&[trained, most.projection_transposed]),
            recurrent_transposed: self.floats(&[trained, lent, most.recurrent_transposed]),
            candidate_transposed: self.floats(&[trained, most.candidate_transposed]),
            input_transposed: self.floats(&[trained, most.input_transposed]),
        }
    }

    pub fn zeros(&mut self) -> Vec<f32> {
        let states =
            self.network.levels().map(|level| level.hidden.max(level.units).max(level.operand())).max().unwrap_or(0);
        let rows = (0..self.network.stages().len()).map(|index| self.operand(index)).max().unwrap_or(0);
        let row = rows.max(states).next_multiple_of(linalg::PANEL);
        let len = self.capacity.batch.saturating_mul(states).max(row);
        self.floats(&[if self.training { len } else { 0 }])
    }

    /// Room for the gradient of any stage's output, or of the input.
    pub fn gradient(&mut self) -> Vec<f32> {
        let stages = self.network.stages().iter();
        let most = stages.map(|stage| self.rows(stage).saturating_mul(stage.width)).max().unwrap_or(0);
        let input = self.capacity.rows.saturating_mul(self.operand(0));
        self.floats(&[if self.training { most.max(input) } else { 0 }])
    }

    /// Empty states with room for a whole batch.
    pub fn states(&mut self) -> States {
        let mut states = States::default();
        for shape in self.network.states() {
            let mut of = |width: usize| self.floats(&[shape.levels, self.capacity.batch, width]);
            let (mut h, mut c) = (of(shape.hidden), of(shape.memory));
            h.clear();
            c.clear();
            states.layers.push(LayerState { h, c });
        }
        states
    }

    /// Room for the norms of every level and direction; the values come later, when they are wanted.
    pub fn hidden(&mut self) -> Vec<HiddenGradient> {
        let mut traces = Vec::new();
        for level in self.network.levels() {
            for side in 0..level.weights.len() {
                let mut norms = self.floats(&[self.capacity.steps]);
                norms.clear();
                let layer = self.network.states()[level.state].layer;
                let direction = level.direction(side);
                traces.push(HiddenGradient { layer, level: level.level, direction, norms, values: Vec::new() });
            }
        }
        traces
    }
}

/// Lengths of the scratch buffers, each as long as the neediest stage wants it.
#[derive(Default)]
struct Lens {
    strips: usize,
    panels: usize,
    start: usize,
    joined: usize,
    candidate: usize,
    projected: usize,
    held: usize,
    vectors: usize,
    gains: usize,
    sums: usize,
    projection_transposed: usize,
    recurrent_transposed: usize,
    candidate_transposed: usize,
    input_transposed: usize,
}

impl Lens {
    fn dense(&mut self, block: usize, operand: usize, units: usize) {
        grow(&mut self.strips, block, operand.max(units));
        grow(&mut self.start, 1, units.next_multiple_of(linalg::PANEL));
        grow(&mut self.panels, block, units.next_multiple_of(linalg::PANEL));
        grow(&mut self.input_transposed, 1, panels_len(units, operand));
    }

    fn level(&mut self, block: usize, operand: usize, level: &Level, Capacity { batch, rows, .. }: Capacity) {
        let shape = level.cell().shape();
        for inside in level.weights.iter().filter_map(|weights| weights.inside.as_ref()) {
            let [gains, sums] = inside.scratch();
            grow(&mut self.gains, 1, gains);
            grow(&mut self.sums, 1, sums);
        }
        let (hidden, units) = (level.hidden, level.units);
        let width = shape.gates.len() * hidden;
        grow(&mut self.strips, block, operand.max(width).max(units).max(level.operand()));
        // Of a step the input and the state side by side.
        grow(&mut self.strips, batch, operand.saturating_add(units));
        grow(&mut self.panels, block, width.max(units).next_multiple_of(linalg::PANEL));
        grow(&mut self.start, 1, width.next_multiple_of(linalg::PANEL));
        grow(&mut self.recurrent_transposed, 1, panels_len(shape.hidden.len() * hidden, units));
        grow(&mut self.input_transposed, 1, panels_len(shape.input.len() * hidden, operand));
        if operand > 0 && level.joins(&shape, batch, rows) {
            let columns = (shape.both().len() * hidden).next_multiple_of(linalg::PANEL);
            grow(&mut self.joined, operand.saturating_add(units), columns);
        }
        grow(&mut self.held, batch, level.held_width());
        grow(&mut self.vectors, shape.vectors_len(), hidden);
        if level.operand() > 0 {
            grow(&mut self.projected, batch, level.operand());
            grow(&mut self.projection_transposed, 1, panels_len(units, level.operand()));
        }
        if let Some(columns) = &shape.candidate {
            grow(&mut self.candidate, batch, hidden);
            grow(&mut self.candidate_transposed, 1, panels_len(columns.len() * hidden, hidden));
        }
    }
}

fn grow(len: &mut usize, rows: usize, columns: usize) {
    *len = (*len).max(rows.saturating_mul(columns));
}
