//! The loss of a model's description, as `rnn` takes it.

use super::rows::losses::LOSSES;
use super::rules::{number, word};
use super::table::Kind;
use super::walk::check;
use super::words::unknown;
use crate::error::Error;
use crate::json::{Value, json};
use rnn::Loss;
use rnn::losses::cross_entropy::Settings;
use rnn::losses::ctc::Ctc;
use rnn::losses::gaussian::{Gaussian, Variance};
use rnn::losses::own::Own;
use rnn::losses::poisson::Poisson;

/// A loss with all its settings; a word has the defaults.
///
/// # Errors
/// `ConfigError`.
pub fn settings(loss: &Value) -> Result<Value, Error> {
    match loss.as_str() {
        Some(kind) => check(&Kind::Tagged(&LOSSES), &json!({ "kind": kind }), &mut "loss".into()),
        None => Ok(loss.clone()),
    }
}

/// From checked settings.
pub fn loss(l: &Value) -> Loss {
    let n = |field: &str| number(&l[field]);
    match word(&l["kind"]) {
        "mae" => Loss::Mae,
        "huber" => Loss::Huber { delta: n("delta") },
        "smoothL1" => Loss::SmoothL1 { beta: n("beta") },
        "quantile" => Loss::Quantile(numbers(&l["quantiles"])),
        "gaussianNll" => {
            let variance = if l["variance"] == "exp" { Variance::Exp } else { Variance::Softplus };
            Loss::Gaussian(Gaussian { variance, full: l["full"] == true, epsilon: n("epsilon") })
        }
        "poissonNll" => {
            let (log_input, full) = (l["logInput"] == true, l["full"] == true);
            Loss::Poisson(Poisson { log_input, full, epsilon: n("epsilon") })
        }
        "binaryCrossEntropy" => Loss::Binary(match &l["positiveWeight"] {
            list @ Value::Array(_) => numbers(list),
            one => vec![number(one)],
        }),
        "crossEntropy" => {
            let settings = Settings {
                class_weights: numbers(&l["classWeights"]),
                label_smoothing: n("labelSmoothing"),
                ignored: l["ignoreIndex"].as_f64().map(|index| index as i32),
            };
            if l["targets"] == "probabilities" { Loss::Distributions(settings) } else { Loss::CrossEntropy(settings) }
        }
        "klDivergence" => Loss::Divergence,
        "custom" => Loss::Own(Own::new(l["targets"] == "classes")),
        "ctc" => Loss::Ctc(Ctc { blank: super::model::size(&l["blank"]), zero_infinity: l["zeroInfinity"] == true }),
        "mse" => Loss::Mse,
        _ => unknown(),
    }
}

pub(super) fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().into_iter().flatten().map(number).collect()
}
