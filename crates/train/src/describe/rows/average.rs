//! Rows of the averages of weights.

use crate::describe::table::{
    COUNT,
    Default::{Absent, Is},
    Field,
    Kind::{Number, Tagged as Kinds},
    Object, POSITIVE, Range, Tagged, Tell, host, row,
};

pub const AVERAGE_ROW: Field = row!(
    "average",
    Kinds(&AVERAGE),
    Absent,
    "An average of the weights along the run: the model has it, at any time; what is trained stands beside it.",
);

static AVERAGE: Tagged = Tagged { name: host("Average"), doc: host("An average of weights."), of: &[&EMA, &SWA] };

static EMA: Object = Object {
    name: host("Ema"),
    doc: host("The exponential moving average (Polyak and Juditsky 1992)."),
    tell: Tell::Kind("ema"),
    base: None,
    fields: &[row!("decay", Number(Range::Share), Is("0.999"), "Share of the average that an update leaves.")],
};

static SWA: Object = Object {
    name: host("Swa"),
    doc: host("The mean of the weights since an update (Izmailov et al. 2018)."),
    tell: Tell::Kind("swa"),
    base: None,
    fields: &[
        row!(
            "start",
            COUNT,
            Is("0"),
            "Updates before the mean begins; until then the model has the weights themselves."
        ),
        row!("every", POSITIVE, Is("1"), "Updates from one that counts to the next."),
    ],
};
