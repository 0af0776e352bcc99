//! Rules of a model's description: sizes that follow from each other, layers that go together.

use super::{distinct, integer, loss, number, recurrent, word};
use crate::describe::walk::{missing, quoted};
use crate::error::Error;
use crate::json::{Value, json};

/// What the names of a file's other tensors begin with.
const RESERVED: [&str; 8] =
    ["optimizer.", "last.", "best.", "carried.", "run.", "encoding.", "accumulated.", "iterate."];

/// What the model predicts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    Values,
    Classes,
    Series,
    NextToken,
}

/// What a checked description predicts.
pub fn aim(model: &Value) -> Aim {
    let (input, output) = (&model["input"], &model["output"]);
    match () {
        () if output["classes"] != Value::Null => Aim::Classes,
        () if input["series"] != Value::Null => Aim::Series,
        () if input["vocabulary"] != Value::Null && output.is_null() => Aim::NextToken,
        () => Aim::Values,
    }
}

/// How many there are: a number or a list; nothing while "characters" is open.
pub fn count(value: &Value) -> Option<usize> {
    value.as_array().map(Vec::len).or_else(|| integer(value))
}

/// Size of a prediction as far as the input and the output tell it.
pub fn output_size(model: &Value) -> Option<usize> {
    match aim(model) {
        Aim::Classes => count(&model["output"]["classes"]),
        Aim::NextToken => count(&model["input"]["vocabulary"]),
        Aim::Values => integer(&model["output"]["size"]),
        Aim::Series => {
            let series = &model["input"]["series"];
            let rows = if word(&series["mode"]) == "recursive" { 1 } else { integer(&series["horizon"])? };
            rows.checked_mul(series["target"].as_array()?.len())
        }
    }
}

/// Checks a description that the table has passed, and fills in what follows.
///
/// # Errors
/// `ConfigError`.
pub fn finish(model: &mut Value) -> Result<(), Error> {
    check_input(&model["input"])?;
    for (i, layer) in model["layers"].as_array_mut().into_iter().flatten().enumerate() {
        recurrent::fill_normalization(layer, &format!("layers[{i}].normalization"))?;
    }
    check_layers(model)?;
    check_output(model)?;
    fill_sizes(model)?;
    loss::fill(model)?;
    fill_forget_bias(model);
    Ok(())
}

fn check_input(input: &Value) -> Result<(), Error> {
    distinct(&input["vocabulary"], "input.vocabulary")?;
    let series = &input["series"];
    if series.is_null() {
        return Ok(());
    }
    let list = |name: &str| series[name].as_array().into_iter().flatten().cloned();
    // One column in two roles would be read twice, or be seen before its time.
    let mut columns = Vec::new();
    for role in ["target", "past", "known"] {
        for (i, name) in list(role).enumerate() {
            if columns.contains(&name) {
                let path = format!("input.series.{role}[{i}]");
                return Err(Error::config(path, "a column not named before", format!("{name} again")));
            }
            columns.push(name);
        }
    }
    distinct(&series["calendar"], "input.series.calendar")?;
    if list("calendar").next().is_some() && series["time"].is_null() {
        return Err(missing("input.series.time", "the column that the calendar is derived from"));
    }
    if word(&series["mode"]) == "recursive" && list("past").next().is_some() {
        let why = "\"recursive\" feeds predictions back and has none of the columns in past; put them in target or use \"direct\"";
        return Err(Error::conflict("input.series.mode", why));
    }
    Ok(())
}

fn check_layers(model: &Value) -> Result<(), Error> {
    let tokens = !model["input"]["vocabulary"].is_null();
    // A reading from the end has seen what is to be predicted.
    let ahead = aim(model) == Aim::NextToken || (aim(model) == Aim::Series && word(&model["output"]["at"]) == "every");
    let mut names: Vec<String> = Vec::new();
    let mut recurrent = false;
    for (i, layer) in model["layers"].as_array().into_iter().flatten().enumerate() {
        let path = |field: &str| format!("layers[{i}].{field}");
        match word(&layer["kind"]) {
            "embedding" if i > 0 || !tokens => {
                let why = "an embedding reads tokens: it is the first layer of a model whose input has a vocabulary";
                return Err(Error::conflict(path("kind"), why));
            }
            "dropout" if i == 0 && tokens => {
                return Err(Error::conflict(path("kind"), "tokens have no units to drop; put it after the embedding"));
            }
            kind if i == 0 && tokens && keeps_width(kind) => {
                return Err(Error::conflict(path("kind"), "reads numbers, not tokens; put it after the embedding"));
            }
            _ => {}
        }
        if integer(&layer["hiddenSize"]).is_some() {
            recurrent = true;
            if number(&layer["dropout"]) > 0.0 && integer(&layer["numLayers"]) == Some(1) {
                let why = "acts between levels, and numLayers is 1; put dropout({ rate }) after the layer";
                return Err(Error::conflict(path("dropout"), why));
            }
            if layer["bidirectional"] == true && ahead {
                let why = "the direction that reads from the end has seen what is to be predicted";
                return Err(Error::conflict(path("bidirectional"), why));
            }
            recurrent::check(layer, recurrent::below(model, i), tokens && i == 0, &path)?;
        }
        if !matches!(word(&layer["kind"]), "dropout" | "noise") {
            let name = layer["name"].as_str().map_or_else(|| i.to_string(), String::from);
            if name.is_empty() || names.contains(&name) {
                return Err(Error::config(path("name"), "a name of its own", quoted(&name)));
            }
            // A file keeps the state of a run beside the parameters.
            if let Some(prefix) = RESERVED.iter().find(|&&prefix| name.starts_with(prefix)) {
                let expected = format!("a name that does not begin with {}", quoted(prefix));
                return Err(Error::config(path("name"), expected, quoted(&name)));
            }
            names.push(name);
        }
    }
    if recurrent { Ok(()) } else { Err(Error::config("layers", "at least one of lstm, gru or rnn", "none")) }
}

