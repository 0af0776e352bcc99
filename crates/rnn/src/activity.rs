//! Penalties on what a recurrent layer gives (Merity, Keskar and Socher 2017, arXiv:1708.02182, section 5.4), as means over
//! all valid steps of the batch that an update sees:
//!
//! ```text
//! AR  = activation · mean(o_t²)                over sequences, steps and units
//! TAR = temporal · mean((o_{t+1} - o_t)²)      over sequences, pairs of steps and units
//! ```
//! Their gradients enter the way back at the layer's output, in training; they are no part of the loss.

use crate::network::Extent;
use crate::packing::Packing;

/// How much is penalised.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Activity {
    /// AR: large outputs.
    pub activation: f32,
    /// TAR: outputs that change from step to step.
    pub temporal: f32,
}

impl Activity {
    pub fn is_none(self) -> bool {
        self == Activity::default()
    }

    /// Adds the gradients for the `output [rows, width]` of a shard onto `above`; `whole` is the batch of all shards.
    pub(crate) fn add(self, whole: Extent, packing: &Packing, output: &[f32], width: usize, above: &mut [f32]) {
        let per = |weight: f32, count: u64| (2.0 * f64::from(weight) / (count as f64 * width as f64)) as f32;
        if self.activation > 0.0 {
            let factor = per(self.activation, whole.rows);
            above.iter_mut().zip(output).for_each(|(d, o)| *d += factor * o);
        }
        let pairs = whole.rows - whole.sequences;
        if self.temporal > 0.0 && pairs > 0 {
            let factor = per(self.temporal, pairs);
            for t in 1..packing.steps {
                let (before, now) = (packing.offsets[t - 1] * width, packing.offsets[t] * width);
                for i in 0..packing.sizes[t] * width {
                    let d = factor * (output[now + i] - output[before + i]);
                    above[now + i] += d;
                    above[before + i] -= d;
                }
            }
        }
    }
}
