//! Models: what follows from what, what does not go together, and the typed view.

use super::*;
use crate::describe::metric::Metric;
use crate::describe::model::{Calendar, Classes, Input, Loss, Mode, Output, Scale, Target, Transform, Vocabulary};
use rnn::{Activation, At, CellKind, Init, Initialiser, Layer, Norm, NormKind, Reset};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn defaults_and_sizes_are_filled_in() {
    let recurrent = |kind: &str, hidden: usize| json!({ "kind": kind, "hiddenSize": hidden, "numLayers": 1, "bidirectional": false, "dropout": 0, "bias": true, "trainable": true, "merge": "concat", "residual": false, "skip": false, "initialState": "zeros", "recurrentScale": 1 });
    let given = json!({ "input": { "size": 3 }, "layers": [{ "kind": "lstm", "hiddenSize": 4 }] });
    let mut lstm = recurrent("lstm", 4);
    lstm["forgetBias"] = json!(1);
    lstm["peepholes"] = json!(false);
    lstm["coupled"] = json!(false);
    let filled = json!({
        "input": { "size": 3, "scale": "none" }, "layers": [lstm], "output": { "at": "last", "size": 4, "scale": "none" },
        "loss": "mse", "init": "default", "seed": 0,
    });
    assert_eq!(parsed(&model(given).expect("right").to_json()), filled);

    let given = json!({
        "input": { "size": 12, "scale": "standard" }, "layers": [{ "kind": "gru", "hiddenSize": 8 }, { "kind": "dense" }],
        "output": { "at": "last", "classes": ["a", "b", "c"] }, "seed": 7,
    });
    let mut gru = recurrent("gru", 8);
    gru["reset"] = json!("after");
    let dense = json!({ "kind": "dense", "units": 3, "activation": "linear", "bias": true, "trainable": true });
    let filled = json!({
        "input": { "size": 12, "scale": "standard" }, "layers": [gru, dense],
        "output": { "at": "last", "classes": ["a", "b", "c"] }, "loss": "crossEntropy", "init": "default", "seed": 7,
    });
    assert_eq!(parsed(&model(given).expect("right").to_json()), filled);
}

#[test]
fn forget_bias_is_one_unless_pytorch_or_no_biases() {
    let bias = |init: &str, layer: Value| {
        let description = json!({ "input": { "size": 1 }, "layers": [layer], "init": init });
        parsed(&model(description).expect("right").to_json())["layers"][0]["forgetBias"].clone()
    };
    let lstm = |changes: Value| {
        let mut layer = json!({ "kind": "lstm", "hiddenSize": 2 });
        changes.as_object().into_iter().flatten().for_each(|(k, v)| layer[k] = v.clone());
        layer
    };
    assert_eq!(bias("default", lstm(json!({}))), 1);
    assert_eq!(bias("default", lstm(json!({ "forgetBias": 0.5 }))), 0.5);
    assert_eq!(bias("default", lstm(json!({ "bias": false }))), Value::Null);
    assert_eq!(bias("pytorch", lstm(json!({}))), Value::Null);
    assert_eq!(bias("pytorch", lstm(json!({ "forgetBias": 2 }))), 2);
}

#[test]
fn a_vocabulary_stays_open_until_the_first_fit() {
    let given = json!({ "input": { "vocabulary": "characters" }, "layers": [{ "kind": "embedding", "units": 2 }, { "kind": "gru", "hiddenSize": 4 }, { "kind": "dense" }] });
    let open = model(given).expect("right");
    assert!(open.is_open());
    assert_eq!((open.output_size(), open.vocabulary_size()), (None, None));
    assert_eq!(open.output, Output { at: At::Every, target: Target::NextToken });
    assert_eq!(parsed(&open.to_json())["layers"][2]["units"], Value::Null);
    assert!(message(crate::describe::network::network(&open, 0)).starts_with("input.vocabulary: "));

    let known = |tokens: Value| {
        let mut described = parsed(&open.to_json());
        described["input"]["vocabulary"] = tokens;
        model(described)
    };
    let closed = known(json!(["a", "b", "c"])).expect("right");
    assert!(!closed.is_open());
    assert_eq!(closed.input, Input::Tokens(Vocabulary::List(vec!["a".into(), "b".into(), "c".into()])));
    assert_eq!((closed.output_size(), closed.vocabulary_size()), (Some(3), Some(3)));
    assert_eq!(parsed(&closed.to_json())["layers"][2]["units"], 3);

    let twice = message(known(json!(["a", "b", "a"])));
    assert_eq!(twice, "input.vocabulary[2]: expected texts that differ, got \"a\" again");
}

