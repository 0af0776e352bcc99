//! Every loss of the fixtures, value and gradient, in the kernel and in its f64 twin. MSE and plain cross-entropy of the kernel
//! are in losses.rs.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::difference::relative_error;
use naive::losses::{ctc as naive_ctc, distributions, numbers};
use rnn::Packing;
use rnn::losses::cross_entropy::{Settings, of_distributions, smoothed};
use rnn::losses::ctc::{Alignments, Ctc, Labels, ctc};
use rnn::losses::gaussian::{Gaussian, Variance, gaussian_nll};
use rnn::losses::poisson::{Poisson, poisson_nll};
use rnn::losses::{LossSum, Rows, absolute, binary, divergence};
use serde_json::Value;

use crate::common::fixtures::{narrow, records, tensor};
use crate::common::twin::wide;

const FIXTURE: &str = include_str!("../../../../test/fixtures/pytorch/losses.json");
/// 32 bits against 64: a rounding of the logits is 6e-8, and a few of them meet.
const VALUE: f64 = 1e-5;
const GRADIENT: f64 = 1e-4;
/// The files hold 12 digits.
const TWIN: f64 = 1e-9;

/// A sum, what to divide it by, and the gradient of the sum.
struct Found {
    sum: f64,
    weight: f64,
    gradient: Vec<f64>,
}

impl From<naive::Loss> for Found {
    fn from(naive::Loss { sum, weight, gradient }: naive::Loss) -> Found {
        Found { sum, weight, gradient }
    }
}

/// The kernel's loss of rows of these weights.
fn kernel(output: &[f64], weight: &[f64], of: impl Fn(Rows) -> LossSum) -> Found {
    let (output, weight) = (narrow(output), narrow(weight));
    let mut gradient = vec![f32::NAN; output.len()];
    let rows = |gradient| Rows { output: &output, weight: Some(&weight), scale: 1.0, gradient };
    let total = of(rows(Some(&mut gradient)));
    assert_eq!(of(rows(None)), total, "the sum without a gradient");
    Found { sum: total.sum, weight: total.weight, gradient: wide(&gradient) }
}

/// Compares one record. `f` gives the loss of units (elements, rows or sequences) with these weights; `own` are the weights that
/// they have in the record, `divisor` what the mean is over, where that is not their sum.
fn check(record: &Value, own: &[f64], divisor: Option<f64>, limits: (f64, f64), f: &dyn Fn(&[f64]) -> Found) -> f64 {
    let data = |value: &Value| tensor(value).expect("a tensor").data;
    let (weights, expected, scale) = match record["reduction"].as_str().expect("a reduction") {
        "none" => {
            let (cotangent, values) = (data(&record["cotangent"]), data(&record["value"]));
            let each: Vec<f64> = (0..own.len())
                .map(|i| {
                    let alone: Vec<f64> = (0..own.len()).map(|j| if i == j { own[i] } else { 0.0 }).collect();
                    f(&alone).sum
                })
                .collect();
            let error = relative_error(&each, &values);
            assert!(error <= limits.0, "{record}: each is off by {error:e}");
            let weights = own.iter().zip(&cotangent).map(|(w, c)| w * c).collect();
            (weights, values.iter().zip(&cotangent).map(|(v, c)| v * c).sum(), 1.0)
        }
        reduction => {
            let by = if reduction == "sum" { 1.0 } else { 1.0 / divisor.unwrap_or_else(|| f(own).weight) };
            (own.to_vec(), record["value"].as_f64().expect("a value"), by)
        }
    };
    let found = f(&weights);
    let gradient: Vec<f64> = found.gradient.iter().map(|g| g * scale).collect();
    let input = data(&record["grad"]["input"]);
    let errors = [relative_error(&[found.sum * scale], &[expected]), relative_error(&gradient, &input)];
    assert!(errors[0] <= limits.0 && errors[1] <= limits.1, "{record}: {errors:?}");
    errors[0].max(errors[1])
}

/// Runs `one` over the records of some losses; how many there are, and the worst error of the kernel.
fn each_of(names: &[&str], count: usize, one: impl Fn(&Value) -> f64) {
    let records = records(FIXTURE);
    let of = records.iter().filter(|record| names.contains(&record["name"].as_str().expect("a name")));
    let errors: Vec<f64> = of.map(one).collect();
    assert_eq!(errors.len(), count, "{names:?}");
    println!("{names:?}: worst relative error {:.1e}", errors.iter().copied().fold(0.0, f64::max));
}

fn data(value: &Value) -> Vec<f64> {
    tensor(value).unwrap_or_else(|| panic!("no tensor in {value}")).data
}

