//! Where an optimiser may move parameters: ranges of the flat buffers, and the tensors in them with their natural shapes.
//! Made by whoever owns the layout; nothing here knows what a tensor is for, but whether it is a hidden matrix.

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
}

impl Tensor {
    /// A vector at `range`, without padding.
    pub fn vector(range: Range<usize>) -> Tensor {
        let columns = range.len();
        Tensor { rows: vec![range.start], range, matrix: false, hidden: false, columns, stride: 1 }
    }

    /// A matrix `[rows, columns]` in its natural order from `first` on.
    pub fn matrix(first: usize, rows: usize, columns: usize) -> Tensor {
        let range = first..first + rows * columns;
        let rows = (0..rows).map(|r| first + r * columns).collect();
        Tensor { range, matrix: true, hidden: false, rows, columns, stride: 1 }
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
        Places { ranges: std::iter::once(0..n).collect(), tensors: vec![Tensor::vector(0..n)] }
    }

    /// These tensors; neighbours are joined to ranges.
    pub fn of(tensors: Vec<Tensor>) -> Places {
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
