//! What all updates share, as `optim` takes it.

use super::rules::{integer, number, word};
use super::schedule::schedule;
use super::words::{unknown, words};
use crate::average::Average;
use crate::json::Value;
use crate::noise::Noise;
use optim::clip::{Adaptive, ByNorm, Norm};
use optim::{
    Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Adjustment, Asgd, Clip, Lamb, Lbfgs, Lion, Muon, NAdam,
    Optimizer, Prodigy, RAdam, RmsProp, Rprop, Schedule, ScheduleFree, Sgd,
};

/// How gradients become updates.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    pub optimizer: Optimizer,
    pub rate: Schedule,
    pub clip: Clip,
    pub penalty: Penalty,
    pub groups: Vec<Group>,
    pub noise: Option<Noise>,
    pub average: Option<Average>,
    /// The largest norm of a unit's incoming weights.
    pub max_norm: Option<f64>,
    /// How much recurrent matrices are held to orthogonal ones.
    pub orthogonality: f64,
}

/// Added to the gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Penalty {
    pub l1: f64,
    pub l2: f64,
    /// Of parameters of these kinds.
    pub on: Vec<Kind>,
}

words! {
    /// What a parameter is.
    Kind {
        Input = "input",
        Recurrent = "recurrent",
        Dense = "dense",
        Embedding = "embedding",
        Bias = "bias",
    }
}

/// Some parameters that are moved in their own way: of these layers and of these kinds, where they are said.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub layers: Option<Vec<Layer>>,
    pub kinds: Option<Vec<Kind>>,
    /// What the learning rate is multiplied by.
    pub factor: f64,
    /// In place of the optimiser's.
    pub weight_decay: Option<f64>,
    /// In place of the run's.
    pub penalty: Option<Penalty>,
}

/// A layer, as the names of its parameters begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    Index(usize),
    Name(String),
}

impl Update {
    /// From checked options: those of a run, of a trainer, or of an online learner (which has no penalty).
    pub(super) fn of(options: &Value) -> Update {
        Update {
            optimizer: optimizer(&options["optimizer"]),
            rate: schedule(&options["optimizer"]["learningRate"]),
            clip: clip(&options["clip"]),
            penalty: penalty(&options["penalty"]),
            groups: options["groups"].as_array().into_iter().flatten().map(group).collect(),
            max_norm: options["maxNorm"].as_f64(),
            orthogonality: number(&options["orthogonality"]),
            noise: noise(options),
            average: average(&options["average"]),
        }
    }
}

