//! What a network is made of; mirrors the description types of `rnn` without depending on them.

use crate::cells::Weights;
use crate::cells::normed::CellNorm;
use crate::norms::Norm;

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
    /// With peepholes, or with the input gate as 1 - forget gate (gates f, g, o), or both.
    LstmVariant {
        peepholes: bool,
        coupled: bool,
    },
    Gru {
        reset: Reset,
    },
    Rnn {
        activation: Activation,
    },
    MinGru,
    MinLstm,
    /// `hidden_size` complex units, read out as as many real ones.
    Lru,
}

/// How the directions of a level become one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Merge {
    /// `[forward | reverse]`.
    #[default]
    Concat,
    Sum,
    Mean,
    Product,
}

/// What a recurrent layer may have beside its cell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Form {
    /// Size of the LSTM's projected state.
    pub proj_size: Option<usize>,
    pub merge: Merge,
    /// Each level's input is added to its output.
    pub residual: bool,
    /// Each level's input stands after its output.
    pub skip: bool,
    /// Initial states that are not given are parameters: `h0_l0`, `c0_l0`.
    pub learned: bool,
    /// What is normalised inside the cell.
    pub norm: Option<CellNorm>,
}

/// A recurrent layer: `num_layers` levels of one cell, in one or both directions.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrent {
    pub cell: CellKind,
    pub hidden_size: usize,
    pub num_layers: usize,
    pub bidirectional: bool,
    pub bias: bool,
    /// First part of the parameters' names: `{name}.weight_ih_l0`. Empty: the bare PyTorch names.
    pub name: String,
    pub form: Form,
}

/// One layer of a network.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    Recurrent(Recurrent),
    /// `y = f(W x + b)` at every row; `{name}.weight [units, K]`, `{name}.bias [units]`.
    Dense {
        units: usize,
        activation: Activation,
        bias: bool,
        name: String,
    },
    /// A row of `{name}.weight [vocabulary, units]` for each token, times the mask given with the sequence under
    /// `(index of this layer, 0)`; the first layer only.
    Embedding {
        units: usize,
        name: String,
    },
    /// Multiplies by the mask given with the sequence under `(index of this layer, 0)`; without one it does nothing.
    Dropout,
    /// Adds the noise given with the sequence under the index of this layer; without one it does nothing.
    Noise,
    Norm(Norm),
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
#[derive(Clone, Debug, PartialEq)]
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

    /// Numbers in a state h, and in one direction's output.
    pub fn units(&self) -> usize {
        self.form.proj_size.unwrap_or(self.hidden_size)
    }

    /// Numbers in a memory c; 0 without one.
    pub fn memory(&self) -> usize {
        self.cell.memory() * self.hidden_size
    }

    /// Numbers in the state whose gradient is traced: h, but of an LRU its complex state.
    pub fn traced(&self) -> usize {
        if self.cell == CellKind::Lru { self.memory() } else { self.units() }
    }

    /// Numbers in a level's merged row, before what it passes on of its input.
    pub fn merged(&self) -> usize {
        if self.form.merge == Merge::Concat { self.directions() * self.units() } else { self.units() }
    }

    /// Numbers in a row of what each level reads, and at the end of the layer's output.
    pub fn widths(&self, input: usize) -> Vec<usize> {
        let mut widths = vec![input];
        for level in 0..self.num_layers {
            widths.push(self.merged() + if self.form.skip { widths[level] } else { 0 });
        }
        widths
    }

    /// Names of the cell's own vectors and of those of its norms, and their lengths in H.
    pub fn vectors(&self) -> Vec<(&'static str, usize)> {
        let norms = self.form.norm.map(|norm| norm.vectors(self.cell)).unwrap_or_default();
        self.cell.vectors().iter().copied().chain(norms).collect()
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
                    let widths = spec.widths(size);
                    for index in 0..spec.num_layers * spec.directions() {
                        let weights = Weights::zeros(spec, widths[index / spec.directions()]);
                        let mut name = |kind: &str, shape: &[usize]| {
                            let name = format!("{}{kind}_{}", spec.prefix(), spec.suffix(index));
                            shapes.push((name, shape.to_vec()));
                        };
                        weights.shapes(spec, &mut name);
                        if spec.form.learned {
                            if spec.cell != CellKind::Lru {
                                name("h0", &[spec.units()]);
                            }
                            if spec.memory() > 0 {
                                name("c0", &[spec.memory()]);
                            }
                        }
                    }
                    size = widths[spec.num_layers];
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
                Layer::Norm(norm) => {
                    shapes.push((format!("{}.weight", norm.name), vec![size]));
                    if norm.bias() {
                        shapes.push((format!("{}.bias", norm.name), vec![size]));
                    }
                }
                Layer::Dropout | Layer::Noise => {}
            }
        }
        shapes
    }
}

impl CellKind {
    /// Blocks of H rows in the weights.
    pub fn gates(self) -> usize {
        match self {
            CellKind::Lstm | CellKind::LstmVariant { coupled: false, .. } => 4,
            CellKind::LstmVariant { coupled: true, .. } | CellKind::Gru { .. } | CellKind::MinLstm | CellKind::Lru => 3,
            CellKind::MinGru => 2,
            CellKind::Rnn { .. } => 1,
        }
    }

    /// Numbers in the memory c beside h, in H.
    pub fn memory(self) -> usize {
        match self {
            CellKind::Lstm | CellKind::LstmVariant { .. } => 1,
            CellKind::Lru => 2,
            _ => 0,
        }
    }

    /// Whether the cell carries a memory c beside h.
    pub fn has_memory(self) -> bool {
        self.memory() > 0
    }

    /// Whether the state before is multiplied with a matrix.
    pub fn recurrent(self) -> bool {
        !matches!(self, CellKind::MinGru | CellKind::MinLstm | CellKind::Lru)
    }

    /// Names of the cell's own vectors, and their lengths in H.
    pub fn vectors(self) -> &'static [(&'static str, usize)] {
        match self {
            CellKind::LstmVariant { peepholes: true, coupled } => {
                if coupled {
                    &[("weight_peephole", 2)]
                } else {
                    &[("weight_peephole", 3)]
                }
            }
            CellKind::Lru => &[("nu_log", 1), ("theta_log", 1), ("gamma_log", 1)],
            _ => &[],
        }
    }
}
