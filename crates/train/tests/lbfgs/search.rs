//! Updates are those of the search over the model's own loss, and go down.

use super::common::{bits, classified, fit, floats, loss_of_tripled, scalar, text, tripled, tripler, writer};
use super::{FIXED, WOLFE, classifier, run, steps};
use optim::{Lbfgs, Search};
use train::bundle::{Bundle, Elements};
use train::gradients::gradients;
use train::model::Model;
use train::session::{Session, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

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

#[test]
fn it_learns_in_few_updates() {
    for optimizer in [r#","lineSearch":"strongWolfe""#, r#","learningRate":0.5"#] {
        let mut model = tripler("");
        let before = loss_of_tripled(&model);
        fit(&mut model, tripled(40, |_| {}), &run(6, optimizer, ""));
        let after = loss_of_tripled(&model);
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
    let before = loss_of_tripled(&model);
    let wild = run(3, r#","learningRate":1e30,"maxEvaluations":400,"lineSearch":"strongWolfe""#, "");
    fit(&mut model, tripled(40, |_| {}), &wild);
    assert!(loss_of_tripled(&model) < 0.1 * before);
}
