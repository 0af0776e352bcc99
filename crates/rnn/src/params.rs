//! The table of parameters: names and shapes as PyTorch has them, places in the flat buffer.
//!
//! Matrices lie in the flat buffer as the panels that the products want (`linalg`), with the gates in the order of the cell's
//! gates buffer; only import and export know the natural order. Gradients and optimiser moments have the same layout.

use std::ops::Range;

use linalg::{PANEL, padded};

use crate::derived::Derived;
use crate::spec::NetworkError;

/// What a parameter is for; penalties and initialisers go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `weight_ih` of a recurrent layer.
    InputWeight,
    /// `weight_hh` of a recurrent layer.
    RecurrentWeight,
    Bias,
    /// A cell's own vector, as its peepholes.
    Vector,
    /// A learned initial state.
    State,
    /// Weight of a dense layer, or of the projection of a state (`weight_hr`).
    Weight,
    Embedding,
    /// Weight of a normalising layer, which starts at 1.
    Gain,
    /// Norms of the rows of a normalised weight (`weight_g`).
    Magnitude,
    /// What no gradient moves: kept and saved with the parameters, and none of them.
    Buffer(Buffer),
}

impl Role {
    /// Whether penalties act on it: biases, gains and a cell's own vectors are left alone.
    pub fn is_weight(self) -> bool {
        matches!(self, Role::InputWeight | Role::RecurrentWeight | Role::Weight | Role::Embedding)
    }

    pub fn is_buffer(self) -> bool {
        matches!(self, Role::Buffer(_))
    }
}

/// The buffers of a batch norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffer {
    /// Running mean, from 0.
    Mean,
    /// Running variance, from 1.
    Variance,
    /// Batches seen, one number; counts to 2²⁴.
    Count,
}

/// How the natural tensor lies in the flat buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Natural order, zeros after the end.
    Plain,
    /// `[N, K]` as panels of eight columns (outputs). Each block is a panel matrix `[K, n]` of its own and lists the natural
    /// gates in the order in which their columns stand in it.
    Panels { blocks: Vec<Vec<usize>> },
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// PyTorch's name after the layer's: `0.weight_ih_l0`, `decoder.bias`.
    pub name: String,
    /// Natural shape: `[4H, I]`, `[O]`.
    pub shape: Vec<usize>,
    /// First element in the flat buffer, a multiple of 8.
    pub offset: usize,
    /// Elements in the flat buffer, with padding (which is zero and stays zero).
    pub len: usize,
    pub role: Role,
    pub trainable: bool,
    /// Index into the network's layers.
    pub layer: usize,
    /// Gate blocks of the natural first axis (1 outside recurrent layers).
    pub gates: usize,
    pub(crate) layout: Layout,
}

impl Parameter {
    /// Number of natural elements.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Its place in the flat buffer.
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.len
    }

    /// Where each natural row (one of a vector) begins in the flat buffer, and the distance from an element of a row to the next.
    pub fn rows(&self) -> (Vec<usize>, usize) {
        let columns = self.shape.last().copied().unwrap_or(1);
        let mut rows = vec![self.offset; self.count().checked_div(columns).unwrap_or(0)];
        let stride = if self.layout == Layout::Plain { 1 } else { PANEL };
        self.places(|flat, natural| {
            if natural.is_multiple_of(columns) {
                rows[natural / columns] = flat;
            }
        });
        (rows, stride)
    }

    /// Calls `place(flat, natural)` for every element, with indices into the flat buffer and the natural tensor.
    pub(crate) fn places(&self, mut place: impl FnMut(usize, usize)) {
        let Layout::Panels { blocks } = &self.layout else {
            return (0..self.count()).for_each(|i| place(self.offset + i, i));
        };
        let (unit, inputs) = (self.shape[0] / self.gates, self.shape[1]);
        let mut base = self.offset;
        for block in blocks {
            for column in 0..block.len() * unit {
                let row = block[column / unit] * unit + column % unit;
                let first = base + column / PANEL * inputs * PANEL + column % PANEL;
                (0..inputs).for_each(|k| place(first + k * PANEL, row * inputs + k));
            }
            base += padded(block.len() * unit) * inputs;
        }
    }
}

/// All parameters of a network, in the order of their offsets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParameterTable {
    entries: Vec<Parameter>,
    len: usize,
    /// Weights that are made of others.
    pub(crate) derived: Vec<Derived>,
}

