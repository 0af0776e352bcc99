//! The gradient of one batch: cut into shards, each through the network forward and back, added up in the fixed tree.
//! NOT: what is done with the gradient.

use super::pass::{Out, Pass};
use super::tree::{middle, nodes_within, part};
use super::truncated::Span;
use crate::data::batch::total_weight;
use crate::data::form::Form;
use crate::data::prepare::Part;
use crate::data::samples::Samples;
use crate::data::window::Window;
use crate::describe::run::{Checkpointing, Truncation};
use crate::error::Error;
use crate::evaluate::capacity;
use crate::memory::buffer;
use crate::metrics::{Plan, Sums};
use crate::update::Updater;
use rnn::{Capacity, DropoutKey, Extent, Network, Recount, Running, States};
use std::ops::Range;

/// The sum over a range of shards, all of one worker.
struct Node {
    worker: usize,
    shards: Range<usize>,
    gradient: Vec<f32>,
    sums: Sums,
}

/// One batch: which samples, from where, at which update.
pub struct Job<'a> {
    pub network: &'a Network,
    pub params: &'a [f32],
    pub samples: &'a dyn Samples,
    pub ids: &'a [u32],
    /// Of the random streams.
    pub seed: u64,
    /// Updates done.
    pub step: u64,
    /// Rows are numbered from here on, where batches of one update would have the same numbers.
    pub first_row: u64,
    /// Whether each shard begins from the state that it ended in.
    pub carry: bool,
    /// The steps of this update, where it is not all of them; and whether there are states before them.
    pub span: Option<Span>,
    pub goes_on: bool,
}

impl Job<'_> {
    pub fn key<'a>(&self, rows: &'a [u64]) -> Option<DropoutKey<'a>> {
        Some(DropoutKey { seed: self.seed, step: self.step, rows, whole: self.extent() })
    }

    /// Of the batch in all its shards, where it matters.
    fn extent(&self) -> Extent {
        if !(self.network.penalises_outputs() || self.network.penalises_vanishing()) {
            return Extent::default();
        }
        let rows = self.ids.iter().map(|&i| self.samples.steps(i as usize) as u64).sum();
        Extent { sequences: self.ids.len() as u64, rows }
    }
}

/// What a batch counts for among others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    /// Of its losses.
    pub weight: f64,
    pub sequences: u64,
}

/// How batches are gone through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ways {
    pub truncation: Option<Truncation>,
    pub checkpointing: Option<Checkpointing>,
}

pub struct Shards {
    division: Division,
    pass: Pass,
    truncation: Option<Truncation>,
    /// Of the batch at hand.
    pub size: Size,
    /// Those of all workers, from left to right: what others computed is copied into the memory that is here for it.
    nodes: Vec<Node>,
    /// Workers whose share of the batch is not in yet.
    missing: usize,
    /// One buffer a level of the tree below the nodes.
    scratch: Vec<(Vec<f32>, Sums)>,
    /// The states that the shards of the next batch begin from, when they are carried; in the order of the batch as it came.
    pub carried: Vec<Option<States>>,
    /// Those that the batch at hand ended in: carried once its update is made, so that what is saved before that is whole.
    pub ended: Vec<Option<States>>,
    /// Memory of states that are carried no further.
    spare: Vec<States>,
    /// Statistics of batch norms.
    running: Running,
}

/// Part `index` of `workers` computes its share of `shards`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    pub shards: usize,
    pub workers: usize,
    pub index: usize,
}

impl Division {
    /// The shards that `worker` computes.
    fn part(&self, worker: usize) -> Range<usize> {
        part(self.shards, self.workers, worker)
    }
}

impl Shards {
    /// `capacity` is that of one shard, of whole sequences.
    ///
    /// # Errors
    /// `MemoryError` when the arena does not fit.
    pub fn new(
        network: &Network,
        form: &Form,
        capacity: Capacity,
        division: Division,
        plan: Plan,
        ways: Ways,
    ) -> Result<Shards, Error> {
        let Division { shards, workers, index } = division;
        let length = network.table().len();
        let mut nodes = Vec::new();
        for worker in 0..workers {
            for shards in nodes_within(shards, &division.part(worker)) {
                nodes.push(Node { worker, shards, gradient: buffer(length)?, sums: Sums::new(&plan) });
            }
        }
        let own = nodes.iter().filter(|n| n.worker == index);
        let depth = own.map(|n| n.shards.len().next_power_of_two().trailing_zeros()).max().unwrap_or(0);
        Ok(Shards {
            division,
            pass: Pass::new(network, form, of_windows(capacity, ways.truncation), plan.clone(), ways.checkpointing)?,
            truncation: ways.truncation,
            size: Size::default(),
            nodes,
            missing: 0,
            scratch: (0..depth).map(|_| Ok((buffer(length)?, Sums::new(&plan)))).collect::<Result<_, Error>>()?,
            carried: vec![None; shards],
            ended: vec![None; shards],
            spare: Vec::with_capacity(shards),
            running: Running::new(network),
        })
    }

