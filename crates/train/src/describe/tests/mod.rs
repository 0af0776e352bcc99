//! What a caller may say, what is answered, and that the table holds for every row.

mod arrives;
mod cells;
mod inside;
mod losses;
mod messages;
mod models;
mod optimizers;
mod reached;
mod runs;
mod schedules;
mod table;

use crate::describe::calls;
use crate::describe::model::ModelDescription;
use crate::describe::run::RunDescription;
use crate::error::Error;
use serde_json::{Value, json};

fn model(description: Value) -> Result<ModelDescription, Error> {
    ModelDescription::from_json(&description.to_string())
}

fn run(description: Value) -> Result<RunDescription, Error> {
    RunDescription::from_json(&description.to_string())
}

/// A small model, with some of its fields replaced.
fn model_with(changes: Value) -> Result<ModelDescription, Error> {
    let mut description = json!({ "input": { "size": 3 }, "layers": [{ "kind": "lstm", "hiddenSize": 4 }] });
    for (field, value) in changes.as_object().expect("an object of changes") {
        description[field] = value.clone();
    }
    model(description)
}

/// The message of what has to be an error.
fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.expect_err("should be refused").message.clone()
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).expect("JSON")
}
