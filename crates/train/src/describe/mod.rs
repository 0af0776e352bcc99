//! Descriptions of models, runs and calls: one table is the truth for what may be said, its defaults and its docs; the
//! validator, the TypeScript types and the options table all read it. Adding an option is one row in [`rows`] and the
//! arithmetic where it belongs.
//!
//! | file | what |
//! |---|---|
//! | [`table`], [`rows`] | the words of the table; the table |
//! | [`walk`] | the validator: kinds, ranges, unknown names, defaults |
//! | [`rules`] | what options have to do with each other |
//! | [`model`], [`run`], [`metric`], [`calls`] | typed views of validated JSON |
//! | [`network`], [`loss`], [`update`] | what they become in `rnn` and `optim` |

mod hint;
pub mod loss;
pub mod metric;
pub mod rows;
pub mod table;
pub mod walk;
mod words;

pub mod calls;
pub mod model;
pub mod network;
mod rules;
pub mod run;
mod schedule;
pub mod stopping;
pub mod update;

#[cfg(test)]
mod tests;
