//! An option that is not used costs nothing: said at what leaves everything as it is, it changes neither the bits of the weights nor
//! the memory that a run holds. For each row of the table that has such a value: its default, `false`, or 0 of a share, a strength
//! or an offset, which have none.

use super::HELD;
use super::common::{bits, classified, run_to_end, text};
use serde_json::{Value, json};
use train::bundle::Bundle;
use train::describe::rows::layers::LAYER;
use train::describe::rows::optimizers::OPTIMIZER;
use train::describe::rows::run::RUN;
use train::describe::table::{Default, Field, Kind, Object, Range};
use train::model::Model;
use train::session::Session;

/// The value that leaves everything as it is, if the row tells.
fn nothing(field: &Field) -> Option<Value> {
    match (field.default, &field.kind) {
        (Default::Is(json), _) => Some(serde_json::from_str(json).expect("JSON")),
        (Default::Absent, Kind::Bool) => Some(json!(false)),
        (Default::Absent, Kind::Number(Range::Share | Range::FromZero)) => Some(json!(0)),
        _ => None,
    }
}

/// What an object cannot be without.
fn least(object: &Object) -> Value {
    let mut value = json!({ "kind": object.kind() });
    if object.kind() == "dense" {
        value["units"] = json!(4);
    }
    for field in object.fields().filter(|field| field.default == Default::Required) {
        value[field.name] = if matches!(field.kind, Kind::Number(_)) { json!(0.5) } else { json!(4) };
    }
    value
}

/// A short run: the weights after it, and the bytes that it held when it was open.
fn trained(model: &Value, run: &Value, data: Bundle) -> (Vec<u32>, isize) {
    let mut model = Model::create(&model.to_string()).unwrap_or_else(|e| panic!("{model}: {}", e.message));
    let before = HELD.get();
    let session = Session::fit(&mut model, data, &run.to_string(), None, None);
    let session = session.unwrap_or_else(|e| panic!("{run}: {}", e.message));
    let held = HELD.get() - before;
    run_to_end(&mut model, session, 5);
    (bits(&model), held)
}

/// Said and not said, everything is the same, but for the text of the description that a run keeps.
fn assert_same(said: &Value, without: &Value, [again, before]: [&(Vec<u32>, isize); 2]) {
    assert!(again.0 == before.0, "{said}: other weights");
    let text = said.to_string().len() - without.to_string().len();
    let more = again.1 - before.1;
    assert!((0..=text as isize).contains(&more), "{said}: {more} bytes more than {}", before.1);
}

/// Rows of an object with a value that leaves everything as it is.
fn rows(object: &Object) -> Vec<(&'static str, Value)> {
    object.fields().filter_map(|field| Some((field.name, nothing(field)?))).collect()
}

/// A model with this layer, and data for it.
fn with(layer: &Value) -> (Value, Bundle) {
    let rest = [json!({ "kind": "gru", "hiddenSize": 4 }), json!({ "kind": "dense" })];
    let layers = json!([layer, rest[0], rest[1]]);
    if layer["kind"] == "embedding" {
        return (json!({ "input": { "vocabulary": 8 }, "layers": layers }), text(200));
    }
    let output = json!({ "at": "last", "classes": 2 });
    (json!({ "input": { "size": 2 }, "layers": layers, "output": output }), classified(20))
}

#[test]
fn options_of_layers() {
    let mut count = 0;
    for &object in LAYER.of {
        let layer = least(object);
        let run = json!({ "epochs": 2 });
        let (model, data) = with(&layer);
        let without = trained(&model, &run, data.clone());
        for (name, value) in rows(object) {
            let mut said = layer.clone();
            said[name] = value;
            let again = trained(&with(&said).0, &run, data.clone());
            assert_same(&said, &layer, [&again, &without]);
            count += 1;
        }
    }
    println!("{count} options of layers");
    assert!(count > 100, "{count}");
}

#[test]
fn options_of_runs_and_optimisers() {
    let (model, data) = with(&json!({ "kind": "lstm", "hiddenSize": 4 }));
    let base = json!({ "epochs": 2, "validationSplit": 0.2, "patience": 9 });
    let run = |optimizer: &Value| {
        let mut run = base.clone();
        run["optimizer"] = optimizer.clone();
        if optimizer["kind"] == "rprop" {
            run["batchSize"] = json!("full");
        }
        run
    };
    let mut cases: Vec<(Value, Value)> = Vec::new();
    for (name, value) in rows(&RUN) {
        let mut said = base.clone();
        said[name] = value;
        cases.push((said, base.clone()));
    }
    for &object in OPTIMIZER.of {
        for (name, value) in rows(object) {
            let optimizer = least(object);
            let mut said = optimizer.clone();
            said[name] = value;
            cases.push((run(&said), run(&optimizer)));
        }
    }
    for (said, without) in &cases {
        let [again, before] = [said, without].map(|run| trained(&model, run, data.clone()));
        assert_same(said, without, [&again, &before]);
    }
    println!("{} options of runs and optimisers", cases.len());
    assert!(cases.len() > 60, "{}", cases.len());
}

/// What is used does hold more, so that a count of bytes can tell.
#[test]
fn what_is_used_holds_more() {
    let held = |layer: Value| {
        let (model, data) = with(&layer);
        trained(&model, &json!({ "epochs": 1 }), data).1
    };
    let without = held(json!({ "kind": "lstm", "hiddenSize": 4 }));
    for (option, value) in [("zoneout", json!(0.1)), ("recurrentDropout", json!(0.1)), ("weightNorm", json!(true))] {
        let mut layer = json!({ "kind": "lstm", "hiddenSize": 4 });
        layer[option] = value;
        assert!(held(layer) > without, "{option}");
    }
}
