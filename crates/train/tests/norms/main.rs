//! Runs with normalising layers, noise and the other kinds of dropout: the same bits however they are cut, statistics where they
//! belong, and what is refused.

#[path = "../common/mod.rs"]
mod common;

mod acting;
mod averaged;
mod refusals;
mod runs;
mod statistics;

use train::model::Model;

pub fn model(layers: &str) -> Model {
    Model::create(&format!(
        r#"{{"input":{{"size":2}},"layers":[{layers}],"output":{{"at":"last","classes":2}},"seed":3}}"#
    ))
    .expect("a right description")
}

/// Every kind, before, between and after the layers.
pub fn everything() -> Model {
    model(
        r#"{"kind":"noise","deviation":0.1},{"kind":"batchNorm","momentum":0.3},{"kind":"gru","hiddenSize":6,"bidirectional":true,"activationPenalty":0.5,"weightNorm":true},
           {"kind":"rmsNorm"},{"kind":"dropout","rate":0.2,"shared":"time"},{"kind":"lstm","hiddenSize":5,"weightDrop":0.3},{"kind":"batchNorm","name":"top"},
           {"kind":"layerNorm"},{"kind":"dense","weightNorm":true}"#,
    )
}

pub fn writer() -> Model {
    Model::create(
        r#"{"input":{"vocabulary":8},"layers":[{"kind":"embedding","units":5,"dropout":0.3},{"kind":"noise","deviation":0.2},
            {"kind":"lstm","hiddenSize":7,"activationPenalty":2,"temporalPenalty":1},{"kind":"layerNorm","bias":false},{"kind":"dropout","rate":0.2,"shared":"time"},{"kind":"batchNorm"},
            {"kind":"dense"}],"seed":5}"#,
    )
    .expect("a right description")
}

pub const CLASSIFY: &str = r#"{"epochs":3,"batchSize":16,"validationSplit":{"fraction":0.2,"from":"random"},"patience":3,
    "optimizer":{"kind":"adam","learningRate":0.02},"penalty":{"l2":0.01}}"#;

pub const READ: &str = r#"{"epochs":2,"batchSize":4,"window":9,"carryState":true,"validationSplit":0.2}"#;
