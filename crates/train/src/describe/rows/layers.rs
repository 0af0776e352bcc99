//! Rows of the layers.

use super::inside::NORMALIZATION_ROW;
use super::model::INITIALISERS;
use super::norms::{BATCH_NORM, DROPOUT_SHARED, LAYER_NORM, NOISE, RMS_NORM, SHARED, TOKEN_DROPOUT};
use super::penalties::{ACTIVATION_PENALTY, TEMPORAL_PENALTY, WEIGHT_DROP, WEIGHT_NORM};
use super::recurrence::{RECURRENT_DROPOUT, VANISHING_PENALTY, VARIATIONAL_DROPOUT, ZONEOUT, ZONEOUT_CELL};
use crate::describe::table::{
    Default::{Absent, Is, Required},
    Field,
    Kind::{Bool, Number, Text, Word},
    LEVELS, Object, Range, Tagged, Tell, WIDTH, follows, host, one_of, row,
};

pub static LAYER: Tagged = Tagged {
    name: host("Layer"),
    doc: host("One layer of a network."),
    of: &[
        &LSTM,
        &GRU,
        &RNN,
        &MIN_GRU,
        &MIN_LSTM,
        &LRU,
        &DENSE,
        &EMBEDDING,
        &DROPOUT,
        &LAYER_NORM,
        &RMS_NORM,
        &BATCH_NORM,
        &NOISE,
    ],
};

pub(super) const BIAS: Field = row!("bias", Bool, Is("true"), "Whether there are biases.");
pub(super) const NAME: Field = row!("name", Text, follows("the layer's index"), "First part of its parameters' names.");
pub(super) const TRAINABLE: Field = row!("trainable", Bool, Is("true"), "Whether training changes it.");

pub static RECURRENT: Object = Object {
    name: host("Recurrent"),
    doc: host("What all recurrent layers have."),
    tell: Tell::Alone,
    base: None,
    fields: &[
        row!("hiddenSize", WIDTH, Required, "Units of the state, in each direction."),
        row!("numLayers", LEVELS, Is("1"), "Levels; each above the first reads the one below."),
        row!("bidirectional", Bool, Is("false"), "Whether a second direction reads from the end."),
        row!(
            "merge",
            one_of!("concat", "sum", "mean", "product"),
            Is("\"concat\""),
            "How the rows of two directions become one."
        ),
        row!(
            "residual",
            Bool,
            Is("false"),
            "Whether each level's input, which has its output's size, is added to it (He et al. 2016)."
        ),
        row!(
            "skip",
            Bool,
            Is("false"),
            "Whether each level's input stands beside its output, which is wider by it (Huang et al. 2017)."
        ),
        row!(
            "initialState",
            one_of!("zeros", "learned"),
            Is("\"zeros\""),
            "What an initial state is that is not given; learned ones are parameters: `h0_l0`, `c0_l0` (online learning starts from them as they are)."
        ),
        row!("dropout", Number(Range::Share), Is("0"), "Share of units dropped between levels, in training."),
        DROPOUT_SHARED,
        ACTIVATION_PENALTY,
        TEMPORAL_PENALTY,
        WEIGHT_NORM,
        BIAS,
        NAME,
        TRAINABLE,
    ],
};

// Of cells with recurrent weights.
const RECURRENT_INIT: Field = row!(
    "recurrentInit",
    Word(&INITIALISERS),
    follows("the model's init"),
    "How its recurrent weights start; \"identity\" with relu is the IRNN of Le et al. 2015."
);
const RECURRENT_SCALE: Field =
    row!("recurrentScale", Number(Range::AboveZero), Is("1"), "What their start is multiplied with.");

static LSTM: Object = Object {
    name: host("Lstm"),
    doc: host("Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000)."),
    tell: Tell::Kind("lstm"),
    base: Some(&RECURRENT),
    fields: &[
        RECURRENT_INIT,
        RECURRENT_SCALE,
        WEIGHT_DROP,
        row!(
            "forgetBias",
            Number(Range::Finite),
            follows("1; none with init \"pytorch\" or without biases"),
            "Start of the forget gate's bias.",
        ),
        row!("peepholes", Bool, Is("false"), "Whether the gates see the memory (Gers et al. 2002)."),
        row!("coupled", Bool, Is("false"), "Whether the input gate is 1 - forget gate (Greff et al. 2017)."),
        row!(
            "projSize",
            WIDTH,
            Absent,
            "Size of the state as a projection of the units, below hiddenSize (Sak et al. 2014).",
        ),
        NORMALIZATION_ROW,
        RECURRENT_DROPOUT,
        VARIATIONAL_DROPOUT,
        ZONEOUT,
        ZONEOUT_CELL,
    ],
};

