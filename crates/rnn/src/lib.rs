//! Recurrent networks over flat `f32` buffers: the parameter table, the cells, the time loop, losses, initialisers.
//!
//! A [`Network`] is a stack of layers; its parameters are one flat slice described by a [`ParameterTable`]. [`Network::forward`]
//! and [`Network::backward`] run a packed ragged batch ([`Packing`]) inside a [`Workspace`] that was sized beforehand, so that
//! nothing is allocated in a training step. Every sum has a fixed order: the bits do not depend on the batch a row is in, on
//! where a sequence is cut, or on the machine.
//!
//! Not here: optimisers, data sets, clocks, JavaScript.
#![forbid(unsafe_code)]

mod activation;
mod activity;
mod arena;
mod blocks;
mod cells;
mod checkpointed;
mod constraints;
mod dense;
mod derived;
mod dropout;
mod embedding;
pub mod init;
mod inside;
pub mod losses;
mod network;
mod noise;
mod norms;
mod packing;
mod params;
mod passing;
mod product;
pub mod random;
mod recurrent;
mod sort;
mod spec;
mod stage;
mod states;
mod step_masks;
mod time_loop;
mod trained;
mod transposed;
mod workspace;

pub use activity::Activity;
pub use checkpointed::{Checkpointed, Inputs, Reading};
pub use constraints::{Orthogonality, max_norm};
pub use init::{Init, Initialiser, initialise};
pub use inside::{CellNorm, CellNormKind};
pub use losses::{Loss, LossSum, cross_entropy, mse};
pub use network::{DropoutKey, Extent, Network, Values, Want};
pub use norms::{Norm, NormKind, Recount, Running};
pub use packing::Packing;
pub use params::{Buffer, Parameter, ParameterTable, Role};
pub use random::{Philox, Purpose, Stream, permutation};
pub use sort::heap_sort;
pub use spec::{
    Activation, At, CellKind, Direction, Form, Input, Layer, Merge, NetworkError, Passed, Recurrent, Reset, Ring,
    WeightForm,
};
pub use stage::{LARGEST, MOST_LEVELS};
pub use states::{LayerState, StateShape, States};
pub use workspace::{Capacity, HiddenGradient, OutOfMemory, Workspace};
