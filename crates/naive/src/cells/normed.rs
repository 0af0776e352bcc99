//! Norms inside cells, N with a gain for each number:
//!
//! ```text
//! LSTM  sums = b_ih + b_hh + gain_ih ∘ N(W_ih x) + gain_hh ∘ N(W_hh h₋)      h = o ∘ tanh(gain_c ∘ N(c) + bias_c)
//! GRU   the same sums, those of r and z normalised together, those of n by themselves (reset after the product)
//! rnn   h = f(b_ih + b_hh + gain ∘ N(W_ih x + W_hh h₋))
//! ```
//! | N over | source |
//! |---|---|
//! | the numbers of a row, around their mean or (RMS, without bias_c) around 0 | Ba, Kiros and Hinton 2016 (arXiv:1607.06450); Zhang and Sennrich 2019 (arXiv:1910.07467) |
//! | each number over the sequences at a step; where these are not to be gone by, or there is but one, by the running statistics of the step | Cooijmans et al. 2017 (arXiv:1603.09025) |
//!
//! The statistics of a direction are `running_mean` and `running_var`, a row for each step with the numbers of the input's
//! product, the state's and the memory; steps after the last row go by it, steps that were never seen
//! (`num_batches_tracked`) by the last before them that was.

use super::lstm::{Lstm, project, project_back};
use super::{Memory, Step, Weights, kept_of};
use crate::algebra::{add, add_outer, affine, sigmoid, times, transposed};
use crate::norms::{Norm, NormKind, Statistics};
use crate::parameters::read;
use crate::{CellKind, Parameters, Recurrent, Reset, Rows};

/// A norm inside a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellNorm {
    pub kind: Inner,
    pub epsilon: f64,
}

/// Over what is normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inner {
    Layer,
    Rms,
    /// Whether the batch is gone by; else the running statistics.
    Batch {
        training: bool,
    },
}

impl CellNorm {
    /// Names of gains and shift, and their lengths in H.
    pub fn vectors(&self, cell: CellKind) -> Vec<(&'static str, usize)> {
        let gates = cell.gates();
        match cell {
            CellKind::Rnn { .. } => vec![("gain", 1)],
            CellKind::Gru { .. } => vec![("gain_ih", gates), ("gain_hh", gates)],
            _ if self.kind == Inner::Rms => vec![("gain_ih", gates), ("gain_hh", gates), ("gain_c", 1)],
            _ => vec![("gain_ih", gates), ("gain_hh", gates), ("gain_c", 1), ("bias_c", 1)],
        }
    }
}

/// All sequences at one step of one direction of one level.
pub struct Normed<'a> {
    spec: &'a Recurrent,
    norm: CellNorm,
    w: &'a Weights,
    /// Those of the step.
    running: Option<Statistics>,
    /// Of each sequence at hand.
    masks: Vec<Masks<'a>>,
}

/// What acts on one sequence at the step; empty: nothing.
#[derive(Clone, Copy)]
pub struct Masks<'a> {
    /// What the candidate is multiplied with.
    pub candidate: &'a [f64],
    /// What the state before is multiplied with in the recurrent product.
    pub recurrent: &'a [f64],
}

/// Numbers that are normalised, by the index of their gain among the cell's vectors.
#[derive(Clone, Copy)]
struct Part {
    gain: usize,
    bias: Option<usize>,
    /// First of them among those with statistics.
    at: usize,
}

