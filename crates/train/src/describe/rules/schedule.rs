//! Rules of a learning rate that is a schedule, and of those that it is made of.

use super::{number, word};
use crate::describe::update;
use crate::describe::walk::missing;
use crate::error::Error;
use crate::json::{Value, json};

const PATH: &str = "optimizer.learningRate";

/// Checks the schedule of an optimiser that the table has passed, and fills in what follows.
///
/// # Errors
/// `ConfigError`.
pub fn finish(optimizer: &mut Value) -> Result<(), Error> {
    let has_momentum = update::optimizer(optimizer).momentum().is_some();
    finish_rate(&mut optimizer["learningRate"], PATH, "step", has_momentum)
}

/// `around`: what the schedule around this one counts.
fn finish_rate(rate: &mut Value, path: &str, around: &str, has_momentum: bool) -> Result<(), Error> {
    if rate.as_object().is_none() {
        return Ok(());
    }
    let kind = word(&rate["kind"]).to_string();
    let at = |field: &str| [path, ".", field].concat();
    let conflict = |field: &str, why: &str| Err(Error::conflict(at(field), why));
    if path != PATH && kind == "reduceOnPlateau" {
        return Err(Error::conflict(path, "reduceOnPlateau stands outermost: what it reduces is its `initial`"));
    }
    if kind != "chained" && kind != "reduceOnPlateau" && rate["per"].is_null() {
        rate["per"] = json!(around);
    }
    match kind.as_str() {
        "cosineDecay" => cosine_decay(rate, path)?,
        "piecewiseConstant" => {
            ascending(&rate["boundaries"], &at("boundaries"))?;
            counted(rate, path, "rates", "boundaries", 1)?;
        }
        "sequential" => {
            ascending(&rate["milestones"], &at("milestones"))?;
            counted(rate, path, "schedules", "milestones", 1)?;
        }
        "oneCycle" => momentum(rate, path, has_momentum, [0.85, 0.95])?,
        "cyclic" => {
            if rate["down"].is_null() {
                rate["down"] = rate["up"].clone();
            }
            if number(&rate["maximum"]) < number(&rate["base"]) {
                let expected = format!("a number from the base {} on", rate["base"]);
                return Err(Error::config(at("maximum"), expected, rate["maximum"].to_string()));
            }
            match (rate["mode"] == "exponentialRange", rate["factor"].is_null()) {
                (true, true) => return Err(missing(&at("factor"), "a number above 0")),
                (false, false) => return conflict("factor", "is for the mode \"exponentialRange\""),
                _ => {}
            }
            momentum(rate, path, has_momentum, [0.8, 0.9])?;
        }
        "reduceOnPlateau" if rate["mode"].is_null() => {
            if rate["metric"] != "loss" {
                return Err(missing(&at("mode"), "\"min\" or \"max\", as the metric is not the loss"));
            }
            rate["mode"] = json!("min");
        }
        _ => {}
    }
    let around = rate["per"].as_str().unwrap_or(around).to_string();
    for field in ["initial", "to"] {
        if rate[field].as_object().is_some() {
            finish_rate(&mut rate[field], &at(field), &around, has_momentum)?;
        }
    }
    if rate["schedules"].as_array().is_some() {
        for (i, part) in rate["schedules"].as_array_mut().into_iter().flatten().enumerate() {
            finish_rate(part, &format!("{path}.schedules[{i}]"), &around, has_momentum)?;
        }
    }
    Ok(())
}

fn cosine_decay(rate: &Value, path: &str) -> Result<(), Error> {
    let at = |field: &str| [path, ".", field].concat();
    if number(&rate["warmup"]) >= number(&rate["steps"]) {
        let expected = format!("fewer than the {} steps", rate["steps"]);
        return Err(Error::config(at("warmup"), expected, rate["warmup"].to_string()));
    }
    if number(&rate["final"]) > number(&rate["initial"]) {
        let expected = format!("a number up to the initial {}", rate["initial"]);
        return Err(Error::config(at("final"), expected, rate["final"].to_string()));
    }
    Ok(())
}

/// Fills in whether the momentum is cycled, and between what.
fn momentum(rate: &mut Value, path: &str, has_momentum: bool, defaults: [f64; 2]) -> Result<(), Error> {
    let at = |field: &str| [path, ".", field].concat();
    if rate["cycleMomentum"].is_null() {
        rate["cycleMomentum"] = json!(has_momentum);
    }
    let cycled = rate["cycleMomentum"] == true;
    if cycled && !has_momentum {
        return Err(Error::conflict(at("cycleMomentum"), "needs an optimiser with a momentum above 0, or with beta1"));
    }
    for (field, default) in ["baseMomentum", "maximumMomentum"].into_iter().zip(defaults) {
        match (cycled, rate[field].is_null()) {
            (true, true) => rate[field] = json!(default),
            (false, false) => return Err(Error::conflict(at(field), "needs cycleMomentum")),
            _ => {}
        }
    }
    if number(&rate["maximumMomentum"]) < number(&rate["baseMomentum"]) {
        let expected = format!("a number from the baseMomentum {} on", rate["baseMomentum"]);
        return Err(Error::config(at("maximumMomentum"), expected, rate["maximumMomentum"].to_string()));
    }
    Ok(())
}

/// Each larger than the one before.
fn ascending(list: &Value, path: &str) -> Result<(), Error> {
    let items = list.as_array().map_or(&[][..], Vec::as_slice);
    match items.windows(2).position(|pair| number(&pair[0]) >= number(&pair[1])) {
        Some(i) => {
            let expected = format!("an integer above the {} before it", items[i]);
            Err(Error::config(format!("{path}[{}]", i + 1), expected, items[i + 1].to_string()))
        }
        None => Ok(()),
    }
}

/// `list` has `more` than `than` has.
fn counted(rate: &Value, path: &str, list: &str, than: &str, more: usize) -> Result<(), Error> {
    let count = |field: &str| rate[field].as_array().map_or(0, Vec::len);
    let expected = count(than) + more;
    if count(list) == expected {
        return Ok(());
    }
    let expected = format!("{expected} of them, as there are {} {than}", count(than));
    Err(Error::config([path, ".", list].concat(), expected, count(list).to_string()))
}

/// Refuses what counts epochs, for those who have none: trainers and online learners.
///
/// # Errors
/// `ConfigError`.
pub fn without_epochs(options: &Value) -> Result<(), Error> {
    fn look(rate: &Value, path: &str) -> Result<(), Error> {
        if rate.as_object().is_none() {
            return Ok(());
        }
        let at = |field: &str| [path, ".", field].concat();
        if rate["kind"] == "reduceOnPlateau" {
            return Err(Error::conflict(path, "reduceOnPlateau looks at epochs, of which there are none here"));
        }
        if rate["per"] == "epoch" {
            return Err(Error::conflict(at("per"), "there are no epochs here, only steps"));
        }
        for field in ["initial", "to"] {
            look(&rate[field], &at(field))?;
        }
        for (i, part) in rate["schedules"].as_array().into_iter().flatten().enumerate() {
            look(part, &format!("{path}.schedules[{i}]"))?;
        }
        Ok(())
    }
    look(&options["optimizer"]["learningRate"], PATH)
}
