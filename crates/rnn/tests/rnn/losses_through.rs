//! Losses through a network: the kernel against its twin, and the twin against central differences, for each loss with one of
//! the cells, at the last and at every step, with weights, over ragged sequences; parts of a batch.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::difference::{central, relative_error};
use naive::losses::{ctc as naive_ctc, distributions, numbers};
use naive::{Cotangent, Output, Parameters};
use rnn::losses::cross_entropy::Settings;
use rnn::losses::ctc::{Alignments, Ctc, Labels, ctc};
use rnn::losses::gaussian::{Gaussian, Variance};
use rnn::losses::own::{Ask, Own};
use rnn::losses::poisson::Poisson;
use rnn::losses::{Loss, Reads, Rows, Targets};
use rnn::{At, Input, Layer, LossSum, Network, Want, Workspace};
use std::cell::RefCell;
use std::rc::Rc;

use crate::common::twin::{self, wide};
use crate::common::{Batch, CELLS, assert_bits, fill, head, parameters, recurrent, stream, uniform};

const CLASSES: usize = 4;
const LENGTHS: [usize; 4] = [3, 6, 1, 4];

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

#[test]
fn gradients_through_a_network() {
    for (i, loss) in all().iter().enumerate() {
        for at in [At::Last, At::Every] {
            if loss.reads() == Reads::Labels && at == At::Last {
                continue;
            }
            let layer = Layer::Recurrent(recurrent(CELLS[(i + usize::from(at == At::Every)) % CELLS.len()], 4));
            let network = Network::new(Input::Values { size: 2 }, vec![layer, head(width(loss))], at).expect("right");
            let error = check(&network, loss, 20 + i as u64);
            println!("{loss:?} at {at:?}: kernel and twin differ by {error:.1e}");
        }
    }
}

fn check(network: &Network, loss: &Loss, seed: u64) -> f64 {
    let params = parameters(network, seed);
    let batch = Batch::random(network, &LENGTHS, false, seed);
    let (packing, size) = (&batch.packing, network.output_size());
    let mut ws = Workspace::new(network, batch.capacity(), true).expect("memory");
    network.forward(&params, packing, batch.x.view(), None, None, &mut ws);

    // The rows of each sequence among those of the output, by sorted position.
    let rows: Vec<Vec<usize>> = (0..packing.batch)
        .map(|p| match network.at() {
            At::Last => vec![p],
            At::Every => (0..packing.lengths[p]).map(|t| packing.row(t, p)).collect(),
        })
        .collect();
    let count = rows.iter().map(Vec::len).sum();
    let labelled = loss.reads() == Reads::Labels;
    let given = given(loss, if labelled { packing.batch } else { count }, seed);
    let total = |output: &[f64]| match loss {
        Loss::Ctc(Ctc { blank, .. }) => {
            let of = |rows: &Vec<usize>| rows.iter().flat_map(|r| output[r * size..(r + 1) * size].to_vec()).collect();
            let outputs: Vec<Vec<f64>> = rows.iter().map(of).collect();
            let sequence = twin_ctc(&outputs, &given, *blank);
            let mut gradient = vec![0.0; output.len()];
            for (row, g) in rows.iter().flatten().zip(sequence.gradient.chunks(size)) {
                gradient[row * size..(row + 1) * size].copy_from_slice(g);
            }
            naive::Loss { gradient, ..sequence }
        }
        _ => twin_of(loss, output, &given),
    };

    // The kernel.
    let weight = total(&wide(ws.output())).weight;
    let (output, gradient) = ws.output_and_gradient();
    let found = match loss {
        Loss::Ctc(settings) => {
            let labels: Vec<i32> = given.labels.concat();
            let mut starts = vec![0];
            given.labels.iter().for_each(|l| starts.push(starts[starts.len() - 1] + l.len()));
            let targets = Labels { labels: &labels, starts: &starts };
            let rows = Rows { output, weight: Some(&given.weight), scale: 1.0 / weight, gradient: Some(gradient) };
            ctc(rows, packing, targets, *settings, &mut Alignments::default())
        }
        _ => own(loss, output, &given, 0..count, 1.0 / weight, gradient),
    };
    let mut grads = vec![0.0; params.len()];
    network.backward(&params, packing, batch.x.view(), None, None, &mut ws, &mut grads, Want::default());

    // The twin: the same on the rows in the kernel's order.
    let twin = twin::network(network, None);
    let natural = twin::parameters(network, &params);
    let sequences: Vec<_> = (0..packing.batch).map(|p| twin::sequence(network, &batch, p)).collect();
    let packed = |outputs: &[Output]| {
        let mut flat = vec![0.0; count * size];
        for (rows, output) in rows.iter().zip(outputs) {
            rows.iter().zip(&output.output).for_each(|(r, o)| flat[r * size..(r + 1) * size].copy_from_slice(o));
        }
        flat
    };
    let of_params = |params: &Parameters| total(&packed(&twin.forward(params, &sequences)));
    let loss_of_twin = of_params(&natural);
    let gradient = loss_of_twin.mean_gradient();
    let cotangents: Vec<Cotangent> = rows
        .iter()
        .map(|rows| Cotangent {
            output: rows.iter().map(|r| gradient[r * size..(r + 1) * size].to_vec()).collect(),
            states: Vec::new(),
        })
        .collect();
    let expected = twin.backward(&natural, &sequences, &cotangents).parameters;
    assert_eq!(found.weight, weight);
    let mut worst = relative_error(&[found.mean()], &[loss_of_twin.mean()]);
    let kernel = twin::parameters(network, &grads);
    for (name, expected) in &expected {
        worst = worst.max(relative_error(&kernel[name], expected));
        let mut moved = natural.clone();
        let mut values = natural[name].clone();
        let slopes = central(&mut values, 1e-5, |values| {
            moved.insert(name.clone(), values.to_vec());
            of_params(&moved).mean()
        });
        let error = relative_error(expected, &slopes);
        assert!(error <= 1e-5, "{loss:?}, {name}: the twin and central differences differ by {error:e}");
    }
    assert!(worst <= 1e-5, "{loss:?}: {worst:e}");
    worst
}

