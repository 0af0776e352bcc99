//! What acts on the states of a recurrent layer at every step: recurrent dropout and zoneout.
//!
//! ```text
//! recurrent dropout: the candidate's part of the new state is m ∘ g, as in c = f ∘ c' + i ∘ m ∘ g  or  h = (1-z) ∘ m ∘ n + z ∘ h'
//!                    m: 0 with probability rate, else 1/(1-rate), in training; elsewhere 1
//! zoneout:           h ← d ∘ h' + (1-d) ∘ h, of the h that the cell gives; c ← d ∘ c' + (1-d) ∘ c likewise (that h is made of
//!                    the cell's own c)
//!                    d: 1 with probability rate, else 0, in training; elsewhere rate, its expectation
//! ```
//! Sources: Semeniuta, Severyn and Barth 2016 (arXiv:1603.05118), with a mask for each step; Krueger et al. 2017
//! (arXiv:1606.01305). Masks depend on seed, update, level, direction, sequence, step and unit alone.

use crate::blocks::Step;
use crate::dropout::{fill, threshold};
use crate::network::DropoutKey;
use crate::random::Purpose;
use crate::recurrent::Level;
use crate::spec::Form;
use linalg::flush;

/// Rates of a level, in `[0, 1)`; 0 where nothing acts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rates {
    pub candidate: f32,
    pub state: f32,
    pub memory: f32,
}

impl Rates {
    pub fn new(form: &Form) -> Rates {
        Rates { candidate: form.recurrent_dropout, state: form.zoneout, memory: form.memory_zoneout }
    }

    /// Whether states stay in part what they were.
    pub fn zoneout(self) -> bool {
        self.state > 0.0 || self.memory > 0.0
    }
}

/// The masks of one step, a plane each, empty where nothing acts.
#[derive(Clone, Copy, Default)]
pub(crate) struct StepMasks<'a> {
    /// `[n, H]`; empty outside training too.
    pub candidate: &'a [f32],
    /// `[n, units]`.
    pub state: &'a [f32],
    /// `[n, memory]`.
    pub memory: &'a [f32],
}

impl Level {
    /// Numbers in the masks of a row.
    pub fn mask_width(&self) -> usize {
        self.mask_widths().iter().sum()
    }

    /// Numbers that zoneout, or a masked product that is added to what a cell keeps, holds of a row while a step is made.
    pub fn held_width(&self) -> usize {
        match () {
            () if self.rates.zoneout() => self.units + self.memory,
            () if self.variational > 0.0 && self.cell().shape().keeps => self.units,
            () => 0,
        }
    }

    fn mask_widths(&self) -> [usize; 3] {
        let width = |rate: f32, width: usize| if rate > 0.0 { width } else { 0 };
        let Rates { candidate, state, memory } = self.rates;
        [width(candidate, self.hidden), width(state, self.units), width(memory, self.memory)]
    }

    /// The masks of a step, out of those `[rows, mask_width]` of its rows.
    pub fn step_masks<'a>(&self, masks: &'a [f32], training: bool) -> StepMasks<'a> {
        let rows = masks.len().checked_div(self.mask_width()).unwrap_or(0);
        let [candidate, state, _] = self.mask_widths();
        let (of_candidate, rest) = masks.split_at(rows * candidate);
        let (state, memory) = rest.split_at(rows * state);
        StepMasks { candidate: if training { of_candidate } else { &[] }, state, memory }
    }

    /// Draws the masks of a step: step `number` of the sequences. In training by `key`.
    pub fn draw(&self, key: Option<DropoutKey>, side: usize, step: Step, number: usize, masks: &mut [f32]) {
        let Rates { candidate, state, memory } = self.rates;
        let kinds = [
            (candidate, Purpose::RecurrentDropout, [0.0, 1.0 / (1.0 - candidate)], 1.0),
            (state, Purpose::Zoneout, [1.0, 0.0], state),
            (memory, Purpose::MemoryZoneout, [1.0, 0.0], memory),
        ];
        let mut rest = masks;
        for ((rate, purpose, values, expected), width) in kinds.into_iter().zip(self.mask_widths()) {
            let (plane, after) = rest.split_at_mut(step.n * width);
            rest = after;
            match key {
                _ if width == 0 => {}
                None => plane.fill(expected),
                Some(key) => {
                    let place = (self.trace + side) as u32;
                    let philox = key.philox(purpose, place);
                    for (row, id) in plane.chunks_exact_mut(width).zip(key.rows) {
                        fill(philox, threshold(rate), values, (*id, number), row);
                    }
                }
            }
        }
    }
}

/// `new = d ∘ old + (1 - d) ∘ new`: as it was, to the bit, where d is 1 or 0.
#[inline(never)]
pub(crate) fn hold(new: &mut [f32], old: &[f32], d: &[f32]) {
    for ((new, old), d) in new.iter_mut().zip(old).zip(d) {
        *new = flush(d * old + (1.0 - d) * *new);
    }
}

/// Parts a gradient: `kept = d ∘ whole`, `whole = (1 - d) ∘ whole`.
#[inline(never)]
pub(crate) fn part(whole: &mut [f32], kept: &mut [f32], d: &[f32]) {
    for ((whole, kept), d) in whole.iter_mut().zip(kept).zip(d) {
        let all = flush(*whole);
        *kept = d * all;
        *whole = (1.0 - d) * all;
    }
}
