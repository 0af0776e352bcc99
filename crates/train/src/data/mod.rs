//! Data sets in wasm's memory, as samples, and batches gathered from them.

pub mod batch;
pub mod form;
pub mod ids;
pub mod inputs;
pub mod prepare;
pub mod samples;
pub mod sequences;
pub mod series;
pub mod targets;
pub mod text;
pub mod tokens;
pub mod window;
