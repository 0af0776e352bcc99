//! Optimisers, clipping, penalties and schedules over flat slices.
//!
//! Parameters, gradients and every moment are flat `f32` buffers of one layout; nothing here knows cells or clocks, and
//! of shapes only what [`Places`] says. One update of a training loop is, in this order:
//!
//! 1. [`clip`]: the norm of all gradients, which may be scaled back;
//! 2. [`penalty`]: L1 and L2 added to the gradients of the weights (after clipping, as PyTorch's `weight_decay`);
//! 3. [`Schedule::rate`] and [`Schedule::momentum`] of what is already done;
//! 4. [`Optimizer::apply`] to the parameters in some [`Places`].
//!
//! L-BFGS, which needs the loss too and looks at several places for one update, is a [`Search`] in place of step 4.
//!
//! Elementwise arithmetic is `f32`, what is computed once an update (rates, β^t) is `f64` without platform
//! mathematics. Where an optimiser goes by elements, every element is treated alike, whatever lies beside it: cutting a
//! buffer in ranges changes no bit.
#![forbid(unsafe_code)]

mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod arithmetic;
mod asgd;
pub mod clip;
mod hypergradient;
mod lamb;
mod lbfgs;
mod lion;
mod muon;
mod nadam;
mod newton_schulz;
mod optimizer;
pub mod penalty;
mod places;
mod prodigy;
mod radam;
mod rmsprop;
mod rprop;
mod schedule_free;
pub mod schedules;
mod sgd;
mod state;

pub use adadelta::Adadelta;
pub use adafactor::Adafactor;
pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use adamax::Adamax;
pub use asgd::Asgd;
pub use clip::Clip;
pub use lamb::Lamb;
pub use lbfgs::{Lbfgs, Search};
pub use lion::Lion;
pub use muon::{Adjustment, Muon};
pub use nadam::NAdam;
pub use optimizer::{Optimizer, Step};
pub use places::{Places, Tensor};
pub use prodigy::Prodigy;
pub use radam::RAdam;
pub use rmsprop::RmsProp;
pub use rprop::Rprop;
pub use schedule_free::ScheduleFree;
pub use schedules::{Done, Schedule};
pub use sgd::Sgd;
pub use state::{Extent, State};
