//! Norms inside recurrent cells, with a gain for each number:
//!
//! ```text
//! LSTM  sums = b_ih + b_hh + gain_ih ∘ N(W_ih x) + gain_hh ∘ N(W_hh h')      h = o ∘ tanh(gain_c ∘ N(c) + bias_c)
//! GRU   the same sums; those of r and z are normalised together, those of n by themselves; the reset is after the product
//! rnn   h = f(b_ih + b_hh + gain ∘ N(W_ih x + W_hh h'))
//! ```
//! | N over | source | file |
//! |---|---|---|
//! | the numbers of a row | Ba, Kiros and Hinton 2016 (arXiv:1607.06450), equations 4 and 20 to 22; Zhang and Sennrich 2019 (arXiv:1910.07467) | [`rows`] |
//! | each number over the sequences at a step | Cooijmans et al. 2017 (arXiv:1603.09025), equations 6 to 8 | [`batch`] |
//!
//! The biases stand outside the norms, so that the papers' shifts of both products are `b_ih` and `b_hh`. The time loop makes the
//! products apart and the cell knows nothing of them; a memory is normalised between two halves of the cell
//! ([`crate::cells::Cell::output`]). Nothing here is touched for a layer without such norms.

mod batch;
mod rows;

use std::ops::Range;

use crate::cells::cell;
use crate::params::{Buffer, Owner, ParameterTable, Role};
use crate::spec::{CellKind, NetworkError, Recurrent};

/// A norm inside a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellNorm {
    pub kind: CellNormKind,
    /// Added to the variance.
    pub epsilon: f64,
}

/// Over what a cell normalises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CellNormKind {
    /// The numbers of a row, around their mean.
    Layer,
    /// The same around 0, and the memory without a shift.
    Rms,
    /// Each number over the sequences of the batch that have the step. `momentum`: the share by which running mean and variance
    /// move to a batch's. `max_steps`: steps with statistics of their own; later ones go with the last.
    Batch { momentum: f64, max_steps: usize },
}

impl CellNorm {
    /// Whether it has statistics of each step by its number.
    pub(crate) fn counts(self) -> bool {
        matches!(self.kind, CellNormKind::Batch { .. })
    }

    /// What gains start at.
    pub(crate) fn gain(self) -> f32 {
        // Cooijmans et al. 2017, section 4: with 1 the gradient through tanh vanishes.
        if self.counts() { 0.1 } else { 1.0 }
    }

    /// Why `layer` cannot have it, if it cannot.
    pub(crate) fn refuses(self, layer: &Recurrent) -> Option<&'static str> {
        let cell = match layer.cell {
            CellKind::Lstm | CellKind::LstmVariant { .. } | CellKind::Rnn { .. } => "",
            CellKind::Gru { reset: crate::Reset::After } => "",
            CellKind::Gru { .. } => "expected a GRU with the reset after the product",
            CellKind::MinGru | CellKind::MinLstm | CellKind::Lru => "expected an LSTM, a GRU or an rnn",
        };
        let sound = self.epsilon > 0.0 && self.epsilon.is_finite();
        match self.kind {
            _ if !cell.is_empty() => Some(cell),
            _ if !sound => Some("expected an epsilon above 0"),
            CellNormKind::Batch { momentum, .. } if !(0.0..=1.0).contains(&momentum) => {
                Some("expected a momentum from 0 to 1")
            }
            CellNormKind::Batch { max_steps: 0, .. } => Some("expected statistics of a step or more"),
            _ => None,
        }
    }
}

/// The norms of one direction of one level.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    pub norm: CellNorm,
    /// Of the input's product and the state's, or of their sum alone.
    pub products: Vec<Part>,
    pub memory: Option<Part>,
    /// Numbers of all parts in a row.
    width: usize,
    /// Lengths of all stretches.
    stretches: usize,
    /// Running mean and variance `[max_steps, width]`, the gates of each part in their natural order; batches seen `[max_steps]`.
    pub buffers: Option<[Range<usize>; 3]>,
}

