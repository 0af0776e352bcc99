//! The edges of runs: masks, short data, parts that do not fit the model, weights moved beside a saved run.

mod common;

use common::{bits, classified, classifier, exchange, fit, run_to_end, text, tripled, tripler, writer};
use train::bundle::{Bundle, Elements};
use train::checkpoint;
use train::evaluate::evaluate;
use train::model::Model;
use train::session::{Session, Status, Team};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn mask(bundle: &mut Bundle, weights: Vec<f32>) {
    bundle.f32("weight", vec![weights.len()], weights);
}

#[test]
fn a_masked_target_counts_neither_in_the_loss_nor_in_the_scale() {
    let masked = tripled(20, |bundle| {
        let wrong = bundle.tensors.iter_mut().find(|t| t.name == "y").expect("given");
        let Elements::F32(y) = &mut wrong.elements else { panic!("f32") };
        y[7] = -1e6;
        mask(bundle, (0..20).map(|i| f32::from(u8::from(i != 7))).collect());
    });
    let mut model = tripler(r#","scale":"standard""#);
    fit(&mut model, masked.clone(), r#"{"epochs":150,"optimizer":{"kind":"adam","learningRate":0.02}}"#);
    let figures: serde_json::Value =
        serde_json::from_str(&evaluate(&model, masked, r#"{"metrics":["rmse"]}"#).expect("fits")).expect("JSON");
    assert!(figures["rmse"].as_f64().expect("a number") < 0.2, "{figures}");
}

#[test]
fn a_part_in_which_nothing_counts_is_refused() {
    let nothing = tripled(10, |bundle| mask(bundle, vec![0.0; 10]));
    let last = tripled(10, |bundle| mask(bundle, [vec![1.0; 8], vec![0.0; 2]].concat()));
    for (data, run) in [(nothing, "{}"), (last, r#"{"validationSplit":0.2}"#)] {
        let (class, code, path, _) = refused(tripler(""), data, run);
        assert_eq!((class, code, path.as_str()), ("DataError", "allMasked", "y"), "{run}");
    }
}

#[test]
fn a_batch_in_which_nothing_counts_moves_nothing_and_is_no_divergence() {
    let mut model = tripler("");
    let data = tripled(8, |bundle| mask(bundle, [vec![1.0; 4], vec![0.0; 4]].concat()));
    let run = r#"{"epochs":1,"batchSize":4,"shuffle":false,"optimizer":{"kind":"sgd","learningRate":0.1}}"#;
    let (records, _) = fit(&mut model, data.clone(), run);
    let (stride, loss) = (10, 3);
    assert_eq!(records[stride + loss], 0.0, "the second batch");
    let mut shorter = tripler("");
    fit(&mut shorter, data, &run.replace("\"epochs\":1", "\"steps\":1"));
    assert_eq!(bits(&model), bits(&shorter));
}

#[test]
fn constants_are_a_unit_of_their_own() {
    let mut bundle = tripled(1000, |_| {});
    let x = bundle.tensors.iter_mut().find(|t| t.name == "x").expect("given");
    x.elements = Elements::F32(vec![0.1; 1000]);
    let json = r#"{"input":{"size":1,"scale":"standard"},"layers":[{"kind":"rnn","hiddenSize":2},{"kind":"dense"}],"output":{"at":"last","size":1}}"#;
    let mut model = Model::create(json).expect("right");
    fit(&mut model, bundle, r#"{"epochs":1}"#);
    assert_eq!(model.encoding.input.as_ref().expect("fitted").scale, [1.0]);
}

/// A run that is refused as it opens: class, code, path and message.
fn refused(mut model: Model, data: Bundle, run: &str) -> (&'static str, &'static str, String, String) {
    let error = Session::fit(&mut model, data, run, None, None).err().expect("refused");
    (error.class.name(), error.code, error.path.as_deref().unwrap_or_default().into(), error.message.clone())
}

#[test]
fn what_does_not_fit_the_model_is_refused_by_name() {
    let (class, code, path, message) = refused(tripler(""), text(50), "{}");
    assert_eq!((class, code, path.as_str()), ("DataError", "wrongData", "data"));
    assert!(message.starts_with("data: expected samples"), "{message}");
    let classes = r#"{"input":{"vocabulary":8},"layers":[{"kind":"lstm","hiddenSize":3},{"kind":"dense"}],"output":{"at":"last","classes":3}}"#;
    let (class, code, path, message) = refused(Model::create(classes).expect("right"), text(50), "{}");
    assert_eq!((class, code, path.as_str()), ("DataError", "wrongData", "data"));
    assert!(message.contains("does not predict the next token"), "{message}");
    let mut table = Bundle::default();
    table.note("kind", "series");
    let (class, code, path, message) = refused(tripler(""), table, "{}");
    assert_eq!((class, code, path.as_str()), ("DataError", "wrongData", "data"));
    assert!(message.contains("a table, for a model without a series"), "{message}");
    let untold = tripled(10, |bundle| drop(bundle.take("y")));
    let (class, code, path, _) = refused(tripler(""), untold, "{}");
    assert_eq!((class, code, path.as_str()), ("DataError", "wrongData", "y"));
    let (class, code, path, _) = refused(classifier(), ordered(), r#"{"validationSplit":0.2}"#);
    assert_eq!((class, code, path.as_str()), ("DataError", "untrainedClass", "validationSplit"));
}

#[test]
fn a_batch_larger_than_the_training_part_is_refused() {
    let cases = [
        (classifier as fn() -> Model, classified(10), r#""epochs":1"#, 10),
        (classifier, classified(10), r#""epochs":1,"validationSplit":{"fraction":0.2,"from":"random"}"#, 8),
        // 49 pairs of tokens: five windows, or as many streams.
        (writer, text(50), r#""epochs":1,"window":10"#, 5),
        (writer, text(50), r#""epochs":1,"window":10,"carryState":true"#, 49),
        (writer, text(50), r#""epochs":1,"window":10,"carryState":true,"validationSplit":0.2"#, 39),
    ];
    for (make, data, run, most) in cases {
        let sized = |size: usize| format!(r#"{{{run},"batchSize":{size}}}"#);
        let (class, code, path, message) = refused(make(), data.clone(), &sized(most + 1));
        assert_eq!((class, code, path.as_str()), ("ConfigError", "batchTooLarge", "batchSize"), "{run}");
        let expected = format!("at most {most}, the size of the training part, got {}", most + 1);
        assert_eq!(message, format!("batchSize: expected {expected}"), "{run}");
        let (records, _) = fit(&mut make(), data, &sized(most));
        let steps = records.chunks(10).filter(|row| row[0] == 0.0).count();
        assert_eq!(steps, 1, "{run}: one batch is the whole epoch");
    }
}

/// Sequences ordered by class, so that the last fifth holds a class of its own.
fn ordered() -> Bundle {
    let mut data = classified(20);
    let classes = data.tensors.iter_mut().find(|t| t.name == "classes").expect("given");
    classes.elements = Elements::I32((0..20).map(|i| i32::from(i >= 16)).collect());
    data
}

#[test]
fn weights_moved_beside_a_saved_run_end_it() {
    let mut model = classifier();
    fit(&mut model, classified(30), r#"{"epochs":1}"#);
    assert!(model.saved.is_some());
    let weights = model.parameters().expect("sized");
    model.set_parameters(weights, true).expect("its own");
    let error = Session::resume(&mut model, classified(30), "{}", None, None).err().expect("no run any more");
    assert_eq!(error.code, "nothingToResume");

    // A second fit that was given up does not leave the first one's state behind.
    fit(&mut model, classified(30), r#"{"epochs":1}"#);
    drop(Session::fit(&mut model, classified(30), r#"{"epochs":1}"#, None, None).expect("right"));
    assert!(model.saved.is_none());
}

#[test]
fn a_file_written_while_a_worker_waits_for_gradients_is_whole() {
    let run =
        r#"{"epochs":2,"batchSize":4,"window":9,"carryState":true,"optimizer":{"kind":"sgd","learningRate":0.1}}"#;
    let team = |index| Some(Team { workers: 2, index });
    let (mut first, mut second) = (writer(), writer());
    let mut a = Session::fit(&mut first, text(200), run, None, team(0)).expect("right");
    let mut b = Session::fit(&mut second, text(200), run, None, team(1)).expect("right");
    let mut file = None;
    let mut step = 0;
    loop {
        match a.run(&mut first, 1).expect("goes on") {
            Status::NeedsGradients => {}
            Status::Running => continue,
            _ => break,
        }
        while b.run(&mut second, 1).expect("goes on") == Status::Running {}
        if step == 3 {
            file = Some(checkpoint::save(&first, Some(&a), true).expect("there is room"));
        }
        step += 1;
        exchange(&mut [&mut a, &mut b]);
    }
    a.finish(&mut first).expect("finite");
    let mut loaded = checkpoint::load(&file.expect("written at step 3")).expect("readable");
    let session = Session::resume(&mut loaded, text(200), "{}", None, None).expect("the same data");
    run_to_end(&mut loaded, session, 5);
    assert_eq!(bits(&loaded), bits(&first));
}

#[test]
fn workers_share_a_run_with_validation_data() {
    let run = r#"{"epochs":3,"batchSize":8,"patience":2}"#;
    let validated = |model: &mut Model, team| Session::fit(model, classified(40), run, Some(classified(12)), team);
    let mut alone = classifier();
    let session = validated(&mut alone, Some(Team { workers: 1, index: 0 })).expect("right");
    run_to_end(&mut alone, session, 1);
    let (mut first, mut second) = (classifier(), classifier());
    let mut a = validated(&mut first, Some(Team { workers: 2, index: 0 })).expect("right");
    let mut b = validated(&mut second, Some(Team { workers: 2, index: 1 })).expect("right");
    loop {
        match a.run(&mut first, 1).expect("goes on") {
            Status::NeedsGradients => {}
            Status::Running => continue,
            _ => break,
        }
        while b.run(&mut second, 1).expect("goes on") == Status::Running {}
        exchange(&mut [&mut a, &mut b]);
    }
    a.finish(&mut first).expect("finite");
    assert_eq!(bits(&first), bits(&alone));
}

#[test]
fn initial_states_of_many_sequences_are_their_own() {
    // 9000 · 9000 · 64 is more than 32 bits hold.
    let n = 9000;
    let mut data = tripled(n, |_| {});
    data.f32("state.0.h", vec![1, n, 64], (0..n).flat_map(|i| vec![i as f32 / n as f32; 64]).collect());
    let json = r#"{"input":{"size":1},"layers":[{"kind":"rnn","hiddenSize":64,"activation":"relu"}],"output":{"at":"last"},"init":{"input":"zeros","recurrent":"identity"}}"#;
    let model = Model::create(json).expect("right");
    data.take("y");
    let result = train::predict::predict(&model, data, "{}").expect("fits");
    let Elements::F32(values) = &result.find("values").expect("given").elements else { panic!("f32") };
    for i in [0, 1, 7457, 7458, 8999] {
        assert_eq!(values[i * 64..(i + 1) * 64], [i as f32 / n as f32; 64], "sequence {i}");
    }
}
