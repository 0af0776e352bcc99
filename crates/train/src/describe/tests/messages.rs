//! The sentence for each way of being wrong.

use super::*;
use crate::error::ErrorClass;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn values() {
    let layer = |fields: Value| {
        let mut layer = json!({ "kind": "lstm", "hiddenSize": 4 });
        layer.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        message(model_with(json!({ "layers": [{ "kind": "rnn", "hiddenSize": 2 }, layer] })))
    };
    let nan = json!({ "$value": "NaN" });
    for (fields, expected) in [
        (json!({ "hiddenSize": -3 }), "layers[1].hiddenSize: expected a positive integer, got -3"),
        (json!({ "hiddenSize": 0 }), "layers[1].hiddenSize: expected a positive integer, got 0"),
        (json!({ "hiddenSize": 2.5 }), "layers[1].hiddenSize: expected a positive integer, got 2.5"),
        (json!({ "hiddenSize": "4" }), "layers[1].hiddenSize: expected a positive integer, got \"4\""),
        (json!({ "hiddenSize": nan }), "layers[1].hiddenSize: expected a positive integer, got NaN"),
        (json!({ "hiddenSize": null }), "layers[1].hiddenSize: expected a positive integer, got null"),
        (json!({ "hiddenSize": [4] }), "layers[1].hiddenSize: expected a positive integer, got a list"),
        (json!({ "hiddenSize": {} }), "layers[1].hiddenSize: expected a positive integer, got an object"),
        (json!({ "hiddenSize": 1e12 }), "layers[1].hiddenSize: expected an integer up to 16777216, got 1000000000000"),
        (json!({ "dropout": 1 }), "layers[1].dropout: expected a number from 0, below 1, got 1"),
        (json!({ "dropout": -0.1 }), "layers[1].dropout: expected a number from 0, below 1, got -0.1"),
        (json!({ "dropout": 0.999999999 }), "layers[1].dropout: expected a number from 0, below 1, got 0.999999999"),
        (json!({ "forgetBias": 1e300 }), "layers[1].forgetBias: expected a finite number, got 1e+300"),
        (json!({ "bias": 1 }), "layers[1].bias: expected true or false, got 1"),
        (json!({ "bias": { "$value": "function" } }), "layers[1].bias: expected true or false, got function"),
        (json!({ "name": 7 }), "layers[1].name: expected text, got 7"),
        (json!({ "name": "" }), "layers[1].name: expected a name of its own, got \"\""),
        (json!({ "name": "0" }), "layers[1].name: expected a name of its own, got \"0\""),
    ] {
        assert_eq!(layer(fields), expected);
    }
}