/// Numbers of a row that have a norm of their own.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Which of [`Normals::parts`] they are kept in.
    pub place: usize,
    pub width: usize,
    /// First gate column, in numbers, that they are added to.
    pub column: usize,
    /// First of them among those of all parts.
    at: usize,
    /// Lengths of what is normalised together in a row, and the first of these among those of all parts.
    stretches: Vec<usize>,
    first: usize,
    /// For each piece of `unit` numbers where it stands among those of the part in their natural order, by gates.
    natural: Vec<usize>,
    unit: usize,
    /// Where gains and shifts stand among the parameters.
    gain: usize,
    shift: Option<usize>,
}

/// What is kept from forward to backward; empty without norms inside.
#[derive(Debug, Default)]
pub(crate) struct Normals {
    /// `[rows, width]` of each part: its numbers, then the normalised ones, at last gradients of its numbers.
    pub parts: [Vec<f32>; 3],
    /// Factors 1/√(v + ε) `[rows, stretches]`; of a batch norm mean, variance and factor of each step `[steps, 3, width]`.
    pub kept: Vec<f32>,
}

/// Memory of a step.
#[derive(Debug, Default)]
pub(crate) struct NormScratch {
    /// Gains of all parts in the order of their numbers, then the shifts of the memory.
    pub gains: Vec<f32>,
    /// Of a batch norm: two sums for each number.
    pub sums: Vec<f64>,
}

/// One step of a part.
#[derive(Clone, Copy)]
pub(crate) struct At {
    /// The first row that is kept, and of a batch norm the step.
    pub row: usize,
    pub step: usize,
    /// Sequences.
    pub n: usize,
    /// Whether a batch norm goes by these.
    pub batch: bool,
    /// Steps of the sequences before this one.
    pub t: usize,
}

impl Inside {
    /// Lays out gains, shift and statistics.
    pub fn new(
        layer: &Recurrent,
        norm: CellNorm,
        suffix: &str,
        owner: &Owner,
        table: &mut ParameterTable,
    ) -> Result<Inside, NetworkError> {
        let shape = cell(layer.cell).shape();
        let hidden = layer.hidden_size;
        let mut inside = Inside { norm, products: Vec::new(), memory: None, width: 0, stretches: 0, buffers: None };
        // The natural gate of each column.
        let input: Vec<usize> = shape.gates[shape.input.clone()].iter().filter_map(|gate| gate.ih).collect();
        let state: Vec<usize> = shape.gates[shape.hidden.clone()].iter().filter_map(|gate| gate.hh).collect();
        if let CellKind::Rnn { .. } = layer.cell {
            let part = inside.part(0, 0, &[1], &input, ("gain", suffix), hidden, (owner, table))?;
            inside.products.push(part);
        } else {
            let gru = matches!(layer.cell, CellKind::Gru { .. });
            let all = [input.len()];
            let (of_input, of_state): (&[usize], &[usize]) = if gru { (&[1, 2], &[2, 1]) } else { (&all, &all) };
            let part = inside.part(0, 0, of_input, &input, ("gain_ih", suffix), hidden, (owner, table))?;
            inside.products.push(part);
            let column = shape.hidden.start * hidden;
            let part = inside.part(1, column, of_state, &state, ("gain_hh", suffix), hidden, (owner, table))?;
            inside.products.push(part);
        }
        if shape.memory > 0 {
            let mut part = inside.part(2, 0, &[1], &[0], ("gain_c", suffix), hidden, (owner, table))?;
            if norm.kind != CellNormKind::Rms {
                part.shift = Some(table.plain(owner, &format!("bias_c_{suffix}"), Role::Bias, &[hidden], 1)?.start);
            }
            inside.memory = Some(part);
        }
        if let CellNormKind::Batch { max_steps, .. } = norm.kind {
            let fixed = Owner { layer: owner.layer, name: owner.name, trainable: false };
            let mut buffer = |name: &str, buffer: Buffer, shape: &[usize]| {
                let place = table.plain(&fixed, &format!("{name}_{suffix}"), Role::Buffer(buffer), shape, 1)?;
                Ok(place.start..place.start + shape.iter().product::<usize>())
            };
            inside.buffers = Some([
                buffer("running_mean", Buffer::Mean, &[max_steps, inside.width])?,
                buffer("running_var", Buffer::Variance, &[max_steps, inside.width])?,
                buffer("num_batches_tracked", Buffer::Count, &[max_steps])?,
            ]);
        }
        Ok(inside)
    }

