//! Every loss in a model: what it gives for a data set against the f64 twin, the same bits on any workers and after a resume,
//! what is predicted, and what is refused.

mod common;

use common::{Numbers, bits, bits64, fit, fit_by_team, floats, run_to_end, scalar};
use naive::losses::{ctc, distributions, numbers};
use train::bundle::{Bundle, Elements};
use train::checkpoint;
use train::evaluate::evaluate;
use train::gradients::gradients;
use train::model::Model;
use train::predict::predict;
use train::session::{Session, Status};
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const LENGTHS: [i32; 7] = [3, 6, 4, 5, 7, 3, 4];

/// What targets are.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Numbers,
    Shares,
    Counts,
    Classes,
    Probabilities,
    Labels,
}

struct Case {
    loss: &'static str,
    kind: Kind,
    /// Of outputs `[rows, width]`, targets, and the weights of rows.
    twin: fn(&[f64], &[f64], &[f64]) -> naive::Loss,
}

const C: usize = 4;
const WEIGHTS: [f64; C] = [0.5, 2.0, 0.0, 1.0];

fn classes(t: &[f64]) -> Vec<i64> {
    t.iter().map(|&c| c as i64).collect()
}

fn cases() -> Vec<Case> {
    use Kind::{Classes, Counts, Labels, Numbers, Probabilities, Shares};
    let case = |loss, kind, twin| Case { loss, kind, twin };
    vec![
        case(r#""mse""#, Numbers, |p, t, w| naive::mse(p, t, Some(w))),
        case(r#""mae""#, Numbers, |p, t, w| numbers::mae(p, t, Some(w))),
        case(r#""huber""#, Numbers, |p, t, w| numbers::huber(p, t, 1.0, Some(w))),
        case(r#"{"kind":"huber","delta":0.3}"#, Numbers, |p, t, w| numbers::huber(p, t, 0.3, Some(w))),
        case(r#"{"kind":"smoothL1","beta":0.5}"#, Numbers, |p, t, w| numbers::smooth_l1(p, t, 0.5, Some(w))),
        case(r#"{"kind":"quantile","quantiles":[0.1,0.5,0.9]}"#, Numbers, |p, t, w| {
            numbers::quantile(p, t, &[0.1, 0.5, 0.9], Some(w))
        }),
        case(r#""gaussianNll""#, Numbers, |p, t, w| {
            numbers::gaussian_nll(p, t, numbers::Variance::Softplus, false, 1e-6, Some(w))
        }),
        case(r#"{"kind":"gaussianNll","variance":"exp","full":true}"#, Numbers, |p, t, w| {
            numbers::gaussian_nll(p, t, numbers::Variance::Exp, true, 1e-6, Some(w))
        }),
        case(r#""poissonNll""#, Counts, |p, t, w| numbers::poisson_nll(p, t, true, false, 1e-8, Some(w))),
        case(r#"{"kind":"poissonNll","full":true}"#, Counts, |p, t, w| {
            numbers::poisson_nll(p, t, true, true, 1e-8, Some(w))
        }),
        case(r#""binaryCrossEntropy""#, Shares, |p, t, w| numbers::binary_cross_entropy(p, t, &[1.0], Some(w))),
        case(r#"{"kind":"binaryCrossEntropy","positiveWeight":[3,0.5]}"#, Shares, |p, t, w| {
            numbers::binary_cross_entropy(p, t, &[3.0, 0.5], Some(w))
        }),
        case(r#""crossEntropy""#, Classes, |p, t, w| distributions::smoothed(p, &classes(t), &[1.0; C], 0.0, Some(w))),
        case(
            r#"{"kind":"crossEntropy","classWeights":[0.5,2,0,1],"labelSmoothing":0.1,"ignoreIndex":3}"#,
            Classes,
            |p, t, w| {
                let t: Vec<i64> = classes(t).iter().map(|&c| if c == 3 { -1 } else { c }).collect();
                distributions::smoothed(p, &t, &WEIGHTS, 0.1, Some(w))
            },
        ),
        case(r#"{"kind":"crossEntropy","targets":"probabilities","labelSmoothing":0.2}"#, Probabilities, |p, t, w| {
            distributions::of_distributions(p, t, &[1.0; C], 0.2, Some(w))
        }),
        case(r#""klDivergence""#, Probabilities, |p, t, w| distributions::kl_divergence(p, t, C, Some(w))),
        case(r#"{"kind":"ctc","blank":1}"#, Labels, |_, _, _| unreachable!("of whole sequences")),
    ]
}

impl Case {
    fn model(&self, at: &str) -> Model {
        let output = match self.kind {
            Kind::Numbers | Kind::Shares | Kind::Counts => r#""size":2"#,
            _ => r#""classes":4"#,
        };
        let json = format!(
            r#"{{"input":{{"size":2}},"layers":[{{"kind":"gru","hiddenSize":5}},{{"kind":"dense"}}],
                "output":{{"at":"{at}",{output}}},"loss":{},"seed":3}}"#,
            self.loss
        );
        Model::create(&json).unwrap_or_else(|e| panic!("{json}: {e:?}"))
    }

    /// Ragged sequences with targets, and weights of which some are 0.
    fn data(&self, at: &str) -> Bundle {
        let mut numbers = Numbers::new(8);
        let rows = LENGTHS.iter().sum::<i32>() as usize;
        let mut bundle = Bundle::default();
        bundle.note("kind", "sequences");
        bundle.push("lengths", vec![LENGTHS.len()], Elements::I32(LENGTHS.to_vec()));
        bundle.f32("x", vec![rows, 2], numbers.list(rows * 2));
        let count = if at == "every" && self.kind != Kind::Labels { rows } else { LENGTHS.len() };
        let mut shares = |n: usize| -> Vec<f32> { (0..n).map(|_| (numbers.next() + 1.0) / 2.0).collect() };
        match self.kind {
            Kind::Numbers | Kind::Shares => bundle.f32("y", vec![count, 2], shares(2 * count)),
            Kind::Counts => {
                bundle.f32("y", vec![count, 2], shares(2 * count).iter().map(|s| (s * 6.0).floor()).collect())
            }
            Kind::Classes => {
                let classes = (0..count as i32).map(|i| (i * i + i / 3) % 5 - 1).collect();
                bundle.push("classes", vec![count], Elements::I32(classes));
            }
            Kind::Probabilities => {
                let mut p = shares(C * count);
                for row in p.chunks_exact_mut(C) {
                    let sum: f32 = row.iter().sum();
                    row.iter_mut().for_each(|p| *p /= sum);
                }
                bundle.f32("y", vec![count, C], p);
            }
            Kind::Labels => {
                let lists = transcripts();
                bundle.push("labels", vec![lists.concat().len()], Elements::I32(lists.concat()));
                let lengths = lists.iter().map(|l| l.len() as i32).collect();
                bundle.push("labelLengths", vec![count], Elements::I32(lengths));
            }
        }
        bundle.f32("weight", vec![count], (0..count).map(|i| [1.0, 0.5, 0.0, 2.0][i % 4]).collect());
        bundle
    }

    /// The mean loss of what the model gives and its gradient by that, row after row, by the twin.
    fn expected(&self, model: &Model, data: &Bundle, at: &str) -> (f64, Vec<f64>) {
        let raw = predict(model, data.clone(), r#"{"raw":true}"#).expect("fits");
        let values: Vec<f64> = floats(&raw, "values").iter().map(|&v| f64::from(v)).collect();
        let weight: Vec<f64> = floats(data, "weight").iter().map(|&v| f64::from(v)).collect();
        let longest = if at == "every" { 7 } else { 1 };
        let width = values.len() / LENGTHS.len() / longest;
        if self.kind == Kind::Labels {
            let mut loss = naive::Loss { sum: 0.0, weight: 0.0, gradient: Vec::new() };
            for (i, labels) in transcripts().iter().enumerate() {
                let logits = &values[i * longest * width..][..LENGTHS[i] as usize * width];
                let names: Vec<usize> = labels.iter().map(|&l| l as usize).collect();
                let (own, gradient) = ctc::ctc(logits, width, &names, 1);
                let share = weight[i] / labels.len().max(1) as f64;
                loss.sum += share * own;
                loss.weight += weight[i];
                loss.gradient.extend(gradient.iter().map(|g| share * g));
            }
            return (loss.mean(), loss.mean_gradient());
        }
        // Without what lies past the end of a sequence.
        let rows: Vec<f64> = values.into_iter().filter(|v| !v.is_nan()).collect();
        let targets: Vec<f64> = match data.find("classes").map(|t| &t.elements) {
            Some(Elements::I32(classes)) => classes.iter().map(|&c| f64::from(c)).collect(),
            _ => floats(data, "y").iter().map(|&v| f64::from(v)).collect(),
        };
        let loss = (self.twin)(&rows, &targets, &weight);
        (loss.mean(), loss.mean_gradient())
    }
}

/// Labels without the blank, 1, with repeats and one empty list.
fn transcripts() -> Vec<Vec<i32>> {
    vec![vec![0, 2], vec![3, 3, 0], vec![], vec![2, 0, 2], vec![0, 0, 2, 3], vec![3], vec![2, 2]]
}

fn places(case: &Case) -> &'static [&'static str] {
    if case.kind == Kind::Labels { &["every"] } else { &["last", "every"] }
}

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

            let mut whole = case.model(at);
            let (unbroken, _) = fit(&mut whole, data.clone(), &run);
            let mut model = case.model(at);
            let mut session = Session::fit(&mut model, data.clone(), &run, None, None).expect("right");
            assert_eq!(session.run(&mut model, 4).expect("goes on"), Status::Running);
            let mut records = session.records();
            let file = checkpoint::save(&model, Some(&session), true).expect("there is room");
            let mut loaded = checkpoint::load(&file).expect("a file just written");
            let session = Session::resume(&mut loaded, data.clone(), "{}", None, None).expect("the same data");
            records.extend(run_to_end(&mut loaded, session, 2).0);
            assert_eq!(bits(&loaded), bits(&whole), "{} at {at}", case.loss);
            assert_eq!(bits64(&records), bits64(&unbroken), "{} at {at}", case.loss);
        }
    }
}

