//! Optimisers, clipping, penalties and schedules over flat slices.
//!
//! Parameters, gradients and every moment are flat `f32` buffers of one layout; nothing here knows cells, shapes
//! or clocks. One update of a training loop is, in this order:
//!
//! 1. [`clip`]: the norm of all gradients, which may be scaled back;
//! 2. [`penalty`]: L1 and L2 added to the gradients of the weights (after clipping, as PyTorch's `weight_decay`);
//! 3. [`Schedule::rate`] of the updates already done;
//! 4. [`Optimizer::update`], or [`Optimizer::apply`] where some of the parameters are not trained.
//!
//! Elementwise arithmetic is `f32`, what is computed once an update (rates, β^t) is `f64` without platform
//! mathematics. Every element is treated alike, whatever lies beside it: cutting a buffer in ranges changes no bit.
#![forbid(unsafe_code)]

mod adam;
mod arithmetic;
pub mod clip;
mod optimizer;
pub mod penalty;
mod rmsprop;
mod schedule;
mod sgd;

pub use adam::{Adam, AdamW};
pub use clip::Clip;
pub use optimizer::{MAX_BUFFERS, Optimizer};
pub use rmsprop::RmsProp;
pub use schedule::Schedule;
pub use sgd::Sgd;
