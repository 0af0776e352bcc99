//! Statistics of batch norms for weights that no batch was trained with, as an average of those along a run: those of batches that
//! go forward with these weights, as in training.
//! ```text
//! running = the mean over batches of (Σ n·statistic / Σ n), over the shards of a batch of n rows; the variance by n - 1
//! ```
//! Source: Izmailov et al. 2018 (arXiv:1803.05407), section 3.2; PyTorch's `update_bn`.

use std::ops::Range;

use crate::network::Network;
use crate::packing::Packing;
use crate::stage::Kind;
use crate::workspace::Workspace;

#[derive(Clone, Debug)]
pub struct Recount {
    norms: Vec<Place>,
    /// Of all norms one after the other: means, then variances. Sums over the shards of a batch, and means over batches.
    sums: Vec<f64>,
    means: Vec<f64>,
    batches: u64,
}

#[derive(Clone, Debug)]
struct Place {
    stage: usize,
    buffers: [Range<usize>; 2],
    /// Rows of the batch so far.
    rows: usize,
}

impl Recount {
    /// Nothing for a network without batch norms that learn.
    pub fn new(network: &Network) -> Option<Recount> {
        let mut norms = Vec::new();
        for (stage, at) in network.stages().iter().zip(0..) {
            if let Kind::Norm(norm) = &stage.kind
                && let (Some([mean, variance, _]), true) = (&norm.buffers, norm.sees_batch())
            {
                norms.push(Place { stage: at, buffers: [mean.clone(), variance.clone()], rows: 0 });
            }
        }
        let len = norms.iter().map(|norm| norm.buffers[0].len() + norm.buffers[1].len()).sum();
        (len > 0).then(|| Recount { norms, sums: vec![0.0; len], means: vec![0.0; len], batches: 0 })
    }

    /// As before the first batch.
    pub fn begin(&mut self) {
        self.batches = 0;
        self.means.fill(0.0);
        self.sums.fill(0.0);
        self.norms.iter_mut().for_each(|norm| norm.rows = 0);
    }

    /// One more shard, which has just gone forward in training.
    pub fn shard(&mut self, network: &Network, packing: &Packing, ws: &Workspace) {
        let mut sums = &mut self.sums[..];
        for norm in &mut self.norms {
            let rows = if network.stages()[norm.stage].per_sequence { packing.batch } else { packing.rows };
            norm.rows += rows;
            let (n, width) = (rows as f64, norm.buffers[0].len());
            let (now, later) = sums.split_at_mut(2 * width);
            sums = later;
            for (i, (sum, statistic)) in now.iter_mut().zip(&ws.stages[norm.stage].sums).enumerate() {
                let unbiased = if i < width { 1.0 } else { n / (n - 1.0) };
                *sum += n * unbiased * statistic;
            }
        }
    }

    /// All shards of a batch have been.
    pub fn batch(&mut self) {
        self.batches += 1;
        let mut at = 0;
        for norm in &mut self.norms {
            let range = at..at + 2 * norm.buffers[0].len();
            at = range.end;
            for (mean, sum) in self.means[range.clone()].iter_mut().zip(&mut self.sums[range]) {
                *mean += (std::mem::take(sum) / norm.rows as f64 - *mean) / self.batches as f64;
            }
            norm.rows = 0;
        }
    }

    /// Puts the running statistics in their places.
    pub fn apply(&self, params: &mut [f32]) {
        let mut means = &self.means[..];
        for range in self.norms.iter().flat_map(|norm| &norm.buffers) {
            let (now, later) = means.split_at(range.len());
            means = later;
            params[range.clone()].iter_mut().zip(now).for_each(|(running, &mean)| *running = mean as f32);
        }
    }
}
