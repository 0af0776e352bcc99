//! Runs with norms inside cells: the same bits however they are cut, statistics that go with the steps, and what is refused.

mod common;

use common::outside::predicts_and_evaluates_outside_training;
use common::resume::resumed_equals_unbroken;
use common::{bits, classified, fit, floats, same_bits_by_teams, text};
use train::bundle::{Bundle, Elements};
use train::checkpoint;
use train::error::{Error, ErrorClass};
use train::evaluate::evaluate;
use train::generator::Generator;
use train::gradients::gradients;
use train::learner::Learner;
use train::model::Model;
use train::predict::predict;
use train::session::{Session, Team};
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn model(layers: &str) -> Model {
    Model::create(&format!(
        r#"{{"input":{{"size":2}},"layers":[{layers}],"output":{{"at":"last","classes":2}},"seed":3}}"#
    ))
    .expect("a right description")
}

fn classifier(kind: &str) -> Model {
    model(&format!(
        r#"{{"kind":"lstm","hiddenSize":6,"numLayers":2,"bidirectional":true,"dropout":0.2,"peepholes":true,"projSize":5,"normalization":{kind}}},
           {{"kind":"gru","hiddenSize":5,"normalization":{kind}}},{{"kind":"rnn","hiddenSize":4,"normalization":{kind}}},{{"kind":"dense"}}"#
    ))
}

fn writer(kind: &str) -> Model {
    writer_with(&format!(r#""normalization":{kind}"#))
}

fn writer_with(option: &str) -> Model {
    Model::create(&format!(
        r#"{{"input":{{"vocabulary":8}},"layers":[{{"kind":"embedding","units":5}},
            {{"kind":"lstm","hiddenSize":7,{option}}},{{"kind":"dense"}}],"seed":5}}"#
    ))
    .expect("a right description")
}

const KINDS: [&str; 3] = [r#""layer""#, r#"{"kind":"rms","epsilon":1e-3}"#, r#"{"kind":"batch","maxSteps":4}"#];
const CLASSIFY: &str = r#"{"epochs":3,"batchSize":16,"validationSplit":{"fraction":0.2,"from":"random"},"patience":3,
    "optimizer":{"kind":"adam","learningRate":0.02},"penalty":{"l2":0.01}}"#;
const READ: &str = r#"{"epochs":2,"batchSize":16,"window":9,"validationSplit":0.2}"#;

/// A model of each kind on its data.
fn cases() -> Vec<(Model, Bundle, &'static str)> {
    let of = |kind: &&str| [(classifier(kind), classified(60), CLASSIFY), (writer(kind), text(712), READ)];
    KINDS.iter().flat_map(of).collect()
}

#[test]
fn broken_off_and_gone_on_with_they_are_the_unbroken_run() {
    for (whole, data, run) in cases() {
        let start = checkpoint::save(&whole, None, true).expect("there is room");
        resumed_equals_unbroken(
            &|| checkpoint::load(&start).expect("a file just written"),
            &|| data.clone(),
            run,
            [1, 4, 6],
        );
    }
}

#[test]
fn any_number_of_workers_gives_the_same_bits() {
    for (model, data, run) in cases() {
        let file = checkpoint::save(&model, None, true).expect("there is room");
        let load = || checkpoint::load(&file).expect("a file just written");
        same_bits_by_teams(&load, &data, run, &[2, 3]);
    }
}