/// To whom new parameters belong.
pub(crate) struct Owner<'a> {
    pub layer: usize,
    pub name: &'a str,
    pub trainable: bool,
}

impl ParameterTable {
    pub fn entries(&self) -> &[Parameter] {
        &self.entries
    }

    /// Length of the flat buffer.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of natural elements of all parameters, buffers left out.
    pub fn count(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.role.is_buffer()).map(Parameter::count).sum()
    }

    /// Index of the parameter of this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == name)
    }

    /// Writes the natural tensor of parameter `index` into the flat buffer, and zeros into its padding.
    ///
    /// # Panics
    /// When `natural` has another length than the parameter, or `flat` another than the table.
    pub fn import(&self, index: usize, natural: &[f32], flat: &mut [f32]) {
        let entry = &self.entries[index];
        assert_eq!(natural.len(), entry.count(), "length of {}", entry.name);
        assert_eq!(flat.len(), self.len, "length of the flat buffer");
        flat[entry.range()].fill(0.0);
        entry.places(|to, from| flat[to] = natural[from]);
    }

    /// Reads the natural tensor of parameter `index` out of a flat buffer (of parameters, gradients or moments).
    ///
    /// # Panics
    /// When `natural` has another length than the parameter, or `flat` another than the table.
    pub fn export(&self, index: usize, flat: &[f32], natural: &mut [f32]) {
        let entry = &self.entries[index];
        assert_eq!(natural.len(), entry.count(), "length of {}", entry.name);
        assert_eq!(flat.len(), self.len, "length of the flat buffer");
        entry.places(|from, to| natural[to] = flat[from]);
    }

    /// Adds a vector `[n]` or a table `[n, k]` in its natural order; gives its place.
    pub(crate) fn plain(
        &mut self,
        owner: &Owner,
        name: &str,
        role: Role,
        shape: &[usize],
        gates: usize,
    ) -> Result<Range<usize>, NetworkError> {
        let count = shape.iter().map(|&n| n as u64).product::<u64>();
        self.add(owner, name, role, shape, gates, Layout::Plain, count.next_multiple_of(PANEL as u64))
    }

    /// Adds a matrix `[gates·unit, inputs]` as panels; gives the place of each block.
    pub(crate) fn panels(
        &mut self,
        owner: &Owner,
        name: &str,
        role: Role,
        shape: [usize; 2],
        blocks: Vec<Vec<usize>>,
    ) -> Result<Vec<Range<usize>>, NetworkError> {
        let gates = blocks.iter().map(Vec::len).sum::<usize>();
        let unit = shape[0] / gates;
        let block_len = |block: &Vec<usize>| ((block.len() * unit) as u64).next_multiple_of(8) * shape[1] as u64;
        let lens = blocks.iter().map(block_len).collect::<Vec<_>>();
        let place = self.add(owner, name, role, &shape, gates, Layout::Panels { blocks }, lens.iter().sum())?;
        let mut start = place.start;
        let mut next = |len: u64| {
            start += len as usize;
            start - len as usize..start
        };
        Ok(lens.into_iter().map(&mut next).collect())
    }

    /// Room that belongs to no parameter; `name` is what for.
    pub(crate) fn unlisted(&mut self, owner: &Owner, name: &str, len: usize) -> Result<Range<usize>, NetworkError> {
        self.grow(owner, name, len as u64)
    }

    /// Makes the flat buffer longer.
    fn grow(&mut self, owner: &Owner, name: &str, len: u64) -> Result<Range<usize>, NetworkError> {
        // More floats than this cannot be addressed, on 32 bits in particular.
        let most = isize::MAX as u64 / 4;
        if len > most || self.len as u64 + len > most {
            let message = format!("{}.{name} makes more parameters than memory can hold", owner.name);
            return Err(NetworkError { layer: owner.layer, message });
        }
        self.len += len as usize;
        Ok(self.len - len as usize..self.len)
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one entry")]
    fn add(
        &mut self,
        owner: &Owner,
        name: &str,
        role: Role,
        shape: &[usize],
        gates: usize,
        layout: Layout,
        len: u64,
    ) -> Result<Range<usize>, NetworkError> {
        let Range { start: offset, .. } = self.grow(owner, name, len)?;
        self.entries.push(Parameter {
            name: format!("{}.{name}", owner.name),
            shape: shape.to_vec(),
            offset,
            len: len as usize,
            role,
            trainable: owner.trainable,
            layer: owner.layer,
            gates,
            layout,
        });
        Ok(offset..self.len)
    }
}
