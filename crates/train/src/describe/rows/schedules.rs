//! Rows of the learning rate and its schedules. A schedule may be made of others: the tables refer to each other.

use super::metrics::METRIC;
use crate::describe::table::{
    COUNT,
    Default::{Absent, Is, Required},
    Field,
    Kind::{self, Bool, Either, List, Number, Tagged as Kinds},
    Object, POSITIVE, Range, Tagged, Tell, Union, follows, host, one_of, row,
};

// Statics, by reference: a constant is part of whatever names it, and these name each other.
static RATES: Union = Union { name: host("Rate"), of: &[Number(Range::AboveZero), Kinds(&SCHEDULE)] };
static RATE: Kind = Either(&RATES);
/// The rate of an optimiser.
pub const fn rate(default: &'static str) -> Field {
    row!("learningRate", Either(&RATES), Is(default), "Length of a step, or its schedule.")
}

static SCHEDULE: Tagged = Tagged {
    name: host("Schedule"),
    doc: host("A learning rate over the updates, or over the epochs."),
    of: &[
        &STEP_DECAY,
        &MULTI_STEP_DECAY,
        &PIECEWISE_CONSTANT,
        &RATE_TABLE,
        &EXPONENTIAL_DECAY,
        &INVERSE_TIME_DECAY,
        &POLYNOMIAL_DECAY,
        &NOAM,
        &LINEAR_RAMP,
        &CONSTANT_FACTOR,
        &COSINE_DECAY,
        &COSINE_ANNEALING,
        &COSINE_WARM_RESTARTS,
        &ONE_CYCLE,
        &CYCLIC,
        &REDUCE_ON_PLATEAU,
        &SEQUENTIAL,
        &CHAINED,
        &WARMUP,
    ],
};

/// A schedule by name, what it says of t (what is done so far: updates, or epochs), kind, and rows.
const fn schedule(name: &'static str, kind: &'static str, doc: &'static str, fields: &'static [Field]) -> Object {
    Object { name: host(name), doc: host(doc), tell: Tell::Kind(kind), base: None, fields }
}

const INITIAL: Field = row!("initial", Number(Range::AboveZero), Required, "The rate at the start.");
const FINAL: Field = row!("final", Number(Range::FromZero), Is("0"), "The rate at the end.");
const STEPS: Field = row!("steps", POSITIVE, Required, "How many (by `per`) until the end.");
const EVERY: Field = row!("every", POSITIVE, Is("1"), "How many (by `per`) make a unit of t.");
const STAIRCASE: Field = row!("staircase", Bool, Is("false"), "Whether t is rounded down to whole units.");
const PER: Field = row!(
    "per",
    one_of!("step", "epoch"),
    follows("that of the schedule around it, else \"step\""),
    "What is counted: updates, or epochs."
);
const CYCLE_MOMENTUM: Field = row!(
    "cycleMomentum",
    Bool,
    follows("true where the optimiser has a momentum (or beta1)"),
    "Whether the momentum (beta1) goes the other way than the rate."
);
const fn momentum(name: &'static str, default: &'static str, doc: &'static str) -> Field {
    Field { name, kind: Number(Range::Share), default: follows(default), doc: host(doc) }
}
const LEAST: &str = "Momentum where the rate is greatest.";
const GREATEST: &str = "Momentum where the rate is least.";

static STEP_DECAY: Object = schedule(
    "StepDecay",
    "stepDecay",
    "initial · factor^⌊t / every⌋. PyTorch's StepLR.",
    &[
        INITIAL,
        row!("every", POSITIVE, Required, "Updates, or epochs, between changes."),
        row!("factor", Number(Range::AboveZero), Required, "What a change multiplies by."),
        PER,
    ],
);

static MULTI_STEP_DECAY: Object = schedule(
    "MultiStepDecay",
    "multiStepDecay",
    "initial · factor^(milestones reached). PyTorch's MultiStepLR.",
    &[
        INITIAL,
        row!("milestones", List(&COUNT, 1), Required, "When it changes; one named twice acts twice."),
        row!("factor", Number(Range::AboveZero), Required, "What a change multiplies by."),
        PER,
    ],
);

static PIECEWISE_CONSTANT: Object = schedule(
    "PiecewiseConstant",
    "piecewiseConstant",
    "rates[boundaries passed]: the first up to t = boundaries[0], the next up to boundaries[1] … Keras' PiecewiseConstantDecay.",
    &[
        row!("boundaries", List(&COUNT, 1), Required, "The last t of each rate but the last; they ascend."),
        row!("rates", List(&Number(Range::FromZero), 2), Required, "One more than boundaries."),
        PER,
    ],
);

