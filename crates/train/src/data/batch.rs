//! One shard of a batch, gathered from samples into the packed, time-major form that the network reads. Its buffers are
//! reserved once and kept from batch to batch.

use super::form::{Form, Target};
use super::inputs::{Gathered, Read};
use super::prepare::Part;
use super::samples::Samples;
use crate::error::Error;
use crate::memory::room_for;
use crate::metrics::edits::edits;
use crate::metrics::{Plan, Sums};
use rnn::losses::ctc::{Alignments, Ctc, Labels, ctc, greedy};
use rnn::losses::{Rows, Targets};
use rnn::{At, Capacity, Inputs, LayerState, Loss, LossSum, Packing, States, Values};

pub struct Batch {
    pub packing: Packing,
    form: Form,
    /// The samples, in sorted order.
    samples: Vec<usize>,
    /// Identity of each sorted position, for dropout masks.
    pub rows: Vec<u64>,
    lengths: Vec<usize>,
    inputs: Gathered,
    targets: Vec<f32>,
    /// One for each target, or the labels of one sequence after the other, which begin at `starts`.
    classes: Vec<i32>,
    starts: Vec<usize>,
    weights: Vec<f32>,
    /// The states that the samples begin from, where they are given.
    initial: States,
    begun: bool,
    /// One prediction in the network's units, and in the user's with its target.
    point: Vec<f32>,
    user: Vec<f64>,
    truth: Vec<f64>,
    /// Labels that were read of one sequence, and how far they are from its own.
    read: Vec<i32>,
    distances: Vec<usize>,
}

/// What a network reads of a batch.
pub struct Parts<'a> {
    pub packing: &'a Packing,
    /// Identity of each sorted position, for dropout masks.
    pub rows: &'a [u64],
    /// The states that the samples begin from, where they are given.
    pub initial: Option<&'a States>,
    pub inputs: Read<'a>,
}

