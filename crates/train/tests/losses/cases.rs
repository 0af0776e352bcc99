//! Each loss with its twin, a model and data of every kind of target for it.

use crate::common::{Numbers, floats};
use naive::losses::{ctc, distributions, numbers};
use train::bundle::{Bundle, Elements};
use train::model::Model;
use train::predict::predict;

pub const LENGTHS: [i32; 7] = [3, 6, 4, 5, 7, 3, 4];

/// What targets are.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Numbers,
    Shares,
    Counts,
    Classes,
    Probabilities,
    Labels,
}

pub struct Case {
    pub loss: &'static str,
    pub kind: Kind,
    /// Of outputs `[rows, width]`, targets, and the weights of rows.
    twin: fn(&[f64], &[f64], &[f64]) -> naive::Loss,
}

pub const C: usize = 4;
const WEIGHTS: [f64; C] = [0.5, 2.0, 0.0, 1.0];

fn classes(t: &[f64]) -> Vec<i64> {
    t.iter().map(|&c| c as i64).collect()
}

pub fn cases() -> Vec<Case> {
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
    pub fn model(&self, at: &str) -> Model {
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
    pub fn data(&self, at: &str) -> Bundle {
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
    pub fn expected(&self, model: &Model, data: &Bundle, at: &str) -> (f64, Vec<f64>) {
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
pub fn transcripts() -> Vec<Vec<i32>> {
    vec![vec![0, 2], vec![3, 3, 0], vec![], vec![2, 0, 2], vec![0, 0, 2, 3], vec![3], vec![2, 2]]
}

pub fn places(case: &Case) -> &'static [&'static str] {
    if case.kind == Kind::Labels { &["every"] } else { &["last", "every"] }
}

pub fn ints(bundle: &Bundle, name: &str) -> Vec<i32> {
    match &bundle.find(name).expect(name).elements {
        Elements::I32(v) => v.clone(),
        other => panic!("{}", other.dtype()),
    }
}

pub fn case_of(kind: Kind) -> Case {
    cases().into_iter().rev().find(|case| case.kind == kind).expect("one of them")
}

pub fn put(bundle: &mut Bundle, name: &str, at: usize, value: f32) {
    let tensor = bundle.tensors.iter_mut().find(|t| t.name == name).expect("given");
    match &mut tensor.elements {
        Elements::F32(v) => v[at] = value,
        Elements::I32(v) => v[at] = value as i32,
        other => panic!("{}", other.dtype()),
    }
}