static RATE_TABLE: Object = schedule(
    "RateTable",
    "rateTable",
    "rates[t]; the last one is kept. What PyTorch's LambdaLR and MultiplicativeLR compute by a function.",
    &[row!("rates", List(&Number(Range::FromZero), 1), Required, "The rate of each update, or epoch."), PER],
);

static EXPONENTIAL_DECAY: Object = schedule(
    "ExponentialDecay",
    "exponentialDecay",
    "initial · factor^(t / every). PyTorch's ExponentialLR, Keras' ExponentialDecay.",
    &[
        INITIAL,
        row!("factor", Number(Range::AboveZero), Required, "What a unit of t multiplies by."),
        EVERY,
        STAIRCASE,
        PER,
    ],
);

static INVERSE_TIME_DECAY: Object = schedule(
    "InverseTimeDecay",
    "inverseTimeDecay",
    "initial / (1 + decay · t / every) (Robbins and Monro 1951). Keras' InverseTimeDecay.",
    &[INITIAL, row!("decay", Number(Range::FromZero), Required, "How fast it falls."), EVERY, STAIRCASE, PER],
);

static POLYNOMIAL_DECAY: Object = schedule(
    "PolynomialDecay",
    "polynomialDecay",
    "final + (initial - final) · (1 - min(t, steps) / steps)^power. PyTorch's PolynomialLR.",
    &[INITIAL, STEPS, row!("power", Number(Range::AboveZero), Is("1"), "Its exponent."), FINAL, PER],
);

static NOAM: Object = schedule(
    "Noam",
    "noam",
    "scale · size^-½ · min(n^-½, n · warmup^-³⸍²), n = t + 1 (Vaswani et al. 2017, equation 3).",
    &[
        row!("size", POSITIVE, Required, "Width of the model, d_model."),
        row!("warmup", POSITIVE, Required, "How many (by `per`) it rises for."),
        row!("scale", Number(Range::AboveZero), Is("1"), "What all rates are multiplied by."),
        PER,
    ],
);

static LINEAR_RAMP: Object = schedule(
    "LinearRamp",
    "linearRamp",
    "initial · (startFactor + (endFactor - startFactor) · min(t, steps) / steps). PyTorch's LinearLR.",
    &[
        row!("initial", Number(Range::AboveZero), Required, "The rate that the factors multiply."),
        row!("startFactor", Number(Range::FromZero), Required, "Factor at the start."),
        row!("endFactor", Number(Range::FromZero), Is("1"), "Factor from `steps` on."),
        STEPS,
        PER,
    ],
);

static CONSTANT_FACTOR: Object = schedule(
    "ConstantFactor",
    "constantFactor",
    "initial · factor while t < steps, then initial. PyTorch's ConstantLR.",
    &[
        row!("initial", Number(Range::AboveZero), Required, "The rate from `steps` on."),
        row!("factor", Number(Range::FromZero), Required, "Factor before that."),
        STEPS,
        PER,
    ],
);

static COSINE_DECAY: Object = schedule(
    "CosineDecay",
    "cosineDecay",
    "A linear warm-up, then half a cosine down (Loshchilov and Hutter 2017).",
    &[
        INITIAL,
        row!("steps", POSITIVE, Required, "Updates until the final rate, those of the warm-up among them."),
        row!("warmup", COUNT, Is("0"), "Updates of the warm-up."),
        FINAL,
        PER,
    ],
);

static COSINE_ANNEALING: Object = schedule(
    "CosineAnnealing",
    "cosineAnnealing",
    "final + (initial - final) · (1 + cos(π t / steps)) / 2: after `steps` it rises again. PyTorch's CosineAnnealingLR.",
    &[INITIAL, row!("steps", POSITIVE, Required, "How many (by `per`) are half a period."), FINAL, PER],
);

static COSINE_WARM_RESTARTS: Object = schedule(
    "CosineWarmRestarts",
    "cosineWarmRestarts",
    "Half a cosine down, then anew (Loshchilov and Hutter 2017, SGDR). PyTorch's CosineAnnealingWarmRestarts.",
    &[
        INITIAL,
        row!("steps", POSITIVE, Required, "How many (by `per`) until the first restart."),
        row!("multiplier", POSITIVE, Is("1"), "How many times as long each period is as the one before."),
        FINAL,
        PER,
    ],
);

