//! L-BFGS against PyTorch's trajectories, against the algorithm written plainly in f64, and cut at every evaluation.

mod support;
#[path = "support/wolfe.rs"]
mod wolfe;

use optim::{Lbfgs, Search};
use serde_json::Value;
use support::problem::{gradient, loss, loss_error};
use support::{Random, error, number, tensor, to_f32, to_f64};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;
use wolfe::wolfe;

fn buffer(n: usize) -> Result<Vec<f32>, ()> {
    Ok(vec![0.0; n])
}

fn search(settings: Lbfgs, n: usize) -> Search {
    let mut search = Search::new(settings, n, buffer).unwrap();
    search.reserve(buffer).unwrap();
    search
}

/// A loss and its gradient.
type Loss<'a> = &'a dyn Fn(&[f64]) -> (f64, Vec<f64>);

/// One evaluation; whether the update is over.
fn evaluate(search: &mut Search, rate: f64, params: &mut [f32], of: Loss) -> bool {
    let (loss, gradient) = of(&to_f64(search.point(params)));
    search.evaluated(rate, params, loss, &mut to_f32(&gradient))
}

/// An update: its loss at the start and its evaluations.
fn update(search: &mut Search, rate: f64, params: &mut [f32], of: Loss) -> usize {
    (1..).find(|_| evaluate(search, rate, params, of)).unwrap()
}

fn records(all: &Value) -> Vec<(&Value, &Value, Lbfgs, f64)> {
    let records = all["records"].as_array().unwrap().iter().filter(|r| r["optimizer"] == "LBFGS");
    let settings = |record: &Value| {
        let given = record["settings"].as_object().unwrap();
        let known = ["lr", "max_iter", "history_size", "line_search_fn"];
        assert!(given.keys().all(|k| known.contains(&k.as_str())), "{given:?}");
        let max_iterations = number(&given["max_iter"]) as u64;
        Lbfgs {
            max_iterations,
            max_evaluations: max_iterations * 5 / 4,
            history: number(&given["history_size"]) as usize,
            strong_wolfe: given.get("line_search_fn").is_some_and(|f| f == "strong_wolfe"),
            ..Lbfgs::default()
        }
    };
    let found: Vec<_> = records
        .map(|r| (r, &all["problems"][r["problem"].as_str().unwrap()], settings(r), number(&r["settings"]["lr"])))
        .collect();
    assert_eq!(found.len(), 3);
    found
}

/// The bound for trajectories is 1e-4; gradients here have 6e-8 of their size, which the differences between them, and
/// through them the directions, multiply (measured: see the printed figure).
const TOLERANCE: f64 = 1e-5;

#[test]
fn every_update_is_pytorchs() {
    let all = fixture!("optimizers.json");
    let mut worst = (0.0, "");
    for (record, problem, settings, rate) in records(&all) {
        let truth = tensor(&record["x"]);
        let mut params = to_f32(&tensor(&problem["x0"]));
        let n = params.len();
        let mut search = search(settings, n);
        let of = |x: &[f64]| (loss(problem, x), gradient(problem, x));
        for step in 1..truth.len() / n {
            update(&mut search, rate, &mut params, &of);
            let off = error(&to_f64(&params), &truth[step * n..][..n]);
            assert!(off <= TOLERANCE, "{} after update {step}: off by {off:e}", record["name"]);
            let of_loss = loss_error(problem, record, step, &to_f64(&params));
            assert!(of_loss <= 1e-5, "{} after update {step}: a loss off by {of_loss:e}", record["name"]);
            if off > worst.0 {
                worst = (off, record["name"].as_str().unwrap());
            }
        }
    }
    println!("largest error {:.1e} ({})", worst.0, worst.1);
}

/// The same algorithm again, in f64 and in one piece, as Nocedal and Wright and PyTorch's documentation have it.
struct Twin {
    settings: Lbfgs,
    pairs: Vec<(Vec<f64>, Vec<f64>)>,
    scale: f64,
    direction: Vec<f64>,
    previous: Vec<f64>,
    t: f64,
    iterations: u64,
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn most(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |m, a| m.max(a.abs()))
}

