//! Embedding: token v reads row v of `{name}.weight [vocabulary, units]`.

use crate::Parameters;
use crate::parameters::{accumulate, read};

/// Where its table is and what it looks like.
pub struct Embedding<'a> {
    pub name: &'a str,
    pub vocabulary: usize,
    pub units: usize,
}

impl Embedding<'_> {
    /// The row of `token`, `[units]`.
    pub fn forward(&self, params: &Parameters, token: u32) -> Vec<f64> {
        assert!((token as usize) < self.vocabulary, "token {token} of {}", self.vocabulary);
        let table = read(params, &self.weight(), self.vocabulary * self.units);
        table[token as usize * self.units..][..self.units].to_vec()
    }

    /// Adds dy to the gradient of the token's row.
    pub fn backward(&self, token: u32, dy: &[f64], sums: &mut Parameters) {
        let mut dw = vec![0.0; self.vocabulary * self.units];
        dw[token as usize * self.units..][..self.units].copy_from_slice(dy);
        accumulate(sums, &self.weight(), &dw);
    }

    fn weight(&self) -> String {
        format!("{}.weight", self.name)
    }
}
