//! Truncated backpropagation through time: against sequences cut by hand, on any number of workers, resumed in the middle of
//! sequences; and states that run on over the batches of a source.

#[path = "../common/mod.rs"]
mod common;

mod by_hand;
mod cells;
mod runs;
mod sources;
mod support;