impl<'a> Normed<'a> {
    /// At step `t` of the direction of `suffix`.
    pub fn new(
        spec: &'a Recurrent,
        norm: CellNorm,
        w: &'a Weights,
        at: (&Parameters, &str, usize),
        masks: Vec<Masks<'a>>,
    ) -> Normed<'a> {
        let running = matches!(norm.kind, Inner::Batch { .. }).then(|| {
            let (params, suffix, t) = at;
            let width = match spec.cell {
                CellKind::Rnn { .. } => spec.hidden_size,
                _ => (2 * spec.cell.gates() + usize::from(spec.cell.has_memory())) * spec.hidden_size,
            };
            let name = |kind: &str| format!("{}{kind}_{suffix}", spec.prefix());
            let count = &params[&name("num_batches_tracked")];
            let last = t.min(count.len() - 1);
            let row = (0..=last).rev().find(|&t| count[t] > 0.0).unwrap_or(0);
            let of = |kind: &str| read(params, &name(kind), count.len() * width)[row * width..][..width].to_vec();
            Statistics { mean: of("running_mean"), variance: of("running_var") }
        });
        Normed { spec, norm, w, running, masks }
    }

    /// The steps of these sequences.
    pub fn forward(&self, x: &Rows, before: &[Memory]) -> Vec<Step> {
        let (of_x, of_h) = self.products(x, before);
        let step = |b: usize, kept: Vec<f64>, h: Vec<f64>, c: Vec<f64>| Step {
            x: x[b].clone(),
            before: before[b].clone(),
            kept,
            after: Memory { h, c },
        };
        if let CellKind::Rnn { activation } = self.spec.cell {
            let sums = self.normal(self.parts()[0], &sum(&of_x, &of_h));
            let h = |row: &Vec<f64>| self.biased(row).into_iter().map(|a| activation.apply(a)).collect();
            return sums.iter().enumerate().map(|(b, row)| step(b, Vec::new(), h(row), Vec::new())).collect();
        }
        let [input, state, ..] = self.parts()[..] else { panic!("two products") };
        let (of_x, of_h) = (self.normal(input, &of_x), self.normal(state, &of_h));
        if matches!(self.spec.cell, CellKind::Gru { .. }) {
            let each = (0..x.len()).map(|b| {
                let (of_x, of_h) = (plus(&of_x[b], &self.w.bias_ih), plus(&of_h[b], &self.w.bias_hh));
                let (kept, h) = mix(&of_x, &of_h, &before[b].h, self.masks[b].candidate);
                step(b, kept, h, Vec::new())
            });
            return each.collect();
        }
        let lstm = self.lstm();
        let gates = |b: usize| {
            let sums = self.biased(&plus(&of_x[b], &of_h[b]));
            lstm.gates(self.w, &sums, &before[b].c, self.masks[b].candidate)
        };
        let (gates, memories): (Vec<Vec<f64>>, Rows) = (0..x.len()).map(gates).unzip();
        let shown = self.normal(self.parts()[2], &memories);
        let each = gates.into_iter().zip(memories).zip(shown).enumerate().map(|(b, ((kept, c), shown))| {
            let h = project(self.w, &self.given(&kept, &shown), before[b].h.len());
            step(b, kept, h, c)
        });
        each.collect()
    }

    /// The same steps back: dL/dx and dL/d(state before) of each.
    pub fn backward(&self, steps: &[&Step], d: &[Memory], dw: &mut Weights) -> Vec<(Vec<f64>, Memory)> {
        let x: Rows = steps.iter().map(|step| step.x.clone()).collect();
        let before: Vec<Memory> = steps.iter().map(|step| step.before.clone()).collect();
        let (of_x, of_h) = self.products(&x, &before);
        // Gradients of both products, and what else there is of the state before.
        let (d_x, d_h, rest): (Rows, Rows, Vec<Memory>) = match self.spec.cell {
            CellKind::Rnn { activation } => {
                let da = |(step, d): (&&Step, &Memory)| -> Vec<f64> {
                    d.h.iter().zip(&step.after.h).map(|(d, h)| d * activation.slope(*h)).collect()
                };
                let da: Rows = steps.iter().zip(d).map(da).collect();
                self.of_biases(&da, &da, dw);
                let dz = self.normal_back(self.parts()[0], &sum(&of_x, &of_h), &da, dw);
                let none = vec![Memory { h: vec![0.0; self.spec.units()], c: Vec::new() }; x.len()];
                (dz.clone(), dz, none)
            }
            CellKind::Gru { .. } => {
                let each = steps.iter().zip(d).zip(&self.masks);
                let each = each.map(|((step, d), masks)| unmix(&step.kept, &step.before.h, &d.h, masks.candidate));
                let (mut d_x, mut d_h, mut rest) = (Rows::new(), Rows::new(), Vec::new());
                for (x, h, direct) in each {
                    d_x.push(x);
                    d_h.push(h);
                    rest.push(Memory { h: direct, c: Vec::new() });
                }
                self.of_biases(&d_x, &d_h, dw);
                self.of_products((&of_x, &of_h), (&d_x, &d_h), rest, dw)
            }
            _ => {
                let (da, rest) = self.lstm_back(steps, d, dw);
                self.of_biases(&da, &da, dw);
                self.of_products((&of_x, &of_h), (&da, &da), rest, dw)
            }
        };
        let each = rest.into_iter().enumerate().map(|(b, mut rest)| {
            add_outer(&mut dw.ih, &d_x[b], &x[b]);
            add_outer(&mut dw.hh, &d_h[b], &self.seen(b, &before[b].h));
            add(&mut rest.h, &self.seen(b, &transposed(&self.w.hh, &d_h[b])));
            (transposed(&self.w.ih, &d_x[b]), rest)
        });
        each.collect()
    }

    /// Gradients of the sums, and of the memory before.
    fn lstm_back(&self, steps: &[&Step], d: &[Memory], dw: &mut Weights) -> (Rows, Vec<Memory>) {
        let (lstm, n) = (self.lstm(), self.spec.hidden_size);
        let memories: Rows = steps.iter().map(|step| step.after.c.clone()).collect();
        let shown = self.normal(self.parts()[2], &memories);
        let (mut of_o, mut d_shown) = (Rows::new(), Rows::new());
        for ((step, d), shown) in steps.iter().zip(d).zip(&shown) {
            let dh = project_back(self.w, &self.given(&step.kept, shown), &d.h, dw);
            let (o, t): (&[f64], Vec<f64>) = (&step.kept[3 * n..4 * n], shown.iter().map(|c| libm::tanh(*c)).collect());
            of_o.push((0..n).map(|j| dh[j] * t[j] * o[j] * (1.0 - o[j])).collect());
            d_shown.push((0..n).map(|j| dh[j] * o[j] * (1.0 - t[j] * t[j])).collect());
        }
        let d_memories = self.normal_back(self.parts()[2], &memories, &d_shown, dw);
        let each = steps.iter().zip(d).enumerate().map(|(b, (step, d))| {
            let (da, c) =
                lstm.gates_back(self.w, step, &of_o[b], &plus(&d.c, &d_memories[b]), self.masks[b].candidate, dw);
            (da, Memory { h: vec![0.0; self.spec.units()], c })
        });
        each.unzip()
    }

    /// What the recurrent product reads of a state of sequence b; of a gradient, what comes back of its.
    fn seen(&self, b: usize, h: &[f64]) -> Vec<f64> {
        let mask = self.masks[b].recurrent;
        if mask.is_empty() { h.to_vec() } else { times(h, mask) }
    }

    /// `W_ih x` and `W_hh h₋`.
    fn products(&self, x: &Rows, before: &[Memory]) -> (Rows, Rows) {
        let of = |matrix: &[f64], v: &[f64]| affine(matrix, v, &vec![0.0; matrix.len() / v.len()]);
        let of_h = before.iter().enumerate().map(|(b, before)| of(&self.w.hh, &self.seen(b, &before.h))).collect();
        (x.iter().map(|x| of(&self.w.ih, x)).collect(), of_h)
    }

    fn of_products(
        &self,
        (of_x, of_h): (&Rows, &Rows),
        (d_x, d_h): (&Rows, &Rows),
        rest: Vec<Memory>,
        dw: &mut Weights,
    ) -> (Rows, Rows, Vec<Memory>) {
        let [input, state, ..] = self.parts()[..] else { panic!("two products") };
        (self.normal_back(input, of_x, d_x, dw), self.normal_back(state, of_h, d_h, dw), rest)
    }

    fn of_biases(&self, d_x: &Rows, d_h: &Rows, dw: &mut Weights) {
        d_x.iter().for_each(|d| add(&mut dw.bias_ih, d));
        d_h.iter().for_each(|d| add(&mut dw.bias_hh, d));
    }

    fn biased(&self, sums: &[f64]) -> Vec<f64> {
        plus(&plus(sums, &self.w.bias_ih), &self.w.bias_hh)
    }

    /// `o ∘ tanh` of the normalised memory.
    fn given(&self, kept: &[f64], shown: &[f64]) -> Vec<f64> {
        let n = shown.len();
        (0..n).map(|j| kept[3 * n + j] * libm::tanh(shown[j])).collect()
    }

    fn lstm(&self) -> Lstm {
        match self.spec.cell {
            CellKind::Lstm => Lstm { peepholes: false, coupled: false },
            CellKind::LstmVariant { peepholes, coupled } => Lstm { peepholes, coupled },
            CellKind::Gru { reset: Reset::Before } => panic!("no norms in a GRU with the reset before the product"),
            other => panic!("no norms in {other:?}"),
        }
    }

    /// Of both products, or their sum; and of the memory.
    fn parts(&self) -> Vec<Part> {
        let own = self.spec.cell.vectors().len();
        let rows = self.spec.cell.gates() * self.spec.hidden_size;
        let part = |gain: usize, bias: Option<usize>, at: usize| Part { gain: own + gain, bias, at };
        match self.spec.cell {
            CellKind::Rnn { .. } => vec![part(0, None, 0)],
            CellKind::Gru { .. } => vec![part(0, None, 0), part(1, None, rows)],
            _ => {
                let bias = (self.norm.kind != Inner::Rms).then_some(own + 3);
                vec![part(0, None, 0), part(1, None, rows), part(2, bias, 2 * rows)]
            }
        }
    }

    /// Each stretch of numbers that are normalised together, as a norm with its parameters.
    fn stretches(&self, part: Part, sequences: usize) -> Vec<(usize, Norm, Parameters)> {
        let gain = &self.w.own[part.gain];
        let n = self.spec.hidden_size;
        let split = matches!(self.spec.cell, CellKind::Gru { .. });
        let lengths = if split { vec![2 * n, n] } else { vec![gain.len()] };
        let mut first = 0;
        let stretch = |len: usize| {
            let range = first..first + len;
            first += len;
            let kind = match self.norm.kind {
                Inner::Layer => NormKind::Layer { bias: true },
                Inner::Rms => NormKind::Rms,
                Inner::Batch { training } => {
                    let fixed = !training || sequences == 1;
                    let running = self.running.as_ref().filter(|_| fixed).map(|s| Statistics {
                        mean: s.mean[part.at..][range.clone()].to_vec(),
                        variance: s.variance[part.at..][range.clone()].to_vec(),
                    });
                    NormKind::Batch { running }
                }
            };
            let bias = part.bias.map_or(vec![0.0; len], |bias| self.w.own[bias].clone());
            let params = [("norm.weight".to_owned(), gain[range.clone()].to_vec()), ("norm.bias".to_owned(), bias)];
            (range.start, Norm { kind, epsilon: self.norm.epsilon, name: "norm".to_owned() }, params.into())
        };
        lengths.into_iter().map(stretch).collect()
    }

    /// Gain times the normalised rows, shifted.
    fn normal(&self, part: Part, z: &Rows) -> Rows {
        let mut y = vec![Vec::new(); z.len()];
        for (first, norm, params) in self.stretches(part, z.len()) {
            let len = params["norm.weight"].len();
            let some: Rows = z.iter().map(|z| z[first..first + len].to_vec()).collect();
            y.iter_mut().zip(&norm.forward(&params, &[some])[0]).for_each(|(y, some)| y.extend(some));
        }
        y
    }

    /// dL/dz from dL/dy; adds those of gain and shift.
    fn normal_back(&self, part: Part, z: &Rows, dy: &Rows, dw: &mut Weights) -> Rows {
        let mut dz = vec![Vec::new(); z.len()];
        for (first, norm, params) in self.stretches(part, z.len()) {
            let len = params["norm.weight"].len();
            let cut = |rows: &Rows| -> Rows { rows.iter().map(|row| row[first..first + len].to_vec()).collect() };
            let mut sums: Parameters = params.keys().map(|name| (name.clone(), vec![0.0; len])).collect();
            let back = norm.backward(&params, &[cut(z)], &[cut(dy)], &mut sums);
            dz.iter_mut().zip(&back[0]).for_each(|(dz, some)| dz.extend(some));
            add(&mut dw.own[part.gain][first..first + len], &sums["norm.weight"]);
            if let Some(bias) = part.bias {
                add(&mut dw.own[bias], &sums["norm.bias"]);
            }
        }
        dz
    }
}

