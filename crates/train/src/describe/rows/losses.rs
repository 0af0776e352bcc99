//! Rows of the losses.

use crate::describe::table::{
    Default::{Absent, Is, Required},
    Field,
    Kind::{self, Bool, Bytes, List, Number, Tagged as Kinds, Word},
    OFFSET, Object, Range, Tagged, Tell, Union, Words, any_of, follows, host, one_of, row,
};

/// A word has that loss's defaults.
pub const LOSS: Kind = Kind::Either(&Union { name: host("Loss"), of: &[Word(&NAMES), Kinds(&LOSSES)] });

/// Those that need no setting.
static NAMES: Words = Words {
    name: "",
    doc: "",
    now: &[
        "mse",
        "mae",
        "huber",
        "smoothL1",
        "gaussianNll",
        "poissonNll",
        "binaryCrossEntropy",
        "crossEntropy",
        "klDivergence",
        "ctc",
    ],
    later: &[],
};

pub static LOSSES: Tagged = Tagged {
    name: host("LossSettings"),
    doc: host("What training lessens: a mean over every predicted element, weighted by `sampleWeight`."),
    of: &[
        &MSE,
        &MAE,
        &HUBER,
        &SMOOTH_L1,
        &QUANTILE,
        &GAUSSIAN,
        &POISSON,
        &BINARY,
        &CROSS_ENTROPY,
        &DIVERGENCE,
        &CTC,
        &CUSTOM,
    ],
};

const fn loss(name: &'static str, kind: &'static str, doc: &'static str, fields: &'static [Field]) -> Object {
    Object { name: host(name), doc: host(doc), tell: Tell::Kind(kind), base: None, fields }
}

static MSE: Object = loss("Mse", "mse", "Mean squared error.", &[]);
static MAE: Object = loss("Mae", "mae", "Mean absolute error.", &[]);
static HUBER: Object = loss(
    "Huber",
    "huber",
    "Squared near 0, absolute beyond (Huber 1964): e² / 2 up to |e| = delta, then delta (|e| - delta / 2).",
    &[row!("delta", Number(Range::AboveZero), Is("1"), "Where it becomes absolute, in the network's units.")],
);
static SMOOTH_L1: Object = loss(
    "SmoothL1",
    "smoothL1",
    "Huber's loss divided by beta (Girshick 2015).",
    &[row!("beta", Number(Range::FromZero), Is("1"), "Where it becomes absolute; 0: absolute throughout.")],
);
static QUANTILE: Object = loss(
    "Quantile",
    "quantile",
    "The pinball loss (Koenker and Bassett 1978). For each target the network gives as many numbers as there are quantiles, \
     side by side, and so does `predict`: [target 0 at quantile 0, target 0 at quantile 1, …]. Metrics and `forecast` take the \
     quantile nearest to 0.5; `forecast` gives the others as \"target.quantile.0.9\".",
    &[row!("quantiles", List(&Number(Range::Inside), 1), Required, "Shares of targets below, ascending.")],
);
static GAUSSIAN: Object = loss(
    "GaussianNll",
    "gaussianNll",
    "Gaussian negative log-likelihood (Nix and Weigend 1994). For each target the network gives two numbers, a mean and what \
     becomes a variance; `predict` gives the means as `values` and the variances as `variance`.",
    &[
        row!(
            "variance",
            one_of!("softplus", "exp"),
            Is("\"softplus\""),
            "What makes a variance of the second number s: ln(1 + eˢ), or eˢ.",
        ),
        row!("full", Bool, Is("false"), "Whether the constant ln(2π) / 2 is added."),
        row!("epsilon", Number(Range::AboveZero), Is("1e-6"), "The least variance, in the network's units."),
    ],
);
static POISSON: Object = loss(
    "PoissonNll",
    "poissonNll",
    "Poisson negative log-likelihood of counts; `predict` gives rates.",
    &[
        row!("logInput", Bool, Is("true"), "Whether the network gives the rate's logarithm; else the rate, from 0."),
        row!("full", Bool, Is("false"), "Whether Stirling's approximation of ln t! is added, for counts above 1."),
        row!(
            "epsilon",
            Number(Range::AboveZero),
            Is("1e-8"),
            "Added to a rate before its logarithm, without logInput."
        ),
    ],
);
static BINARY: Object = loss(
    "BinaryCrossEntropy",
    "binaryCrossEntropy",
    "Cross-entropy of a yes or no for each output, from logits; targets from 0 to 1. `predict` gives probabilities of yes.",
    &[row!(
        "positiveWeight",
        any_of!(Number(Range::AboveZero), List(&Number(Range::AboveZero), 1)),
        Is("1"),
        "Of a yes against a no: one for all outputs, or one each.",
    )],
);
static CROSS_ENTROPY: Object = loss(
    "CrossEntropy",
    "crossEntropy",
    "Cross-entropy of the softmax of logits: -log p of the true class. The mean is over the classes' weights, as PyTorch's.",
    &[
        row!(
            "targets",
            one_of!("classes", "probabilities"),
            Is("\"classes\""),
            "What a target is: a class, or a probability for each class.",
        ),
        row!("classWeights", List(&Number(Range::FromZero), 1), Absent, "One for each class."),
        row!(
            "ignoreIndex",
            Number(Range::Finite),
            Absent,
            "An integer that as a target stands for none, such as -100."
        ),
        row!(
            "labelSmoothing",
            Number(Range::Share),
            Is("0"),
            "Share of a target that goes to all classes alike (Szegedy et al. 2016).",
        ),
    ],
);
static DIVERGENCE: Object = loss(
    "KlDivergence",
    "klDivergence",
    "Kullback-Leibler divergence of targets, which have a probability for each class, from the softmax of logits; the mean is \
     over predictions (PyTorch's \"batchmean\").",
    &[],
);
static CTC: Object = loss(
    "Ctc",
    "ctc",
    "Connectionist temporal classification (Graves et al. 2006): a target is a list of labels for a whole sequence, no longer than \
     it with one more step between two that are equal, maybe empty. The loss of each is divided by the number of its labels, as PyTorch's mean. `predict` gives the probabilities of each \
     step as `values`, and as `decoded` the labels of the likeliest alignment.",
    &[
        row!("blank", OFFSET, Is("0"), "Index of the class that stands for no label; no target has it."),
        row!(
            "zeroInfinity",
            Bool,
            Is("false"),
            "Whether a target too long for its sequence has loss 0 and no gradient, instead of being refused.",
        ),
    ],
);

static CUSTOM: Object = loss(
    "CustomLoss",
    "custom",
    "A loss of your own, compiled by AssemblyScript: `asc --exportRuntime` of a module with `export const Float32Array_ID = \
     idof<Float32Array>()` and `export function loss(prediction: Float32Array, target: Float32Array, gradient: Float32Array): \
     f64`. A row is a sequence, or a step of one where the output is at every step, in no order to count on. `prediction` [rows, \
     size] is what the network gives, in its units (of classes their logits); `target` [rows, size] what is wanted of it, or \
     [rows] indices of classes. It gives the sum of the losses of all rows, and writes its derivatives to `gradient` [rows, \
     size], which comes as zeros. The mean is made of it here, and weights: masked rows do not come, and those of one \
     `sampleWeight` in one call. It imports nothing but `env.abort`, keeps nothing from one call to the next, and travels \
     inside the model. What never returns is given up when its run is ended, with its model.",
    &[
        row!("module", Bytes, Required, "The compiled module."),
        row!(
            "targets",
            one_of!("numbers", "classes"),
            follows("what the output is"),
            "Whether targets are numbers, or indices of classes."
        ),
    ],
);
