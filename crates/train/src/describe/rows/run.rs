//! Rows of a run's description.

use super::average::AVERAGE_ROW;
use super::gradients::{CLIP_ROW, GROUPS_ROW, NOISE_ROW, PENALTY_ROW};
use super::metrics::METRIC;
use super::optimizers::OPTIMIZER_ROW;
use super::stopping::{GRADIENT_NORM_ROW, MIN_DELTA_ROW, MIN_IMPROVEMENT_ROW, ON_DIVERGENCE_ROW, TARGET_ROW};
use crate::describe::table::{
    COUNT,
    Default::{Absent, Is, Required},
    Kind::{Bool, List, Number, Object as Fields},
    Object, POSITIVE, Range, SIZE, Tell, any_of, follows, host, one_of, row,
};

pub static RUN: Object = Object {
    name: host("RunDescription"),
    doc: host("A training run: plain JSON, saved with the model."),
    tell: Tell::Alone,
    base: None,
    fields: &[
        row!(
            "epochs",
            POSITIVE,
            follows("100, when neither steps nor seconds are given"),
            "Passes over the data, at most."
        ),
        row!("steps", POSITIVE, Absent, "Updates, at most."),
        row!(
            "seconds",
            Number(Range::AboveZero),
            Absent,
            "Time in seconds, at most; the one thing that is not the same everywhere."
        ),
        TARGET_ROW,
        GRADIENT_NORM_ROW,
        MIN_IMPROVEMENT_ROW,
        row!(
            "batchSize",
            any_of!(SIZE, one_of!("full")),
            follows("32, or fewer when there are fewer; \"full\" with lbfgs or rprop"),
            "Sequences in an update; \"full\": all.",
        ),
        row!(
            "gradientAccumulation",
            POSITIVE,
            Is("1"),
            "Batches of an update: it goes by the mean over all their samples, as of one batch so many times as large, in the memory of one. An epoch's last update takes the batches that are left.",
        ),
        row!(
            "shuffle",
            Bool,
            follows("true; false with carryState, lbfgs or rprop"),
            "Whether each epoch has an order of its own."
        ),
        OPTIMIZER_ROW,
        CLIP_ROW,
        PENALTY_ROW,
        GROUPS_ROW,
        NOISE_ROW,
        AVERAGE_ROW,
        super::penalties::MAX_NORM_ROW,
        super::penalties::ORTHOGONALITY_ROW,
        row!("window", SIZE, follows("128 for a text"), "Steps that a text is cut into."),
        row!(
            "carryState",
            Bool,
            Is("false"),
            "Text: the state runs on into the next window. Source of batches: into the next batch, whose sequences go on where these ended. Not with bidirectional layers, normalization \"batch\", shuffle: true, batchSize \"full\", lbfgs or rprop.",
        ),
        row!(
            "truncation",
            Fields(&TRUNCATION),
            Absent,
            "Truncated backpropagation through time, BPTT(k1, k2); else an update goes through whole sequences. Not with what sees a sequence as a whole (bidirectional layers, batchNorm and normalization \"batch\", activationPenalty and temporalPenalty, the loss ctc), gradientAccumulation, lbfgs or rprop.",
        ),
        row!(
            "checkpointing",
            any_of!(Bool, Fields(&CHECKPOINTING)),
            Is("false"),
            "Gradient checkpointing: memory by the root of a sequence's steps, the same bits, about a third more time. Not with bidirectional layers, batchNorm, activationPenalty or temporalPenalty. true: segments that take the least memory, shorter than √T steps.",
        ),
        row!(
            "validationSplit",
            any_of!(Number(Range::Share), Fields(&SPLIT)),
            follows("0.1 for a series without validationData, else none"),
            "Share kept for validation; a number is taken from the end.",
        ),
        row!(
            "patience",
            POSITIVE,
            follows("10 with validation"),
            "Epochs without a better validation loss before it stops."
        ),
        MIN_DELTA_ROW,
        row!(
            "keep",
            one_of!("best", "last"),
            follows("\"best\" with validation, else \"last\""),
            "Whose weights the model has at the end: those of the best validation loss, or the last.",
        ),
        row!(
            "metrics",
            List(&METRIC, 0),
            follows(
                "[\"accuracy\"] for classes and yes or no, [\"bitsPerCharacter\"] for the next token, [\"labelErrorRate\"] for labels, [\"rmse\"] for numbers"
            ),
            "What is reported beside the loss.",
        ),
        ON_DIVERGENCE_ROW,
        row!("recordEvery", POSITIVE, Is("1"), "Steps between records of the history: counted, never timed."),
        row!("seed", COUNT, Is("0"), "Of the order, of dropout and of noise."),
    ],
};

pub static TRUNCATION: Object = Object {
    name: host("Truncation"),
    doc: host(
        "Updates after every k1 steps, each by the losses of these alone, back through the last k2 (Williams and Peng 1990; Sutskever 2013). Where there is one target a sequence, after the k1 steps in which one ends.",
    ),
    tell: Tell::Alone,
    base: None,
    fields: &[
        row!("k1", SIZE, Required, "Steps between updates: the weights change within a sequence."),
        row!("k2", SIZE, Required, "Steps that an update goes back, at least k1; memory is that of so many."),
    ],
};

pub static CHECKPOINTING: Object = Object {
    name: host("Checkpointing"),
    doc: host(
        "States are kept before each segment, and what is between is computed anew on the way back (Chen et al. 2016; Gruslys et al. 2016).",
    ),
    tell: Tell::Alone,
    base: None,
    fields: &[row!("every", SIZE, Required, "Steps of a segment.")],
};

pub static SPLIT: Object = Object {
    name: host("ValidationSplit"),
    doc: host("A part of the data kept for validation."),
    tell: Tell::Alone,
    base: None,
    fields: &[
        row!("fraction", Number(Range::Share), Required, "Share of the sequences; 0: none."),
        row!("from", one_of!("end", "random"), Required, "The end of the data, or anywhere (by `seed`).",),
    ],
};
