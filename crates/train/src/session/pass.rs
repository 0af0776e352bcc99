//! One shard of a batch forward and back: its gradient and sums, whole or a window of it, and the states it ends in. NOT: which
//! shards, what is done with the gradient.

use super::engine::Engine;
use super::shards::Job;
use super::truncated::Span;
use crate::data::batch::{Batch, Parts};
use crate::data::form::Form;
use crate::data::inputs::Read;
use crate::data::prepare::Part;
use crate::data::samples::Samples;
use crate::data::window::Window;
use crate::describe::run::Checkpointing;
use crate::error::Error;
use crate::metrics::{Plan, Sums};
use rnn::losses::ctc::Alignments;
use rnn::{Capacity, Network, Reading, Recount, States};
use std::ops::Range;

pub struct Pass {
    engine: Engine,
    checkpointing: Option<Checkpointing>,
    capacity: Capacity,
    batch: Batch,
    alignments: Alignments,
    /// What is counted of predictions.
    plan: Plan,
    /// States in the order of the batch; and those that a window leaves, in the shard's order.
    initial: States,
    left: States,
    /// Of a window: the sequences that are not over, by their place in the shard, and as samples.
    active: Vec<u32>,
    ids: Vec<u32>,
    /// As long as the parameters, lent while a batch is gone through.
    pub room: Vec<f32>,
}

/// What comes of a shard: the gradient is added to, the sums are of nothing before.
pub struct Out<'a> {
    pub gradient: &'a mut [f32],
    pub sums: &'a mut Sums,
}

impl Pass {
    /// # Errors
    /// `MemoryError` when the arena does not fit.
    pub fn new(
        network: &Network,
        form: &Form,
        capacity: Capacity,
        plan: Plan,
        checkpointing: Option<Checkpointing>,
    ) -> Result<Pass, Error> {
        let none = || States { layers: vec![rnn::LayerState::default(); network.states().len()] };
        let engine = Engine::new(network, capacity, checkpointing)?;
        let rows = engine.rows(capacity);
        Ok(Pass {
            engine,
            checkpointing,
            capacity,
            batch: Batch::read_in_parts(form, capacity, rows)?,
            alignments: Alignments::default(),
            plan,
            initial: none(),
            left: none(),
            active: Vec::with_capacity(capacity.batch),
            ids: Vec::with_capacity(capacity.batch),
            room: Vec::new(),
        })
    }

    /// Makes room for more than any batch so far had.
    ///
    /// # Errors
    /// `MemoryError` when the arena does not fit.
    pub fn reserve(&mut self, network: &Network, needed: Capacity) -> Result<(), Error> {
        let have = self.capacity;
        if needed.batch > have.batch || needed.steps > have.steps || needed.rows > have.rows {
            let capacity = Capacity {
                batch: needed.batch.max(have.batch),
                steps: needed.steps.max(have.steps),
                rows: needed.rows.max(have.rows),
            };
            // First the old one goes, so that both are never there together.
            self.capacity = Capacity { batch: 0, steps: 0, rows: 0 };
            self.engine = Engine::new(network, self.capacity, self.checkpointing)?;
            self.engine = Engine::new(network, capacity, self.checkpointing)?;
            self.batch.reserve(capacity, self.engine.rows(capacity))?;
            self.capacity = capacity;
        }
        Ok(())
    }

