//! Layers that bring numbers to mean 0 and variance 1, with a gain and a shift for each unit.
//!
//! ```text
//! y = x̂ ∘ weight + bias      x̂ = (x - μ)·s      s = 1/√(v + ε)
//! ```
//! | kind | μ and v | file |
//! |---|---|---|
//! | layer norm | of the units of one row | [`rows`] |
//! | RMS norm | 0, and the mean square of one row | [`rows`] |
//! | batch norm | of one unit over all rows of the batch; outside training the running ones | [`batch`] |
//!
//! A row is a step of a sequence, or a sequence where the layer comes after the last state: padding is never seen.

mod batch;
mod recount;
mod rows;
mod running;

use std::ops::Range;

use crate::blocks::{Order, steps};
use crate::params::{Buffer, Owner, ParameterTable, Role};
use crate::spec::NetworkError;
use crate::trained::Trained;
pub(crate) use batch::column_moments;
pub use recount::Recount;
pub use running::Running;

/// What a normalising layer takes mean and variance of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NormKind {
    /// The units of each row (Ba, Kiros and Hinton 2016, arXiv:1607.06450), as PyTorch's `LayerNorm`.
    Layer { bias: bool },
    /// The units of each row, without a mean and a shift (Zhang and Sennrich 2019, arXiv:1910.07467), as PyTorch's `RMSNorm`.
    Rms,
    /// Each unit over all rows of the batch (Ioffe and Szegedy 2015, arXiv:1502.03167), as PyTorch's `BatchNorm1d` of the valid
    /// rows. `momentum`: the share by which running mean and variance move to a batch's.
    Batch { momentum: f64 },
}

/// A normalising layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Norm {
    pub kind: NormKind,
    /// Added to the variance.
    pub epsilon: f64,
    /// First part of the parameters' names.
    pub name: String,
    /// Whether it learns. A batch norm that does not is as outside training: its running statistics stand still.
    pub trainable: bool,
}

/// A normalising layer in its place.
#[derive(Clone, Debug)]
pub(crate) struct Normal {
    /// Index into the network's layers.
    pub layer: usize,
    kind: NormKind,
    width: usize,
    epsilon: f64,
    pub trainable: bool,
    weight: Range<usize>,
    bias: Option<Range<usize>>,
    /// Running mean and variance, number of batches.
    buffers: Option<[Range<usize>; 3]>,
}

/// What the layer keeps from forward to backward.
pub(crate) struct NormMemory<'a> {
    /// Means and factors `s`: `[rows, 2]`, for training only, or `[2, width]` of a batch norm.
    pub kept: &'a mut [f32],
    /// `[4, width]` of a batch norm in training, else empty.
    pub sums: &'a mut [f64],
}

/// Gradients around the layer.
pub(crate) struct NormFlow<'a> {
    /// Of its output, `[rows, width]`.
    pub above: &'a [f32],
    /// Of its input, written; none when nobody reads it.
    pub below: Option<&'a mut [f32]>,
    pub trained: Trained<'a>,
}

impl Normal {
    pub fn new(norm: &Norm, width: usize, owner: &Owner, table: &mut ParameterTable) -> Result<Normal, NetworkError> {
        let Norm { kind, epsilon, trainable, .. } = *norm;
        let weight = table.plain(owner, "weight", Role::Gain, &[width], 1)?;
        let mut bias = || table.plain(owner, "bias", Role::Bias, &[width], 1);
        let bias = match kind {
            NormKind::Layer { bias: false } | NormKind::Rms => None,
            NormKind::Layer { bias: true } | NormKind::Batch { .. } => Some(bias()?),
        };
        let mut buffers = None;
        if let NormKind::Batch { .. } = kind {
            let buffers_of = Owner { layer: owner.layer, name: owner.name, trainable: false };
            let mut buffer = |name, buffer, shape: &[usize]| {
                let place = table.plain(&buffers_of, name, Role::Buffer(buffer), shape, 1)?;
                Ok(place.start..place.start + shape.iter().product::<usize>())
            };
            buffers = Some([
                buffer("running_mean", Buffer::Mean, &[width])?,
                buffer("running_var", Buffer::Variance, &[width])?,
                buffer("num_batches_tracked", Buffer::Count, &[])?,
            ]);
        }
        Ok(Normal { layer: owner.layer, kind, width, epsilon, trainable, weight, bias, buffers })
    }

    /// Whether it sees the batch as a whole when it is trained.
    pub fn sees_batch(&self) -> bool {
        self.trainable && self.buffers.is_some()
    }

    /// Length of [`NormMemory::kept`] and of [`NormMemory::sums`], for as many rows.
    pub fn memory(&self, rows: usize, training: bool) -> [[usize; 2]; 2] {
        match self.kind {
            NormKind::Batch { .. } => {
                [[2, self.width], [if self.sees_batch() && training { 4 } else { 0 }, self.width]]
            }
            _ => [[if training { rows } else { 0 }, 2], [0, 0]],
        }
    }

    /// `y [rows, width]` of `x`. `training`: whether a batch norm goes by the batch.
    pub fn forward(&self, params: &[f32], training: bool, x: &[f32], y: &mut [f32], memory: NormMemory) {
        match self.kind {
            NormKind::Batch { .. } => self.forward_batch(params, training, x, y, memory),
            _ => self.forward_rows(params, x, y, memory.kept),
        }
    }

    /// The gradient of the input from that of the output; adds those of the parameters. A batch norm in training also adds the
    /// batch's statistics, in the place of its buffers: see [`Running`].
    pub fn backward(&self, training: bool, offsets: &[usize], x: &[f32], memory: NormMemory, flow: NormFlow) {
        match self.kind {
            NormKind::Batch { .. } if training && self.sees_batch() => self.backward_batch(x, memory, flow),
            NormKind::Batch { .. } => self.backward_fixed(offsets, x, memory.kept, flow),
            _ => self.backward_rows(offsets, x, memory.kept, flow),
        }
    }

    /// Gain and shift of each unit; the shift of a layer without one is empty.
    fn gain<'a>(&self, params: &'a [f32]) -> (&'a [f32], &'a [f32]) {
        let weight = &params[self.weight.start..][..self.width];
        let bias = self.bias.as_ref().map_or(&[][..], |bias| &params[bias.start..][..self.width]);
        (weight, bias)
    }

    /// Adds `dy ∘ x̂` and `dy` of every row onto the gradients of gain and shift: steps descending, rows ascending within a step,
    /// as all weights. `centre` gives mean and factor of element `j` of a row.
    fn fold(
        &self,
        offsets: &[usize],
        x: &[f32],
        dy: &[f32],
        grads: &mut [f32],
        centre: impl Fn(usize, usize) -> (f32, f32),
    ) {
        if !self.trainable {
            return;
        }
        let width = self.width;
        for step in steps(offsets, Order::Descending) {
            for r in step.first..step.first + step.n {
                let (x, dy) = (&x[r * width..][..width], &dy[r * width..][..width]);
                let weight = &mut grads[self.weight.start..][..width];
                for (j, ((w, x), dy)) in weight.iter_mut().zip(x).zip(dy).enumerate() {
                    let (mean, factor) = centre(r, j);
                    *w += dy * ((x - mean) * factor);
                }
                if let Some(bias) = &self.bias {
                    grads[bias.start..][..width].iter_mut().zip(dy).for_each(|(b, dy)| *b += dy);
                }
            }
        }
    }
}

/// `y = (x - mean)·factor·weight + bias` of one element.
fn shifted(y: &mut [f32], bias: &[f32]) {
    y.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
}
