//! Rows of the optimisers that see a matrix as one.

use super::{BETA1, BETA2, MAXIMIZE, decay};
use crate::describe::rows::schedules::rate;
use crate::describe::table::{
    Default::Is,
    Kind::{Bool, List, Number},
    Object, POSITIVE, Range, Tell, host, one_of, row,
};

pub static ADAFACTOR: Object = Object {
    name: host("Adafactor"),
    doc: host("Second moments by rows and columns, in little memory (Shazeer and Stern 2018)."),
    tell: Tell::Kind("adafactor"),
    base: None,
    fields: &[
        rate("0.01"),
        row!("beta2Decay", Number(Range::Finite), Is("-0.8"), "Power of the update's number that a new square weighs."),
        row!("epsilon1", Number(Range::AboveZero), Is("1.1920929e-7"), "Its square is the least second moment."),
        row!("epsilon2", Number(Range::FromZero), Is("0.001"), "The least scale of a tensor, which steps go by."),
        row!(
            "threshold",
            Number(Range::AboveZero),
            Is("1"),
            "The largest root mean square of a step, before the scale."
        ),
        decay("0"),
        MAXIMIZE,
    ],
};

pub static MUON: Object = Object {
    name: host("Muon"),
    doc: host(
        "Orthogonal steps for hidden matrices (Jordan et al. 2024); embeddings, the first and the last matrix and all vectors go by AdamW.",
    ),
    tell: Tell::Kind("muon"),
    base: None,
    fields: &[
        rate("0.001"),
        row!("momentum", Number(Range::Share), Is("0.95"), "Smoothing of the mean gradient of hidden matrices."),
        row!("nesterov", Bool, Is("true"), "Whether to look ahead by one momentum step."),
        decay("0.1"),
        row!(
            "coefficients",
            List(&Number(Range::Finite), 0),
            Is("[3.4445,-4.775,2.0315]"),
            "a, b, c of the iteration X ← aX + (bA + cA²)X, A = XXᵀ.",
        ),
        row!("newtonSchulzSteps", POSITIVE, Is("5"), "Steps of the iteration."),
        row!("epsilon", Number(Range::AboveZero), Is("1e-7"), "The least norm that a matrix is divided by."),
        row!(
            "adjustRate",
            one_of!("original", "matchRmsAdamW"),
            Is("\"original\""),
            "The rate of a matrix [R, C] times √max(1, R/C), or times 0.2·√max(R, C): steps of AdamW's size (Liu et al. 2025).",
        ),
        row!("adamRate", Number(Range::FromZero), Is("1"), "The rate of AdamW's part, as a multiple of learningRate."),
        BETA1,
        BETA2,
        row!("adamEpsilon", Number(Range::AboveZero), Is("1e-8"), "Added to the root that AdamW's part is divided by."),
    ],
};