#[test]
fn shapes_of_descriptions() {
    let numbers = r#""mse", "mae", "huber", "smoothL1", "gaussianNll", "poissonNll", "binaryCrossEntropy""#;
    let classes = r#""crossEntropy", "klDivergence""#;
    let kinds = numbers.replace(r#""gaussian"#, r#""quantile", "gaussian"#);
    let kinds = format!("{kinds}, {classes}, \"ctc\" or \"custom\"");
    let losses = format!("loss: expected {numbers}, {classes}, \"ctc\" or an object of kind {kinds}");
    for (changes, expected) in [
        (json!({ "layers": [] }), "layers: expected a list of at least one, got an empty one"),
        (json!({ "layers": {} }), "layers: expected a list of at least one, got an object"),
        (json!({ "layers": [{ "kind": "lstm" }] }), "layers[0].hiddenSize: expected a positive integer, got nothing"),
        (
            json!({ "layers": ["lstm"] }),
            "layers[0]: expected an object of kind \"lstm\", \"gru\", \"rnn\", \"minGru\", \"minLstm\", \"lru\", \"dense\", \"embedding\", \"dropout\", \"layerNorm\", \"rmsNorm\", \"batchNorm\" or \"noise\", got \"lstm\"",
        ),
        (
            json!({ "layers": [{ "hiddenSize": 4 }] }),
            "layers[0].kind: expected \"lstm\", \"gru\", \"rnn\", \"minGru\", \"minLstm\", \"lru\", \"dense\", \"embedding\", \"dropout\", \"layerNorm\", \"rmsNorm\", \"batchNorm\" or \"noise\", got nothing",
        ),
        (json!({ "input": 3 }), "input: expected { size }, { vocabulary } or { series }, got 3"),
        (json!({ "input": {} }), "input: expected { size }, { vocabulary } or { series }, got an object without them"),
        (json!({ "input": { "size": 3, "vocabulary": 5 } }), "input.vocabulary: does not go with size"),
        (
            json!({ "input": { "vocabulary": true } }),
            "input.vocabulary: expected a positive integer, \"characters\" or a list of at least one, got true",
        ),
        (json!({ "output": { "size": 2 } }), "output.at: expected \"last\" or \"every\", got nothing"),
        (json!({ "output": { "at": "every", "classes": 4, "size": 4 } }), "output.size: does not go with classes"),
        (json!({ "init": 1 }), "init: expected \"default\", \"pytorch\" or { input, recurrent }, got 1"),
        (json!({ "seed": -1 }), "seed: expected an integer from 0, got -1"),
        (json!({ "loss": "mse\u{1F642}" }), &format!("{losses}, got \"mse🙂\"; did you mean mse?")),
    ] {
        assert_eq!(message(model_with(changes)), expected);
    }
    let error = ModelDescription::from_json("{").expect_err("not JSON");
    assert!(error.message == "expected JSON, got not JSON at byte 1", "{error}");
    assert_eq!(message(ModelDescription::from_json("[]")), "expected { input, layers }, got a list");
    let long = "x".repeat(100);
    let shown = format!("{losses}, got \"{}…\"", "x".repeat(40));
    assert_eq!(message(model_with(json!({ "loss": long }))), shown);
}

#[test]
fn what_is_planned_says_so() {
    let error = calls::OnlineOptions::from_json(r#"{"algorithm":"rtrl"}"#).expect_err("later");
    assert_eq!(error.class, ErrorClass::Config);
    assert_eq!((error.code, &*error.message), ("notYet", "algorithm: rtrl is planned and not there yet"));
}

/// What follows "did you mean", if anything does.
fn meant(error: &str) -> Option<&str> {
    error.split_once("did you mean ").map(|(_, hint)| hint.trim_end_matches('?'))
}

#[test]
fn unknown_options_get_a_hint() {
    let option = |object: &str, name: &str| {
        let given = json!({ (name): 1 });
        let layer = |kind: &str| {
            let mut layer = json!({ "kind": kind, "hiddenSize": 2, "units": 2, "rate": 0.5 });
            let needed: &[&str] = match kind {
                "dropout" => &["kind", "rate"],
                "dense" => &["kind", "units"],
                _ => &["kind", "hiddenSize"],
            };
            layer.as_object_mut().expect("an object").retain(|k, _| needed.contains(&k.as_str()));
            layer[name] = json!(1);
            message(model_with(json!({ "layers": [{ "kind": "rnn", "hiddenSize": 2 }, layer] })))
        };
        let optimizer = |kind: &str| message(run(json!({ "optimizer": { "kind": kind, (name): 1 } })));
        match object {
            "run" => message(run(given)),
            "model" => message(model_with(given)),
            "input" => message(model_with(json!({ "input": given }))),
            "output" => message(model_with(json!({ "output": { "at": "last", (name): 1 } }))),
            "clip" => message(run(json!({ "clip": given }))),
            "lstm" | "dense" | "dropout" | "gru" => layer(object),
            _ => optimizer(object),
        }
    };
    for (object, name, expected) in [
        ("adam", "lr", "learningRate"),
        ("adam", "learning_rate", "learningRate"),
        ("adam", "betas", "beta1 and beta2"),
        ("adam", "eps", "epsilon"),
        ("adam", "weight_decay", "weightDecay"),
        ("run", "weight_decay", "penalty.l2"),
        ("rprop", "etas", "etaMinus and etaPlus"),
        ("adagrad", "lr_decay", "rateDecay"),
        ("asgd", "lambd", "lambda"),
        ("adamw", "weight_decay", "weightDecay"),
        ("sgd", "momentun", "momentum"),
        ("rmsprop", "rho", "alpha"),
        ("run", "lr", "optimizer.learningRate"),
        ("run", "batch_size", "batchSize"),
        ("run", "epoch", "epochs"),
        ("run", "optimiser", "optimizer"),
        ("run", "early_stopping", "patience"),
        ("run", "l2", "penalty.l2"),
        ("clip", "max_norm", "norm"),
        ("lstm", "hidden_size", "hiddenSize"),
        ("lstm", "units", "hiddenSize"),
        ("lstm", "num_layers", "numLayers"),
        ("lstm", "return_sequences", "output.at"),
        ("lstm", "dropout_rate", "dropout"),
        ("lstm", "input_size", "input.size"),
        ("dense", "hiddenSize", "units"),
        ("dense", "out_features", "units"),
        ("dropout", "p", "rate"),
        ("gru", "reset_after", "reset"),
        ("model", "layer", "layers"),
        ("input", "vocab_size", "vocabulary"),
        ("input", "features", "size"),
        ("output", "num_classes", "classes"),
    ] {
        let text = option(object, name);
        assert_eq!(meant(&text), Some(expected), "{text}");
        assert!(text.contains(&format!("{name}: unknown option; ")), "{text}");
    }
    // Nothing near: all that there is.
    assert_eq!(option("dropout", "zzz"), "layers[1].zzz: unknown option; known are rate, shared");
    let error = run(json!({ "optimizer": { "kind": "adam", "lr": 1 } })).expect_err("unknown");
    assert_eq!((error.code, error.path.as_deref()), ("unknownOption", Some("optimizer.lr")));
    assert_eq!(error.received.as_deref(), Some("lr"));
    assert_eq!(
        error.expected.as_deref(),
        Some("learningRate, beta1, beta2, epsilon, weightDecay, amsgrad, maximize, hypergradient")
    );
}

#[test]
fn unknown_words_get_a_hint() {
    let kind = |kind: &str| message(model_with(json!({ "layers": [{ "kind": kind, "hiddenSize": 2 }] })));
    let dense = |word: &str| json!([{ "kind": "rnn", "hiddenSize": 2 }, { "kind": "dense", "activation": word }]);
    let activation = |word: &str| message(model_with(json!({ "layers": dense(word) })));
    let state = |word: &str| json!([{ "kind": "rnn", "hiddenSize": 2, "activation": word }]);
    let optimizer = |kind: &str| message(run(json!({ "optimizer": kind })));
    let rate = |kind: &str| message(run(json!({ "optimizer": { "kind": "sgd", "learningRate": { "kind": kind } } })));
    for (text, expected) in [
        (kind("LSTM"), "lstm"),
        (kind("SimpleRNN"), "rnn"),
        (kind("linear"), "dense"),
        (kind("lsmt"), "lstm"),
        (activation("softmax"), "linear (the loss has its own softmax)"),
        (activation("sigmoid"), "linear (binaryCrossEntropy has its own sigmoid)"),
        (optimizer("Adam"), "adam"),
        (optimizer("AdamW"), "adamw"),
        (optimizer("RMSprop"), "rmsprop"),
        (rate("CosineAnnealingLR"), "cosineAnnealing"),
        (rate("StepLR"), "stepDecay"),
        (rate("ReduceLROnPlateau"), "reduceOnPlateau"),
        (rate("OneCycleLR"), "oneCycle"),
        (message(model_with(json!({ "loss": "cross_entropy" }))), "crossEntropy"),
        (message(model_with(json!({ "loss": "MSE" }))), "mse"),
        (message(model_with(json!({ "input": { "size": 2, "scale": "zscore" } }))), "standard"),
        (message(model_with(json!({ "init": "torch" }))), "pytorch"),
        (message(run(json!({ "metrics": ["acc"] }))), "accuracy"),
    ] {
        assert_eq!(meant(&text), Some(expected), "{text}");
    }
    assert_eq!(meant(&kind("transformer")), None);
    // What it is told of is none of its own.
    assert_eq!(meant(&message(model_with(json!({ "layers": state("sigmoid") })))), None);
}
