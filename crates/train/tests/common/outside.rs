//! Predicting and evaluating are outside training.

use super::{floats, singles};
use serde_json::Value;
use train::bundle::{Bundle, Elements};
use train::evaluate::evaluate;
use train::model::Model;
use train::predict::predict;

/// A model of two classes predicts each sequence of such data alone as in company, so that nothing is drawn for it, and its loss is
/// the cross-entropy of these probabilities.
pub fn predicts_and_evaluates_outside_training(trained: &Model, data: &Bundle) {
    let inputs = |bundle: &Bundle| {
        let mut inputs = bundle.clone();
        inputs.tensors.retain(|t| t.name != "classes");
        inputs
    };
    let values = |of: &Bundle| floats(&predict(trained, inputs(of), "{}").expect("predicts"), "values");
    let all = values(data);
    for (i, one) in singles(data).iter().enumerate() {
        assert_eq!(values(one), &all[2 * i..][..2], "sequence {i}");
    }
    let Elements::I32(classes) = &data.find("classes").expect("given").elements else { panic!("classes are numbers") };
    let mean =
        classes.iter().zip(all.chunks(2)).map(|(&class, p)| -libm::log(f64::from(p[class as usize]))).sum::<f64>()
            / classes.len() as f64;
    let figures = evaluate(trained, data.clone(), "{}").expect("evaluates");
    let figures: Value = serde_json::from_str(&figures).expect("JSON");
    let loss = figures["loss"].as_f64().expect("a number");
    // Probabilities are shown in 32 bits: 6e-8 of each.
    assert!((loss - mean).abs() <= 1e-6 * mean, "{loss} and {mean}, of the probabilities");
}