#[test]
fn a_series_gives_the_size_of_the_last_layer() {
    let with = |changes: Value| {
        let mut series = json!({ "target": ["orders", "returns"], "window": 56, "horizon": 7 });
        changes.as_object().into_iter().flatten().for_each(|(k, v)| series[k] = v.clone());
        json!({ "series": series })
    };
    let layers = json!([{ "kind": "gru", "hiddenSize": 4 }, { "kind": "dense" }]);
    let described = |changes: Value| model_with(json!({ "input": with(changes), "layers": layers }));

    let direct = described(json!({
        "past": ["visits"], "known": ["price"], "time": "date", "calendar": ["dayOfWeek", "hour"], "transform": "log", "difference": 7
    }));
    let direct = direct.expect("right");
    assert_eq!(direct.output, Output { at: At::Last, target: Target::Series { size: 14 } });
    assert_eq!((direct.output_size(), direct.loss), (Some(14), Loss::Mse));
    let Input::Series(series) = &direct.input else { panic!("a series") };
    assert_eq!(series.calendar, [Calendar::DayOfWeek, Calendar::Hour]);
    assert_eq!((series.time.as_deref(), series.window, series.horizon), (Some("date"), 56, 7));
    assert_eq!((series.mode, series.transform, series.difference), (Mode::Direct, Transform::Log, 7));
    assert_eq!(series.scale, Scale::Standard);
    assert_eq!((&*series.past, &*series.known), (&["visits".to_string()][..], &["price".to_string()][..]));
    assert_eq!(described(json!({ "mode": "recursive" })).expect("right").output_size(), Some(2));

    for (changes, expected) in [
        (json!({ "target": [] }), "input.series.target: expected a list of at least one, got an empty one"),
        (
            json!({ "past": ["orders"] }),
            "input.series.past[0]: expected a column not named before, got \"orders\" again",
        ),
        (
            json!({ "calendar": ["month"] }),
            "input.series.time: expected the column that the calendar is derived from, got nothing",
        ),
        (
            json!({ "time": "t", "calendar": ["month", "month"] }),
            "input.series.calendar[1]: expected texts that differ, got \"month\" again",
        ),
        (json!({ "window": 0 }), "input.series.window: expected a positive integer, got 0"),
    ] {
        assert_eq!(message(described(changes)), expected);
    }
    assert!(message(described(json!({ "mode": "recursive", "past": ["visits"] }))).starts_with("input.series.mode: "));

    let output = |output: Value| model_with(json!({ "input": with(json!({})), "layers": layers, "output": output }));
    assert_eq!(output(json!({ "at": "every" })).expect("right").output.at, At::Every);
    assert_eq!(message(output(json!({ "at": "last", "classes": 2 }))), "output.classes: a series predicts its targets");
    assert_eq!(message(output(json!({ "at": "last", "scale": "none" }))), "output.scale: a series has its own scale");
    let wrong = "output.size: expected 14 (the horizon × targets), got 2";
    assert_eq!(message(output(json!({ "at": "last", "size": 2 }))), wrong);
}

