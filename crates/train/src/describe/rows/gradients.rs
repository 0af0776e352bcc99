//! Rows of what is done to gradients before the optimiser sees them: clipping, penalties.

use crate::describe::table::{
    COUNT,
    Default::{Absent, Is, Required},
    Field, Keyed,
    Kind::{self, Integer, Keyed as OneOf, List, Number, Object as Fields, Text, Word},
    Object, Range, Span, Tell, Words, any_of, follows, host, one_of, row,
};

pub const CLIP_ROW: Field = row!(
    "clip",
    CLIP,
    follows(r#"{"norm":5}; "none" with lbfgs"#),
    "How gradients are clipped: to a norm, each value, by the norms of the weights, or not.",
);
pub const PENALTY_ROW: Field = row!(
    "penalty",
    Fields(&PENALTY),
    Is(r#"{"l1":0,"l2":0}"#),
    "On weights, not biases, if nothing else is said; not part of the reported loss."
);
pub const GROUPS_ROW: Field = row!(
    "groups",
    List(&Fields(&GROUP), 0),
    Is("[]"),
    "Parameters that are moved in their own way; each belongs to the first group that takes it, the others to none."
);

pub const NOISE_ROW: Field = row!(
    "gradientNoise",
    Fields(&NOISE),
    Absent,
    "Normal noise on every gradient, after clipping (Neelakantan et al. 2015)."
);

pub static CLIP: Kind = any_of!(OneOf(&CLIPS), one_of!("none"));

static CLIPS: Keyed = Keyed { name: "", doc: "", of: &[&BY_NORM, &BY_VALUE, &ADAPTIVE] };

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

static KIND: Words = Words {
    name: host("ParameterKind"),
    doc: host(
        "What a parameter is: weights of a recurrent layer's input or state, of a dense layer, an embedding, a bias.",
    ),
    now: &["input", "recurrent", "dense", "embedding", "bias"],
    later: &[],
};

static GROUP: Object = Object {
    name: host("ParameterGroup"),
    doc: host("Some parameters and how they are moved."),
    tell: Tell::Alone,
    base: None,
    fields: &[
        row!("layers", List(&LAYER, 1), follows("all"), "Layers, by their index or name."),
        row!("kinds", List(&Word(&KIND), 1), follows("all"), "Kinds of parameters."),
        row!(
            "learningRateFactor",
            Number(Range::FromZero),
            Is("1"),
            "What the learning rate is multiplied by; 0: they stay."
        ),
        row!("weightDecay", Number(Range::FromZero), follows("the optimiser's"), "In place of the optimiser's."),
        row!("penalty", Fields(&PENALTY), follows("the run's"), "In place of the run's."),
    ],
};
static LAYER: Kind = any_of!(COUNT, Text);

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
        row!(
            "on",
            List(&Word(&KIND), 1),
            Is(r#"["input","recurrent","dense","embedding"]"#),
            "The kinds of parameters that it is on.",
        ),
    ],
};
