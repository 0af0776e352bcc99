//! Models and data that truncated runs are shown on.

use crate::common::{Numbers, floats};
use train::bundle::{Bundle, Elements};
use train::model::Model;

pub const LENGTHS: [usize; 7] = [9, 3, 14, 6, 14, 1, 11];
pub const HIDDEN: usize = 4;

pub fn model(at: &str, dropout: f32) -> Model {
    starting(at, dropout, "zeros")
}

pub fn starting(at: &str, dropout: f32, initial: &str) -> Model {
    let json = format!(
        r#"{{"input":{{"size":2}},"layers":[{{"kind":"lstm","hiddenSize":{HIDDEN},"initialState":"{initial}"}},{{"kind":"dropout","rate":{dropout}}},
            {{"kind":"gru","hiddenSize":{HIDDEN},"initialState":"{initial}"}},{{"kind":"dense"}}],"output":{{"at":"{at}","size":1}},"seed":9}}"#
    );
    Model::create(&json).expect("right")
}

/// Sequences of two numbers a step, and targets.
#[derive(Clone)]
pub struct Data {
    pub x: Vec<Vec<f32>>,
    pub y: Vec<Vec<f32>>,
    pub every: bool,
}

impl Data {
    pub fn new(at: &str, lengths: &[usize]) -> Data {
        let mut numbers = Numbers::new(31);
        let every = at == "every";
        let x = lengths.iter().map(|&n| numbers.list(2 * n)).collect();
        let y = lengths.iter().map(|&n| numbers.list(if every { n } else { 1 })).collect();
        Data { x, y, every }
    }

    /// Steps `from .. to` of sequences `which`; `weights` are of the targets.
    pub fn bundle(&self, which: &[usize], from: usize, to: usize, weights: Option<Vec<f32>>) -> Bundle {
        let mut bundle = Bundle::default();
        bundle.note("kind", "sequences");
        let end = |i: usize| to.min(self.x[i].len() / 2);
        let lengths: Vec<i32> = which.iter().map(|&i| (end(i) - from) as i32).collect();
        let x: Vec<f32> = which.iter().flat_map(|&i| self.x[i][2 * from..2 * end(i)].to_vec()).collect();
        let y: Vec<f32> = which
            .iter()
            .flat_map(|&i| if self.every { self.y[i][from..end(i)].to_vec() } else { self.y[i].clone() })
            .collect();
        bundle.push("lengths", vec![which.len()], Elements::I32(lengths));
        bundle.f32("x", vec![x.len() / 2, 2], x);
        if let Some(weights) = weights {
            bundle.f32("weight", vec![weights.len()], weights);
        }
        bundle.f32("y", vec![y.len(), 1], y);
        bundle
    }

    pub fn all(&self) -> Bundle {
        self.bundle(&(0..self.x.len()).collect::<Vec<_>>(), 0, usize::MAX, None)
    }
}

/// The states of single sequences: h and c of the LSTM, h of the GRU.
pub type State = [Vec<f32>; 3];
pub const NAMES: [&str; 3] = ["state.0.h", "state.0.c", "state.1.h"];

pub fn give(bundle: &mut Bundle, states: &[State]) {
    for (k, name) in NAMES.iter().enumerate() {
        let rows = states.iter().flat_map(|state| state[k].clone()).collect();
        bundle.f32(*name, vec![1, states.len(), HIDDEN], rows);
    }
}

pub fn taken(bundle: &Bundle, n: usize) -> Vec<State> {
    let all = NAMES.map(|name| floats(bundle, name));
    (0..n).map(|i| all.each_ref().map(|rows| rows[i * HIDDEN..(i + 1) * HIDDEN].to_vec())).collect()
}

pub fn run(k1: usize, k2: usize, more: &str) -> String {
    format!(
        r#"{{"epochs":1,"batchSize":"full","shuffle":false,"clip":"none","truncation":{{"k1":{k1},"k2":{k2}}},
            "optimizer":{{"kind":"sgd","learningRate":0.5}}{more}}}"#
    )
}

pub const OPTIONS: &str = r#","metrics":["mae"],"validationSplit":0.2"#;

pub fn long_run(k1: usize, k2: usize) -> String {
    run(k1, k2, OPTIONS).replace("\"epochs\":1", "\"epochs\":3").replace("\"full\"", "4").replace("false", "true")
}

pub fn many() -> Vec<usize> {
    (0..19).map(|i| 1 + (i * 5) % 12).collect()
}
