//! Rows of what is done to gradients before the optimiser sees them: clipping, penalties.

use crate::describe::table::{
    Default::{Is, Required},
    Field, Keyed,
    Kind::{Keyed as OneOf, Number, Object as Fields},
    Object, Range, Tell, any_of, host, one_of, row,
};

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
