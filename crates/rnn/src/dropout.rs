//! Inverted dropout (Srivastava et al. 2014): masks that depend on seed, update, place, sequence, step and unit alone.

use crate::network::DropoutKey;
use crate::random::{Philox, Purpose};

#[derive(Clone, Debug)]
pub(crate) struct Dropout {
    pub units: usize,
    /// Share dropped, in `(0, 1)`.
    pub rate: f32,
    /// Which dropout of the network this is.
    pub place: u32,
}

impl Dropout {
    /// Fills `mask [rows, units]` with 0 or `1/(1-rate)` and writes `y = mask ∘ x`; `first` is the number of the first step.
    pub fn forward(
        &self,
        key: DropoutKey,
        first: usize,
        offsets: &[usize],
        x: &[f32],
        mask: &mut [f32],
        y: &mut [f32],
    ) {
        let step = [key.step as u32, (key.step >> 32) as u32, self.place, 0];
        let philox = Philox::new(key.seed, Purpose::Dropout).child(step);
        let scale = 1.0 / (1.0 - self.rate);
        // A word below this drops its unit: a share of rate up to 2⁻³².
        let threshold = (f64::from(self.rate) * 4_294_967_296.0) as u32;
        let mut rows = mask.chunks_exact_mut(self.units);
        for (t, ends) in offsets.windows(2).enumerate() {
            for (row, id) in rows.by_ref().take(ends[1] - ends[0]).zip(key.rows) {
                let (low, high) = (*id as u32, (*id >> 32) as u32);
                for (block, mask) in row.chunks_mut(4).enumerate() {
                    let words = philox.block([block as u32, (first + t) as u32, low, high]);
                    for (mask, word) in mask.iter_mut().zip(words) {
                        *mask = if word < threshold { 0.0 } else { scale };
                    }
                }
            }
        }
        y.iter_mut().zip(x).zip(mask).for_each(|((y, x), mask)| *y = x * *mask);
    }

    /// `d = mask ∘ d`.
    pub fn backward(&self, mask: &[f32], d: &mut [f32]) {
        d.iter_mut().zip(mask).for_each(|(d, mask)| *d *= mask);
    }
}
