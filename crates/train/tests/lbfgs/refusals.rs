//! What it cannot be combined with.

use super::common::{classified, fit, run_to_end, text, tripler, writer};
use super::{classifier, run};
use train::bundle::{Bundle, Elements};
use train::describe::rows::layers::LAYER;
use train::describe::table::{Default, Kind};
use train::learner::Learner;
use train::model::Model;
use train::session::Session;
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn what_it_cannot_be_is_refused() {
    let refused = |mut model: Model, data: Bundle, run: &str| {
        let error = Session::fit(&mut model, data, run, None, None).map(|_| ()).expect_err(run);
        assert_eq!(error.class.name(), "ConfigError", "{run}");
        error.message.clone()
    };
    for (more, expected) in [
        (r#""batchSize":8"#, "batchSize: lbfgs goes by the loss of all data at once: \"full\", which is its default"),
        (r#""groups":[{"kinds":["bias"]}]"#, "groups: lbfgs moves all parameters along one direction"),
        (r#""gradientNoise":{"eta":0.1}"#, "gradientNoise: lbfgs takes the gradient for that of its loss"),
        (r#""average":{"kind":"ema"}"#, "average: lbfgs goes by the curvature where it is, not on the average"),
        (r#""gradientAccumulation":2"#, "gradientAccumulation: lbfgs has one batch, of all data"),
        (r#""orthogonality":0.1"#, "orthogonality: lbfgs knows the penalties l1 and l2 alone"),
        (r#""maxNorm":3"#, "maxNorm: lbfgs goes where its search ends, without bounds"),
        (r#""truncation":{"k1":2,"k2":2}"#, "truncation: lbfgs makes one update of whole sequences"),
        (
            r#""onDivergence":{"rollBack":{}}"#,
            "onDivergence.rollBack: lbfgs with lineSearch \"strongWolfe\" turns back by itself",
        ),
        (
            r#""clip":{"norm":1}"#,
            "clip: a line search takes the gradient for that of its loss: \"none\", which is the default of lbfgs",
        ),
    ] {
        let run = format!(r#"{{"optimizer":{{"kind":"lbfgs","lineSearch":"strongWolfe"}},{more}}}"#);
        assert_eq!(refused(classifier(), classified(30), &run), expected);
    }
    let carried = run(1, "", r#","window":9,"carryState":true"#);
    assert!(refused(writer(), text(99), &carried).starts_with("carryState: lbfgs has one update of all data"));
    assert!(refused(writer(), text(99), &run(1, "", r#","window":9,"batchSize":4"#)).starts_with("batchSize: lbfgs"));
    assert_eq!(
        refused(super::common::classifier(), classified(30), &run(1, "", "")),
        "optimizer: lbfgs goes by one and the same loss, and by layers[0].dropout it is left to chance"
    );
    for (layer, expected) in [
        (r#"{"kind":"batchNorm"}"#, "optimizer: lbfgs looks at the loss many times an update, and layers[1] learns"),
        (
            r#"{"kind":"gru","hiddenSize":3,"activationPenalty":0.1}"#,
            "optimizer: lbfgs goes by the loss, and a layer's",
        ),
    ] {
        let json = format!(
            r#"{{"input":{{"size":2}},"layers":[{{"kind":"gru","hiddenSize":3}},{layer},{{"kind":"dense"}}],"output":{{"at":"last","classes":2}}}}"#
        );
        let message = refused(Model::create(&json).expect("a model"), classified(30), &run(1, "", ""));
        assert!(message.starts_with(expected), "{message}");
    }
    for (option, of) in [
        ("vanishingPenalty", "a layer's vanishingPenalty"),
        ("activationPenalty", "a layer's activationPenalty or temporalPenalty"),
        ("temporalPenalty", "a layer's activationPenalty or temporalPenalty"),
    ] {
        let json = format!(
            r#"{{"input":{{"size":2}},"layers":[{{"kind":"rnn","hiddenSize":4,"{option}":0.1}},{{"kind":"dense"}}],
                "output":{{"at":"last","classes":2}}}}"#
        );
        let message = refused(Model::create(&json).expect("right"), classified(30), &run(1, "", ""));
        assert_eq!(message, format!("optimizer: lbfgs goes by the loss, and {of} is no part of it"));
    }
    let mut source = Bundle::default();
    source.note("kind", "batches");
    let again = "optimizer: lbfgs goes by the loss of all data, again and again; use fit";
    assert_eq!(
        refused(tripler(""), source, &run(1, "", "")),
        "optimizer: lbfgs goes by the loss of all data, again and again; they have to be there as a whole"
    );
    let options = r#"{"optimizer":"lbfgs"}"#;
    assert_eq!(Trainer::open(&mut tripler(""), options).map(|_| ()).expect_err("refused").message, again);
    assert_eq!(Learner::open(&mut tripler(""), options).map(|_| ()).expect_err("refused").message, again);
    // As many as there are is all of them.
    fit(&mut classifier(), classified(30), &run(1, "", r#","batchSize":30"#));
}

/// Whatever a layer may have: either the loss is the same under any seed of the run, or it is refused.
#[test]
fn no_loss_that_is_left_to_chance_is_taken() {
    let (mut taken, mut refused) = (0, 0);
    for object in LAYER.of {
        for field in object.fields() {
            let value = match field.kind {
                Kind::Number(_) => "0.3".into(),
                Kind::Bool => "true".into(),
                Kind::Word(words) => format!("{:?}", words.now[words.now.len() - 1]),
                _ => continue,
            };
            let sizes = ["hiddenSize", "units", "numLayers"]
                .into_iter()
                .filter(|size| object.fields().any(|f| f.name == *size));
            let sizes: String =
                sizes.map(|size| format!(r#","{size}":{}"#, if size == "numLayers" { 2 } else { 4 })).collect();
            let rest = match field.default {
                Default::Required => String::new(),
                _ => object
                    .fields()
                    .filter(|f| f.default == Default::Required && !sizes.contains(f.name))
                    .map(|f| format!(r#","{}":0"#, f.name))
                    .collect(),
            };
            let layer = format!(r#"{{"kind":"{}","{}":{value}{sizes}{rest}}}"#, object.kind(), field.name);
            let (input, data): (_, fn(usize) -> Bundle) = if object.kind() == "embedding" {
                (r#"{"vocabulary":8}"#, tokens)
            } else {
                (r#"{"size":2}"#, classified)
            };
            let json = format!(
                r#"{{"input":{input},"layers":[{layer},{{"kind":"gru","hiddenSize":3}},{{"kind":"dense"}}],"output":{{"at":"last","classes":2}}}}"#
            );
            let Ok(model) = Model::create(&json) else { continue };
            drop(model);
            let first = |seed: u64| {
                let mut model = Model::create(&json).expect("it was right");
                let run = run(1, r#","maxIterations":1"#, &format!(r#","seed":{seed}"#));
                let session = Session::fit(&mut model, data(20), &run, None, None).ok()?;
                Some(run_to_end(&mut model, session, 3).0[3].to_bits())
            };
            let (one, other) = (first(1), first(2));
            assert_eq!(one, other, "{layer}");
            taken += usize::from(one.is_some());
            refused += usize::from(one.is_none());
        }
    }
    assert!(taken > 10 && refused >= 5, "{taken} taken, {refused} refused");
}

/// Sequences of tokens in two classes.
fn tokens(n: usize) -> Bundle {
    let mut data = Bundle::default();
    data.note("kind", "sequences");
    data.push("lengths", vec![n], Elements::I32(vec![3; n]));
    data.push("tokens", vec![3 * n], Elements::U8((0..3 * n).map(|i| (i * i % 8) as u8).collect()));
    data.push("classes", vec![n], Elements::I32((0..n as i32).map(|i| i % 2).collect()));
    data
}
