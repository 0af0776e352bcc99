//! What a model is used for beside training: predictions, gradients, generation, training by hand and online.

mod common;

use common::{Numbers, bits, classified, classifier, fit, floats, scalar, singles, text, writer};
use train::bundle::{Bundle, Elements};
use train::generator::Generator;
use train::gradients::gradients;
use train::learner::Learner;
use train::learner::Stream;
use train::model::Model;
use train::predict::predict;
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// `n` sequences of these steps, with targets of two numbers at every step.
fn regression(n: usize, steps: usize) -> Bundle {
    let mut numbers = Numbers::new(7);
    let mut bundle = Bundle::default();
    bundle.note("kind", "sequences");
    bundle.push("lengths", vec![n], Elements::I32(vec![steps as i32; n]));
    bundle.f32("x", vec![n * steps, 2], numbers.list(n * steps * 2));
    bundle.f32("y", vec![n * steps, 2], numbers.list(n * steps * 2));
    bundle
}

fn regressor() -> Model {
    Model::create(r#"{"input":{"size":2},"layers":[{"kind":"rnn","hiddenSize":2}],"output":{"at":"every"},"seed":7}"#)
        .expect("right")
}

#[test]
fn a_sequence_predicts_the_same_bits_alone_and_among_others() {
    let mut model = classifier();
    fit(&mut model, classified(40), r#"{"epochs":1}"#);
    let all = predict(&model, classified(150), "{}").expect("fits");
    let together = floats(&all, "values");
    for (i, one) in singles(&classified(150)).into_iter().enumerate() {
        let alone = floats(&predict(&model, one, "{}").expect("fits"), "values");
        assert_eq!(alone, together[i * 2..i * 2 + 2], "sequence {i}");
        assert!((alone[0] + alone[1] - 1.0).abs() < 1e-6, "probabilities");
    }
}

#[test]
fn a_given_output_gradient_equals_the_loss_it_comes_from() {
    let model = regressor();
    let by_loss = gradients(&model, regression(3, 5), "{}").expect("fits");
    let predicted = floats(&predict(&model, regression(3, 5), "{}").expect("fits"), "values");
    let mut data = regression(3, 5);
    let (shape, y) = data.take_f32("y").expect("floats").expect("given");
    let cotangent = predicted.iter().zip(&y).map(|(p, t)| 2.0 * (p - t) / 30.0).collect();
    data.f32("outputGradient", shape, cotangent);
    let given = gradients(&model, data, r#"{"values":true}"#).expect("fits");
    for name in ["parameter.0.weight_hh_l0", "parameter.0.bias_ih_l0", "input", "state.0.h", "hidden.0.norms"] {
        let (a, b) = (floats(&by_loss, name), floats(&given, name));
        let largest = a.iter().fold(0f32, |m, v| m.max(v.abs()));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-6 * largest), "{name}");
    }
    let values = floats(&given, "hidden.0.values");
    let norms = floats(&given, "hidden.0.norms");
    for (t, norm) in norms.iter().enumerate() {
        let places = (0..3).flat_map(|b| (0..2).map(move |j| (b * 5 + t) * 2 + j));
        let squares: f64 = places.map(|i| f64::from(values[i]) * f64::from(values[i])).sum();
        assert!((squares.sqrt() - f64::from(*norm)).abs() < 1e-6);
    }
}

#[test]
fn one_trainer_step_is_plain_descent_along_the_gradient() {
    let mut model = regressor();
    let start = floats(&model.parameters().expect("sized"), "0.weight_hh_l0");
    let data = regression(3, 5);
    let gradient = gradients(&model, data.clone(), "{}").expect("fits");
    let mut trainer =
        Trainer::open(&mut model, r#"{"optimizer":{"kind":"sgd","learningRate":0.1},"clip":"none"}"#).expect("right");
    let step = trainer.step(&mut model, data.clone()).expect("finite");
    assert!((scalar(&step, "loss") - scalar(&gradient, "loss")).abs() < 1e-12);
    let moved = floats(&model.parameters().expect("sized"), "0.weight_hh_l0");
    for ((w, g), m) in start.iter().zip(floats(&gradient, "parameter.0.weight_hh_l0")).zip(&moved) {
        assert_eq!((w - 0.1f32 * g).to_bits(), m.to_bits());
    }
    // The same by hand, from a second model.
    let mut other = regressor();
    let mut trainer =
        Trainer::open(&mut other, r#"{"optimizer":{"kind":"sgd","learningRate":0.1},"clip":"none"}"#).expect("right");
    let mut named = Bundle::default();
    for tensor in gradient.tensors.iter().filter(|t| t.name.starts_with("parameter.")) {
        named.f32(&tensor.name["parameter.".len()..], tensor.shape.clone(), floats(&gradient, &tensor.name));
    }
    trainer.apply(&mut other, named).expect("fits");
    assert_eq!(bits(&other), bits(&model));
}

#[test]
fn an_online_step_descends_the_loss_of_the_last_step_over_the_window() {
    // No update before the last step (no targets), so that the whole window is one backward pass.
    let mut model = regressor();
    let data = regression(1, 4);
    let (x, y) = (floats(&data, "x"), floats(&data, "y"));
    let mut masked = data.clone();
    masked.f32("weight", vec![4], vec![0.0, 0.0, 0.0, 1.0]);
    let gradient = gradients(&model, masked, "{}").expect("fits");
    let start = floats(&model.parameters().expect("sized"), "0.weight_ih_l0");
    let options = r#"{"truncation":4,"optimizer":{"kind":"sgd","learningRate":0.5},"clip":"none"}"#;
    let mut learner = Learner::open(&mut model, options).expect("right");
    let predicted = floats(&predict(&model, data, "{}").expect("fits"), "values");
    for t in 0..4 {
        let target = (t == 3).then(|| &y[6..8]);
        let step = learner.step(&mut model, &x[t * 2..t * 2 + 2], target).expect("finite");
        assert_eq!(step[..2], predicted[t * 2..t * 2 + 2], "the prediction comes before the update");
        assert_eq!(step[2].is_nan(), t < 3);
    }
    let moved = floats(&model.parameters().expect("sized"), "0.weight_ih_l0");
    for ((w, g), m) in start.iter().zip(floats(&gradient, "parameter.0.weight_ih_l0")).zip(&moved) {
        assert!((w - 0.5 * g - m).abs() < 1e-6, "{w} {g} {m}");
    }
}

#[test]
fn an_online_run_equals_its_steps_and_learns() {
    let options = r#"{"truncation":3,"optimizer":{"kind":"adam","learningRate":0.02}}"#;
    let data = regression(1, 40);
    let (x, y) = (floats(&data, "x"), floats(&data, "y"));
    let mut by_steps = regressor();
    let mut learner = Learner::open(&mut by_steps, options).expect("right");
    let step = |t: usize| t * 2..t * 2 + 2;
    let losses: Vec<f32> =
        (0..40).map(|t| learner.step(&mut by_steps, &x[step(t)], Some(&y[step(t)])).expect("finite")[2]).collect();
    let mut by_run = regressor();
    let mut learner = Learner::open(&mut by_run, options).expect("right");
    let result = learner.run(&mut by_run, data.clone()).expect("fits");
    assert_eq!(floats(&result, "losses"), losses);
    assert_eq!(bits(&by_run), bits(&by_steps));
    let mut in_slices = regressor();
    let mut learner = Learner::open(&mut in_slices, options).expect("right");
    let mut stream = Stream::new(&in_slices, data).expect("fits");
    let done: Vec<bool> = (0..6).map(|_| stream.advance(&mut learner, &mut in_slices, 7).expect("finite")).collect();
    assert_eq!(done, [false, false, false, false, false, true]);
    assert_eq!(stream.finish(), result);
    assert_eq!(bits(&in_slices), bits(&by_steps));
}

#[test]
fn generation_goes_on_from_its_state_as_if_it_had_not_stopped() {
    let mut model = writer();
    fit(&mut model, text(500), r#"{"epochs":3,"window":20}"#);
    let prompt = |tokens: Vec<u8>, state: Option<Bundle>| {
        let mut bundle = state.unwrap_or_default();
        bundle.push("lengths", vec![1], Elements::I32(vec![tokens.len() as i32]));
        bundle.push("tokens", vec![tokens.len()], Elements::U8(tokens));
        bundle
    };
    let options = |length| format!(r#"{{"length":{length},"temperature":0}}"#);
    let mut whole = Generator::open(&model, &options(20), prompt(vec![1, 2, 3], None)).expect("right");
    let tokens = whole.next(&model, 100).expect("sized");
    assert_eq!(tokens.len(), 20);
    assert!(whole.next(&model, 1).expect("sized").is_empty(), "it has ended");

    let mut first = Generator::open(&model, &options(8), prompt(vec![1, 2, 3], None)).expect("right");
    let begun = first.next(&model, 8).expect("sized");
    let rest = prompt(vec![begun[7] as u8], Some(first.state(&model).expect("sized")));
    let mut second = Generator::open(&model, &options(12), rest).expect("right");
    assert_eq!([begun, second.next(&model, 12).expect("sized")].concat(), tokens);

    let sampled = |seed| {
        let options = format!(r#"{{"length":30,"temperature":1.5,"topK":4,"seed":{seed}}}"#);
        let mut generator = Generator::open(&model, &options, prompt(vec![1], None)).expect("right");
        generator.next(&model, 30).expect("sized")
    };
    assert_eq!(sampled(1), sampled(1));
    assert_ne!(sampled(1), sampled(2));
}

/// One sequence of the regressor's, and the state that it begins from.
fn from_state(x: &[f32], state: Vec<f32>) -> Bundle {
    let steps = x.len() / 2;
    let mut bundle = Bundle::default();
    bundle.push("lengths", vec![1], Elements::I32(vec![steps as i32]));
    bundle.f32("x", vec![steps, 2], x.to_vec());
    bundle.f32("state.0.h", vec![1, 1, 2], state);
    bundle
}

/// A plain update goes onto the weights without a gradient of its own; with a clip that never acts there is one.
#[test]
fn a_plain_step_online_is_that_of_a_trainer() {
    let optimizer = r#"{"kind":"sgd","learningRate":0.05}"#;
    let data = regression(1, 60);
    let (x, y) = (floats(&data, "x"), floats(&data, "y"));
    let weights = |model: &Model| floats(&model.parameters().expect("sized"), "0.weight_hh_l0");

    // Each step from the state that the step before ended in.
    let mut twin = regressor();
    let options = format!(r#"{{"optimizer":{optimizer},"clip":"none"}}"#);
    let mut trainer = Trainer::open(&mut twin, &options).expect("right");
    let (mut losses, mut state) = (Vec::new(), vec![0.0; 2]);
    for t in 0..60 {
        let mut step = from_state(&x[2 * t..2 * t + 2], state);
        step.f32("y", vec![1, 2], y[2 * t..2 * t + 2].to_vec());
        let result = trainer.step(&mut twin, step).expect("fits");
        losses.push(scalar(&result, "loss") as f32);
        state = floats(&result, "state.0.h");
    }

    for clip in [r#""none""#, r#"{"norm":1e30}"#] {
        let mut model = regressor();
        let options = format!(r#"{{"truncation":1,"optimizer":{optimizer},"clip":{clip}}}"#);
        let mut learner = Learner::open(&mut model, &options).expect("right");
        let result = learner.run(&mut model, data.clone()).expect("fits");
        let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5);
        assert!(close(&floats(&result, "losses"), &losses), "losses, clip {clip}");
        assert!(close(&weights(&model), &weights(&twin)), "weights, clip {clip}");
    }
}

#[test]
fn a_plain_step_into_infinity_is_taken_back() {
    let mut model = regressor();
    let before = bits(&model);
    let options = r#"{"truncation":1,"optimizer":{"kind":"sgd","learningRate":3e38},"clip":"none"}"#;
    let mut learner = Learner::open(&mut model, options).expect("right");
    let error = learner.step(&mut model, &[1.0, -1.0], Some(&[1e3, 1e3])).expect_err("too far");
    assert_eq!(error.code, "diverged");
    assert_eq!(bits(&model), before);
    learner.step(&mut model, &[1.0, -1.0], None).expect("it goes on");
}

/// A run looks at the weights after many steps, and must yet stop at the one where they cease to be finite.
#[test]
fn a_plain_run_into_infinity_ends_as_its_steps_do() {
    for (rate, far, first) in [(0.05, 3e19, 100), (1e35, 1e12, 100), (3e38, 1e3, 0)] {
        let mut data = regression(1, 200);
        let (x, mut y) = (floats(&data, "x"), floats(&data, "y"));
        y[2 * first] = far;
        data.tensors.retain(|t| t.name != "y");
        data.f32("y", vec![200, 2], y.clone());
        let options = format!(r#"{{"truncation":1,"optimizer":{{"kind":"sgd","learningRate":{rate}}},"clip":"none"}}"#);
        let (mut by_steps, mut by_run) = (regressor(), regressor());
        let mut stepwise = Learner::open(&mut by_steps, &options).expect("right");
        let step = |t: usize| 2 * t..2 * t + 2;
        let ends =
            (0..200).find_map(|t| Some((t, stepwise.step(&mut by_steps, &x[step(t)], Some(&y[step(t)])).err()?)));
        let mut learner = Learner::open(&mut by_run, &options).expect("right");
        let error = learner.run(&mut by_run, data).expect_err("it diverges");
        let (at, ends) = ends.expect("it diverges");
        assert_eq!(at, first, "rate {rate}");
        assert_eq!((error.code, &error.message), (ends.code, &ends.message), "rate {rate}");
        assert_eq!(bits(&by_run), bits(&by_steps), "rate {rate}");
        let next =
            |learner: &mut Learner, model: &mut Model| learner.step(model, &[0.1, 0.2], None).expect("it goes on");
        let same = |a: &f32, b: &f32| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        let (a, b) = (next(&mut learner, &mut by_run), next(&mut stepwise, &mut by_steps));
        assert!(a.iter().zip(&b).all(|(a, b)| same(a, b)), "rate {rate}: {a:?} {b:?}");
    }
}

/// The loss and its gradient are finite, and only the weights are not; wherever it happens between two looks.
#[test]
fn a_plain_run_finds_weights_that_overflow_at_their_step() {
    let classifier = || {
        let layers = r#"[{"kind":"rnn","hiddenSize":4,"activation":"relu"},{"kind":"dense"}]"#;
        let output = r#"{"at":"every","classes":3}"#;
        Model::create(&format!(r#"{{"input":{{"size":2}},"layers":{layers},"output":{output},"seed":7}}"#))
            .expect("right")
    };
    let options = r#"{"truncation":1,"optimizer":{"kind":"sgd","learningRate":3e38},"clip":"none"}"#;
    for at in [63, 64, 130, 199] {
        let mut x: Vec<f32> = Numbers::new(3).list(400);
        (x[2 * at], x[2 * at + 1]) = (10.0, -7.0);
        let mut classes = vec![-1; 200];
        classes[at] = 2;
        let mut data = Bundle::default();
        data.note("kind", "sequences");
        data.push("lengths", vec![1], Elements::I32(vec![200]));
        data.f32("x", vec![200, 2], x.clone());
        data.push("classes", vec![200], Elements::I32(classes.clone()));
        let (mut by_steps, mut by_run) = (classifier(), classifier());
        let mut stepwise = Learner::open(&mut by_steps, options).expect("right");
        let end = (0..200).find_map(|t| {
            let target = [classes[t] as f32];
            let target = (classes[t] >= 0).then_some(&target[..]);
            Some((t, stepwise.step(&mut by_steps, &x[2 * t..2 * t + 2], target).err()?))
        });
        let (step, end) = end.expect("it diverges");
        assert_eq!(step, at);
        let mut learner = Learner::open(&mut by_run, options).expect("right");
        let error = learner.run(&mut by_run, data).expect_err("it diverges");
        assert_eq!(error.message, end.message);
        assert!(error.message.contains("0.weight_ih_l0"), "{}", error.message);
        assert_eq!(bits(&by_run), bits(&by_steps));
        let next =
            |learner: &mut Learner, model: &mut Model| learner.step(model, &[0.1, 0.2], None).expect("it goes on");
        assert_eq!(next(&mut learner, &mut by_run)[..3], next(&mut stepwise, &mut by_steps)[..3]);
    }
}

#[test]
fn steps_without_targets_are_the_predictions_of_the_whole_sequence() {
    let mut model = regressor();
    let data = regression(1, 40);
    let x = floats(&data, "x");
    let whole = floats(&predict(&model, data, "{}").expect("fits"), "values");
    for truncation in [1, 5] {
        let options = format!(r#"{{"truncation":{truncation}}}"#);
        let mut learner = Learner::open(&mut model, &options).expect("right");
        for (t, x) in x.chunks_exact(2).enumerate() {
            let step = learner.step(&mut model, x, None).expect("fits");
            assert_eq!(step[..2], whole[2 * t..2 * t + 2], "step {t} of truncation {truncation}");
        }
    }
}

/// The definition, step by step: a pass over the window from the state kept before its first step, whatever the learner does.
#[test]
fn predictions_online_are_those_of_a_pass_over_the_window() {
    let data = regression(1, 40);
    let (x, y) = (floats(&data, "x"), floats(&data, "y"));
    for truncation in [1, 3] {
        let mut model = regressor();
        let options = format!(r#"{{"truncation":{truncation},"optimizer":{{"kind":"sgd","learningRate":0.1}}}}"#);
        let mut learner = Learner::open(&mut model, &options).expect("right");
        let mut states = vec![vec![0.0; 2]];
        for t in 0..40 {
            if states.len() > truncation {
                states.remove(0);
            }
            let n = states.len();
            let window = from_state(&x[2 * (t + 1 - n)..2 * (t + 1)], states[0].clone());
            let expected = predict(&model, window, "{}").expect("fits");
            states.push(floats(&expected, "state.0.h"));
            // Learns, rests for twice a window, and so on.
            let target = (t / 8 % 2 == 0).then(|| &y[2 * t..2 * t + 2]);
            let step = learner.step(&mut model, &x[2 * t..2 * t + 2], target).expect("fits");
            assert_eq!(step[..2], floats(&expected, "values")[2 * (n - 1)..], "step {t} of truncation {truncation}");
        }
    }
}

#[test]
fn a_gradient_too_large_is_refused_online_too() {
    let mut model = regressor();
    let before = bits(&model);
    let options = r#"{"truncation":1,"optimizer":{"kind":"sgd","learningRate":0.01},"clip":"none"}"#;
    let mut learner = Learner::open(&mut model, options).expect("right");
    let error = learner.step(&mut model, &[1.0, -1.0], Some(&[1e30, 0.0])).expect_err("too large");
    assert!(error.message.contains("the gradient of the output is above 1e18"), "{}", error.message);
    assert_eq!(bits(&model), before);
}
