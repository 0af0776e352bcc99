//! Losses and metrics in descriptions: what a word stands for, what goes with which output, what is refused.

use super::*;
use crate::describe::metric::{Average, Metric};
use crate::describe::model::Loss;
use rnn::losses::cross_entropy::Settings;
use rnn::losses::ctc::Ctc;
use rnn::losses::gaussian::{Gaussian, Variance};
use rnn::losses::poisson::Poisson;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn with(output: Value, loss: Value) -> Result<ModelDescription, Error> {
    let layers = json!([{ "kind": "gru", "hiddenSize": 4 }, { "kind": "dense" }]);
    model_with(json!({ "layers": layers, "output": output, "loss": loss }))
}

fn numbers(loss: Value) -> Result<ModelDescription, Error> {
    with(json!({ "at": "last", "size": 3 }), loss)
}

fn classes(loss: Value) -> Result<ModelDescription, Error> {
    with(json!({ "at": "every", "classes": ["a", "b", "c"] }), loss)
}

#[test]
fn a_word_is_a_loss_with_its_defaults() {
    let plain = Settings::default();
    let gaussian = Gaussian { variance: Variance::Softplus, full: false, epsilon: 1e-6 };
    let poisson = Poisson { log_input: true, full: false, epsilon: 1e-8 };
    for (word, loss, of_classes) in [
        ("mse", Loss::Mse, false),
        ("mae", Loss::Mae, false),
        ("huber", Loss::Huber { delta: 1.0 }, false),
        ("smoothL1", Loss::SmoothL1 { beta: 1.0 }, false),
        ("gaussianNll", Loss::Gaussian(gaussian), false),
        ("poissonNll", Loss::Poisson(poisson), false),
        ("binaryCrossEntropy", Loss::Binary(vec![1.0]), false),
        ("crossEntropy", Loss::CrossEntropy(plain), true),
        ("klDivergence", Loss::Divergence, true),
        ("ctc", Loss::Ctc(Ctc { blank: 0, zero_infinity: false }), true),
    ] {
        let of = if of_classes { classes } else { numbers };
        let described = of(json!(word)).expect(word);
        assert_eq!(described.loss, loss);
        // As it was said: a file has the word.
        assert_eq!(parsed(&described.to_json())["loss"], word);
        assert_eq!(of(json!({ "kind": word })).expect(word).loss, loss);
    }
    assert_eq!(parsed(&numbers(json!({ "kind": "huber" })).expect("right").to_json())["loss"]["delta"], 1);
    let settings =
        json!({ "kind": "crossEntropy", "classWeights": [1, 2, 0], "ignoreIndex": -100, "labelSmoothing": 0.1 });
    let settings = classes(settings).expect("right").loss;
    let of = Settings { class_weights: vec![1.0, 2.0, 0.0], label_smoothing: 0.1, ignored: Some(-100) };
    assert_eq!(settings, Loss::CrossEntropy(of));
    let probabilities = classes(json!({ "kind": "crossEntropy", "targets": "probabilities" })).expect("right").loss;
    assert_eq!(probabilities, Loss::Distributions(Settings::default()));
}

/// The network gives several numbers for each target: the head has them, the output counts targets.
#[test]
fn sizes_of_several_numbers_for_each_target() {
    let units = |described: &ModelDescription| {
        let json = parsed(&described.to_json());
        (json["layers"][1]["units"].clone(), json["output"]["size"].clone(), described.output_size())
    };
    let quantiles = json!({ "kind": "quantile", "quantiles": [0.1, 0.9] });
    let described = numbers(quantiles.clone()).expect("right");
    assert_eq!(units(&described), (json!(6), json!(3), Some(3)));
    let again = ModelDescription::from_json(&described.to_json()).expect("what was filled in is right");
    assert_eq!(again.to_json(), described.to_json());
    assert_eq!(units(&numbers(json!("gaussianNll")).expect("right")), (json!(6), json!(3), Some(3)));
    // The other way: from the layer.
    let layers = json!([{ "kind": "gru", "hiddenSize": 8 }]);
    let own = model_with(json!({ "layers": layers, "loss": quantiles })).expect("right");
    assert_eq!(own.output_size(), Some(4));
    let odd = model_with(json!({ "layers": [{ "kind": "gru", "hiddenSize": 5 }], "loss": quantiles }));
    assert_eq!(message(odd), "layers[0]: expected a multiple of 2, the numbers of each target, got 5");
    let given = json!([{ "kind": "gru", "hiddenSize": 4 }, { "kind": "dense", "units": 3 }]);
    let given = model_with(json!({ "layers": given, "output": { "at": "last", "size": 3 }, "loss": quantiles }));
    assert_eq!(message(given), "layers[1].units: expected 6 (the targets × 2, the numbers of each), got 3");
    let series = json!({ "series": { "target": ["a", "b"], "window": 5, "horizon": 7 } });
    let layers = json!([{ "kind": "gru", "hiddenSize": 4 }, { "kind": "dense" }]);
    let series = model_with(json!({ "input": series, "layers": layers, "loss": quantiles })).expect("right");
    assert_eq!(units(&series), (json!(28), json!(14), Some(14)));
}

