//! Embedding layers: a row of a table for each token; in training whole tokens may be dropped (Gal and Ghahramani 2016).

use std::ops::Range;

use crate::blocks::{Order, steps};
use crate::dropout::threshold;
use crate::network::DropoutKey;
use crate::params::{Owner, ParameterTable, Role};
use crate::random::Purpose;
use crate::spec::NetworkError;

#[derive(Clone, Debug)]
pub(crate) struct Embedding {
    pub units: usize,
    pub trainable: bool,
    /// Share of tokens dropped, in `[0, 1)`.
    pub dropout: f32,
    /// Which stage of the network this is.
    pub place: u32,
    table: Range<usize>,
}

impl Embedding {
    pub fn new(
        vocabulary: usize,
        units: usize,
        (dropout, place): (f32, u32),
        (owner, table): (&Owner, &mut ParameterTable),
    ) -> Result<Embedding, NetworkError> {
        let table = table.plain(owner, "weight", Role::Embedding, &[vocabulary, units], 1)?;
        Ok(Embedding { units, trainable: owner.trainable, dropout, place, table })
    }

    /// `y [rows, units]` of `tokens [rows]`.
    pub fn forward(&self, params: &[f32], tokens: &[u32], y: &mut [f32]) {
        let table = &params[self.table.clone()];
        for (y, &token) in y.chunks_exact_mut(self.units).zip(tokens) {
            y.copy_from_slice(&table[token as usize * self.units..][..self.units]);
        }
    }

    /// Fills `factors [rows]` with 0 for tokens that are dropped, all of one kind in a sequence together, and else `1/(1-rate)`;
    /// scales the rows of `y` by them.
    pub fn drop(&self, key: DropoutKey, offsets: &[usize], tokens: &[u32], factors: &mut [f32], y: &mut [f32]) {
        let philox = key.philox(Purpose::Dropout, self.place);
        let (threshold, scale) = (threshold(self.dropout), 1.0 / (1.0 - self.dropout));
        for ends in offsets.windows(2) {
            for (r, id) in (ends[0]..ends[1]).zip(key.rows) {
                let words = philox.block([tokens[r] / 4, 0, *id as u32, (*id >> 32) as u32]);
                factors[r] = if words[tokens[r] as usize % 4] < threshold { 0.0 } else { scale };
                y[r * self.units..][..self.units].iter_mut().for_each(|y| *y *= factors[r]);
            }
        }
    }

    /// Adds each row of `dy`, times its factor where tokens were dropped, onto the gradient of its token's row: steps descending, rows ascending within a step.
    pub fn backward(&self, offsets: &[usize], tokens: &[u32], factors: Option<&[f32]>, dy: &[f32], grads: &mut [f32]) {
        if !self.trainable {
            return;
        }
        let table = &mut grads[self.table.clone()];
        for step in steps(offsets, Order::Descending) {
            for r in step.first..step.first + step.n {
                let row = &mut table[tokens[r] as usize * self.units..][..self.units];
                let dy = row.iter_mut().zip(&dy[r * self.units..]);
                match factors {
                    None => dy.for_each(|(t, d)| *t += d),
                    Some(factors) => dy.for_each(|(t, d)| *t += factors[r] * d),
                }
            }
        }
    }
}
