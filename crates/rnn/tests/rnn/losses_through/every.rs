//! Every loss, with targets, as the kernel has it and as its twin does.

use naive::losses::{ctc as naive_ctc, distributions, numbers};
use rnn::LossSum;
use rnn::losses::cross_entropy::Settings;
use rnn::losses::ctc::Ctc;
use rnn::losses::gaussian::{Gaussian, Variance};
use rnn::losses::own::{Ask, Own};
use rnn::losses::poisson::Poisson;
use rnn::losses::{Loss, Reads, Rows, Targets};
use std::rc::Rc;

use crate::common::twin::wide;
use crate::common::{fill, stream};

pub const CLASSES: usize = 4;

pub fn all() -> Vec<Loss> {
    let gaussian = |variance, full| Loss::Gaussian(Gaussian { variance, full, epsilon: 1e-6 });
    let poisson = |log_input, full| Loss::Poisson(Poisson { log_input, full, epsilon: 1e-8 });
    let settings =
        |label_smoothing| Settings { class_weights: vec![0.5, 2.0, 1.0, 0.25], label_smoothing, ignored: Some(2) };
    vec![
        Loss::Mse,
        Loss::Mae,
        Loss::Huber { delta: 0.4 },
        Loss::SmoothL1 { beta: 0.4 },
        Loss::SmoothL1 { beta: 0.0 },
        Loss::Quantile(vec![0.1, 0.5, 0.8]),
        gaussian(Variance::Softplus, true),
        gaussian(Variance::Exp, false),
        poisson(true, true),
        poisson(true, false),
        Loss::Binary(vec![]),
        Loss::Binary(vec![3.0, 0.5]),
        Loss::CrossEntropy(Settings::default()),
        Loss::CrossEntropy(settings(0.0)),
        Loss::CrossEntropy(settings(0.2)),
        Loss::Distributions(settings(0.2)),
        Loss::Divergence,
        Loss::Own(asked(false)),
        Loss::Own(asked(true)),
        Loss::Ctc(Ctc { blank: 1, zero_infinity: true }),
    ]
}

/// Huber's loss with delta .4, or the cross-entropy, by somebody else.
fn asked(classes: bool) -> Own {
    struct Somebody(Loss);
    impl Ask for Somebody {
        fn sum(&self, prediction: &[f32], target: &[f32], gradient: &mut [f32]) -> f64 {
            let gradient = (!gradient.is_empty()).then_some(gradient);
            let rows = Rows { output: prediction, weight: None, scale: 1.0, gradient };
            let classes: Vec<i32> = target.iter().map(|&class| class as i32).collect();
            let targets =
                if self.0.reads() == Reads::Classes { Targets::Classes(&classes) } else { Targets::Numbers(target) };
            self.0.sum(rows, targets).sum
        }
    }
    let own = Own::new(classes);
    let of = if classes { Loss::CrossEntropy(Settings::default()) } else { Loss::Huber { delta: 0.4 } };
    own.answer(Rc::new(Somebody(of)));
    own
}

/// Targets of some rows: numbers of each row, or its class; of CTC, labels of each sequence.
#[derive(Clone)]
pub struct Given {
    pub numbers: Vec<f32>,
    pub classes: Vec<i32>,
    pub labels: Vec<Vec<i32>>,
    pub weight: Vec<f32>,
}

/// For so many rows (CTC: sequences).
pub fn given(loss: &Loss, rows: usize, seed: u64) -> Given {
    let mut stream = stream(seed);
    let mut given = Given { numbers: Vec::new(), classes: Vec::new(), labels: Vec::new(), weight: Vec::new() };
    for row in 0..rows {
        given.weight.push([0.5, 0.0, 1.5][row % 3]);
        given.classes.push(stream.below(CLASSES as u32 + 1) as i32 - 1);
        let labels = (0..1 + row % 2).map(|_| [0, 2, 3][stream.below(3) as usize]);
        given.labels.push(labels.collect());
        match (loss.reads(), loss) {
            (Reads::Distributions, _) => {
                let own: Vec<f32> = (0..CLASSES).map(|_| stream.uniform()).collect();
                let sum: f32 = own.iter().sum();
                given.numbers.extend(own.iter().map(|p| p / sum));
            }
            (_, Loss::Poisson(_)) => given.numbers.extend([stream.below(5) as f32, stream.below(5) as f32]),
            (_, Loss::Binary(_)) => given.numbers.extend([stream.uniform(), 1.0]),
            _ => given.numbers.extend(fill(&mut stream, 2, 1.5)),
        }
    }
    given
}

