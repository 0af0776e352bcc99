//! Figures of evaluate against plain f64 sums over what predict gives; the same on any workers and after a resume; what is
//! counted only when asked for.

mod common;

use common::{Numbers, bits64, fit, fit_by_team, floats, run_to_end};
use train::bundle::{Bundle, Elements};
use train::checkpoint;
use train::evaluate::evaluate;
use train::model::Model;
use train::predict::predict;
use train::session::{Session, Status};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const N: usize = 150;
/// Numbers in a record beside the metrics.
const HEAD: usize = 8;

/// Sequences of three steps of two numbers, with what `targets` puts in, and weights of which a third is 0.
fn data(targets: impl FnOnce(&mut Numbers, &mut Bundle)) -> Bundle {
    let mut numbers = Numbers::new(4);
    let mut bundle = Bundle::default();
    bundle.note("kind", "sequences");
    bundle.push("lengths", vec![N], Elements::I32(vec![3; N]));
    bundle.f32("x", vec![3 * N, 2], numbers.list(6 * N));
    targets(&mut numbers, &mut bundle);
    bundle.f32("weight", vec![N], weights().iter().map(|&w| w as f32).collect());
    bundle
}

fn weights() -> Vec<f64> {
    (0..N).map(|i| [1.0, 0.0, 0.5][i % 3]).collect()
}

fn model(output: &str, more: &str) -> Model {
    let json = format!(
        r#"{{"input":{{"size":2}},"layers":[{{"kind":"gru","hiddenSize":4}},{{"kind":"dense"}}],"output":{{"at":"last",{output}}}{more}}}"#
    );
    Model::create(&json).unwrap_or_else(|e| panic!("{json}: {e:?}"))
}

