//! Rows of the optimisers that PyTorch does not have.

use super::{BETA1, BETA2, EPSILON, decay, epsilon};
use crate::describe::rows::schedules::rate;
use crate::describe::table::{
    COUNT,
    Default::Is,
    Kind::{Bool, Number},
    Object, Range, Tell, host, row,
};

pub static LION: Object = Object {
    name: host("Lion"),
    doc: host("Steps by the sign of momentum (Chen et al. 2023): a third to a tenth of Adam's rate."),
    tell: Tell::Kind("lion"),
    base: None,
    fields: &[
        rate("0.0001"),
        row!("beta1", Number(Range::Share), Is("0.9"), "Share of momentum in a step."),
        row!("beta2", Number(Range::Share), Is("0.99"), "Smoothing of momentum."),
        decay("0"),
    ],
};

pub static LAMB: Object = Object {
    name: host("Lamb"),
    doc: host("Adam with steps as long as each tensor, for large batches (You et al. 2020)."),
    tell: Tell::Kind("lamb"),
    base: None,
    fields: &[rate("0.001"), BETA1, BETA2, epsilon("1e-6"), decay("0.01")],
};

pub static SCHEDULE_FREE: Object = Object {
    name: host("ScheduleFree"),
    doc: host(
        "AdamW whose averaged weights take the place of a schedule (Defazio et al. 2024); the model has the averages.",
    ),
    tell: Tell::Kind("scheduleFree"),
    base: None,
    fields: &[
        rate("0.0025"),
        row!("beta1", Number(Range::Share), Is("0.9"), "Share of the average in the point where gradients are taken."),
        BETA2,
        EPSILON,
        decay("0"),
        row!("warmup", COUNT, Is("0"), "Updates in which the rate grows to what is given."),
    ],
};

pub static PRODIGY: Object = Object {
    name: host("Prodigy"),
    doc: host("Adam that finds its rate (Mishchenko and Defazio 2024); learningRate is a factor of it."),
    tell: Tell::Kind("prodigy"),
    base: None,
    fields: &[
        rate("1"),
        BETA1,
        BETA2,
        EPSILON,
        decay("0"),
        row!("d0", Number(Range::AboveZero), Is("1e-6"), "The first estimate of the distance to the solution."),
        row!("dCoefficient", Number(Range::AboveZero), Is("1"), "What the estimate is multiplied by."),
        row!("biasCorrection", Bool, Is("false"), "Whether the rate is corrected for moments that start at zero."),
    ],
};
