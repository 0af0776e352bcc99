//! Rows of a model's description.

use super::layers::LAYER;
use super::losses::LOSS;
use crate::describe::table::{
    COUNT,
    Default::{Absent, Is, Required},
    Field, Keyed,
    Kind::{self, Keyed as OneOf, List, Object as Fields, Tagged, Text, Word},
    OFFSET, Object, SIZE, Tell, WIDTH, Words, any_of, follows, host, one_of, row,
};

pub static MODEL: Object = Object {
    name: host("ModelDescription"),
    doc: host("A model: plain JSON, saved with it."),
    tell: Tell::Alone,
    base: None,
    fields: &[
        row!("input", OneOf(&INPUT), Required, "What a step reads."),
        row!("layers", List(&Tagged(&LAYER), 1), Required, "From the input to the output."),
        row!(
            "output",
            OneOf(&OUTPUT),
            follows("the series' targets, the next token, or the last layer's own size at \"last\""),
            "What is predicted, and where.",
        ),
        row!(
            "loss",
            LOSS,
            follows("\"crossEntropy\" for classes and tokens, else \"mse\""),
            "What training lessens; a word has that loss's defaults.",
        ),
        row!("init", any_of!(Word(&INITS), Fields(&INIT)), Is("\"default\""), "How weights start."),
        row!("seed", COUNT, Is("0"), "Of the weights' start."),
    ],
};

static SCALE: Words = Words {
    name: host("Scale"),
    doc: host(
        "How columns are scaled; the constants come from the training part of the first fit and are saved in the model.",
    ),
    now: &["none", "standard", "minMax"],
    later: &[],
};
static INITS: Words = Words { name: "", doc: "", now: &["default", "pytorch"], later: &[] };
pub static INITIALISERS: Words = Words { name: "", doc: "", now: &rnn::Initialiser::NAMES, later: &[] };

pub static INIT: Object = Object {
    name: host("Init"),
    doc: host("How weights start, gate by gate; biases are zero but for `forgetBias`."),
    tell: Tell::Alone,
    base: None,
    fields: &[
        row!("input", Word(&INITIALISERS), Required, "Weights that read the layer below."),
        row!("recurrent", Word(&INITIALISERS), Required, "Weights that read the state."),
    ],
};

static INPUT: Keyed = Keyed { name: host("Input"), doc: host("What a step reads."), of: &[&VALUES, &TOKENS, &COLUMNS] };

static VALUES: Object = Object {
    name: host("ValuesInput"),
    doc: host("So many numbers a step."),
    tell: Tell::Key("size"),
    base: None,
    fields: &[
        row!("size", WIDTH, Required, "Numbers in a step."),
        row!("scale", Word(&SCALE), Is("\"none\""), "How each column is scaled."),
    ],
};

static TOKENS: Object = Object {
    name: host("TokensInput"),
    doc: host("One token a step."),
    tell: Tell::Key("vocabulary"),
    base: None,
    fields: &[row!(
        "vocabulary",
        any_of!(WIDTH, one_of!("characters"), List(&Text, 1)),
        Required,
        "How many tokens there are, or which; \"characters\": those of the first fit's text.",
    )],
};

static COLUMNS: Object = Object {
    name: host("SeriesInput"),
    doc: host("Columns of a table, in windows."),
    tell: Tell::Key("series"),
    base: None,
    fields: &[row!("series", Fields(&SERIES), Required, "Which columns, and how they are cut.")],
};

const NAMES: Kind = List(&Text, 0);

pub static SERIES: Object = Object {
    name: host("Series"),
    doc: host("A table over time: which columns, what of it is seen and what is predicted."),
    tell: Tell::Alone,
    base: None,
    fields: &[
        row!("target", List(&Text, 1), Required, "Columns to predict; their past is seen."),
        row!("past", NAMES, Is("[]"), "Columns seen up to now."),
        row!("known", NAMES, Is("[]"), "Columns known over the horizon too (price, holiday)."),
        row!("time", Text, Absent, "Column of the time, for the calendar."),
        row!(
            "calendar",
            List(&one_of!("hour", "dayOfWeek", "dayOfYear", "month"), 0,),
            Is("[]"),
            "Derived from `time` (UTC); known.",
        ),
        row!("window", SIZE, Required, "Rows that are seen."),
        row!("horizon", WIDTH, Required, "Rows ahead that are predicted."),
        row!(
            "mode",
            one_of!("direct", "recursive"),
            Is("\"direct\""),
            "direct: step t also sees known[t+1 … t+horizon] and gives horizon × targets. recursive: one step, fed back.",
        ),
        row!("transform", one_of!("none", "log"), Is("\"none\""), "Of the targets, before anything else.",),
        row!(
            "difference",
            OFFSET,
            Is("0"),
            "Rows between the two values whose difference is learnt: 1, or a season; 0: the values.",
        ),
        row!("scale", Word(&SCALE), Is("\"standard\""), "How each column is scaled, last of all."),
    ],
};

static OUTPUT: Keyed =
    Keyed { name: host("Output"), doc: host("What is predicted, and where."), of: &[&CLASSES, &NUMBERS] };

const AT: Field = row!(
    "at",
    one_of!("last", "every"),
    Required,
    "Once a sequence, from each direction's state after its own last valid step; or at every step.",
);

static CLASSES: Object = Object {
    name: host("ClassesOutput"),
    doc: host("One of some classes."),
    tell: Tell::Key("classes"),
    base: None,
    fields: &[AT, row!("classes", any_of!(WIDTH, List(&Text, 1)), Required, "How many there are, or their labels.",)],
};

static NUMBERS: Object = Object {
    name: host("ValuesOutput"),
    doc: host("Numbers."),
    tell: Tell::Alone,
    base: None,
    fields: &[
        AT,
        row!("size", WIDTH, follows("the last layer"), "Numbers in a prediction."),
        row!("scale", Word(&SCALE), follows("\"none\"; a series has its own"), "How each of them is scaled."),
    ],
};
