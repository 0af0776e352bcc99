//! The states that a network carries from one call to the next.

use crate::network::Network;

/// Shape of the state of one recurrent layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateShape {
    /// Index into the network's layers.
    pub layer: usize,
    /// The layer's name.
    pub name: String,
    /// Levels times directions; entry `level·directions + direction`, as in PyTorch.
    pub levels: usize,
    /// Numbers in a state `h`.
    pub hidden: usize,
    /// Whether there is a memory `c` beside `h`.
    pub cell: bool,
    /// Numbers in a memory `c`; 0 without one.
    pub memory: usize,
    /// Whether the layer has statistics of each step by its number: where a sequence goes on with a state it has to be known how
    /// many steps were before.
    pub counts: bool,
}

/// `h` and `c` of one recurrent layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerState {
    /// `[levels, batch, hidden]`, the batch in sorted order.
    pub h: Vec<f32>,
    /// `[levels, batch, memory]`; empty when the cell has no memory.
    pub c: Vec<f32>,
}

/// One entry for each recurrent layer, in the order of [`Network::states`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct States {
    pub layers: Vec<LayerState>,
}

impl States {
    /// Zero states for `batch` sequences.
    pub fn zeros(network: &Network, batch: usize) -> States {
        let mut states = States { layers: vec![LayerState::default(); network.states().len()] };
        states.reset(network, batch);
        states
    }

    /// [`States::zeros`], or nothing when there is no memory for them.
    pub fn try_zeros(network: &Network, batch: usize) -> Option<States> {
        let mut states = States { layers: vec![LayerState::default(); network.states().len()] };
        for (state, shape) in states.layers.iter_mut().zip(network.states()) {
            state.h.try_reserve_exact(shape.levels * batch * shape.hidden).ok()?;
            state.c.try_reserve_exact(shape.levels * batch * shape.memory).ok()?;
        }
        states.reset(network, batch);
        Some(states)
    }

    /// The initial states of `batch` sequences of which none was given: learned ones, else zeros.
    pub fn initial(network: &Network, params: &[f32], batch: usize) -> States {
        let mut states = States::zeros(network, batch);
        states.begin(network, params, batch);
        states
    }

    /// Becomes [`States::initial`] in the memory that is there; allocates only to grow.
    pub fn begin(&mut self, network: &Network, params: &[f32], batch: usize) {
        self.reset(network, batch);
        network.learned_states(params, batch, self);
    }

    /// Becomes a copy of `other` in the memory that is there; allocates only to grow.
    pub fn copy_from(&mut self, other: &States) {
        self.layers.resize_with(other.layers.len(), LayerState::default);
        for (to, from) in self.layers.iter_mut().zip(&other.layers) {
            to.h.clone_from(&from.h);
            to.c.clone_from(&from.c);
        }
    }

    /// Zero states for `batch` sequences in the memory that is there; allocates only to grow.
    pub fn reset(&mut self, network: &Network, batch: usize) {
        for (state, shape) in self.layers.iter_mut().zip(network.states()) {
            state.h.clear();
            state.h.resize(shape.levels * batch * shape.hidden, 0.0);
            state.c.clear();
            state.c.resize(shape.levels * batch * shape.memory, 0.0);
        }
    }

    /// Copies whole sequences: row `pair.0` of `from` to row `pair.1`, in every level.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn copy_rows(&mut self, network: &Network, from: &States, pairs: impl Iterator<Item = (usize, usize)> + Clone) {
        for ((to, from), shape) in self.layers.iter_mut().zip(&from.layers).zip(network.states()) {
            for (to, from, width) in [(&mut to.h, &from.h, shape.hidden), (&mut to.c, &from.c, shape.memory)] {
                let (all, given) = (to.len() / shape.levels, from.len() / shape.levels);
                if given == 0 {
                    continue;
                }
                for (to, from) in to.chunks_exact_mut(all).zip(from.chunks_exact(given)) {
                    for (source, target) in pairs.clone() {
                        to[target * width..][..width].copy_from_slice(&from[source * width..][..width]);
                    }
                }
            }
        }
    }

    /// How many sequences the states are of.
    pub fn sequences(&self, network: &Network) -> usize {
        let first = self.layers.first().zip(network.states().first());
        first.map_or(0, |(state, shape)| state.h.len() / (shape.levels * shape.hidden))
    }

    /// Panics unless the states are those of `batch` sequences.
    pub(crate) fn check(&self, network: &Network, batch: usize) {
        assert_eq!(self.layers.len(), network.states().len(), "number of states");
        for (state, shape) in self.layers.iter().zip(network.states()) {
            assert_eq!(state.h.len(), shape.levels * batch * shape.hidden, "length of a state h");
            assert_eq!(state.c.len(), shape.levels * batch * shape.memory, "length of a state c");
        }
    }
}
