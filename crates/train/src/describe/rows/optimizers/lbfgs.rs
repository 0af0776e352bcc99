//! The row of L-BFGS.

use super::MAXIMIZE;
use crate::describe::rows::schedules::rate;
use crate::describe::table::{
    Default::Is, Kind::Number, Object, POSITIVE, Range, SIZE, Tell, follows, host, one_of, row,
};

pub static LBFGS: Object = Object {
    name: host("Lbfgs"),
    doc: host(
        "L-BFGS (Nocedal and Wright 2006) as PyTorch has it, on the loss of all data: an update is up to maxIterations steps along directions that the last steps give. In `fit` alone.",
    ),
    tell: Tell::Kind("lbfgs"),
    base: None,
    fields: &[
        rate("1"),
        row!("maxIterations", POSITIVE, Is("20"), "Steps of an update (an epoch), at most."),
        row!(
            "maxEvaluations",
            POSITIVE,
            follows("5/4 of maxIterations, rounded down"),
            "Passes over the data after which an update begins no further step. A line search has what is left of them: if it finds nothing, the weights stay."
        ),
        row!("toleranceGradient", Number(Range::FromZero), Is("1e-7"), "An update ends where no gradient is larger."),
        row!(
            "toleranceChange",
            Number(Range::FromZero),
            Is("1e-9"),
            "An update ends where no parameter, or the loss, changes by more."
        ),
        row!(
            "historySize",
            SIZE,
            Is("100"),
            "Steps that directions are made of; each takes twice the memory of the parameters."
        ),
        row!(
            "lineSearch",
            one_of!("none", "strongWolfe"),
            Is("\"none\""),
            "Whether each step is searched for, beginning at learningRate, until the strong Wolfe conditions hold, or is learningRate times the direction."
        ),
        MAXIMIZE,
    ],
};
