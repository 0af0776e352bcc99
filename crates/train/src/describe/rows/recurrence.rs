//! Rows of what acts on a recurrent layer's states, or on their gradients, at every step; each cell lists those that it can have.

use crate::describe::table::{Default::Absent, Field, Kind::Number, Range, row};

/// Of cells with a candidate beside their state.
pub const RECURRENT_DROPOUT: Field = row!(
    "recurrentDropout",
    Number(Range::Share),
    Absent,
    "Share of the candidate's units dropped at each step, in training (Semeniuta et al. 2016; what Keras calls recurrent_dropout is variationalDropout)."
);

/// Of cells with recurrent weights.
pub const VARIATIONAL_DROPOUT: Field = row!(
    "variationalDropout",
    Number(Range::Share),
    Absent,
    "Share of the state's units that the recurrent weights do not see, in training: of a sequence the same at all steps (Gal and Ghahramani 2016; Keras' recurrent_dropout)."
);

/// Of cells that read their state.
pub const ZONEOUT: Field = row!(
    "zoneout",
    Number(Range::Share),
    Absent,
    "Share of the state's units that stay as they were at each step, in training; elsewhere the expectation of that (Krueger et al. 2017)."
);

/// Of an LSTM.
pub const ZONEOUT_CELL: Field =
    row!("zoneoutCell", Number(Range::Share), Absent, "The same of the memory c, by a mask of its own.");

/// Of an Elman network.
pub const VANISHING_PENALTY: Field = row!(
    "vanishingPenalty",
    Number(Range::FromZero),
    Absent,
    "This times Ω, which keeps gradients from shrinking or growing from step to step, in the gradient of its recurrent weights; not part of the reported loss (Pascanu et al. 2013). Not with zoneout or normalization, by which gradients pass from step to step through more than the recurrent weights."
);
