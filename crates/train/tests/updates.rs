//! What an update moves: nothing that is frozen; weights by the gradient and the penalties, biases by the gradient alone.

mod common;

use common::{classified, fit, floats, run_to_end, scalar, text};
use train::checkpoint;
use train::evaluate::evaluate;
use train::gradients::gradients;
use train::model::Model;
use train::session::{Session, Status};
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Every parameter by name, as bits.
fn tensors(model: &Model) -> Vec<(String, Vec<u32>)> {
    let bundle = model.parameters().expect("sized");
    let bits = |name: &str| floats(&bundle, name).into_iter().map(f32::to_bits).collect();
    bundle.tensors.iter().map(|t| (t.name.clone(), bits(&t.name))).collect()
}

/// AdamW and penalties move a weight even where its gradient is zero.
const DECAY: &str = r#"{"epochs":3,"batchSize":4,"window":20,"penalty":{"l1":0.001,"l2":0.01},
    "optimizer":{"kind":"adamw","learningRate":0.01,"weightDecay":0.1}}"#;

#[test]
fn frozen_layers_keep_their_bits_and_others_move() {
    for frozen in ["embedding", "lstm", "dense"] {
        let json = r#"{"input":{"vocabulary":8},"seed":5,"layers":[{"kind":"embedding","units":5,"name":"embedding"},
            {"kind":"lstm","hiddenSize":7,"name":"lstm"},{"kind":"dense","name":"dense"}]}"#;
        let name = format!(r#""name":"{frozen}""#);
        let make = || Model::create(&json.replace(&name, &format!(r#"{name},"trainable":false"#))).expect("right");
        let start = tensors(&make());
        let mut whole = make();
        fit(&mut whole, text(400), DECAY);

        let mut cut = make();
        let mut session = Session::fit(&mut cut, text(400), DECAY, None, None).expect("right");
        assert_eq!(session.run(&mut cut, 7).expect("goes on"), Status::Running, "in the middle");
        let mut resumed = checkpoint::load(&checkpoint::save(&cut, Some(&session), true).expect("there is room"))
            .expect("just written");
        let session = Session::resume(&mut resumed, text(400), "{}", None, None).expect("the same data");
        run_to_end(&mut resumed, session, 3);

        for (what, model) in [("unbroken", &whole), ("resumed", &resumed)] {
            for ((name, before), (_, after)) in start.iter().zip(tensors(model)) {
                assert_eq!(*before == after, name.starts_with(frozen), "{name}, with {frozen} frozen, {what}");
            }
        }
        assert_eq!(tensors(&resumed), tensors(&whole), "{frozen}");
    }
}

#[test]
fn penalties_act_on_weights_not_biases_and_are_not_in_the_loss() {
    // PyTorch's initialisation has biases that are not zero.
    let json = r#"{"input":{"size":2},"layers":[{"kind":"gru","hiddenSize":4},{"kind":"dense"}],"init":"pytorch",
        "output":{"at":"last","classes":2},"seed":4}"#;
    let make = || Model::create(json).expect("right");
    let start = make();
    let gradient = gradients(&start, classified(6), "{}").expect("fits");
    let before = start.parameters().expect("sized");
    let figures: serde_json::Value =
        serde_json::from_str(&evaluate(&start, classified(6), "{}").expect("fits")).expect("JSON");
    let loss = figures["loss"].as_f64().expect("a number");

    for (penalty, l1, l2) in [(r#"{"l2":0.1}"#, 0.0, 0.1f32), (r#"{"l1":0.05}"#, 0.05f32, 0.0)] {
        let update = format!(r#""optimizer":{{"kind":"sgd","learningRate":0.5}},"clip":"none","penalty":{penalty}"#);
        let mut by_step = make();
        let mut trainer = Trainer::open(&mut by_step, &format!("{{{update}}}")).expect("right");
        let step = trainer.step(&mut by_step, classified(6)).expect("finite");
        assert!((scalar(&step, "loss") - loss).abs() < 1e-12, "{penalty}");
        let mut by_fit = make();
        let (records, _) = fit(&mut by_fit, classified(6), &format!(r#"{{"steps":1,"batchSize":"full",{update}}}"#));
        assert!((records[3] - loss).abs() < 1e-12, "{penalty}: the loss that a run tells");

        for (what, model) in [("step", &by_step), ("fit", &by_fit)] {
            let after = model.parameters().expect("sized");
            for tensor in &before.tensors {
                let name = &tensor.name;
                let (l1, l2) = if name.contains("bias") { (0.0, 0.0) } else { (l1, l2) };
                let moved = floats(&before, name).into_iter().zip(floats(&gradient, &format!("parameter.{name}")));
                for ((w, g), m) in moved.zip(floats(&after, name)) {
                    assert!(w != 0.0, "{name}: a zero has no penalty anyway");
                    assert_eq!(m, w - 0.5 * (g + (l1 * w.signum() + l2 * w)), "{name}, {penalty}, {what}");
                }
            }
        }
    }
}
