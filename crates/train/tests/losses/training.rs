//! Losses and gradients of data sets against the twin; training on them.

use crate::cases::{Kind, LENGTHS, cases, ints, places};
use crate::common::resume::resumed_equals_unbroken;
use crate::common::{Numbers, bits, bits64, fit, fit_by_team, floats, scalar};
use train::bundle::{Bundle, Elements};
use train::evaluate::evaluate;
use train::gradients::gradients;
use train::model::Model;
use train::predict::predict;
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn loss_of(model: &Model, data: &Bundle) -> f64 {
    let json = evaluate(model, data.clone(), r#"{"metrics":[]}"#).expect("fits");
    let figures: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    figures["loss"].as_f64().expect("a number")
}

#[test]
fn each_gives_what_its_twin_gives() {
    let (mut worst, mut worst_slope) = (0.0f64, 0.0f64);
    for case in cases() {
        for at in places(&case) {
            let (mut model, data) = (case.model(at), case.data(at));
            for trained in [false, true] {
                if trained {
                    let run = r#"{"epochs":20,"batchSize":3,"optimizer":{"kind":"adam","learningRate":0.02}}"#;
                    fit(&mut model, data.clone(), run);
                }
                let (found, (expected, slopes)) = (loss_of(&model, &data), case.expected(&model, &data, at));
                let error = (found - expected).abs() / expected.abs().max(0.1);
                assert!(error <= 1e-5, "{} at {at}: {found} and {expected}", case.loss);
                worst = worst.max(error);
                // The same sum in a gradient and in a step by hand.
                let own = gradients(&model, data.clone(), "{}").expect("fits");
                assert!((scalar(&own, "loss") - found).abs() <= 1e-12 * found.abs().max(1.0), "{}", case.loss);
                let slope = apart(&own, &by_slopes(&model, &data, &slopes, at));
                assert!(slope <= 1e-5, "{} at {at}: gradients are off by {slope:e}", case.loss);
                worst_slope = worst_slope.max(slope);
                let mut other = case.model(at);
                other.set_parameters(model.parameters().expect("sized"), true).expect("its own");
                let mut trainer = Trainer::open(&mut other, "{}").expect("right");
                let step = trainer.step(&mut other, data.clone()).expect("finite");
                assert!((scalar(&step, "loss") - found).abs() <= 1e-12 * found.abs().max(1.0), "{}", case.loss);
            }
            assert!(loss_of(&case.model(at), &data) > loss_of(&model, &data), "{} at {at}: it learns", case.loss);
        }
    }
    println!("losses of data sets: worst relative error {worst:.1e}, of parameters' gradients {worst_slope:.1e}");
}

/// The gradients that these derivatives of the mean by the outputs have.
fn by_slopes(model: &Model, data: &Bundle, slopes: &[f64], at: &str) -> Bundle {
    let mut given = data.clone();
    given.tensors.retain(|t| ["x", "lengths"].contains(&t.name.as_str()));
    let rows = if at == "every" { LENGTHS.iter().sum::<i32>() as usize } else { LENGTHS.len() };
    let slopes: Vec<f32> = slopes.iter().map(|&s| s as f32).collect();
    given.f32("outputGradient", vec![rows, slopes.len() / rows], slopes);
    gradients(model, given, "{}").expect("fits")
}

/// The largest difference of parameters' gradients, relative to the largest of each.
fn apart(a: &Bundle, b: &Bundle) -> f64 {
    let names = a.tensors.iter().map(|t| t.name.as_str()).filter(|name| name.starts_with("parameter."));
    let wide = |bundle: &Bundle, name: &str| floats(bundle, name).iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
    names.map(|name| naive::difference::relative_error(&wide(a, name), &wide(b, name))).fold(0.0, f64::max)
}

/// The scale of a gradient is that of the whole batch's weight: so the loss of its shards is its own.
#[test]
fn the_same_bits_on_any_workers_and_after_a_resume() {
    for case in cases() {
        for at in places(&case) {
            let data = case.data(at);
            let metrics = if case.kind == Kind::Labels { r#"["labelErrorRate"]"# } else { r#"["loss"]"# };
            let run = format!(r#"{{"epochs":3,"batchSize":3,"metrics":{metrics}}}"#);
            let mut teams: Vec<Vec<Model>> = [1, 3].iter().map(|&n| (0..n).map(|_| case.model(at)).collect()).collect();
            let records: Vec<Vec<f64>> = teams.iter_mut().map(|team| fit_by_team(team, &data, &run)).collect();
            assert_eq!(bits64(&records[0]), bits64(&records[1]), "{} at {at}", case.loss);
            assert_eq!(bits(&teams[1][0]), bits(&teams[0][0]), "{} at {at}", case.loss);
            resumed_equals_unbroken(&|| case.model(at), &|| data.clone(), &run, [4]);
        }
    }
}

#[test]
fn ctc_learns_to_write_what_it_reads() {
    // A step says its label, or nothing, for one to three steps.
    let mut numbers = Numbers::new(3);
    let (mut lengths, mut x, mut labels, mut counts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..60 {
        let (mut steps, mut own) = (0, Vec::new());
        for _ in 0..3 {
            let label = 1 + ((numbers.next() + 1.0) * 0.999) as i32;
            own.push(label);
            for said in [label, 0] {
                for _ in 0..1 + ((numbers.next() + 1.0) * 1.49) as usize {
                    x.extend([f32::from(said == 1), f32::from(said == 2)]);
                    steps += 1;
                }
            }
        }
        lengths.push(steps);
        counts.push(own.len() as i32);
        labels.extend(own);
    }
    let mut data = Bundle::default();
    data.note("kind", "sequences");
    data.f32("x", vec![x.len() / 2, 2], x);
    data.push("lengths", vec![60], Elements::I32(lengths));
    data.push("labels", vec![labels.len()], Elements::I32(labels.clone()));
    data.push("labelLengths", vec![60], Elements::I32(counts.clone()));
    let json = r#"{"input":{"size":2},"layers":[{"kind":"gru","hiddenSize":8},{"kind":"dense"}],
        "output":{"at":"every","classes":["-","a","b"]},"loss":"ctc","seed":1}"#;
    let mut model = Model::create(json).expect("right");
    fit(&mut model, data.clone(), r#"{"epochs":60,"batchSize":10,"optimizer":{"kind":"adam","learningRate":0.02}}"#);
    let written = predict(&model, data, "{}").expect("fits");
    assert_eq!((ints(&written, "decodedLengths"), ints(&written, "decoded")), (counts, labels));
}
