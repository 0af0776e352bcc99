//! What a network is made of: plain descriptions, without buffers.

use std::fmt;

use crate::activity::Activity;
use crate::init::Initialiser;
use crate::inside::CellNorm;
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
    /// `n = tanh(W_in x + b_in + r ∘ (W_hn h + b_hn))`: PyTorch, cuDNN.
    After,
    /// `n = tanh(W_in x + b_in + W_hn (r ∘ h) + b_hn)`: Cho et al. 2014 (arXiv:1406.1078).
    Before,
}

/// The recurrent cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Long short-term memory with a forget gate; gates i, f, g, o.
    Lstm,
    /// The same with peepholes, or with the input gate as 1 - forget gate (gates f, g, o), or both.
    LstmVariant { peepholes: bool, coupled: bool },
    /// Gated recurrent unit; gates r, z, n.
    Gru { reset: Reset },
    /// Elman network: `h = f(W_ih x + b_ih + W_hh h + b_hh)`.
    Rnn { activation: Activation },
    /// minGRU (Feng et al. 2024, arXiv:2410.01201); gates z, n.
    MinGru,
    /// minLSTM, of the same paper; gates f, i, n.
    MinLstm,
    /// Linear recurrent unit (Orvieto et al. 2023, arXiv:2303.06349): H complex units, read out as H real ones; the rows of its
    /// input weight are Re B, Im B and D.
    Lru,
}

impl CellKind {
    /// Gates in the natural (PyTorch) weight: `weight_ih` is `[gates·H, I]`.
    pub fn gates(self) -> usize {
        match self {
            CellKind::Lstm | CellKind::LstmVariant { coupled: false, .. } => 4,
            CellKind::LstmVariant { coupled: true, .. } | CellKind::Gru { .. } | CellKind::MinLstm | CellKind::Lru => 3,
            CellKind::MinGru => 2,
            CellKind::Rnn { .. } => 1,
        }
    }

    /// Whether the cell carries a memory `c` beside `h`.
    pub fn has_memory(self) -> bool {
        matches!(self, CellKind::Lstm | CellKind::LstmVariant { .. } | CellKind::Lru)
    }

    /// The gate that forgets, if there is one.
    pub fn forget_gate(self) -> Option<usize> {
        match self {
            CellKind::Lstm | CellKind::LstmVariant { coupled: false, .. } => Some(1),
            CellKind::LstmVariant { coupled: true, .. } | CellKind::MinLstm => Some(0),
            _ => None,
        }
    }
}

/// Direction in which a level reads its sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Reverse,
}

/// A recurrent layer: `num_layers` levels of one cell, in one or both directions.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrent {
    pub cell: CellKind,
    pub hidden_size: usize,
    /// Levels; each above the first reads the one below.
    pub num_layers: usize,
    pub bidirectional: bool,
    /// Share of units dropped between levels (not after the last), in `[0, 1)`.
    pub dropout: f32,
    /// Whether a sequence has one such mask for all its steps (Gal and Ghahramani 2016, arXiv:1512.05287).
    pub dropout_shared: bool,
    pub bias: bool,
    /// Start of an LSTM's forget gate bias, put into `bias_ih`; none: 1, or what PyTorch starts with where that is asked
    /// for; see [`crate::Init`].
    pub forget_bias: Option<f32>,
    /// First part of the parameters' names.
    pub name: String,
    pub trainable: bool,
    pub form: Form,
    /// Penalties on the output, in training.
    pub activity: Activity,
    pub weights: WeightForm,
}

/// What the weights of a recurrent layer are made of: see [`crate::ParameterTable::derives`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WeightForm {
    /// Rows as magnitude and direction: `weight_ih_l0_g`, `weight_ih_l0_v` and so on (Salimans and Kingma 2016, arXiv:1602.07868).
    pub norm: bool,
    /// Share of the hidden-to-hidden weights dropped in training, in `[0, 1)` (Merity et al. 2017, arXiv:1708.02182).
    pub drop: f32,
}

