//! What acts on the states of a recurrent layer, by masks that are given.
//!
//! ```text
//! candidate: its part of the new state is m ∘ g        (recurrent dropout: Semeniuta et al. 2016, arXiv:1603.05118)
//! state:     h ← d ∘ h₋ + (1 - d) ∘ h, where h is what the cell gives      (zoneout: Krueger et al. 2017, arXiv:1606.01305)
//! memory:    c ← d ∘ c₋ + (1 - d) ∘ c, likewise; h is made of the cell's own c
//! recurrent: the recurrent products read m ∘ h₋, with one m for all steps      (Gal and Ghahramani 2016, arXiv:1512.05287)
//! ```

use crate::Rows;
use crate::cells::Memory;

/// The masks of one direction of one level, those of steps `[steps][..]` by the number of the step; empty: nothing acts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepMasks {
    /// m `[H]`: 0, or 1/(1-p).
    pub candidate: Rows,
    /// d `[P]`: 1 where the state stays, 0 where it does not, or a share of both.
    pub state: Rows,
    /// The same of c.
    pub memory: Rows,
    /// m `[P]` of all steps: 0, or 1/(1-p).
    pub recurrent: Vec<f64>,
}

impl StepMasks {
    /// The state that goes on: of the one before and the cell's own.
    pub(crate) fn held(&self, t: usize, before: &Memory, own: &Memory) -> Memory {
        let hold = |masks: &Rows, old: &[f64], new: &[f64]| match masks.get(t) {
            None => new.to_vec(),
            Some(d) => (0..new.len()).map(|j| d[j] * old[j] + (1.0 - d[j]) * new[j]).collect(),
        };
        Memory { h: hold(&self.state, &before.h, &own.h), c: hold(&self.memory, &before.c, &own.c) }
    }

    /// Of the gradient of the state that goes on, the part of the cell's own state, and that of the one before.
    pub(crate) fn parted(&self, t: usize, d: &Memory) -> [Memory; 2] {
        let part = |masks: &Rows, d: &[f64]| -> [Vec<f64>; 2] {
            let zeros = vec![0.0; d.len()];
            let mask = masks.get(t).unwrap_or(&zeros);
            [(0..d.len()).map(|j| (1.0 - mask[j]) * d[j]).collect(), (0..d.len()).map(|j| mask[j] * d[j]).collect()]
        };
        let ([own_h, old_h], [own_c, old_c]) = (part(&self.state, &d.h), part(&self.memory, &d.c));
        [Memory { h: own_h, c: own_c }, Memory { h: old_h, c: old_c }]
    }
}