/// Whether a layer gives as many numbers as it reads.
pub fn keeps_width(kind: &str) -> bool {
    matches!(kind, "dropout" | "noise" | "layerNorm" | "rmsNorm" | "batchNorm")
}

fn check_output(model: &Value) -> Result<(), Error> {
    let output = &model["output"];
    distinct(&output["classes"], "output.classes")?;
    if count(&output["classes"]) == Some(1) {
        return Err(Error::config("output.classes", "at least 2", "1"));
    }
    if !model["input"]["series"].is_null() {
        for (field, why) in [("classes", "a series predicts its targets"), ("scale", "a series has its own scale")] {
            if !output[field].is_null() {
                return Err(Error::conflict(format!("output.{field}"), why));
            }
        }
        let size = output_size(model);
        let network = |size: usize| size.saturating_mul(loss::outputs(model));
        if let Some(size) = size.map(network).filter(|&size| size > rnn::LARGEST) {
            let expected = format!("horizon × targets up to {}", rnn::LARGEST);
            return Err(Error::config("input.series.horizon", expected, size.to_string()));
        }
        if integer(&output["size"]).is_some_and(|given| Some(given) != size) {
            return Err(Error::config("output.size", expected_size(size, model), output["size"].to_string()));
        }
    }
    Ok(())
}

/// Sizes of the last layer and of the output, each of which may follow from the other.
fn fill_sizes(model: &mut Value) -> Result<(), Error> {
    // What the network gives: so many numbers for each target.
    let outputs = loss::outputs(model);
    let size = output_size(model).and_then(|size| size.checked_mul(outputs));
    let layers = model["layers"].as_array().map_or(&[][..], Vec::as_slice);
    let last = layers.iter().rposition(|l| !keeps_width(word(&l["kind"]))).unwrap_or_default();
    let units_of = |i: usize| format!("layers[{i}].units");
    if let Some(i) = layers[..last].iter().position(|l| l["kind"] == "dense" && l["units"].is_null()) {
        return Err(missing(&units_of(i), "a positive integer (only those of the last layer follow from the output)"));
    }
    let head = &layers[last];
    let units = integer(&head["units"]);
    let own = recurrent::width(head, recurrent::below(model, last));
    if own.is_none() && head["skip"] == true {
        let why = "makes a row of unknown size of this input; add dense() after it";
        return Err(Error::conflict(format!("layers[{last}].skip"), why));
    }
    match (own, size) {
        (None, None) if aim(model) != Aim::NextToken => {
            return Err(missing(&units_of(last), "a positive integer, here or as output.size"));
        }
        (Some(own), Some(size)) if own != size => {
            let expected = match outputs {
                1 => expected_size(Some(size), model),
                n => format!("{size} (the targets × {n}, the numbers of each)"),
            };
            let wrong = |path: String| Error::config(path, expected, own.to_string());
            return Err(match units {
                Some(_) => wrong(units_of(last)),
                None => wrong(format!("layers[{last}]")).hint("add dense() after it"),
            });
        }
        (None, Some(size)) => model["layers"][last]["units"] = json!(size),
        _ => {}
    }
    let width = own.or(size);
    match aim(model) {
        Aim::Values | Aim::Series => {
            if let Some(width) = width.filter(|width| !width.is_multiple_of(outputs)) {
                let path = if units.is_some() { units_of(last) } else { format!("layers[{last}]") };
                let expected = format!("a multiple of {outputs}, the numbers of each target");
                return Err(Error::config(path, expected, width.to_string()));
            }
            let output = &mut model["output"];
            if output.is_null() {
                *output = json!({ "at": "last" });
            }
            output["size"] = json!(width.map(|width| width / outputs));
            if aim(model) == Aim::Values && model["output"]["scale"].is_null() {
                model["output"]["scale"] = json!("none");
            }
        }
        Aim::Classes | Aim::NextToken => {}
    }
    Ok(())
}

fn expected_size(size: Option<usize>, model: &Value) -> String {
    let source = match aim(model) {
        Aim::Values => "output.size",
        Aim::Classes => "number of classes",
        Aim::NextToken => "size of the vocabulary",
        Aim::Series if word(&model["input"]["series"]["mode"]) == "recursive" => "number of targets",
        Aim::Series => "horizon × targets",
    };
    format!("{} (the {source})", size.unwrap_or_default())
}

/// 1 where nothing else is said, but for PyTorch's own start.
fn fill_forget_bias(model: &mut Value) {
    let pytorch = model["init"] == "pytorch";
    for layer in model["layers"].as_array_mut().into_iter().flatten() {
        if ["lstm", "minLstm"].contains(&word(&layer["kind"]))
            && layer["bias"] == true
            && layer["forgetBias"].is_null()
            && !pytorch
        {
            layer["forgetBias"] = json!(1);
        }
    }
}
