//! Variational dropout (Gal and Ghahramani 2016, arXiv:1512.05287, equation 7; Keras' `recurrent_dropout`): the recurrent products
//! read `m ∘ h'` in place of the state before, with one mask m for all steps of a sequence and all gates of a cell.
//!
//! ```text
//! sums = b + W x + U (m ∘ h')      dU = Σ δ (m ∘ h')ᵀ      dh' += m ∘ Uᵀ δ      m: 0 with probability rate, else 1/(1-rate), in training
//! ```
//! With the regulariser against vanishing gradients h' is `h' + u` in dU (see [`super::vanishing`]).
//! What a cell takes of h' beside its products (a GRU's `z ∘ h'`, zoneout) is as it was; where the reset of a GRU acts before the
//! product, that reads `m ∘ r ∘ h'`. A mask depends on seed, update, level, direction, sequence and unit alone.
//!
//! Where nothing is masked each of these does nothing.

use super::Sweep;
use crate::dropout::{fill, threshold};
use crate::product::Rows;
use crate::random::Purpose;
use crate::transposed::{Onto, back};

impl Sweep<'_> {
    /// Whether the recurrent products of this pass read masked states.
    pub(super) fn masks_state(&self) -> bool {
        self.level.variational > 0.0 && self.key.is_some()
    }

    /// Draws the masks `[batch, units]` of all sequences, once a pass.
    pub(super) fn draw_state_masks(&self, masks: &mut [f32]) {
        let (rate, units) = (self.level.variational, self.level.units);
        let Some(key) = self.key.filter(|_| rate > 0.0) else { return };
        let philox = key.philox(Purpose::Variational, (self.level.trace + self.side) as u32);
        let values = [0.0, 1.0 / (1.0 - rate)];
        for (row, id) in masks.chunks_exact_mut(units).take(self.packing.batch).zip(key.rows) {
            fill(philox, threshold(rate), values, (*id, 0), row);
        }
    }

    /// What the recurrent product of a step reads: its states `h [n, units]`, or what is left of them, kept in `terms` from row
    /// `first` on.
    pub(super) fn seen<'a>(&self, h: &'a [f32], terms: &'a mut [f32], masks: &[f32], first: usize) -> &'a [f32] {
        if !self.masks_state() {
            return h;
        }
        let seen = &mut terms[first * self.level.units..][..h.len()];
        mask_to(seen, h, masks);
        seen
    }

    /// `dh = m ∘ (dG·U)`, or added to what is there, on the rows of `dg`.
    pub(super) fn back_masked(
        &self,
        dg: Rows,
        keeps: bool,
        weight: &[f32],
        dh: &mut [f32],
        masks: &[f32],
        (room, strips): (&mut [f32], &mut [f32]),
    ) {
        let units = self.level.units;
        let dh = &mut dh[..dg.rows * units];
        if keeps {
            let whole = &mut room[..dh.len()];
            back(dg, Onto::Zeros(self.zeros), weight, units, whole, strips);
            add_masked(dh, whole, masks);
        } else {
            back(dg, Onto::Zeros(self.zeros), weight, units, dh, strips);
            mask(dh, masks);
        }
    }
}

/// `to = m ∘ from`.
#[inline(never)]
pub(super) fn mask_to(to: &mut [f32], from: &[f32], m: &[f32]) {
    for ((to, from), m) in to.iter_mut().zip(from).zip(m) {
        *to = from * m;
    }
}

/// `x = m ∘ x`.
#[inline(never)]
pub(super) fn mask(x: &mut [f32], m: &[f32]) {
    x.iter_mut().zip(m).for_each(|(x, m)| *x *= m);
}

/// `sum += m ∘ x`.
#[inline(never)]
pub(super) fn add_masked(sum: &mut [f32], x: &[f32], m: &[f32]) {
    for ((sum, x), m) in sum.iter_mut().zip(x).zip(m) {
        *sum += x * m;
    }
}