fn along(x: &[f64], d: &[f64], t: f64) -> Vec<f64> {
    x.iter().zip(d).map(|(x, d)| x + t * d).collect()
}

impl Twin {
    fn new(settings: Lbfgs) -> Twin {
        let none = Vec::new;
        Twin { settings, pairs: Vec::new(), scale: 1.0, direction: none(), previous: none(), t: 0.0, iterations: 0 }
    }

    fn update(&mut self, rate: f64, x: &mut Vec<f64>, of: Loss) {
        let s = self.settings;
        let of = |x: &[f64]| {
            let (loss, g) = of(x);
            if s.maximize { (-loss, g.iter().map(|g| -g).collect()) } else { (loss, g) }
        };
        let (mut loss, mut g) = of(x);
        let mut evaluations = 1;
        if most(&g) <= s.tolerance_gradient {
            return;
        }
        for n in 1..=s.max_iterations {
            self.iterations += 1;
            let first = self.iterations == 1;
            if !first {
                let y: Vec<f64> = g.iter().zip(&self.previous).map(|(g, p)| g - p).collect();
                let step: Vec<f64> = self.direction.iter().map(|d| d * self.t).collect();
                if inner(&y, &step) > 1e-10 {
                    self.scale = inner(&y, &step) / inner(&y, &y);
                    self.pairs.push((step, y));
                    if self.pairs.len() > s.history {
                        self.pairs.remove(0);
                    }
                }
            }
            let mut d: Vec<f64> = g.iter().map(|g| -g).collect();
            let mut alphas = Vec::new();
            for (step, y) in self.pairs.iter().rev() {
                let alpha = inner(step, &d) / inner(step, y);
                d = along(&d, y, -alpha);
                alphas.push(alpha);
            }
            d.iter_mut().for_each(|d| *d *= self.scale);
            for ((step, y), alpha) in self.pairs.iter().zip(alphas.into_iter().rev()) {
                let beta = inner(y, &d) / inner(step, y);
                d = along(&d, step, alpha - beta);
            }
            (self.direction, self.previous) = (d.clone(), g.clone());
            let before = loss;
            let size: f64 = g.iter().map(|g| g.abs()).sum();
            self.t = if first { (1.0 / size).min(1.0) * rate } else { rate };
            let slope = inner(&g, &d);
            if slope > -s.tolerance_change {
                break;
            }
            if s.strong_wolfe {
                let phi = |t: f64| {
                    let (loss, g) = of(&along(x, &d, t));
                    (t, loss, inner(&g, &d), g)
                };
                let start = (0.0, loss, slope, g.clone());
                let (found, looks) = wolfe(start, phi(self.t), s.max_evaluations - evaluations, most(&d), &phi);
                (self.t, loss, g) = (found.0, found.1, found.3);
                evaluations += looks;
                *x = along(x, &d, self.t);
            } else {
                *x = along(x, &d, self.t);
                if n == s.max_iterations {
                    break;
                }
                (loss, g) = of(x);
                evaluations += 1;
            }
            let still = most(&d) * self.t.abs() <= s.tolerance_change || (loss - before).abs() < s.tolerance_change;
            if evaluations >= s.max_evaluations || most(&g) <= s.tolerance_gradient || still {
                break;
            }
        }
    }
}

/// `Σ 100 (x₂ - x₁²)² + (1 - x₁)²` over pairs.
fn rosenbrock(x: &[f64]) -> (f64, Vec<f64>) {
    let (mut loss, mut g) = (0.0, vec![0.0; x.len()]);
    for (x, g) in x.chunks(2).zip(g.chunks_mut(2)) {
        let (a, b) = (x[1] - x[0] * x[0], 1.0 - x[0]);
        loss += 100.0 * a * a + b * b;
        (g[0], g[1]) = (-400.0 * a * x[0] - 2.0 * b, 200.0 * a);
    }
    (loss, g)
}