/// A GRU from what its gates have of input and state: r, z, n and n's share of the state; h.
fn mix(of_x: &[f64], of_h: &[f64], h: &[f64], mask: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let n = h.len();
    let gate = |j: usize| sigmoid(of_x[j] + of_h[j]);
    let (r, z): (Vec<f64>, Vec<f64>) = ((0..n).map(gate).collect(), (n..2 * n).map(gate).collect());
    let candidate: Vec<f64> = (0..n).map(|j| libm::tanh(of_x[2 * n + j] + r[j] * of_h[2 * n + j])).collect();
    let after = (0..n).map(|j| (1.0 - z[j]) * kept_of(mask, j) * candidate[j] + z[j] * h[j]).collect();
    ([&r, &z, &candidate, &of_h[2 * n..]].concat(), after)
}

/// Gradients of both, and what of h does not go through them.
fn unmix(kept: &[f64], h: &[f64], d: &[f64], mask: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let n = h.len();
    let (r, z, candidate, of_h) = (&kept[..n], &kept[n..2 * n], &kept[2 * n..3 * n], &kept[3 * n..]);
    let da_n: Vec<f64> =
        (0..n).map(|j| d[j] * (1.0 - z[j]) * kept_of(mask, j) * (1.0 - candidate[j] * candidate[j])).collect();
    let da_z: Vec<f64> =
        (0..n).map(|j| d[j] * (h[j] - kept_of(mask, j) * candidate[j]) * z[j] * (1.0 - z[j])).collect();
    let da_r: Vec<f64> = (0..n).map(|j| da_n[j] * of_h[j] * r[j] * (1.0 - r[j])).collect();
    ([&da_r[..], &da_z, &da_n].concat(), [&da_r[..], &da_z, &times(&da_n, r)].concat(), times(d, z))
}

fn plus(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut sum = a.to_vec();
    add(&mut sum, b);
    sum
}

fn sum(a: &Rows, b: &Rows) -> Rows {
    a.iter().zip(b).map(|(a, b)| plus(a, b)).collect()
}