static GRU: Object = Object {
    name: host("Gru"),
    doc: host("Gated recurrent unit (Cho et al. 2014)."),
    tell: Tell::Kind("gru"),
    base: Some(&RECURRENT),
    fields: &[
        RECURRENT_INIT,
        RECURRENT_SCALE,
        WEIGHT_DROP,
        row!(
            "reset",
            one_of!("after", "before"),
            Is("\"after\""),
            "Where the reset gate acts: after the product with the state (PyTorch, cuDNN) or before it (the original).",
        ),
        NORMALIZATION_ROW,
        RECURRENT_DROPOUT,
        VARIATIONAL_DROPOUT,
        ZONEOUT,
    ],
};

static RNN: Object = Object {
    name: host("Rnn"),
    doc: host("Elman network (Elman 1990)."),
    tell: Tell::Kind("rnn"),
    base: Some(&RECURRENT),
    fields: &[
        RECURRENT_INIT,
        RECURRENT_SCALE,
        WEIGHT_DROP,
        row!("activation", one_of!("tanh", "relu"), Is("\"tanh\""), "The state's nonlinearity."),
        NORMALIZATION_ROW,
        VARIATIONAL_DROPOUT,
        ZONEOUT,
        VANISHING_PENALTY,
    ],
};

static MIN_GRU: Object = Object {
    name: host("MinGru"),
    doc: host("minGRU: a gated unit whose gates do not see the state (Feng et al. 2024)."),
    tell: Tell::Kind("minGru"),
    base: Some(&RECURRENT),
    fields: &[RECURRENT_DROPOUT, ZONEOUT],
};

static MIN_LSTM: Object = Object {
    name: host("MinLstm"),
    doc: host("minLSTM: two gates that add up to 1 and do not see the state (Feng et al. 2024)."),
    tell: Tell::Kind("minLstm"),
    base: Some(&RECURRENT),
    fields: &[
        row!(
            "forgetBias",
            Number(Range::Finite),
            follows("1; none with init \"pytorch\" or without biases"),
            "Start of the forget gate's bias.",
        ),
        RECURRENT_DROPOUT,
        ZONEOUT,
    ],
};

static LRU: Object = Object {
    name: host("Lru"),
    doc: host("Linear recurrent unit: complex and diagonal, with as many real outputs (Orvieto et al. 2023)."),
    tell: Tell::Kind("lru"),
    base: Some(&RECURRENT),
    fields: &[
        row!("minRadius", Number(Range::Share), Is("0"), "Least size of its eigenvalues at the start."),
        row!("maxRadius", Number(Range::AboveZero), Is("1"), "Largest size of its eigenvalues at the start, up to 1."),
        row!(
            "maxPhase",
            Number(Range::AboveZero),
            Is("6.283185307179586"),
            "Largest phase of its eigenvalues at the start, in radians."
        ),
    ],
};

static DENSE: Object = Object {
    name: host("Dense"),
    doc: host("A layer of units that each see the whole layer below, at one step."),
    tell: Tell::Kind("dense"),
    base: None,
    fields: &[
        row!("units", WIDTH, follows("the output's size, in the last layer"), "Size of what it gives."),
        row!("activation", one_of!("linear", "relu", "tanh"), Is("\"linear\""), "The units' nonlinearity.",),
        BIAS,
        WEIGHT_NORM,
        NAME,
        TRAINABLE,
    ],
};

static EMBEDDING: Object = Object {
    name: host("Embedding"),
    doc: host("A vector for each token of the vocabulary; the first layer."),
    tell: Tell::Kind("embedding"),
    base: None,
    fields: &[row!("units", WIDTH, Required, "Size of a token's vector."), TOKEN_DROPOUT, NAME, TRAINABLE],
};

static DROPOUT: Object = Object {
    name: host("Dropout"),
    doc: host("Drops units in training and scales the others up (Srivastava et al. 2014)."),
    tell: Tell::Kind("dropout"),
    base: None,
    fields: &[row!("rate", Number(Range::Share), Required, "Share of units dropped."), SHARED],
};
