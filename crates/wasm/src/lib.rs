//! The only crate that knows JavaScript: thin handles over `train`. Descriptions cross as JSON, tensors as safetensors
//! bytes, errors as JSON that is thrown. NOT: arithmetic, loops over data, policy.
#![forbid(unsafe_code)]

mod boundary;
mod finder;
mod generator;
mod learner;
mod model;
mod own_loss;
mod panic;
mod reader;
mod session;
mod share;
mod trainer;

pub use finder::Finder;
pub use generator::Generator;
pub use learner::Learner;
pub use model::Model;
pub use reader::Reader;
pub use session::Session;
pub use trainer::Trainer;

/// The allocator of std, but compiled for size: std brings its own compiled for speed, 2.5 kB larger.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;
