//! Optimisers that see tensors as a whole, again: in f64, as the papers and PyTorch write them, without any rearranging.

use optim::{AdamW, Adjustment, Lamb, Muon, Optimizer, Tensor};

/// Lamb, Muon, or AdamW, of tensors in their natural order.
pub struct Layers {
    optimizer: Optimizer,
    step: i32,
    mean: Vec<f64>,
    square: Vec<f64>,
}

impl Layers {
    pub fn new(optimizer: impl Into<Optimizer>, n: usize) -> Self {
        Self { optimizer: optimizer.into(), step: 0, mean: vec![0.0; n], square: vec![0.0; n] }
    }

    /// Moves `x` where `tensors` are.
    pub fn update(&mut self, rate: f64, tensors: &[Tensor], x: &mut [f64], g: &[f64]) {
        self.step += 1;
        for tensor in tensors {
            match self.optimizer {
                Optimizer::AdamW(o) => self.adamw(o, rate, tensor, x, g),
                Optimizer::Lamb(o) => self.lamb(o, rate, tensor, x, g),
                Optimizer::Muon(o) if tensor.hidden => self.muon(o, rate, tensor, x, g),
                Optimizer::Muon(o) => {
                    let Muon { beta1, beta2, weight_decay, adam_epsilon: epsilon, .. } = o;
                    let adamw = AdamW { beta1, beta2, epsilon, weight_decay, ..AdamW::default() };
                    self.adamw(adamw, rate * o.adam_rate, tensor, x, g);
                }
                other => panic!("not here: {other:?}"),
            }
        }
    }

    /// Adam's direction of one element.
    fn direction(&mut self, i: usize, [beta1, beta2, epsilon]: [f64; 3], g: f64) -> f64 {
        let (m, v, t) = (&mut self.mean[i], &mut self.square[i], self.step);
        *m = beta1 * *m + (1.0 - beta1) * g;
        *v = beta2 * *v + (1.0 - beta2) * g * g;
        (*m / (1.0 - power(beta1, t))) / ((*v / (1.0 - power(beta2, t))).sqrt() + epsilon)
    }

    fn adamw(&mut self, o: AdamW, rate: f64, tensor: &Tensor, x: &mut [f64], g: &[f64]) {
        for i in tensor.range.clone() {
            let u = self.direction(i, [o.beta1, o.beta2, o.epsilon], g[i]);
            x[i] = x[i] * (1.0 - rate * o.weight_decay) - rate * u;
        }
    }

    /// You et al. 2020, algorithm 2.
    fn lamb(&mut self, o: Lamb, rate: f64, tensor: &Tensor, x: &mut [f64], g: &[f64]) {
        let layer = tensor.range.clone();
        let adam = |i: usize| self.direction(i, [o.beta1, o.beta2, o.epsilon], g[i]) + o.weight_decay * x[i];
        let u: Vec<f64> = layer.clone().map(adam).collect();
        let (size, length) = (norm(&x[layer.clone()]), norm(&u));
        let ratio = if size == 0.0 || length == 0.0 { 1.0 } else { size / length };
        layer.zip(u).for_each(|(i, u)| x[i] -= rate * ratio * u);
    }

    /// A hidden matrix, as `_single_tensor_muon` of PyTorch has it.
    fn muon(&mut self, o: Muon, rate: f64, tensor: &Tensor, x: &mut [f64], g: &[f64]) {
        let (range, rows, columns) = (tensor.range.clone(), tensor.rows.len(), tensor.columns);
        let mut direction = Vec::new();
        for i in range.clone() {
            let b = &mut self.mean[i];
            *b = o.momentum * *b + (1.0 - o.momentum) * g[i];
            direction.push(if o.nesterov { (1.0 - o.momentum) * g[i] + o.momentum * *b } else { *b });
        }
        let step = if rows > columns {
            transposed(&iterate(transposed(&direction, rows, columns), columns, rows, &o), columns, rows)
        } else {
            iterate(direction, rows, columns, &o)
        };
        let (r, c) = (rows as f64, columns as f64);
        let adjusted = match o.adjustment {
            Adjustment::Original => rate * (r / c).max(1.0).sqrt(),
            Adjustment::MatchRmsAdamW => rate * 0.2 * r.max(c).sqrt(),
        };
        range.zip(step).for_each(|(i, step)| x[i] = x[i] * (1.0 - rate * o.weight_decay) - adjusted * step);
    }
}

/// Steps of Newton and Schulz of `x [m x n]`, `m ≤ n`, as PyTorch's source has them.
pub fn iterate(mut x: Vec<f64>, m: usize, n: usize, how: &Muon) -> Vec<f64> {
    let ([a, b, c], norm) = (how.coefficients, norm(&x).max(how.epsilon));
    x.iter_mut().for_each(|x| *x /= norm);
    for _ in 0..how.steps {
        let gram = product(&x, &transposed(&x, m, n), m, n, m);
        let square = product(&gram, &gram, m, m, m);
        let update: Vec<f64> = gram.iter().zip(&square).map(|(g, s)| b * g + c * s).collect();
        let moved = product(&update, &x, m, m, n);
        x.iter_mut().zip(moved).for_each(|(x, moved)| *x = a * *x + moved);
    }
    x
}

/// `a [m x k] · b [k x n]`.
pub fn product(a: &[f64], b: &[f64], m: usize, k: usize, n: usize) -> Vec<f64> {
    (0..m * n).map(|i| (0..k).map(|p| a[i / n * k + p] * b[p * n + i % n]).sum()).collect()
}

/// The transpose, `[n x m]`, of `a [m x n]`.
pub fn transposed(a: &[f64], m: usize, n: usize) -> Vec<f64> {
    (0..m * n).map(|i| a[i % m * n + i / m]).collect()
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn power(base: f64, exponent: i32) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * base)
}
