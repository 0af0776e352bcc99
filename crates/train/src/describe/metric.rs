//! Metrics as the rest of the house reads them, and which of them a model can be measured by.

use super::loss::numbers;
use super::model::{Input, ModelDescription, size};
use super::rules::word;
use super::walk::quoted;
use super::words::{unknown, words};
use crate::error::Error;
use crate::json::Value;
use crate::metrics::Plan;
use crate::metrics::plan::Sizes;
use rnn::Loss;
use rnn::losses::Reads;

words! {
    /// Of figures of classes.
    Average {
        /// The mean over classes that occur.
        Macro = "macro",
        /// All classes together.
        Micro = "micro",
        /// The second of two classes, or the only output.
        Binary = "binary",
    }
}

/// A figure that describes predictions, in the user's units; meanings are in the table.
#[derive(Clone, Debug, PartialEq)]
pub enum Metric {
    Accuracy,
    TopK(usize),
    Precision(Average),
    Recall(Average),
    F1(Average),
    Perplexity,
    BitsPerCharacter,
    Rmse,
    Mae,
    Mape,
    Smape,
    /// The naive error: one for each target, or one for all.
    Mase(Vec<f64>),
    R2,
    LabelErrorRate,
    Loss,
}

impl Metric {
    /// One that the table has checked; a word has the defaults.
    pub(super) fn of(value: &Value) -> Metric {
        let average = Average::of(&value["average"]);
        match value.as_str().unwrap_or_else(|| word(&value["kind"])) {
            "accuracy" => Metric::Accuracy,
            "topKAccuracy" => Metric::TopK(size(&value["k"])),
            "precision" => Metric::Precision(average),
            "recall" => Metric::Recall(average),
            "f1" => Metric::F1(average),
            "perplexity" => Metric::Perplexity,
            "bitsPerCharacter" => Metric::BitsPerCharacter,
            "rmse" => Metric::Rmse,
            "mae" => Metric::Mae,
            "mape" => Metric::Mape,
            "smape" => Metric::Smape,
            "mase" => Metric::Mase(match &value["naiveError"] {
                list @ Value::Array(_) => numbers(list),
                one => vec![super::rules::number(one)],
            }),
            "r2" => Metric::R2,
            "labelErrorRate" => Metric::LabelErrorRate,
            "loss" => Metric::Loss,
            _ => unknown(),
        }
    }

    /// What its figure is called.
    pub fn name(&self) -> String {
        let averaged = |average: &Average, plain: &str, capital: &str| match average {
            Average::Macro => plain.into(),
            other => [other.name(), capital].concat(),
        };
        match self {
            Metric::TopK(k) => format!("top{k}Accuracy"),
            Metric::Precision(average) => averaged(average, "precision", "Precision"),
            Metric::Recall(average) => averaged(average, "recall", "Recall"),
            Metric::F1(average) => averaged(average, "f1", "F1"),
            other => other.kind().into(),
        }
    }

    /// As in the description.
    pub fn kind(&self) -> &'static str {
        match self {
            Metric::Accuracy => "accuracy",
            Metric::TopK(_) => "topKAccuracy",
            Metric::Precision(_) => "precision",
            Metric::Recall(_) => "recall",
            Metric::F1(_) => "f1",
            Metric::Perplexity => "perplexity",
            Metric::BitsPerCharacter => "bitsPerCharacter",
            Metric::Rmse => "rmse",
            Metric::Mae => "mae",
            Metric::Mape => "mape",
            Metric::Smape => "smape",
            Metric::Mase(_) => "mase",
            Metric::R2 => "r2",
            Metric::LabelErrorRate => "labelErrorRate",
            Metric::Loss => "loss",
        }
    }
}

/// What is predicted, as metrics see it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nature {
    Numbers,
    Yes,
    Classes,
    Probabilities,
    Labels,
}

