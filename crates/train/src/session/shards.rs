//! The gradient of one batch: cut into shards, each through the network forward and back, added up in the fixed tree.
//! NOT: what is done with the gradient.

use super::tree::{middle, nodes_within, part};
use crate::data::batch::{Batch, total_weight};
use crate::data::form::Form;
use crate::data::prepare::Part;
use crate::data::samples::Samples;
use crate::error::Error;
use crate::evaluate::{capacity, workspace};
use crate::memory::buffer;
use crate::metrics::{Plan, Sums};
use crate::unpack::{self, Place};
use rnn::losses::ctc::Alignments;
use rnn::{Capacity, DropoutKey, Network, States, Want, Workspace};
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
    /// Whether each shard begins from the state that it ended in.
    pub carry: bool,
}

impl Job<'_> {
    fn key<'a>(&self, rows: &'a [u64]) -> Option<DropoutKey<'a>> {
        Some(DropoutKey { seed: self.seed, step: self.step, rows })
    }
}

pub struct Shards {
    division: Division,
    workspace: Workspace,
    capacity: Capacity,
    batch: Batch,
    alignments: Alignments,
    /// Those of all workers, from left to right: what others computed is copied into the memory that is here for it.
    nodes: Vec<Node>,
    /// Workers whose share of the batch is not in yet.
    missing: usize,
    /// One buffer a level of the tree below the nodes.
    scratch: Vec<(Vec<f32>, Sums)>,
    /// What is counted of predictions.
    plan: Plan,
    /// The states that the shards of the next batch begin from, when they are carried.
    pub carried: Vec<Option<States>>,
    /// Those that the batch at hand ended in: carried once its update is made, so that what is saved before that is whole.
    pub ended: Vec<Option<States>>,
    /// Memory of states that are carried no further.
    spare: Vec<States>,
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
    /// `capacity` is that of one shard.
    ///
    /// # Errors
    /// `MemoryError` when the arena does not fit.
    pub fn new(
        network: &Network,
        form: &Form,
        capacity: Capacity,
        division: Division,
        plan: Plan,
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
            workspace: workspace(network, capacity, true)?,
            capacity,
            batch: Batch::new(form, capacity)?,
            alignments: Alignments::default(),
            nodes,
            missing: 0,
            scratch: (0..depth).map(|_| Ok((buffer(length)?, Sums::new(&plan)))).collect::<Result<_, Error>>()?,
            plan,
            carried: vec![None; shards],
            ended: vec![None; shards],
            spare: Vec::with_capacity(shards),
        })
    }

    /// Makes room for a batch of a source, which may be larger than any before.
    ///
    /// # Errors
    /// `MemoryError` when the arena does not fit.
    pub fn reserve(&mut self, network: &Network, part: &Part) -> Result<(), Error> {
        let needed = capacity(part, part.ids.len().div_ceil(self.division.shards));
        let have = self.capacity;
        if needed.batch > have.batch || needed.steps > have.steps || needed.rows > have.rows {
            let capacity = Capacity {
                batch: needed.batch.max(have.batch),
                steps: needed.steps.max(have.steps),
                rows: needed.rows.max(have.rows),
            };
            // First the old one goes, so that both are never there together.
            self.capacity = Capacity { batch: 0, steps: 0, rows: 0 };
            self.workspace = workspace(network, self.capacity, true)?;
            self.workspace = workspace(network, capacity, true)?;
            self.batch.reserve(capacity)?;
            self.capacity = capacity;
        }
        self.reserve_labels(part)
    }

    /// Makes room for targets that are labels.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn reserve_labels(&mut self, part: &Part) -> Result<(), Error> {
        self.batch.reserve_labels(part, self.capacity.batch, &mut self.alignments)
    }

    /// Makes room for the states that `batch` sequences end in, so that a share has one form from the first update on.
    pub fn reserve_states(&mut self, network: &Network, batch: usize) {
        let shards = self.ended.len();
        for (shard, ended) in self.ended.iter_mut().enumerate() {
            // A shard without sequences has no states.
            *ended = Some(part(batch, shards, shard).len()).filter(|&n| n > 0).map(|n| States::zeros(network, n));
        }
    }

    /// Computes this worker's share of a batch.
    pub fn compute(&mut self, job: &Job, form: &Form) {
        let total = total_weight(job.samples, &mut job.ids.iter().copied(), form);
        let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
        let Division { workers, index, .. } = self.division;
        let mut nodes = std::mem::take(&mut self.nodes);
        for node in nodes.iter_mut().filter(|n| n.worker == index) {
            self.node(job, scale, node.shards.clone(), &mut node.gradient, &mut node.sums, 0);
        }
        self.nodes = nodes;
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
        if ids.is_empty() {
            return;
        }
        let Shards { workspace, batch, alignments, carried, ended, plan, .. } = self;
        batch.gather(job.samples, ids);
        let (network, params, packing, input) = (job.network, job.params, &batch.packing, batch.input());
        let initial = carried[shard].as_ref().filter(|_| job.carry).or(batch.initial());
        network.forward(params, packing, input, initial, job.key(&batch.rows), workspace);
        let (output, output_gradient) = workspace.output_and_gradient();
        let loss = batch.loss(output, scale, Some(output_gradient), alignments);
        sums.set_loss(loss.sum, loss.weight);
        if job.carry {
            ended[shard].get_or_insert_default().copy_from(workspace.final_states());
        }
        network.backward(params, packing, input, initial, job.key(&batch.rows), workspace, gradient, Want::default());
        if plan.reads_predictions() {
            // The way back leaves the prediction as it is.
            batch.measure(job.samples, workspace.output(), plan, sums);
        }
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
    pub fn final_states(&self, network: &Network, shard: usize) -> States {
        let packing = &self.batch.packing;
        let mut end = States::zeros(network, packing.batch);
        let place = Place { start: 0, batch: packing.batch, steps: packing.steps };
        if let Some(states) = &self.ended[shard] {
            unpack::states(network, packing, states, place, &mut end);
        }
        end
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
        (gradient, sums)
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
