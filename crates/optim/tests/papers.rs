//! What PyTorch does not have, against the papers' algorithms in f64, written here as they stand there.

mod support;

use optim::{Adam, Lamb, Optimizer, Places, Prodigy, Sgd, Tensor};
use std::ops::Range;
use support::layers::Layers;
use support::{Random, Run, error, to_f32, to_f64};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Three tensors; the last starts at zero, as a bias does.
const TENSORS: [Range<usize>; 3] = [0..12, 12..20, 20..24];
const N: usize = 24;

/// `q (x-b)²/2 + c sin(w x)` for each element: smooth, with curvature of both signs.
struct Hills([Vec<f64>; 4]);

impl Hills {
    fn new() -> Hills {
        let mut random = Random(4);
        let mut numbers =
            |low: f64, high: f64| (0..N).map(|_| low + (high - low) * (f64::from(random.next()) + 1.0) / 2.0).collect();
        Hills([numbers(0.5, 3.0), numbers(-2.0, 2.0), numbers(0.1, 0.6), numbers(1.0, 2.0)])
    }

    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let Hills([q, b, c, w]) = self;
        (0..N).map(|i| q[i] * (x[i] - b[i]) + c[i] * w[i] * libm::cos(w[i] * x[i])).collect()
    }
}

fn start() -> Vec<f64> {
    let mut x = to_f64(&Random(8).take(N));
    x[TENSORS[2].clone()].fill(0.0);
    x
}

/// Both for `steps` updates, each with the gradient at its own point; the largest relative difference on the way.
fn compare(optimizer: impl Into<Optimizer>, rate: f64, steps: usize, mut paper: impl FnMut(&mut [f64], &[f64])) -> f64 {
    let (hills, mut x) = (Hills::new(), start());
    let places = Places::of(TENSORS.map(Tensor::vector).to_vec());
    let mut run = Run::of(optimizer, to_f32(&x), places);
    let mut worst = 0.0f64;
    for _ in 0..steps {
        let grads = to_f32(&hills.gradient(&to_f64(&run.params)));
        run.update(rate, &grads);
        let grads = hills.gradient(&x);
        paper(&mut x, &grads);
        worst = worst.max(error(&to_f64(&run.params), &x));
    }
    println!("{worst:.1e} {:?}", run.optimizer);
    worst
}

/// The figure of the issue.
const TOLERANCE: f64 = 1e-4;

/// You et al. 2020, algorithm 2.
#[test]
fn lamb() {
    for o in [Lamb::default(), Lamb { weight_decay: 0.3, beta2: 0.9, epsilon: 0.01, ..Lamb::default() }] {
        let mut twin = Layers::new(o, N);
        let off = compare(o, 0.02, 100, |x, g| twin.update(0.02, &TENSORS.map(Tensor::vector), x, g));
        assert!(off < TOLERANCE, "{o:?}: off by {off:e}");
    }
}

/// Mishchenko and Defazio 2024, algorithm 4, not in units of d0; from the default d0 of 1e-6 too, whose first steps are a few
/// roundings of a weight.
#[test]
fn prodigy() {
    let plain = Prodigy { d0: 1e-3, ..Prodigy::default() };
    let rest = Prodigy { d0: 1e-2, weight_decay: 0.05, coefficient: 0.7, bias_correction: true, beta2: 0.99, ..plain };
    let decaying = Prodigy { weight_decay: 0.05, ..Prodigy::default() };
    for (o, rate) in [(plain, 1.0), (rest, 0.5), (Prodigy::default(), 1.0), (decaying, 1.0)] {
        let beta3 = o.beta2.sqrt();
        let (mut m, mut v, mut s, mut r, mut d, mut t) = (vec![0.0; N], vec![0.0; N], vec![0.0; N], 0.0, o.d0, 0);
        let first = start();
        let off = compare(o, rate, 100, |x, g| {
            t += 1;
            let correction = (1.0 - power(o.beta2, t)).sqrt() / (1.0 - power(o.beta1, t));
            let gamma = if o.bias_correction { rate * correction } else { rate };
            let inner: f64 = (0..N).map(|i| g[i] * (first[i] - x[i])).sum();
            r = beta3 * r + (1.0 - beta3) * gamma * d * d * inner;
            for i in 0..N {
                m[i] = o.beta1 * m[i] + (1.0 - o.beta1) * d * g[i];
                v[i] = o.beta2 * v[i] + (1.0 - o.beta2) * d * d * g[i] * g[i];
                s[i] = beta3 * s[i] + (1.0 - beta3) * gamma * d * d * g[i];
                x[i] *= 1.0 - gamma * d * o.weight_decay;
                x[i] -= gamma * d * m[i] / (v[i].sqrt() + d * o.epsilon);
            }
            d = d.max(o.coefficient * r / s.iter().map(|s: &f64| s.abs()).sum::<f64>());
        });
        assert!(d > 5.0 * o.d0, "the estimate grew to {d}");
        // 32 bits over a hundred steps; without the rest of each weight those from 1e-6 would be off by more.
        assert!(off < 1e-5, "{o:?}: off by {off:e}");
    }
}

