//! Rows of Adam and what comes from it.

use super::{BETA1, BETA2, COUPLED, DECOUPLED, EPSILON, HYPERGRADIENT, MAXIMIZE, decay};
use crate::describe::rows::schedules::rate;
use crate::describe::table::{
    Default::Is,
    Field,
    Kind::{Bool, Number},
    Object, Range, Tell, host, row,
};

const AMSGRAD: Field =
    row!("amsgrad", Bool, Is("false"), "Whether the largest mean square so far is divided by (Reddi et al. 2018).",);

pub static ADAM: Object = Object {
    name: host("Adam"),
    doc: host("Adam (Kingma and Ba 2015)."),
    tell: Tell::Kind("adam"),
    base: None,
    fields: &[rate("0.001"), BETA1, BETA2, EPSILON, COUPLED, AMSGRAD, MAXIMIZE, HYPERGRADIENT],
};

pub static ADAMW: Object = Object {
    name: host("AdamW"),
    doc: host("Adam with decoupled weight decay (Loshchilov and Hutter 2019)."),
    tell: Tell::Kind("adamw"),
    base: None,
    fields: &[rate("0.001"), BETA1, BETA2, EPSILON, decay("0.01"), AMSGRAD, MAXIMIZE],
};

pub static NADAM: Object = Object {
    name: host("NAdam"),
    doc: host("Adam with Nesterov's momentum (Dozat 2016)."),
    tell: Tell::Kind("nadam"),
    base: None,
    fields: &[
        rate("0.002"),
        BETA1,
        BETA2,
        EPSILON,
        row!("momentumDecay", Number(Range::FromZero), Is("0.004"), "How fast momentum grows to beta1."),
        COUPLED,
        DECOUPLED,
        MAXIMIZE,
    ],
};

pub static RADAM: Object = Object {
    name: host("RAdam"),
    doc: host("Adam that is adaptive once the variance of its steps is known (Liu et al. 2020)."),
    tell: Tell::Kind("radam"),
    base: None,
    fields: &[rate("0.001"), BETA1, BETA2, EPSILON, COUPLED, DECOUPLED, MAXIMIZE],
};

pub static ADAMAX: Object = Object {
    name: host("Adamax"),
    doc: host("Adam by the largest gradient instead of the mean square (Kingma and Ba 2015)."),
    tell: Tell::Kind("adamax"),
    base: None,
    fields: &[rate("0.002"), BETA1, BETA2, EPSILON, COUPLED, MAXIMIZE],
};