pub(super) fn optimizer(o: &Value) -> Optimizer {
    let (n, flag) = (|field: &str| number(&o[field]), |field: &str| o[field] == true);
    let (beta1, beta2, epsilon, momentum) = (n("beta1"), n("beta2"), n("epsilon"), n("momentum"));
    let (weight_decay, decoupled) = (n("weightDecay"), flag("decoupledWeightDecay"));
    let (amsgrad, maximize, hypergradient) = (flag("amsgrad"), flag("maximize"), n("hypergradient"));
    match word(&o["kind"]) {
        "sgd" => {
            let (dampening, nesterov) = (n("dampening"), flag("nesterov"));
            Sgd { momentum, dampening, nesterov, weight_decay, maximize, hypergradient }.into()
        }
        "rmsprop" => {
            let (alpha, centered) = (n("alpha"), flag("centered"));
            RmsProp { alpha, momentum, centered, epsilon, weight_decay, maximize }.into()
        }
        "adamw" => AdamW { beta1, beta2, epsilon, weight_decay, amsgrad, maximize }.into(),
        "nadam" => {
            let momentum_decay = n("momentumDecay");
            NAdam { beta1, beta2, epsilon, momentum_decay, weight_decay, decoupled, maximize }.into()
        }
        "radam" => RAdam { beta1, beta2, epsilon, weight_decay, decoupled, maximize }.into(),
        "adamax" => Adamax { beta1, beta2, epsilon, weight_decay, maximize }.into(),
        "adagrad" => {
            let (rate_decay, initial_accumulator) = (n("rateDecay"), n("initialAccumulator"));
            Adagrad { rate_decay, initial_accumulator, epsilon, weight_decay, maximize }.into()
        }
        "adadelta" => Adadelta { rho: n("rho"), epsilon, weight_decay, maximize }.into(),
        "asgd" => {
            let (lambda, alpha, start) = (n("lambda"), n("alpha"), n("t0"));
            Asgd { lambda, alpha, start, weight_decay, maximize }.into()
        }
        "rprop" => {
            let (decrease, increase) = (n("etaMinus"), n("etaPlus"));
            Rprop { decrease, increase, smallest: n("smallestStep"), largest: n("largestStep"), maximize }.into()
        }
        "adafactor" => Adafactor {
            beta2_decay: n("beta2Decay"),
            epsilon1: n("epsilon1"),
            epsilon2: n("epsilon2"),
            threshold: n("threshold"),
            weight_decay,
            maximize,
        }
        .into(),
        "muon" => Muon {
            momentum,
            nesterov: flag("nesterov"),
            weight_decay,
            coefficients: [0, 1, 2].map(|i| o["coefficients"].as_array().map_or(0.0, |c| number(&c[i]))),
            steps: o["newtonSchulzSteps"].as_u64().unwrap_or_default(),
            epsilon,
            adjustment: match word(&o["adjustRate"]) {
                "matchRmsAdamW" => Adjustment::MatchRmsAdamW,
                "original" => Adjustment::Original,
                _ => unknown(),
            },
            adam_rate: n("adamRate"),
            beta1,
            beta2,
            adam_epsilon: n("adamEpsilon"),
        }
        .into(),
        "lion" => Lion { beta1, beta2, weight_decay }.into(),
        "lamb" => Lamb { beta1, beta2, epsilon, weight_decay }.into(),
        "scheduleFree" => {
            let warmup = o["warmup"].as_u64().unwrap_or_default();
            ScheduleFree { beta1, beta2, epsilon, weight_decay, warmup }.into()
        }
        "lbfgs" => Lbfgs {
            max_iterations: o["maxIterations"].as_u64().unwrap_or(1),
            max_evaluations: o["maxEvaluations"].as_u64().unwrap_or(1),
            tolerance_gradient: n("toleranceGradient"),
            tolerance_change: n("toleranceChange"),
            history: integer(&o["historySize"]).unwrap_or(1),
            strong_wolfe: o["lineSearch"] == "strongWolfe",
            maximize,
        }
        .into(),
        "prodigy" => {
            let (d0, coefficient, bias_correction) = (n("d0"), n("dCoefficient"), flag("biasCorrection"));
            Prodigy { beta1, beta2, epsilon, weight_decay, d0, coefficient, bias_correction }.into()
        }
        "adam" => Adam { beta1, beta2, epsilon, weight_decay, amsgrad, maximize, hypergradient }.into(),
        _ => unknown(),
    }
}

fn penalty(penalty: &Value) -> Penalty {
    Penalty { l1: number(&penalty["l1"]), l2: number(&penalty["l2"]), on: kinds(&penalty["on"]).unwrap_or_default() }
}

fn kinds(kinds: &Value) -> Option<Vec<Kind>> {
    Some(kinds.as_array()?.iter().map(Kind::of).collect())
}

fn group(group: &Value) -> Group {
    let layer = |layer: &Value| match integer(layer) {
        Some(index) => Layer::Index(index),
        None => Layer::Name(word(layer).into()),
    };
    Group {
        layers: group["layers"].as_array().map(|layers| layers.iter().map(layer).collect()),
        kinds: kinds(&group["kinds"]),
        factor: number(&group["learningRateFactor"]),
        weight_decay: group["weightDecay"].as_f64(),
        penalty: (!group["penalty"].is_null()).then(|| penalty(&group["penalty"])),
    }
}

fn clip(clip: &Value) -> Clip {
    let n = |field: &str| clip[field].as_f64();
    match (n("norm"), n("value"), n("adaptive")) {
        (Some(max), ..) => {
            let norm = match clip["normType"].as_u64() {
                Some(1) => Norm::One,
                Some(_) => Norm::Two,
                None => Norm::Infinity,
            };
            Clip::Norm(ByNorm { max, norm, per_tensor: clip["per"] == "tensor" })
        }
        (_, Some(value), _) => Clip::Value(value),
        (_, _, Some(factor)) => Clip::Adaptive(Adaptive { factor, epsilon: number(&clip["epsilon"]) }),
        _ => Clip::None,
    }
}

fn average(average: &Value) -> Option<Average> {
    let count = |field: &str| average[field].as_u64().unwrap_or_default();
    match word(&average["kind"]) {
        "ema" => Some(Average::Ema { decay: number(&average["decay"]) }),
        "swa" => Some(Average::Swa { start: count("start"), every: count("every") }),
        "" => None,
        _ => unknown(),
    }
}

/// An online learner has none.
fn noise(options: &Value) -> Option<Noise> {
    let noise = &options["gradientNoise"];
    let seed = options["seed"].as_u64().unwrap_or_default();
    noise["eta"].as_f64().map(|eta| Noise { eta, gamma: number(&noise["gamma"]), seed })
}
