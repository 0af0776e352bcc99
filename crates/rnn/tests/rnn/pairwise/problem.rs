//! One case: the loss of a network on a batch as a function of its parameters in f64, its gradient by the kernel, by naive and by
//! central differences.

use naive::difference::{central, relative_error};
use naive::{Cotangent, Output, Parameters, Sequence};
use rnn::losses::ctc::{Alignments, Ctc, Labels, ctc};
use rnn::losses::{Loss, Reads, Rows};
use rnn::{Checkpointed, LossSum, Network, Parameter, Reading, Recurrent, Role, Want, WeightForm, Workspace};

use super::masks;
use super::plan::Plan;
use crate::activity::penalty;
use crate::common::twin;
use crate::common::{Batch, Whole, assert_bits, key, parameters};
use crate::derived::made;
use crate::losses_through::{Given, given, own, twin_ctc, twin_of};
use crate::step_masks::KEY;

/// Of the largest element of a tensor: 32 bits carry 6e-8, and sums here run over some tens of terms.
pub const LIMIT: f64 = 1e-5;
const STEP: f64 = 1e-5;
/// Steps before a window.
const BEFORE: usize = 2;

pub struct Problem {
    network: Network,
    layer: Recurrent,
    loss: Loss,
    segments: Option<usize>,
    params: Vec<f32>,
    batch: Batch,
    given: Given,
    sequences: Vec<Sequence>,
    twin: naive::Network,
    /// The rows of each sequence among those of the output, by sorted position.
    rows: Vec<Vec<usize>>,
}

/// How far gradients are from differences, at most, relative to the largest element of each tensor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Errors {
    pub kernel: f64,
    pub naive: f64,
}

/// Why numbers say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// Differences change with the step: a kink of the loss or of a unit lies between the points.
    Kink,
    /// The gradient of a tensor is what saturated rows have left of one that is a thousand times as large elsewhere: p - 1 of a
    /// probability that is nearly 1 has lost its digits, in 32 bits. What is off is no more than these.
    Rounding,
}

/// Share of the largest gradient below which a tensor's may be lost, and how far off it is then, at most: some roundings of 6e-8
/// of the numbers that it is a difference of.
const LOST: f64 = 1e-3;
const ROUNDED: f64 = 1e-6;

fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |most, x| x.abs().max(most))
}

impl Problem {
    pub fn new(plan: &Plan, seed: u64) -> Problem {
        let network = plan.network();
        let params = parameters(&network, seed);
        let mut batch = Batch::random(&network, &plan.lengths, false, seed + 1);
        if plan.window.is_some() {
            batch.initial = Some(before(&network, &params, seed + 2));
        }
        let packing = &batch.packing;
        let every = network.at() == rnn::At::Every;
        let of = |p: usize| (0..packing.lengths[p]).map(|t| packing.row(t, p)).collect();
        let rows: Vec<Vec<usize>> = (0..packing.batch).map(|p| if every { of(p) } else { vec![p] }).collect();
        let count = if plan.loss.reads() == Reads::Labels { packing.batch } else { rows.concat().len() };
        let mut given = given(&plan.loss, count, seed + 3);
        for rows in rows.iter().filter(|_| every) {
            rows.iter().take(plan.window.unwrap_or(0)).for_each(|&row| given.weight[row] = 0.0);
        }
        let sequence = |p| masks::add(&network, &batch, KEY, p, twin::sequence(&network, &batch, p));
        let sequences = (0..packing.batch).map(sequence).collect();
        let twin = twin::network(&network, None);
        let (layer, loss, segments) = (plan.layer.clone(), plan.loss.clone(), plan.segments);
        Problem { layer, loss, segments, params, given, sequences, twin, rows, network, batch }
    }

    fn size(&self) -> usize {
        self.network.output_size()
    }

    /// The loss of what naive gives, with its gradient by the rows.
    fn total(&self, outputs: &[Output]) -> naive::Loss {
        let size = self.size();
        let count = self.rows.iter().map(Vec::len).sum::<usize>();
        if let Loss::Ctc(Ctc { blank, .. }) = self.loss {
            let outputs: Vec<Vec<f64>> = outputs.iter().map(|output| output.output.concat()).collect();
            let sequence = twin_ctc(&outputs, &self.given, blank);
            let mut gradient = vec![0.0; count * size];
            for (row, g) in self.rows.iter().flatten().zip(sequence.gradient.chunks(size)) {
                gradient[row * size..(row + 1) * size].copy_from_slice(g);
            }
            return naive::Loss { gradient, ..sequence };
        }
        let mut flat = vec![0.0; count * size];
        for (rows, output) in self.rows.iter().zip(outputs) {
            rows.iter().zip(&output.output).for_each(|(r, o)| flat[r * size..(r + 1) * size].copy_from_slice(o));
        }
        twin_of(&self.loss, &flat, &self.given)
    }

    /// Whether weights are made of the parameters.
    fn made(&self) -> bool {
        self.layer.weights != WeightForm::default()
    }

    /// The loss and what is penalised beside it.
    fn value(&self, params: &Parameters) -> f64 {
        let made = self.made().then(|| made(&self.network, params, (self.layer.weights.drop > 0.0).then_some(KEY)));
        let outputs = self.twin.forward(made.as_ref().unwrap_or(params), &self.sequences);
        let hidden: Vec<&naive::Rows> = outputs.iter().map(|output| &output.hidden[0]).collect();
        let loss = self.total(&outputs).mean();
        if self.layer.activity.is_none() { loss } else { loss + penalty(self.layer.activity, &hidden) }
    }