    /// Makes room for targets that are labels.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn reserve_labels(&mut self, part: &Part) -> Result<(), Error> {
        self.batch.reserve_labels(part, self.capacity.batch, &mut self.alignments)
    }

    /// Sequences `ids` from their first step to their last; `carried` are states to begin from, `ended` takes those at the end,
    /// both in the order of `ids`. The gradient of `scale` times the loss is added to `gradient`.
    pub fn whole(
        &mut self,
        job: &Job,
        scale: f64,
        ids: &[u32],
        out: Out,
        carried: Option<&States>,
        ended: Option<&mut States>,
    ) {
        self.batch.sort(job.samples, ids);
        self.batch.rows.iter_mut().for_each(|row| *row += job.first_row);
        self.take(job.network, carried);
        self.train(job, job.samples, scale, out, carried.is_some());
        self.give(job.network, ended);
    }

    /// As [`Pass::whole`], forward alone, for the statistics of batch norms.
    pub fn recount(
        &mut self,
        job: &Job,
        ids: &[u32],
        carried: Option<&States>,
        ended: Option<&mut States>,
        to: &mut Recount,
    ) {
        self.batch.sort(job.samples, ids);
        self.take(job.network, carried);
        let Pass { engine, batch, initial, .. } = self;
        let (of, mut inputs) = reading(job, job.samples, batch, carried.map(|_| &*initial));
        engine.forward(job.network, of, &mut inputs);
        engine.recount(job.network, of, to);
        self.give(job.network, ended);
    }

    /// States that the gathered sequences begin from, in the caller's order.
    fn take(&mut self, network: &Network, carried: Option<&States>) {
        if let Some(carried) = carried {
            let order = &self.batch.packing.order;
            self.initial.reset(network, order.len());
            let rows = order.iter().enumerate().map(|(to, &from)| (from as usize, to));
            self.initial.copy_rows(network, carried, rows);
        }
    }

    /// Those that they end in, likewise.
    fn give(&self, network: &Network, ended: Option<&mut States>) {
        if let Some(ended) = ended {
            let order = &self.batch.packing.order;
            ended.reset(network, order.len());
            let rows = order.iter().enumerate().map(|(from, &to)| (from, to as usize));
            ended.copy_rows(network, self.engine.final_states(), rows);
        }
    }

    /// As [`Pass::whole`], of a window; `carried` are the states after `span.from` steps, `ended` takes those after
    /// `span.next` of the sequences that go on, and the last ones of those that are over.
    #[expect(clippy::too_many_arguments, reason = "those of whole, and the window")]
    pub fn window(
        &mut self,
        job: &Job,
        span: &Span,
        scale: f64,
        ids: &[u32],
        out: Out,
        carried: Option<&States>,
        ended: &mut States,
    ) {
        let network = job.network;
        let view =
            |steps: Range<usize>| Window { samples: job.samples, at: network.at(), steps, counted: span.counted };
        self.active.clear();
        self.ids.clear();
        for (place, &id) in ids.iter().enumerate() {
            if job.samples.steps(id as usize) > span.counted {
                self.active.push(place as u32);
                self.ids.push(id);
            }
        }
        // Where nothing is carried from batch to batch, what is before the first step is not a state that was left: it may be
        // a learned one, which has its gradient.
        let mut known = carried.is_some() && (job.carry || span.from > 0);
        match carried {
            Some(carried) => ended.copy_from(carried),
            // Nor is what another batch left of sequences that this one does not have.
            None => ended.reset(network, ended.sequences(network)),
        }
        if self.active.is_empty() {
            return;
        }
        // Up to the window, forward alone.
        let mut done = span.from;
        while done < span.start {
            let to = span.start.min(done + span.most);
            self.go(job, &view(done..to), known.then_some(&*ended));
            ended.copy_rows(network, self.engine.final_states(), places(&self.batch, &self.active));
            (known, done) = (true, to);
        }
        // The state that the next window begins from, where it begins before the end of this one.
        let overlap = span.next < span.end;
        if overlap && span.next > span.start {
            self.go(job, &view(span.start..span.next), known.then_some(&*ended));
            self.left.reset(network, ids.len());
            self.left.copy_rows(network, self.engine.final_states(), places(&self.batch, &self.active));
        }
        let window = view(span.start..span.end);
        self.batch.sort(&window, &self.ids);
        self.begin(network, known.then_some(&*ended));
        self.train(job, &window, scale, out, known);
        let over = |to: &usize| job.samples.steps(ids[*to] as usize) <= span.end;
        let rows = places(&self.batch, &self.active);
        if overlap && span.next > span.start {
            let going = rows.clone().filter(|(_, to)| !over(to)).map(|(_, to)| (to, to));
            ended.copy_rows(network, &self.left, going);
        } else if overlap && !known {
            // Still before their first step.
            self.initial.begin(network, job.params, self.active.len());
            let first = self.batch.initial().unwrap_or(&self.initial);
            ended.copy_rows(network, first, rows.clone());
        }
        let done = rows.filter(|(_, to)| !overlap || over(to));
        ended.copy_rows(network, self.engine.final_states(), done);
    }

    /// Forward alone, as in training.
    fn go(&mut self, job: &Job, window: &Window, states: Option<&States>) {
        self.batch.sort(window, &self.ids);
        self.begin(job.network, states);
        let Pass { engine, batch, initial, .. } = self;
        let (of, mut inputs) = reading(job, window, batch, states.map(|_| &*initial));
        engine.forward(job.network, of, &mut inputs);
    }

    /// The states of the active sequences in the order of the batch.
    fn begin(&mut self, network: &Network, states: Option<&States>) {
        if let Some(states) = states {
            self.initial.reset(network, self.active.len());
            self.initial.copy_rows(network, states, places(&self.batch, &self.active).map(|(at, place)| (place, at)));
        }
    }

    /// Forward and back through the batch as it is gathered.
    fn train(&mut self, job: &Job, samples: &dyn Samples, scale: f64, out: Out, carried: bool) {
        let Pass { engine, batch, alignments, plan, initial, room, .. } = self;
        let states = carried.then_some(&*initial);
        let (of, mut inputs) = reading(job, samples, batch, states);
        engine.forward(job.network, of, &mut inputs);
        batch.gather_targets(samples);
        let (output, output_gradient) = engine.output_and_gradient();
        let loss = batch.loss(output, scale, Some(output_gradient), alignments);
        out.sums.set_loss(loss.sum, loss.weight);
        let (of, mut inputs) = reading(job, samples, batch, states);
        engine.backward(job.network, of, &mut inputs, out.gradient, room);
        if plan.reads_predictions() {
            // The way back leaves the prediction as it is.
            batch.measure(samples, engine.output(), plan, out.sums);
        }
    }
}

/// The batch as it is sorted, from these states, or from those that came with it.
fn reading<'a>(
    job: &Job<'a>,
    samples: &'a dyn Samples,
    batch: &'a mut Batch,
    states: Option<&'a States>,
) -> (Reading<'a>, Read<'a>) {
    let Parts { packing, rows, initial, inputs } = batch.parts(samples);
    (Reading { params: job.params, packing, initial: states.or(initial), dropout: job.key(rows) }, inputs)
}

/// Each row of the batch with its sequence's place in the shard.
fn places<'a>(batch: &'a Batch, active: &'a [u32]) -> impl Iterator<Item = (usize, usize)> + Clone + 'a {
    batch.packing.order.iter().enumerate().map(|(row, &at)| (row, active[at as usize] as usize))
}
