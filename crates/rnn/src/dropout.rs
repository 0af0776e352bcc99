//! Inverted dropout (Srivastava et al. 2014): masks that depend on seed, update, place, sequence, step and unit alone; shared
//! ones (Gal and Ghahramani 2016, arXiv:1512.05287) not on the step.

use crate::network::DropoutKey;
use crate::random::{Philox, Purpose};

#[derive(Clone, Debug)]
pub(crate) struct Dropout {
    pub units: usize,
    /// Share dropped, in `(0, 1)`.
    pub rate: f32,
    /// Whether all steps of a sequence have one mask.
    pub shared: bool,
    /// Which dropout of the network this is.
    pub place: u32,
}

impl DropoutKey<'_> {
    /// The numbers of one place in one update; a block of them for each sequence, step and four units.
    pub(crate) fn philox(&self, purpose: Purpose, place: u32) -> Philox {
        Philox::new(self.seed, purpose).child([self.step as u32, (self.step >> 32) as u32, place, 0])
    }
}

/// A word below this drops its unit: a share of rate up to 2⁻³².
pub(crate) fn threshold(rate: f32) -> u32 {
    (f64::from(rate) * 4_294_967_296.0) as u32
}

/// Fills a row of a mask: the first value where a word is below the threshold, else the second; of sequence `id` at step `number`.
pub(crate) fn fill(
    philox: Philox,
    threshold: u32,
    [first, second]: [f32; 2],
    (id, number): (u64, usize),
    row: &mut [f32],
) {
    let (low, high) = (id as u32, (id >> 32) as u32);
    for (block, mask) in row.chunks_mut(4).enumerate() {
        let words = philox.block([block as u32, number as u32, low, high]);
        for (mask, word) in mask.iter_mut().zip(words) {
            *mask = if word < threshold { first } else { second };
        }
    }
}

impl Dropout {
    /// Fills `mask` with 0 or `1/(1-rate)` and writes `y = mask ∘ x`. The mask is `[rows, units]`, or `[sequences, units]` where
    /// it is shared. `first` is the number of the first step.
    pub fn forward(
        &self,
        key: DropoutKey,
        first: usize,
        offsets: &[usize],
        x: &[f32],
        mask: &mut [f32],
        y: &mut [f32],
    ) {
        let philox = key.philox(Purpose::Dropout, self.place);
        let (threshold, values) = (threshold(self.rate), [0.0, 1.0 / (1.0 - self.rate)]);
        let mut rows = mask.chunks_exact_mut(self.units);
        // The first step has every sequence, and stands for all.
        let (steps, first) = if self.shared { (1, 0) } else { (offsets.len() - 1, first) };
        for (t, ends) in offsets.windows(2).take(steps).enumerate() {
            for (row, id) in rows.by_ref().take(ends[1] - ends[0]).zip(key.rows) {
                fill(philox, threshold, values, (*id, first + t), row);
            }
        }
        let mut rest = x;
        for (y, mask) in self.parts(offsets, y, mask) {
            let (x, more) = rest.split_at(y.len());
            rest = more;
            y.iter_mut().zip(x).zip(mask).for_each(|((y, x), mask)| *y = x * *mask);
        }
    }

    /// `d = mask ∘ d`.
    pub fn backward(&self, offsets: &[usize], mask: &[f32], d: &mut [f32]) {
        for (d, mask) in self.parts(offsets, d, mask) {
            d.iter_mut().zip(mask).for_each(|(d, mask)| *d *= mask);
        }
    }

    /// Rows and their mask: those of a step at a time where it is shared, else all at once.
    fn parts<'a>(
        &self,
        offsets: &'a [usize],
        mut rows: &'a mut [f32],
        mask: &'a [f32],
    ) -> impl Iterator<Item = (&'a mut [f32], &'a [f32])> {
        let units = self.units;
        let shared = self.shared;
        let mut steps = offsets.windows(2);
        std::iter::from_fn(move || {
            let len = if shared { steps.next().map(|ends| (ends[1] - ends[0]) * units)? } else { rows.len() };
            if len == 0 {
                return None;
            }
            let (now, later) = std::mem::take(&mut rows).split_at_mut(len);
            rows = later;
            Some((now, &mask[..len]))
        })
    }
}
