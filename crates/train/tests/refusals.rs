//! What is refused instead of being accepted and ignored, and what a refusal or a divergence leaves behind.

mod common;

use common::{bits, classified, classifier, fit, run_to_end, text, writer};
use train::bundle::{Bundle, Elements};
use train::describe::rows::run::RUN;
use train::error::ErrorClass;
use train::learner::Learner;
use train::model::Model;
use train::predict::predict;
use train::session::{Session, Status};
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn numbers(x: &[f32], y: &[f32]) -> Bundle {
    let mut bundle = Bundle::default();
    bundle.note("kind", "sequences");
    bundle.push("lengths", vec![x.len()], Elements::I32(vec![1; x.len()]));
    bundle.f32("x", vec![x.len(), 1], x.to_vec());
    bundle.f32("y", vec![y.len(), 1], y.to_vec());
    bundle
}

fn regressor() -> Model {
    let json = r#"{"input":{"size":1},"layers":[{"kind":"rnn","hiddenSize":3},{"kind":"dense"}],"output":{"at":"last","size":1}}"#;
    Model::create(json).expect("right")
}

fn refused(model: &mut Model, data: Bundle, run: &str) -> train::error::Error {
    Session::fit(model, data, run, None, None).err().expect("refused")
}

#[test]
fn a_trainer_that_goes_on_after_a_fit_ends_its_run() {
    let mut model = classifier();
    let mut trainer = Trainer::open(&mut model, "{}").expect("right");
    for by_hand in [true, false] {
        fit(&mut model, classified(30), r#"{"epochs":1}"#);
        assert!(model.saved.is_some());
        if by_hand {
            trainer.apply(&mut model, Bundle::default()).expect("no gradient at all");
        } else {
            trainer.step(&mut model, classified(4)).expect("fits");
        }
        let error = Session::resume(&mut model, classified(30), "{}", None, None).err().expect("other weights");
        assert_eq!(error.code, "nothingToResume");
    }
}

#[test]
fn states_of_layers_that_are_not_there() {
    let model = regressor();
    for surplus in ["state.1.h", "state.0.c"] {
        let mut data = numbers(&[1.0], &[0.0]);
        data.f32("state.0.h", vec![1, 1, 3], vec![0.0; 3]);
        data.f32(surplus, vec![1, 1, 3], vec![0.0; 3]);
        let error = predict(&model, data, "{}").expect_err(surplus);
        assert_eq!(error.class, ErrorClass::Data);
        assert!(error.path.as_deref().is_some_and(|path| path.starts_with("initialState")), "{}", error.message);
    }
    let mut data = numbers(&[1.0], &[0.0]);
    data.f32("state.1.h", vec![1, 1, 3], vec![0.0; 3]);
    assert_eq!(predict(&model, data, "{}").expect_err("the first is missing").class, ErrorClass::Data);
}

/// On 32 bits these rows of one batch are 2³² and some, and wrapped to a few they would fit.
#[test]
#[cfg(target_arch = "wasm32")]
fn more_rows_than_there_are_addresses() {
    let json = r#"{"input":{"series":{"target":["a"],"window":65536,"horizon":1}},"layers":[{"kind":"rnn","hiddenSize":1},{"kind":"dense"}]}"#;
    let mut model = Model::create(json).expect("right");
    let rows = 65_536 * 2 + 9;
    let mut data = Bundle::default();
    data.note("kind", "series");
    data.f64("column.a", (0..rows).map(|i| f64::from(i % 7)).collect());
    let error = refused(&mut model, data, r#"{"batchSize":"full","validationSplit":0.1}"#);
    assert_eq!(error.class, ErrorClass::Memory, "{}", error.message);
}

#[test]
fn a_run_that_diverged_leaves_the_last_weights_and_no_run() {
    let mut model = regressor();
    let data = numbers(&[1.0, -1.0], &[1000.0, 900.0]);
    let run = r#"{"steps":9,"optimizer":{"kind":"sgd","learningRate":1e38,"momentum":0.9},"clip":"none"}"#;
    let before = bits(&model);
    let mut session = Session::fit(&mut model, data, run, None, None).expect("right");
    while session.run(&mut model, 1).expect("goes on") == Status::Running {}
    let error = session.finish(&mut model).expect_err("diverged");
    assert_eq!((error.class, error.code), (ErrorClass::Divergence, "diverged"));
    assert!(model.parameters().is_ok() && error.details.contains(&("step", 1.0)), "{}", error.message);
    assert_eq!(bits(&model), before);
    assert!(model.saved.is_none());
}

#[test]
fn a_gradient_too_large_to_be_squared_however_it_is_clipped() {
    for clip in [r#""none""#, r#"{"norm":1e25}"#, r#"{"value":1e20}"#] {
        let mut model = regressor();
        let run = format!(r#"{{"steps":1,"clip":{clip}}}"#);
        let mut session =
            Session::fit(&mut model, numbers(&[1.0], &[3e18]), &run, None, None).expect("numbers are numbers");
        while session.run(&mut model, 1).expect("goes on") == Status::Running {}
        let error = session.finish(&mut model).expect_err(clip);
        assert!(error.message.contains("the gradient of all parameters is above 1e18"), "{}", error.message);
    }
    fit(&mut regressor(), numbers(&[1.0], &[3e18]), r#"{"steps":1,"clip":{"norm":1}}"#);
}

#[test]
fn sizes_beyond_reason_are_named_by_their_path() {
    let cases = [
        (r#"{"input":{"size":20000000},"layers":[{"kind":"rnn","hiddenSize":2}]}"#, "input.size"),
        (r#"{"input":{"size":1},"layers":[{"kind":"rnn","hiddenSize":20000000}]}"#, "layers[0].hiddenSize"),
        (r#"{"input":{"size":1},"layers":[{"kind":"rnn","hiddenSize":2,"numLayers":2000}]}"#, "layers[0].numLayers"),
        (
            r#"{"input":{"series":{"target":["a","b"],"window":2,"horizon":9000000}},"layers":[{"kind":"rnn","hiddenSize":2},{"kind":"dense"}]}"#,
            "input.series.horizon",
        ),
    ];
    for (json, path) in cases {
        let error = Model::create(json).err().expect("refused");
        assert_eq!((error.path.as_deref(), error.received.is_some()), (Some(path), true), "{}", error.message);
    }
}

#[test]
fn a_name_that_would_meet_the_state_of_a_run_in_the_file() {
    let layers = |name: &str| {
        format!(
            r#"{{"input":{{"size":1}},"layers":[{{"kind":"rnn","hiddenSize":2}},{{"kind":"dense","name":"{name}"}}],"output":{{"at":"last","size":1}}}}"#
        )
    };
    let error = Model::create(&layers("optimizer.exp_avg.0")).err().expect("refused");
    assert_eq!(error.path.as_deref(), Some("layers[1].name"));
    for free in ["optimizer", "best", "encoder.best.0"] {
        assert!(Model::create(&layers(free)).is_ok(), "{free}");
    }
}

#[test]
fn all_streams_of_a_text_at_once() {
    let error = refused(&mut writer(), text(200), r#"{"carryState":true,"batchSize":"full"}"#);
    assert_eq!(error.path.as_deref(), Some("batchSize"));
}

#[test]
fn what_a_learner_cannot_read() {
    let json = r#"{"input":{"series":{"target":["a"],"window":2,"horizon":1}},"layers":[{"kind":"rnn","hiddenSize":2},{"kind":"dense"}]}"#;
    let error = Learner::open(&mut Model::create(json).expect("right"), "{}").err().expect("refused");
    assert_eq!(error.code, "wantsTable");
    let mut model = regressor();
    let mut learner = Learner::open(&mut model, "{}").expect("right");
    let mut stream = Bundle::default();
    stream.push("lengths", vec![1], Elements::I32(vec![2]));
    for name in ["x", "y"] {
        stream.f32(name, vec![2, 1], vec![0.5, 1.0]);
    }
    let mut weighted = stream.clone();
    weighted.f32("weight", vec![2], vec![0.5, 1.0]);
    assert_eq!(learner.run(&mut model, weighted).expect_err("refused").path.as_deref(), Some("sampleWeight"));
    learner.run(&mut model, stream).expect("the learner goes on");
}

/// A bundle that says only what it is.
fn empty(kind: &str) -> Bundle {
    let mut bundle = Bundle::default();
    bundle.note("kind", kind);
    bundle
}

/// One pass of a cyclic source: four batches and the word that it is over.
fn pass(model: &mut Model, session: &mut Session) {
    let batches = (0..4).map(|i| numbers(&[i as f32, 1.0], &[1.0, i as f32]));
    for bundle in batches.chain([empty("end")]) {
        while session.run(model, 1).expect("goes on") == Status::Running {}
        session.supply(model, bundle).expect("fits");
    }
}

#[test]
fn a_source_resumed_at_the_end_of_a_pass_goes_on_to_the_same_bits() {
    let run = r#"{"epochs":3,"optimizer":{"kind":"adam","learningRate":0.01}}"#;
    let mut whole = regressor();
    let mut session = Session::fit(&mut whole, empty("batches"), run, None, None).expect("right");
    (0..3).for_each(|_| pass(&mut whole, &mut session));
    assert_eq!(session.run(&mut whole, 1).expect("goes on"), Status::Done);
    session.finish(&mut whole).expect("finite");

    let mut cut = regressor();
    let mut session = Session::fit(&mut cut, empty("batches"), run, None, None).expect("right");
    pass(&mut cut, &mut session);
    let file = train::checkpoint::save(&cut, Some(&session), true).expect("there is room");
    let mut loaded = train::checkpoint::load(&file).expect("readable");
    let mut session = Session::resume(&mut loaded, empty("batches"), "{}", None, None).expect("goes on");
    (0..2).for_each(|_| pass(&mut loaded, &mut session));
    assert_eq!(session.run(&mut loaded, 1).expect("goes on"), Status::Done);
    session.finish(&mut loaded).expect("finite");
    assert_eq!(bits(&loaded), bits(&whole));
}

#[test]
fn a_resume_that_is_refused_keeps_the_run() {
    let mut model = classifier();
    fit(&mut model, classified(30), r#"{"epochs":1}"#);
    let error = Session::resume(&mut model, classified(29), "{}", None, None).err().expect("other data");
    assert_eq!(error.code, "otherData");
    let session = Session::resume(&mut model, classified(30), r#"{"epochs":2}"#, None, None).expect("still there");
    run_to_end(&mut model, session, 3);
}

/// A model of two classes, by the last step, or of a transcript.
fn reader(layer: &str, transcript: bool) -> Model {
    let (output, loss) = if transcript {
        (r#""at":"every","classes":3"#, r#","loss":"ctc""#)
    } else {
        (r#""at":"last","classes":2"#, "")
    };
    let json = format!(
        r#"{{"input":{{"size":2}},"layers":[{layer},{{"kind":"dense"}}],"output":{{{output}}}{loss},"seed":3}}"#
    );
    Model::create(&json).unwrap_or_else(|e| panic!("{json}: {e:?}"))
}

/// Sequences of five steps and the label in each.
fn transcripts() -> Bundle {
    let mut bundle = Bundle::default();
    bundle.note("kind", "sequences");
    bundle.push("lengths", vec![8], Elements::I32(vec![5; 8]));
    bundle.f32("x", vec![40, 2], (0..80).map(|i| ((i * 7) % 11) as f32 / 11.0).collect());
    bundle.push("labels", vec![8], Elements::I32(vec![1; 8]));
    bundle.push("labelLengths", vec![8], Elements::I32(vec![1; 8]));
    bundle
}

/// What goes through sequences in pieces: the rows of the table name what is refused beside it, and that alone is.
#[test]
fn pieces_of_sequences_are_refused_as_their_rows_say() {
    let options = [("truncation", r#"{"k1":2,"k2":3}"#), ("checkpointing", r#"{"every":2}"#)];
    let gru = |more: &str| format!(r#"{{"kind":"gru","hiddenSize":3{more}}}"#);
    // What is beside it, the word for that in a row, and whether each of the two refuses it.
    for (word, layer, run, expected) in [
        ("", gru(""), "", [false, false]),
        ("bidirectional", gru(r#","bidirectional":true"#), "", [true, true]),
        ("batchNorm", gru("") + r#",{"kind":"batchNorm"}"#, "", [true, true]),
        ("normalization \"batch\"", gru(r#","normalization":"batch""#), "", [true, false]),
        ("activationPenalty", gru(r#","activationPenalty":0.1"#), "", [true, true]),
        ("temporalPenalty", gru(r#","temporalPenalty":0.1"#), "", [true, true]),
        ("ctc", gru(""), "", [true, false]),
        ("gradientAccumulation", gru(""), r#","gradientAccumulation":2"#, [true, false]),
        ("lbfgs", gru(""), r#","optimizer":"lbfgs""#, [true, false]),
        ("rprop", gru(""), r#","optimizer":"rprop""#, [true, false]),
        // Not named: taken.
        ("layerNorm", gru(r#","normalization":"layer""#) + r#",{"kind":"layerNorm"}"#, "", [false, false]),
        ("zoneout", gru(r#","zoneout":0.1,"recurrentDropout":0.1"#), "", [false, false]),
        ("weightDrop", gru(r#","weightDrop":0.1,"initialState":"learned""#), "", [false, false]),
    ] {
        for ((option, value), expected) in options.into_iter().zip(expected) {
            let (mut model, data) =
                (reader(&layer, word == "ctc"), if word == "ctc" { transcripts() } else { classified(8) });
            let run = format!(r#"{{"{option}":{value}{run}}}"#);
            let error = Session::fit(&mut model, data, &run, None, None).err();
            assert_eq!(error.is_some(), expected, "{option} beside {word}: {error:?}");
            if let Some(error) = error {
                // Of two options that do not go together either may be named.
                assert!(error.path.as_deref() == Some(option) || error.path.as_deref() == Some(word), "{error:?}");
            }
            let row = RUN.fields().find(|field| field.name == option).expect("a row");
            if !cfg!(target_arch = "wasm32") {
                let named = row.doc.split_once("Not with ").is_some_and(|(_, named)| named.contains(word));
                assert_eq!(named && !word.is_empty(), expected, "{option} beside {word}: {}", row.doc);
            }
        }
    }
}
