//! Rows of the layers that normalise, and of noise.

use super::layers::{BIAS, NAME, TRAINABLE};
use crate::describe::table::{
    Default::{Absent, Is, Required},
    Field,
    Kind::{Bool, Number},
    Object, Range, Tell, host, one_of, row,
};

const EPSILON: Field = row!("epsilon", Number(Range::AboveZero), Is("1e-5"), "Added to the variance.");

pub static LAYER_NORM: Object = Object {
    name: host("LayerNorm"),
    doc: host(
        "Brings the units of each step to mean 0 and variance 1, then to a gain and a shift of each unit's own (Ba et al. 2016).",
    ),
    tell: Tell::Kind("layerNorm"),
    base: None,
    fields: &[EPSILON, BIAS, NAME, TRAINABLE],
};

pub static RMS_NORM: Object = Object {
    name: host("RmsNorm"),
    doc: host("Divides the units of each step by the root of their mean square (Zhang and Sennrich 2019)."),
    tell: Tell::Kind("rmsNorm"),
    base: None,
    fields: &[
        // PyTorch's default: the spacing of 32-bit numbers at 1.
        row!("epsilon", Number(Range::AboveZero), Is("1.1920929e-7"), "Added to the mean square."),
        NAME,
        TRAINABLE,
    ],
};

pub static BATCH_NORM: Object = Object {
    name: host("BatchNorm"),
    doc: host(
        "Brings each unit to mean 0 and variance 1 over the sequences and steps of a batch (with workers: of a shard), in predictions by running statistics (Ioffe and Szegedy 2015).",
    ),
    tell: Tell::Kind("batchNorm"),
    base: None,
    fields: &[
        row!(
            "momentum",
            Number(Range::Share),
            Is("0.1"),
            "Share by which the running statistics move to a batch's at each update."
        ),
        EPSILON,
        NAME,
        row!(
            "trainable",
            Bool,
            Is("true"),
            "Whether training changes it; if not, it goes by its running statistics in training too."
        ),
    ],
};

pub static NOISE: Object = Object {
    name: host("Noise"),
    doc: host("Adds Gaussian noise in training: to the input, as the first layer, or between layers."),
    tell: Tell::Kind("noise"),
    base: None,
    fields: &[row!("deviation", Number(Range::FromZero), Required, "Standard deviation of the noise.")],
};

/// Of dropout: whose mask it is.
pub const SHARED: Field = shared("shared");

/// The same of dropout between levels.
pub const DROPOUT_SHARED: Field = shared("dropoutShared");

const fn shared(name: &'static str) -> Field {
    row!(
        name,
        one_of!("time"),
        Absent,
        "\"time\": one mask for all steps of a sequence (Gal and Ghahramani 2016); absent: a mask for each step."
    )
}

/// Of an embedding.
pub const TOKEN_DROPOUT: Field = row!(
    "dropout",
    Number(Range::Share),
    Is("0"),
    "Share of tokens dropped in training, all occurrences in a sequence together (Gal and Ghahramani 2016)."
);
