//! Which samples a run learns from, and in which order: nothing of the validation part, each of the others once an epoch.

mod common;

use common::{bits, bits64, classified, fit, singles, tripled};
use train::bundle::{Bundle, Elements};
use train::model::Model;
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Numbers in a record: eight, and one metric twice.
const STRIDE: usize = 10;

fn scaled() -> Model {
    let json = r#"{"input":{"size":1,"scale":"standard"},"layers":[{"kind":"rnn","hiddenSize":4},{"kind":"dense"}],
        "output":{"at":"last","size":1,"scale":"standard"}}"#;
    Model::create(json).expect("right")
}

/// Ten samples, with the input or the target of some a thousand times as large.
fn enlarged(name: &str, places: &[usize]) -> Bundle {
    tripled(10, |bundle| {
        let tensor = bundle.tensors.iter_mut().find(|t| t.name == name).expect("given");
        let Elements::F32(values) = &mut tensor.elements else { panic!("f32") };
        // Element 5 is zero.
        places.iter().for_each(|&i| values[i] = (values[i] + 1.0) * 1000.0);
    })
}

#[test]
fn constants_are_fitted_on_the_training_part_alone() {
    for from in ["end", "random"] {
        let constants = |data: Bundle| {
            let mut model = scaled();
            let run = format!(r#"{{"epochs":1,"validationSplit":{{"fraction":0.3,"from":"{from}"}}}}"#);
            fit(&mut model, data, &run);
            (model.encoding.input.expect("fitted"), model.encoding.output.expect("fitted"))
        };
        let plain = constants(enlarged("x", &[]));
        for name in ["x", "y"] {
            let unseen: Vec<usize> = (0..10).filter(|&i| constants(enlarged(name, &[i])) == plain).collect();
            assert_eq!(unseen.len(), 3, "{name}, from {from}: {unseen:?}");
            assert!(from == "random" || unseen == [7, 8, 9], "{name}: {unseen:?}");
            assert!(constants(enlarged(name, &unseen)) == plain, "{name}, from {from}: all of them");
        }
    }
}

#[test]
fn nothing_is_learned_from_the_validation_part() {
    let run = r#"{"epochs":4,"batchSize":2,"validationSplit":0.3,"keep":"last"}"#;
    let (mut plain, mut other) = (scaled(), scaled());
    let (records, _) = fit(&mut plain, enlarged("y", &[]), run);
    let (altered, _) = fit(&mut other, enlarged("y", &[7, 8, 9]), run);
    assert_eq!(bits(&other), bits(&plain));
    assert!(bits(&plain) != bits(&scaled()), "it was trained");
    let validation = 7;
    for (a, b) in records.chunks(STRIDE).zip(altered.chunks(STRIDE)) {
        assert_eq!(bits64(&a[..validation]), bits64(&b[..validation]));
        assert!(a[0] == 0.0 || a[validation] < b[validation], "an epoch's validation loss: {a:?} {b:?}");
    }
    let epochs = records.chunks(STRIDE).filter(|row| row[0] == 1.0).count();
    assert_eq!(epochs, 4);
}

/// A classifier without dropout, whose masks go by a sample's place in its data.
fn plain_classifier() -> Model {
    let json = r#"{"input":{"size":2},"layers":[{"kind":"gru","hiddenSize":5},{"kind":"dense"}],
        "output":{"at":"last","classes":2},"seed":6}"#;
    Model::create(json).expect("right")
}

#[test]
fn single_samples_in_their_order_are_steps_one_by_one() {
    let update =
        r#""optimizer":{"kind":"adam","learningRate":{"kind":"stepDecay","initial":0.02,"every":5,"factor":0.5}}"#;
    let run = |shuffle: bool| format!(r#"{{"epochs":2,"batchSize":1,"shuffle":{shuffle},{update}}}"#);
    let mut by_run = plain_classifier();
    let (records, _) = fit(&mut by_run, classified(12), &run(false));
    let mut by_steps = plain_classifier();
    let mut trainer = Trainer::open(&mut by_steps, &format!("{{{update}}}")).expect("right");
    let mut losses = Vec::new();
    for one in [singles(&classified(12)), singles(&classified(12))].concat() {
        losses.push(common::scalar(&trainer.step(&mut by_steps, one).expect("finite"), "loss"));
    }
    assert_eq!(bits(&by_steps), bits(&by_run));
    assert_eq!(bits64(&losses), bits64(&losses_of(&records)));
    let mut shuffled = plain_classifier();
    fit(&mut shuffled, classified(12), &run(true));
    assert!(bits(&shuffled) != bits(&by_run), "shuffling changes the order");
}

fn losses_of(records: &[f64]) -> Vec<f64> {
    records.chunks(STRIDE).filter(|row| row[0] == 0.0).map(|row| row[3]).collect()
}

#[test]
fn shuffling_shows_each_sample_once_an_epoch_in_an_order_of_its_own() {
    // So small a rate moves no weight, so that a sample is known by its loss.
    let run = |shuffle: &str| {
        let run = r#"{"epochs":3,"batchSize":1,"optimizer":{"kind":"sgd","learningRate":1e-30}"#;
        losses_of(&fit(&mut plain_classifier(), classified(12), &format!("{run}{shuffle}}}")).0)
    };
    let (in_order, shuffled) = (run(r#","shuffle":false"#), run(""));
    let sorted = |losses: &[f64]| {
        let mut losses = losses.to_vec();
        losses.sort_by(f64::total_cmp);
        losses
    };
    let mut orders = vec![&in_order[..12]];
    for epoch in shuffled.chunks(12) {
        assert_eq!(sorted(epoch), sorted(&in_order[..12]), "each once");
        assert!(!orders.contains(&epoch), "an order that was there before");
        orders.push(epoch);
    }
    assert_eq!(orders.len(), 4);
}
