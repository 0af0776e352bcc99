//! Elman network (Elman 1990, "Finding structure in time"): `h = f(W_ih x + b_ih + W_hh h₋ + b_hh)`.

use super::{Cell, Memory, Step, Weights};
use crate::Activation;
use crate::algebra::{add, add_outer, affine, transposed};

impl Activation {
    /// f(a).
    pub fn apply(self, a: f64) -> f64 {
        match self {
            Activation::Linear => a,
            Activation::Relu if a < 0.0 => 0.0,
            Activation::Relu => a,
            Activation::Tanh => libm::tanh(a),
        }
    }

    /// f'(a) from y = f(a); relu'(0) = 0, as PyTorch.
    pub fn slope(self, y: f64) -> f64 {
        match self {
            Activation::Linear => 1.0,
            Activation::Relu => f64::from(u8::from(y > 0.0)),
            Activation::Tanh => 1.0 - y * y,
        }
    }
}

pub struct Elman {
    pub activation: Activation,
}

impl Cell for Elman {
    /// Keeps nothing more: the slope follows from h.
    fn forward(&self, w: &Weights, x: &[f64], before: &Memory) -> Step {
        let mut a = affine(&w.ih, x, &w.bias_ih);
        add(&mut a, &affine(&w.hh, &w.seen(&before.h), &w.bias_hh));
        let h = a.into_iter().map(|a| self.activation.apply(a)).collect();
        Step { x: x.to_vec(), before: before.clone(), kept: Vec::new(), after: Memory { h, c: Vec::new() } }
    }

    fn backward(&self, w: &Weights, step: &Step, d: &Memory, dw: &mut Weights) -> (Vec<f64>, Memory) {
        let da: Vec<f64> = d.h.iter().zip(&step.after.h).map(|(d, h)| d * self.activation.slope(*h)).collect();
        add_outer(&mut dw.ih, &da, &step.x);
        add_outer(&mut dw.hh, &da, &w.seen(&step.before.h));
        add(&mut dw.bias_ih, &da);
        add(&mut dw.bias_hh, &da);
        (transposed(&w.ih, &da), Memory { h: w.seen(&transposed(&w.hh, &da)), c: Vec::new() })
    }
}
