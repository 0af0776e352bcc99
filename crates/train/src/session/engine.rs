//! The network's ways forward and back of one shard: through the whole, or in segments. NOT: what goes through them.

use crate::describe::run::Checkpointing;
use crate::error::Error;
use crate::evaluate::workspace;
use rnn::{Capacity, Checkpointed, Inputs, Network, Reading, Recount, States, Want, Workspace};

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
        let every = every.unwrap_or_else(|| Checkpointed::least(network, capacity));
        let segments = Checkpointed::new(network, capacity, every);
        let hint = "try a smaller batchSize or window";
        Ok(Engine::Segments(Box::new(segments.map_err(|e| Error::memory("a training step", e.bytes).hint(hint))?)))
    }

    /// Rows of the input that are read at a time, of batches up to `capacity`.
    pub fn rows(&self, capacity: Capacity) -> usize {
        match self {
            Engine::Whole(_) => capacity.rows,
            Engine::Segments(segments) => segments.rows(capacity),
        }
    }

    pub fn forward(&mut self, network: &Network, of: Reading, inputs: &mut dyn Inputs) {
        let Reading { params, packing, initial, dropout } = of;
        match self {
            Engine::Whole(workspace) => {
                network.forward(params, packing, inputs.of(0..packing.steps), initial, dropout, workspace);
            }
            Engine::Segments(segments) => segments.forward(network, of, inputs),
        }
    }

    /// Adds the statistics that a way forward has seen; one in segments has none as a whole.
    pub fn recount(&self, network: &Network, of: Reading, to: &mut Recount) {
        if let Engine::Whole(workspace) = self {
            to.shard(network, of.packing, workspace);
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

    /// Once after each way forward, with what it read; adds to `gradient`. `room` is as long, and lent.
    pub fn backward(
        &mut self,
        network: &Network,
        of: Reading,
        inputs: &mut dyn Inputs,
        gradient: &mut [f32],
        room: &mut Vec<f32>,
    ) {
        let Reading { params, packing, initial, dropout } = of;
        match self {
            Engine::Whole(workspace) => {
                let x = inputs.of(0..packing.steps);
                network.backward(params, packing, x, initial, dropout, workspace, gradient, Want::default());
            }
            Engine::Segments(segments) => segments.backward(network, of, inputs, gradient, room),
        }
    }
}
