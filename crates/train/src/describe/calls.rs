//! Options of single calls.

use super::metric::{Metric, metrics};
use super::model::size;
use super::rows::calls::{EVALUATE, FORECAST, GENERATE, GRADIENTS, ONLINE, PREDICT, RATE_RANGE, TRAINER};
use super::rules::{full_batch::not_by_batches, integer, lbfgs, number, run::finish_update, schedule::without_epochs};
use super::update::Update;
use super::walk::read;
use crate::error::Error;
use crate::json::json;

/// What a trainer uses of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainerOptions {
    pub update: Update,
    /// Of dropout.
    pub seed: u64,
}

/// Truncated backpropagation through time, one update a step.
#[derive(Clone, Debug, PartialEq)]
pub struct OnlineOptions {
    /// Steps that an update goes back.
    pub truncation: usize,
    pub update: Update,
}

/// Rates of a range test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRange {
    pub from: f64,
    pub to: f64,
    /// At least 2.
    pub steps: u64,
    /// Share of the mean loss that is kept, 0 ≤ … < 1.
    pub smoothing: f64,
    /// A smoothed loss above so many times the best ends it.
    pub limit: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PredictOptions {
    /// Logits and scaled units.
    pub raw: bool,
    /// Every layer's states too.
    pub hidden: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct EvaluateOptions {
    /// None: [`super::model::ModelDescription::default_metrics`].
    pub metrics: Option<Vec<Metric>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GradientsOptions {
    /// ∂L/∂h_t itself, beside its norm.
    pub values: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForecastOptions {
    /// None: the horizon.
    pub steps: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct GenerateOptions {
    /// Tokens, at most.
    pub length: usize,
    /// 0: always the likeliest.
    pub temperature: f64,
    pub top_k: Option<usize>,
    pub stop: Option<String>,
    pub seed: u64,
}

macro_rules! from_json {
    ($name:ident, $object:ident, $options:ident => $make:expr) => {
        impl $name {
            /// Reads a caller's JSON and fills in the defaults.
            ///
            /// # Errors
            /// `ConfigError` with the path of the option.
            pub fn from_json(json: &str) -> Result<$name, Error> {
                #[allow(unused_mut)]
                let mut $options = read(&$object, json)?;
                Ok($make)
            }
        }
    };
}

from_json!(TrainerOptions, TRAINER, o => {
    finish_update(&mut o)?;
    // Its batches are the caller's: they may all be all data, once an update.
    if lbfgs::is(&o["optimizer"]) {
        not_by_batches(&o, "use fit")?;
    }
    without_epochs(&o)?;
    TrainerOptions { update: Update::of(&o), seed: o["seed"].as_u64().unwrap_or_default() }
});
from_json!(OnlineOptions, ONLINE, o => {
    finish_update(&mut o)?;
    not_by_batches(&o, "use fit")?;
    without_epochs(&o)?;
    OnlineOptions { truncation: size(&o["truncation"]), update: Update::of(&o) }
});
from_json!(RateRange, RATE_RANGE, o => {
    let (from, to, limit) = (number(&o["from"]), number(&o["to"]), number(&o["limit"]));
    let wrong = |field: &str, expected: &str| Err(Error::config(field, expected, o[field].to_string()));
    if to <= from {
        return wrong("to", &["a number above from (", &o["from"].to_string(), ")"].concat());
    }
    // The factor between them is a number of 32 bits, as all are.
    if to / from > 1e30 {
        return wrong("to", "at most 1e30 times from");
    }
    if o["steps"] == json!(1) {
        return wrong("steps", "an integer from 2");
    }
    if limit <= 1.0 {
        return wrong("limit", "a number above 1");
    }
    RateRange { from, to, steps: o["steps"].as_u64().unwrap_or_default(), smoothing: number(&o["smoothing"]), limit }
});
from_json!(PredictOptions, PREDICT, o => PredictOptions { raw: o["raw"] == true, hidden: o["hidden"] == true });
from_json!(EvaluateOptions, EVALUATE, o => EvaluateOptions { metrics: metrics(&o) });
from_json!(GradientsOptions, GRADIENTS, o => GradientsOptions { values: o["values"] == true });
from_json!(ForecastOptions, FORECAST, o => ForecastOptions { steps: integer(&o["steps"]) });
from_json!(GenerateOptions, GENERATE, o => GenerateOptions {
    length: size(&o["length"]),
    temperature: number(&o["temperature"]),
    top_k: integer(&o["topK"]),
    stop: o["stop"].as_str().map(String::from),
    seed: o["seed"].as_u64().unwrap_or_default(),
});