#[test]
fn losses_of_one_number() {
    each_of(&["MSELoss", "L1Loss", "HuberLoss", "SmoothL1Loss", "PoissonNLLLoss"], 3 * (1 + 1 + 2 + 2 + 4), |record| {
        let (p, t) = (data(&record["inputs"]["input"]), data(&record["fixed"]["target"]));
        let (args, target, ones) = (&record["args"], narrow(&t), vec![1.0; p.len()]);
        let number = |name: &str| args[name].as_f64().unwrap_or_default();
        let (delta, beta, epsilon) = (number("delta"), number("beta"), number("eps"));
        let (log_input, full) = (args["log_input"] == true, args["full"] == true);
        let name = record["name"].as_str().expect("a name");
        let twin = |w: &[f64]| -> Found {
            let w = Some(w);
            match name {
                "MSELoss" => naive::mse(&p, &t, w),
                "L1Loss" => numbers::mae(&p, &t, w),
                "HuberLoss" => numbers::huber(&p, &t, delta, w),
                "SmoothL1Loss" => numbers::smooth_l1(&p, &t, beta, w),
                _ => numbers::poisson_nll(&p, &t, log_input, full, epsilon, w),
            }
            .into()
        };
        let own = |w: &[f64]| {
            kernel(&p, w, |rows| match name {
                "MSELoss" => rnn::mse(rows.output, &target, rows.weight, rows.scale, rows.gradient),
                "L1Loss" => absolute::mae(rows, &target),
                "HuberLoss" => absolute::huber(rows, &target, delta),
                "SmoothL1Loss" => absolute::smooth_l1(rows, &target, beta),
                _ => poisson_nll(rows, &target, Poisson { log_input, full, epsilon }),
            })
        };
        check(record, &ones, None, (TWIN, TWIN), &twin);
        check(record, &ones, None, (VALUE, GRADIENT), &own)
    });
}

#[test]
fn binary_cross_entropy_of_logits_and_of_probabilities() {
    each_of(&["BCEWithLogitsLoss", "BCELoss"], 12, |record| {
        let (mut z, t) = (data(&record["inputs"]["input"]), data(&record["fixed"]["target"]));
        // A probability is given as its logit; its derivative is then 1 / (p (1 - p)) times that of the logit.
        let mut slopes = vec![1.0; z.len()];
        if record["name"] == "BCELoss" {
            slopes = z.iter().map(|p| 1.0 / (p * (1.0 - p))).collect();
            z.iter_mut().for_each(|p| *p = libm::log(*p / (1.0 - *p)));
        }
        let positive = tensor(&record["fixed"]["pos_weight"]).map_or_else(|| vec![1.0], |w| w.data);
        let own = tensor(&record["fixed"]["weight"]).map_or_else(|| vec![1.0; z.len()], |w| w.data);
        let steeper = |mut found: Found| {
            found.gradient.iter_mut().zip(&slopes).for_each(|(g, s)| *g *= s);
            found
        };
        let twin = |w: &[f64]| steeper(numbers::binary_cross_entropy(&z, &t, &positive, Some(w)).into());
        let target = narrow(&t);
        let kernel = |w: &[f64]| steeper(kernel(&z, w, |rows| binary::binary_cross_entropy(rows, &target, &positive)));
        let count = Some(z.len() as f64);
        check(record, &own, count, (TWIN, TWIN), &twin);
        check(record, &own, count, (VALUE, GRADIENT), &kernel)
    });
}

