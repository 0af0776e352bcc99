//! Rows of the optimisers: the list of them, and what several have; each family is in a file of its own.

mod adam;
mod descent;
mod lbfgs;
mod matrices;
mod papers;
mod squares;

use crate::describe::table::{
    Default::Is,
    Field,
    Kind::{Bool, Number, Tagged as Kinds, Word},
    Range, Tagged, Words, any_of, host, row,
};

/// Adam at 3e-3 is the optimiser when none is given; `adam()` alone has 1e-3, as everywhere.
pub const OPTIMIZER_ROW: Field = row!(
    "optimizer",
    any_of!(Kinds(&OPTIMIZER), Word(&NAMES)),
    Is(r#"{"kind":"adam","learningRate":0.003}"#),
    "How gradients become updates; a name alone has that optimiser's defaults.",
);
pub static OPTIMIZER: Tagged = Tagged {
    name: host("Optimizer"),
    doc: host("How gradients become updates."),
    of: &[
        &adam::ADAM,
        &adam::ADAMW,
        &descent::SGD,
        &squares::RMSPROP,
        &adam::NADAM,
        &adam::RADAM,
        &adam::ADAMAX,
        &squares::ADAGRAD,
        &squares::ADADELTA,
        &descent::ASGD,
        &descent::RPROP,
        &matrices::ADAFACTOR,
        &matrices::MUON,
        &papers::LION,
        &papers::LAMB,
        &papers::SCHEDULE_FREE,
        &papers::PRODIGY,
        &lbfgs::LBFGS,
    ],
};

/// The kinds of [`OPTIMIZER`].
pub static NAMES: Words = Words {
    name: "",
    doc: "",
    now: &[
        "adam",
        "adamw",
        "sgd",
        "rmsprop",
        "nadam",
        "radam",
        "adamax",
        "adagrad",
        "adadelta",
        "asgd",
        "rprop",
        "adafactor",
        "muon",
        "lion",
        "lamb",
        "scheduleFree",
        "prodigy",
        "lbfgs",
    ],
    later: &[],
};

const BETA1: Field = row!("beta1", Number(Range::Share), Is("0.9"), "Smoothing of the mean gradient.");
const BETA2: Field = row!("beta2", Number(Range::Share), Is("0.999"), "Smoothing of the mean squared gradient.");
const EPSILON: Field = epsilon("1e-8");
const MOMENTUM: Field = row!("momentum", Number(Range::Share), Is("0"), "Share of the last step that is kept.");
const MAXIMIZE: Field = row!("maximize", Bool, Is("false"), "Whether to climb: the loss is to be as large as can be.");
const HYPERGRADIENT: Field = row!(
    "hypergradient",
    Number(Range::FromZero),
    Is("0"),
    "Rate at which the learning rate itself descends from the number that is given (Baydin et al. 2018); 0: it stays.",
);
/// Unlike `penalty`, of all parameters, as in PyTorch.
const COUPLED: Field = row!(
    "weightDecay",
    Number(Range::FromZero),
    Is("0"),
    "weightDecay·θ is added to the gradient of every parameter, biases too; `penalty` leaves biases out.",
);
const DECOUPLED: Field = row!(
    "decoupledWeightDecay",
    Bool,
    Is("false"),
    "Whether the decay is a share of a parameter lost in an update of rate 1, as in AdamW.",
);

/// ε in the denominator.
const fn epsilon(default: &'static str) -> Field {
    row!("epsilon", Number(Range::AboveZero), Is(default), "Added to the root that is divided by.")
}

/// Decay that the moments do not scale.
const fn decay(default: &'static str) -> Field {
    row!("weightDecay", Number(Range::FromZero), Is(default), "Share of a weight lost in an update of rate 1.")
}