/// The gradient of a part of a batch is that part of the whole gradient, to the bit, and weights add up.
#[test]
fn parts_are_parts_of_every_loss() {
    for loss in all().iter().filter(|l| l.reads() != Reads::Labels) {
        let (rows, cut, width) = (7, 3, width(loss));
        let given = given(loss, rows, 3);
        let mut stream = stream(8);
        let output: Vec<f32> = (0..rows * width).map(|_| uniform(&mut stream, 2.0)).collect();
        let (mut whole, mut parts) = (vec![f32::NAN; output.len()], vec![f32::NAN; output.len()]);
        let total = own(loss, &output, &given, 0..rows, 0.25, &mut whole);
        let (a, b) = parts.split_at_mut(cut * width);
        let first = own(loss, &output[..cut * width], &given, 0..cut, 0.25, a);
        let second = own(loss, &output[cut * width..], &given, cut..rows, 0.25, b);
        assert_bits(&whole, &parts, &format!("{loss:?}"));
        assert_eq!(total.weight, first.weight + second.weight, "{loss:?}");
        assert!((total.sum - first.sum - second.sum).abs() <= 1e-14 * total.sum.abs(), "{loss:?}");
        // What a data set can say of the weight beforehand.
        let size = given.numbers.len() / rows;
        let weights = given.weight.iter().zip(&given.classes).map(|(&w, &class)| {
            let of = if loss.reads() == Reads::Classes { loss.class_weight(class) } else { loss.row_weight(size) };
            f64::from(w) * of
        });
        assert_eq!(weights.sum::<f64>(), total.weight, "{loss:?}");
    }
}

#[test]
fn rows_of_weight_zero_are_not_read_and_numbers_that_are_none_are_not_hidden() {
    for loss in all().iter().filter(|l| l.reads() != Reads::Labels) {
        let (rows, width) = (3, width(loss));
        let mut given = given(loss, rows, 5);
        given.classes = vec![0, 1, 3];
        let mut output = vec![0.3; rows * width];
        output[width..2 * width].fill(f32::NAN);
        let mut gradient = vec![9.0; output.len()];
        let masked = own(loss, &output, &given, 0..rows, 1.0, &mut gradient);
        assert!(masked.sum.is_finite() && gradient[width..2 * width].iter().all(|&g| g == 0.0), "{loss:?}");
        given.weight = vec![1.0; rows];
        let seen = own(loss, &output, &given, 0..rows, 1.0, &mut gradient);
        assert!(seen.sum.is_nan() && gradient[width].is_nan(), "{loss:?}: {seen:?}");
    }
}

