//! What several tests use.

pub mod fixtures;
pub mod gradients;
pub mod random;