#[test]
fn what_does_not_go_together() {
    let gru = json!({ "kind": "gru", "hiddenSize": 4 });
    let dense = json!({ "kind": "dense" });
    let tokens = json!({ "vocabulary": 5 });
    let both = json!({ "kind": "gru", "hiddenSize": 4, "bidirectional": true });
    for (changes, expected) in [
        (
            json!({ "layers": [{ "kind": "dense", "units": 2 }] }),
            "layers: expected at least one of lstm, gru or rnn, got none",
        ),
        (
            json!({ "layers": [dense, gru] }),
            "layers[0].units: expected a positive integer (only those of the last layer follow from the output), got nothing",
        ),
        (
            json!({ "layers": [gru, dense] }),
            "layers[1].units: expected a positive integer, here or as output.size, got nothing",
        ),
        (
            json!({ "layers": [gru, { "kind": "dense", "units": 3 }], "output": { "at": "last", "classes": 2 } }),
            "layers[1].units: expected 2 (the number of classes), got 3",
        ),
        (
            json!({ "layers": [gru], "output": { "at": "last", "size": 2 } }),
            "layers[0]: expected 2 (the output.size), got 4; add dense() after it",
        ),
        (
            json!({ "layers": [both], "output": { "at": "every", "classes": 2 } }),
            "layers[0]: expected 2 (the number of classes), got 8; add dense() after it",
        ),
        (
            json!({ "input": tokens, "layers": [gru, { "kind": "dense", "units": 3 }] }),
            "layers[1].units: expected 5 (the size of the vocabulary), got 3",
        ),
        (
            json!({ "layers": [{ "kind": "embedding", "units": 2 }, gru] }),
            "layers[0].kind: an embedding reads tokens: it is the first layer of a model whose input has a vocabulary",
        ),
        (
            json!({ "input": tokens, "layers": [gru, { "kind": "embedding", "units": 2 }] }),
            "layers[1].kind: an embedding reads tokens: it is the first layer of a model whose input has a vocabulary",
        ),
        (
            json!({ "input": tokens, "layers": [{ "kind": "dropout", "rate": 0.5 }, gru] }),
            "layers[0].kind: tokens have no units to drop; put it after the embedding",
        ),
        (
            json!({ "input": tokens, "layers": [{ "kind": "layerNorm" }, gru] }),
            "layers[0].kind: reads numbers, not tokens; put it after the embedding",
        ),
        (
            json!({ "input": tokens, "layers": [{ "kind": "noise", "deviation": 0.1 }, gru] }),
            "layers[0].kind: reads numbers, not tokens; put it after the embedding",
        ),
        (
            json!({ "layers": [{ "kind": "batchNorm", "name": "a" }, gru, { "kind": "rmsNorm", "name": "a" }] }),
            "layers[2].name: expected a name of its own, got \"a\"",
        ),
        (
            json!({ "layers": [gru, { "kind": "batchNorm", "momentum": 1 }] }),
            "layers[1].momentum: expected a number from 0, below 1, got 1",
        ),
        (
            json!({ "layers": [gru, { "kind": "layerNorm", "epsilon": 0 }] }),
            "layers[1].epsilon: expected a number above 0, got 0",
        ),
        (
            json!({ "layers": [{ "kind": "gru", "hiddenSize": 4, "weightDrop": 0.5, "weightNorm": true }] }),
            "layers[0].weightDrop: does not go together with weightNorm: true",
        ),
        (
            json!({ "layers": [{ "kind": "gru", "hiddenSize": 4, "weightDrop": 1 }] }),
            "layers[0].weightDrop: expected a number from 0, below 1, got 1",
        ),
        (
            json!({ "layers": [gru, { "kind": "noise", "deviation": -1 }] }),
            "layers[1].deviation: expected a number from 0, got -1",
        ),
        (
            json!({ "input": tokens, "layers": [both, dense] }),
            "layers[0].bidirectional: the direction that reads from the end has seen what is to be predicted",
        ),
        (
            json!({ "layers": [{ "kind": "gru", "hiddenSize": 4, "dropout": 0.5 }] }),
            "layers[0].dropout: acts between levels, and numLayers is 1; put dropout({ rate }) after the layer",
        ),
        (
            json!({ "layers": [{ "kind": "lstm", "hiddenSize": 4, "bias": false, "forgetBias": 1 }] }),
            "layers[0].forgetBias: needs bias: true",
        ),
        (
            json!({ "layers": [{ "kind": "gru", "hiddenSize": 4, "forgetBias": 1 }] }),
            "layers[0].forgetBias: unknown option; known are hiddenSize, numLayers, bidirectional, merge, residual, skip, initialState, dropout, dropoutShared, activationPenalty, temporalPenalty, weightNorm, bias, name, trainable, recurrentInit, recurrentScale, weightDrop, reset, normalization, recurrentDropout, variationalDropout, zoneout",
        ),
        (
            json!({ "layers": [{ "kind": "gru", "hiddenSize": 4, "name": "a" }, { "kind": "dense", "units": 1, "name": "a" }] }),
            "layers[1].name: expected a name of its own, got \"a\"",
        ),
        (
            json!({ "loss": "crossEntropy" }),
            "loss: \"crossEntropy\" needs output.classes, or the next token as the output",
        ),
        (
            json!({ "layers": [gru, dense], "output": { "at": "last", "classes": 2 }, "loss": "mse" }),
            "loss: classes need \"crossEntropy\", \"klDivergence\" or \"ctc\"",
        ),
        (
            json!({ "layers": [gru, dense], "output": { "at": "last", "classes": ["a", "b", "a"] } }),
            "output.classes[2]: expected texts that differ, got \"a\" again",
        ),
        (
            json!({ "layers": [gru, dense], "output": { "at": "last", "classes": ["a"] } }),
            "output.classes: expected at least 2, got 1",
        ),
    ] {
        assert_eq!(message(model_with(changes.clone())), expected, "{changes}");
    }
}

#[test]
fn what_goes_together() {
    let gru = json!({ "kind": "gru", "hiddenSize": 4, "bidirectional": true });
    let units = |changes: Value| parsed(&model_with(changes).expect("right").to_json())["output"]["size"].clone();
    assert_eq!(units(json!({ "layers": [gru] })), 8);
    assert_eq!(units(json!({ "layers": [gru], "output": { "at": "every", "size": 8, "scale": "standard" } })), 8);
    assert_eq!(units(json!({ "layers": [gru, { "kind": "dense", "units": 2 }], "output": { "at": "every" } })), 2);
    // The last layer is the last with units of its own.
    assert_eq!(
        units(
            json!({ "layers": [gru, { "kind": "dense" }, { "kind": "dropout", "rate": 0.1 }], "output": { "at": "last", "size": 5 } })
        ),
        5
    );
    // Tokens may be classified by a reading from both ends.
    let classes = json!({ "input": { "vocabulary": ["a", "b"] }, "layers": [gru, { "kind": "dense" }], "output": { "at": "last", "classes": 3 } });
    let described = model_with(classes).expect("right");
    assert_eq!(described.output.target, Target::Classes(Classes::Count(3)));
    assert_eq!(described.default_metrics(), [Metric::Accuracy]);
}