    /// A part of the natural `gates`, in stretches of so many of them.
    #[expect(clippy::too_many_arguments, reason = "what a part is made of")]
    fn part(
        &mut self,
        place: usize,
        column: usize,
        stretches: &[usize],
        gates: &[usize],
        (name, suffix): (&str, &str),
        unit: usize,
        (owner, table): (&Owner, &mut ParameterTable),
    ) -> Result<Part, NetworkError> {
        let width = gates.len() * unit;
        let gain = table.plain(owner, &format!("{name}_{suffix}"), Role::Gain, &[width], gates.len())?.start;
        let part = Part {
            place,
            width,
            column,
            at: self.width,
            stretches: stretches.iter().map(|n| n * unit).collect(),
            first: self.stretches,
            natural: gates.iter().map(|gate| gate * unit).collect(),
            unit,
            gain,
            shift: None,
        };
        self.width += width;
        self.stretches += stretches.len();
        Ok(part)
    }

    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.products.iter().chain(&self.memory)
    }

    /// Whether it sees the batch as a whole.
    pub fn sees_batch(&self) -> bool {
        self.buffers.is_some()
    }

    /// Length of [`Normals::kept`].
    pub fn kept(&self, rows: usize, steps: usize) -> [usize; 2] {
        if self.sees_batch() { [steps, 3 * self.width] } else { [rows, self.stretches] }
    }

    /// Lengths of [`NormScratch::gains`] and [`NormScratch::sums`].
    pub fn scratch(&self) -> [usize; 2] {
        let widest = self.parts().map(|part| part.width).max().unwrap_or(0);
        let shifts = self.memory.as_ref().map_or(0, |part| part.width);
        [self.width + shifts, if self.sees_batch() { 2 * widest } else { 0 }]
    }

    /// Copies gains and shifts: on the way back their gradients may be added to themselves.
    pub fn prepare(&self, params: &[f32], to: &mut [f32]) {
        for part in self.parts() {
            let pieces = to[part.at..][..part.width].chunks_exact_mut(part.unit);
            for (to, from) in pieces.zip(&part.natural) {
                to.copy_from_slice(&params[part.gain + from..][..part.unit]);
            }
            if let Some(shift) = part.shift {
                to[self.width..][..part.width].copy_from_slice(&params[shift..][..part.width]);
            }
        }
    }

    /// Normalises the numbers of a part at a step, in their place.
    pub fn normalise(&self, part: &Part, at: At, params: &[f32], normals: &mut Normals, sums: &mut [f64]) {
        let x = &mut normals.parts[part.place][at.row * part.width..][..at.n * part.width];
        match self.norm.kind {
            CellNormKind::Batch { .. } => {
                let kept = &mut normals.kept[at.step * 3 * self.width..][..3 * self.width];
                self.normalise_batch(part, at, params, x, kept, sums);
            }
            _ => self.normalise_rows(part, x, &mut normals.kept[at.row * self.stretches..]),
        }
    }

    /// Adds `gain ∘` what is normalised to the columns of the gates that a product feeds.
    pub fn add(&self, part: &Part, at: At, normals: &Normals, gains: &[f32], gates: &mut [f32], ld: usize) {
        let gain = &gains[part.at..][..part.width];
        let x = normals.parts[part.place][at.row * part.width..].chunks_exact(part.width);
        for (x, row) in x.zip(gates.chunks_exact_mut(ld)) {
            add_product(&mut row[part.column..][..part.width], gain, x);
        }
    }

    /// `y = gain ∘` what is normalised of a memory `+ shift`.
    pub fn show(&self, part: &Part, at: At, normals: &Normals, gains: &[f32], y: &mut [f32]) {
        let (gain, shift) = (&gains[part.at..][..part.width], &gains[self.width..][..part.width]);
        let x = normals.parts[part.place][at.row * part.width..].chunks_exact(part.width);
        for (x, y) in x.zip(y.chunks_exact_mut(part.width)) {
            match part.shift {
                Some(_) => y.copy_from_slice(shift),
                None => y.fill(0.0),
            }
            add_product(y, gain, x);
        }
    }

    /// Turns the gradient of what the memory became, `d [n, H]`, into that of the memory; it has its numbers in `normals` too.
    pub fn back_memory(
        &self,
        part: &Part,
        at: At,
        d: &mut [f32],
        normals: &mut Normals,
        scratch: &mut NormScratch,
        grads: Option<&mut [f32]>,
    ) {
        self.back(part, at, (d, part.width), normals, scratch, grads);
        d.copy_from_slice(&normals.parts[part.place][at.row * part.width..][..d.len()]);
    }

    /// Gradients of the products from those of the gates' sums, and the statistics of the step to the gradients of the buffers.
    /// Gives the part in which the gradient of the state's product is.
    pub fn back_products(
        &self,
        at: At,
        (gates, width): (&[f32], usize),
        normals: &mut Normals,
        scratch: &mut NormScratch,
        mut grads: Option<&mut [f32]>,
    ) -> &Part {
        for part in &self.products {
            self.back(part, at, (&gates[part.column..], width), normals, scratch, grads.as_deref_mut());
        }
        if let Some(grads) = grads {
            self.leave(at, &normals.kept, grads);
        }
        &self.products[self.products.len() - 1]
    }

    /// Turns the normalised numbers of a part into gradients of its numbers, given those of what they became: `d`, rows `ld`
    /// apart. Adds the gradients of gains and shifts where these learn.
    pub fn back(
        &self,
        part: &Part,
        at: At,
        (d, ld): (&[f32], usize),
        normals: &mut Normals,
        scratch: &mut NormScratch,
        grads: Option<&mut [f32]>,
    ) {
        let Normals { parts, kept } = normals;
        let x = &mut parts[part.place][at.row * part.width..][..at.n * part.width];
        if let Some(grads) = grads {
            for (x, d) in x.chunks_exact(part.width).zip(d.chunks(ld)) {
                for ((x, d), to) in x.chunks_exact(part.unit).zip(d.chunks_exact(part.unit)).zip(&part.natural) {
                    add_product(&mut grads[part.gain + to..][..part.unit], d, x);
                }
                if let Some(shift) = part.shift {
                    grads[shift..][..part.width].iter_mut().zip(d).for_each(|(sum, d)| *sum += d);
                }
            }
        }
        let gain = &scratch.gains[part.at..][..part.width];
        match self.norm.kind {
            CellNormKind::Batch { .. } => {
                let factors = &kept[at.step * 3 * self.width + 2 * self.width + part.at..][..part.width];
                batch::back(at, gain, factors, x, (d, ld), &mut scratch.sums);
            }
            kind => {
                let factors = &kept[at.row * self.stretches..];
                rows::back(kind != CellNormKind::Rms, (part, self.stretches), gain, factors, x, (d, ld));
            }
        }
    }
}

/// `to += a ∘ b`; a function of its own so that the compiler knows that the slices are apart.
#[inline(never)]
fn add_product(to: &mut [f32], a: &[f32], b: &[f32]) {
    for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
        *to += a * b;
    }
}
