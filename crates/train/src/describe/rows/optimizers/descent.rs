//! Rows of the optimisers that have no second moment.

use super::{COUPLED, HYPERGRADIENT, MAXIMIZE, MOMENTUM};
use crate::describe::rows::schedules::rate;
use crate::describe::table::{
    COUNT,
    Default::Is,
    Kind::{Bool, Number},
    Object, Range, Tell, host, row,
};

pub static SGD: Object = Object {
    name: host("Sgd"),
    doc: host("Gradient descent, plain or with momentum."),
    tell: Tell::Kind("sgd"),
    base: None,
    fields: &[
        rate("0.01"),
        MOMENTUM,
        row!("dampening", Number(Range::Share), Is("0"), "Share of a gradient that momentum does not take; needs one."),
        row!("nesterov", Bool, Is("false"), "Nesterov's momentum; needs one."),
        COUPLED,
        MAXIMIZE,
        HYPERGRADIENT,
    ],
};

pub static ASGD: Object = Object {
    name: host("Asgd"),
    doc: host("Averaged gradient descent (Polyak and Juditsky 1992): the model has the mean of the weights since t0."),
    tell: Tell::Kind("asgd"),
    base: None,
    fields: &[
        rate("0.01"),
        row!("lambda", Number(Range::FromZero), Is("0.0001"), "Decay of weights and of the rate."),
        row!("alpha", Number(Range::FromZero), Is("0.75"), "Power by which the rate decays."),
        row!("t0", COUNT, Is("1000000"), "Updates before the average begins."),
        COUPLED,
        MAXIMIZE,
    ],
};

pub static RPROP: Object = Object {
    name: host("Rprop"),
    doc: host(
        "Steps by the sign of the gradient alone (Riedmiller and Braun 1993), that of all data: batchSize is \"full\", or all batches are accumulated; a trainer's batches are the caller's.",
    ),
    tell: Tell::Kind("rprop"),
    base: None,
    fields: &[
        rate("0.01"),
        row!("etaMinus", Number(Range::AboveZero), Is("0.5"), "What a turn of the gradient multiplies a step size by."),
        row!("etaPlus", Number(Range::AboveZero), Is("1.2"), "What a gradient of the same sign multiplies it by."),
        row!("smallestStep", Number(Range::AboveZero), Is("0.000001"), "The least step size."),
        row!("largestStep", Number(Range::AboveZero), Is("50"), "The largest step size."),
        MAXIMIZE,
    ],
};
