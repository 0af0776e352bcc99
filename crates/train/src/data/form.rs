//! The form of samples that a network reads: what a step is, what a target is, and the states it can begin from.

use rnn::{At, StateShape};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Numbers in a step.
    Values(usize),
    /// Size of the vocabulary.
    Tokens(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Numbers in a target.
    Values(usize),
    /// Number of classes.
    Classes(usize),
}

#[derive(Clone, Debug)]
pub struct Form {
    pub input: Input,
    pub target: Target,
    pub at: At,
    /// One for each recurrent layer.
    pub states: Vec<StateShape>,
}
