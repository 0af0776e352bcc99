//! L-BFGS in runs: the search over a model's own loss, its penalties, every cut between two evaluations, any number of workers, and
//! what it cannot be combined with.

#[path = "../common/mod.rs"]
mod common;

mod cuts;
mod refusals;
mod search;

use train::model::Model;

pub fn classifier() -> Model {
    Model::create(
        r#"{"input":{"size":2},"layers":[{"kind":"gru","hiddenSize":6,"bidirectional":true},{"kind":"dense"}],
            "output":{"at":"last","classes":2},"seed":3}"#,
    )
    .expect("right")
}

pub fn run(epochs: usize, optimizer: &str, more: &str) -> String {
    format!(r#"{{"epochs":{epochs},"optimizer":{{"kind":"lbfgs"{optimizer}}},"metrics":[]{more}}}"#)
}

pub const WOLFE: &str = r#","lineSearch":"strongWolfe","maxIterations":4,"historySize":5"#;

pub const FIXED: &str = r#","learningRate":0.5,"maxIterations":3,"historySize":2"#;

pub const COLUMNS: usize = 8;

/// Steps of an update and of the run's records.
pub fn steps(records: &[f64]) -> impl Iterator<Item = &[f64]> + Clone {
    records.chunks_exact(COLUMNS).filter(|row| row[0] == 0.0)
}
