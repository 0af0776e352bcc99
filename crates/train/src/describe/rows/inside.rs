//! Rows of the norms inside recurrent cells.

use crate::describe::table::{
    Default::{Absent, Is},
    Field,
    Kind::{self, Number},
    Object, Range, SIZE, Tagged, Tell, any_of, host, one_of, row,
};

/// Of the layers that can have them.
pub const NORMALIZATION_ROW: Field = row!(
    "normalization",
    any_of!(one_of!("layer", "rms", "batch"), Kind::Tagged(&NORMALIZATION)),
    Absent,
    "What is normalised inside the cell: the products with input and state (of rnn their sum) and an LSTM's memory on its way out. A GRU's reset is then \"after\"."
);

/// A name alone stands for the kind with its defaults.
pub static NORMALIZATION: Tagged =
    Tagged { name: host("Normalization"), doc: host("A norm inside a recurrent cell."), of: &[&LAYER, &RMS, &BATCH] };

const EPSILON: Field = row!("epsilon", Number(Range::AboveZero), Is("1e-5"), "Added to the variance.");

static LAYER: Object = Object {
    name: host("LayerNormalization"),
    doc: host("`{ kind: \"layer\" }`: over the numbers of each step, around their mean (Ba et al. 2016)."),
    tell: Tell::Kind("layer"),
    base: None,
    fields: &[EPSILON],
};

static RMS: Object = Object {
    name: host("RmsNormalization"),
    doc: host("`{ kind: \"rms\" }`: over the numbers of each step, around 0 (Zhang and Sennrich 2019)."),
    tell: Tell::Kind("rms"),
    base: None,
    fields: &[row!("epsilon", Number(Range::AboveZero), Is("1.1920929e-7"), "Added to the mean square.")],
};

static BATCH: Object = Object {
    name: host("BatchNormalization"),
    doc: host(
        "`{ kind: \"batch\" }`: each number over the sequences of a batch (with workers: of a shard) that have the step, in predictions by running statistics of the step; gains start at 0.1 (Cooijmans et al. 2017). Where one sequence alone has a step, it goes by the running statistics.",
    ),
    tell: Tell::Kind("batch"),
    base: None,
    fields: &[
        row!(
            "maxSteps",
            SIZE,
            Is("100"),
            "Steps with running statistics of their own; later ones share those of the last. They take memory as parameters do."
        ),
        row!(
            "momentum",
            Number(Range::Share),
            Is("0.1"),
            "Share by which the running statistics move to a batch's at each update."
        ),
        EPSILON,
    ],
};