#[test]
fn layers_as_rnn_takes_them() {
    let described = model_with(json!({
        "input": { "vocabulary": 9 }, "init": { "input": "glorotUniform", "recurrent": "identity" },
        "layers": [
            { "kind": "embedding", "units": 3, "name": "encoder", "trainable": false },
            { "kind": "rnn", "hiddenSize": 4, "activation": "relu" },
            { "kind": "gru", "hiddenSize": 5, "numLayers": 2, "dropout": 0.25, "bias": false, "reset": "before" },
            { "kind": "dropout", "rate": 0.5 },
            { "kind": "lstm", "hiddenSize": 6, "forgetBias": 2, "name": "rnn" },
            { "kind": "dense", "activation": "tanh", "bias": false },
        ],
    }));
    let described = described.expect("right");
    assert_eq!(described.init, Init::Named { input: Initialiser::GlorotUniform, recurrent: Initialiser::Identity });
    let layers = described.layers();
    assert_eq!(layers[0], Layer::Embedding { units: 3, dropout: 0.0, name: "encoder".into(), trainable: false });
    let Layer::Recurrent(elman) = &layers[1] else { panic!("{:?}", layers[1]) };
    assert_eq!((elman.cell, &*elman.name), (CellKind::Rnn { activation: Activation::Relu }, "1"));
    let Layer::Recurrent(gru) = &layers[2] else { panic!("{:?}", layers[2]) };
    assert_eq!((gru.cell, gru.num_layers, gru.bias), (CellKind::Gru { reset: Reset::Before }, 2, false));
    assert_eq!((gru.hidden_size, gru.dropout, gru.bidirectional), (5, 0.25, false));
    assert_eq!(layers[3], Layer::Dropout { rate: 0.5, shared: false });
    let norms = model_with(json!({ "layers": [
        { "kind": "batchNorm", "momentum": 0.25, "trainable": false },
        { "kind": "gru", "hiddenSize": 3 },
        { "kind": "layerNorm", "bias": false, "name": "top" },
        { "kind": "rmsNorm", "epsilon": 0.5 },
        { "kind": "dropout", "rate": 0.5, "shared": "time" },
        { "kind": "noise", "deviation": 0.125 },
    ] }));
    let norms = norms.expect("right").layers();
    let norm = |kind, epsilon, name: &str, trainable| Layer::Norm(Norm { kind, epsilon, name: name.into(), trainable });
    assert_eq!(norms[0], norm(NormKind::Batch { momentum: 0.25 }, 1e-5, "0", false));
    assert_eq!(norms[2], norm(NormKind::Layer { bias: false }, 1e-5, "top", true));
    assert_eq!(norms[3], norm(NormKind::Rms, 0.5, "3", true));
    assert_eq!(norms[4], Layer::Dropout { rate: 0.5, shared: true });
    assert_eq!(norms[5], Layer::Noise { deviation: 0.125 });
    let Layer::Recurrent(lstm) = &layers[4] else { panic!("{:?}", layers[4]) };
    assert_eq!((lstm.cell, lstm.forget_bias, lstm.trainable, &*lstm.name), (CellKind::Lstm, Some(2.0), true, "rnn"));
    let dense = Layer::Dense {
        units: 9,
        activation: Activation::Tanh,
        bias: false,
        weight_norm: false,
        name: "5".into(),
        trainable: true,
    };
    assert_eq!(layers[5], dense);
}

#[test]
fn metrics_have_to_fit_the_output() {
    let numbers = model_with(json!({})).expect("right");
    assert_eq!(numbers.default_metrics(), [Metric::Rmse]);
    assert!(numbers.check_metrics(&[Metric::Mape, Metric::Loss], "metrics").is_ok());
    let wrong = numbers.check_metrics(&[Metric::Mae, Metric::Accuracy], "metrics");
    assert_eq!(message(wrong), "metrics[1]: expected a metric of numbers, got \"accuracy\"");
    let text = model_with(json!({ "input": { "vocabulary": 4 } })).expect("right");
    assert_eq!(text.default_metrics(), [Metric::BitsPerCharacter]);
    assert_eq!(message(text.check_metrics(&[Metric::Rmse], "m")), "m[0]: expected a metric of classes, got \"rmse\"");
}
