//! Rows of the learning rate and its schedules.

use crate::describe::table::{
    COUNT,
    Default::{Is, Required},
    Field,
    Kind::{self, Either, Number, Tagged as Kinds},
    Object, POSITIVE, Range, Tagged, Tell, Union, host, row,
};

const RATE: Kind = Either(&Union { name: host("Rate"), of: &[Number(Range::AboveZero), Kinds(&SCHEDULE)] });

/// The rate of an optimiser.
pub const fn rate(default: &'static str) -> Field {
    row!("learningRate", RATE, Is(default), "Length of a step, or its schedule.")
}

static SCHEDULE: Tagged = Tagged {
    name: host("Schedule"),
    doc: host("A learning rate over the updates."),
    of: &[&STEP_DECAY, &COSINE_DECAY],
};

const INITIAL: Field = row!("initial", Number(Range::AboveZero), Required, "The rate at the start.");

static STEP_DECAY: Object = Object {
    name: host("StepDecay"),
    doc: host("initial · factor^⌊step / every⌋."),
    tell: Tell::Kind("stepDecay"),
    base: None,
    fields: &[
        INITIAL,
        row!("every", POSITIVE, Required, "Updates between changes."),
        row!("factor", Number(Range::AboveZero), Required, "What a change multiplies by."),
    ],
};

static COSINE_DECAY: Object = Object {
    name: host("CosineDecay"),
    doc: host("A linear warm-up, then half a cosine down (Loshchilov and Hutter 2017)."),
    tell: Tell::Kind("cosineDecay"),
    base: None,
    fields: &[
        INITIAL,
        row!("steps", POSITIVE, Required, "Updates until the final rate, those of the warm-up among them."),
        row!("warmup", COUNT, Is("0"), "Updates of the warm-up."),
        row!("final", Number(Range::FromZero), Is("0"), "The rate at the end."),
    ],
};