impl Nature {
    fn of(loss: &Loss) -> Nature {
        match loss.reads() {
            Reads::Numbers if matches!(loss, Loss::Binary(_)) => Nature::Yes,
            Reads::Numbers => Nature::Numbers,
            Reads::Classes => Nature::Classes,
            Reads::Distributions => Nature::Probabilities,
            Reads::Labels => Nature::Labels,
        }
    }

    fn takes(self, metric: &Metric) -> bool {
        use Metric::{
            Accuracy, BitsPerCharacter, F1, LabelErrorRate, Loss, Mae, Perplexity, Precision, Recall, Rmse, TopK,
        };
        match metric {
            Loss => true,
            Perplexity | BitsPerCharacter => self == Nature::Classes,
            TopK(_) => matches!(self, Nature::Classes | Nature::Probabilities),
            Accuracy | Precision(_) | Recall(_) | F1(_) => {
                matches!(self, Nature::Classes | Nature::Probabilities | Nature::Yes)
            }
            Rmse | Mae => matches!(self, Nature::Numbers | Nature::Yes),
            LabelErrorRate => self == Nature::Labels,
            _ => self == Nature::Numbers,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Nature::Numbers => "a metric of numbers",
            Nature::Yes => "a metric of yes or no",
            Nature::Classes => "a metric of classes",
            Nature::Probabilities => "a metric of probabilities",
            Nature::Labels => "a metric of labels",
        }
    }
}

impl ModelDescription {
    /// What a run reports beside the loss when nothing is said.
    pub fn default_metrics(&self) -> Vec<Metric> {
        vec![match Nature::of(&self.loss) {
            Nature::Numbers => Metric::Rmse,
            Nature::Labels => Metric::LabelErrorRate,
            _ if self.output.target == super::model::Target::NextToken => Metric::BitsPerCharacter,
            _ => Metric::Accuracy,
        }]
    }

    /// Whether the model predicts what the metrics measure.
    ///
    /// # Errors
    /// `ConfigError`.
    pub fn check_metrics(&self, metrics: &[Metric], path: &str) -> Result<(), Error> {
        let nature = Nature::of(&self.loss);
        for (i, metric) in metrics.iter().enumerate() {
            if !nature.takes(metric) {
                return Err(Error::config(format!("{path}[{i}]"), nature.name(), quoted(metric.kind())));
            }
            let wrong = |field: &str, expected: String, received: String| {
                Err(Error::config(format!("{path}[{i}].{field}"), expected, received))
            };
            match (metric, self.output_size()) {
                (Metric::TopK(k), Some(classes)) if *k > classes => {
                    return wrong("k", format!("at most {classes}, the number of classes"), k.to_string());
                }
                (
                    Metric::Precision(Average::Binary) | Metric::Recall(Average::Binary) | Metric::F1(Average::Binary),
                    n,
                ) if n != Some(if nature == Nature::Yes { 1 } else { 2 }) => {
                    let expected = "\"macro\" or \"micro\": \"binary\" is for two classes, or one yes or no";
                    return wrong("average", expected.into(), quoted("binary"));
                }
                (Metric::Mase(naive), _) if naive.len() > 1 && naive.len() != self.columns() => {
                    let expected = format!("{} numbers, one for each target", self.columns());
                    return wrong("naiveError", expected, naive.len().to_string());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What metrics have to count.
    pub fn plan(&self, metrics: &[Metric]) -> Plan {
        let plain = match &self.loss {
            Loss::CrossEntropy(s) => s.class_weights.is_empty() && s.label_smoothing == 0.0,
            Loss::Own(_) => false,
            _ => true,
        };
        Plan::new(metrics, Sizes { classes: self.output_size().unwrap_or(0), columns: self.columns(), plain })
    }

    /// Targets, of which a series predicts several rows.
    fn columns(&self) -> usize {
        match &self.input {
            Input::Series(plan) => plan.target.len(),
            _ => self.output_size().unwrap_or(0),
        }
    }
}

/// The metrics of checked options, if they are given.
pub(super) fn metrics(options: &Value) -> Option<Vec<Metric>> {
    let given = options["metrics"].as_array()?;
    Some(given.iter().map(Metric::of).collect())
}
