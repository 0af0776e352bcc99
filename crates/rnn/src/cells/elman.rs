//! Elman network (Elman, "Finding structure in time", 1990): `h = f(W_ih x + b_ih + W_hh h' + b_hh)`.

use super::{Backward, Cell, Forward, Gate, Shape};
use crate::spec::Activation;

pub(super) struct Elman(pub Activation);

impl Cell for Elman {
    fn shape(&self) -> Shape {
        const GATES: &[Gate] = &[Gate::both(0)];
        Shape { gates: GATES, input: 0..1, hidden: 0..1, candidate: None, saved: 0 }
    }

    fn forward(&self, step: Forward) {
        self.0.apply(step.gates);
        step.h.copy_from_slice(step.gates);
    }

    /// `da = dh · f'(a)`, the derivative taken from `h = f(a)`.
    fn backward(&self, step: &mut Backward) {
        self.0.backward(step.dh, step.gates);
        step.gates.copy_from_slice(step.dh);
        step.dh.fill(0.0);
    }
}