fn figures(model: &Model, data: &Bundle, metrics: &str) -> serde_json::Map<String, serde_json::Value> {
    let json = evaluate(model, data.clone(), &format!(r#"{{"metrics":{metrics}}}"#)).expect("fits");
    match serde_json::from_str(&json).expect("JSON") {
        serde_json::Value::Object(figures) => figures,
        other => panic!("{other}"),
    }
}

fn check(found: &serde_json::Map<String, serde_json::Value>, expected: &[(&str, f64)]) {
    assert_eq!(found.len(), expected.len() + 1, "{found:?}: these and the loss");
    for (name, expected) in expected {
        let value = found[*name].as_f64().unwrap_or(f64::NAN);
        assert!((value - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{name}: {value}, not {expected}");
    }
}

fn wide(bundle: &Bundle, name: &str) -> Vec<f64> {
    floats(bundle, name).iter().map(|&v| f64::from(v)).collect()
}

fn largest(row: &[f64]) -> usize {
    (0..row.len()).fold(0, |best, k| if row[k] > row[best] { k } else { best })
}

const OF_CLASSES: &str = r#"["accuracy",{"kind":"topKAccuracy","k":2},"precision","recall","f1",{"kind":"precision","average":"micro"},
    {"kind":"recall","average":"micro"},{"kind":"f1","average":"micro"},"perplexity","bitsPerCharacter"]"#;

/// Five classes of which one never occurs and is never said, and one is never said.
fn of_classes() -> (Model, Bundle) {
    let data = data(|numbers, bundle| {
        let class = |_| [0, 1, 2, 3, 3, 1][((numbers.next() + 1.0) * 2.99) as usize];
        bundle.push("classes", vec![N], Elements::I32((0..N).map(class).collect()));
    });
    let mut model = model(r#""classes":5"#, r#","loss":{"kind":"crossEntropy","labelSmoothing":0.1},"seed":2"#);
    fit(&mut model, data.clone(), r#"{"epochs":6,"optimizer":{"kind":"adam","learningRate":0.02}}"#);
    (model, data)
}

#[test]
fn of_classes_weighted() {
    let (model, data) = of_classes();
    let values = wide(&predict(&model, data.clone(), "{}").expect("fits"), "values");
    let Elements::I32(truth) = &data.find("classes").expect("given").elements else { panic!("classes") };
    let (w, rows) = (weights(), values.chunks(5).collect::<Vec<_>>());
    let total: f64 = w.iter().sum();
    let share = |of: &dyn Fn(usize) -> bool| (0..N).filter(|&i| of(i)).map(|i| w[i]).sum::<f64>();
    let hits = share(&|i| largest(rows[i]) == truth[i] as usize);
    let rank = |i: usize| rows[i].iter().filter(|&&p| p > rows[i][truth[i] as usize]).count();
    let surprise = (0..N).map(|i| -w[i] * libm::log(rows[i][truth[i] as usize])).sum::<f64>() / total;
    let mut of_each = Vec::new();
    for class in 0..5 {
        let right = share(&|i| largest(rows[i]) == class && truth[i] as usize == class);
        let (said, is) = (share(&|i| largest(rows[i]) == class), share(&|i| truth[i] as usize == class));
        let over = |a: f64, b: f64| if b == 0.0 { 0.0 } else { a / b };
        if said + is > 0.0 {
            of_each.push([over(right, said), over(right, is), over(2.0 * right, said + is)]);
        }
    }
    assert!(of_each.len() < 5 && of_each.iter().any(|f| f[2] == 0.0), "some are left out and some are 0: {of_each:?}");
    let mean = |k: usize| of_each.iter().map(|f| f[k]).sum::<f64>() / of_each.len() as f64;
    let found = figures(&model, &data, OF_CLASSES);
    // The kernel's exponentials are those of 32 bits.
    let close = |name: &str, value: f64| (found[name].as_f64().unwrap() / value - 1.0).abs() < 1e-6;
    assert!(
        close("perplexity", libm::exp(surprise)) && close("bitsPerCharacter", surprise / std::f64::consts::LN_2),
        "{found:?}"
    );
    assert!(found["loss"].as_f64().unwrap() > surprise, "the loss is smoothed: {found:?}");
    let exact: Vec<(&str, f64)> = vec![
        ("accuracy", hits / total),
        ("top2Accuracy", share(&|i| rank(i) < 2) / total),
        ("precision", mean(0)),
        ("recall", mean(1)),
        ("f1", mean(2)),
        ("microPrecision", hits / total),
        ("microRecall", hits / total),
        ("microF1", hits / total),
        ("perplexity", found["perplexity"].as_f64().unwrap()),
        ("bitsPerCharacter", found["bitsPerCharacter"].as_f64().unwrap()),
    ];
    check(&found, &exact);
}

#[test]
fn of_two_classes_and_of_yes_and_no() {
    let truth: Vec<i32> = (0..N as i32).map(|i| i32::from(i * i % 7 < 3)).collect();
    let by_class = data(|_, bundle| bundle.push("classes", vec![N], Elements::I32(truth.clone())));
    let by_yes = data(|_, bundle| bundle.f32("y", vec![N, 1], truth.iter().map(|&t| t as f32).collect()));
    for (model, data) in
        [(model(r#""classes":2"#, ""), by_class), (model(r#""size":1"#, r#","loss":"binaryCrossEntropy""#), by_yes)]
    {
        let values = wide(&predict(&model, data.clone(), "{}").expect("fits"), "values");
        let width = values.len() / N;
        let yes = |i: usize| values[(i + 1) * width - 1] >= 0.5;
        let share = |of: &dyn Fn(usize) -> bool| (0..N).filter(|&i| of(i)).map(|i| weights()[i]).sum::<f64>();
        let right = share(&|i| yes(i) && truth[i] == 1);
        let (said, is) = (share(&|i| yes(i)), share(&|i| truth[i] == 1));
        let metrics = r#"["accuracy",{"kind":"precision","average":"binary"},{"kind":"recall","average":"binary"},{"kind":"f1","average":"binary"}]"#;
        check(
            &figures(&model, &data, metrics),
            &[
                ("accuracy", share(&|i| yes(i) == (truth[i] == 1)) / share(&|_| true)),
                ("binaryPrecision", if said > 0.0 { right / said } else { 0.0 }),
                ("binaryRecall", right / is),
                ("binaryF1", 2.0 * right / (said + is)),
            ],
        );
    }
}

/// Each output of several is a class of its own.
#[test]
fn of_several_yes_or_no() {
    let truth: Vec<f32> = (0..3 * N).map(|i| ((i * i / 2) % 3 == 1) as u8 as f32).collect();
    let data = data(|_, bundle| bundle.f32("y", vec![N, 3], truth.clone()));
    let model = model(r#""size":3"#, r#","loss":"binaryCrossEntropy","seed":4"#);
    let values = wide(&predict(&model, data.clone(), "{}").expect("fits"), "values");
    let mut counts = [[0.0; 3]; 3];
    let (mut hits, w) = (0.0, weights());
    for i in 0..3 * N {
        let (said, is, w) = (values[i] >= 0.5, truth[i] == 1.0, w[i / 3]);
        hits += if said == is { w } else { 0.0 };
        let c = &mut counts[i % 3];
        c[0] += if said && is { w } else { 0.0 };
        c[1] += if said { w } else { 0.0 };
        c[2] += if is { w } else { 0.0 };
    }
    let f1 = |c: &[f64; 3]| 2.0 * c[0] / (c[1] + c[2]);
    let all = counts.iter().fold([0.0; 3], |a, c| [a[0] + c[0], a[1] + c[1], a[2] + c[2]]);
    let expected = [
        ("accuracy", hits / (3.0 * w.iter().sum::<f64>())),
        ("f1", counts.iter().map(f1).sum::<f64>() / 3.0),
        ("microF1", f1(&all)),
    ];
    check(&figures(&model, &data, r#"["accuracy","f1",{"kind":"f1","average":"micro"}]"#), &expected);
}

const OF_NUMBERS: &str = r#"["rmse","mae","mape","smape","r2",{"kind":"mase","naiveError":[2,50]}]"#;

/// Two columns of different sizes, of which the first may be far from 0 beside its spread.
fn of_numbers(loss: &str, scale: &str, first: f32) -> (Model, Bundle) {
    let data = data(|numbers, bundle| {
        let y = (0..2 * N).map(|i| if i % 2 == 0 { first + numbers.next() } else { 30.0 * numbers.next() });
        bundle.f32("y", vec![N, 2], y.collect());
    });
    let mut model = model(&format!(r#""size":2,"scale":"{scale}""#), loss);
    fit(&mut model, data.clone(), r#"{"epochs":2}"#);
    (model, data)
}

/// A prediction is shown in 32 bits. Where nothing scales it that is what the network gave, so that the figures are those of the
/// same numbers, but for the order of sums in f64, and a mean of 1e4 that is taken off leaves 1e-12 at worst; elsewhere it is
/// rounded for the eye, by up to 6e-8 of it, which is a part of errors of about its size.
const SCALES: [(&str, f32, f64); 3] = [("none", 0.5, 1e-12), ("none", 1e4, 1e-12), ("standard", 0.5, 1e-6)];

#[test]
fn of_numbers_in_the_users_units() {
    let losses =
        [("", 1), (r#","loss":"gaussianNll""#, 1), (r#","loss":{"kind":"quantile","quantiles":[0.2,0.45,0.9]}"#, 3)];
    let mut worst = [0f64; 3];
    for (loss, width, (k, &(scale, first, tolerance))) in
        losses.iter().flat_map(|&(loss, width)| SCALES.iter().enumerate().map(move |scale| (loss, width, scale)))
    {
        let (model, data) = of_numbers(loss, scale, first);
        let values = wide(&predict(&model, data.clone(), "{}").expect("fits"), "values");
        let (truth, w) = (wide(&data, "y"), weights());
        // Of the quantiles the one nearest to one half.
        let p = |i: usize| values[width * i + usize::from(width == 3)];
        let mean = |of: &dyn Fn(usize) -> f64, some: &dyn Fn(usize) -> bool| {
            let (mut sum, mut total) = (0.0, 0.0);
            for i in (0..2 * N).filter(|&i| some(i)) {
                sum += w[i / 2] * of(i);
                total += w[i / 2];
            }
            sum / total
        };
        let (all, error) = (|_: usize| true, |i: usize| p(i) - truth[i]);
        let r2 = |column: usize| {
            let own = |i: usize| i % 2 == column;
            let centre = mean(&|i| truth[i], &own);
            1.0 - mean(&|i| error(i) * error(i), &own) / mean(&|i| (truth[i] - centre) * (truth[i] - centre), &own)
        };
        let mae = |column: usize| mean(&|i| error(i).abs(), &|i| i % 2 == column);
        let found = figures(&model, &data, OF_NUMBERS);
        let expected = [
            ("rmse", mean(&|i| error(i) * error(i), &all).sqrt()),
            ("mae", mean(&|i| error(i).abs(), &all)),
            ("mape", 100.0 * mean(&|i| (error(i) / truth[i]).abs(), &all)),
            ("smape", 100.0 * mean(&|i| 2.0 * error(i).abs() / (p(i).abs() + truth[i].abs()), &all)),
            ("r2", (r2(0) + r2(1)) / 2.0),
            ("mase", (mae(0) / 2.0 + mae(1) / 50.0) / 2.0),
        ];
        assert_eq!(found.len(), expected.len() + 1);
        for (name, expected) in expected {
            let value = found[name].as_f64().expect("a number");
            let off = (value - expected).abs() / expected.abs();
            assert!(off <= tolerance, "{loss} {scale} {first} {name}: {value}, not {expected}: off by {off:e}");
            worst[k] = worst[k].max(off);
        }
    }
    println!("{worst:?}");
}

/// In whole numbers the figures are exact.
#[test]
fn a_constant_truth_has_no_r2_and_equal_zeros_no_error() {
    let zeros = data(|_, bundle| bundle.f32("y", vec![N, 2], vec![0.0; 2 * N]));
    let mut model = model(r#""size":2"#, "");
    let mut parameters = model.parameters().expect("sized");
    for tensor in &mut parameters.tensors {
        if let Elements::F32(values) = &mut tensor.elements {
            values.fill(0.0);
        }
    }
    model.set_parameters(parameters, true).expect("its own");
    let found = figures(&model, &zeros, r#"["smape","r2","mape"]"#);
    assert_eq!(found["smape"].as_f64(), Some(0.0));
    assert!(found["r2"].is_null() && found["mape"].is_null(), "{found:?}");
}

/// Sums of shards and batches in their order: the same bits on three workers, in any slices, after a file.
#[test]
fn in_a_run() {
    let classes = || {
        let json = r#","loss":{"kind":"crossEntropy","labelSmoothing":0.1},"seed":2"#;
        (model(r#""classes":5"#, json), of_classes().1, OF_CLASSES)
    };
    let numbers = || (model(r#""size":2,"scale":"standard""#, ""), of_numbers("", "standard", 1e4).1, OF_NUMBERS);
    for make in [&classes as &dyn Fn() -> (Model, Bundle, &'static str), &numbers] {
        let (mut whole, data, metrics) = make();
        let run = format!(
            r#"{{"epochs":3,"batchSize":20,"metrics":{metrics},"validationSplit":{{"fraction":0.3,"from":"random"}}}}"#
        );
        let (unbroken, _) = fit(&mut whole, data.clone(), &run);
        assert!(unbroken[HEAD..].iter().take(3).all(|v| v.is_finite()), "{:?}", &unbroken[..24]);
        let mut model = make().0;
        let mut session = Session::fit(&mut model, data.clone(), &run, None, None).expect("right");
        assert_eq!(session.run(&mut model, 9).expect("goes on"), Status::Running);
        let mut records = session.records();
        let file = checkpoint::save(&model, Some(&session), true).expect("there is room");
        let mut loaded = checkpoint::load(&file).expect("a file just written");
        let session = Session::resume(&mut loaded, data.clone(), "{}", None, None).expect("the same data");
        records.extend(run_to_end(&mut loaded, session, 2).0);
        assert_eq!(bits64(&records), bits64(&unbroken), "{metrics}");

        let run = format!(r#"{{"epochs":2,"batchSize":20,"metrics":{metrics}}}"#);
        let of_team = |n: usize| fit_by_team(&mut (0..n).map(|_| make().0).collect::<Vec<_>>(), &data, &run);
        let (one, three) = (of_team(1), of_team(3));
        assert_eq!(bits64(&one), bits64(&three), "{metrics}");
        tells_what_evaluate_would(make());
    }
}

/// The last third of a bundle's sequences.
fn last_third(data: &Bundle) -> Bundle {
    let mut part = data.clone();
    for tensor in &mut part.tensors {
        let rows = tensor.shape[0];
        let (from, width) = (rows - rows / 3, tensor.shape.iter().skip(1).product::<usize>());
        tensor.shape[0] = rows / 3;
        match &mut tensor.elements {
            Elements::F32(values) => drop(values.drain(..from * width)),
            Elements::I32(values) => drop(values.drain(..from * width)),
            other => panic!("{}", other.dtype()),
        }
    }
    part
}

/// Each in its own place, of the training part and of the validation part, while the weights stand still: at a rate of nothing.
fn tells_what_evaluate_would((mut model, data, metrics): (Model, Bundle, &str)) {
    let run = |more: &str| {
        format!(
            r#"{{"epochs":1,"batchSize":20,"metrics":{metrics},"optimizer":{{"kind":"sgd","learningRate":1e-30}}{more}}}"#
        )
    };
    let whole = run("");
    let session = Session::fit(&mut model, data.clone(), &whole, None, None).expect("right");
    let info: serde_json::Value = serde_json::from_str(&session.info()).expect("JSON");
    let names: Vec<&str> = info["metrics"].as_array().expect("a list").iter().filter_map(|n| n.as_str()).collect();
    let width = HEAD + 2 * names.len();
    let epoch = |records: &[f64]| records.chunks(width).find(|row| row[0] == 1.0).expect("an epoch").to_vec();
    let same = |values: &[f64], model: &Model, data: &Bundle, what: &str| {
        let found = figures(model, data, metrics);
        assert_eq!((names.len(), found.len()), (values.len(), names.len() + 1), "{what}");
        for (value, name) in values.iter().zip(&names) {
            let expected = found[*name].as_f64().expect("a number");
            // Sums of batches of 20 instead of 64.
            assert!((value - expected).abs() <= 1e-12 * expected.abs(), "{what}: {name} is {value}, not {expected}");
        }
    };
    let (records, _) = run_to_end(&mut model, session, 2);
    same(&epoch(&records)[HEAD..HEAD + names.len()], &model, &data, "training");
    let (records, _) = fit(&mut model, data.clone(), &run(r#","validationSplit":0.33333334"#));
    same(&epoch(&records)[HEAD + names.len()..], &model, &last_third(&data), "validation");
}

#[test]
fn label_error_rate() {
    let lists: Vec<Vec<i32>> = (0..N).map(|i| (0..i % 3).map(|j| 1 + ((i + j) % 2) as i32).collect()).collect();
    let data = data(|_, bundle| {
        bundle.push("labels", vec![lists.concat().len()], Elements::I32(lists.concat()));
        bundle.push("labelLengths", vec![N], Elements::I32(lists.iter().map(|l| l.len() as i32).collect()));
    });
    let json = r#"{"input":{"size":2},"layers":[{"kind":"gru","hiddenSize":4},{"kind":"dense"}],
        "output":{"at":"every","classes":3},"loss":"ctc","seed":3}"#;
    let mut model = Model::create(json).expect("right");
    fit(&mut model, data.clone(), r#"{"epochs":3}"#);
    let predicted = predict(&model, data.clone(), "{}").expect("fits");
    let ints = |name: &str| match &predicted.find(name).expect(name).elements {
        Elements::I32(v) => v.clone(),
        other => panic!("{}", other.dtype()),
    };
    let (flat, mut at) = (ints("decoded"), 0);
    let (mut edits, mut labels) = (0.0, 0.0);
    for (i, n) in ints("decodedLengths").into_iter().enumerate() {
        edits += weights()[i] * distance(&flat[at..at + n as usize], &lists[i]) as f64;
        labels += weights()[i] * lists[i].len() as f64;
        at += n as usize;
    }
    assert!(edits > 0.0 && at == flat.len() && at > 0, "{edits} {at}");
    check(&figures(&model, &data, r#"["labelErrorRate"]"#), &[("labelErrorRate", edits / labels)]);
}

/// By its definition.
fn distance(a: &[i32], b: &[i32]) -> usize {
    match (a.split_first(), b.split_first()) {
        (None, _) => b.len(),
        (_, None) => a.len(),
        (Some((x, a1)), Some((y, b1))) if x == y => distance(a1, b1),
        (Some((_, a1)), Some((_, b1))) => 1 + distance(a1, b).min(distance(a, b1)).min(distance(a1, b1)),
    }
}