/// What a recurrent layer may have beside its cell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Form {
    /// Size of an LSTM's state, which is then a projection of its units (`weight_hr`; Sak et al. 2014, arXiv:1402.1128).
    pub proj_size: Option<usize>,
    /// How the rows of two directions become one.
    pub merge: Merge,
    /// What of each level's input goes on beside its output.
    pub passed: Passed,
    /// Whether initial states that are not given are parameters (`h0_l0`, `c0_l0`) instead of zeros.
    pub learned_state: bool,
    /// How the recurrent weights start, if not as the network's scheme says.
    pub recurrent_init: Option<Initialiser>,
    /// What their start is multiplied with; none: 1.
    pub recurrent_scale: Option<f32>,
    /// Where an LRU's eigenvalues start.
    pub ring: Ring,
    /// Share of the candidate's units dropped at each step, in training, in `[0, 1)` (Semeniuta et al. 2016, arXiv:1603.05118).
    pub recurrent_dropout: f32,
    /// Share of the state's units that stay what they were at each step, in training; elsewhere the expectation of it, in
    /// `[0, 1)` (Krueger et al. 2017, arXiv:1606.01305).
    pub zoneout: f32,
    /// The same of an LSTM's memory.
    pub memory_zoneout: f32,
    /// Share of the state's units that the recurrent products do not see, in training, in `[0, 1)`: of each sequence the same at
    /// all steps (Gal and Ghahramani 2016, arXiv:1512.05287).
    pub variational: f32,
    /// How much an Elman network is regularised against vanishing gradients, in training (Pascanu et al. 2013, arXiv:1211.5063).
    pub vanishing: f32,
    /// What is normalised inside the cell.
    pub normalization: Option<CellNorm>,
}

/// A part of the unit disc (Orvieto et al. 2023): radii of which the squares are uniform, phases that are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ring {
    pub min_radius: f32,
    pub max_radius: f32,
    pub max_phase: f32,
}

impl Default for Ring {
    fn default() -> Ring {
        Ring { min_radius: 0.0, max_radius: 1.0, max_phase: std::f32::consts::TAU }
    }
}

/// How the two directions of a level become one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Merge {
    /// Side by side.
    #[default]
    Concat,
    Sum,
    Mean,
    Product,
}

/// What of a level's input goes on beside its output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Passed {
    #[default]
    Nothing,
    /// It is added (He et al. 2016, arXiv:1512.03385).
    Added,
    /// It stands after it (Huang et al. 2017, arXiv:1608.06993).
    Beside,
}

impl Recurrent {
    /// Numbers in the state of one direction.
    pub fn units(&self) -> usize {
        self.form.proj_size.unwrap_or(self.hidden_size)
    }

    /// 1, or 2 when bidirectional.
    pub fn directions(&self) -> usize {
        1 + usize::from(self.bidirectional)
    }
}

/// One layer of a network.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    Recurrent(Recurrent),
    /// `y = f(W x + b)`, at every row.
    Dense {
        units: usize,
        activation: Activation,
        bias: bool,
        /// Its rows as magnitude and direction: `weight_g` and `weight_v`.
        weight_norm: bool,
        name: String,
        trainable: bool,
    },
    /// A row of a table `[vocabulary, units]` for each token. In training a token is dropped with probability `dropout`, all
    /// its occurrences in a sequence together (Gal and Ghahramani 2016, arXiv:1512.05287, section 4.2); the others are scaled.
    Embedding {
        units: usize,
        dropout: f32,
        name: String,
        trainable: bool,
    },
    /// Inverted dropout: a unit is 0 with probability `rate`, else scaled by `1/(1-rate)`. Acts in training only.
    Dropout {
        rate: f32,
        /// Whether a sequence has one mask for all its steps (Gal and Ghahramani 2016, arXiv:1512.05287).
        shared: bool,
    },
    /// Adds Gaussian noise of this standard deviation, in training only.
    Noise {
        deviation: f32,
    },
    /// Brings its input to mean 0 and variance 1.
    Norm(Norm),
}

impl Layer {
    /// The option by which what it gives in training depends on chance, if one does.
    pub fn chance(&self) -> Option<&'static str> {
        let only = |option, share| [(option, share), ("", 0.0), ("", 0.0), ("", 0.0), ("", 0.0), ("", 0.0)];
        let options = match self {
            Layer::Recurrent(layer) => [
                ("dropout", if layer.num_layers > 1 { layer.dropout } else { 0.0 }),
                ("recurrentDropout", layer.form.recurrent_dropout),
                ("variationalDropout", layer.form.variational),
                ("zoneout", layer.form.zoneout),
                ("zoneoutCell", layer.form.memory_zoneout),
                ("weightDrop", layer.weights.drop),
            ],
            Layer::Dropout { rate, .. } => only("rate", *rate),
            Layer::Embedding { dropout, .. } => only("dropout", *dropout),
            Layer::Noise { deviation } => only("deviation", *deviation),
            Layer::Dense { .. } | Layer::Norm(_) => return None,
        };
        options.into_iter().find_map(|(option, share)| (share > 0.0).then_some(option))
    }
}

/// What the first layer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// `size` numbers a step.
    Values { size: usize },
    /// One token below `vocabulary` a step. Straight into a recurrent or dense layer it acts as its one-hot vector.
    Tokens { vocabulary: usize },
}

/// Where the network predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Once a sequence: the layers after the last recurrent one read its final state, directions side by side.
    Last,
    /// At every step.
    Every,
}

/// A network that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkError {
    /// Index into the layers.
    pub layer: usize,
    pub message: String,
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layers[{}]: {}", self.layer, self.message)
    }
}

impl std::error::Error for NetworkError {}
