//! Rows of what is done to gradients before the optimiser sees them: clipping, penalties.

use crate::describe::table::{
    Default::{Absent, Is, Required},
    Field, Keyed,
    Kind::{Integer, Keyed as OneOf, Number, Object as Fields},
    Object, Range, Span, Tell, any_of, host, one_of, row,
};

pub const CLIP_ROW: Field = row!(
    "clip",
    any_of!(OneOf(&CLIP), one_of!("none")),
    Is(r#"{"norm":5}"#),
    "How gradients are clipped: to a norm, each value, by the norms of the weights, or not.",
);
pub const PENALTY_ROW: Field = row!(
    "penalty",
    Fields(&PENALTY),
    Is(r#"{"l1":0,"l2":0}"#),
    "On weights, not biases; not part of the reported loss."
);

pub const NOISE_ROW: Field = row!(
    "gradientNoise",
    Fields(&NOISE),
    Absent,
    "Normal noise on every gradient, after clipping (Neelakantan et al. 2015)."
);

static CLIP: Keyed = Keyed { name: "", doc: "", of: &[&BY_NORM, &BY_VALUE, &ADAPTIVE] };

static BY_NORM: Object = Object {
    name: host("ClipNorm"),
    doc: host("Gradients are scaled down to a norm, as one vector or each tensor by itself (Pascanu et al. 2013)."),
    tell: Tell::Key("norm"),
    base: None,
    fields: &[
        row!("norm", Number(Range::AboveZero), Required, "The largest norm."),
        row!(
            "normType",
            any_of!(Integer(Span { low: 1, high: 2 }), one_of!("infinity")),
            Is("2"),
            "Which norm: the sum of sizes, Euclid's, or the largest size. The gradient norm that is reported is of the same kind.",
        ),
        row!(
            "per",
            one_of!("all", "tensor"),
            Is("\"all\""),
            "Whether all gradients are one vector, or each tensor is."
        ),
    ],
};

static BY_VALUE: Object = Object {
    name: host("ClipValue"),
    doc: host("Each element of the gradients is brought into ± a value."),
    tell: Tell::Key("value"),
    base: None,
    fields: &[row!("value", Number(Range::AboveZero), Required, "The largest size of an element.")],
};

static ADAPTIVE: Object = Object {
    name: host("ClipAdaptive"),
    doc: host(
        "Gradients of each unit (a row of a matrix, a whole vector) are scaled down to a share of the norm of its weights (Brock et al. 2021).",
    ),
    tell: Tell::Key("adaptive"),
    base: None,
    fields: &[
        row!("adaptive", Number(Range::AboveZero), Required, "The share: 0.01 in the paper."),
        row!("epsilon", Number(Range::AboveZero), Is("0.001"), "The least norm that weights count with."),
    ],
};

static NOISE: Object = Object {
    name: host("GradientNoise"),
    doc: host("The variance is eta / (1 + updates done)^gamma."),
    tell: Tell::Alone,
    base: None,
    fields: &[
        row!(
            "eta",
            Number(Range::AboveZero),
            Required,
            "The variance at the first update: 0.01, 0.3 or 1 in the paper."
        ),
        row!("gamma", Number(Range::FromZero), Is("0.55"), "Power by which it falls."),
    ],
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
