//! What each loss does with rows: parts of a batch, weights of zero, numbers that are none or large, the point that it predicts.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::LossSum;
use rnn::losses::gaussian::{Gaussian, Variance};
use rnn::losses::own::{Ask, Own};
use rnn::losses::poisson::Poisson;
use rnn::losses::{Loss, Reads, Rows, Targets};
use std::cell::RefCell;
use std::rc::Rc;

use super::every::{CLASSES, all, given, own, width};
use crate::common::{assert_bits, stream, uniform};

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
