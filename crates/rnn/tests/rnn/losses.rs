//! Losses and their gradients against PyTorch; masks; sums over parts.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::difference::relative_error;
use rnn::{LossSum, cross_entropy, mse};
use serde_json::Value;

use crate::common::fixtures::{Tensor, narrow, records, tensor};
use crate::common::{assert_bits, fill, stream, twin};

const LIMIT: f64 = 1e-5;
const FIXTURE: &str = include_str!("../../../../test/fixtures/pytorch/losses.json");

/// The loss of some weights and a scale.
type Loss<'a> = &'a dyn Fn(Option<&[f32]>, f64, Option<&mut [f32]>) -> LossSum;

/// Compares one record, whose rows have these weights of their own; gives the largest relative error.
fn check(record: &Value, weights: Option<&[f32]>, loss: Loss, len: usize) -> f64 {
    let mut weights = weights.map(<[f32]>::to_vec);
    let mut grad = vec![f32::NAN; len];
    let (value, expected) = match record["reduction"].as_str().expect("a reduction") {
        // The gradient of reduction none is that of the values times a cotangent: a weight for each row.
        "none" => {
            let cotangent = tensor(&record["cotangent"]).expect("a cotangent").data;
            let own = weights.unwrap_or_else(|| vec![1.0; cotangent.len()]);
            weights = Some(own.iter().zip(&cotangent).map(|(w, c)| (f64::from(*w) * c) as f32).collect());
            let values = tensor(&record["value"]).expect("values").data;
            let expected = values.iter().zip(&cotangent).map(|(v, c)| v * c).sum::<f64>();
            (loss(weights.as_deref(), 1.0, Some(&mut grad)).sum, expected)
        }
        reduction => {
            let total = loss(weights.as_deref(), 1.0, None);
            let mean = reduction == "mean";
            let scale = if mean { 1.0 / total.weight } else { 1.0 };
            assert_eq!(loss(weights.as_deref(), scale, Some(&mut grad)), total, "the sum without a gradient");
            (if mean { total.mean() } else { total.sum }, record["value"].as_f64().expect("a value"))
        }
    };
    let gradient = tensor(&record["grad"]["input"]).expect("a gradient").data;
    let errors =
        [relative_error(&[value], &[expected]), relative_error(&twin::wide(&rows_last(record, grad)), &gradient)];
    assert!(errors.iter().all(|&e| e <= LIMIT), "{record}: {errors:?}");
    errors[0].max(errors[1])
}

/// The kernel's rows `[N·T, C]` in the order of the record, which may be `[N, C, T]`.
fn rows_last(record: &Value, grad: Vec<f32>) -> Vec<f32> {
    let [n, c, t] = tensor(&record["inputs"]["input"]).unwrap().shape[..] else { return grad };
    (0..n * c * t).map(|i| grad[(i / (c * t) * t + i % t) * c + i / t % c]).collect()
}

#[test]
fn mean_squared_error() {
    let mut count = 0;
    for record in records(FIXTURE).iter().filter(|record| record["name"] == "MSELoss") {
        let of = |value: &Value| narrow(&tensor(value).expect("a tensor").data);
        let (input, target) = (of(&record["inputs"]["input"]), of(&record["fixed"]["target"]));
        check(record, None, &|w, scale, grad| mse(&input, &target, w, scale, grad), input.len());
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn softmax_cross_entropy() {
    let (mut count, mut worst) = (0, 0f64);
    for record in records(FIXTURE).iter().filter(|record| record["name"] == "CrossEntropyLoss") {
        let args = &record["args"];
        if !args["label_smoothing"].is_null() || args["target"] == "probabilities" {
            continue;
        }
        let Tensor { shape, data } = tensor(&record["inputs"]["input"]).expect("logits");
        let (c, t) = (shape[1], shape.get(2).copied().unwrap_or(1));
        let from = |i: usize| (i / (c * t) * c + i % c) * t + i / c % t;
        let logits: Vec<f32> = (0..data.len()).map(|i| data[from(i)] as f32).collect();
        let ignored = args["ignore_index"].as_f64().unwrap_or(-100.0);
        let target = tensor(&record["fixed"]["target"]).expect("classes").data;
        let classes: Vec<i32> = target.iter().map(|&y| if y == ignored { -1 } else { y as i32 }).collect();
        // PyTorch weighs classes; that is a weight for each row.
        let of_class = tensor(&record["fixed"]["weight"]).map(|weight| weight.data);
        let weights: Option<Vec<f32>> =
            of_class.map(|of| classes.iter().map(|&y| usize::try_from(y).map_or(0.0, |y| of[y] as f32)).collect());
        let loss =
            |w: Option<&[f32]>, scale, grad: Option<&mut [f32]>| cross_entropy(&logits, &classes, w, scale, grad);
        worst = worst.max(check(record, weights.as_deref(), &loss, logits.len()));
        count += 1;
    }
    assert_eq!(count, 15);
    println!("cross-entropy: worst relative error {worst:.1e}");
}

#[test]
fn large_logits_stay_finite() {
    let logits = [1000.0, 990.0, -1000.0, 0.0, 0.0, 0.0];
    let mut grad = [0.0; 6];
    let total = cross_entropy(&logits, &[1, 2], None, 1.0, Some(&mut grad));
    // ln(1 + e^10 …) - by hand: 10 + ln(1 + e⁻¹⁰), and ln 3.
    assert!((total.sum - (10.000_045_398_9 + 1.098_612_288_7)).abs() < 1e-6, "{}", total.sum);
    assert!(grad.iter().all(|g| g.is_finite()));
    assert!((grad[1] + 1.0).abs() < 1e-4 && (grad[0] - 1.0).abs() < 1e-4 && grad[2] == 0.0);
}

#[test]
fn masked_rows_are_not_read() {
    let (pred, target) = ([1.0, 2.0, f32::NAN, 5.0], [0.0, 4.0, 1.0, f32::NAN]);
    let mut grad = [9.0; 4];
    let total = mse(&pred, &target, Some(&[0.5, 0.0]), 1.0, Some(&mut grad));
    assert_eq!(total, LossSum { sum: 2.5, weight: 1.0 });
    assert_eq!(grad, [1.0, -2.0, 0.0, 0.0]);
    let mut grad = [9.0; 4];
    let total = cross_entropy(&[0.0, 0.0, f32::NAN, 1.0], &[0, 1], Some(&[2.0, 0.0]), 0.5, Some(&mut grad));
    assert_eq!((total.weight, grad), (2.0, [-0.5, 0.5, 0.0, 0.0]));
    assert_eq!(LossSum::default().mean(), 0.0);
}

/// The gradient of a part of a batch is that part of the whole gradient.
#[test]
fn parts_are_parts_of_the_whole() {
    let mut stream = stream(4);
    let logits = fill(&mut stream, 7 * 5, 3.0);
    let classes: Vec<i32> = (0..7).map(|i| i % 5 - i32::from(i == 3) * 9).collect();
    let (mut whole, mut parts) = (vec![0.0; 35], vec![0.0; 35]);
    let total = cross_entropy(&logits, &classes, None, 0.25, Some(&mut whole));
    let (a, b) = parts.split_at_mut(15);
    let first = cross_entropy(&logits[..15], &classes[..3], None, 0.25, Some(a));
    let second = cross_entropy(&logits[15..], &classes[3..], None, 0.25, Some(b));
    assert_bits(&whole, &parts, "gradient");
    assert_eq!(total.weight, first.weight + second.weight);
}
