//! Every optimiser in a run: it learns, it goes on from a file as if it had never stopped, on any number of workers, and it
//! is refused where it cannot be.

mod common;

use common::{bits, bits64, classified, fit, fit_by_team, loss_of_tripled, run_to_end, text, tripled, tripler};
use train::checkpoint;
use train::learner::Learner;
use train::model::Model;
use train::session::{Session, Status};
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// With the options that keep most state, and rates that learn [`tripled`] in a hundred epochs.
const OPTIMIZERS: [&str; 22] = [
    r#"{"kind":"sgd","learningRate":0.2,"momentum":0.8,"dampening":0.2,"weightDecay":0.0001}"#,
    r#"{"kind":"rmsprop","momentum":0.5,"centered":true,"learningRate":0.003}"#,
    r#"{"kind":"adam","amsgrad":true,"learningRate":0.02}"#,
    r#"{"kind":"adamw","learningRate":0.02}"#,
    r#"{"kind":"nadam","learningRate":0.02,"weightDecay":0.001,"decoupledWeightDecay":true}"#,
    r#"{"kind":"radam","learningRate":0.03}"#,
    r#"{"kind":"adamax","learningRate":0.03}"#,
    r#"{"kind":"adagrad","learningRate":0.2,"rateDecay":0.001,"initialAccumulator":0.1}"#,
    r#"{"kind":"adadelta","learningRate":3}"#,
    r#"{"kind":"asgd","learningRate":0.2}"#,
    r#"{"kind":"asgd","learningRate":0.2,"t0":9,"lambda":0.001}"#,
    r#"{"kind":"rprop","learningRate":0.005,"largestStep":0.05,"etaPlus":1.05}"#,
    r#"{"kind":"sgd","learningRate":0.2,"momentum":0.8,"nesterov":true}"#,
    r#"{"kind":"adafactor","learningRate":0.05}"#,
    r#"{"kind":"muon","learningRate":0.02,"weightDecay":0.001}"#,
    r#"{"kind":"lion","learningRate":0.003,"weightDecay":0.001}"#,
    r#"{"kind":"lamb","learningRate":0.005}"#,
    r#"{"kind":"scheduleFree","learningRate":0.05,"warmup":5}"#,
    r#"{"kind":"prodigy","biasCorrection":true,"d0":0.001}"#,
    r#"{"kind":"sgd","learningRate":0.05,"hypergradient":0.05}"#,
    r#"{"kind":"sgd","learningRate":0.05,"hypergradient":0.001,"momentum":0.8,"nesterov":true}"#,
    r#"{"kind":"adam","learningRate":0.001,"hypergradient":0.0001}"#,
];

