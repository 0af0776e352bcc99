//! Data sets, batching, the training session, checkpoints; and what a trained model is used for. NOT: arithmetic on
//! networks (rnn), update formulas (optim), JavaScript (wasm). Bad input is an [`error::Error`], never a panic.
#![forbid(unsafe_code)]

mod average;
pub mod bundle;
pub mod checkpoint;
pub mod data;
pub mod describe;
pub mod encoding;
pub mod error;
pub mod evaluate;
mod file;
pub mod finder;
pub mod forecast;
pub mod generator;
pub mod gradients;
mod groups;
pub mod hash;
pub mod json;
pub mod learner;
mod memory;
pub mod metrics;
pub mod model;
mod moments;
mod noise;
mod places;
pub mod predict;
pub mod reader;
pub mod session;
mod shown;
mod text;
pub mod trainer;
mod unpack;
pub mod update;
