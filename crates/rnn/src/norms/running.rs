//! The running statistics of all batch norms: how they move after an update.
//!
//! The way back leaves the sums `n·μ`, `n·v` (v unbiased) and `n` of a shard in the gradients, in the place of the buffers: so
//! the shards' statistics are added, and exchanged between workers, as the gradients are, in the same fixed tree. Then
//! ```text
//! running ← (1 - momentum)·running + momentum·(Σ n·statistic / Σ n)
//! ```
//! With one shard that is PyTorch's `BatchNorm1d`. With several, the variance is the one within the shards, which is what they
//! are normalised by.

use std::ops::Range;

use super::NormKind;
use crate::inside::Inside;
use crate::network::Network;
use crate::stage::Kind;

/// Statistics of a batch on their way from the gradients to the buffers; empty for a network without batch norms that learn.
#[derive(Clone, Debug, Default)]
pub struct Running {
    norms: Vec<Place>,
    /// Of all norms one after the other: `n·μ [width]`, `n·v [width]`, `n`.
    sums: Vec<f32>,
    /// Whether they are all finite.
    sound: bool,
}

#[derive(Clone, Debug)]
struct Place {
    /// Mean, variance, number of batches.
    buffers: [Range<usize>; 3],
    momentum: f64,
}

impl Running {
    pub fn new(network: &Network) -> Running {
        let mut running = Running::default();
        for stage in network.stages() {
            if let Kind::Norm(norm) = &stage.kind
                && let (NormKind::Batch { momentum }, Some(buffers), true) = (norm.kind, &norm.buffers, norm.trainable)
            {
                running.norms.push(Place { buffers: buffers.clone(), momentum });
            }
            if let Kind::Level(level) = &stage.kind
                && let (Some(inside), true) = (level.running(), level.trainable)
            {
                running
                    .norms
                    .extend(inside.flat_map(Inside::places).map(|(buffers, momentum)| Place { buffers, momentum }));
            }
        }
        let len = running.norms.iter().flat_map(|norm| &norm.buffers).map(Range::len).sum();
        running.sums.resize(len, 0.0);
        running
    }

    /// Moves the statistics out of the gradients and leaves zeros. Such as are not finite stay, and the gradient is then none to go
    /// by.
    pub fn take(&mut self, grads: &mut [f32]) {
        let mut sums = &mut self.sums[..];
        self.sound = true;
        for place in self.norms.iter().flat_map(|norm| &norm.buffers) {
            let (now, later) = sums.split_at_mut(place.len());
            let from = &mut grads[place.clone()];
            now.copy_from_slice(from);
            if linalg::first_non_finite(from).is_none() {
                from.fill(0.0);
            } else {
                self.sound = false;
            }
            sums = later;
        }
    }

    /// The buffers of one set of parameters into another.
    pub fn copy(&self, from: &[f32], to: &mut [f32]) {
        for place in self.norms.iter().flat_map(|norm| &norm.buffers) {
            to[place.clone()].copy_from_slice(&from[place.clone()]);
        }
    }

    /// Moves the buffers, once the update that the statistics belong to is made, or its next batch comes. Such as are not
    /// finite move nothing.
    pub fn apply(&mut self, params: &mut [f32]) {
        if !self.sound {
            return;
        }
        let mut sums = &self.sums[..];
        for Place { buffers: [mean, variance, count], momentum } in &self.norms {
            let (now, later) = sums.split_at(mean.len() + variance.len() + 1);
            sums = later;
            let n = f64::from(now[now.len() - 1]);
            // A batch of which nothing was seen.
            if n == 0.0 {
                continue;
            }
            for (running, &sum) in params[mean.clone()].iter_mut().zip(&now[..mean.len()]) {
                *running = moved(*running, f64::from(sum) / n, *momentum);
            }
            for (running, &sum) in params[variance.clone()].iter_mut().zip(&now[mean.len()..]) {
                *running = moved(*running, f64::from(sum) / n, *momentum);
            }
            params[count.start] += 1.0;
        }
    }
}

fn moved(running: f32, to: f64, momentum: f64) -> f32 {
    ((1.0 - momentum) * f64::from(running) + momentum * to) as f32
}
