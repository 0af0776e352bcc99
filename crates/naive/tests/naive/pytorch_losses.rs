//! Mean squared error and cross-entropy of the fixtures, value and gradient, for the reductions mean, sum and none.

use crate::common::fixtures::{Tensor, records, tensor};
use naive::difference::relative_error;
use naive::{Loss, cross_entropy, mse};
use serde_json::Value;

/// The files hold 12 digits.
const LIMIT: f64 = 1e-9;

#[test]
fn mean_squared_error() {
    let mut worst = 0.0_f64;
    let records = named("MSELoss");
    assert_eq!(records.len(), 3);
    for record in &records {
        let pred = tensor(&record["inputs"]["input"]).expect("an input").data;
        let target = tensor(&record["fixed"]["target"]).expect("a target").data;
        // One element is one row here: the cotangents of "none" are by element.
        let loss = |weight: Option<&[f64]>| mse(&pred, &target, weight);
        let each = || pred.iter().zip(&target).map(|(p, t)| mse(&[*p], &[*t], None).sum).collect();
        worst = worst.max(check(record, loss, each, |gradient| gradient));
    }
    println!("MSELoss: worst relative error {worst:.1e}");
}

#[test]
fn cross_entropy_of_logits() {
    let mut worst = 0.0_f64;
    let mut checked = 0;
    for record in named("CrossEntropyLoss") {
        let args = &record["args"];
        if args["label_smoothing"].is_number() || args["target"] == "probabilities" {
            continue; // not a loss of this crate
        }
        checked += 1;
        let input = tensor(&record["inputs"]["input"]).expect("an input");
        let logits = rows_last(&input);
        let count = input.shape[1];
        let target = tensor(&record["fixed"]["target"]).expect("a target").data;
        let ignored = args["ignore_index"].as_i64().unwrap_or(-100);
        let class = |class: &f64| if *class as i64 == ignored { -1 } else { *class as i64 };
        let classes: Vec<i64> = target.iter().map(class).collect();
        // PyTorch's class weights as row weights.
        let by_class = tensor(&record["fixed"]["weight"]).map(|w| w.data);
        let row_weight = |class: &i64| by_class.as_ref().map_or(1.0, |w| usize::try_from(*class).map_or(0.0, |c| w[c]));
        let weights: Vec<f64> = classes.iter().map(row_weight).collect();
        let loss = |cotangent: Option<&[f64]>| match (cotangent, &by_class) {
            (None, None) => cross_entropy(&logits, &classes, None),
            (None, Some(_)) => cross_entropy(&logits, &classes, Some(&weights)),
            (Some(by), _) => {
                let weights: Vec<f64> = weights.iter().zip(by).map(|(w, by)| w * by).collect();
                cross_entropy(&logits, &classes, Some(&weights))
            }
        };
        let each = || {
            let rows = logits.chunks(count).zip(&classes).zip(&weights);
            rows.map(|((row, class), w)| cross_entropy(row, &[*class], Some(&[*w])).sum).collect()
        };
        let error = check(&record, loss, each, |gradient| classes_second(&gradient, &input));
        worst = worst.max(error);
    }
    assert_eq!(checked, 15, "plain, two ignored indices, class weights and (N,C,T), each in three reductions");
    println!("CrossEntropyLoss: worst relative error {worst:.1e}");
}

fn named(name: &str) -> Vec<Value> {
    records("losses").into_iter().filter(|record| record["name"] == name).collect()
}

/// `loss` takes further weights of the rows, `each` gives the loss of every row, `layout` brings a gradient into that of the
/// record.
fn check(
    record: &Value,
    loss: impl Fn(Option<&[f64]>) -> Loss,
    each: impl Fn() -> Vec<f64>,
    layout: impl Fn(Vec<f64>) -> Vec<f64>,
) -> f64 {
    let number = |value: &Value| vec![value.as_f64().expect("a number")];
    let (value, expected, gradient) = match record["reduction"].as_str() {
        Some("mean") => {
            let loss = loss(None);
            (vec![loss.mean()], number(&record["value"]), loss.mean_gradient())
        }
        Some("sum") => {
            let loss = loss(None);
            (vec![loss.sum], number(&record["value"]), loss.gradient)
        }
        Some("none") => {
            let cotangent = tensor(&record["cotangent"]).expect("a cotangent").data;
            let value = tensor(&record["value"]).expect("a value").data;
            (each(), value, loss(Some(&cotangent)).gradient)
        }
        other => panic!("reduction {other:?}"),
    };
    let expected_gradient = tensor(&record["grad"]["input"]).expect("a gradient").data;
    let error = relative_error(&value, &expected);
    assert!(error <= LIMIT, "{} {}: off by {error:e}", record["args"], record["reduction"]);
    let slope = relative_error(&layout(gradient), &expected_gradient);
    assert!(slope <= LIMIT, "{} {}: gradient off by {slope:e}", record["args"], record["reduction"]);
    error.max(slope)
}

/// `[N, C]` as it is, `[N, C, T]` as `[N·T, C]`.
fn rows_last(input: &Tensor) -> Vec<f64> {
    let (count, steps) = (input.shape[1], input.shape.get(2).copied().unwrap_or(1));
    let sample = |data: &[f64]| -> Vec<f64> {
        (0..steps).flat_map(|t| (0..count).map(move |c| c * steps + t)).map(|i| data[i]).collect()
    };
    input.data.chunks(count * steps).flat_map(sample).collect()
}

/// The way back of [`rows_last`], into the shape of `like`.
fn classes_second(rows: &[f64], like: &Tensor) -> Vec<f64> {
    let (count, steps) = (like.shape[1], like.shape.get(2).copied().unwrap_or(1));
    let sample = |data: &[f64]| -> Vec<f64> {
        (0..count).flat_map(|c| (0..steps).map(move |t| t * count + c)).map(|i| data[i]).collect()
    };
    rows.chunks(count * steps).flat_map(sample).collect()
}

#[test]
fn rows_of_weight_zero_and_all_ignored() {
    let loss = mse(&[1.0, 2.0, 3.0, 5.0], &[0.0, 0.0, 1.0, 1.0], Some(&[0.0, 0.5]));
    assert_eq!((loss.sum, loss.weight, loss.mean()), (0.5 * (4.0 + 16.0), 1.0, 10.0));
    assert_eq!(loss.gradient, [0.0, 0.0, 2.0, 4.0]);
    let ignored = cross_entropy(&[1.0, 2.0], &[-1], None);
    assert_eq!((ignored.sum, ignored.weight, ignored.mean()), (0.0, 0.0, 0.0));
    assert_eq!(ignored.mean_gradient(), [0.0, 0.0]);
}

/// e^1000 overflows; the largest logit is taken out first.
#[test]
fn cross_entropy_of_huge_logits() {
    let loss = cross_entropy(&[1000.0, 0.0, -1000.0], &[1], None);
    assert_eq!((loss.sum, loss.gradient), (1000.0, vec![1.0, -1.0, 0.0]));
}