fn ints(bundle: &Bundle, name: &str) -> Vec<i32> {
    match &bundle.find(name).expect(name).elements {
        Elements::I32(v) => v.clone(),
        other => panic!("{}", other.dtype()),
    }
}

/// What a prediction shows of what the network gives.
#[test]
fn predictions_in_the_users_units() {
    for case in cases() {
        for at in places(&case) {
            let (model, data) = (case.model(at), case.data(at));
            let shown = predict(&model, data.clone(), "{}").expect("fits");
            let raw = floats(&predict(&model, data.clone(), r#"{"raw":true}"#).expect("fits"), "values");
            let values = floats(&shown, "values");
            let close = |expected: Vec<f64>| {
                assert_eq!(values.len(), expected.len(), "{}", case.loss);
                for (v, e) in values.iter().zip(expected) {
                    assert!(
                        v.is_nan() && e.is_nan() || (f64::from(*v) - e).abs() <= 2e-6 * e.abs().max(0.1),
                        "{}: {v} {e}",
                        case.loss
                    );
                }
            };
            let wide = raw.iter().map(|&v| f64::from(v));
            match case.kind {
                Kind::Shares => close(wide.map(|z| 1.0 / (1.0 + libm::exp(-z))).collect()),
                Kind::Counts => close(wide.map(libm::exp).collect()),
                Kind::Numbers if case.loss.contains("gaussian") => {
                    let exp = case.loss.contains("exp");
                    close(wide.clone().step_by(2).collect());
                    let variance: Vec<f32> = floats(&shown, "variance");
                    let of = |s: f64| if exp { libm::exp(s) } else { libm::log1p(libm::exp(s)) };
                    for (v, s) in variance.iter().zip(wide.skip(1).step_by(2)) {
                        assert!(v.is_nan() && s.is_nan() || (f64::from(*v) - of(s)).abs() <= 1e-6, "{v} {s}");
                    }
                    let shape = &shown.find("variance").expect("there").shape;
                    assert_eq!(shape, &shown.find("values").expect("there").shape);
                }
                Kind::Numbers => close(wide.collect()),
                Kind::Classes | Kind::Probabilities | Kind::Labels => {
                    for (row, p) in raw.chunks(C).zip(values.chunks(C)).filter(|(row, _)| !row[0].is_nan()) {
                        let p_of = distributions::log_softmax(&row.iter().map(|&z| f64::from(z)).collect::<Vec<_>>());
                        let apart = p.iter().zip(p_of).map(|(p, l)| (f64::from(*p) - libm::exp(l)).abs());
                        assert!(apart.fold(0.0, f64::max) <= 1e-6);
                    }
                    let labels = case.kind == Kind::Labels;
                    assert_eq!((shown.find("decoded").is_some(), shown.find("classes").is_some()), (labels, !labels));
                }
            }
        }
    }
}

/// Scaled targets: quantiles and means in the user's units, variances in their squares; the loss that of a model on data that
/// were scaled by hand.
#[test]
fn several_numbers_for_each_of_some_scaled_targets() {
    let json = |loss: &str, scale: &str| {
        format!(
            r#"{{"input":{{"size":1}},"layers":[{{"kind":"rnn","hiddenSize":4}},{{"kind":"dense"}}],
                "output":{{"at":"last","size":2,"scale":"{scale}"}},"loss":{loss},"seed":2}}"#
        )
    };
    // Minimum and maximum are exact in 32 bits: columns of 3 … 7 and of -50 … 50.
    let (offset, scale) = ([3.0, -50.0], [4.0, 100.0]);
    let data = |own: bool| {
        common::tripled(9, |bundle| {
            let place = |i: usize, j: usize| (i * (j + 1) % 9) as f32 / 8.0;
            let unit = |i: usize, j: usize| place(i, j) * scale[j] + offset[j];
            let y = (0..18).map(|k| if own { unit(k / 2, k % 2) } else { place(k / 2, k % 2) }).collect();
            bundle.tensors.retain(|t| t.name != "y");
            bundle.f32("y", vec![9, 2], y);
        })
    };
    for loss in [r#"{"kind":"quantile","quantiles":[0.1,0.5,0.9]}"#, r#""gaussianNll""#] {
        let mut scaled = Model::create(&json(loss, "minMax")).expect("right");
        let mut plain = Model::create(&json(loss, "none")).expect("right");
        let run = r#"{"epochs":5,"metrics":["rmse"]}"#;
        let (records, _) = fit(&mut scaled, data(true), run);
        let (by_hand, _) = fit(&mut plain, data(false), run);
        assert_eq!(bits(&scaled), bits(&plain), "{loss}");
        assert_eq!(records[3].to_bits(), by_hand[3].to_bits(), "the loss is in the network's units");
        let [own, other] =
            [(&scaled, true), (&plain, false)].map(|(m, own)| predict(m, data(own), "{}").expect("fits"));
        let width = if loss.contains("quantile") { 3 } else { 1 };
        let (values, expected) = (floats(&own, "values"), floats(&other, "values"));
        assert_eq!(values.len(), 9 * 2 * width);
        for (i, (v, e)) in values.iter().zip(expected).enumerate() {
            let j = i / width % 2;
            assert!((v - (e * scale[j] + offset[j])).abs() <= 1e-4, "{loss} {i}: {v} {e}");
        }
        if width == 1 {
            let variances = floats(&own, "variance").into_iter().zip(floats(&other, "variance")).enumerate();
            variances.for_each(|(i, (v, e))| assert!((v / (e * scale[i % 2] * scale[i % 2]) - 1.0).abs() < 1e-5));
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

fn refused(case: &Case, at: &str, change: impl FnOnce(&mut Bundle)) -> (String, &'static str) {
    let mut data = case.data(at);
    change(&mut data);
    let error = Session::fit(&mut case.model(at), data, r#"{"epochs":1}"#, None, None).err().expect("refused");
    (error.message.clone(), error.code)
}

fn case_of(kind: Kind) -> Case {
    cases().into_iter().rev().find(|case| case.kind == kind).expect("one of them")
}

fn put(bundle: &mut Bundle, name: &str, at: usize, value: f32) {
    let tensor = bundle.tensors.iter_mut().find(|t| t.name == name).expect("given");
    match &mut tensor.elements {
        Elements::F32(v) => v[at] = value,
        Elements::I32(v) => v[at] = value as i32,
        other => panic!("{}", other.dtype()),
    }
}

/// Before anything is learned, with the place; what is masked is not looked at.
#[test]
fn targets_that_a_loss_has_no_meaning_for() {
    // Row 4 of the steps is step 1 of sequence 1.
    for (kind, at, index, value, expected) in [
        (Kind::Shares, "last", 3, 1.5, "y[1][1]: expected a number from 0 to 1, got 1.5"),
        (Kind::Shares, "every", 8, -0.5, "y[1][1][0]: expected a number from 0 to 1, got -0.5"),
        (Kind::Counts, "last", 0, -1.0, "y[0][0]: expected a count: a number from 0, got -1"),
        (Kind::Probabilities, "last", 4, -0.25, "y[1][0]: expected a probability: a number from 0, got -0.25"),
    ] {
        assert_eq!(refused(&case_of(kind), at, |data| put(data, "y", index, value)), (expected.into(), "wrongData"));
        // The third row of four has weight 0.
        let masked = if at == "every" { 6 * 2 } else { 2 * if kind == Kind::Probabilities { C } else { 2 } };
        let case = case_of(kind);
        let mut data = case.data(at);
        put(&mut data, "y", masked, value);
        assert!(Session::fit(&mut case.model(at), data, r#"{"epochs":1}"#, None, None).is_ok(), "masked");
    }
    let (message, _) = refused(&case_of(Kind::Probabilities), "every", |data| put(data, "y", 4, 3.0));
    assert!(message.starts_with("y[0][1]: expected 4 probabilities with sum 1, got sum 3."), "{message}");

    let labels = case_of(Kind::Labels);
    assert_eq!(
        refused(&labels, "every", |data| put(data, "labels", 3, 1.0)),
        ("y[1][1]: expected a label that is not the blank, got 1".into(), "blankLabel")
    );
    assert_eq!(
        refused(&labels, "every", |data| put(data, "labels", 3, 4.0)),
        ("y[1][1]: expected a class below 4, got 4".into(), "wrongData")
    );
    // Three steps and two labels: of equal ones with a blank between, that is all there is room for.
    let short = |lengths: Vec<i32>| {
        move |data: &mut Bundle| {
            let rows = lengths.iter().sum::<i32>() as usize;
            data.tensors.retain(|t| t.name != "lengths" && t.name != "x");
            data.push("lengths", vec![7], Elements::I32(lengths));
            data.f32("x", vec![rows, 2], vec![0.5; 2 * rows]);
        }
    };
    // The last sequence has weight 0: too long too, it is not looked at.
    let (message, code) = refused(&labels, "every", short(vec![2, 4, 1, 3, 4, 1, 1]));
    let expected = "y[4]: expected labels that 4 steps can give: one each, and a blank between equal ones, got 4 labels, which take 5";
    assert_eq!(
        (message.strip_suffix("; loss.zeroInfinity leaves such sequences aside"), code),
        (Some(expected), "targetTooLong")
    );
    assert!(
        Session::fit(
            &mut labels.model("every"),
            {
                let mut data = labels.data("every");
                short(vec![2, 4, 1, 3, 5, 1, 1])(&mut data);
                data
            },
            "{}",
            None,
            None
        )
        .is_ok(),
        "as many steps as they take"
    );
    let lenient = Model::create(
        r#"{"input":{"size":2},"layers":[{"kind":"gru","hiddenSize":5},{"kind":"dense"}],"output":{"at":"every","classes":4},
            "loss":{"kind":"ctc","blank":1,"zeroInfinity":true}}"#,
    );
    let mut data = labels.data("every");
    short(vec![2, 4, 1, 3, 4, 1, 1])(&mut data);
    let (records, _) = fit(&mut lenient.expect("right"), data, r#"{"epochs":2}"#);
    assert!(records[3] > 0.0 && records[3].is_finite());
}

/// An index that stands for no class masks, and may be one that there is.
#[test]
fn an_ignored_class_is_no_target() {
    let json = |loss: &str| {
        format!(
            r#"{{"input":{{"size":2}},"layers":[{{"kind":"gru","hiddenSize":5}},{{"kind":"dense"}}],
                "output":{{"at":"every","classes":4}},"loss":{loss},"seed":3}}"#
        )
    };
    let case = case_of(Kind::Classes);
    let data = case.data("every");
    let mut masked = data.clone();
    for (i, class) in ints(&data, "classes").into_iter().enumerate() {
        put(&mut masked, "classes", i, if class == 2 { -1.0 } else { class as f32 });
    }
    let run = r#"{"epochs":3,"batchSize":2,"metrics":["accuracy"]}"#;
    let mut ignoring = Model::create(&json(r#"{"kind":"crossEntropy","ignoreIndex":2}"#)).expect("right");
    let mut plain = Model::create(&json(r#""crossEntropy""#)).expect("right");
    let (by_index, by_mask) = (fit(&mut ignoring, data, run).0, fit(&mut plain, masked, run).0);
    // The sums are the same; the exponentials of a gradient are rounded with another factor.
    let same = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 || a.is_nan());
    assert!(same(&by_index, &by_mask), "{by_index:?}\n{by_mask:?}");
    // It need not be trained before it is validated, as another has to be.
    let validated = |last: f32| {
        let mut data = case.data("every");
        let rows = ints(&data, "classes").len();
        // The last sequence has the last four steps.
        (0..rows).for_each(|i| put(&mut data, "classes", i, if i >= rows - 4 { last } else { 1.0 }));
        let mut model = Model::create(&json(r#"{"kind":"crossEntropy","ignoreIndex":2}"#)).expect("right");
        put(&mut data, "classes", rows - 1, 1.0);
        put(&mut data, "weight", rows - 1, 1.0);
        Session::fit(&mut model, data, r#"{"epochs":1,"validationSplit":0.15}"#, None, None).err().map(|e| e.code)
    };
    assert_eq!((validated(2.0), validated(3.0)), (None, Some("untrainedClass")));
}