/// Segments of steps have the bits of the whole: the statistics are those of a step.
#[test]
fn checkpointing_does_not_change_them() {
    let masked = r#","recurrentDropout":0.2,"variationalDropout":0.1,"zoneout":0.1,"zoneoutCell":0.3"#;
    for (kind, more) in KINDS.into_iter().flat_map(|kind| ["", masked].map(|more| (kind, more))) {
        let make = || {
            model(&format!(
                r#"{{"kind":"lstm","hiddenSize":6,"numLayers":2,"dropout":0.2,"normalization":{kind}{more}}},{{"kind":"dense"}}"#
            ))
        };
        let (mut plain, mut segments) = (make(), make());
        fit(&mut plain, classified(60), CLASSIFY);
        fit(&mut segments, classified(60), &CLASSIFY.replacen('{', r#"{"checkpointing":{"every":2},"#, 1));
        assert!(bits(&plain) == bits(&segments), "{kind}");
    }
}

/// Windows that go on with the state before, and looks back: those of layer and RMS norms, to the bits of a run on cut sequences.
#[test]
fn norms_of_rows_go_through_windows() {
    for kind in &KINDS[..2] {
        let run = |more: &str| READ.replacen('{', &format!("{{{more},"), 1);
        let (mut cut, mut windows) = (writer(kind), writer(kind));
        // BPTT(9; 9) of windows of 18 is BPTT of windows of 9 that carry their state.
        fit(&mut cut, text(720), &run(r#""carryState":true"#).replace("\"batchSize\":16", "\"batchSize\":4"));
        let two = run(r#""carryState":true,"truncation":{"k1":9,"k2":9}"#).replace("\"window\":9", "\"window\":18");
        fit(&mut windows, text(720), &two.replace("\"batchSize\":16", "\"batchSize\":4"));
        assert!(bits(&cut) == bits(&windows), "{kind}");
    }
}

/// A sequence is predicted alone as in company, by the statistics of its steps.
#[test]
fn predictions_and_evaluation_are_outside_training() {
    for kind in KINDS {
        let mut trained = classifier(kind);
        let data = classified(40);
        fit(&mut trained, data.clone(), CLASSIFY);
        predicts_and_evaluates_outside_training(&trained, &data);
        let found = gradients(&trained, data, "{}").expect("right");
        assert!(found.tensors.iter().any(|t| t.name.contains("gain_ih")));
        assert!(found.tensors.iter().all(|t| !t.name.contains("running") && !t.name.contains("num_batches")));
    }
}

fn prompt(tokens: &[u8]) -> Bundle {
    let mut bundle = Bundle::default();
    bundle.note("kind", "sequences");
    bundle.push("lengths", vec![1], Elements::I32(vec![tokens.len() as i32]));
    bundle.push("tokens", vec![tokens.len()], Elements::U8(tokens.to_vec()));
    bundle
}

/// One token at a time, each by the statistics of its step, it goes on as if all that was generated had been the prompt.
#[test]
fn generation_is_reading_the_whole() {
    let made = ["weightNorm\":true", "weightDrop\":0.5"].map(|option| (option, writer_with(&format!("\"{option}"))));
    for (kind, mut trained) in KINDS.map(|kind| (kind, writer(kind))).into_iter().chain(made) {
        fit(&mut trained, text(712), READ);
        let options = r#"{"length":12,"temperature":0}"#;
        let mut generator = Generator::open(&trained, options, prompt(&[1, 2, 3])).expect("right");
        let tokens = generator.next(&trained, 12).expect("sized");
        let mut read = vec![1, 2, 3];
        for (i, &token) in tokens.iter().enumerate() {
            let said = predict(&trained, prompt(&read), "{}").expect("predicts");
            let classes = said.find("classes").expect("of each step");
            let Elements::I32(classes) = &classes.elements else { panic!("classes") };
            assert_eq!(classes[classes.len() - 1], token as i32, "{kind}, token {i}");
            read.push(token as u8);
        }
    }
}

/// In f64: PyTorch's running statistics of `W_ih x` at the first steps, batch after batch.
#[test]
fn running_statistics_are_those_of_each_step() {
    let layers = r#"{"kind":"lstm","hiddenSize":3,"normalization":{"kind":"batch","momentum":0.3,"maxSteps":2}},{"kind":"dense"}"#;
    let mut trained = model(layers);
    let w = floats(&trained.parameters().expect("sized"), "0.weight_ih_l0");
    let data = classified(20);
    let (x, Elements::I32(lengths)) = (floats(&data, "x"), &data.find("lengths").expect("given").elements) else {
        panic!("whole numbers")
    };
    let lengths: Vec<usize> = lengths.iter().map(|&n| n as usize).collect();
    let run =
        r#"{"steps":2,"batchSize":10,"shuffle":false,"optimizer":{"kind":"sgd","learningRate":1e-30},"clip":"none"}"#;
    fit(&mut trained, data, run);
    let after = trained.parameters().expect("sized");
    assert_eq!(floats(&after, "0.num_batches_tracked_l0"), [2.0, 2.0]);
    let starts: Vec<usize> = lengths.iter().scan(0, |sum, &n| Some(std::mem::replace(sum, *sum + n))).collect();
    for j in 0..12 {
        let (mut mean, mut variance) = (0.0, 1.0);
        for batch in 0..2 {
            let z = |i: usize| (0..2).map(|k| f64::from(w[j * 2 + k]) * f64::from(x[starts[i] * 2 + k])).sum::<f64>();
            let column: Vec<f64> = (batch * 10..batch * 10 + 10).map(z).collect();
            let m = column.iter().sum::<f64>() / 10.0;
            mean += 0.3 * (m - mean);
            variance += 0.3 * (column.iter().map(|z| (z - m) * (z - m)).sum::<f64>() / 9.0 - variance);
        }
        for (name, expected) in [("0.running_mean_l0", mean), ("0.running_var_l0", variance)] {
            let got = f64::from(floats(&after, name)[j]);
            assert!((got - expected).abs() < 1e-6, "{name}[{j}]: {got} against {expected}");
        }
    }
    let summary = trained.summary();
    assert!(summary.contains("0.running_var_l0") && summary.contains("(running)"), "{summary}");
}

/// Groups know gains as they know biases.
#[test]
fn penalties_act_on_weights_alone() {
    let mut one = classifier(KINDS[2]);
    let run = r#"{"optimizer":{"kind":"sgd","learningRate":0.1},"penalty":{"l2":0.5,"l1":0.1}}"#;
    let mut trainer = Trainer::open(&mut one, run).expect("right");
    let before = one.parameters().expect("sized");
    trainer.apply(&mut one, Bundle::default()).expect("no gradient at all");
    let after = one.parameters().expect("sized");
    for tensor in &before.tensors {
        let still = floats(&before, &tensor.name) == floats(&after, &tensor.name);
        let weight = tensor.name.contains("weight_") && !tensor.name.contains("peephole");
        assert_eq!(still, !(weight || tensor.name == "3.weight"), "{}", tensor.name);
    }
}

fn refused<T>(result: Result<T, Error>) -> Error {
    result.map(|_| ()).expect_err("should be refused")
}

#[test]
fn one_sample_is_refused_before_training() {
    let layers = r#"{"kind":"gru","hiddenSize":3,"normalization":"batch"},{"kind":"dense"}"#;
    let open = |data: Bundle, team: Option<Team>| {
        let mut model = model(layers);
        let before = bits(&model);
        let result = Session::fit(&mut model, data, r#"{"epochs":1,"batchSize":8}"#, None, team).map(|_| ());
        assert_eq!(bits(&model), before);
        result
    };
    let error = refused(open(classified(17), None));
    assert_eq!((error.class, error.code, error.path.as_deref()), (ErrorClass::Config, "oneSample", Some("batchSize")));
    let text =
        "batchSize: expected at least 2 sequences in every batch, for the batch norm layers[0], got a batch of 1";
    assert!(error.message.starts_with(text), "{}", error.message);
    open(classified(18), None).expect("two are left over");
    assert_eq!(refused(open(classified(16), Some(Team { workers: 1, index: 0 }))).code, "oneSample");
    let mut one = model(layers);
    let mut trainer = Trainer::open(&mut one, "{}").expect("right");
    assert_eq!(refused(trainer.step(&mut one, classified(1))).code, "oneSample");
    trainer.step(&mut one, classified(2)).expect("two samples");
}

#[test]
fn what_does_not_know_the_step_is_refused_by_name() {
    let mut one = writer(KINDS[2]);
    for (more, path) in [
        (r#""carryState":true"#, "carryState"),
        (r#""truncation":{"k1":3,"k2":3}"#, "truncation"),
        (r#""average":{"kind":"ema"}"#, "average"),
        (r#""optimizer":"scheduleFree""#, "optimizer"),
    ] {
        let run = READ.replacen('{', &format!("{{{more},"), 1);
        let error = refused(Session::fit(&mut one, text(712), &run, None, None));
        assert_eq!((error.class, error.path.as_deref()), (ErrorClass::Config, Some(path)));
        assert!(error.message.contains("layers[1]"), "{}", error.message);
    }
    for frozen in ["", r#","trainable":false"#] {
        let layers = format!(r#"{{"kind":"gru","hiddenSize":3,"normalization":"batch"{frozen}}},{{"kind":"dense"}}"#);
        let error = refused(Learner::open(&mut model(&layers), "{}"));
        assert_eq!((error.code, error.path.as_deref()), ("notOnline", Some("layers[0].normalization")));
    }
    let mut with_state = prompt(&[1, 2]);
    for letter in ["h", "c"] {
        with_state.f32(format!("state.0.{letter}"), vec![1, 1, 7], vec![0.0; 7]);
    }
    let error = refused(predict(&one, with_state.clone(), "{}"));
    assert_eq!((error.class, error.path.as_deref()), (ErrorClass::Config, Some("initialState")));
    let error = refused(Generator::open(&one, "{}", with_state));
    assert_eq!((error.class, error.path.as_deref()), (ErrorClass::Config, Some("state")));
    // Layer and RMS norms know no steps.
    let mut online = model(r#"{"kind":"gru","hiddenSize":3,"normalization":"layer"},{"kind":"dense"}"#);
    Learner::open(&mut online, "{}").expect("nothing against it");
}

/// Once trained they classify, outside training too: what a batch norm goes by there is not far from its batches.
#[test]
fn they_learn() {
    for kind in KINDS {
        let mut one = model(&format!(r#"{{"kind":"lstm","hiddenSize":8,"normalization":{kind}}},{{"kind":"dense"}}"#));
        let run = r#"{"epochs":60,"batchSize":20,"optimizer":{"kind":"adam","learningRate":0.01}}"#;
        fit(&mut one, classified(60), run);
        let figures = evaluate(&one, classified(60), r#"{"metrics":["accuracy"]}"#).expect("evaluates");
        let accuracy = figures.split("\"accuracy\":").nth(1).and_then(|text| text.trim_end_matches('}').parse().ok());
        println!("{kind}: {figures}");
        assert!(accuracy > Some(0.9), "{kind}: {figures}");
    }
}
