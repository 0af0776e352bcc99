//! Norms inside cells: what they become in `rnn`, and what is refused.

use super::*;
use rnn::{CellNorm, CellNormKind, Layer};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn described(kind: &str, normalization: Value) -> Result<ModelDescription, Error> {
    let layer = json!({ "kind": kind, "hiddenSize": 4, "normalization": normalization });
    model_with(json!({ "layers": [layer, { "kind": "dense", "units": 2 }] }))
}

#[test]
fn names_stand_for_kinds_with_their_defaults() {
    let of = |kind, epsilon| Some(CellNorm { kind, epsilon });
    let batch = |momentum, max_steps| CellNormKind::Batch { momentum, max_steps };
    for (given, full, expected) in [
        (json!("layer"), json!({ "kind": "layer", "epsilon": 1e-5 }), of(CellNormKind::Layer, 1e-5)),
        (json!("rms"), json!({ "kind": "rms", "epsilon": 1.1920929e-7 }), of(CellNormKind::Rms, 1.1920929e-7)),
        (
            json!({ "kind": "rms", "epsilon": 0.5 }),
            json!({ "kind": "rms", "epsilon": 0.5 }),
            of(CellNormKind::Rms, 0.5),
        ),
        (
            json!("batch"),
            json!({ "kind": "batch", "maxSteps": 100, "momentum": 0.1, "epsilon": 1e-5 }),
            of(batch(0.1, 100), 1e-5),
        ),
        (
            json!({ "kind": "batch", "maxSteps": 7, "momentum": 0 }),
            json!({ "kind": "batch", "maxSteps": 7, "momentum": 0, "epsilon": 1e-5 }),
            of(batch(0.0, 7), 1e-5),
        ),
    ] {
        for kind in ["lstm", "gru", "rnn"] {
            let model = described(kind, given.clone()).expect("right");
            let Layer::Recurrent(layer) = model.layers().swap_remove(0) else { panic!("a recurrent layer") };
            assert_eq!(layer.form.normalization, expected);
            assert_eq!(parsed(&model.to_json())["layers"][0]["normalization"], full);
        }
    }
}

#[test]
fn what_is_refused() {
    for (kind, given, expected) in [
        (
            "lstm",
            json!("layerNorm"),
            "layers[0].normalization: expected \"layer\", \"rms\", \"batch\" or an object of kind \"layer\", \"rms\" or \"batch\", got \"layerNorm\"",
        ),
        (
            "gru",
            json!({ "kind": "layer", "epsilon": 0 }),
            "layers[0].normalization.epsilon: expected a number above 0, got 0",
        ),
        (
            "rnn",
            json!({ "kind": "batch", "maxSteps": 0 }),
            "layers[0].normalization.maxSteps: expected a positive integer, got 0",
        ),
        (
            "lstm",
            json!({ "kind": "batch", "momentum": 1 }),
            "layers[0].normalization.momentum: expected a number from 0, below 1, got 1",
        ),
        (
            "lstm",
            json!({ "kind": "rms", "maxSteps": 3 }),
            "layers[0].normalization.maxSteps: unknown option; known are epsilon",
        ),
    ] {
        assert!(message(described(kind, given)).starts_with(expected), "{expected}");
    }
    for kind in ["minGru", "minLstm", "lru"] {
        let error = described(kind, json!("layer")).expect_err("not there");
        assert_eq!((error.code, error.path.as_deref()), ("unknownOption", Some("layers[0].normalization")));
    }
    let before = json!({ "kind": "gru", "hiddenSize": 4, "reset": "before", "normalization": "layer" });
    assert_eq!(
        message(model_with(json!({ "layers": [before] }))),
        "layers[0].normalization: needs reset: \"after\", whose products it normalises"
    );
}

/// With all that acts on the states of a cell at every step.
#[test]
fn beside_masks() {
    for (kind, options) in [
        ("lstm", &["recurrentDropout", "variationalDropout", "zoneout", "zoneoutCell"][..]),
        ("gru", &["recurrentDropout", "variationalDropout", "zoneout"]),
        ("rnn", &["variationalDropout", "zoneout"]),
    ] {
        for norm in ["layer", "rms", "batch"] {
            let mut layer = json!({ "kind": kind, "hiddenSize": 4, "normalization": norm });
            for option in options {
                layer[*option] = json!(0.25);
            }
            let model = model_with(json!({ "layers": [layer, { "kind": "dense", "units": 2 }] })).expect("right");
            let Layer::Recurrent(layer) = model.layers().swap_remove(0) else { panic!("a recurrent layer") };
            let form = layer.form;
            assert!(form.normalization.is_some() && form.variational == 0.25 && form.zoneout == 0.25);
            assert_eq!(form.recurrent_dropout, if kind == "rnn" { 0.0 } else { 0.25 });
            assert_eq!(form.memory_zoneout, if kind == "lstm" { 0.25 } else { 0.0 });
        }
    }
}