#[test]
fn what_does_not_go_with_the_output() {
    for (described, expected) in [
        (classes(json!("huber")), "loss: classes need \"crossEntropy\", \"klDivergence\" or \"ctc\""),
        (numbers(json!("klDivergence")), "loss: \"klDivergence\" needs output.classes"),
        (numbers(json!("ctc")), "loss: \"ctc\" needs output.classes"),
        (
            with(json!({ "at": "last", "classes": 3 }), json!("ctc")),
            "output.at: \"ctc\" needs a prediction at \"every\" step",
        ),
        (
            classes(json!({ "kind": "ctc", "blank": 3 })),
            "loss.blank: expected the index of one of the 3 output.classes, got 3",
        ),
        (
            numbers(json!({ "kind": "quantile", "quantiles": [0.5, 0.5] })),
            "loss.quantiles[1]: expected a number above 0.5: quantiles ascend, got 0.5",
        ),
        (
            numbers(json!({ "kind": "quantile", "quantiles": [0, 0.5] })),
            "loss.quantiles[0]: expected a number above 0, below 1, got 0",
        ),
        (numbers(json!({ "kind": "quantile" })), "loss.quantiles: expected a list of at least one, got nothing"),
        (numbers(json!({ "kind": "huber", "delta": 0 })), "loss.delta: expected a number above 0, got 0"),
        (numbers(json!({ "kind": "smoothL1", "beta": -1 })), "loss.beta: expected a number from 0, got -1"),
        (
            numbers(json!({ "kind": "binaryCrossEntropy", "positiveWeight": [1, 2] })),
            "loss.positiveWeight: expected 3 numbers, one for each output, got 2",
        ),
        (
            classes(json!({ "kind": "crossEntropy", "classWeights": [1, 2] })),
            "loss.classWeights: expected 3 numbers, one for each class, got 2",
        ),
        (
            classes(json!({ "kind": "crossEntropy", "classWeights": [1] })),
            "loss.classWeights: expected 3 numbers, one for each class, got 1",
        ),
        (
            classes(json!({ "kind": "crossEntropy", "classWeights": [] })),
            "loss.classWeights: expected a list of at least one, got an empty one",
        ),
        (
            classes(json!({ "kind": "crossEntropy", "classWeights": [0, 0, 0] })),
            "loss.classWeights: expected at least one number above 0, got none",
        ),
        (
            classes(json!({ "kind": "crossEntropy", "ignoreIndex": 0.5 })),
            "loss.ignoreIndex: expected an integer, got 0.5",
        ),
        (
            classes(json!({ "kind": "crossEntropy", "labelSmoothing": 1 })),
            "loss.labelSmoothing: expected a number from 0, below 1, got 1",
        ),
        (
            classes(json!({ "kind": "crossEntropy", "targets": "probabilities", "ignoreIndex": 0 })),
            "loss.ignoreIndex: probabilities have no index; give a sampleWeight of 0",
        ),
        (
            classes(json!({ "kind": "crossEntropy", "weights": [1, 2, 3] })),
            "loss.weights: unknown option; did you mean classWeights?",
        ),
        (
            with(json!({ "at": "last", "size": 3, "scale": "standard" }), json!("poissonNll")),
            "output.scale: \"poissonNll\" has targets in a unit of its own: \"none\"",
        ),
        (
            with(json!({ "at": "last", "size": 3, "scale": "minMax" }), json!("binaryCrossEntropy")),
            "output.scale: \"binaryCrossEntropy\" has targets in a unit of its own: \"none\"",
        ),
        (
            model_with(
                json!({ "input": { "vocabulary": 5 }, "layers": [{ "kind": "gru", "hiddenSize": 5 }], "loss": "mse" }),
            ),
            "loss: the next token needs \"crossEntropy\" of classes",
        ),
    ] {
        assert_eq!(message(described), expected);
    }
    let scaled = |loss: &str| with(json!({ "at": "last", "size": 3, "scale": "standard" }), json!(loss));
    assert!(["mae", "huber", "gaussianNll"].into_iter().all(|loss| scaled(loss).is_ok()));
}