    /// By naive's way back.
    fn backward(&self, params: &Parameters) -> Parameters {
        let size = self.size();
        let gradient = self.total(&self.twin.forward(params, &self.sequences)).mean_gradient();
        let of = |rows: &Vec<usize>| Cotangent {
            output: rows.iter().map(|r| gradient[r * size..(r + 1) * size].to_vec()).collect(),
            states: Vec::new(),
        };
        let cotangents: Vec<Cotangent> = self.rows.iter().map(of).collect();
        self.twin.backward(params, &self.sequences, &cotangents).parameters
    }

    /// By the kernel, whole or in segments.
    fn kernel(&self) -> Vec<f32> {
        let Batch { packing, x, initial, .. } = &self.batch;
        let (params, x, initial) = (&self.params[..], x.view(), initial.as_ref());
        let dropout = Some(key(&self.batch, KEY));
        let mut ws = Workspace::new(&self.network, self.batch.capacity(), true).expect("memory");
        let mut grads = vec![0.0; params.len()];
        self.network.forward(params, packing, x, initial, dropout, &mut ws);
        let (output, gradient) = ws.output_and_gradient();
        self.descend(output, gradient);
        self.network.backward(params, packing, x, initial, dropout, &mut ws, &mut grads, Want::default());
        if let Some(every) = self.segments {
            let mut segments = Checkpointed::new(&self.network, self.batch.capacity(), every).expect("memory");
            let reading = Reading { params, packing, initial, dropout };
            let mut inputs = Whole { x, packing };
            let mut again = vec![0.0; params.len()];
            segments.forward(&self.network, reading, &mut inputs);
            let (output, gradient) = segments.output_and_gradient();
            self.descend(output, gradient);
            segments.backward(&self.network, reading, &mut inputs, &mut again, &mut vec![f32::NAN; params.len()]);
            assert_bits(&again, &grads, "segments and the whole");
        }
        grads
    }

    /// The gradient of the mean loss by the output.
    fn descend(&self, output: &[f32], gradient: &mut [f32]) {
        let mut sums = |scale: f64| -> LossSum {
            let given = &self.given;
            let Loss::Ctc(settings) = &self.loss else {
                return own(&self.loss, output, given, 0..given.weight.len(), scale, gradient);
            };
            let labels: Vec<i32> = given.labels.concat();
            let mut starts = vec![0];
            given.labels.iter().for_each(|l| starts.push(starts[starts.len() - 1] + l.len()));
            let targets = Labels { labels: &labels, starts: &starts };
            let rows = Rows { output, weight: Some(&given.weight), scale, gradient: Some(&mut *gradient) };
            ctc(rows, &self.batch.packing, targets, *settings, &mut Alignments::default())
        };
        let weight = sums(1.0).weight;
        sums(1.0 / weight);
    }

    /// Compares all three.
    ///
    /// # Errors
    /// Where these numbers say nothing, so that others are to be drawn.
    pub fn check(&self, what: &str) -> Result<Errors, Skipped> {
        let natural = twin::parameters(&self.network, &self.params);
        let kernel = twin::parameters(&self.network, &self.kernel());
        // Naive knows neither what makes weights nor what penalises outputs: these have differences alone.
        let known = !self.made() && self.layer.activity.is_none();
        let naive = if known { self.backward(&natural) } else { Parameters::new() };
        let mut worst = Errors::default();
        let most = kernel.values().map(|gradient| largest(gradient)).fold(0.0, f64::max);
        let learnt = |p: &&Parameter| !matches!(p.role, Role::Buffer(_));
        for name in self.network.table().entries().iter().filter(learnt).map(|p| &p.name) {
            let slopes = |step: f64| {
                let mut moved = natural.clone();
                central(&mut natural[name].clone(), step, |values| {
                    moved.insert(name.clone(), values.to_vec());
                    self.value(&moved)
                })
            };
            // Of small slopes rounding shows, which goes by 1 / step.
            let (mut step, mut expected) = (STEP, slopes(STEP));
            if expected.iter().all(|slope| slope.abs() < 1e-3) {
                step *= 10.0;
                expected = slopes(step);
            }
            let errors = Errors {
                kernel: relative_error(&kernel[name], &expected),
                naive: naive.get(name).map_or(0.0, |analytic| relative_error(analytic, &expected)),
            };
            if !(errors.kernel <= LIMIT && errors.naive <= LIMIT) {
                if relative_error(&slopes(step / 8.0), &expected) > LIMIT / 10.0 {
                    return Err(Skipped::Kink);
                }
                let off: Vec<f64> = kernel[name].iter().zip(&expected).map(|(k, e)| k - e).collect();
                let rounded = largest(&off) <= ROUNDED * most;
                if errors.naive <= LIMIT && largest(&expected) < LOST * most && rounded {
                    return Err(Skipped::Rounding);
                }
                panic!("{what}: {name} is off by {errors:?}");
            }
            worst.kernel = worst.kernel.max(errors.kernel);
            worst.naive = worst.naive.max(errors.naive);
        }
        Ok(worst)
    }

    /// Whether there is a gradient to compare.
    pub fn moves(&self) -> bool {
        self.kernel().iter().any(|&g| g != 0.0)
    }
}

/// The states after some steps of other sequences.
fn before(network: &Network, params: &[f32], seed: u64) -> rnn::States {
    let batch = Batch::random(network, &[BEFORE; 4], false, seed);
    let mut ws = Workspace::new(network, batch.capacity(), false).expect("memory");
    network.forward(params, &batch.packing, batch.x.view(), None, None, &mut ws);
    ws.final_states().clone()
}
