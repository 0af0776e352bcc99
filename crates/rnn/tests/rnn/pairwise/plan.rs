//! What a case is made of, and the network that this gives.

use rnn::{Activation, At, CellKind, Input, Layer, Loss, Merge, Network, Passed, Recurrent};

use crate::common::recurrent;
use crate::losses_through::width;

const UNITS: usize = 3;
const VOCABULARY: usize = 5;

pub struct Plan {
    /// What is below the layer that is looked at, that, and what is between it and the head.
    pub below: Vec<Layer>,
    pub layer: Recurrent,
    pub above: Vec<Layer>,
    pub loss: Loss,
    pub at: At,
    pub lengths: [usize; 4],
    pub tokens: bool,
    pub embedded: bool,
    /// Share of tokens that an embedding drops.
    pub dropped: f32,
    /// Backpropagation in segments of so many steps.
    pub segments: Option<usize>,
    /// A window of longer sequences, which begins from the state that they have there; the losses of its first steps, so many,
    /// do not count.
    pub window: Option<usize>,
}

impl Plan {
    pub fn new() -> Plan {
        Plan {
            below: Vec::new(),
            layer: recurrent(CellKind::Lstm, UNITS),
            above: Vec::new(),
            loss: Loss::Mse,
            at: At::Every,
            lengths: [1; 4],
            tokens: false,
            embedded: false,
            dropped: 0.0,
            segments: None,
            window: None,
        }
    }

    pub fn network(&self) -> Network {
        let Recurrent { form, bidirectional, .. } = &self.layer;
        let side_by_side = *bidirectional && form.merge == Merge::Concat;
        let row = self.layer.units() * if side_by_side { 2 } else { 1 };
        // What is added has the size of what it is added to.
        let size = if form.passed == Passed::Added { row } else { 2 };
        let mut layers = Vec::new();
        if self.embedded {
            layers.push(Layer::Embedding {
                units: size,
                dropout: self.dropped,
                name: "embedding".into(),
                trainable: true,
            });
        }
        layers.extend(self.below.iter().cloned());
        layers.push(Layer::Recurrent(self.layer.clone()));
        layers.extend(self.above.iter().cloned());
        layers.push(Layer::Dense {
            units: width(&self.loss),
            activation: Activation::Linear,
            bias: self.layer.bias,
            weight_norm: self.layer.weights.norm,
            name: "head".into(),
            trainable: true,
        });
        let input = if self.tokens { Input::Tokens { vocabulary: VOCABULARY } } else { Input::Values { size } };
        Network::new(input, layers, self.at).expect("values that go together")
    }
}
