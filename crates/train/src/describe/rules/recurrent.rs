//! Rules of one recurrent layer.

use super::{integer, number, word};
use crate::describe::rows::inside::NORMALIZATION;
use crate::describe::table::Kind;
use crate::describe::walk::check as check_kind;
use crate::error::Error;
use crate::json::{Value, json};

/// Checks what the options of a recurrent layer have to do with each other and with its input: rows of `below` numbers, as far
/// as that is known; `tokens` when it reads tokens. `path` makes that of a field.
///
/// # Errors
/// `ConfigError`.
pub fn check(layer: &Value, below: Option<usize>, tokens: bool, path: &dyn Fn(&str) -> String) -> Result<(), Error> {
    if !layer["forgetBias"].is_null() && layer["bias"] == false {
        return Err(Error::conflict(path("forgetBias"), "needs bias: true"));
    }
    if let (Some(size), Some(hidden)) = (integer(&layer["projSize"]), integer(&layer["hiddenSize"]))
        && size >= hidden
    {
        return Err(Error::config(
            path("projSize"),
            format!("fewer than the {hidden} of hiddenSize"),
            size.to_string(),
        ));
    }
    if layer["kind"] == "lru" {
        let (low, high) = (number(&layer["minRadius"]) as f32, number(&layer["maxRadius"]) as f32);
        if !(low < high && high <= 1.0) {
            let expected = format!("a number above minRadius, {}, and up to 1", layer["minRadius"]);
            return Err(Error::config(path("maxRadius"), expected, layer["maxRadius"].to_string()));
        }
    }
    if number(&layer["weightDrop"]) > 0.0 && layer["weightNorm"] == true {
        return Err(Error::conflict(path("weightDrop"), "does not go together with weightNorm: true"));
    }
    if !layer["dropoutShared"].is_null() && number(&layer["dropout"]) <= 0.0 {
        return Err(Error::conflict(path("dropoutShared"), "needs a dropout above 0, between levels"));
    }
    if !layer["normalization"].is_null() && layer["reset"] == "before" {
        let why = "needs reset: \"after\", whose products it normalises";
        return Err(Error::conflict(path("normalization"), why));
    }
    for option in ["activationPenalty", "temporalPenalty"] {
        let with = match () {
            () if number(&layer[option]) <= 0.0 => continue,
            () if word(&layer["merge"]) != "concat" => "merge",
            () if layer["residual"] == true => "residual",
            () if layer["skip"] == true => "skip",
            () => continue,
        };
        let why = format!("does not go together with {with}: it is of what the cells alone give");
        return Err(Error::conflict(path(option), &why));
    }
    if number(&layer["vanishingPenalty"]) > 0.0 {
        let why = match () {
            () if number(&layer["zoneout"]) > 0.0 => {
                "does not go together with zoneout, which hands gradients on by itself"
            }
            () if !layer["normalization"].is_null() => {
                "does not go together with normalization, through whose norms gradients pass from step to step too"
            }
            () => "",
        };
        if !why.is_empty() {
            return Err(Error::conflict(path("vanishingPenalty"), why));
        }
    }
    if word(&layer["merge"]) != "concat" && layer["bidirectional"] == false {
        return Err(Error::conflict(path("merge"), "needs bidirectional: true"));
    }
    if layer["residual"] == true && layer["skip"] == true {
        return Err(Error::conflict(path("skip"), "does not go with residual"));
    }
    if let Some(option) = ["residual", "skip"].into_iter().find(|&option| tokens && layer[option] == true) {
        return Err(Error::conflict(path(option), "tokens cannot be passed on; put an embedding before it"));
    }
    if let (true, Some(row), Some(below)) = (layer["residual"] == true, row(layer), below)
        && row != below
    {
        let why = format!("needs an input of the output's {row} numbers, and has one of {below}");
        return Err(Error::conflict(path("residual"), &why));
    }
    Ok(())
}

/// Writes a normalization that was given by its name as an object with its defaults.
///
/// # Errors
/// None: the table has checked the name.
pub fn fill_normalization(layer: &mut Value, path: &str) -> Result<(), Error> {
    if let Some(kind) = layer["normalization"].as_str() {
        let named = json!({ "kind": kind });
        layer["normalization"] = check_kind(&Kind::Tagged(&NORMALIZATION), &named, &mut path.to_string())?;
    }
    Ok(())
}

/// Numbers in the row of a level, before its input is put beside it; none for other layers.
fn row(layer: &Value) -> Option<usize> {
    let units = integer(&layer["projSize"]).or_else(|| integer(&layer["hiddenSize"]))?;
    let both = layer["bidirectional"] == true && word(&layer["merge"]) == "concat";
    Some(units * if both { 2 } else { 1 })
}

/// Numbers in a row that a layer gives which reads rows of `below` numbers, as far as either is known.
pub fn width(layer: &Value, below: Option<usize>) -> Option<usize> {
    match row(layer) {
        Some(row) if layer["skip"] == true => {
            let levels = integer(&layer["numLayers"])?;
            row.checked_mul(levels)?.checked_add(below?)
        }
        Some(row) => Some(row),
        None if layer["kind"] == "dropout" || super::model::keeps_width(word(&layer["kind"])) => below,
        None => integer(&layer["units"]),
    }
}

/// Numbers in a row that layer `index` reads.
pub fn below(model: &Value, index: usize) -> Option<usize> {
    let input = &model["input"];
    let first = integer(&input["size"]).or_else(|| super::model::count(&input["vocabulary"]));
    let layers = model["layers"].as_array().into_iter().flatten();
    layers.take(index).fold(first, |below, layer| width(layer, below))
}
