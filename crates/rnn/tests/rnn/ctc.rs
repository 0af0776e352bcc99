//! CTC against an independent implementation and, on short sequences, against every alignment one by one.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::difference::{central, relative_error};
use naive::losses::ctc as twin;
use rnn::Packing;
use rnn::losses::Rows;
use rnn::losses::ctc::{Alignments, Ctc, Labels, ctc, greedy, needed};

use crate::common::twin::wide;
use crate::common::{stream, uniform};

const STRICT: Ctc = Ctc { blank: 0, zero_infinity: false };

/// Of one sequence: the loss (not divided by the length of the target) and its gradient.
fn one(logits: &[f32], steps: usize, labels: &[i32], settings: Ctc, memory: &mut Alignments) -> (f64, Vec<f32>) {
    let mut gradient = vec![f32::NAN; logits.len()];
    let weight = [labels.len().max(1) as f32];
    let rows = Rows { output: logits, weight: Some(&weight), scale: 1.0, gradient: Some(&mut gradient) };
    let targets = Labels { labels, starts: &[0, labels.len()] };
    let total = ctc(rows, &Packing::new(&[steps]), targets, settings, memory);
    (total.sum, gradient)
}

/// Random sequences, lengths, labels with repeats, blanks and sizes of logits; and each as short as its target allows.
#[test]
fn ten_thousand_random_cases() {
    let mut stream = stream(31);
    let mut memory = Alignments::default();
    let (mut worst, mut by_hand, mut tight) = ([0.0f64; 3], 0, 0);
    for case in 0..10_000 {
        let classes = 2 + stream.below(5) as usize;
        let blank = stream.below(classes as u32) as usize;
        let label = |stream: &mut rnn::Stream| {
            let label = stream.below(classes as u32 - 1) as i32;
            if label >= blank as i32 { label + 1 } else { label }
        };
        let labels: Vec<i32> = (0..stream.below(6)).map(|_| label(&mut stream)).collect();
        let least = needed(&labels).max(1);
        let steps = least + if case % 5 == 0 { 0 } else { stream.below(8) as usize };
        tight += usize::from(steps == least);
        let bound = [0.5, 3.0, 12.0][case % 3];
        let logits: Vec<f32> = (0..steps * classes).map(|_| uniform(&mut stream, bound)).collect();
        let (loss, gradient) = one(&logits, steps, &labels, Ctc { blank, zero_infinity: false }, &mut memory);
        let names: Vec<usize> = labels.iter().map(|&l| l as usize).collect();
        let (expected, slopes) = twin::ctc(&wide(&logits), classes, &names, blank);
        // A loss near 0 is a difference of larger numbers.
        worst[0] = worst[0].max((loss - expected).abs() / expected.abs().max(1.0));
        worst[1] = worst[1].max(apart(&wide(&gradient), &slopes));
        if classes.checked_pow(steps as u32).is_some_and(|paths| paths <= 300) {
            let hand = twin::ctc_by_hand(&wide(&logits), classes, &names, blank);
            worst[2] = worst[2].max((loss - hand).abs() / hand.abs().max(1.0));
            by_hand += 1;
        }
    }
    println!("CTC: loss {:.1e}, gradient {:.1e}, by hand {:.1e} ({by_hand} cases)", worst[0], worst[1], worst[2]);
    assert!(worst.iter().all(|&e| e <= 1e-5), "{worst:?}");
    assert!(by_hand > 1000 && tight > 1500, "{by_hand} {tight}");
}

/// The largest difference: a gradient is of size 1, but for sequences that are all but certain.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn the_twin_by_central_differences() {
    let mut stream = stream(5);
    for labels in [&[1usize, 1, 2][..], &[2], &[]] {
        let mut logits: Vec<f64> = (0..6 * 3).map(|_| f64::from(uniform(&mut stream, 2.0))).collect();
        let (_, gradient) = twin::ctc(&logits, 3, labels, 0);
        let slopes = central(&mut logits, 1e-5, |logits| twin::ctc(logits, 3, labels, 0).0);
        assert!(relative_error(&gradient, &slopes) <= 1e-8, "{labels:?}");
    }
}

