//! Recurrent layers: what their options become in `rnn`, and what does not go together.

use super::*;
use rnn::{CellKind, Form, Initialiser, Layer, Merge, Passed, Recurrent, Ring};
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
            "layers[0].projSize: unknown option; known are hiddenSize, numLayers, bidirectional, merge, residual, skip, initialState, dropout, dropoutShared, activationPenalty, temporalPenalty, weightNorm, bias, name, trainable, recurrentInit, recurrentScale, weightDrop, reset, normalization, recurrentDropout, variationalDropout, zoneout",
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

#[test]
fn forms() {
    let form = |fields: Value| layer(fields).form;
    assert_eq!(form(json!({ "kind": "gru" })), Form::default());
    let both =
        json!({ "kind": "gru", "bidirectional": true, "merge": "product", "skip": true, "initialState": "learned" });
    let expected = Form { merge: Merge::Product, passed: Passed::Beside, learned_state: true, ..Form::default() };
    assert_eq!(form(both), expected);
    let irnn = json!({ "kind": "rnn", "activation": "relu", "recurrentInit": "identity", "recurrentScale": 0.25 });
    let start = (Some(Initialiser::Identity), Some(0.25));
    assert_eq!((form(irnn.clone()).recurrent_init, form(irnn).recurrent_scale), start);
    for (merge, expected) in [("sum", Merge::Sum), ("mean", Merge::Mean)] {
        assert_eq!(form(json!({ "kind": "rnn", "bidirectional": true, "merge": merge })).merge, expected);
    }

    let tokens = |layer: Value| {
        model_with(json!({ "input": { "vocabulary": 4 }, "layers": [layer, { "kind": "dense" }] })).map(|_| ())
    };
    for (error, expected) in [
        (described(json!({ "kind": "gru", "merge": "sum" })).map(|_| ()), "layers[0].merge: needs bidirectional: true"),
        (
            described(json!({ "kind": "gru", "residual": true })).map(|_| ()),
            "layers[0].residual: needs an input of the output's 4 numbers, and has one of 3",
        ),
        (
            described(json!({ "kind": "gru", "residual": true, "skip": true })).map(|_| ()),
            "layers[0].skip: does not go with residual",
        ),
        (
            described(json!({ "kind": "gru", "recurrentScale": 0 })).map(|_| ()),
            "layers[0].recurrentScale: expected a number above 0, got 0",
        ),
        (
            described(json!({ "kind": "gru", "recurrentInit": "ones" })).map(|_| ()),
            "layers[0].recurrentInit: expected \"glorotUniform\", \"orthogonal\", \"identity\", \"uniform\" or \"zeros\", got \"ones\"",
        ),
        (
            described(json!({ "kind": "gru", "skip": true, "activationPenalty": 1 })).map(|_| ()),
            "layers[0].activationPenalty: does not go together with skip: it is of what the cells alone give",
        ),
        (
            described(json!({ "kind": "gru", "bidirectional": true, "merge": "sum", "temporalPenalty": 1 }))
                .map(|_| ()),
            "layers[0].temporalPenalty: does not go together with merge: it is of what the cells alone give",
        ),
        (
            described(json!({ "kind": "lru", "weightDrop": 0.5 })).map(|_| ()),
            "layers[0].weightDrop: unknown option; the layer has no recurrent weights",
        ),
        (
            tokens(json!({ "kind": "gru", "hiddenSize": 4, "residual": true })),
            "layers[0].residual: tokens cannot be passed on; put an embedding before it",
        ),
    ] {
        assert_eq!(message(error), expected);
    }
}

