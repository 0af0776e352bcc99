//! Predicting and evaluating are outside training.

use super::{floats, singles};
use train::bundle::Bundle;
use train::evaluate::evaluate;
use train::model::Model;
use train::predict::predict;

/// A model of two classes predicts each sequence of such data alone as in company, and draws nothing for it.
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
    let loss = || evaluate(trained, data.clone(), "{}").expect("evaluates");
    assert_eq!(loss(), loss());
}
