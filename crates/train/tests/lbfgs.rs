//! L-BFGS in runs: the search over a model's own loss, its penalties, every cut between two evaluations, any number of workers, and
//! what it cannot be combined with.

mod common;

use common::{bits, bits64, classified, fit, fit_by_team, floats, run_to_end, scalar, text, tripled, tripler, writer};
use optim::{Lbfgs, Search};
use train::bundle::{Bundle, Elements};
use train::checkpoint;
use train::describe::rows::layers::LAYER;
use train::describe::table::{Default, Kind};
use train::evaluate::evaluate;
use train::gradients::gradients;
use train::learner::Learner;
use train::model::Model;
use train::session::{Session, Status};
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const COLUMNS: usize = 8;

fn classifier() -> Model {
    Model::create(
        r#"{"input":{"size":2},"layers":[{"kind":"gru","hiddenSize":6,"bidirectional":true},{"kind":"dense"}],
            "output":{"at":"last","classes":2},"seed":3}"#,
    )
    .expect("right")
}

fn run(epochs: usize, optimizer: &str, more: &str) -> String {
    format!(r#"{{"epochs":{epochs},"optimizer":{{"kind":"lbfgs"{optimizer}}},"metrics":[]{more}}}"#)
}

const WOLFE: &str = r#","lineSearch":"strongWolfe","maxIterations":4,"historySize":5"#;
const FIXED: &str = r#","learningRate":0.5,"maxIterations":3,"historySize":2"#;

/// Steps of an update and of the run's records.
fn steps(records: &[f64]) -> impl Iterator<Item = &[f64]> + Clone {
    records.chunks_exact(COLUMNS).filter(|row| row[0] == 0.0)
}

/// All parameters as one vector, in the order of the model.
fn flat(bundle: &Bundle, prefix: &str, names: &[String]) -> Vec<f32> {
    names.iter().flat_map(|name| floats(bundle, &format!("{prefix}{name}"))).collect()
}

/// The search driven by hand, by the public loss and gradient of the model at each point; the loss at the start of each update.
fn by_hand(model: &mut Model, data: &Bundle, settings: Lbfgs, rate: f64, l2: f64, updates: usize) -> Vec<f64> {
    let start = model.parameters().expect("sized");
    let names: Vec<String> = start.tensors.iter().map(|t| t.name.clone()).collect();
    let mut params = flat(&start, "", &names);
    let weights: Vec<bool> = start
        .tensors
        .iter()
        .flat_map(|t| {
            let Elements::F32(values) = &t.elements else { panic!("floats") };
            vec![t.shape.len() > 1; values.len()]
        })
        .collect();
    let buffer = |n: usize| Ok::<_, ()>(vec![0.0; n]);
    let mut search = Search::new(settings, params.len(), buffer).expect("small");
    search.reserve(buffer).expect("small");
    let put = |model: &mut Model, params: &[f32]| {
        let (mut bundle, mut rest) = (Bundle::default(), params);
        for tensor in &start.tensors {
            let (own, after) = rest.split_at(tensor.shape.iter().product());
            bundle.f32(tensor.name.clone(), tensor.shape.clone(), own.to_vec());
            rest = after;
        }
        model.set_parameters(bundle, true).expect("the same names");
    };
    let mut losses = Vec::new();
    for _ in 0..updates {
        for evaluation in 0.. {
            let point = search.point(&params).to_vec();
            put(model, &point);
            let found = gradients(model, data.clone(), "{}").expect("fits");
            let mut loss = scalar(&found, "loss");
            if evaluation == 0 {
                losses.push(loss);
            }
            let mut gradient = flat(&found, "parameter.", &names);
            for ((g, &w), _) in gradient.iter_mut().zip(&point).zip(&weights).filter(|(_, weight)| **weight) {
                *g += l2 as f32 * w;
                loss += 0.5 * l2 * f64::from(w) * f64::from(w);
            }
            if search.evaluated(rate, &mut params, loss, &mut gradient) {
                break;
            }
        }
    }
    put(model, &params);
    losses
}

#[test]
fn a_run_is_the_search_over_the_models_loss() {
    let wolfe = Lbfgs { strong_wolfe: true, max_iterations: 4, max_evaluations: 5, history: 5, ..Lbfgs::default() };
    let fixed = Lbfgs { max_iterations: 3, max_evaluations: 3, history: 2, ..Lbfgs::default() };
    let mut worst: f64 = 0.0;
    for (settings, rate, optimizer) in [(wolfe, 1.0, WOLFE), (fixed, 0.5, FIXED)] {
        for l2 in [0.0, 0.05] {
            let (mut expected, mut model) = (classifier(), classifier());
            let losses = by_hand(&mut expected, &classified(30), settings, rate, l2, 4);
            let (records, _) =
                fit(&mut model, classified(30), &run(4, optimizer, &format!(r#","penalty":{{"l2":{l2}}}"#)));
            let told: Vec<f64> = steps(&records).map(|row| row[3]).collect();
            assert_eq!(told.len(), 4);
            for (a, b) in told.iter().zip(&losses) {
                assert!((a / b - 1.0).abs() < 1e-5, "{optimizer} {l2}: {told:?} {losses:?}");
            }
            assert!(losses[2] < losses[0] - 0.01, "it learns, if not for ever without a line search: {losses:?}");
            let wide =
                |model: &Model| bits(model).into_iter().map(|b| f64::from(f32::from_bits(b))).collect::<Vec<_>>();
            let (a, b) = (wide(&model), wide(&expected));
            let size = b.iter().fold(0.0, |m: f64, b| m.max(b.abs()));
            let off = a.iter().zip(&b).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs())) / size;
            // Sums in another order: tens of evaluations of 32 bits.
            assert!(off <= 1e-4, "{optimizer} {l2}: off by {off:e}");
            worst = worst.max(off);
        }
    }
    println!("largest error {worst:.1e}");
}

fn loss(model: &Model) -> f64 {
    let figures = evaluate(model, tripled(40, |_| {}), "{}").expect("fits");
    let figures: serde_json::Value = serde_json::from_str(&figures).expect("JSON");
    figures["loss"].as_f64().expect("a number")
}

#[test]
fn it_learns_in_few_updates() {
    for optimizer in [r#","lineSearch":"strongWolfe""#, r#","learningRate":0.5"#] {
        let mut model = tripler("");
        let before = loss(&model);
        fit(&mut model, tripled(40, |_| {}), &run(6, optimizer, ""));
        let after = loss(&model);
        println!("{before:.4} {after:.3e} {optimizer}");
        assert!(after < 1e-4 * before, "{optimizer}: {before} became {after}");
    }
}

/// What a line search gives is a step along which the loss, with its penalty, goes down.
#[test]
fn updates_go_down() {
    let (mut model, more) = (writer(), r#","window":20,"penalty":{"l1":0.0001,"l2":0.001}"#);
    let (records, _) = fit(&mut model, text(400), &run(5, WOLFE, more));
    let losses: Vec<f64> = steps(&records).map(|row| row[3]).collect();
    assert!(losses.windows(2).all(|pair| pair[1] < pair[0]), "{losses:?}");
}

/// Whatever the gradient goes through: a step along it that the strong Wolfe conditions hold for is there only if it is that of
/// the loss.
#[test]
fn updates_go_down_through_every_form_of_a_layer() {
    for (layers, more) in [
        (r#"{"kind":"gru","hiddenSize":5,"weightNorm":true},{"kind":"layerNorm"},{"kind":"dense"}"#, ""),
        (
            r#"{"kind":"lstm","hiddenSize":5,"peepholes":true,"initialState":"learned"},{"kind":"dense","weightNorm":true}"#,
            "",
        ),
        (
            r#"{"kind":"dense","units":5},{"kind":"rnn","hiddenSize":5,"residual":true,"numLayers":2},{"kind":"rmsNorm"},{"kind":"dense"}"#,
            "",
        ),
        (r#"{"kind":"minLstm","hiddenSize":5},{"kind":"lru","hiddenSize":4},{"kind":"dense"}"#, ""),
        (r#"{"kind":"lstm","hiddenSize":5,"skip":true},{"kind":"dense"}"#, r#","checkpointing":{"every":2}"#),
    ] {
        let json =
            format!(r#"{{"input":{{"size":2}},"layers":[{layers}],"output":{{"at":"last","classes":2}},"seed":3}}"#);
        let mut model = Model::create(&json).expect("right");
        let more = format!(r#","penalty":{{"l2":0.001}}{more}"#);
        let (records, _) = fit(&mut model, classified(30), &run(6, &format!(r#"{WOLFE},"maxEvaluations":40"#), &more));
        let losses: Vec<f64> = steps(&records).map(|row| row[3]).collect();
        assert!(losses.windows(2).all(|pair| pair[1] < pair[0]) && losses[5] < 0.7 * losses[0], "{layers}: {losses:?}");
    }
}

type Make = fn() -> (Model, Bundle);

#[test]
fn saved_or_stopped_at_any_evaluation_it_goes_on_bit_for_bit() {
    let cases: [(Make, &str, &str); 4] = [
        (|| (classifier(), classified(30)), WOLFE, r#","validationSplit":0.2,"penalty":{"l1":0.001}"#),
        (|| (classifier(), classified(30)), FIXED, r#","clip":{"norm":0.1},"shuffle":true"#),
        (|| (writer(), text(200)), WOLFE, r#","window":20"#),
        (
            || (writer(), text(200)),
            r#","maxIterations":1,"learningRate":{"kind":"stepDecay","initial":0.5,"every":1,"factor":0.9}"#,
            r#","window":20"#,
        ),
    ];
    for (make, optimizer, more) in cases {
        let run = run(4, optimizer, more);
        let (mut whole, data) = make();
        let (unbroken, end) = fit(&mut whole, data.clone(), &run);
        let mut stopped = 0;
        for at in 1..16 {
            let (mut model, _) = make();
            let mut session = Session::fit(&mut model, data.clone(), &run, None, None).expect("right");
            if session.run(&mut model, at).expect("goes on") == Status::Done {
                break;
            }
            let mut records = session.records();
            let file = if at % 2 == 0 {
                checkpoint::save(&model, Some(&session), true).expect("there is room")
            } else {
                session.stop();
                // No further evaluation of the training part, wherever it is.
                while session.run(&mut model, 1).expect("goes on") != Status::Done {}
                let reason = session.finish(&mut model).expect("finite");
                stopped += usize::from(reason.contains("stopped"));
                checkpoint::save(&model, None, true).expect("there is room")
            };
            let mut loaded = checkpoint::load(&file).expect("just written");
            assert_eq!(checkpoint::save(&loaded, None, true).expect("there is room"), file, "cut after {at}");
            let session = Session::resume(&mut loaded, data.clone(), "{}", None, None).expect("the same data");
            let (rest, resumed_end) = run_to_end(&mut loaded, session, 1 + at % 3);
            records.extend(rest);
            assert_eq!(bits(&loaded), bits(&whole), "{optimizer} {more}: weights, cut after {at}");
            assert!(
                at % 2 == 1 || bits64(&records) == bits64(&unbroken),
                "{optimizer} {more}: records, cut after {at}"
            );
            assert_eq!(resumed_end, end);
        }
        assert!(stopped > 0);
    }
}

/// The weights are those of the last step, not of a trial.
#[test]
fn a_stop_ends_between_two_evaluations() {
    let mut model = classifier();
    let start = bits(&model);
    let mut session = Session::fit(&mut model, classified(30), &run(9, WOLFE, ""), None, None).expect("right");
    assert_eq!(session.run(&mut model, 1).expect("goes on"), Status::Running);
    assert_eq!(bits(&model), start, "a trial is apart");
    session.stop();
    assert_eq!(session.run(&mut model, 1).expect("goes on"), Status::Done);
    assert!(session.records().is_empty());
    session.finish(&mut model).expect("finite");
    assert_eq!(bits(&model), start);
}

#[test]
fn any_number_of_workers_gives_the_same_bits() {
    for optimizer in [WOLFE, FIXED] {
        let run = run(4, optimizer, r#","validationSplit":0.2"#);
        let mut alone = [classifier()];
        let records = fit_by_team(&mut alone, &classified(40), &run);
        for workers in [2, 3, 8] {
            let mut team: Vec<_> = (0..workers).map(|_| classifier()).collect();
            let shared = fit_by_team(&mut team, &classified(40), &run);
            assert_eq!(bits(&team[0]), bits(&alone[0]), "{optimizer}, {workers} workers");
            assert_eq!(bits64(&shared), bits64(&records), "{optimizer}, {workers} workers");
        }
    }
}

#[test]
fn frozen_parameters_stay() {
    let json = r#"{"input":{"size":2},"layers":[{"kind":"gru","hiddenSize":6,"name":"gru","trainable":false},{"kind":"dense"}],
        "output":{"at":"last","classes":2}}"#;
    let mut model = Model::create(json).expect("right");
    let start = model.parameters().expect("sized");
    fit(&mut model, classified(30), &run(3, WOLFE, ""));
    let end = model.parameters().expect("sized");
    for tensor in &start.tensors {
        let same = floats(&start, &tensor.name) == floats(&end, &tensor.name);
        assert_eq!(same, tensor.name.starts_with("gru"), "{}", tensor.name);
    }
}

#[test]
fn without_a_line_search_it_may_diverge() {
    let mut model = tripler("");
    let wild = run(9, r#","learningRate":1e30"#, r#","penalty":{"l2":1}"#);
    let mut session = Session::fit(&mut model, tripled(40, |_| {}), &wild, None, None).expect("right");
    while session.run(&mut model, 1).expect("goes on") == Status::Running {}
    let error = session.finish(&mut model).expect_err("it diverges");
    assert_eq!(error.code, "diverged");
    assert!(bits(&model).into_iter().all(|b| f32::from_bits(b).is_finite()));
    // With one it turns back.
    let mut model = tripler("");
    let before = loss(&model);
    let wild = run(3, r#","learningRate":1e30,"maxEvaluations":400,"lineSearch":"strongWolfe""#, "");
    fit(&mut model, tripled(40, |_| {}), &wild);
    assert!(loss(&model) < 0.1 * before);
}

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
    assert!(refused(writer(), text(99), &carried).starts_with("carryState: lbfgs has one batch"));
    assert!(refused(writer(), text(99), &run(1, "", r#","window":9,"batchSize":4"#)).starts_with("batchSize: lbfgs"));
    assert_eq!(
        refused(common::classifier(), classified(30), &run(1, "", "")),
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

#[test]
fn a_file_has_what_the_search_needs() {
    let mut model = classifier();
    fit(&mut model, classified(30), &run(1, WOLFE, ""));
    let file = checkpoint::save(&model, None, true).expect("there is room");
    let bundle = Bundle::read(&file).expect("just written");
    let names: Vec<&str> = bundle.tensors.iter().map(|t| t.name.as_str()).collect();
    for name in [
        "optimizer.lbfgs",
        "optimizer.d.0.weight_ih_l0",
        "optimizer.prev_flat_grad.1.bias",
        "optimizer.old_stps.0.1.bias",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    // Only what is in use.
    assert!(!names.iter().any(|name| name.contains("old_dirs.5") || name.contains("bracket_g")), "{names:?}");
}