/// Recurrent and variational dropout, zoneout: of the cells that can have them, by name in the others.
#[test]
fn masks_at_every_step() {
    let rates = |fields: Value| {
        let form = layer(fields).form;
        (form.recurrent_dropout, form.zoneout, form.memory_zoneout, form.variational)
    };
    assert_eq!(rates(json!({ "kind": "lstm" })), (0.0, 0.0, 0.0, 0.0));
    let all = json!({ "kind": "lstm", "recurrentDropout": 0.25, "zoneout": 0.5, "zoneoutCell": 0.75, "variationalDropout": 0.125 });
    assert_eq!(rates(all), (0.25, 0.5, 0.75, 0.125));
    for kind in ["gru", "minGru", "minLstm"] {
        assert_eq!(rates(json!({ "kind": kind, "recurrentDropout": 0.25, "zoneout": 0.5 })), (0.25, 0.5, 0.0, 0.0));
    }
    assert_eq!(rates(json!({ "kind": "rnn", "zoneout": 0.5 })), (0.0, 0.5, 0.0, 0.0));
    for kind in ["gru", "rnn"] {
        assert_eq!(rates(json!({ "kind": kind, "variationalDropout": 0.5 })).3, 0.5);
    }
    for (kind, option) in [
        ("rnn", "recurrentDropout"),
        ("lru", "recurrentDropout"),
        ("lru", "zoneout"),
        ("gru", "zoneoutCell"),
        ("rnn", "zoneoutCell"),
        ("minGru", "variationalDropout"),
        ("minLstm", "variationalDropout"),
        ("lru", "variationalDropout"),
    ] {
        let mut fields = json!({ "kind": kind });
        fields[option] = json!(0.5);
        let error = described(fields).expect_err("it has no such thing");
        assert_eq!((error.code, error.path.as_deref()), ("unknownOption", Some(&*format!("layers[0].{option}"))));
    }
    for (option, value) in [
        ("recurrentDropout", json!(1)),
        ("variationalDropout", json!(1)),
        ("zoneout", json!(-0.1)),
        ("zoneoutCell", json!("half")),
    ] {
        let mut fields = json!({ "kind": "lstm" });
        fields[option] = value;
        let expected = format!("layers[0].{option}: expected a number from 0, below 1, got ");
        assert!(message(described(fields)).starts_with(&expected));
    }
    let hinted = described(json!({ "kind": "lstm", "recurrent_dropout": 0.5 }));
    assert!(message(hinted).ends_with("did you mean variationalDropout?"), "Keras' name");
    for (kind, option, end) in [
        ("rnn", "recurrentDropout", "did you mean variationalDropout?"),
        ("lstm", "recurrentdropout", "did you mean recurrentDropout?"),
        ("minGru", "recurrent_dropout", "did you mean recurrentDropout?"),
        ("minGru", "variationalDropout", "the layer has no recurrent weights"),
        ("minLstm", "weightDrop", "the layer has no recurrent weights"),
        ("lru", "vanishingPenalty", "the layer has no recurrent weights"),
    ] {
        let mut fields = json!({ "kind": kind });
        fields[option] = json!(0.5);
        assert!(message(described(fields)).ends_with(&format!("unknown option; {end}")), "{kind} {option}");
    }
    let hinted = described(json!({ "kind": "lstm", "variational": 0.5 }));
    assert!(message(hinted).contains("variationalDropout"));
}

/// One mask for all steps between levels.
#[test]
fn dropout_between_levels() {
    let two = json!({ "kind": "gru", "numLayers": 2, "dropout": 0.5 });
    assert!(!layer(two.clone()).dropout_shared);
    let mut shared = two;
    shared["dropoutShared"] = json!("time");
    assert!(layer(shared.clone()).dropout_shared);
    for (option, value, expected) in [
        ("dropout", json!(0), "layers[0].dropoutShared: needs a dropout above 0, between levels"),
        ("numLayers", json!(1), "layers[0].dropout: acts between levels, and numLayers is 1"),
        ("dropoutShared", json!(true), "layers[0].dropoutShared: expected \"time\", got true"),
    ] {
        let mut fields = shared.clone();
        fields[option] = value;
        assert!(message(described(fields)).starts_with(expected), "{expected}");
    }
}

#[test]
fn vanishing_gradients() {
    assert_eq!(layer(json!({ "kind": "rnn" })).form.vanishing, 0.0);
    assert_eq!(layer(json!({ "kind": "rnn", "activation": "relu", "vanishingPenalty": 2 })).form.vanishing, 2.0);
    for kind in ["lstm", "gru", "minGru", "minLstm", "lru"] {
        let error = described(json!({ "kind": kind, "vanishingPenalty": 1 })).expect_err("it has no such thing");
        assert_eq!((error.code, error.path.as_deref()), ("unknownOption", Some("layers[0].vanishingPenalty")));
    }
    let negative = described(json!({ "kind": "rnn", "vanishingPenalty": -1 }));
    assert_eq!(message(negative), "layers[0].vanishingPenalty: expected a number from 0, got -1");
    let both = described(json!({ "kind": "rnn", "vanishingPenalty": 1, "zoneout": 0.1 }));
    let expected = "layers[0].vanishingPenalty: does not go together with zoneout, which hands gradients on by itself";
    assert_eq!(message(both), expected);
    for kind in ["layer", "rms", "batch"] {
        let both = described(json!({ "kind": "rnn", "vanishingPenalty": 1, "normalization": kind }));
        let expected = "layers[0].vanishingPenalty: does not go together with normalization, through whose norms gradients pass from step to step too";
        assert_eq!(message(both), expected);
        assert_eq!(layer(json!({ "kind": "rnn", "vanishingPenalty": 0, "normalization": kind })).form.vanishing, 0.0);
    }
}

