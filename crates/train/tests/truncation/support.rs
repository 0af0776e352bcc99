//! Models and data that truncated runs are shown on.

use crate::common::{Numbers, floats};
use train::bundle::{Bundle, Elements};
use train::model::Model;

pub const LENGTHS: [usize; 7] = [9, 3, 14, 6, 14, 1, 11];
const HIDDEN: usize = 4;

pub fn model(at: &str, dropout: f32) -> Model {
    starting(at, dropout, "zeros")
}

pub fn starting(at: &str, dropout: f32, initial: &str) -> Model {
    made_of(
        &format!(
            r#"{{"kind":"lstm","hiddenSize":{HIDDEN},"initialState":"{initial}"}},{{"kind":"dropout","rate":{dropout}}},
            {{"kind":"gru","hiddenSize":{HIDDEN},"initialState":"{initial}"}}"#
        ),
        at,
    )
}

/// A model for [`Data`] of these layers and a dense one.
pub fn made_of(layers: &str, at: &str) -> Model {
    let json = format!(
        r#"{{"input":{{"size":2}},"layers":[{layers},{{"kind":"dense"}}],"output":{{"at":"{at}","size":1}},"seed":9}}"#
    );
    Model::create(&json).unwrap_or_else(|e| panic!("{json}: {e:?}"))
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

/// The states of a single sequence: name, levels, and the numbers of each, as `predict` gives them.
pub type State = Vec<(String, usize, Vec<f32>)>;

pub fn give(bundle: &mut Bundle, states: &[State]) {
    for (k, (name, levels, numbers)) in states[0].iter().enumerate() {
        let width = numbers.len() / levels;
        let of = |level: usize| states.iter().flat_map(move |state| state[k].2[level * width..][..width].to_vec());
        bundle.f32(name, vec![*levels, states.len(), width], (0..*levels).flat_map(of).collect());
    }
}

pub fn taken(bundle: &Bundle, n: usize) -> Vec<State> {
    let states = bundle.tensors.iter().filter(|tensor| tensor.name.starts_with("state."));
    let states: Vec<_> = states.map(|tensor| (&tensor.name, &tensor.shape, floats(bundle, &tensor.name))).collect();
    let one = |i: usize| {
        let of = |(name, shape, all): &(&String, &Vec<usize>, Vec<f32>)| {
            let (levels, width) = (shape[0], shape[2]);
            let numbers = (0..levels).flat_map(|level| all[(level * n + i) * width..][..width].to_vec());
            ((*name).clone(), levels, numbers.collect())
        };
        states.iter().map(of).collect()
    };
    (0..n).map(one).collect()
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
