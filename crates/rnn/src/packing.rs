//! Ragged batches without padding: sorted by length, stored time-major, as PyTorch's `PackedSequence`.

use std::ops::Range;

use crate::sort::heap_sort;

/// Where each step of each sequence lies.
///
/// Sequences are sorted by length, longest first (equal lengths keep their order). Row `offsets[t] + s` holds step `t` of the
/// sequence at sorted position `s`; at step `t` the positions `0..sizes[t]` are active.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packing {
    /// Number of sequences.
    pub batch: usize,
    /// Length of the longest.
    pub steps: usize,
    /// Sum of all lengths.
    pub rows: usize,
    /// Sorted position → original index.
    pub order: Vec<u32>,
    /// Lengths at the sorted positions, descending.
    pub lengths: Vec<usize>,
    /// Active sequences at each step, descending.
    pub sizes: Vec<usize>,
    /// First row of each step, and `rows` at the end: `steps + 1` entries.
    pub offsets: Vec<usize>,
}

impl Packing {
    /// Packs sequences of these lengths, given in the original order.
    ///
    /// # Panics
    /// When a length is zero.
    pub fn new(lengths: &[usize]) -> Packing {
        let mut packing = Packing::default();
        packing.set(lengths);
        packing
    }

    /// As [`Packing::new`], in the memory that is there.
    pub fn set(&mut self, lengths: &[usize]) {
        assert!(lengths.iter().all(|&length| length > 0), "a sequence of length 0");
        self.batch = lengths.len();
        self.order.clear();
        self.order.extend(0..lengths.len() as u32);
        // The index as a second key makes the sort a stable one.
        let key = |i: u32| (std::cmp::Reverse(lengths[i as usize]), i);
        // Most batches are of one length; and carried streams come in the order that they had.
        if lengths.windows(2).any(|pair| pair[0] < pair[1]) {
            heap_sort(&mut self.order, |&a, &b| key(a) < key(b));
        }
        self.lengths.clear();
        self.lengths.extend(self.order.iter().map(|&i| lengths[i as usize]));
        self.steps = self.lengths.first().copied().unwrap_or(0);
        self.sizes.clear();
        self.offsets.clear();
        self.rows = 0;
        let mut active = self.batch;
        for t in 0..self.steps {
            while self.lengths[active - 1] <= t {
                active -= 1;
            }
            self.sizes.push(active);
            self.offsets.push(self.rows);
            self.rows += active;
        }
        self.offsets.push(self.rows);
    }

    /// Some steps of the sequences that reach them, as a packing of its own; in the memory that is there.
    pub fn cut(&self, steps: Range<usize>, to: &mut Packing) {
        to.batch = self.sizes[steps.start];
        to.steps = steps.len();
        let first = self.offsets[steps.start];
        to.rows = self.offsets[steps.end] - first;
        to.order.clear();
        to.order.extend(0..to.batch as u32);
        to.lengths.clear();
        to.lengths.extend(self.lengths[..to.batch].iter().map(|&n| n.min(steps.end) - steps.start));
        to.sizes.clear();
        to.sizes.extend_from_slice(&self.sizes[steps.clone()]);
        to.offsets.clear();
        to.offsets.extend(self.offsets[steps.start..=steps.end].iter().map(|&offset| offset - first));
    }

    /// Row of step `t` of the sequence at sorted position `position`.
    pub fn row(&self, t: usize, position: usize) -> usize {
        debug_assert!(position < self.sizes[t]);
        self.offsets[t] + position
    }
}
