//! One shard of a batch, gathered from samples into the packed, time-major form that the network reads. Its buffers are
//! reserved once and kept from batch to batch.

use super::form::{Form, Input, Target};
use super::samples::Samples;
use crate::error::Error;
use crate::memory::room_for;
use crate::metrics::Sums;
use rnn::{At, Capacity, LayerState, LossSum, Packing, States, Values};

pub struct Batch {
    pub packing: Packing,
    form: Form,
    /// The samples, in sorted order.
    samples: Vec<usize>,
    /// Identity of each sorted position, for dropout masks.
    pub rows: Vec<u64>,
    lengths: Vec<usize>,
    values: Vec<f32>,
    tokens: Vec<u32>,
    targets: Vec<f32>,
    classes: Vec<i32>,
    weights: Vec<f32>,
    /// The states that the samples begin from, where they are given.
    initial: States,
    begun: bool,
    /// One prediction and its target in the user's units.
    user: Vec<f64>,
    truth: Vec<f64>,
}

impl Batch {
    /// With room for batches up to `room`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn new(form: &Form, room: Capacity) -> Result<Batch, Error> {
        let width = if let Target::Values(size) = form.target { size } else { 0 };
        let mut batch = Batch {
            packing: Packing::default(),
            form: form.clone(),
            samples: Vec::new(),
            rows: Vec::new(),
            lengths: Vec::new(),
            values: Vec::new(),
            tokens: Vec::new(),
            targets: Vec::new(),
            classes: Vec::new(),
            weights: Vec::new(),
            initial: States { layers: vec![LayerState::default(); form.states.len()] },
            begun: false,
            user: vec![0.0; width],
            truth: vec![0.0; width],
        };
        batch.reserve(room)?;
        Ok(batch)
    }

    /// Makes room for batches up to `room`, so that gathering one allocates nothing: but for weights and initial states,
    /// which few data have, and which the first batch with them makes room for.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn reserve(&mut self, room: Capacity) -> Result<(), Error> {
        let Capacity { batch, steps, rows } = room;
        let outputs = if self.form.at == At::Every { rows } else { batch };
        let (values, tokens) = match self.form.input {
            Input::Values(size) => (rows.saturating_mul(size), 0),
            Input::Tokens(_) => (0, rows),
        };
        let (targets, classes) = match self.form.target {
            Target::Values(size) => (outputs.saturating_mul(size), 0),
            Target::Classes(_) => (0, outputs),
        };
        let Packing { order, lengths, sizes, offsets, .. } = &mut self.packing;
        room_for(&mut self.values, values)?;
        room_for(&mut self.tokens, tokens)?;
        room_for(&mut self.targets, targets)?;
        room_for(&mut self.classes, classes)?;
        room_for(&mut self.samples, batch)?;
        room_for(&mut self.lengths, batch)?;
        room_for(&mut self.rows, batch)?;
        room_for(order, batch)?;
        room_for(lengths, batch)?;
        room_for(sizes, steps)?;
        room_for(offsets, steps.saturating_add(1))
    }

    /// Gathers inputs alone.
    pub fn gather_inputs(&mut self, from: &dyn Samples, samples: &[u32]) {
        self.lengths.clear();
        self.lengths.extend(samples.iter().map(|&i| from.steps(i as usize)));
        self.packing.set(&self.lengths);
        self.samples.clear();
        self.samples.extend(self.packing.order.iter().map(|&at| samples[at as usize] as usize));
        self.rows.clear();
        self.rows.extend(self.samples.iter().map(|&i| i as u64));

        match self.form.input {
            Input::Values(size) => {
                self.values.resize(self.packing.rows * size, 0.0);
                let Packing { steps, sizes, offsets, .. } = &self.packing;
                for t in 0..*steps {
                    let rows = &mut self.values[offsets[t] * size..offsets[t + 1] * size];
                    from.inputs(&self.samples[..sizes[t]], t, rows, size);
                }
            }
            Input::Tokens(_) => {
                self.tokens.clear();
                for t in 0..self.packing.steps {
                    let active = &self.samples[..self.packing.sizes[t]];
                    self.tokens.extend(active.iter().map(|&sample| from.token(sample, t)));
                }
            }
        }
        self.gather_initial(from);
    }

    /// Gathers inputs, targets and weights.
    pub fn gather(&mut self, from: &dyn Samples, samples: &[u32]) {
        self.gather_inputs(from, samples);
        let (mut targets, mut classes) = (std::mem::take(&mut self.targets), std::mem::take(&mut self.classes));
        let mut weights = std::mem::take(&mut self.weights);
        weights.clear();
        match self.form.target {
            Target::Values(size) => {
                targets.resize(self.outputs() * size, 0.0);
                let mut rows = targets.chunks_exact_mut(size);
                self.each_output(|sample, t| from.target(sample, t, rows.next().expect("a row for each output")));
            }
            Target::Classes(_) => {
                classes.clear();
                self.each_output(|sample, t| classes.push(from.class(sample, t)));
            }
        }
        if from.weighted() {
            self.each_output(|sample, t| weights.push(from.weight(sample, t)));
        }
        (self.targets, self.classes, self.weights) = (targets, classes, weights);
    }

    fn gather_initial(&mut self, from: &dyn Samples) {
        self.begun = from.initial(self.samples[0], 0).is_some();
        if !self.begun {
            return;
        }
        let batch = self.samples.len();
        for (k, (shape, state)) in self.form.states.iter().zip(&mut self.initial.layers).enumerate() {
            let length = shape.levels * batch * shape.hidden;
            state.h.resize(length, 0.0);
            state.c.resize(if shape.cell { length } else { 0 }, 0.0);
            for (at, &sample) in self.samples.iter().enumerate() {
                let (h, c) = from.initial(sample, k).expect("given for every layer");
                for level in 0..shape.levels {
                    let to = (level * batch + at) * shape.hidden..(level * batch + at + 1) * shape.hidden;
                    let part = level * shape.hidden..(level + 1) * shape.hidden;
                    state.h[to.clone()].copy_from_slice(&h[part.clone()]);
                    if shape.cell {
                        state.c[to].copy_from_slice(&c[part]);
                    }
                }
            }
        }
    }

    /// Rows of the network's output: one a sample, or one a step.
    pub fn outputs(&self) -> usize {
        match self.form.at {
            At::Last => self.packing.batch,
            At::Every => self.packing.rows,
        }
    }

    /// Calls back for each output row in its order, with its sample and step.
    pub fn each_output(&self, mut call: impl FnMut(usize, usize)) {
        match self.form.at {
            At::Last => self.samples.iter().for_each(|&sample| call(sample, 0)),
            At::Every => {
                for t in 0..self.packing.steps {
                    self.samples[..self.packing.sizes[t]].iter().for_each(|&sample| call(sample, t));
                }
            }
        }
    }

    pub fn input(&self) -> Values<'_> {
        match self.form.input {
            Input::Values(_) => Values::Values(&self.values),
            Input::Tokens(_) => Values::Tokens(&self.tokens),
        }
    }

    pub fn initial(&self) -> Option<&States> {
        self.begun.then_some(&self.initial)
    }

    /// The loss of an output and, when asked for, the gradient of `scale` times its sum.
    pub fn loss(&self, output: &[f32], scale: f64, gradient: Option<&mut [f32]>) -> LossSum {
        let weights = (!self.weights.is_empty()).then_some(self.weights.as_slice());
        match self.form.target {
            Target::Values(_) => rnn::losses::mse(output, &self.targets, weights, scale, gradient),
            Target::Classes(_) => rnn::losses::cross_entropy(output, &self.classes, weights, scale, gradient),
        }
    }

    /// Adds what metrics need to know of each prediction.
    pub fn measure(&mut self, from: &dyn Samples, output: &[f32], sums: &mut Sums) {
        let mut at = 0;
        match self.form.target {
            Target::Values(size) => {
                let (mut user, mut truth) = (std::mem::take(&mut self.user), std::mem::take(&mut self.truth));
                self.each_output(|sample, t| {
                    let weight = self.weights.get(at).copied().unwrap_or(1.0);
                    if weight != 0.0 {
                        from.restore(sample, t, &output[at * size..][..size], &mut user, &mut truth);
                        sums.errors(f64::from(weight), &user, &truth);
                    }
                    at += 1;
                });
                (self.user, self.truth) = (user, truth);
            }
            Target::Classes(n) => {
                for (row, &class) in output.chunks_exact(n).zip(&self.classes) {
                    let weight = self.weights.get(at).copied().unwrap_or(1.0);
                    if class >= 0 && weight != 0.0 {
                        sums.hit(f64::from(weight), linalg::largest(row) == class as usize);
                    }
                    at += 1;
                }
            }
        }
    }
}

/// Weight of a batch's loss: of each target element (values) or target (classes) that is not masked.
pub fn total_weight(from: &dyn Samples, samples: &mut dyn Iterator<Item = u32>, form: &Form) -> f64 {
    let mut total = 0.0;
    for sample in samples {
        let sample = sample as usize;
        let steps = if form.at == At::Every { from.steps(sample) } else { 1 };
        total += match form.target {
            Target::Values(size) if !from.weighted() => (steps * size) as f64,
            Target::Values(size) => (0..steps).map(|t| f64::from(from.weight(sample, t)) * size as f64).sum(),
            Target::Classes(_) => {
                let unmasked = (0..steps).filter(|&t| from.class(sample, t) >= 0);
                unmasked.map(|t| f64::from(from.weight(sample, t))).sum()
            }
        };
    }
    total
}