/// A bowl of many dimensions, uneven, with waves.
fn bowl(x: &[f64]) -> (f64, Vec<f64>) {
    let n = x.len() as f64;
    let each = x.iter().enumerate().map(|(i, &x)| {
        let q = 0.2 + 3.0 * i as f64 / n;
        (0.5 * q * x * x + 0.3 * libm::cos(2.0 * x), q * x - 0.6 * libm::sin(2.0 * x))
    });
    let (losses, g): (Vec<f64>, Vec<f64>) = each.unzip();
    let sum: f64 = x.iter().sum();
    // A term that ties all of them together.
    (losses.iter().sum::<f64>() + 0.05 * sum * sum, g.iter().map(|g| g + 0.1 * sum).collect())
}

fn hill(x: &[f64]) -> (f64, Vec<f64>) {
    let (loss, g) = bowl(x);
    (-loss, g.iter().map(|g| -g).collect())
}

fn variants() -> Vec<(Lbfgs, f64)> {
    let plain = Lbfgs::default();
    let wolfe = Lbfgs { strong_wolfe: true, ..plain };
    vec![
        (Lbfgs { max_iterations: 3, history: 2, ..plain }, 0.3),
        (Lbfgs { max_iterations: 5, max_evaluations: 3, history: 7, ..plain }, 0.5),
        (Lbfgs { max_iterations: 4, max_evaluations: 5, history: 4, ..wolfe }, 1.0),
        (Lbfgs { max_iterations: 3, max_evaluations: 30, history: 1, ..wolfe }, 1.0),
        (Lbfgs { max_iterations: 2, max_evaluations: 40, history: 5, ..wolfe }, 0.1),
        (Lbfgs { max_iterations: 2, max_evaluations: 40, history: 5, ..wolfe }, 40.0),
        (Lbfgs { max_iterations: 1, max_evaluations: 1, ..wolfe }, 1.0),
        (Lbfgs { tolerance_change: 0.05, tolerance_gradient: 0.1, ..wolfe }, 1.0),
        (Lbfgs { tolerance_change: 0.05, tolerance_gradient: 0.2, ..plain }, 0.5),
    ]
}

/// Steps that go out, brackets that become small, histories that are full, limits of every kind.
#[test]
fn every_option_is_that_of_the_plain_one() {
    let start = Random(5).take(30);
    let mut worst: f64 = 0.0;
    for maximize in [false, true] {
        for (settings, rate) in variants() {
            let settings = Lbfgs { maximize, ..settings };
            let of: Loss = if maximize { &hill } else { &bowl };
            let (mut params, mut x) = (start.clone(), to_f64(&start));
            let (mut search, mut twin) = (search(settings, params.len()), Twin::new(settings));
            for step in 1..=4 {
                update(&mut search, rate, &mut params, of);
                twin.update(rate, &mut x, of);
                let off = error(&to_f64(&params), &x);
                // Of 32 bits, up to eighty evaluations on; where steps are tiny or the end is near, losses differ by little
                // more than their rounding, and a cubic through them is another.
                assert!(off <= 1e-4, "{settings:?} at {rate} after update {step}: off by {off:e}");
                worst = worst.max(off);
            }
        }
    }
    println!("largest error {worst:.1e}");
}

#[test]
fn it_finds_the_end_of_a_curved_valley() {
    let settings = Lbfgs { strong_wolfe: true, history: 10, ..Lbfgs::default() };
    let (mut search, mut params) = (search(settings, 4), vec![-1.2, 1.0, 0.5, -2.0]);
    let evaluations: usize = (0..8).map(|_| update(&mut search, 1.0, &mut params, &rosenbrock)).sum();
    assert!(params.iter().all(|p| (p - 1.0).abs() < 1e-3), "{params:?}");
    assert!(evaluations < 150, "{evaluations}");
    // There it stays, with one look an update.
    let there = params.clone();
    assert!(update(&mut search, 1.0, &mut params, &rosenbrock) < 5);
    assert!(params.iter().zip(there).all(|(a, b)| (a - b).abs() < 1e-4));
}

