//! Parameters that are moved and penalised in their own way, by layer and by kind.

mod common;

use common::{bits, classified, fit, floats};
use train::model::Model;
use train::session::Session;
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn make() -> Model {
    let json = r#"{"input":{"size":2},"layers":[{"kind":"lstm","hiddenSize":4,"numLayers":2},{"kind":"dense","units":3,"name":"head"},
        {"kind":"dense"}],"init":"pytorch","output":{"at":"last","classes":2},"seed":4}"#;
    Model::create(json).expect("right")
}

/// By name, what one full batch of plain descent at rate 1 takes off each parameter, and the parameter before.
fn moved(options: &str) -> Vec<(String, Vec<f32>, Vec<f32>)> {
    let run = format!(
        r#"{{"steps":1,"batchSize":"full","clip":"none","optimizer":{{"kind":"sgd","learningRate":1}}{options}}}"#
    );
    let (before, mut model) = (make().parameters().expect("sized"), make());
    fit(&mut model, classified(12), &run);
    let after = model.parameters().expect("sized");
    let of = |name: &str| {
        let (before, after) = (floats(&before, name), floats(&after, name));
        (name.to_string(), before.iter().zip(after).map(|(b, a)| b - a).collect(), before)
    };
    before.tensors.iter().map(|t| of(&t.name)).collect()
}

/// The parameters whose steps `options` multiply by `factor`; all others have to move as without them.
fn scaled(options: &str, factor: f32) -> Vec<String> {
    let mut names = Vec::new();
    for ((name, plain, _), (_, changed, _)) in moved("").iter().zip(moved(options)) {
        let near = |factor: f32| plain.iter().zip(&changed).all(|(p, c)| (c - factor * p).abs() <= 1e-6);
        if *plain != changed {
            assert!(near(factor), "{name}: {plain:?} became {changed:?}");
            names.push(name.clone());
        }
    }
    names
}