/// The variance of a record is given by what softplus and exp make it of.
#[test]
fn gaussian_likelihood() {
    each_of(&["GaussianNLLLoss"], 6, |record| {
        let (mean, variance) = (data(&record["inputs"]["input"]), data(&record["inputs"]["var"]));
        let t = data(&record["fixed"]["target"]);
        let (full, target) = (record["args"]["full"] == true, narrow(&t));
        let epsilon = record["args"]["eps"].as_f64().expect("a number");
        let mut worst = 0.0f64;
        for (variance_of, raw, slope) in [
            (
                Variance::Softplus,
                (|v: f64| libm::log(libm::expm1(v))) as fn(f64) -> f64,
                (|v| -libm::expm1(-v)) as fn(f64) -> f64,
            ),
            (Variance::Exp, libm::log, |v| v),
        ] {
            let s: Vec<f64> = variance.iter().map(|&v| raw(v)).collect();
            let output: Vec<f64> = mean.iter().zip(&s).flat_map(|(m, s)| [*m, *s]).collect();
            // Means and variances are two tensors of the record.
            let parts = |found: Found, second: bool| {
                let of = found.gradient.iter().skip(usize::from(second)).step_by(2);
                let slopes = variance.iter().map(|&v| if second { slope(v) } else { 1.0 });
                Found { gradient: of.zip(slopes).map(|(g, s)| g / s).collect(), ..found }
            };
            let twin_of = match variance_of {
                Variance::Softplus => numbers::Variance::Softplus,
                Variance::Exp => numbers::Variance::Exp,
            };
            for second in [false, true] {
                let mut part = record.clone();
                part["grad"]["input"] = record["grad"][if second { "var" } else { "input" }].clone();
                let twin = |w: &[f64]| {
                    parts(numbers::gaussian_nll(&output, &t, twin_of, full, epsilon, Some(w)).into(), second)
                };
                let settings = Gaussian { variance: variance_of, full, epsilon };
                let own = |w: &[f64]| parts(kernel(&output, w, |rows| gaussian_nll(rows, &target, settings)), second);
                let ones = vec![1.0; t.len()];
                check(&part, &ones, None, (TWIN, TWIN), &twin);
                worst = worst.max(check(&part, &ones, None, (VALUE, GRADIENT), &own));
            }
        }
        worst
    });
}

#[test]
fn cross_entropy_with_weights_smoothing_and_distributions() {
    each_of(&["CrossEntropyLoss", "NLLLoss"], 30, |record| {
        let (args, shape) = (&record["args"], tensor(&record["inputs"]["input"]).expect("logits").shape);
        let (classes, steps) = (shape[1], shape.get(2).copied().unwrap_or(1));
        // [N, C, T] as [N·T, C], and back.
        let place = |i: usize| (i / (classes * steps) * classes + i % classes) * steps + i / classes % steps;
        let given = data(&record["inputs"]["input"]);
        let logits: Vec<f64> = (0..given.len()).map(|i| given[place(i)]).collect();
        let back = |found: Found| {
            let mut gradient = vec![0.0; logits.len()];
            found.gradient.iter().enumerate().for_each(|(i, g)| gradient[place(i)] = *g);
            Found { gradient, ..found }
        };
        let weights = tensor(&record["fixed"]["weight"]).map(|w| w.data);
        let of = weights.clone().unwrap_or_else(|| vec![1.0; classes]);
        let label_smoothing = args["label_smoothing"].as_f64().unwrap_or_default();
        let ignored = args["ignore_index"].as_i64().unwrap_or(-100);
        let settings =
            Settings { class_weights: weights.unwrap_or_default(), label_smoothing, ignored: Some(ignored as i32) };
        let t = data(&record["fixed"]["target"]);
        let ones = vec![1.0; logits.len() / classes];
        if args["target"] == "probabilities" {
            let target = narrow(&t);
            let twin = |w: &[f64]| distributions::of_distributions(&logits, &t, &of, label_smoothing, Some(w)).into();
            check(record, &ones, None, (TWIN, TWIN), &twin);
            let own = |w: &[f64]| kernel(&logits, w, |rows| of_distributions(rows, &target, classes, &settings));
            return check(record, &ones, None, (VALUE, GRADIENT), &own);
        }
        let masked: Vec<i64> = t.iter().map(|&y| if y as i64 == ignored { -1 } else { y as i64 }).collect();
        let twin = |w: &[f64]| back(distributions::smoothed(&logits, &masked, &of, label_smoothing, Some(w)).into());
        check(record, &ones, None, (TWIN, TWIN), &twin);
        let target: Vec<i32> = t.iter().map(|&y| y as i32).collect();
        let own = |w: &[f64]| back(kernel(&logits, w, |rows| smoothed(rows, &target, &settings)));
        check(record, &ones, None, (VALUE, GRADIENT), &own)
    });
}