fn run(optimizer: &str, more: &str) -> String {
    format!(r#"{{"epochs":100,"batchSize":8,{},"clip":"none"{more}}}"#, option(optimizer))
}

/// With what else it needs: one that is for full batches takes all of them an update.
fn option(optimizer: &str) -> String {
    let all = if optimizer.contains("rprop") { r#","gradientAccumulation":1000"# } else { "" };
    format!(r#""optimizer":{optimizer}{all}"#)
}

#[test]
fn each_learns() {
    for optimizer in OPTIMIZERS {
        let mut model = tripler("");
        let before = loss_of_tripled(&model);
        fit(&mut model, tripled(40, |_| {}), &run(optimizer, ""));
        let after = loss_of_tripled(&model);
        println!("{before:.4} {after:.6} {optimizer}");
        assert!(after < 0.01 * before, "{optimizer}: {before} became {after}");
    }
}

/// What is done to gradients before an optimiser sees them.
const BEFORE: [&str; 14] = [
    r#""clip":{"norm":0.1,"normType":1}"#,
    r#""clip":{"norm":0.01,"normType":"infinity"}"#,
    r#""clip":{"norm":0.05,"per":"tensor"}"#,
    r#""clip":{"value":0.001}"#,
    r#""clip":{"adaptive":0.01}"#,
    r#""clip":"none","gradientNoise":{"eta":0.001}"#,
    r#""average":{"kind":"ema","decay":0.7}"#,
    r#""average":{"kind":"swa","start":4,"every":3},"optimizer":"nadam""#,
    r#""average":{"kind":"ema"},"optimizer":{"kind":"sgd","momentum":0.9},"penalty":{"l2":0.01},"clip":{"adaptive":0.1}"#,
    r#""optimizer":"nadam","groups":[{"kinds":["bias"],"learningRateFactor":0.1},{"layers":[1],"weightDecay":0.1}]"#,
    r#""optimizer":"adafactor","groups":[{"kinds":["recurrent","bias"],"learningRateFactor":2}]"#,
    r#""optimizer":"prodigy","groups":[{"layers":[0],"penalty":{"l2":0.01,"on":["bias","embedding"]}}]"#,
    r#""optimizer":{"kind":"adam","hypergradient":0.0001},"groups":[{"kinds":["bias"]},{"layers":[1]}]"#,
    r#""clip":{"adaptive":0.01,"epsilon":0.01},"gradientNoise":{"eta":0.01,"gamma":1},"penalty":{"l1":0.001}"#,
];

/// All of them as options of a run.
fn options() -> Vec<String> {
    let optimizers = OPTIMIZERS.iter().map(|optimizer| option(optimizer));
    optimizers.chain(BEFORE.map(String::from)).collect()
}

#[test]
fn each_resumes_from_a_file_bit_for_bit() {
    for options in options() {
        let run = format!(r#"{{"epochs":3,"batchSize":4,"window":20,"validationSplit":0.2,{options}}}"#);
        let make = || {
            let layers =
                r#"[{"kind":"embedding","units":5},{"kind":"gru","hiddenSize":7,"numLayers":2},{"kind":"dense"}]"#;
            Model::create(&format!(r#"{{"input":{{"vocabulary":8}},"layers":{layers},"seed":5}}"#)).expect("right")
        };
        let mut whole = make();
        let (unbroken, end) = fit(&mut whole, text(400), &run);
        for at in [1, 9, 14] {
            let mut model = make();
            let mut session = Session::fit(&mut model, text(400), &run, None, None).expect("right");
            assert_eq!(session.run(&mut model, at).expect("goes on"), Status::Running);
            let mut records = session.records();
            let file = checkpoint::save(&model, Some(&session), true).expect("there is room");
            let mut loaded = checkpoint::load(&file).expect("just written");
            assert_eq!(bits(&loaded), bits(&model), "{options}: what is saved is what is there");
            let session = Session::resume(&mut loaded, text(400), "{}", None, None).expect("the same data");
            let (rest, resumed_end) = run_to_end(&mut loaded, session, 2);
            records.extend(rest);
            assert_eq!(bits(&loaded), bits(&whole), "{options}: weights, cut after {at}");
            assert_eq!(bits64(&records), bits64(&unbroken), "{options}: records, cut after {at}");
            assert_eq!(resumed_end, end);
        }
    }
}

#[test]
fn workers_do_not_change_the_bits() {
    for options in options() {
        let run = format!(r#"{{"epochs":2,"batchSize":12,{options}}}"#);
        let (mut alone, mut three) = ([common::classifier()], [0; 3].map(|_| common::classifier()));
        let records = fit_by_team(&mut alone, &classified(30), &run);
        let shared = fit_by_team(&mut three, &classified(30), &run);
        assert_eq!(bits(&three[0]), bits(&alone[0]), "{options}");
        assert_eq!(bits64(&shared), bits64(&records), "{options}");
    }
}

/// One step of plain descent at rate 1 is the gradient that was left: what each option does to it, by name.
#[test]
fn gradients_are_clipped_and_noised_in_runs() {
    let step = |options: &str| -> Vec<(String, Vec<f32>)> {
        let run =
            format!(r#"{{"steps":1,"batchSize":"full","optimizer":{{"kind":"sgd","learningRate":1}},{options}}}"#);
        let (before, mut model) = (common::classifier().parameters().expect("sized"), common::classifier());
        fit(&mut model, classified(30), &run);
        let after = model.parameters().expect("sized");
        let moved = |name: &str| {
            let pairs = common::floats(&before, name).into_iter().zip(common::floats(&after, name));
            pairs.map(|(b, a)| b - a).collect()
        };
        before.tensors.iter().map(|t| (t.name.clone(), moved(&t.name))).collect()
    };
    let norm = |x: &[f32]| x.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    let plain = step(r#""clip":"none""#);
    let longest = plain.iter().map(|(_, x)| norm(x)).fold(0.0, f64::max);
    let per_tensor = step(&format!(r#""clip":{{"norm":{},"per":"tensor"}}"#, longest / 2.0));
    let mut clipped = 0;
    for ((name, free), (_, held)) in plain.iter().zip(&per_tensor) {
        let expected = norm(free).min(longest / 2.0);
        // Weights of about 1 hold a step to 1e-7.
        assert!((norm(held) - expected).abs() < 1e-4 * expected + 1e-6, "{name}: {} for {expected}", norm(held));
        clipped += usize::from(norm(free) > longest / 2.0);
    }
    assert!(clipped > 0 && clipped < plain.len(), "{clipped}");

    let noisy = step(r#""clip":"none","gradientNoise":{"eta":0.04}"#);
    let apart = plain.iter().zip(&noisy).flat_map(|((_, a), (_, b))| a.iter().zip(b).map(|(a, b)| f64::from(b - a)));
    let apart: Vec<f64> = apart.collect();
    let variance = apart.iter().map(|x| x * x).sum::<f64>() / apart.len() as f64;
    assert!((variance / 0.04 - 1.0).abs() < 4.0 * (2.0 / apart.len() as f64).sqrt(), "{variance}");
}

/// One that shows an average takes its gradients elsewhere: neither at given ones nor while it predicts by what it trains.
#[test]
fn what_needs_gradients_at_the_weights_shown_is_refused() {
    for optimizer in OPTIMIZERS {
        let options = format!(r#"{{"optimizer":{optimizer}}}"#);
        let apart = ["asgd", "scheduleFree"].iter().any(|kind| optimizer.contains(kind));
        let mut model = tripler("");
        let gradients = train::bundle::Bundle::default();
        let applied = Trainer::open(&mut model, &options).expect("right").apply(&mut model, gradients);
        let opened = Learner::open(&mut model, &options).map(|_| ());
        // Online learning has no batch of all data.
        for (result, not) in [(applied, apart), (opened, apart || optimizer.contains("rprop"))] {
            match result {
                Ok(()) => assert!(!not, "{optimizer}"),
                Err(error) => assert!(not && error.path.as_deref() == Some("optimizer"), "{}", error.message),
            }
        }
    }
}

/// What the model shows, and a file holds as its weights, is the average; the next gradient is taken at the point that is saved
/// beside it.
#[test]
fn schedule_free_shows_the_average_and_learns_at_its_point() {
    let run = r#"{"steps":9,"batchSize":"full","clip":"none","optimizer":{"kind":"scheduleFree","learningRate":0.1,"beta1":0.5}}"#;
    let mut model = tripler("");
    let mut session = Session::fit(&mut model, tripled(40, |_| {}), run, None, None).expect("right");
    session.run(&mut model, 4).expect("goes on");
    drop(session.records());
    let file = checkpoint::save(&model, Some(&session), true).expect("there is room");
    session.run(&mut model, 1).expect("goes on");
    let next = session.records()[3];

    let saved = checkpoint::load(&file).expect("just written");
    let (file, mut at_point) = (train::bundle::Bundle::read(&file).expect("just written"), tripler(""));
    let mut point = train::bundle::Bundle::default();
    for tensor in &saved.parameters().expect("sized").tensors {
        let [x, y, z] =
            ["", "optimizer.y.", "optimizer.z."].map(|p| common::floats(&file, &format!("{p}{}", tensor.name)));
        for ((x, y), z) in x.iter().zip(&y).zip(&z) {
            assert!((y - 0.5 * (x + z)).abs() < 1e-6, "y is between");
        }
        // One step has no use for the recurrent weights.
        assert!(x != y || tensor.name.contains("weight_hh"), "{}", tensor.name);
        point.f32(tensor.name.clone(), tensor.shape.clone(), y);
    }
    at_point.set_parameters(point, true).expect("all of them");
    assert!((next - loss_of_tripled(&at_point)).abs() < 1e-9 * next, "the gradient is that of the point");
    assert!((next - loss_of_tripled(&saved)).abs() > 1e-3 * next, "which is not what the model shows");
}

/// An average changes nothing of what is trained; the model has the average of it, and no learner can do that.
#[test]
fn averages_follow_a_run_that_they_do_not_change() {
    let run = |more: &str| {
        let mut model = common::classifier();
        let run = format!(r#"{{"steps":6,"batchSize":8,"optimizer":{{"kind":"adam","learningRate":0.01}}{more}}}"#);
        fit(&mut model, classified(30), &run);
        model
    };
    let plain = run("").parameters().expect("sized");
    for average in [r#"{"kind":"ema","decay":0.5}"#, r#"{"kind":"swa"}"#, r#"{"kind":"swa","start":2,"every":2}"#] {
        let model = run(&format!(r#","average":{average}"#));
        let file = checkpoint::save(&model, None, true).expect("there is room");
        let file = train::bundle::Bundle::read(&file).expect("just written");
        let shown = model.parameters().expect("sized");
        for tensor in &plain.tensors {
            let [trained, plain] =
                [(&file, "iterate."), (&plain, "")].map(|(b, p)| common::floats(b, &format!("{p}{}", tensor.name)));
            assert_eq!(trained, plain, "{}: {average}", tensor.name);
            assert_ne!(common::floats(&shown, &tensor.name), plain, "{}: {average}", tensor.name);
        }
        let options = format!(r#"{{"average":{average}}}"#);
        let applied = Trainer::open(&mut tripler(""), &options).expect("right");
        let error = { applied }.apply(&mut tripler(""), train::bundle::Bundle::default()).expect_err("refused");
        assert_eq!(error.path.as_deref(), Some("optimizer"));
        assert!(Learner::open(&mut tripler(""), &options).is_err());
    }
}