#[test]
fn rates_by_layer_and_kind() {
    let group = |which: &str, factor: f32| format!(r#","groups":[{{{which}"learningRateFactor":{factor}}}]"#);
    for factor in [0.0, 0.5, 2.0] {
        let names = |which: &str| scaled(&group(which, factor), factor).join(" ");
        assert_eq!(names(r#""kinds":["recurrent"],"#), "0.weight_hh_l0 0.weight_hh_l1");
        assert_eq!(names(r#""layers":["head"],"#), "head.weight head.bias");
        assert_eq!(names(r#""layers":[1],"#), "head.weight head.bias");
        assert_eq!(names(r#""layers":[0],"kinds":["input"],"#), "0.weight_ih_l0 0.weight_ih_l1");
        assert_eq!(names(r#""kinds":["dense"],"#), "head.weight 2.weight");
        assert_eq!(names("").split(' ').count(), make().parameters().expect("sized").tensors.len());
    }
    // The first that takes a parameter has it.
    let two = r#","groups":[{"layers":["head"],"kinds":["bias"],"learningRateFactor":0},{"kinds":["bias"],"learningRateFactor":1}]"#;
    assert_eq!(scaled(two, 0.0), ["head.bias"]);
}

/// What `options` add to each parameter's step: `l1·sign(w) + l2·w`.
fn added(options: &str, expected: impl Fn(&str) -> (f32, f32)) {
    for ((name, plain, before), (_, changed, _)) in moved("").iter().zip(moved(options)) {
        let (l1, l2) = expected(name);
        for ((p, c), w) in plain.iter().zip(changed).zip(before) {
            assert!((c - p - (l1 * w.signum() + l2 * w)).abs() < 1e-6, "{name}: {p} became {c} at {w}");
        }
    }
}

#[test]
fn penalties_by_kind_and_group() {
    let bias = |name: &str| name.contains("bias");
    added(r#","penalty":{"l2":0.1}"#, |name| (0.0, if bias(name) { 0.0 } else { 0.1 }));
    added(r#","penalty":{"l1":0.1,"on":["bias"]}"#, |name| (if bias(name) { 0.1 } else { 0.0 }, 0.0));
    let recurrent = |name: &str| name.contains("weight_hh");
    added(r#","penalty":{"l1":0.1,"l2":0.2,"on":["recurrent"]}"#, |name| {
        if recurrent(name) { (0.1, 0.2) } else { (0.0, 0.0) }
    });
    added(r#","penalty":{"l2":0.1},"groups":[{"layers":[0],"penalty":{"l1":0.3}}]"#, |name| match name {
        _ if bias(name) => (0.0, 0.0),
        _ if name.starts_with("0.") => (0.3, 0.0),
        _ => (0.0, 0.1),
    });
    // A decay of a group is of all its parameters, as the optimiser's is.
    added(r#","groups":[{"layers":["head"],"weightDecay":0.4}]"#, |name| {
        (0.0, if name.starts_with("head.") { 0.4 } else { 0.0 })
    });
}

/// Groups that change nothing give the bits of a run without them, whatever the optimiser.
#[test]
fn groups_alone_change_no_bit() {
    for kind in ["adam", "nadam", "lamb", "adafactor", "muon", "scheduleFree", "asgd"] {
        let run = |groups: &str| {
            let mut model = make();
            fit(&mut model, classified(30), &format!(r#"{{"epochs":3,"batchSize":8,"optimizer":"{kind}"{groups}}}"#));
            bits(&model)
        };
        let groups = r#","groups":[{"kinds":["bias"]},{"layers":["head"]},{"kinds":["input","recurrent"],"learningRateFactor":1}]"#;
        assert!(run(groups) == run(""), "{kind}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    for (options, path, why) in [
        (
            r#""groups":[{"layers":["head","tail"]}]"#,
            "groups[0].layers[1]",
            "expected the name of a layer with parameters (head), or its index, got \"tail\"",
        ),
        (
            r#""groups":[{"layers":["head"]},{"kinds":["bias"],"layers":["head"]}]"#,
            "groups[1]",
            "no parameter is left for it; each belongs to the first group that takes it",
        ),
        (r#""groups":[{},{"layers":[7]}]"#, "groups[1]", "no parameter that is trained belongs to it"),
        (r#""groups":[{"kinds":["embedding"]}]"#, "groups[0]", "no parameter that is trained belongs to it"),
        (
            r#""optimizer":"rprop","groups":[{"weightDecay":0.1}]"#,
            "groups[0].weightDecay",
            "the optimiser has no weight decay",
        ),
        (r#""groups":[{"layers":[]}]"#, "groups[0].layers", "expected a list of at least one"),
        (r#""groups":[{"kinds":["weights"]}]"#, "groups[0].kinds[0]", "expected"),
        (r#""penalty":{"on":[]}"#, "penalty.on", "expected a list of at least one"),
        (r#""groups":[{"learningRateFactor":-1}]"#, "groups[0].learningRateFactor", "expected a number from 0"),
    ] {
        let mut model = make();
        let before = bits(&model);
        let fitted = Session::fit(&mut model, classified(12), &format!("{{{options}}}"), None, None).err();
        let opened = Trainer::open(&mut model, &format!("{{{options}}}")).err();
        for error in [fitted.expect("refused"), opened.expect("refused")] {
            assert_eq!(error.class.name(), "ConfigError");
            assert_eq!(error.path.as_deref(), Some(path), "{}", error.message);
            assert!(error.message.contains(why), "{}", error.message);
        }
        assert_eq!(bits(&model), before);
    }
}

#[test]
fn names_are_told_also_where_they_begin_with_a_digit() {
    let json = r#"{"input":{"size":2},"layers":[{"kind":"rnn","hiddenSize":2,"name":"2nd"},{"kind":"dense"}],
        "output":{"at":"last","classes":2}}"#;
    let mut model = Model::create(json).expect("right");
    let groups = r#"{"groups":[{"layers":["tail"]}]}"#;
    let error = Session::fit(&mut model, classified(12), groups, None, None).err().expect("refused");
    assert!(error.message.contains("the name of a layer with parameters (2nd), or"), "{}", error.message);
}
