//! Descent on the learning rate itself, for [`crate::Sgd`] and [`crate::Adam`].
//!
//! An update is `θ ← θ - α u`. The derivative of the loss by α is `-⟨g_t, u_{t-1}⟩`, so before each update
//! `α ← α + β ⟨g_t, u_{t-1}⟩`, where β is the rate of the rate and the first α is the learning rate.
//!
//! Source: Baydin et al. 2018, "Online learning rate adaptation with hypergradient descent", algorithms 4-6.

use crate::state::State;

/// The one number that is kept: α.
pub(crate) const SCALARS: &[&str] = &["rate"];

/// Before the first update there is none.
pub(crate) fn start(state: &mut State) {
    state.scalars[0] = f64::NAN;
}

/// The rate of this update, kept in `scalar`; `along` is `⟨g_t, u_{t-1}⟩`, asked for when there was an update before.
pub(crate) fn rate(scalar: &mut f64, initial: f64, beta: f64, along: f64) -> f64 {
    *scalar = if scalar.is_nan() { initial } else { *scalar + beta * along };
    *scalar
}
