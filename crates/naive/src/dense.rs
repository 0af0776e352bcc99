//! Dense layer: `y = f(W x + b)`, W `[units, K]`.

use crate::algebra::{add_outer, affine, transposed};
use crate::parameters::{accumulate, read};
use crate::{Activation, Parameters};

/// Where its parameters are and what they look like.
pub struct Dense<'a> {
    pub name: &'a str,
    pub units: usize,
    pub activation: Activation,
    pub bias: bool,
}

impl Dense<'_> {
    /// y of one row x `[K]`.
    pub fn forward(&self, params: &Parameters, x: &[f64]) -> Vec<f64> {
        let w = read(params, &self.weight(), self.units * x.len());
        let zeros = vec![0.0; self.units];
        let b = if self.bias { read(params, &self.bias(), self.units) } else { &zeros };
        affine(w, x, b).into_iter().map(|a| self.activation.apply(a)).collect()
    }

    /// dL/dx of one row from its x, y and dL/dy; adds to the parameters' gradients.
    pub fn backward(&self, params: &Parameters, x: &[f64], y: &[f64], dy: &[f64], sums: &mut Parameters) -> Vec<f64> {
        let w = read(params, &self.weight(), self.units * x.len());
        let da: Vec<f64> = dy.iter().zip(y).map(|(d, y)| d * self.activation.slope(*y)).collect();
        let mut dw = vec![0.0; w.len()];
        add_outer(&mut dw, &da, x);
        accumulate(sums, &self.weight(), &dw);
        if self.bias {
            accumulate(sums, &self.bias(), &da);
        }
        transposed(w, &da)
    }

    fn weight(&self) -> String {
        format!("{}.weight", self.name)
    }

    fn bias(&self) -> String {
        format!("{}.bias", self.name)
    }
}
