//! Rules of a model's loss: what it can predict, and how many numbers for each target.

use super::model::{Aim, aim, output_size};
use super::{number, word};
use crate::describe::loss::{loss, numbers, settings};
use crate::error::Error;
use crate::json::{Value, json};
use crate::text;
use rnn::Loss;
use rnn::losses::Reads;

/// Fills in the loss where none is given.
///
/// # Errors
/// `ConfigError` for one that the output is not for.
pub fn fill(model: &mut Value) -> Result<(), Error> {
    let classes = matches!(aim(model), Aim::Classes | Aim::NextToken);
    if model["loss"].is_null() {
        model["loss"] = json!(if classes { "crossEntropy" } else { "mse" });
    }
    if model["loss"]["kind"] == "custom" && model["loss"]["targets"].is_null() {
        model["loss"]["targets"] = json!(if classes { "classes" } else { "numbers" });
    }
    let described = settings(&model["loss"])?;
    let kind = ["\"", word(&described["kind"]), "\""].concat();
    let (of, reads) = (loss(&described), loss(&described).reads());
    match (aim(model), reads) {
        (Aim::NextToken, Reads::Classes) | (Aim::Classes, Reads::Classes | Reads::Distributions | Reads::Labels) => {}
        (Aim::Values | Aim::Series, Reads::Numbers) => {}
        (Aim::NextToken, _) => return Err(Error::conflict("loss", "the next token needs \"crossEntropy\" of classes")),
        (Aim::Classes, _) => {
            let why = "classes need \"crossEntropy\", \"klDivergence\" or \"ctc\"";
            return Err(Error::conflict("loss", why));
        }
        (_, Reads::Classes) => {
            return Err(Error::conflict(
                "loss",
                &[&kind, " needs output.classes, or the next token as the output"].concat(),
            ));
        }
        (_, _) => return Err(Error::conflict("loss", &[&kind, " needs output.classes"].concat())),
    }
    match &of {
        Loss::Quantile(quantiles) => check_quantiles(quantiles)?,
        Loss::Binary(positive) if positive.len() > 1 => {
            sized("loss.positiveWeight", positive.len(), output_size(model), "output")?;
        }
        Loss::CrossEntropy(_) | Loss::Distributions(_) => check_classes(&described, model, reads)?,
        Loss::Ctc(ctc) => check_ctc(ctc.blank, model)?,
        _ => {}
    }
    check_units(&of, &kind, model)
}

/// Numbers that the network gives for each target; 1 where that is not known yet.
pub fn outputs(model: &Value) -> usize {
    match &model["loss"] {
        // One that follows.
        Value::Null => 1,
        given => settings(given).map_or(1, |described| loss(&described).outputs().max(1)),
    }
}

fn check_quantiles(quantiles: &[f64]) -> Result<(), Error> {
    match quantiles.windows(2).position(|pair| pair[0] >= pair[1]) {
        Some(i) => {
            let expected = format!("a number above {}: quantiles ascend", text::number(quantiles[i]));
            Err(Error::config(format!("loss.quantiles[{}]", i + 1), expected, text::number(quantiles[i + 1])))
        }
        None => Ok(()),
    }
}

/// A list of one number for each of something whose count may not be known yet.
fn sized(path: &str, given: usize, wanted: Option<usize>, what: &str) -> Result<(), Error> {
    match wanted {
        Some(wanted) if wanted != given => {
            Err(Error::config(path, format!("{wanted} numbers, one for each {what}"), given.to_string()))
        }
        _ => Ok(()),
    }
}

fn check_classes(described: &Value, model: &Value, reads: Reads) -> Result<(), Error> {
    let weights = numbers(&described["classWeights"]);
    if !weights.is_empty() {
        sized("loss.classWeights", weights.len(), output_size(model), "class")?;
        if weights.iter().all(|&w| w == 0.0) {
            return Err(Error::config("loss.classWeights", "at least one number above 0", "none"));
        }
    }
    let ignored = &described["ignoreIndex"];
    if ignored.is_null() {
        return Ok(());
    }
    let index = number(ignored);
    if index != index.trunc() || index.abs() > f64::from(i32::MAX) {
        return Err(Error::config("loss.ignoreIndex", "an integer", ignored.to_string()));
    }
    if reads == Reads::Distributions {
        return Err(Error::conflict("loss.ignoreIndex", "probabilities have no index; give a sampleWeight of 0"));
    }
    Ok(())
}

fn check_ctc(blank: usize, model: &Value) -> Result<(), Error> {
    if word(&model["output"]["at"]) != "every" {
        return Err(Error::conflict("output.at", "\"ctc\" needs a prediction at \"every\" step"));
    }
    match output_size(model) {
        Some(classes) if blank >= classes => {
            let expected = format!("the index of one of the {classes} output.classes");
            Err(Error::config("loss.blank", expected, blank.to_string()))
        }
        _ => Ok(()),
    }
}

/// Targets that have a scale of their own cannot have another; and what is said of a change may not hold of a level.
fn check_units(of: &Loss, kind: &str, model: &Value) -> Result<(), Error> {
    let fixed = matches!(of, Loss::Poisson(_) | Loss::Binary(_));
    let scale = &model["output"]["scale"];
    if fixed && !scale.is_null() && *scale != "none" {
        return Err(Error::conflict("output.scale", &[kind, " has targets in a unit of its own: \"none\""].concat()));
    }
    let series = &model["input"]["series"];
    if series.is_null() {
        return Ok(());
    }
    let (log, difference) = (series["transform"] == "log", number(&series["difference"]));
    let conflict =
        |field: &str, why: &str| Err(Error::conflict(format!("input.series.{field}"), &[kind, " ", why].concat()));
    match of {
        _ if fixed && series["scale"] != "none" => conflict("scale", "has targets in a unit of its own: \"none\""),
        _ if fixed && log => conflict("transform", "has targets in a unit of its own: \"none\""),
        _ if fixed && difference > 0.0 => conflict("difference", "has targets in a unit of its own: 0"),
        Loss::Quantile(_) | Loss::Gaussian(_) if series["mode"] == "recursive" => {
            conflict("mode", "says how sure one step is, which is not known of a step fed back: use \"direct\"")
        }
        Loss::Quantile(_) | Loss::Gaussian(_) if difference > 0.0 && difference < number(&series["horizon"]) => {
            conflict(
                "difference",
                "says how sure a change is, which is not known of a sum of changes: 0, or the horizon at least",
            )
        }
        Loss::Gaussian(_) if log => conflict("transform", "has a mean and a variance, which logarithms do not keep"),
        _ => Ok(()),
    }
}