impl Batch {
    /// With room for batches up to `room`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn new(form: &Form, room: Capacity) -> Result<Batch, Error> {
        Batch::read_in_parts(form, room, room.rows)
    }

    /// With room for batches up to `room`, of whose inputs so many rows are there at a time.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn read_in_parts(form: &Form, room: Capacity, rows: usize) -> Result<Batch, Error> {
        let width = if let Target::Values(size) = form.target { size } else { 0 };
        let mut batch = Batch {
            packing: Packing::default(),
            form: form.clone(),
            samples: Vec::new(),
            rows: Vec::new(),
            lengths: Vec::new(),
            inputs: Gathered::new(form.input),
            targets: Vec::new(),
            classes: Vec::new(),
            starts: Vec::new(),
            weights: Vec::new(),
            initial: States { layers: vec![LayerState::default(); form.states.len()] },
            begun: false,
            point: vec![0.0; width],
            user: vec![0.0; width],
            truth: vec![0.0; width],
            read: Vec::new(),
            distances: Vec::new(),
        };
        batch.reserve(room, rows)?;
        Ok(batch)
    }

    /// Makes room for batches up to `room` and so many rows of their inputs, so that gathering one allocates nothing: but for weights
    /// and initial states, which few data have, and which the first batch with them makes room for.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn reserve(&mut self, room: Capacity, read: usize) -> Result<(), Error> {
        let Capacity { batch, steps, rows } = room;
        let outputs = if self.form.at == At::Every { rows } else { batch };
        let targets = outputs.saturating_mul(self.form.target.width());
        let (classes, starts) = match self.form.target {
            Target::Values(_) | Target::Distributions(_) => (0, 0),
            Target::Classes(_) => (outputs, 0),
            // Of labels there are no more than steps, but where such as cannot be are left aside: those make room as they come.
            Target::Labels(_) => (rows, batch.saturating_add(1)),
        };
        let Packing { order, lengths, sizes, offsets, .. } = &mut self.packing;
        self.inputs.reserve(read)?;
        room_for(&mut self.targets, targets)?;
        room_for(&mut self.classes, classes)?;
        room_for(&mut self.starts, starts)?;
        if let Loss::Own(own) = &self.form.loss {
            own.reserve(outputs).map_err(|_| Error::memory("the data", outputs.saturating_mul(size_of::<f32>())))?;
        }
        room_for(&mut self.samples, batch)?;
        room_for(&mut self.lengths, batch)?;
        room_for(&mut self.rows, batch)?;
        room_for(order, batch)?;
        room_for(lengths, batch)?;
        room_for(sizes, steps)?;
        room_for(offsets, steps.saturating_add(1))
    }

    /// Sorts samples, whose inputs may then be read ([`Batch::parts`]).
    pub fn sort(&mut self, from: &dyn Samples, samples: &[u32]) {
        self.lengths.clear();
        self.lengths.extend(samples.iter().map(|&i| from.steps(i as usize)));
        self.packing.set(&self.lengths);
        self.samples.clear();
        self.samples.extend(self.packing.order.iter().map(|&at| samples[at as usize] as usize));
        self.rows.clear();
        self.rows.extend(self.samples.iter().map(|&i| i as u64));
        self.inputs.steps = 0..0;
        self.gather_initial(from);
    }

    /// Gathers inputs alone.
    pub fn gather_inputs(&mut self, from: &dyn Samples, samples: &[u32]) {
        self.sort(from, samples);
        let steps = 0..self.packing.steps;
        self.parts(from).inputs.of(steps);
    }

    /// Gathers inputs, targets and weights.
    pub fn gather(&mut self, from: &dyn Samples, samples: &[u32]) {
        self.gather_inputs(from, samples);
        self.gather_targets(from);
    }

    /// Gathers targets and weights of the samples that are sorted.
    pub fn gather_targets(&mut self, from: &dyn Samples) {
        let (mut targets, mut classes) = (std::mem::take(&mut self.targets), std::mem::take(&mut self.classes));
        let mut weights = std::mem::take(&mut self.weights);
        weights.clear();
        match self.form.target {
            Target::Values(size) | Target::Distributions(size) => {
                targets.resize(self.outputs() * size, 0.0);
                let mut rows = targets.chunks_exact_mut(size);
                self.each_output(|sample, t| from.target(sample, t, rows.next().expect("a row for each output")));
            }
            Target::Classes(_) => {
                classes.clear();
                self.each_output(|sample, t| classes.push(from.class(sample, t)));
            }
            Target::Labels(_) => {
                classes.clear();
                self.starts.clear();
                self.starts.push(0);
                for &sample in &self.samples {
                    classes.extend_from_slice(from.labels(sample));
                    self.starts.push(classes.len());
                }
            }
        }
        if from.weighted() && self.form.each_step() {
            self.each_output(|sample, t| weights.push(from.weight(sample, t)));
        } else if from.weighted() {
            weights.extend(self.samples.iter().map(|&sample| from.weight(sample, 0)));
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
            state.h.resize(shape.levels * batch * shape.hidden, 0.0);
            state.c.resize(shape.levels * batch * shape.memory, 0.0);
            for (at, &sample) in self.samples.iter().enumerate() {
                let (h, c) = from.initial(sample, k).expect("given for every layer");
                for level in 0..shape.levels {
                    for (to, from, width) in [(&mut state.h, h, shape.hidden), (&mut state.c, c, shape.memory)] {
                        to[(level * batch + at) * width..][..width].copy_from_slice(&from[level * width..][..width]);
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

    /// The inputs that were gathered last.
    pub fn input(&self) -> Values<'_> {
        self.inputs.values()
    }

    /// What a network reads, once samples are sorted; inputs are gathered as they are asked for.
    pub fn parts<'a>(&'a mut self, from: &'a dyn Samples) -> Parts<'a> {
        let Batch { packing, samples, rows, inputs, initial, begun, .. } = self;
        Parts { packing, rows, initial: begun.then_some(initial), inputs: Read { from, packing, samples, inputs } }
    }

    pub fn initial(&self) -> Option<&States> {
        self.begun.then_some(&self.initial)
    }

    /// The loss of an output and, when asked for, the gradient of `scale` times its sum.
    /// `memory` is for sums over alignments, which CTC alone has.
    pub fn loss(&self, output: &[f32], scale: f64, gradient: Option<&mut [f32]>, memory: &mut Alignments) -> LossSum {
        let weight = (!self.weights.is_empty()).then_some(self.weights.as_slice());
        let rows = Rows { output, weight, scale, gradient };
        let targets = match self.form.target {
            Target::Values(_) => Targets::Numbers(&self.targets),
            Target::Classes(_) => Targets::Classes(&self.classes),
            Target::Distributions(classes) => Targets::Distributions(&self.targets, classes),
            Target::Labels(_) => {
                let Loss::Ctc(settings) = self.form.loss else { unreachable!("what reads labels") };
                let targets = Labels { labels: &self.classes, starts: &self.starts };
                return ctc(rows, &self.packing, targets, settings, memory);
            }
        };
        self.form.loss.sum(rows, targets)
    }

    /// Makes room for the labels of a part's samples, and the sums over their alignments.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn reserve_labels(&mut self, part: &Part, batch: usize, memory: &mut Alignments) -> Result<(), Error> {
        let Target::Labels(classes) = self.form.target else { return Ok(()) };
        let (mut longest, mut most) = (0, 0);
        for sample in part.ids.iter().map(|i| i as usize) {
            let (steps, labels) = (part.samples.steps(sample), part.samples.labels(sample).len());
            (longest, most) = (longest.max(labels), most.max(steps));
            let bytes = Alignments::size(steps, labels, classes).saturating_mul(8);
            memory.reserve(steps, labels, classes).map_err(|_| Error::memory("the alignments", bytes))?;
        }
        room_for(&mut self.read, most)?;
        room_for(&mut self.distances, longest + 1)?;
        room_for(&mut self.classes, longest.saturating_mul(batch))
    }

    /// Adds what metrics need to know of each prediction.
    pub fn measure(&mut self, from: &dyn Samples, output: &[f32], plan: &Plan, sums: &mut Sums) {
        let weight = |at: usize| f64::from(self.weights.get(at).copied().unwrap_or(1.0));
        let rows = (0..self.outputs()).filter(|&at| weight(at) != 0.0);
        match self.form.target {
            Target::Values(size) => {
                let width = size * self.form.loss.outputs();
                let binary = matches!(self.form.loss, Loss::Binary(_));
                let (mut user, mut truth) = (std::mem::take(&mut self.user), std::mem::take(&mut self.truth));
                let (mut point, mut at) = (std::mem::take(&mut self.point), 0);
                self.each_output(|sample, t| {
                    let weight = f64::from(self.weights.get(at).copied().unwrap_or(1.0));
                    if weight != 0.0 {
                        let row = &output[at * width..][..width];
                        self.form.loss.point(row, &mut point);
                        from.restore(sample, t, &point, &mut user, &mut truth);
                        plan.numbers(sums, weight, &user, &truth);
                        if binary {
                            plan.binary(sums, weight, row, &self.targets[at * size..][..size]);
                        }
                    }
                    at += 1;
                });
                (self.point, self.user, self.truth) = (point, user, truth);
            }
            Target::Classes(n) => {
                for at in rows.filter(|&at| self.form.loss.counts(self.classes[at])) {
                    plan.class(sums, weight(at), &output[at * n..][..n], self.classes[at] as usize);
                }
            }
            Target::Distributions(n) => {
                for at in rows {
                    let class = linalg::largest(&self.targets[at * n..][..n]);
                    plan.class(sums, weight(at), &output[at * n..][..n], class);
                }
            }
            Target::Labels(n) => self.measure_labels(output, n, plan, sums),
        }
    }

    /// What is read of the likeliest alignment, against the labels.
    fn measure_labels(&mut self, output: &[f32], classes: usize, plan: &Plan, sums: &mut Sums) {
        let Loss::Ctc(Ctc { blank, .. }) = self.form.loss else { unreachable!("what reads labels") };
        for position in 0..self.packing.batch {
            let weight = self.weights.get(position).copied().unwrap_or(1.0);
            if weight != 0.0 {
                let row = |t| &output[self.packing.row(t, position) * classes..][..classes];
                self.read.clear();
                let steps = 0..self.packing.lengths[position];
                greedy(steps.map(|t| linalg::largest(row(t))), blank, &mut self.read);
                let labels = &self.classes[self.starts[position]..self.starts[position + 1]];
                let apart = edits(&self.read, labels, &mut self.distances);
                plan.edits(sums, f64::from(weight), apart, labels.len());
            }
        }
    }
}

/// Weight of a batch's loss: of each element (numbers) or target (classes) that is not masked.
pub fn total_weight(from: &dyn Samples, samples: &mut dyn Iterator<Item = u32>, form: &Form) -> f64 {
    let mut total = 0.0;
    let each = form.loss.row_weight(form.target.width());
    for sample in samples {
        let sample = sample as usize;
        let steps = if form.each_step() { from.steps(sample) } else { 1 };
        total += match form.target {
            Target::Classes(_) => {
                let weights = (0..steps).map(|t| (t, form.loss.class_weight(from.class(sample, t))));
                let unmasked = weights.filter(|(_, of_class)| *of_class > 0.0);
                unmasked.map(|(t, of_class)| f64::from(from.weight(sample, t)) * of_class).sum()
            }
            _ if !from.weighted() => steps as f64 * each,
            _ => (0..steps).map(|t| f64::from(from.weight(sample, t)) * each).sum(),
        };
    }
    total
}