    /// Makes room for a batch of a source, which may be larger than any before.
    ///
    /// # Errors
    /// `MemoryError` when the arena does not fit.
    pub fn reserve(&mut self, network: &Network, part: &Part) -> Result<(), Error> {
        let needed = capacity(part, part.ids.len().div_ceil(self.division.shards));
        self.pass.reserve(network, of_windows(needed, self.truncation))?;
        self.reserve_labels(part)
    }

    /// Makes room for targets that are labels.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn reserve_labels(&mut self, part: &Part) -> Result<(), Error> {
        self.pass.reserve_labels(part)
    }

    /// Makes room for the states that `batch` sequences end in, so that a share has one form from the first update on.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn reserve_states(&mut self, network: &Network, batch: usize) -> Result<(), Error> {
        let shards = self.ended.len();
        for (shard, ended) in self.ended.iter_mut().enumerate() {
            // A shard without sequences has no states.
            let sequences = part(batch, shards, shard).len();
            if ended.as_ref().map_or(0, |states| states.sequences(network)) != sequences {
                *ended = match sequences {
                    0 => None,
                    n => Some(States::try_zeros(network, n).ok_or_else(|| no_states(network, n))?),
                };
            }
        }
        Ok(())
    }

    /// Sequences of the batch before, where their states are carried.
    pub fn carried_sequences(&self, network: &Network) -> usize {
        self.carried.iter().flatten().map(|states| states.sequences(network)).sum()
    }

    /// Computes this worker's share of a batch. `room` is as long as the parameters and lent: what it holds then has no meaning.
    pub fn compute(&mut self, job: &Job, form: &Form, room: &mut Vec<f32>) {
        std::mem::swap(&mut self.pass.room, room);
        let total = match &job.span {
            None => total_weight(job.samples, &mut job.ids.iter().copied(), form),
            Some(Span { start, counted, end, .. }) => {
                let window = Window { samples: job.samples, at: form.at, steps: *start..*end, counted: *counted };
                let active = job.ids.iter().copied().filter(|&id| job.samples.steps(id as usize) > *counted);
                total_weight(&window, &mut { active }, form)
            }
        };
        let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
        self.size = Size { weight: total, sequences: job.ids.len() as u64 };
        let Division { workers, index, .. } = self.division;
        let mut nodes = std::mem::take(&mut self.nodes);
        for node in nodes.iter_mut().filter(|n| n.worker == index) {
            self.node(job, scale, node.shards.clone(), &mut node.gradient, &mut node.sums, 0);
        }
        self.nodes = nodes;
        std::mem::swap(&mut self.pass.room, room);
        self.missing = workers - 1;
    }

    fn node(&mut self, job: &Job, scale: f64, node: Range<usize>, gradient: &mut [f32], sums: &mut Sums, depth: usize) {
        if node.len() == 1 {
            return self.leaf(job, scale, node.start, gradient, sums);
        }
        let middle = middle(&node);
        self.node(job, scale, node.start..middle, gradient, sums, depth + 1);
        let (mut right, mut of_right) = std::mem::take(&mut self.scratch[depth]);
        self.node(job, scale, middle..node.end, &mut right, &mut of_right, depth + 1);
        sums.add(&of_right);
        add(gradient, &right);
        self.scratch[depth] = (right, of_right);
    }

    fn leaf(&mut self, job: &Job, scale: f64, shard: usize, gradient: &mut [f32], sums: &mut Sums) {
        gradient.fill(0.0);
        sums.clear();
        let ids = &job.ids[part(job.ids.len(), self.division.shards, shard)];
        let carried = self.carried[shard].as_ref();
        let ended = &mut self.ended[shard];
        if ids.is_empty() {
            // What a larger batch left is none of this one's.
            if let Some(ended) = ended {
                ended.reset(job.network, ended.sequences(job.network));
            }
            return;
        }
        let out = Out { gradient, sums };
        match &job.span {
            None => {
                let ended = job.carry.then(|| ended.get_or_insert_with(|| States::zeros(job.network, 0)));
                self.pass.whole(job, scale, ids, out, carried.filter(|_| job.carry), ended);
            }
            Some(span) => {
                let ended = ended.as_mut().expect("reserved for windows");
                self.pass.window(job, span, scale, ids, out, carried.filter(|_| job.goes_on), ended);
            }
        }
    }

    /// All shards of a batch forward, whoever trains on them, for the statistics of batch norms; each from the state that it left
    /// in `states`, where there are such.
    pub fn recount(&mut self, job: &Job, mut states: Option<&mut [States]>, to: &mut Recount) {
        for shard in 0..self.division.shards {
            let ids = &job.ids[part(job.ids.len(), self.division.shards, shard)];
            if ids.is_empty() {
                continue;
            }
            match states.as_mut().map(|states| &mut states[shard]) {
                None => self.pass.recount(job, ids, None, None, to),
                Some(state) => {
                    let carried = std::mem::take(state);
                    *state = States::zeros(job.network, 0);
                    let before = Some(&carried).filter(|_| job.goes_on);
                    self.pass.recount(job, ids, before, Some(state), to);
                }
            }
        }
        to.batch();
    }

    /// Shows each piece of `worker`'s share of a batch, to be read where it is this worker's own and written where it is
    /// another's: gradients and sums of its nodes, and the states that its shards ended in where they are carried. Their
    /// lengths and their order are the same at each update and in each worker, so that they need no names.
    pub fn share(&mut self, worker: usize, visit: &mut dyn FnMut(&mut [f32])) {
        for node in self.nodes.iter_mut().filter(|n| n.worker == worker) {
            visit(&mut node.gradient);
            node.sums.words(visit);
        }
        for state in self.ended[self.division.part(worker)].iter_mut().flatten() {
            for layer in &mut state.layers {
                visit(&mut layer.h);
                visit(&mut layer.c);
            }
        }
    }

    /// Another worker's share is in.
    pub fn received(&mut self) {
        self.missing = self.missing.checked_sub(1).expect("a share that nobody waits for");
    }

    /// The next batch begins anew.
    pub fn begin_anew(&mut self) {
        self.spare.extend(self.carried.iter_mut().filter_map(Option::take));
    }

    /// The update is made: the next batch begins from the states that this one ended in.
    pub fn carry_on(&mut self) {
        for (carried, ended) in self.carried.iter_mut().zip(&self.ended) {
            if let Some(ended) = ended {
                carried.get_or_insert_with(|| self.spare.pop().unwrap_or_default()).copy_from(ended);
            }
        }
    }

    /// The final states of a shard that carries them, in the caller's order.
    pub fn final_states(&self, shard: usize) -> States {
        self.ended[shard].clone().unwrap_or_default()
    }

    /// Whether every shard is in.
    pub fn whole(&self) -> bool {
        self.missing == 0
    }

    /// The sum over all shards. Call when [`Shards::whole`]; the nodes are spent by it.
    pub fn total(&mut self) -> (&mut [f32], &Sums) {
        let root = 0..self.division.shards;
        let at = self.gathered(root);
        let Node { gradient, sums, .. } = &mut self.nodes[at];
        self.running.take(gradient);
        (gradient, sums)
    }

    /// The update is made: the running statistics of batch norms move to those of its batch.
    pub fn settle(&mut self, updater: &mut Updater, params: &mut [f32]) {
        updater.settle(&mut self.running, params);
    }

    /// Adds the nodes below `node` into the leftmost of them; its place.
    fn gathered(&mut self, node: Range<usize>) -> usize {
        if let Some(at) = self.nodes.iter().position(|n| n.shards == node) {
            return at;
        }
        let middle = middle(&node);
        let left = self.gathered(node.start..middle);
        let right = self.gathered(middle..node.end);
        let (before, after) = self.nodes.split_at_mut(right);
        before[left].sums.add(&after[0].sums);
        add(&mut before[left].gradient, &after[0].gradient);
        left
    }
}

fn add(to: &mut [f32], addend: &[f32]) {
    to.iter_mut().zip(addend).for_each(|(a, b)| *a += b);
}

/// What windows of batches take that would take `whole`.
fn of_windows(whole: Capacity, truncation: Option<Truncation>) -> Capacity {
    let steps = truncation.map_or(whole.steps, |t| t.k2.min(whole.steps));
    Capacity { batch: whole.batch, steps, rows: whole.rows.min(whole.batch.saturating_mul(steps)) }
}

fn no_states(network: &Network, sequences: usize) -> Error {
    let numbers = network.states().iter().map(|s| s.levels * (s.hidden + s.memory)).sum::<usize>();
    Error::memory("the states of a batch", numbers.saturating_mul(sequences).saturating_mul(size_of::<f32>()))
}
