//! Masks around a step: they are drawn before it, and what zoneout holds of the states is put back after it. Where nothing acts
//! each of these does nothing.

use super::Sweep;
use crate::blocks::Step;
use crate::step_masks::{StepMasks, hold, part};
use crate::workspace::{Memory, Scratch};

impl Sweep<'_> {
    /// The masks of `n` rows, which are kept from row `at` on.
    pub(super) fn step_masks<'a>(&self, masks: &'a [f32], (at, n): (usize, usize)) -> StepMasks<'a> {
        if masks.is_empty() {
            return StepMasks::default();
        }
        let width = self.level.mask_width();
        self.level.step_masks(&masks[at * width..][..n * width], self.key.is_some())
    }

    /// Draws the masks of a step, whose rows are kept from row `at` on, and keeps the states before it.
    pub(super) fn remember(
        &self,
        step: Step,
        at: usize,
        h: &[f32],
        c: &[f32],
        memory: &mut Memory,
        scratch: &mut Scratch,
    ) {
        if memory.masks.is_empty() {
            return;
        }
        let width = self.level.mask_width();
        let masks = &mut memory.masks[at * width..][..step.n * width];
        self.level.draw(self.key, self.side, step, self.first + step.t, masks);
        if self.level.rates.zoneout() {
            scratch.held[..h.len()].copy_from_slice(h);
            scratch.held[h.len()..][..c.len()].copy_from_slice(c);
        }
    }

    /// Puts back what zoneout holds of the states, after the step.
    pub(super) fn hold(&self, place: (usize, usize), h: &mut [f32], c: &mut [f32], memory: &Memory, scratch: &Scratch) {
        if !self.level.rates.zoneout() {
            return;
        }
        let StepMasks { state, memory, .. } = self.step_masks(&memory.masks, place);
        let (before_h, before_c) = scratch.held.split_at(h.len());
        hold(h, before_h, state);
        hold(c, before_c, memory);
    }

    /// On the way back: leaves in `dh` and `dc` the part of the cell's own states, and in `held` that of the states before.
    pub(super) fn part(&self, masks: &StepMasks, dh: &mut [f32], dc: &mut [f32], held: &mut [f32]) {
        if self.level.rates.zoneout() {
            let (of_h, of_c) = held.split_at_mut(dh.len());
            part(dh, of_h, masks.state);
            part(dc, of_c, masks.memory);
        }
    }

    /// Adds what [`Sweep::part`] held, when the cell has left its own part of the gradient of the state before, if it `keeps` one;
    /// whether there is one now.
    pub(super) fn keep(&self, masks: &StepMasks, keeps: bool, dh: &mut [f32], dc: &mut [f32], held: &[f32]) -> bool {
        let (of_h, of_c) = held.split_at(if self.level.rates.zoneout() { dh.len() } else { 0 });
        if !masks.memory.is_empty() {
            dc.iter_mut().zip(of_c).for_each(|(d, held)| *d += held);
        }
        if masks.state.is_empty() {
            return keeps;
        }
        if keeps {
            dh.iter_mut().zip(of_h).for_each(|(d, held)| *d += held);
        } else {
            dh.copy_from_slice(of_h);
        }
        true
    }
}
