//! The learning rate range test: a short run whose rate grows from update to update tells at which rates the loss falls
//! fastest. It trains a copy, so that whatever happens, the model, its optimiser's state and its saved run stay as they are.
//!
//! Source: Smith 2017, section 3.3. Growth by a factor, smoothing and the end at a multiple of the best loss as in fastai's
//! `lr_find`; the suggestion as in PyTorch Lightning's.

use crate::bundle::Bundle;
use crate::checkpoint;
use crate::describe::calls::RateRange;
use crate::describe::walk::show;
use crate::error::Error;
use crate::json::{self, Value, json};
use crate::model::Model;
use crate::session::{Session, Status};

/// Columns of a run's records without metrics.
const COLUMNS: usize = 8;

pub struct Finder {
    /// The copy.
    model: Model,
    session: Session,
    range: RateRange,
    rates: Vec<f64>,
    losses: Vec<f64>,
    smoothed: Vec<f64>,
    /// Exponential mean of the losses, not yet corrected; what its weights lack to 1.
    mean: f64,
    lacking: f64,
    best: f64,
    ended: bool,
    diverged: bool,
}

/// Options of a run that mean nothing here.
const NOT_HERE: [&str; 12] = [
    "epochs",
    "seconds",
    "target",
    "gradientNorm",
    "minImprovement",
    "validationSplit",
    "patience",
    "minDelta",
    "keep",
    "metrics",
    "onDivergence",
    "recordEvery",
];

impl Finder {
    /// `range` is a `LearningRateRange`, `run` what else is said of a run: batch size, optimiser, clipping …
    ///
    /// # Errors
    /// As [`Session::fit`]; `ConfigError` for what the test itself decides.
    pub fn open(model: &Model, data: Bundle, range: &str, run: &str) -> Result<Finder, Error> {
        let range = RateRange::from_json(range)?;
        if data.metadata("kind") == Some("batches") {
            return Err(Error::data("data", "data that are there as a whole", "a source of batches"));
        }
        let run = described(&range, run)?;
        let from = model;
        let mut model = checkpoint::load(&checkpoint::save(from, None, false)?)?;
        model.ask_as(from);
        let session = Session::fit(&mut model, data, &run, None, None)?;
        let room = || Vec::with_capacity(range.steps.min(1 << 16) as usize);
        Ok(Finder {
            model,
            session,
            rates: room(),
            losses: room(),
            smoothed: room(),
            mean: 0.0,
            lacking: 1.0,
            best: f64::INFINITY,
            ended: false,
            diverged: false,
            range,
        })
    }

    /// Up to `steps` updates; whether the test has come to its end: the last rate, a loss too large, or numbers that are no
    /// longer finite.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn run(&mut self, steps: usize) -> Result<bool, Error> {
        for _ in 0..steps {
            if self.ended {
                break;
            }
            let status = self.session.run(&mut self.model, 1)?;
            for row in self.session.records().chunks_exact(COLUMNS).filter(|row| row[0] == 0.0) {
                self.note(row[6], row[3]);
            }
            self.diverged = status == Status::Diverged;
            self.ended |= self.diverged || status == Status::Done;
        }
        Ok(self.ended)
    }

    /// Takes down the loss of an update, as it was before the update.
    fn note(&mut self, rate: f64, loss: f64) {
        let share = self.range.smoothing;
        self.mean = share * self.mean + (1.0 - share) * loss;
        self.lacking *= share;
        let smoothed = self.mean / (1.0 - self.lacking);
        self.rates.push(rate);
        self.losses.push(loss);
        self.smoothed.push(smoothed);
        // The multiple of a best loss above zero; of one below zero, as far above it.
        self.ended |= smoothed > self.best + (self.range.limit - 1.0) * self.best.abs();
        self.best = self.best.min(smoothed);
    }

    /// `{ rates, losses, smoothed, suggestion }`: of each update its rate, its loss and the smoothed loss; the rate where the
    /// smoothed loss falls fastest by the rate's logarithm, by central differences, null where it never falls. A tenth of
    /// the planned steps at the start and the last of those that were made are not looked at, as they hold chance and the
    /// way up.
    ///
    /// # Errors
    /// `DivergenceError` when not one update could be made.
    pub fn finish(mut self) -> Result<String, Error> {
        if self.diverged && self.losses.is_empty() {
            self.session.finish(&mut self.model)?;
        }
        let suggestion = steepest(&self.smoothed, self.range.steps as usize / 10).map(|i| self.rates[i]);
        let Finder { rates, losses, smoothed, .. } = self;
        Ok(json!({ "rates": rates, "losses": losses, "smoothed": smoothed, "suggestion": suggestion }).to_string())
    }
}

/// Where values at equal distances fall fastest, with both neighbours at hand, from the `skip`-th on.
fn steepest(values: &[f64], skip: usize) -> Option<usize> {
    let slope = |i: usize| values[i + 1] - values[i - 1];
    let inner = skip.max(1)..values.len().saturating_sub(1);
    let least = inner.reduce(|least, i| if slope(i) < slope(least) { i } else { least })?;
    (slope(least) < 0.0).then_some(least)
}

/// The run of the test: its rates, as many steps, and nothing beside the loss.
fn described(range: &RateRange, run: &str) -> Result<String, Error> {
    let mut run: Value = json::from_str(run).map_err(|e| Error::config("", "JSON", e.to_string()))?;
    if run.as_object().is_none() {
        return Err(Error::config("", "an object", show(&run)));
    }
    for option in NOT_HERE {
        if !run[option].is_null() {
            return Err(Error::conflict(option, "does not apply to the search for a learning rate"));
        }
    }
    let named = match &run["optimizer"] {
        Value::Null => Some("adam".to_string()),
        Value::String(kind) => Some(kind.clone()),
        _ => None,
    };
    if let Some(kind) = named {
        run["optimizer"] = json!({ "kind": kind });
    }
    if run["optimizer"]["kind"] == "lbfgs" {
        return Err(Error::conflict(
            "optimizer",
            "lbfgs takes all data many times an update: a test of rates tells nothing of it",
        ));
    }
    if !run["optimizer"]["learningRate"].is_null() {
        return Err(Error::conflict("optimizer.learningRate", "is what is searched for: leave it out"));
    }
    let growth = json!({
        "kind": "exponentialDecay", "initial": range.from, "factor": range.to / range.from, "every": range.steps - 1,
    });
    if run["optimizer"].as_object().is_some() {
        run["optimizer"]["learningRate"] = growth;
    }
    run["steps"] = json!(range.steps);
    run["validationSplit"] = json!(0);
    run["metrics"] = Value::Array(Vec::new());
    run.drop_nulls();
    Ok(run.to_string())
}
