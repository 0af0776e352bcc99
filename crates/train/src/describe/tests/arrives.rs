//! Options of layers reach the network's layer: values of an option that differ make layers that differ, from the one without too
//! unless it is the default; and the default, said, is as if it were not said. So none is ignored, and none is only there to be
//! refused. (Of optimisers the fields themselves are looked at.)

use super::*;
use crate::describe::rows::layers::LAYER;
use crate::describe::table::{Default, Field, Kind, Object};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// What an object's options need beside them.
fn base(object: &Object, option: &str) -> Value {
    let kind = object.kind();
    let mut layer = match kind {
        "dense" | "embedding" => json!({ "kind": kind, "units": 4 }),
        "dropout" => json!({ "kind": kind, "rate": 0.5 }),
        "noise" => json!({ "kind": kind, "deviation": 0.5 }),
        "layerNorm" | "rmsNorm" | "batchNorm" => json!({ "kind": kind }),
        _ => json!({ "kind": kind, "hiddenSize": 8 }),
    };
    match option {
        "merge" => layer["bidirectional"] = json!(true),
        "dropout" if kind != "embedding" => layer["numLayers"] = json!(2),
        "dropoutShared" => {
            layer["numLayers"] = json!(2);
            layer["dropout"] = json!(0.5);
        }
        _ => {}
    }
    layer
}

/// Some values of an option; two where it has as many.
fn some(option: &str, kind: &Kind) -> Vec<Value> {
    match kind {
        Kind::Bool => vec![json!(false), json!(true)],
        Kind::Word(words) => words.now.iter().map(|word| json!(word)).collect(),
        Kind::Text => vec![json!("one"), json!("two")],
        Kind::Integer(_) => vec![json!(2), json!(3)],
        Kind::Number(_) => vec![json!(0.375), json!(0.625)],
        Kind::Either(_) if option == "normalization" => vec![json!("layer"), json!("rms"), json!("batch")],
        _ => panic!("{option}: which values?"),
    }
}

/// The layer that a description of it makes.
fn made(layer: &Value) -> String {
    let layers =
        [layer.clone(), json!({ "kind": "gru", "hiddenSize": 8, "name": "above" }), json!({ "kind": "dense" })];
    let input = if layer["kind"] == "embedding" { json!({ "vocabulary": 8 }) } else { json!({ "size": 8 }) };
    let description = json!({ "input": input, "layers": layers, "output": { "at": "every", "size": 1 } });
    let model = model(description).unwrap_or_else(|e| panic!("{layer}: {}", e.message));
    format!("{:?}", model.layers()[0])
}

#[test]
fn every_option_of_a_layer_arrives() {
    let mut options = 0;
    for object in LAYER.of {
        for field in object.fields() {
            check(object, field);
            options += 1;
        }
    }
    assert!(options > 100, "{options}");
}

fn check(object: &Object, field: &Field) {
    let path = format!("{}.{}", object.kind(), field.name);
    let base = base(object, field.name);
    let with = |value: &Value| {
        let mut layer = base.clone();
        layer[field.name] = value.clone();
        made(&layer)
    };
    let values = some(field.name, &field.kind);
    let layers: Vec<String> = values.iter().map(with).collect();
    for (i, layer) in layers.iter().enumerate() {
        assert!(!layers[..i].contains(layer), "{path}: {}", values[i]);
    }
    // Of what the layer cannot be without, some value is there already.
    if !base[field.name].is_null() {
        return;
    }
    let default = match field.default {
        Default::Is(text) => parsed(text),
        // What is off where it is not said, may be said to be off.
        Default::Absent if matches!(field.kind, Kind::Bool) => json!(false),
        _ => Value::Null,
    };
    for (value, layer) in values.iter().zip(&layers) {
        assert_eq!(*layer == made(&base), *value == default, "{path}: {value}");
    }
    if !default.is_null() {
        assert_eq!(with(&default), made(&base), "{path}");
    }
}
