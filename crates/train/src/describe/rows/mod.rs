//! The table: what can be said of a model, of a run and of a call. The truth for the validator, the types of the package
//! and the docs.

pub mod average;
pub mod calls;
pub mod gradients;
pub mod inside;
pub mod layers;
pub mod losses;
pub mod metrics;
pub mod model;
pub mod norms;
pub mod optimizers;
pub mod penalties;
pub mod recurrence;
pub mod run;
pub mod schedules;
pub mod stopping;