/// Whatever the scale of the problem, with no rate to choose.
#[test]
fn prodigy_needs_no_rate() {
    for scale in [0.01, 1.0, 100.0] {
        let mut run = Run::new(Prodigy { bias_correction: true, ..Prodigy::default() }, vec![0.0; 6]);
        let target: Vec<f32> = Random(3).take(6).iter().map(|x| x * scale).collect();
        let away = |run: &Run| error(&to_f64(&run.params), &to_f64(&target));
        assert!(away(&run) > 0.9);
        for _ in 0..2000 {
            let grads: Vec<f32> = run.params.iter().zip(&target).map(|(p, t)| p - t).collect();
            run.update(1.0, &grads);
        }
        assert!(away(&run) < 0.05, "scale {scale}: {} away", away(&run));
    }
}

/// Baydin et al. 2018, algorithms 4 and 5 (dampening and decay as PyTorch has them without hypergradients).
#[test]
fn descent_on_the_rate_of_sgd() {
    let plain = Sgd { hypergradient: 1e-3, ..Sgd::default() };
    let heavy = Sgd { momentum: 0.7, dampening: 0.2, weight_decay: 0.05, ..plain };
    for o in [plain, heavy, Sgd { dampening: 0.0, nesterov: true, ..heavy }] {
        let (mut v, mut u, mut alpha, mut t) = (vec![0.0; N], vec![0.0; N], 0.01, 0);
        let off = compare(o, 0.01, 100, |x, g| {
            t += 1;
            let g: Vec<f64> = (0..N).map(|i| g[i] + o.weight_decay * x[i]).collect();
            alpha += o.hypergradient * (0..N).map(|i| g[i] * u[i]).sum::<f64>();
            for i in 0..N {
                v[i] = if t == 1 { g[i] } else { o.momentum * v[i] + (1.0 - o.dampening) * g[i] };
                u[i] = if o.nesterov { g[i] + o.momentum * v[i] } else { v[i] };
                x[i] -= alpha * u[i];
            }
        });
        assert!(alpha > 0.02, "the rate grew to {alpha}");
        assert!(off < TOLERANCE, "{o:?}: off by {off:e}");
    }
}

/// Baydin et al. 2018, algorithm 6.
#[test]
fn descent_on_the_rate_of_adam() {
    let plain = Adam { hypergradient: 1e-4, ..Adam::default() };
    for o in [plain, Adam { amsgrad: true, beta2: 0.8, weight_decay: 0.05, epsilon: 1e-3, ..plain }] {
        let (mut m, mut v, mut most, mut u) = (vec![0.0; N], vec![0.0; N], vec![0.0; N], vec![0.0; N]);
        let (mut alpha, mut t) = (0.01, 0);
        let off = compare(o, 0.01, 100, |x, g| {
            t += 1;
            let g: Vec<f64> = (0..N).map(|i| g[i] + o.weight_decay * x[i]).collect();
            alpha += o.hypergradient * (0..N).map(|i| g[i] * u[i]).sum::<f64>();
            for i in 0..N {
                m[i] = o.beta1 * m[i] + (1.0 - o.beta1) * g[i];
                v[i] = o.beta2 * v[i] + (1.0 - o.beta2) * g[i] * g[i];
                most[i] = if o.amsgrad { v[i].max(most[i]) } else { v[i] };
                let (mean, square): (f64, f64) =
                    (m[i] / (1.0 - power(o.beta1, t)), most[i] / (1.0 - power(o.beta2, t)));
                u[i] = mean / (square.sqrt() + o.epsilon);
                x[i] -= alpha * u[i];
            }
        });
        assert!(alpha > 0.02, "the rate grew to {alpha}");
        assert!(off < TOLERANCE, "{o:?}: off by {off:e}");
    }
}

fn power(base: f64, exponent: i32) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * base)
}