#[test]
fn what_cannot_be_said_of_a_series() {
    let layers = json!([{ "kind": "gru", "hiddenSize": 4 }, { "kind": "dense" }]);
    let series = |changes: Value, loss: Value| {
        let mut series = json!({ "target": ["y"], "window": 5, "horizon": 3 });
        changes.as_object().into_iter().flatten().for_each(|(k, v)| series[k] = v.clone());
        model_with(json!({ "input": { "series": series }, "layers": layers, "loss": loss }))
    };
    let quantile = json!({ "kind": "quantile", "quantiles": [0.5] });
    for (changes, loss, path) in [
        (json!({}), json!("poissonNll"), "input.series.scale: "),
        (json!({ "scale": "none", "transform": "log" }), json!("poissonNll"), "input.series.transform: "),
        (json!({ "scale": "none", "difference": 1 }), json!("binaryCrossEntropy"), "input.series.difference: "),
        (json!({ "mode": "recursive" }), quantile.clone(), "input.series.mode: "),
        (json!({ "difference": 2 }), quantile.clone(), "input.series.difference: "),
        (json!({ "difference": 1 }), json!("gaussianNll"), "input.series.difference: "),
        (json!({ "transform": "log" }), json!("gaussianNll"), "input.series.transform: "),
        (json!({}), json!("crossEntropy"), "loss: "),
    ] {
        let message = message(series(changes.clone(), loss));
        assert!(message.starts_with(path), "{changes}: {message}");
    }
    assert!(series(json!({ "difference": 3, "transform": "log" }), quantile).is_ok());
    assert!(series(json!({ "difference": 3 }), json!("gaussianNll")).is_ok());
    assert!(series(json!({ "scale": "none" }), json!("poissonNll")).is_ok());
    assert!(series(json!({ "mode": "recursive", "difference": 1 }), json!("huber")).is_ok());
}

#[test]
fn metrics_and_what_they_are_for() {
    let read = |metrics: Value| run(json!({ "metrics": metrics })).map(|run| run.metrics.expect("given"));
    let found = read(
        json!(["f1", { "kind": "f1", "average": "micro" }, { "kind": "topKAccuracy", "k": 3 }, { "kind": "mase", "naiveError": [1, 2] }, "r2"]),
    );
    let found = found.expect("right");
    let expected = [
        Metric::F1(Average::Macro),
        Metric::F1(Average::Micro),
        Metric::TopK(3),
        Metric::Mase(vec![1.0, 2.0]),
        Metric::R2,
    ];
    assert_eq!(found, expected);
    let names: Vec<String> = found.iter().map(Metric::name).collect();
    assert_eq!(names, ["f1", "microF1", "top3Accuracy", "mase", "r2"]);
    assert_eq!(
        message(read(json!([{ "kind": "topKAccuracy" }]))),
        "metrics[0].k: expected a positive integer, got nothing"
    );
    let wrong = |described: Result<ModelDescription, Error>, metrics: Value| {
        message(described.expect("right").check_metrics(&read(metrics).expect("right"), "metrics"))
    };
    let yes = json!("binaryCrossEntropy");
    for (described, metrics, expected) in [
        (numbers(json!("mae")), json!(["rmse", "f1"]), "metrics[1]: expected a metric of numbers, got \"f1\""),
        (numbers(yes.clone()), json!(["r2"]), "metrics[0]: expected a metric of yes or no, got \"r2\""),
        (classes(json!("ctc")), json!(["accuracy"]), "metrics[0]: expected a metric of labels, got \"accuracy\""),
        (
            classes(json!("klDivergence")),
            json!(["perplexity"]),
            "metrics[0]: expected a metric of probabilities, got \"perplexity\"",
        ),
        (
            classes(json!("crossEntropy")),
            json!(["labelErrorRate"]),
            "metrics[0]: expected a metric of classes, got \"labelErrorRate\"",
        ),
        (
            classes(json!("crossEntropy")),
            json!([{ "kind": "topKAccuracy", "k": 4 }]),
            "metrics[0].k: expected at most 3, the number of classes, got 4",
        ),
        (
            classes(json!("crossEntropy")),
            json!([{ "kind": "f1", "average": "binary" }]),
            "metrics[0].average: expected \"macro\" or \"micro\": \"binary\" is for two classes, or one yes or no, got \"binary\"",
        ),
        (
            numbers(json!("mse")),
            json!([{ "kind": "mase", "naiveError": [1, 2] }]),
            "metrics[0].naiveError: expected 3 numbers, one for each target, got 2",
        ),
    ] {
        assert_eq!(wrong(described, metrics), expected);
    }
    assert_eq!(classes(json!("ctc")).expect("right").default_metrics(), [Metric::LabelErrorRate]);
    assert_eq!(numbers(yes).expect("right").default_metrics(), [Metric::Accuracy]);
    assert_eq!(classes(json!("klDivergence")).expect("right").default_metrics(), [Metric::Accuracy]);
    assert_eq!(numbers(json!("gaussianNll")).expect("right").default_metrics(), [Metric::Rmse]);
}
