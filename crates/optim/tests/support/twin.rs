//! The optimisers again: in f64, element by element, as the papers and PyTorch write them, without any rearranging.

use optim::{Adam, AdamW, NAdam, Optimizer, ScheduleFree};

pub struct Twin {
    optimizer: Optimizer,
    step: i32,
    first: Vec<f64>,
    second: Vec<f64>,
    third: Vec<f64>,
    /// NAdam's Π; the sum of schedule-free's weights.
    number: f64,
}

impl Twin {
    pub fn new(optimizer: impl Into<Optimizer>, params: &[f64]) -> Self {
        let optimizer = optimizer.into();
        let zeros = vec![0.0; params.len()];
        let (mut first, second, third) = (zeros.clone(), zeros.clone(), zeros);
        match optimizer {
            Optimizer::Adagrad(o) => first.fill(o.initial_accumulator),
            Optimizer::Asgd(_) | Optimizer::ScheduleFree(_) => first.copy_from_slice(params),
            _ => {}
        }
        let number = if matches!(optimizer, Optimizer::NAdam(_)) { 1.0 } else { 0.0 };
        Self { optimizer, step: 0, first, second, third, number }
    }

    /// Where gradients are taken.
    pub fn point(&self, params: &[f64]) -> Vec<f64> {
        match self.optimizer {
            Optimizer::Asgd(_) => self.first.clone(),
            Optimizer::ScheduleFree(o) => {
                let pairs = self.first.iter().zip(params);
                pairs.map(|(z, x)| (1.0 - o.beta1) * z + o.beta1 * x).collect()
            }
            _ => params.to_vec(),
        }
    }

    pub fn update(&mut self, rate: f64, params: &mut [f64], grads: &[f64]) {
        self.step += 1;
        match self.optimizer {
            Optimizer::NAdam(o) => self.number *= nadam_momentum(o, self.step),
            Optimizer::ScheduleFree(o) => self.number += power(schedule_free_rate(o, self.step, rate), 2),
            _ => {}
        }
        let at = self.point(params);
        let (maximize, decay) = before(self.optimizer);
        for i in 0..params.len() {
            let g = if maximize { -grads[i] } else { grads[i] } + decay * at[i];
            params[i] = self.element(i, rate, params[i], g);
        }
    }

