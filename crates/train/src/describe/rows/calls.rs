//! Rows of the options of single calls.

use super::average::AVERAGE_ROW;
use super::gradients::{CLIP_ROW, GROUPS_ROW, NOISE_ROW, PENALTY_ROW};
use super::metrics::METRIC;
use super::optimizers::OPTIMIZER_ROW;
use crate::describe::table::{
    COUNT,
    Default::{Absent, Is},
    Field,
    Kind::{Bool, List, Number, Text, Word},
    Object, POSITIVE, Range, SIZE, Tell, Words, follows, host, row,
};

const fn call(name: &'static str, doc: &'static str, fields: &'static [Field]) -> Object {
    Object { name: host(name), doc: host(doc), tell: Tell::Alone, base: None, fields }
}

pub static RESUME: Object = call(
    "ResumeChanges",
    "Where a saved run that goes on shall end; nothing: where it was to end.",
    &[
        row!("epochs", POSITIVE, Absent, "Passes over the data, at most."),
        row!("steps", POSITIVE, Absent, "Updates, at most."),
    ],
);

pub static TRAINER: Object = call(
    "TrainerOptions",
    "What a trainer, which takes one batch at a time, uses of a run's description.",
    &[
        OPTIMIZER_ROW,
        CLIP_ROW,
        PENALTY_ROW,
        GROUPS_ROW,
        NOISE_ROW,
        AVERAGE_ROW,
        super::penalties::MAX_NORM_ROW,
        super::penalties::ORTHOGONALITY_ROW,
        row!("seed", COUNT, Is("0"), "Of dropout and of noise."),
    ],
);

pub static ONLINE: Object = call(
    "OnlineOptions",
    "Learning while predicting: one update a time step.",
    &[
        row!(
            "algorithm",
            Word(&Words { name: "", doc: "", now: &["tbptt"], later: &["rtrl"] }),
            Is("\"tbptt\""),
            "tbptt: backpropagation through the last steps (Williams and Peng 1990). rtrl: (later)",
        ),
        row!("truncation", SIZE, Is("16"), "Steps that an update goes back."),
        OPTIMIZER_ROW,
        CLIP_ROW,
    ],
);

pub static RATE_RANGE: Object = call(
    "LearningRateRange",
    "The rates that are tried by `findLearningRate` (Smith 2017, section 3.3), each a step larger than the one before by one factor.",
    &[
        row!("from", Number(Range::AboveZero), Is("1e-7"), "The first rate."),
        row!("to", Number(Range::AboveZero), Is("10"), "The last one."),
        row!("steps", POSITIVE, Is("100"), "How many rates, an update each; at least 2."),
        row!(
            "smoothing",
            Number(Range::Share),
            Is("0.98"),
            "Share of the mean loss that is kept at each step; the mean is corrected for its start at 0."
        ),
        row!(
            "limit",
            Number(Range::AboveZero),
            Is("4"),
            "It ends at a smoothed loss above so many times the best; above 1."
        ),
    ],
);

pub static PREDICT: Object = call(
    "PredictOptions",
    "What `predict` gives.",
    &[
        row!("raw", Bool, Is("false"), "Logits and scaled units, instead of probabilities and the user's units."),
        row!("hidden", Bool, Is("false"), "Every layer's states too."),
    ],
);

pub static EVALUATE: Object = call(
    "EvaluateOptions",
    "What `evaluate` reports.",
    &[row!("metrics", List(&METRIC, 0), follows("those of a run"), "What is reported beside the loss.")],
);

pub static GRADIENTS: Object = call(
    "GradientsOptions",
    "What `gradients` gives.",
    &[row!("values", Bool, Is("false"), "∂L/∂h_t itself, beside its norm.")],
);

pub static FORECAST: Object = call(
    "ForecastOptions",
    "How far `forecast` looks.",
    &[row!("steps", SIZE, follows("the horizon"), "Rows ahead; beyond the horizon in mode \"recursive\" alone.")],
);

pub static GENERATE: Object = call(
    "GenerateOptions",
    "How tokens are drawn.",
    &[
        row!("length", SIZE, Is("200"), "Tokens, at most."),
        row!("temperature", Number(Range::FromZero), Is("1"), "What logits are divided by; 0: always the likeliest."),
        row!("topK", SIZE, Absent, "Draw among so many of the likeliest; more than there are tokens: among all."),
        row!("stop", Text, Absent, "Text after which it ends."),
        row!("seed", COUNT, Is("0"), "Of the draws."),
    ],
);

/// Every object that a caller hands over, for the docs and the tests.
pub static ALL: [&Object; 11] = [
    &super::model::MODEL,
    &super::run::RUN,
    &RESUME,
    &TRAINER,
    &ONLINE,
    &RATE_RANGE,
    &PREDICT,
    &EVALUATE,
    &GRADIENTS,
    &FORECAST,
    &GENERATE,
];