/// The width that an input passed on beside a state makes, level by level.
#[test]
fn widths() {
    let size = |layers: Value| {
        parsed(&model_with(json!({ "layers": layers })).expect("right").to_json())["output"]["size"].clone()
    };
    let skip = json!({ "kind": "gru", "hiddenSize": 4, "numLayers": 2, "skip": true });
    assert_eq!(size(json!([skip])), 3 + 4 + 4);
    let dropout = json!({ "kind": "dropout", "rate": 0.1 });
    assert_eq!(size(json!([{ "kind": "rnn", "hiddenSize": 5, "bidirectional": true }, dropout, skip])), 10 + 4 + 4);
    let merged = json!({ "kind": "rnn", "hiddenSize": 5, "bidirectional": true, "merge": "mean" });
    assert_eq!(size(json!([merged])), 5);
    let (norm, noise) = (json!({ "kind": "layerNorm" }), json!({ "kind": "noise", "deviation": 0.1 }));
    assert_eq!(size(json!([norm, noise, skip, norm])), 3 + 4 + 4);
    assert_eq!(size(json!([merged, norm, { "kind": "gru", "hiddenSize": 5, "residual": true }])), 5);
    assert_eq!(size(json!([merged, { "kind": "gru", "hiddenSize": 5, "residual": true }])), 5);

    let series = json!({ "series": { "target": ["a"], "window": 4, "horizon": 11 } });
    let open = message(model_with(json!({ "input": series, "layers": [skip] })));
    assert_eq!(open, "layers[0].skip: makes a row of unknown size of this input; add dense() after it");
    // What only the network can tell names its field too.
    let both = json!({ "kind": "gru", "hiddenSize": 4, "bidirectional": true, "skip": true });
    let model = model_with(json!({ "layers": [both, { "kind": "dense", "units": 1 }] })).expect("right alone");
    let error = crate::describe::network::network(&model, 3).expect_err("no input in common");
    assert_eq!(error.path.as_deref(), Some("layers[0].skip"));
}

#[test]
fn cells_without_recurrent_weights() {
    assert_eq!(layer(json!({ "kind": "minGru" })).cell, CellKind::MinGru);
    assert_eq!(layer(json!({ "kind": "minLstm" })).forget_bias, Some(1.0));
    let lru = layer(json!({ "kind": "lru" }));
    assert_eq!((lru.cell, lru.form), (CellKind::Lru, Form::default()));
    let ring = layer(json!({ "kind": "lru", "minRadius": 0.5, "maxRadius": 0.75, "maxPhase": 0.5 })).form.ring;
    assert_eq!(ring, Ring { min_radius: 0.5, max_radius: 0.75, max_phase: 0.5 });
    for (fields, expected) in [
        (
            json!({ "kind": "lru", "maxRadius": 1.5 }),
            "layers[0].maxRadius: expected a number above minRadius, 0, and up to 1, got 1.5",
        ),
        (
            json!({ "kind": "lru", "minRadius": 0.9, "maxRadius": 0.5 }),
            "layers[0].maxRadius: expected a number above minRadius, 0.9, and up to 1, got 0.5",
        ),
        (json!({ "kind": "lru", "maxPhase": 0 }), "layers[0].maxPhase: expected a number above 0, got 0"),
        (
            json!({ "kind": "minGru", "recurrentInit": "identity" }),
            "layers[0].recurrentInit: unknown option; the layer has no recurrent weights",
        ),
        (
            json!({ "kind": "lru", "recurrentScale": 0.5 }),
            "layers[0].recurrentScale: unknown option; the layer has no recurrent weights",
        ),
        (json!({ "kind": "minLstm", "bias": false, "forgetBias": 1 }), "layers[0].forgetBias: needs bias: true"),
    ] {
        assert_eq!(message(described(fields)), expected);
    }
}
