//! Data sets, batching, the training session, checkpoints.
#![forbid(unsafe_code)]

pub mod error;
