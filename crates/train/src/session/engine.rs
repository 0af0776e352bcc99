//! The network's ways forward and back of one shard: through the whole, or in segments. NOT: what goes through them.

use crate::describe::run::Checkpointing;
use crate::error::Error;
use crate::evaluate::workspace;
use rnn::{Capacity, Checkpointed, Network, Reading, States, Want, Workspace};

pub enum Engine {
    Whole(Box<Workspace>),
    Segments(Box<Checkpointed>),
}

impl Engine {
    /// # Errors
    /// `MemoryError` when the arena does not fit.
    pub fn new(network: &Network, capacity: Capacity, checkpointing: Option<Checkpointing>) -> Result<Engine, Error> {
        let Some(Checkpointing { every }) = checkpointing else {
            return Ok(Engine::Whole(Box::new(workspace(network, capacity, true)?)));
        };
        // The least of n segments and their length is where both are the root.
        let every = every.unwrap_or_else(|| root(capacity.steps));
        let segments = Checkpointed::new(network, capacity, every);
        let hint = "try a smaller batchSize or window";
        Ok(Engine::Segments(Box::new(segments.map_err(|e| Error::memory("a training step", e.bytes).hint(hint))?)))
    }

    pub fn forward(&mut self, network: &Network, of: Reading) {
        let Reading { params, packing, x, initial, dropout } = of;
        match self {
            Engine::Whole(workspace) => network.forward(params, packing, x, initial, dropout, workspace),
            Engine::Segments(segments) => segments.forward(network, of),
        }
    }

    pub fn output(&self) -> &[f32] {
        match self {
            Engine::Whole(workspace) => workspace.output(),
            Engine::Segments(segments) => segments.output(),
        }
    }

    pub fn output_and_gradient(&mut self) -> (&[f32], &mut [f32]) {
        match self {
            Engine::Whole(workspace) => workspace.output_and_gradient(),
            Engine::Segments(segments) => segments.output_and_gradient(),
        }
    }

    pub fn final_states(&self) -> &States {
        match self {
            Engine::Whole(workspace) => workspace.final_states(),
            Engine::Segments(segments) => segments.final_states(),
        }
    }

    /// Once after each way forward, with what it read; adds to `gradient`.
    pub fn backward(&mut self, network: &Network, of: Reading, gradient: &mut [f32]) {
        let Reading { params, packing, x, initial, dropout } = of;
        match self {
            Engine::Whole(workspace) => {
                network.backward(params, packing, x, initial, dropout, workspace, gradient, Want::default());
            }
            Engine::Segments(segments) => segments.backward(network, of, gradient),
        }
    }
}

/// The least n with n · n ≥ `steps`.
fn root(steps: usize) -> usize {
    let root = steps.isqrt();
    if root * root < steps { root + 1 } else { root.max(1) }
}
