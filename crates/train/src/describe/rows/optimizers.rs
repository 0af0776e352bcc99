//! Rows of the optimisers.

use super::schedules::rate;
use crate::describe::table::{
    Default::Is,
    Field,
    Kind::{Bool, Number, Tagged as Kinds},
    Object, Range, Tagged, Tell, any_of, host, one_of, row,
};

/// Adam at 3e-3 is the optimiser when none is given; `adam()` alone has 1e-3, as everywhere.
pub const OPTIMIZER_ROW: Field = row!(
    "optimizer",
    any_of!(Kinds(&OPTIMIZER), one_of!("adam", "sgd", "rmsprop")),
    Is(r#"{"kind":"adam","learningRate":0.003}"#),
    "How gradients become updates; a name alone has that optimiser's defaults.",
);
pub static OPTIMIZER: Tagged = Tagged {
    name: host("Optimizer"),
    doc: host("How gradients become updates."),
    of: &[&ADAM, &ADAMW, &SGD, &RMSPROP],
};

const BETA1: Field = row!("beta1", Number(Range::Share), Is("0.9"), "Smoothing of the mean gradient.");
const BETA2: Field = row!("beta2", Number(Range::Share), Is("0.999"), "Smoothing of the mean squared gradient.");
const EPSILON: Field = row!("epsilon", Number(Range::AboveZero), Is("1e-8"), "Added to the root that is divided by.");
const MOMENTUM: Field = row!("momentum", Number(Range::Share), Is("0"), "Share of the last step that is kept.");

static ADAM: Object = Object {
    name: host("Adam"),
    doc: host("Adam (Kingma and Ba 2015)."),
    tell: Tell::Kind("adam"),
    base: None,
    fields: &[rate("0.001"), BETA1, BETA2, EPSILON],
};

static ADAMW: Object = Object {
    name: host("AdamW"),
    doc: host("Adam with decoupled weight decay (Loshchilov and Hutter 2019)."),
    tell: Tell::Kind("adamw"),
    base: None,
    fields: &[
        rate("0.001"),
        BETA1,
        BETA2,
        EPSILON,
        row!("weightDecay", Number(Range::FromZero), Is("0.01"), "Share of a weight lost in an update of rate 1."),
    ],
};

static SGD: Object = Object {
    name: host("Sgd"),
    doc: host("Gradient descent, plain or with momentum."),
    tell: Tell::Kind("sgd"),
    base: None,
    fields: &[rate("0.01"), MOMENTUM, row!("nesterov", Bool, Is("false"), "Nesterov's momentum; needs one.")],
};

static RMSPROP: Object = Object {
    name: host("RmsProp"),
    doc: host("RMSprop (Tieleman and Hinton 2012)."),
    tell: Tell::Kind("rmsprop"),
    base: None,
    fields: &[
        rate("0.01"),
        row!("alpha", Number(Range::Share), Is("0.99"), "Smoothing of the mean squared gradient."),
        MOMENTUM,
        row!("centered", Bool, Is("false"), "Whether the mean gradient is taken off first (Graves 2013)."),
        EPSILON,
    ],
};
