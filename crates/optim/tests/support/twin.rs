//! The optimisers again: in f64, element by element, as the papers and PyTorch write them, without any rearranging.

use optim::{Adam, Optimizer};

pub struct Twin {
    optimizer: Optimizer,
    step: i32,
    first: Vec<f64>,
    second: Vec<f64>,
    third: Vec<f64>,
}

impl Twin {
    pub fn new(optimizer: Optimizer, n: usize) -> Self {
        Self { optimizer, step: 0, first: vec![0.0; n], second: vec![0.0; n], third: vec![0.0; n] }
    }

    pub fn update(&mut self, rate: f64, params: &mut [f64], grads: &[f64]) {
        self.step += 1;
        for i in 0..params.len() {
            params[i] = self.element(i, rate, params[i], grads[i]);
        }
    }

    /// The new value of parameter `i`.
    fn element(&mut self, i: usize, rate: f64, p: f64, g: f64) -> f64 {
        let (a, b, c) = (&mut self.first[i], &mut self.second[i], &mut self.third[i]);
        match self.optimizer {
            Optimizer::Sgd(o) => {
                *a = if self.step == 1 { g } else { o.momentum * *a + g };
                p - rate * if o.nesterov { g + o.momentum * *a } else { *a }
            }
            Optimizer::RmsProp(o) => {
                *a = o.alpha * *a + (1.0 - o.alpha) * g * g;
                *b = o.alpha * *b + (1.0 - o.alpha) * g;
                let variance = if o.centered { *a - *b * *b } else { *a };
                *c = o.momentum * *c + g / (variance.sqrt() + o.epsilon);
                p - rate * *c
            }
            Optimizer::Adam(o) => p - rate * direction(o, self.step, a, b, g),
            Optimizer::AdamW(o) => {
                let adam = Adam { beta1: o.beta1, beta2: o.beta2, epsilon: o.epsilon };
                p * (1.0 - rate * o.weight_decay) - rate * direction(adam, self.step, a, b, g)
            }
        }
    }
}

fn direction(o: Adam, step: i32, mean: &mut f64, square: &mut f64, g: f64) -> f64 {
    *mean = o.beta1 * *mean + (1.0 - o.beta1) * g;
    *square = o.beta2 * *square + (1.0 - o.beta2) * g * g;
    let (mut power1, mut power2) = (1.0, 1.0);
    for _ in 0..step {
        power1 *= o.beta1;
        power2 *= o.beta2;
    }
    (*mean / (1.0 - power1)) / ((*square / (1.0 - power2)).sqrt() + o.epsilon)
}
