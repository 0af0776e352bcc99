//! Rows of the optimisers and of what else shapes an update: schedules, clipping, penalties.

use crate::describe::table::{
    COUNT,
    Default::{Is, Required},
    Field, Keyed,
    Kind::{self, Bool, Either, Keyed as OneOf, Number, Object as Fields, Tagged as Kinds},
    Object, POSITIVE, Range, Tagged, Tell, Union, any_of, host, one_of, row,
};

/// Adam at 3e-3 is the optimiser when none is given; `adam()` alone has 1e-3, as everywhere.
pub const OPTIMIZER_ROW: Field = row!(
    "optimizer",
    any_of!(Kinds(&OPTIMIZER), one_of!("adam", "sgd", "rmsprop")),
    Is(r#"{"kind":"adam","learningRate":0.003}"#),
    "How gradients become updates; a name alone has that optimiser's defaults.",
);
pub const CLIP_ROW: Field = row!(
    "clip",
    any_of!(OneOf(&CLIP), one_of!("none")),
    Is(r#"{"norm":5}"#),
    "How gradients are clipped: to a norm of all together, each value, or not.",
);
pub const PENALTY_ROW: Field = row!(
    "penalty",
    Fields(&PENALTY),
    Is(r#"{"l1":0,"l2":0}"#),
    "On weights, not biases; not part of the reported loss."
);

pub static OPTIMIZER: Tagged = Tagged {
    name: host("Optimizer"),
    doc: host("How gradients become updates."),
    of: &[&ADAM, &ADAMW, &SGD, &RMSPROP],
};

const RATE: Kind = Either(&Union { name: host("Rate"), of: &[Number(Range::AboveZero), Kinds(&SCHEDULE)] });
const fn rate(default: &'static str) -> Field {
    row!("learningRate", RATE, Is(default), "Length of a step, or its schedule.")
}
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

static CLIP: Keyed = Keyed { name: "", doc: "", of: &[&BY_NORM, &BY_VALUE] };

static BY_NORM: Object = Object {
    name: host("ClipNorm"),
    doc: host("All gradients as one vector are scaled down to a norm (Pascanu et al. 2013)."),
    tell: Tell::Key("norm"),
    base: None,
    fields: &[row!("norm", Number(Range::AboveZero), Required, "The largest norm of all gradients together.")],
};

static BY_VALUE: Object = Object {
    name: host("ClipValue"),
    doc: host("Each element of the gradients is brought into ± a value."),
    tell: Tell::Key("value"),
    base: None,
    fields: &[row!("value", Number(Range::AboveZero), Required, "The largest size of an element.")],
};

static PENALTY: Object = Object {
    name: host("Penalty"),
    doc: host("What is added to the gradient of weights, for a loss of l1·Σ|w| + l2/2·Σw² more."),
    tell: Tell::Alone,
    base: None,
    fields: &[
        row!("l1", Number(Range::FromZero), Is("0"), "l1·sign(w)."),
        row!("l2", Number(Range::FromZero), Is("0"), "l2·w: `weight_decay` of PyTorch's Adam and SGD."),
    ],
};