pub fn width(loss: &Loss) -> usize {
    if loss.reads() == Reads::Numbers { 2 * loss.outputs() } else { CLASSES }
}

/// The kernel's loss of rows `range` of an output.
pub fn own(
    loss: &Loss,
    output: &[f32],
    given: &Given,
    range: std::ops::Range<usize>,
    scale: f64,
    gradient: &mut [f32],
) -> LossSum {
    let size = given.numbers.len() / given.weight.len();
    let numbers = &given.numbers[range.start * size..range.end * size];
    let targets = match loss.reads() {
        Reads::Numbers => Targets::Numbers(numbers),
        Reads::Distributions => Targets::Distributions(numbers, CLASSES),
        _ => Targets::Classes(&given.classes[range.clone()]),
    };
    loss.sum(Rows { output, weight: Some(&given.weight[range]), scale, gradient: Some(gradient) }, targets)
}

/// The twin's, of all rows; the gradient is that of the sum.
pub fn twin_of(loss: &Loss, output: &[f64], given: &Given) -> naive::Loss {
    let (t, weight) = (wide(&given.numbers), wide(&given.weight));
    let w = Some(weight.as_slice());
    let positive = |p: &[f64]| if p.is_empty() { vec![1.0] } else { p.to_vec() };
    match loss {
        Loss::Mse => naive::mse(output, &t, w),
        Loss::Mae => numbers::mae(output, &t, w),
        Loss::Huber { delta } => numbers::huber(output, &t, *delta, w),
        Loss::SmoothL1 { beta } => numbers::smooth_l1(output, &t, *beta, w),
        Loss::Quantile(q) => numbers::quantile(output, &t, q, w),
        Loss::Gaussian(Gaussian { variance: Variance::Exp, full, epsilon }) => {
            numbers::gaussian_nll(output, &t, numbers::Variance::Exp, *full, *epsilon, w)
        }
        Loss::Gaussian(Gaussian { full, epsilon, .. }) => {
            numbers::gaussian_nll(output, &t, numbers::Variance::Softplus, *full, *epsilon, w)
        }
        Loss::Poisson(p) => numbers::poisson_nll(output, &t, p.log_input, p.full, p.epsilon, w),
        Loss::Binary(p) => numbers::binary_cross_entropy(output, &t, &positive(p), w),
        Loss::CrossEntropy(s) => {
            let class = |&c: &i32| if s.ignored == Some(c) { -1 } else { i64::from(c) };
            let classes: Vec<i64> = given.classes.iter().map(class).collect();
            let of = if s.class_weights.is_empty() { vec![1.0; CLASSES] } else { s.class_weights.clone() };
            distributions::smoothed(output, &classes, &of, s.label_smoothing, w)
        }
        Loss::Distributions(s) => distributions::of_distributions(output, &t, &s.class_weights, s.label_smoothing, w),
        Loss::Divergence => distributions::kl_divergence(output, &t, CLASSES, w),
        Loss::Own(own) if own.classes => {
            let classes: Vec<i64> = given.classes.iter().map(|&c| i64::from(c)).collect();
            distributions::smoothed(output, &classes, &[1.0; CLASSES], 0.0, w)
        }
        Loss::Own(_) => numbers::huber(output, &t, 0.4, w),
        Loss::Ctc(_) => unreachable!("of whole sequences"),
    }
}

/// CTC of sequences `[steps, CLASSES]`.
pub fn twin_ctc(outputs: &[Vec<f64>], given: &Given, blank: usize) -> naive::Loss {
    let mut total = naive::Loss { sum: 0.0, weight: 0.0, gradient: Vec::new() };
    for (i, output) in outputs.iter().enumerate() {
        let labels: Vec<usize> = given.labels[i].iter().map(|&l| l as usize).collect();
        let (loss, gradient) = naive_ctc::ctc(output, CLASSES, &labels, blank);
        let w = f64::from(given.weight[i]);
        let share = w / labels.len().max(1) as f64;
        total.sum += if loss.is_finite() { share * loss } else { 0.0 };
        total.weight += w;
        total.gradient.extend(gradient.iter().map(|g| share * g));
    }
    total
}
