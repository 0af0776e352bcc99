//! What a network is made of; mirrors the description types of `rnn` without depending on them.

/// Pointwise function of an Elman cell or a dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Linear,
    Relu,
    Tanh,
}

/// Where a GRU applies its reset gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// After the recurrent product: `n = tanh(W_in x + b_in + r ∘ (W_hn h + b_hn))` (PyTorch, cuDNN).
    After,
    /// Before it: `n = tanh(W_in x + b_in + W_hn (r ∘ h) + b_hn)` (Cho et al. 2014, arXiv:1406.1078).
    Before,
}

/// The recurrent cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    Lstm,
    Gru { reset: Reset },
    Rnn { activation: Activation },
}

/// A recurrent layer: `num_layers` levels of one cell, in one or both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrent {
    pub cell: CellKind,
    pub hidden_size: usize,
    pub num_layers: usize,
    pub bidirectional: bool,
    pub bias: bool,
    /// First part of the parameters' names: `{name}.weight_ih_l0`. Empty: the bare PyTorch names.
    pub name: String,
}

/// One layer of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    Recurrent(Recurrent),
    /// `y = f(W x + b)` at every row; `{name}.weight [units, K]`, `{name}.bias [units]`.
    Dense {
        units: usize,
        activation: Activation,
        bias: bool,
        name: String,
    },
    /// A row of `{name}.weight [vocabulary, units]` for each token; the first layer only.
    Embedding {
        units: usize,
        name: String,
    },
    /// Multiplies by the mask given with the sequence under `(index of this layer, 0)`; without one it does nothing.
    Dropout,
}

/// What the first layer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// `size` numbers a step.
    Values { size: usize },
    /// One token a step; a first layer other than an embedding reads it as a one-hot vector of `vocabulary` numbers.
    Tokens { vocabulary: usize },
}

/// Where the network predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Once a sequence: the layers after the last recurrent one read its final h, directions side by side `[D·H]`.
    Last,
    /// At every step.
    Every,
}

/// A chain of layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    pub input: Input,
    pub layers: Vec<Layer>,
    pub at: At,
}

impl Recurrent {
    /// 1, or 2 when bidirectional.
    pub fn directions(&self) -> usize {
        1 + usize::from(self.bidirectional)
    }

    /// `{name}.`, or nothing without a name.
    pub fn prefix(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!("{}.", self.name) }
    }

    /// `l0`, `l0_reverse`, `l1` … for index level·directions + direction.
    pub fn suffix(&self, index: usize) -> String {
        let reverse = if index % self.directions() == 1 { "_reverse" } else { "" };
        format!("l{}{reverse}", index / self.directions())
    }
}

impl Network {
    /// Name and natural shape of every parameter, in PyTorch's order.
    pub fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        let mut shapes = Vec::new();
        let mut size = match self.input {
            Input::Values { size } => size,
            Input::Tokens { vocabulary } => vocabulary,
        };
        for layer in &self.layers {
            match layer {
                Layer::Recurrent(spec) => {
                    let rows = spec.cell.gates() * spec.hidden_size;
                    for index in 0..spec.num_layers * spec.directions() {
                        let below = spec.directions() * spec.hidden_size;
                        let input = if index < spec.directions() { size } else { below };
                        let name = |kind: &str| format!("{}{kind}_{}", spec.prefix(), spec.suffix(index));
                        shapes.push((name("weight_ih"), vec![rows, input]));
                        shapes.push((name("weight_hh"), vec![rows, spec.hidden_size]));
                        if spec.bias {
                            shapes.push((name("bias_ih"), vec![rows]));
                            shapes.push((name("bias_hh"), vec![rows]));
                        }
                    }
                    size = spec.directions() * spec.hidden_size;
                }
                Layer::Dense { units, bias, name, .. } => {
                    shapes.push((format!("{name}.weight"), vec![*units, size]));
                    if *bias {
                        shapes.push((format!("{name}.bias"), vec![*units]));
                    }
                    size = *units;
                }
                Layer::Embedding { units, name } => {
                    shapes.push((format!("{name}.weight"), vec![size, *units]));
                    size = *units;
                }
                Layer::Dropout => {}
            }
        }
        shapes
    }
}

impl CellKind {
    /// Blocks of H rows in the weights.
    pub fn gates(self) -> usize {
        match self {
            CellKind::Lstm => 4,
            CellKind::Gru { .. } => 3,
            CellKind::Rnn { .. } => 1,
        }
    }

    /// Whether the cell carries a memory c beside h.
    pub fn has_memory(self) -> bool {
        self == CellKind::Lstm
    }
}
