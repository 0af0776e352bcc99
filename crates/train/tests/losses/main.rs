//! Every loss in a model: what it gives for a data set against the f64 twin, the same bits on any workers and after a resume,
//! what is predicted, and what is refused.

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod predictions;
mod refusals;
mod training;
