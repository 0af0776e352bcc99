//! Rows of penalties that go with a layer, of what keeps weights in shape, and of what they are made of.

use crate::describe::table::{
    Default::Absent,
    Field,
    Kind::{Bool, Number},
    Range, row,
};

pub const ACTIVATION_PENALTY: Field = row!(
    "activationPenalty",
    Number(Range::FromZero),
    Absent,
    "AR: this times the mean square of the layer's output, added to what training minimises (Merity et al. 2017)."
);

pub const TEMPORAL_PENALTY: Field = row!(
    "temporalPenalty",
    Number(Range::FromZero),
    Absent,
    "TAR: this times the mean square of the output's change from step to step, likewise."
);

/// Of a run.
pub const ORTHOGONALITY_ROW: Field = row!(
    "orthogonality",
    Number(Range::FromZero),
    Absent,
    "A penalty of this times ‖W·Wᵀ - I‖² for each gate W of the recurrent matrices; not part of the reported loss."
);

/// Of a run.
pub const MAX_NORM_ROW: Field = row!(
    "maxNorm",
    Number(Range::AboveZero),
    Absent,
    "The largest norm of a unit's incoming weights, to which an update scales them down (Srivastava et al. 2014)."
);

/// Of a recurrent or a dense layer.
pub const WEIGHT_NORM: Field = row!(
    "weightNorm",
    Bool,
    Absent,
    "Whether each row of its weights is learnt as a norm and a direction, weight_g and weight_v (Salimans and Kingma 2016)."
);

pub const WEIGHT_DROP: Field = row!(
    "weightDrop",
    Number(Range::Share),
    Absent,
    "Share of the hidden-to-hidden weights dropped in training, the same in all steps of an update (Merity et al. 2017)."
);
