//! A run's description as the session reads it: a typed view of JSON that has been checked and filled in.

use super::metric::{Metric, metrics};
use super::model::{ModelDescription, size};
use super::rows::calls::RESUME;
use super::rows::run::RUN;
use super::rules::{full_batch::not_by_batches, number, run as rules};
use super::stopping::{RollBack, Stopping};
use super::update::Update;
use super::walk;
use super::words::words;
use crate::error::Error;
use crate::json::{Value, json};

/// Sequences in an update when nothing is said (fewer when there are fewer).
pub const BATCH_SIZE: usize = 32;

#[derive(Clone, Debug, PartialEq)]
pub struct RunDescription {
    pub epochs: Option<u64>,
    pub steps: Option<u64>,
    pub seconds: Option<f64>,
    /// None: [`BATCH_SIZE`], or what there is.
    pub batch_size: Option<BatchSize>,
    /// Known once resolved.
    pub shuffle: Option<bool>,
    pub update: Update,
    /// What a rate that is reduced on a plateau looks at.
    pub watched: Option<Metric>,
    /// Known once resolved, for a text.
    pub window: Option<usize>,
    pub carry_state: bool,
    pub truncation: Option<Truncation>,
    /// Batches of an update.
    pub accumulation: u64,
    pub checkpointing: Option<Checkpointing>,
    pub validation_split: Option<Split>,
    pub stopping: Stopping,
    /// Another try after a divergence.
    pub roll_back: Option<RollBack>,
    /// Known once resolved.
    pub keep: Option<Keep>,
    /// Known once resolved.
    pub metrics: Option<Vec<Metric>>,
    pub record_every: u64,
    /// Of the order and of dropout.
    pub seed: u64,
    pub(super) json: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchSize {
    Count(usize),
    Full,
}

/// Updates after every `k1` steps, each back through the last `k2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncation {
    pub k1: usize,
    pub k2: usize,
}

/// Backpropagation in segments of so many steps; none: as many as the root of a sequence's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpointing {
    pub every: Option<usize>,
}

/// A part kept for validation, 0 < fraction < 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    pub fraction: f64,
    pub from: From,
}

words! {
    From {
        End = "end",
        Random = "random",
    }
}
words! {
    /// Whose weights the model has at the end.
    Keep {
        Best = "best",
        Last = "last",
    }
}
/// What a run is given to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    Samples,
    /// One text: the next token.
    Text,
    /// A table.
    Series,
    /// Ready batches, one at a time.
    Batches,
}

/// What a run's options are seen against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    pub data: DataKind,
    /// Whether validation data are given apart.
    pub validation_data: bool,
}

impl RunDescription {
    /// Reads a caller's JSON: checks it, fills in the defaults that do not depend on the data.
    ///
    /// # Errors
    /// `ConfigError` with the path of the option.
    pub fn from_json(json: &str) -> Result<RunDescription, Error> {
        let mut json = walk::read(&RUN, json)?;
        rules::finish(&mut json)?;
        json.drop_nulls();
        let split = &json["validationSplit"];
        Ok(RunDescription {
            epochs: json["epochs"].as_u64(),
            steps: json["steps"].as_u64(),
            seconds: json["seconds"].as_f64(),
            batch_size: match &json["batchSize"] {
                Value::Null => None,
                Value::String(_) => Some(BatchSize::Full),
                count => Some(BatchSize::Count(size(count))),
            },
            shuffle: json["shuffle"].as_bool(),
            update: Update::of(&json),
            watched: watched(&json).map(Metric::of),
            window: json["window"].as_u64().map(|_| size(&json["window"])),
            carry_state: json["carryState"] == true,
            truncation: json["truncation"]
                .as_object()
                .map(|_| Truncation { k1: size(&json["truncation"]["k1"]), k2: size(&json["truncation"]["k2"]) }),
            accumulation: json["gradientAccumulation"].as_u64().unwrap_or(1),
            checkpointing: match &json["checkpointing"] {
                Value::Bool(true) => Some(Checkpointing { every: None }),
                Value::Object(o) => Some(Checkpointing { every: o.get("every").map(size) }),
                _ => None,
            },
            validation_split: (number(&split["fraction"]) > 0.0)
                .then(|| Split { fraction: number(&split["fraction"]), from: From::of(&split["from"]) }),
            stopping: Stopping::of(&json),
            roll_back: RollBack::of(&json),
            keep: (!json["keep"].is_null()).then(|| Keep::of(&json["keep"])),
            metrics: metrics(&json),
            record_every: json["recordEvery"].as_u64().unwrap_or(1),
            seed: json["seed"].as_u64().unwrap_or_default(),
            json,
        })
    }

    /// As saved: with what is known of it filled in.
    pub fn to_json(&self) -> String {
        self.json.to_string()
    }

