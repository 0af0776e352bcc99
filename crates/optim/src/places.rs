//! Where an optimiser may move parameters: ranges of the flat buffers, and the tensors in them with their natural shapes.
//! Made by whoever owns the layout; nothing here knows what a tensor is for, but whether it is a hidden matrix.

use crate::state::Extent;
use std::ops::Range;

/// One tensor of the flat buffers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// All its elements, with padding, which is zero.
    pub range: Range<usize>,
    /// Whether it has rows and columns of its own; else it is a vector, one row.
    pub matrix: bool,
    /// Whether it is a matrix between hidden units, neither the first of a network nor the last ([`crate::Muon`]).
    pub hidden: bool,
    /// The place of the first element of each natural row; a row of a weight belongs to one output.
    pub rows: Vec<usize>,
    /// Elements of a row.
    pub columns: usize,
    /// From an element of a row to the next.
    pub stride: usize,
    /// Where its part begins in buffers of each extent but that of all elements; given by [`Places::of`].
    pub(crate) slots: Slots,
}

/// First rows, columns and elements of vectors among those of all tensors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slots {
    pub rows: usize,
    pub columns: usize,
    pub vectors: usize,
}

impl Tensor {
    /// A vector at `range`, without padding.
    pub fn vector(range: Range<usize>) -> Tensor {
        let columns = range.len();
        Tensor::new(range.clone(), false, vec![range.start], columns, 1)
    }

    /// A matrix `[rows, columns]` in its natural order from `first` on.
    pub fn matrix(first: usize, rows: usize, columns: usize) -> Tensor {
        let range = first..first + rows * columns;
        let rows = (0..rows).map(|r| first + r * columns).collect();
        Tensor::new(range, true, rows, columns, 1)
    }

    /// Rows of `columns` elements that begin at `rows`, from one element to the next by `stride`.
    pub fn new(range: Range<usize>, matrix: bool, rows: Vec<usize>, columns: usize, stride: usize) -> Tensor {
        Tensor { range, matrix, hidden: false, rows, columns, stride, slots: Slots::default() }
    }

    /// The same as a matrix between hidden units.
    pub fn hidden(self) -> Tensor {
        Tensor { hidden: true, ..self }
    }

    /// Number of natural elements.
    pub fn count(&self) -> usize {
        self.rows.len() * self.columns
    }

    /// The places of the elements of row `r`.
    pub fn row(&self, r: usize) -> impl Iterator<Item = usize> + use<> {
        let (first, stride) = (self.rows[r], self.stride);
        (0..self.columns).map(move |c| first + c * stride)
    }
}

/// The parameters that move.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Joined as far as they are neighbours; they do not overlap.
    pub ranges: Vec<Range<usize>>,
    /// The same parameters, one by one.
    pub tensors: Vec<Tensor>,
}

impl Places {
    /// All of `n` parameters, as one vector.
    pub fn whole(n: usize) -> Places {
        Places::of(vec![Tensor::vector(0..n)])
    }

    /// These tensors; neighbours are joined to ranges.
    pub fn of(mut tensors: Vec<Tensor>) -> Places {
        let mut next = Slots::default();
        for tensor in &mut tensors {
            tensor.slots = next;
            let (matrix, rows, columns) = (tensor.matrix, tensor.rows.len(), tensor.columns);
            next.rows += Extent::Rows.of(matrix, rows, columns);
            next.columns += Extent::Columns.of(matrix, rows, columns);
            next.vectors += Extent::Vectors.of(matrix, rows, columns);
        }
        Places::joined(tensors)
    }

    /// Those tensors that `wanted` says, by their index, with their places in buffers as they are here.
    pub fn only(&self, mut wanted: impl FnMut(usize) -> bool) -> Places {
        let tensors = self.tensors.iter().enumerate().filter(|(i, _)| wanted(*i));
        Places::joined(tensors.map(|(_, tensor)| tensor.clone()).collect())
    }

    fn joined(tensors: Vec<Tensor>) -> Places {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for Tensor { range, .. } in &tensors {
            match ranges.last_mut().filter(|last| last.end == range.start) {
                Some(last) => last.end = range.end,
                None => ranges.push(range.clone()),
            }
        }
        Places { ranges, tensors }
    }
}
