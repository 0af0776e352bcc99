//! Rows of the metrics.

use crate::describe::table::{
    Default::{Is, Required},
    Field,
    Kind::{self, List, Number, Tagged as Kinds, Word},
    Object, Range, SIZE, Tagged, Tell, Union, Words, any_of, host, one_of, row,
};

/// A word has that metric's defaults.
pub const METRIC: Kind = Kind::Either(&Union { name: host("Metric"), of: &[Word(&NAMES), Kinds(&METRICS)] });

/// Those that need no setting.
static NAMES: Words = Words {
    name: "",
    doc: "",
    now: &[
        "accuracy",
        "precision",
        "recall",
        "f1",
        "perplexity",
        "bitsPerCharacter",
        "rmse",
        "mae",
        "mape",
        "smape",
        "r2",
        "labelErrorRate",
        "loss",
    ],
    later: &[],
};

pub static METRICS: Tagged = Tagged {
    name: host("MetricSettings"),
    doc: host("A figure over predictions in the user's units, with settings."),
    of: &[&TOP_K, &PRECISION, &RECALL, &F1, &MASE],
};

const fn metric(name: &'static str, kind: &'static str, doc: &'static str, fields: &'static [Field]) -> Object {
    Object { name: host(name), doc: host(doc), tell: Tell::Kind(kind), base: None, fields }
}

const AVERAGE: Field = row!(
    "average",
    one_of!("macro", "micro", "binary"),
    Is("\"macro\""),
    "Over the classes that occur (macro), of all together (micro), or of the second of two alone (binary); the latter two are \
     reported as \"microF1\", \"binaryF1\" and so on.",
);

static TOP_K: Object = metric(
    "TopKAccuracy",
    "topKAccuracy",
    "Share of predictions whose true class is among the k likeliest, reported as \"top5Accuracy\" for a k of 5.",
    &[row!("k", SIZE, Required, "How many of the likeliest.")],
);
static PRECISION: Object =
    metric("Precision", "precision", "Share of what was said to be a class that is of it.", &[AVERAGE]);
static RECALL: Object = metric("Recall", "recall", "Share of what is of a class that was said to be.", &[AVERAGE]);
static F1: Object = metric("F1", "f1", "Harmonic mean of precision and recall.", &[AVERAGE]);
static MASE: Object = metric(
    "Mase",
    "mase",
    "Mean absolute error over that of a naive forecast of the training data (Hyndman and Koehler 2006), and the mean over targets.",
    &[row!(
        "naiveError",
        any_of!(Number(Range::AboveZero), List(&Number(Range::AboveZero), 1)),
        Required,
        "Mean size of y[t] - y[t - m] over the training data, m being 1 or a season: one for each target, or one for all.",
    )],
);