/// PyTorch's "none" has a loss for each class, and a cotangent: as targets times the cotangent the gradient is the same.
#[test]
fn divergence_of_distributions() {
    each_of(&["KLDivLoss"], 3, |record| {
        let (logits, t) = (data(&record["inputs"]["input"]), data(&record["fixed"]["target"]));
        let (classes, ones) = (5, vec![1.0; logits.len() / 5]);
        let mut of_rows = record.clone();
        if record["reduction"] == "none" {
            let cotangent = data(&record["cotangent"]);
            let scaled: Vec<f64> = t.iter().zip(&cotangent).map(|(t, c)| t * c).collect();
            let twin = distributions::of_distributions(&logits, &scaled, &[1.0; 5], 0.0, None).gradient;
            let expected = data(&record["grad"]["input"]);
            assert!(relative_error(&twin, &expected) <= TWIN);
            let target = narrow(&scaled);
            let own = kernel(&logits, &ones, |rows| of_distributions(rows, &target, classes, &Settings::default()));
            assert!(relative_error(&own.gradient, &expected) <= GRADIENT);
            // And the sum of each row, as that of reduction "sum".
            let values = data(&record["value"]);
            of_rows["reduction"] = "sum".into();
            of_rows["value"] = values.iter().sum::<f64>().into();
            let plain = distributions::kl_divergence(&logits, &t, classes, None).gradient;
            of_rows["grad"]["input"]["data"] = plain.into();
        }
        let twin = |w: &[f64]| distributions::kl_divergence(&logits, &t, classes, Some(w)).into();
        check(&of_rows, &ones, None, (TWIN, TWIN), &twin);
        let target = narrow(&t);
        let own = |w: &[f64]| kernel(&logits, w, |rows| divergence::kl_divergence(rows, &target, classes));
        check(&of_rows, &ones, None, (VALUE, GRADIENT), &own)
    });
}

#[test]
fn connectionist_temporal_classification() {
    each_of(&["CTCLoss"], 9, |record| {
        let input = tensor(&record["inputs"]["input"]).expect("logits");
        let (steps, batch, classes) = (input.shape[0], input.shape[1], input.shape[2]);
        let list = |v: &Value| -> Vec<usize> {
            v.as_array().expect("a list").iter().map(|n| n.as_u64().expect("a size") as usize).collect()
        };
        let lengths = list(&record["fixed"]["input_lengths"]);
        let labels: Vec<Vec<usize>> = record["fixed"]["targets"].as_array().expect("a list").iter().map(list).collect();
        let blank = record["args"]["blank"].as_u64().expect("a class") as usize;
        let zero_infinity = record["args"]["zero_infinity"] == true;
        let at = |t: usize, b: usize| (t * batch + b) * classes;
        // PyTorch's mean divides by the length of a target first.
        let mean = record["reduction"] == "mean";
        let length = |b: usize| labels[b].len().max(1) as f64;
        let twin = |w: &[f64]| {
            let mut found = Found { sum: 0.0, weight: 0.0, gradient: vec![0.0; input.data.len()] };
            for b in 0..batch {
                let own: Vec<f64> =
                    (0..lengths[b]).flat_map(|t| input.data[at(t, b)..at(t, b) + classes].to_vec()).collect();
                let (loss, gradient) = naive_ctc::ctc(&own, classes, &labels[b], blank);
                let w = if mean { w[b] / length(b) } else { w[b] };
                found.sum += if loss.is_finite() { w * loss } else { 0.0 };
                for t in 0..lengths[b] {
                    let row = &gradient[t * classes..(t + 1) * classes];
                    row.iter().enumerate().for_each(|(k, g)| found.gradient[at(t, b) + k] = w * g);
                }
            }
            found
        };
        let packing = Packing::new(&lengths);
        let rows: Vec<(usize, usize)> = (0..packing.steps)
            .flat_map(|t| packing.order[..packing.sizes[t]].iter().map(move |&b| (t, b as usize)))
            .collect();
        let output: Vec<f64> =
            rows.iter().flat_map(|&(t, b)| input.data[at(t, b)..at(t, b) + classes].to_vec()).collect();
        let flat: Vec<i32> = packing.order.iter().flat_map(|&b| labels[b as usize].iter().map(|&l| l as i32)).collect();
        let mut starts = vec![0];
        packing.order.iter().for_each(|&b| starts.push(starts[starts.len() - 1] + labels[b as usize].len()));
        let own = |w: &[f64]| {
            let of = |b: u32| w[b as usize] * if mean { 1.0 } else { length(b as usize) };
            let weight: Vec<f64> = packing.order.iter().map(|&b| of(b)).collect();
            let targets = Labels { labels: &flat, starts: &starts };
            let packed = kernel(&output, &weight, |rows| {
                ctc(rows, &packing, targets, Ctc { blank, zero_infinity }, &mut Alignments::default())
            });
            let mut gradient = vec![0.0; steps * batch * classes];
            for (&(t, b), row) in rows.iter().zip(packed.gradient.chunks(classes)) {
                gradient[at(t, b)..at(t, b) + classes].copy_from_slice(row);
            }
            Found { gradient, ..packed }
        };
        let (ones, count) = (vec![1.0; batch], Some(batch as f64));
        check(record, &ones, count, (TWIN, TWIN), &twin);
        check(record, &ones, count, (VALUE, GRADIENT), &own)
    });
}
