//! Recurrent layers: what their options become in `rnn`, and what does not go together.

use super::*;
use rnn::{CellKind, Layer, Recurrent};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The layer of these fields beside a size of 4 units.
fn described(fields: Value) -> Result<ModelDescription, Error> {
    let mut layer = json!({ "hiddenSize": 4 });
    fields.as_object().into_iter().flatten().for_each(|(name, value)| layer[name] = value.clone());
    model_with(json!({ "layers": [layer, { "kind": "dense", "units": 2 }] }))
}

fn layer(fields: Value) -> Recurrent {
    match described(fields).expect("right").layers().swap_remove(0) {
        Layer::Recurrent(layer) => layer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn lstm_variants() {
    let cell = |fields: Value| layer(fields).cell;
    assert_eq!(cell(json!({ "kind": "lstm" })), CellKind::Lstm);
    for (peepholes, coupled) in [(true, false), (false, true), (true, true)] {
        let fields = json!({ "kind": "lstm", "peepholes": peepholes, "coupled": coupled });
        assert_eq!(cell(fields), CellKind::LstmVariant { peepholes, coupled });
    }
}

#[test]
fn projections() {
    assert_eq!(layer(json!({ "kind": "lstm" })).form.proj_size, None);
    assert_eq!(layer(json!({ "kind": "lstm", "projSize": 3 })).form.proj_size, Some(3));
    for (fields, expected) in [
        (
            json!({ "kind": "lstm", "projSize": 4 }),
            "layers[0].projSize: expected fewer than the 4 of hiddenSize, got 4",
        ),
        (json!({ "kind": "lstm", "projSize": 0 }), "layers[0].projSize: expected a positive integer, got 0"),
        (
            json!({ "kind": "gru", "projSize": 2 }),
            "layers[0].projSize: unknown option; known are hiddenSize, numLayers, bidirectional, dropout, bias, name, trainable, reset",
        ),
    ] {
        assert_eq!(message(described(fields)), expected);
    }
    // The size of what a model gives that ends in its state.
    let own = |fields: Value| {
        let layer = json!({ "kind": "lstm", "hiddenSize": 8, "projSize": 3, "bidirectional": fields });
        parsed(&model_with(json!({ "layers": [layer] })).expect("right").to_json())["output"]["size"].clone()
    };
    assert_eq!((own(json!(false)), own(json!(true))), (json!(3), json!(6)));
}
