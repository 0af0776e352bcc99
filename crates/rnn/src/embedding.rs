//! Embedding layers: a row of a table for each token.

use std::ops::Range;

use crate::blocks::{Order, steps};
use crate::params::{Owner, ParameterTable, Role};
use crate::spec::NetworkError;

#[derive(Clone, Debug)]
pub(crate) struct Embedding {
    pub units: usize,
    pub trainable: bool,
    table: Range<usize>,
}

impl Embedding {
    pub fn new(
        vocabulary: usize,
        units: usize,
        (owner, table): (&Owner, &mut ParameterTable),
    ) -> Result<Embedding, NetworkError> {
        let table = table.plain(owner, "weight", Role::Embedding, &[vocabulary, units], 1)?;
        Ok(Embedding { units, trainable: owner.trainable, table })
    }

    /// `y [rows, units]` of `tokens [rows]`.
    pub fn forward(&self, params: &[f32], tokens: &[u32], y: &mut [f32]) {
        let table = &params[self.table.clone()];
        for (y, &token) in y.chunks_exact_mut(self.units).zip(tokens) {
            y.copy_from_slice(&table[token as usize * self.units..][..self.units]);
        }
    }

    /// Adds each row of `dy` onto the gradient of its token's row: steps descending, rows ascending within a step.
    pub fn backward(&self, offsets: &[usize], tokens: &[u32], dy: &[f32], grads: &mut [f32]) {
        if !self.trainable {
            return;
        }
        let table = &mut grads[self.table.clone()];
        for step in steps(offsets, Order::Descending) {
            for r in step.first..step.first + step.n {
                let row = &mut table[tokens[r] as usize * self.units..][..self.units];
                row.iter_mut().zip(&dy[r * self.units..]).for_each(|(t, d)| *t += d);
            }
        }
    }
}