    /// The run with what depends on the model and the data filled in. What it gives, saved and read again, needs no
    /// second resolving.
    ///
    /// # Errors
    /// `ConfigError` for options that do not apply to such data, or need a validation that is not there.
    pub fn resolve(&self, model: &ModelDescription, context: Context) -> Result<RunDescription, Error> {
        let Context { data, validation_data } = context;
        let mut run = self.json.clone();
        self.check_data(context)?;
        model.check_metrics(self.metrics.as_deref().unwrap_or_default(), "metrics")?;

        if data == DataKind::Series && run["validationSplit"].is_null() && !validation_data {
            run["validationSplit"] = json!({ "fraction": 0.1, "from": "end" });
        }
        let validated = validation_data || number(&run["validationSplit"]["fraction"]) > 0.0;
        if validated {
            fill(&mut run, "patience", json!(10));
        } else {
            let best = (self.keep == Some(Keep::Best)).then_some("keep");
            if let Some(option) = self.stopping.needs_validation(&run).or(best) {
                return Err(Error::conflict(option, "needs validation: validationSplit or validationData"));
            }
        }
        fill(&mut run, "keep", json!(if validated { "best" } else { "last" }));
        fill(&mut run, "shuffle", json!(!self.carry_state && data != DataKind::Batches));
        if data == DataKind::Text {
            fill(&mut run, "window", json!(128));
        }
        fill(&mut run, "metrics", json!(model.default_metrics().iter().map(Metric::kind).collect::<Vec<_>>()));
        check_watched(&run)?;
        RunDescription::from_json(&run.to_string())
    }

    /// Refuses what would have to be ignored.
    fn check_data(&self, Context { data, validation_data }: Context) -> Result<(), Error> {
        if data == DataKind::Batches {
            not_by_batches(&self.json, "they have to be there as a whole")?;
        }
        let given = |option: &str| !self.json[option].is_null() && self.json[option] != false;
        let refuse = |options: &[&str], why: &str| match options.iter().find(|o| given(o)) {
            Some(option) => Err(Error::conflict(*option, why)),
            None => Ok(()),
        };
        if data != DataKind::Text {
            refuse(&["window"], "is for a text")?;
        }
        if data != DataKind::Text && data != DataKind::Batches {
            refuse(&["carryState"], "is for a text, or a source of batches")?;
        }
        if data == DataKind::Batches {
            let why = "does not apply to a source of ready batches";
            refuse(&["shuffle", "validationSplit"], why)?;
            // With states to keep, the number of sequences that they are of.
            if !(self.carry_state || self.truncation.is_some()) || self.batch_size == Some(BatchSize::Full) {
                refuse(&["batchSize"], why)?;
            }
            if self.roll_back.is_some() {
                let why = "goes back to where an epoch began, which a source of ready batches cannot; take \"stop\" and resume";
                return Err(Error::conflict("onDivergence.rollBack", why));
            }
        }
        if validation_data {
            refuse(&["validationSplit"], "does not go with validationData")?;
        }
        match self.validation_split {
            Some(Split { from: From::Random, .. }) if data != DataKind::Samples => Err(Error::conflict(
                "validationSplit.from",
                "windows overlap with their neighbours: only \"end\" is apart",
            )),
            _ => Ok(()),
        }
    }

    /// The run with another end: if any of `{ epochs, steps }` is given, they replace the epochs, steps and seconds it had.
    ///
    /// # Errors
    /// `ConfigError`.
    pub fn resume(&self, changes: &str) -> Result<RunDescription, Error> {
        let mut changes = walk::read(&RESUME, changes)?;
        changes.drop_nulls();
        let mut run = self.json.clone();
        if changes.as_object().is_some_and(|c| !c.is_empty()) {
            for end in ["epochs", "steps", "seconds"] {
                run[end] = changes[end].clone();
            }
            run.drop_nulls();
        }
        RunDescription::from_json(&run.to_string())
    }
}

/// The metric that a rate is reduced by.
fn watched(run: &Value) -> Option<&Value> {
    let rate = &run["optimizer"]["learningRate"];
    (rate["kind"] == "reduceOnPlateau").then(|| &rate["metric"])
}

/// Only what the run reports is measured.
fn check_watched(run: &Value) -> Result<(), Error> {
    let Some(asked) = watched(run) else { return Ok(()) };
    let metric = Metric::of(asked);
    let metrics = run["metrics"].as_array().into_iter().flatten();
    if metric == Metric::Loss || metrics.clone().any(|m| Metric::of(m) == metric) {
        return Ok(());
    }
    let reported: Vec<String> = metrics.map(walk::show).collect();
    let expected = ["\"loss\" or one of the run's metrics (", &reported.join(", "), ")"].concat();
    Err(Error::config("optimizer.learningRate.metric", expected, walk::show(asked)))
}

fn fill(run: &mut Value, option: &str, value: Value) {
    if run[option].is_null() {
        run[option] = value;
    }
}
