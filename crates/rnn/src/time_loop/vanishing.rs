//! The regulariser against vanishing gradients (Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural
//! networks", arXiv:1211.5063, equations 9 and 10), of an Elman network, in training. With x_t the sum before the nonlinearity,
//! E what is minimised and W the recurrent weights:
//!
//! ```text
//! λ·Ω, the mean over the sequences of Σ_t (‖v_t‖ / ‖δ_t‖ - 1)²      δ_t = ∂E/∂x_t      v_t = f'(x_{t-1}) ∘ Wᵀ δ_t = δ_t · ∂x_t/∂x_{t-1}
//! ∂⁺/∂W = Σ δ_t u_tᵀ      u_t = 2λ/B · (‖v_t‖ / ‖δ_t‖ - 1) / (‖δ_t‖ ‖v_t‖) · f'(x_{t-1}) ∘ v_t
//! ```
//! The derivative is the immediate one, as there: x and δ count as constants. It has the form of the other gradient of W,
//! `Σ δ_t h_{t-1}ᵀ`, so the two are one sum, over `h_{t-1} + u_t`: no product more, and the same bits in segments.
//! Where the product reads masked states, m ∘ h' (see [`super::variational`]), W is W·diag(m) in v_t, `f' ∘ m ∘ Wᵀ δ_t`, and
//! the sum is over `m ∘ (h_{t-1} + u_t)`.
//! The ratio does not depend on the scale of E. A step without a gradient to speak of counts for nothing.

use super::Sweep;
use crate::blocks::{Order, Step};
use crate::cells::Previous;
use crate::spec::{Activation, CellKind};

/// Norms below this are those of no gradient: what is divided by them would not fit.
const LEAST: f64 = 1e-30;

impl Sweep<'_> {
    /// 2λ/B, where the level is regularised in this pass.
    pub(super) fn vanishing(&self) -> Option<f64> {
        let key = self.key.filter(|_| self.level.regularised())?;
        Some(2.0 * f64::from(self.level.vanishing) / key.whole.sequences as f64)
    }

    /// Writes `terms [n, H]` of a step: `h' + u`, from its `deltas [n, H]`, `carried [.., H]` = Wᵀ δ (m ∘ Wᵀ δ where states are
    /// masked) and the states before.
    pub(super) fn vanishing_terms(
        &self,
        factor: f64,
        step: Step,
        deltas: &[f32],
        carried: &[f32],
        before: Previous,
        terms: &mut [f32],
    ) {
        let hidden = self.level.hidden;
        // In a segment the states before its first step are those of a step.
        let goes_on = self.order() == Order::Ascending && step.t == 0 && self.first > 0;
        let linked = if goes_on { step.n } else { before.rows };
        let rows = terms.chunks_exact_mut(hidden).zip(deltas.chunks_exact(hidden));
        for (r, (term, delta)) in rows.enumerate() {
            let h = before.row(r, hidden);
            if r < linked {
                self.slopes(h, term);
                let carried = &carried[r * hidden..][..hidden];
                if let Some(factor) = multiply(term, carried, delta, factor) {
                    term.iter_mut().zip(h).for_each(|(u, h)| *u = h + factor * *u);
                    continue;
                }
            }
            term.copy_from_slice(h);
        }
    }

    /// f' of the sums of a state.
    fn slopes(&self, h: &[f32], to: &mut [f32]) {
        let CellKind::Rnn { activation } = self.level.kind else {
            unreachable!("an Elman network alone is regularised")
        };
        let slope: fn(f32) -> f32 = match activation {
            Activation::Linear => |_| 1.0,
            Activation::Relu => |h| if h > 0.0 { 1.0 } else { 0.0 },
            Activation::Tanh => |h| 1.0 - h * h,
        };
        to.iter_mut().zip(h).for_each(|(to, h)| *to = slope(*h));
    }
}

/// Makes of the slopes `f'` first `v = f' ∘ Wᵀδ`, then `f' ∘ v/‖v‖`; what that is multiplied with to be u. None where there is no
/// gradient, or none to go by.
fn multiply(slopes: &mut [f32], carried: &[f32], delta: &[f32], factor: f64) -> Option<f32> {
    let delta = linalg::norm_squared(delta).sqrt();
    let mut square = 0.0;
    for (slope, carried) in slopes.iter().zip(carried) {
        let v = f64::from(slope * carried);
        square += v * v;
    }
    let v = square.sqrt();
    if !(delta >= LEAST && v >= LEAST) {
        return None;
    }
    let inverse = (1.0 / v) as f32;
    slopes.iter_mut().zip(carried).for_each(|(slope, carried)| *slope *= *slope * carried * inverse);
    Some((factor * (v / delta - 1.0) / delta) as f32).filter(|factor| factor.is_finite())
}