/// In probabilities, p of hundreds of steps is 0.
#[test]
fn a_thousand_steps() {
    let mut stream = stream(6);
    let (steps, classes) = (1000, 8);
    let labels: Vec<i32> = (0..200).map(|i| 1 + i % 7).collect();
    let logits: Vec<f32> = (0..steps * classes).map(|_| uniform(&mut stream, 3.0)).collect();
    let (loss, gradient) = one(&logits, steps, &labels, STRICT, &mut Alignments::default());
    let names: Vec<usize> = labels.iter().map(|&l| l as usize).collect();
    let (expected, slopes) = twin::ctc(&wide(&logits), classes, &names, 0);
    assert!(loss > 1000.0 && (loss - expected).abs() / expected <= 1e-6, "{loss} {expected}");
    assert!(apart(&wide(&gradient), &slopes) <= 1e-5);
}

#[test]
fn a_target_that_no_alignment_gives() {
    let logits = [0.5, -0.5, 0.25, 1.0];
    assert_eq!((needed(&[1, 1]), needed(&[1, 2, 2, 2]), needed(&[])), (3, 6, 0));
    let (loss, gradient) = one(&logits, 2, &[1, 1], STRICT, &mut Alignments::default());
    assert!(loss == f64::INFINITY && gradient.iter().all(|g| g.is_nan()));
    let lenient = Ctc { zero_infinity: true, ..STRICT };
    let (loss, gradient) = one(&logits, 2, &[1, 1], lenient, &mut Alignments::default());
    assert_eq!((loss, gradient), (0.0, vec![0.0; 4]));
}

/// A sequence of a batch has the bits that it has alone; one of weight 0 is not read.
#[test]
fn a_sequence_alone_and_among_others() {
    let mut stream = stream(9);
    let lengths = [5, 2, 7, 3];
    let packing = Packing::new(&lengths);
    let labels = [vec![1, 2, 1], vec![2], vec![2, 2, 1], vec![]];
    let mut output: Vec<f32> = (0..packing.rows * 3).map(|_| uniform(&mut stream, 2.0)).collect();
    let weight = [1.0, 0.5, 0.0, 2.0];
    let masked = 2;
    (0..packing.lengths[masked]).for_each(|t| output[packing.row(t, masked) * 3] = f32::NAN);
    let (mut flat, mut starts) = (Vec::new(), vec![0]);
    for &i in &packing.order {
        flat.extend(&labels[i as usize]);
        starts.push(flat.len());
    }
    let mut gradient = vec![9.0; output.len()];
    let rows = Rows { output: &output, weight: Some(&weight), scale: 0.5, gradient: Some(&mut gradient) };
    let targets = Labels { labels: &flat, starts: &starts };
    let total = ctc(rows, &packing, targets, STRICT, &mut Alignments::default());
    assert_eq!(total.weight, 3.5);
    let mut sum = 0.0;
    for position in 0..4 {
        let steps = packing.lengths[position];
        let own = |from: &[f32]| -> Vec<f32> {
            (0..steps).flat_map(|t| from[packing.row(t, position) * 3..][..3].to_vec()).collect()
        };
        let (logits, labels) = (own(&output), &labels[packing.order[position] as usize]);
        let mut alone = vec![f32::NAN; logits.len()];
        let rows = Rows {
            output: &logits,
            weight: Some(&weight[position..=position]),
            scale: 0.5,
            gradient: Some(&mut alone),
        };
        let targets = Labels { labels, starts: &[0, labels.len()] };
        sum += ctc(rows, &Packing::new(&[steps]), targets, STRICT, &mut Alignments::default()).sum;
        assert_eq!(own(&gradient), alone, "{position}");
    }
    assert_eq!(sum, total.sum);
}

#[test]
fn greedy_reading() {
    let read = |classes: &[usize]| {
        let mut labels = Vec::new();
        greedy(classes.iter().copied(), 0, &mut labels);
        labels
    };
    assert_eq!(read(&[0, 1, 1, 0, 1, 2, 2, 0, 0]), [1, 1, 2]);
    assert!(read(&[0, 0]).is_empty() && read(&[]).is_empty());
}
