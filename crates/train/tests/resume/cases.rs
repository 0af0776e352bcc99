//! Draws a whole case: a model, data that fit it, a run, and the workers that share it. What the descriptions or the data refuse
//! is drawn anew.

use crate::data::{Data, data};
use crate::draw::Draw;
use crate::runner::{Case, End, Live};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use train::describe::rows::layers::LAYER;
use train::describe::rows::model::MODEL;
use train::describe::rows::run::RUN;
use train::describe::run::RunDescription;
use train::describe::table::Kind;
use train::error::Error;
use train::model::Model;

/// Runs that are tried with a model before another is drawn.
const RUNS: usize = 40;
/// Runs that are tried before it is given up.
const TRIES: usize = 100_000;

static LAYERS: Kind = Kind::Tagged(&LAYER);

/// A case that can be run, what its run comes to, and in how many units of work; what it has is in `draw`, to be kept. When
/// `new`, one with something that no case has had; nothing if none is found.
pub fn case(draw: &mut Draw, new: bool) -> Option<(Case, End, usize)> {
    let mut tries = 0;
    while tries < TRIES {
        draw.back_to(BTreeSet::new());
        let json = model(draw).to_string();
        tries += 1;
        let Ok(model) = Model::create(&json) else { continue };
        let mark = draw.mark();
        for _ in 0..RUNS {
            tries += 1;
            draw.back_to(mark.clone());
            let workers = [None, None, Some(1), Some(2), Some(3)][draw.below(5)];
            let (data, validation) = data(draw, &model);
            let run = run(draw, &data, validation.is_some()).to_string();
            if new && !draw.has_new() || RunDescription::from_json(&run).is_err() {
                continue;
            }
            let case = Case { model: json.clone(), run, data, validation, workers };
            if let Ok((end, units)) = whole(&case) {
                return Some((case, end, units));
            }
        }
    }
    None
}

fn whole(case: &Case) -> Result<(End, usize), Error> {
    let mut live = Live::fit(case)?;
    let units = live.go_on()?;
    Ok((live.end(), units))
}

fn model(draw: &mut Draw) -> Value {
    draw.object_with("model", &MODEL, |draw, before, field| match field.name {
        "layers" => {
            draw.note("model.layers");
            Some(layers(draw, !before["input"]["vocabulary"].is_null()))
        }
        "output" => draw.chance(70).then(|| draw.row("model.output", field)),
        "loss" => draw.chance(50).then(|| draw.row("model.loss", field)),
        _ => None,
    })
}

/// One to three layers, and mostly a dense one after them, whose size follows.
fn layers(draw: &mut Draw, tokens: bool) -> Value {
    let mut layers = Vec::new();
    let kind = |name: &str| *LAYER.of.iter().find(|object| object.kind() == name).expect("there is such a layer");
    if tokens && draw.chance(60) {
        draw.note("embedding");
        layers.push(draw.object("model.layers", kind("embedding")));
    }
    draw.note("model.layers[]");
    for _ in 0..1 + draw.below(3) {
        let mut layer = draw.value_but("model.layers", &LAYERS, |item| item == "embedding");
        if layer["kind"] == "dense" && layer["units"].is_null() {
            layer["units"] = json!(4);
        }
        layers.push(layer);
    }
    if draw.chance(85) {
        let mut head = draw.object("model.layers", kind("dense"));
        head.as_object_mut().expect("a layer").remove("units");
        layers.push(head);
    }
    Value::Array(layers)
}

/// Some are thrown off at once, so that they go back, where they do.
fn run(draw: &mut Draw, data: &Data, validated: bool) -> Value {
    let (source, text) = (data.kind() == "batches", data.kind() == "text");
    let thrown = !source && draw.chance(12);
    let mut run = draw.object_with("run", &RUN, |draw, before, field| match field.name {
        // Most of what would be refused anyway.
        "window" if !text => Some(Value::Null),
        "carryState" if !(text || source) => Some(Value::Null),
        "validationSplit" if source || validated => Some(Value::Null),
        "shuffle" if source => Some(Value::Null),
        "patience" | "minDelta" | "keep" if !validated && before.get("validationSplit").is_none() => Some(Value::Null),
        "optimizer" if thrown => Some(json!({ "kind": "sgd", "momentum": 0.5,
            "learningRate": { "kind": "piecewiseConstant", "boundaries": [4], "rates": [0.01, 1e23] } })),
        "clip" if thrown => Some(json!("none")),
        "epochs" if thrown => Some(json!(8)),
        "batchSize" if thrown => Some(json!(3)),
        "steps" | "target" if thrown => Some(Value::Null),
        "onDivergence" if thrown => Some(draw.row("run.onDivergence", field)),
        "optimizer" => draw.chance(60).then(|| draw.row("run.optimizer", field)),
        _ => None,
    });
    if run["epochs"].is_null() && run["steps"].is_null() {
        run["epochs"] = json!(3);
    }
    // Far enough back, mostly.
    if let Some(back) = run.pointer_mut("/onDivergence/rollBack").filter(|_| thrown)
        && back["factor"].is_null()
        && draw.chance(75)
    {
        back["factor"] = json!(1e-25);
    }
    // A rate follows what the run reports.
    let rate = run["optimizer"]["learningRate"].clone();
    if rate["kind"] == "reduceOnPlateau" && !rate["metric"].is_null() && rate["metric"] != "loss" {
        let mut metrics = run["metrics"].as_array().cloned().unwrap_or_default();
        if !metrics.contains(&rate["metric"]) {
            metrics.push(rate["metric"].clone());
        }
        run["metrics"] = json!(metrics);
        if rate["mode"].is_null() {
            run["optimizer"]["learningRate"]["mode"] = json!("max");
        }
    }
    run
}