static ONE_CYCLE: Object = schedule(
    "OneCycle",
    "oneCycle",
    "Up to the maximum and down again, once (Smith and Topin 2018). PyTorch's OneCycleLR.",
    &[
        row!("maximum", Number(Range::AboveZero), Required, "The greatest rate."),
        row!("steps", POSITIVE, Required, "How many (by `per`) the cycle has; after it the rate stays."),
        row!("risingShare", Number(Range::Share), Is("0.3"), "Share of the cycle in which it rises."),
        row!("annealing", one_of!("cosine", "linear"), Is("\"cosine\""), "Its shape."),
        row!("threePhases", Bool, Is("false"), "Whether it falls as long as it rose, and then to the end."),
        row!("divisor", Number(Range::AboveZero), Is("25"), "The first rate is the maximum divided by this."),
        row!("finalDivisor", Number(Range::AboveZero), Is("10000"), "The last rate is the first divided by this."),
        CYCLE_MOMENTUM,
        momentum("baseMomentum", "0.85 with cycleMomentum", LEAST),
        momentum("maximumMomentum", "0.95 with cycleMomentum", GREATEST),
        PER,
    ],
);

static CYCLIC: Object = schedule(
    "Cyclic",
    "cyclic",
    "Triangles between two rates (Smith 2017). PyTorch's CyclicLR.",
    &[
        row!("base", Number(Range::AboveZero), Required, "The least rate, where a cycle begins."),
        row!("maximum", Number(Range::AboveZero), Required, "The greatest rate."),
        row!("up", POSITIVE, Is("2000"), "How many (by `per`) it rises for."),
        row!("down", POSITIVE, follows("`up`"), "How many it falls for."),
        row!(
            "mode",
            one_of!("triangular", "triangular2", "exponentialRange"),
            Is("\"triangular\""),
            "Triangles of one height, halved with each cycle, or multiplied by factor^t."
        ),
        row!("factor", Number(Range::AboveZero), Absent, "That of the exponential range, which needs it."),
        CYCLE_MOMENTUM,
        momentum("baseMomentum", "0.8 with cycleMomentum", LEAST),
        momentum("maximumMomentum", "0.9 with cycleMomentum", GREATEST),
        PER,
    ],
);

static REDUCE_ON_PLATEAU: Object = schedule(
    "ReduceOnPlateau",
    "reduceOnPlateau",
    "A rate, or a schedule of it, that is reduced where a figure of the epochs gets no better. PyTorch's ReduceLROnPlateau.",
    &[
        row!("initial", Either(&RATES), Required, "What is reduced."),
        row!("factor", Number(Range::Share), Is("0.1"), "What a reduction multiplies by."),
        row!(
            "metric",
            METRIC,
            Is("\"loss\""),
            "What is looked at: of the validation part, or else of the training part."
        ),
        row!(
            "mode",
            one_of!("min", "max"),
            follows("\"min\" for the loss; required for a metric"),
            "Whether smaller or larger is better."
        ),
        row!("patience", COUNT, Is("10"), "Epochs without a better figure that are let pass."),
        row!("threshold", Number(Range::FromZero), Is("0.0001"), "By how much a figure has to be better."),
        row!(
            "thresholdMode",
            one_of!("relative", "absolute"),
            Is("\"relative\""),
            "Whether the threshold is a share of the best figure."
        ),
        row!("cooldown", COUNT, Is("0"), "Epochs after a reduction that do not count."),
        row!("minimum", Number(Range::FromZero), Is("0"), "The least rate that it reduces to."),
        row!("epsilon", Number(Range::FromZero), Is("1e-8"), "A reduction by no more than this is not made."),
    ],
);

static SEQUENTIAL: Object = schedule(
    "Sequential",
    "sequential",
    "One schedule after the other, each from its own beginning. PyTorch's SequentialLR.",
    &[
        row!("schedules", List(&RATE, 1), Required, "Rates or schedules."),
        row!("milestones", List(&POSITIVE, 0), Required, "When the second begins, the third …: one fewer, ascending."),
        PER,
    ],
);

static CHAINED: Object = schedule(
    "Chained",
    "chained",
    "The product of several: one has the rate as its initial, the others 1. PyTorch's ChainedScheduler.",
    &[row!("schedules", List(&RATE, 1), Required, "Rates or schedules.")],
);

static WARMUP: Object = schedule(
    "Warmup",
    "warmup",
    "r · (from + (1 - from) · (t + 1) / steps), r the first rate of another schedule; then that one (Goyal et al. 2017).",
    &[
        row!("steps", POSITIVE, Required, "How many (by `per`) the warm-up has."),
        row!("from", Number(Range::Share), Is("0"), "Share of the rate that it starts above."),
        row!("to", Either(&RATES), Required, "What comes after it."),
        PER,
    ],
);
