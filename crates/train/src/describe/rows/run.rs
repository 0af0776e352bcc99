//! Rows of a run's description.

use super::average::AVERAGE_ROW;
use super::gradients::{CLIP_ROW, GROUPS_ROW, NOISE_ROW, PENALTY_ROW};
use super::metrics::METRIC;
use super::optimizers::OPTIMIZER_ROW;
use crate::describe::table::{
    COUNT,
    Default::{Absent, Is, Required},
    Kind::{Bool, Later, List, Number, Object as Fields},
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
        row!(
            "batchSize",
            any_of!(SIZE, one_of!("full")),
            follows("32, or fewer when there are fewer"),
            "Sequences in an update; \"full\": all.",
        ),
        row!("shuffle", Bool, follows("true; false with carryState"), "Whether each epoch has an order of its own."),
        OPTIMIZER_ROW,
        CLIP_ROW,
        PENALTY_ROW,
        GROUPS_ROW,
        NOISE_ROW,
        AVERAGE_ROW,
        row!("window", SIZE, follows("128 for a text"), "Steps that a text is cut into."),
        row!("carryState", Bool, Is("false"), "Text: the state runs on into the next window."),
        row!("truncation", Later("{ k1: number; k2: number }"), Absent, "(later)"),
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
        row!("recordEvery", POSITIVE, Is("1"), "Steps between records of the history: counted, never timed."),
        row!("seed", COUNT, Is("0"), "Of the order, of dropout and of noise."),
    ],
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