/// Somebody is asked once for all rows of one weight, and for no others: of 7 rows with three weights, two questions.
#[test]
fn somebody_elses_loss_is_asked_once_a_weight() {
    struct Counted(Rc<RefCell<Vec<(usize, usize, usize)>>>);
    impl Ask for Counted {
        fn sum(&self, prediction: &[f32], target: &[f32], gradient: &mut [f32]) -> f64 {
            self.0.borrow_mut().push((prediction.len(), target.len(), gradient.len()));
            gradient.fill(1.0);
            f64::from(prediction.iter().sum::<f32>())
        }
    }
    let asked = Rc::new(RefCell::new(Vec::new()));
    let output: Vec<f32> = (0..7 * CLASSES).map(|i| i as f32).collect();
    let of = |output: &[f32]| output.iter().map(|&x| f64::from(x)).sum::<f64>();
    for classes in [false, true] {
        let own = Own::new(classes);
        let loss = Loss::Own(own.clone());
        let nobody = Rows { output: &output, weight: None, scale: 1.0, gradient: None };
        let (numbers, labels) = (vec![0.0; 14], vec![0, 1, -1, 2, 0, 1, 2]);
        let numbers = if classes { Targets::Classes(&labels) } else { Targets::Numbers(&numbers) };
        assert!(loss.sum(nobody, numbers).sum.is_nan(), "nobody answers");
        own.answer(Rc::new(Counted(asked.clone())));

        let rows = Rows { output: &output, weight: None, scale: 1.0, gradient: None };
        let found = loss.sum(rows, numbers);
        let rest = of(&output) - if classes { of(&output[2 * CLASSES..3 * CLASSES]) } else { 0.0 };
        let counted = if classes { 6.0 } else { 14.0 };
        assert_eq!(found, LossSum { sum: rest, weight: counted });
        let size = if classes { 1 } else { 2 };
        let n = if classes { 6 } else { 7 };
        assert_eq!(asked.take(), [(n * CLASSES, n * size, 0)]);

        let weight = [2.0, 0.5, 2.0, 0.0, 0.5, 2.0, 2.0];
        let mut gradient = vec![9.0; output.len()];
        let rows = Rows { output: &output, weight: Some(&weight), scale: 3.0, gradient: Some(&mut gradient) };
        let found = loss.sum(rows, numbers);
        let n = if classes { 3 } else { 4 };
        assert_eq!(asked.take(), [(2, CLASSES), (n, CLASSES)].map(|(n, width)| (n * width, n * size, n * width)));
        let counts = |row: usize| if classes && row == 2 { 0.0 } else { weight[row] };
        let row = |row: usize| f64::from(counts(row)) * of(&output[row * CLASSES..][..CLASSES]);
        assert_eq!(found.sum, (0..7).map(row).sum::<f64>());
        assert_eq!(found.weight, (0..7).map(|row| f64::from(counts(row)) * size as f64).sum::<f64>());
        let wanted: Vec<f32> = (0..7).flat_map(|row| [3.0 * counts(row); CLASSES]).collect();
        assert_bits(&gradient, &wanted, "the gradient");
    }
}

/// Logits that would overflow an exponential.
#[test]
fn large_logits_stay_finite_in_every_loss_of_logits() {
    for loss in all() {
        let logits = matches!(loss.reads(), Reads::Classes | Reads::Distributions) || matches!(loss, Loss::Binary(_));
        let soft = matches!(loss, Loss::Gaussian(Gaussian { variance: Variance::Softplus, .. }));
        if !(logits || soft) {
            continue;
        }
        let width = width(&loss);
        let given = given(&loss, 3, 6);
        let output: Vec<f32> = (0..3 * width).map(|i| [200.0, -200.0, 0.0, 150.0][i % 4]).collect();
        let mut gradient = vec![f32::NAN; output.len()];
        let total = own(&loss, &output, &given, 0..3, 1.0, &mut gradient);
        assert!(total.sum.is_finite() && gradient.iter().all(|g| g.is_finite()), "{loss:?}: {total:?} {gradient:?}");
    }
}

/// Least where so many of the targets are below.
#[test]
fn a_quantile_is_where_its_loss_is_least() {
    let target: Vec<f32> = (0..100).map(|i| i as f32).collect();
    let at = |q: f64, p: f32| {
        let rows = Rows { output: &vec![p; 100], weight: None, scale: 1.0, gradient: None };
        rnn::losses::quantile::quantile(rows, &target, &[q]).sum
    };
    for (q, place) in [(0.1, 9.5), (0.5, 49.5), (0.9, 89.5)] {
        assert!(at(q, place) < at(q, place - 1.0) && at(q, place) < at(q, place + 1.0), "{q}");
    }
}

#[test]
fn the_point_that_stands_for_a_row() {
    let point = |loss: &Loss, output: &[f32], size: usize| {
        let mut point = vec![0.0; size];
        loss.point(output, &mut point);
        point
    };
    assert_eq!(point(&Loss::Quantile(vec![0.1, 0.4, 0.6]), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2), [2.0, 5.0]);
    assert_eq!(point(&all()[6], &[1.0, 2.0, 3.0, 4.0], 2), [1.0, 3.0]);
    assert_eq!(point(&Loss::Binary(vec![]), &[0.0, 30.0], 2)[0], 0.5);
    let rates = point(&all()[8], &[0.0, 1.0], 2);
    assert!(rates[0] == 1.0 && (rates[1] - std::f32::consts::E).abs() < 1e-6);
    let raw = Poisson { log_input: false, full: false, epsilon: 1e-8 };
    assert_eq!(point(&Loss::Poisson(raw), &[3.0], 1), [3.0]);
    assert_eq!(point(&Loss::Mae, &[3.0], 1), [3.0]);
}
