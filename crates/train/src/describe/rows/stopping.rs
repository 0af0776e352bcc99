//! Rows of when a run ends before its epochs, steps or seconds are over, and of what it does when it diverges.

use crate::describe::table::{
    Default::{Absent, Is, Required},
    Field, Keyed,
    Kind::{Keyed as OneOf, Number, Object as Fields},
    Object, POSITIVE, Range, Tell, any_of, host, one_of, row,
};

pub const TARGET_ROW: Field = row!(
    "target",
    OneOf(&TARGET),
    Absent,
    "The loss at which it stops: the mean over an epoch, or that of the validation part."
);
pub const GRADIENT_NORM_ROW: Field = row!(
    "gradientNorm",
    Number(Range::AboveZero),
    Absent,
    "It stops after an epoch whose updates had gradients of this norm or less in the mean, before clipping: Euclid's, or of clip's normType; with batchSize \"full\" that is the gradient of the loss itself."
);
pub const MIN_IMPROVEMENT_ROW: Field = row!(
    "minImprovement",
    Fields(&MIN_IMPROVEMENT),
    Absent,
    "It stops when the loss has not become better by a fraction of itself for so many epochs."
);
pub const MIN_DELTA_ROW: Field = row!(
    "minDelta",
    Number(Range::FromZero),
    Absent,
    "By how much a validation loss has to be below the best before, for patience to begin anew (Keras' min_delta). Which weights are kept does not depend on it."
);
pub const ON_DIVERGENCE_ROW: Field = row!(
    "onDivergence",
    any_of!(Fields(&ON_DIVERGENCE), one_of!("stop")),
    Is("\"stop\""),
    "What follows when a loss, gradient or weight is no longer finite: a DivergenceError, or another try.",
);

static TARGET: Keyed = Keyed { name: "", doc: "", of: &[&LOSS, &VALIDATION_LOSS] };

static LOSS: Object = Object {
    name: host("LossTarget"),
    doc: host("A training loss to be reached."),
    tell: Tell::Key("loss"),
    base: None,
    fields: &[row!("loss", Number(Range::Finite), Required, "Mean loss of an epoch, as it is reported.")],
};

static VALIDATION_LOSS: Object = Object {
    name: host("ValidationTarget"),
    doc: host("A validation loss to be reached."),
    tell: Tell::Key("validationLoss"),
    base: None,
    fields: &[row!("validationLoss", Number(Range::Finite), Required, "Loss of the validation part.")],
};

static MIN_IMPROVEMENT: Object = Object {
    name: host("MinImprovement"),
    doc: host(
        "Convergence by the relative improvement: epoch e is better when L_e < r - fraction·|r|, and r becomes L_e.",
    ),
    tell: Tell::Alone,
    base: None,
    fields: &[
        row!("fraction", Number(Range::Share), Is("0.001"), "Of the loss r of the last epoch that was better."),
        row!("epochs", POSITIVE, Is("5"), "Epochs in a row without a better one, after which it stops."),
        row!(
            "monitor",
            one_of!("loss", "validationLoss"),
            Is("\"loss\""),
            "Which loss: an epoch's mean, or that of the validation part."
        ),
    ],
};

static ON_DIVERGENCE: Object = Object {
    name: host("OnDivergence"),
    doc: host("A run that goes back and on instead of ending in a DivergenceError."),
    tell: Tell::Alone,
    base: None,
    fields: &[row!(
        "rollBack",
        Fields(&ROLL_BACK),
        Required,
        "Back to where the last whole epoch ended (or the run began): weights, moments, counts."
    )],
};

static ROLL_BACK: Object = Object {
    name: host("RollBack"),
    doc: host("Another try with a smaller rate; each is told of in the history's warnings."),
    tell: Tell::Alone,
    base: None,
    fields: &[
        row!(
            "factor",
            Number(Range::AboveZero),
            Is("0.5"),
            "What the rate is multiplied with from there on, each time; below 1."
        ),
        row!("times", POSITIVE, Is("3"), "How often, in the whole run; after that it is a DivergenceError."),
    ],
};
