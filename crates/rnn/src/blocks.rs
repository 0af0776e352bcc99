//! Walks over packed rows in blocks of whole steps: large enough for fast products, small enough to stay in the cache.

use std::ops::Range;

/// Rows of a block at least, so that its products are large enough to be fast.
pub(crate) const BLOCK_ROWS: usize = 256;

/// Order in which steps are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

impl Order {
    pub fn reversed(self) -> Order {
        match self {
            Order::Ascending => Order::Descending,
            Order::Descending => Order::Ascending,
        }
    }
}

/// Some whole steps next to each other, to be walked in an order.
#[derive(Clone, Debug)]
pub(crate) struct Block<'a> {
    offsets: &'a [usize],
    steps: Range<usize>,
    order: Order,
}

/// The rows of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub t: usize,
    /// Its first row.
    pub first: usize,
    /// Its number of rows.
    pub n: usize,
}

/// Rows next to each other that are walked in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub rows: Range<usize>,
    /// Whether the last row comes first.
    pub reversed: bool,
}

impl<'a> Block<'a> {
    pub fn order(&self) -> Order {
        self.order
    }

    /// Its rows in order, in as few runs as there can be: of one sequence, or upwards, it is one.
    pub fn runs(&self) -> impl Iterator<Item = Run> + use<'a> {
        let (rows, steps) = (self.rows(), self.steps.len());
        let reversed = self.order == Order::Descending;
        let whole = !reversed || rows.len() == steps;
        let one = whole.then_some(Run { rows, reversed });
        let step = |Step { first, n, .. }| Run { rows: first..first + n, reversed: false };
        one.into_iter().chain(self.steps().take(if whole { 0 } else { steps }).map(step))
    }

    /// The rows of all its steps, which lie next to each other whatever the order.
    pub fn rows(&self) -> Range<usize> {
        self.offsets[self.steps.start]..self.offsets[self.steps.end]
    }

    /// Its steps in order.
    pub fn steps(&self) -> impl Iterator<Item = Step> + use<'a> {
        let Block { offsets, steps: Range { start, end }, order } = self.clone();
        (0..end - start).map(move |i| {
            let t = if order == Order::Ascending { start + i } else { end - 1 - i };
            Step { t, first: offsets[t], n: offsets[t + 1] - offsets[t] }
        })
    }
}

/// All steps in order.
pub(crate) fn steps(offsets: &[usize], order: Order) -> impl Iterator<Item = Step> + use<'_> {
    Block { offsets, steps: 0..offsets.len() - 1, order }.steps()
}

/// Cuts the steps whose first rows are `offsets` (with the number of rows at the end) into blocks of [`BLOCK_ROWS`] rows or a
/// little more, in order.
pub(crate) fn blocks(offsets: &[usize], order: Order) -> impl Iterator<Item = Block<'_>> {
    let mut left = 0..offsets.len() - 1;
    std::iter::from_fn(move || {
        if left.is_empty() {
            return None;
        }
        let (mut start, mut end) = (left.start, left.end);
        if order == Order::Ascending {
            end = start + 1;
            while end < left.end && offsets[end] - offsets[start] < BLOCK_ROWS {
                end += 1;
            }
            left.start = end;
        } else {
            start = end - 1;
            while start > left.start && offsets[end] - offsets[start] < BLOCK_ROWS {
                start -= 1;
            }
            left.end = start;
        }
        Some(Block { offsets, steps: start..end, order })
    })
}