    /// The new value of parameter `i`.
    fn element(&mut self, i: usize, rate: f64, p: f64, g: f64) -> f64 {
        let (a, b, c, t) = (&mut self.first[i], &mut self.second[i], &mut self.third[i], self.step);
        match self.optimizer {
            Optimizer::Sgd(o) => {
                *a = if t == 1 { g } else { o.momentum * *a + (1.0 - o.dampening) * g };
                p - rate * if o.nesterov { g + o.momentum * *a } else { *a }
            }
            Optimizer::RmsProp(o) => {
                *a = o.alpha * *a + (1.0 - o.alpha) * g * g;
                *b = o.alpha * *b + (1.0 - o.alpha) * g;
                let variance = if o.centered { *a - *b * *b } else { *a };
                *c = o.momentum * *c + g / (variance.sqrt() + o.epsilon);
                p - rate * *c
            }
            Optimizer::Adam(o) => p - rate * direction(o, t, [a, b, c], g),
            Optimizer::AdamW(o) => {
                let AdamW { beta1, beta2, epsilon, amsgrad, .. } = o;
                let adam = Adam { beta1, beta2, epsilon, amsgrad, ..Adam::default() };
                p * (1.0 - rate * o.weight_decay) - rate * direction(adam, t, [a, b, c], g)
            }
            Optimizer::NAdam(o) => {
                *a = o.beta1 * *a + (1.0 - o.beta1) * g;
                *b = o.beta2 * *b + (1.0 - o.beta2) * g * g;
                let root = (*b / (1.0 - power(o.beta2, t))).sqrt() + o.epsilon;
                let (now, next) = (nadam_momentum(o, t), nadam_momentum(o, t + 1));
                let p = if o.decoupled { p * (1.0 - rate * o.weight_decay) } else { p };
                let p = p - rate * (1.0 - now) / (1.0 - self.number) * g / root;
                p - rate * next / (1.0 - self.number * next) * *a / root
            }
            Optimizer::RAdam(o) => {
                *a = o.beta1 * *a + (1.0 - o.beta1) * g;
                *b = o.beta2 * *b + (1.0 - o.beta2) * g * g;
                let p = if o.decoupled { p * (1.0 - rate * o.weight_decay) } else { p };
                let mean = *a / (1.0 - power(o.beta1, t));
                let most = 2.0 / (1.0 - o.beta2) - 1.0;
                let known = most - 2.0 * f64::from(t) * power(o.beta2, t) / (1.0 - power(o.beta2, t));
                if known <= 5.0 {
                    return p - rate * mean;
                }
                let numerator = (known - 4.0) * (known - 2.0) * most;
                let rectified = (numerator / ((most - 4.0) * (most - 2.0) * known)).sqrt();
                p - rate * mean * rectified * (1.0 - power(o.beta2, t)).sqrt() / (b.sqrt() + o.epsilon)
            }
            Optimizer::Adamax(o) => {
                *a = o.beta1 * *a + (1.0 - o.beta1) * g;
                *b = (o.beta2 * *b).max(g.abs() + o.epsilon);
                p - rate / (1.0 - power(o.beta1, t)) * *a / *b
            }
            Optimizer::Adagrad(o) => {
                *a += g * g;
                p - rate / (1.0 + f64::from(t - 1) * o.rate_decay) * g / (a.sqrt() + o.epsilon)
            }
            Optimizer::Adadelta(o) => {
                *a = o.rho * *a + (1.0 - o.rho) * g * g;
                let step = (*b + o.epsilon).sqrt() / (*a + o.epsilon).sqrt() * g;
                *b = o.rho * *b + (1.0 - o.rho) * step * step;
                p - rate * step
            }
            Optimizer::Asgd(o) => {
                let before = f64::from(t - 1);
                let eta = rate / libm::pow(1.0 + o.lambda * rate * before, o.alpha);
                *a = *a * (1.0 - o.lambda * eta) - eta * g;
                p + (*a - p) / (before - o.start).max(1.0)
            }
            Optimizer::Rprop(o) => {
                let size = if t == 1 { rate } else { *b };
                let turned = g * *a;
                let factor = if turned > 0.0 {
                    o.increase
                } else if turned < 0.0 {
                    o.decrease
                } else {
                    1.0
                };
                *b = (size * factor).clamp(o.smallest, o.largest);
                *a = if turned < 0.0 { 0.0 } else { g };
                p - *b * if *a == 0.0 { 0.0 } else { a.signum() }
            }
            Optimizer::Lion(o) => {
                let c = o.beta1 * *a + (1.0 - o.beta1) * g;
                *a = o.beta2 * *a + (1.0 - o.beta2) * g;
                p - rate * if c == 0.0 { 0.0 } else { c.signum() } - rate * o.weight_decay * p
            }
            Optimizer::ScheduleFree(o) => {
                let y = (1.0 - o.beta1) * *a + o.beta1 * p;
                let gamma = schedule_free_rate(o, t, rate);
                *b = o.beta2 * *b + (1.0 - o.beta2) * g * g;
                *a = *a - gamma * g / (b.sqrt() + o.epsilon) - gamma * o.weight_decay * y;
                let share = gamma * gamma / self.number;
                (1.0 - share) * p + share * *a
            }
            Optimizer::Lbfgs(_) => panic!("goes by losses: see lbfgs.rs"),
            Optimizer::Lamb(_) | Optimizer::Prodigy(_) => panic!("not by elements: see papers.rs"),
            Optimizer::Adafactor(_) | Optimizer::Muon(_) => panic!("not by elements: see matrices.rs"),
        }
    }
}

/// Whether to climb, and the decay that is added to the gradient.
fn before(optimizer: Optimizer) -> (bool, f64) {
    match optimizer {
        Optimizer::Sgd(o) => (o.maximize, o.weight_decay),
        Optimizer::RmsProp(o) => (o.maximize, o.weight_decay),
        Optimizer::Adam(o) => (o.maximize, o.weight_decay),
        Optimizer::AdamW(o) => (o.maximize, 0.0),
        Optimizer::NAdam(o) => (o.maximize, if o.decoupled { 0.0 } else { o.weight_decay }),
        Optimizer::RAdam(o) => (o.maximize, if o.decoupled { 0.0 } else { o.weight_decay }),
        Optimizer::Adamax(o) => (o.maximize, o.weight_decay),
        Optimizer::Adagrad(o) => (o.maximize, o.weight_decay),
        Optimizer::Adadelta(o) => (o.maximize, o.weight_decay),
        Optimizer::Asgd(o) => (o.maximize, o.weight_decay),
        Optimizer::Rprop(o) => (o.maximize, 0.0),
        _ => (false, 0.0),
    }
}

fn power(base: f64, exponent: i32) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * base)
}

fn schedule_free_rate(o: ScheduleFree, t: i32, rate: f64) -> f64 {
    let warm = if o.warmup == 0 { 1.0 } else { (f64::from(t) / o.warmup as f64).min(1.0) };
    rate * (1.0 - power(o.beta2, t)).sqrt() * warm
}

fn nadam_momentum(o: NAdam, t: i32) -> f64 {
    o.beta1 * (1.0 - 0.5 * libm::pow(0.96, f64::from(t) * o.momentum_decay))
}

fn direction(o: Adam, step: i32, [mean, square, most]: [&mut f64; 3], g: f64) -> f64 {
    *mean = o.beta1 * *mean + (1.0 - o.beta1) * g;
    *square = o.beta2 * *square + (1.0 - o.beta2) * g * g;
    *most = if o.amsgrad { most.max(*square) } else { *square };
    (*mean / (1.0 - power(o.beta1, step))) / ((*most / (1.0 - power(o.beta2, step))).sqrt() + o.epsilon)
}
