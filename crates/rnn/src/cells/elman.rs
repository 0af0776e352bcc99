//! Elman network (Elman, "Finding structure in time", 1990): `h = f(W_ih x + b_ih + W_hh h' + b_hh)`.

use super::{Backward, Cell, Forward, Gate, Shape};
use crate::spec::Activation;
use linalg::flush;

pub(super) struct Elman(pub Activation);

impl Cell for Elman {
    fn shape(&self) -> Shape {
        const GATES: &[Gate] = &[Gate::both(0)];
        Shape { gates: GATES, input: 0..1, hidden: 0..1, ..Shape::NONE }
    }

    fn forward(&self, step: Forward) {
        self.0.apply(step.gates);
        step.h.copy_from_slice(step.gates);
    }

    /// `da = dh · f'(a)`, the derivative taken from `h = f(a)`.
    fn backward(&self, step: &mut Backward) {
        match self.0 {
            Activation::Linear => each(step, |_, d| d),
            Activation::Relu => each(step, |h, d| if h > 0.0 { d } else { 0.0 }),
            Activation::Tanh => each(step, |h, d| d * (1.0 - h * h)),
        }
    }
}

#[inline(always)]
fn each(step: &mut Backward, derivative: impl Fn(f32, f32) -> f32) {
    for (a, dh) in step.gates.iter_mut().zip(&*step.dh) {
        *a = derivative(*a, flush(*dh));
    }
}
