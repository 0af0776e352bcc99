//! Rows of the optimisers that divide by a root of squares, without a mean gradient.

use super::{COUPLED, EPSILON, MAXIMIZE, MOMENTUM, epsilon};
use crate::describe::rows::schedules::rate;
use crate::describe::table::{
    Default::Is,
    Kind::{Bool, Number},
    Object, Range, Tell, host, row,
};

pub static RMSPROP: Object = Object {
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
        COUPLED,
        MAXIMIZE,
    ],
};

pub static ADAGRAD: Object = Object {
    name: host("Adagrad"),
    doc: host("Each parameter's rate by all its gradients so far (Duchi et al. 2011)."),
    tell: Tell::Kind("adagrad"),
    base: None,
    fields: &[
        rate("0.01"),
        row!("rateDecay", Number(Range::FromZero), Is("0"), "The rate is divided by 1 + rateDecay·(updates done)."),
        row!("initialAccumulator", Number(Range::FromZero), Is("0"), "What the sum of squares starts from."),
        epsilon("1e-10"),
        COUPLED,
        MAXIMIZE,
    ],
};

pub static ADADELTA: Object = Object {
    name: host("Adadelta"),
    doc: host("Steps in the units of the parameters (Zeiler 2012)."),
    tell: Tell::Kind("adadelta"),
    base: None,
    fields: &[
        rate("1"),
        row!("rho", Number(Range::Share), Is("0.9"), "Smoothing of both mean squares."),
        row!("epsilon", Number(Range::AboveZero), Is("1e-6"), "Added to both mean squares before their roots."),
        COUPLED,
        MAXIMIZE,
    ],
};
