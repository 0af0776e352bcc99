//! Recurrent networks in f64, slow and readable: the truth that the tests of `rnn` compare with.
//!
//! One sequence at a time, one small vector at a time, every intermediate kept; natural PyTorch names and layouts
//! ([`Parameters`]: name → row-major values). Nothing is packed, fused or reused, so that each formula can be read beside
//! the paper it comes from. It has been checked against PyTorch and against its own finite differences.
//!
//! Not here: speed, randomness (dropout masks are given), optimisers. Not used by the training path.
//!
//! Input that does not fit the network is a bug of the calling test, so it panics and says what is wrong.
#![forbid(unsafe_code)]

mod algebra;
mod cells;
mod dense;
pub mod difference;
mod embedding;
mod form;
pub mod losses;
mod network;
mod norms;
mod parameters;
mod results;
mod spec;
mod stack;
mod step_masks;
pub mod vanishing;

pub use cells::normed::{CellNorm, Inner};
pub use losses::{Loss, cross_entropy, mse};
pub use norms::{Norm, NormKind, Statistics};
pub use parameters::Parameters;
pub use results::{Cotangent, Gradients, HiddenGradient, Nudge, Output, Rows, Sequence, State, Steps};
pub use spec::{Activation, At, CellKind, Form, Input, Layer, Merge, Network, Recurrent, Reset};
pub use step_masks::StepMasks;