/// What a line search ends with satisfies what it is named for.
#[test]
fn steps_satisfy_the_strong_wolfe_conditions() {
    let settings = Lbfgs { max_iterations: 1, max_evaluations: 60, strong_wolfe: true, ..Lbfgs::default() };
    for rate in [1e-3, 0.1, 1.0, 7.0, 300.0] {
        let (mut search, mut params) = (search(settings, 30), Random(9).take(30));
        for step in 0..12 {
            let before = to_f64(&params);
            update(&mut search, rate, &mut params, &bowl);
            let after = to_f64(&params);
            let moved: Vec<f64> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
            let ((f0, g0), (f1, g1)) = (bowl(&before), bowl(&after));
            let (slope, then) = (inner(&g0, &moved), inner(&g1, &moved));
            if f0 - f1 < 1e-5 {
                break; // rounding is as large
            }
            assert!(f1 <= f0 + 1e-4 * slope + 1e-6 * f0.abs(), "{rate} {step}: it goes down");
            assert!(then.abs() <= 0.9001 * slope.abs(), "{rate} {step}: {then} of {slope}");
        }
    }
}

/// Losses that are not finite are beyond what can be tried, not the end.
#[test]
fn it_turns_back_from_what_is_not_finite() {
    let walled = |x: &[f64]| {
        if x.iter().any(|x| x.abs() > 2.0) { (f64::INFINITY, vec![f64::NAN; x.len()]) } else { bowl(x) }
    };
    let settings = Lbfgs { strong_wolfe: true, max_evaluations: 150, ..Lbfgs::default() };
    for rate in [1.0, 1e4, 1e30] {
        let (mut search, mut params) = (search(settings, 30), Random(3).take(30));
        let start = bowl(&to_f64(&params)).0;
        for _ in 0..3 {
            update(&mut search, rate, &mut params, &walled);
        }
        let end = walled(&to_f64(&params)).0;
        assert!(end < start - 1.0, "{rate}: {start} became {end}");
    }
}

fn bits(params: &[f32], search: &Search) -> Vec<u64> {
    let vectors = search.vectors();
    let floats = params.iter().chain(vectors.iter().flat_map(|(_, v)| *v));
    floats.map(|x| u64::from(x.to_bits())).chain(search.numbers().iter().map(|x| x.to_bits())).collect()
}

#[test]
fn saved_between_any_two_evaluations_it_goes_on_as_if_it_had_not_been() {
    for (settings, rate) in variants() {
        let (mut whole, mut params) = (search(settings, 30), Random(5).take(30));
        let (mut cut, mut same) = (whole.clone(), params.clone());
        for evaluation in 0..40 {
            let over = evaluate(&mut whole, rate, &mut params, &bowl);
            let vectors: Vec<_> = cut.vectors().into_iter().map(|(name, v)| (name, v.to_vec())).collect();
            let read = |name: &str| {
                let found = vectors.iter().find(|(known, _)| known == name);
                found.map(|(_, v)| v.clone()).ok_or(())
            };
            cut = Search::read(settings, 30, &cut.numbers(), buffer, read).unwrap().expect("just written");
            cut.reserve(buffer).unwrap();
            cut.go_on(&same);
            assert_eq!(evaluate(&mut cut, rate, &mut same, &bowl), over, "{settings:?} {evaluation}");
            assert_eq!(bits(&same, &cut), bits(&params, &whole), "{settings:?} {evaluation}");
        }
    }
}

#[test]
fn what_is_not_its_own_is_not_read() {
    let settings = Lbfgs { strong_wolfe: true, history: 3, ..Lbfgs::default() };
    let mut search = search(settings, 30);
    let mut params = Random(5).take(30);
    for _ in 0..2 {
        update(&mut search, 1.0, &mut params, &bowl);
    }
    let numbers = search.numbers();
    let read = |settings: Lbfgs, numbers: &[f64]| {
        Search::read(settings, 30, numbers, buffer, |_| buffer(30)).unwrap().is_some()
    };
    assert!(read(settings, &numbers));
    assert!(!read(settings, &numbers[1..]) && !read(settings, &[]));
    assert!(!read(Lbfgs { strong_wolfe: false, ..settings }, &numbers));
    assert!(!read(Lbfgs { history: 2, ..settings }, &numbers));
}
