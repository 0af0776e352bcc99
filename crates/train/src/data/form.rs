//! The form of samples that a network reads: what a step is, what a target is, and the states it can begin from.

use rnn::{At, Loss, StateShape};

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
    /// Number of classes, each with a probability.
    Distributions(usize),
    /// Number of classes; a target is a list of them for a whole sequence.
    Labels(usize),
}

#[derive(Clone, Debug)]
pub struct Form {
    pub input: Input,
    pub target: Target,
    pub at: At,
    pub loss: Loss,
    /// One for each recurrent layer.
    pub states: Vec<StateShape>,
}

impl Target {
    /// Numbers in a target; 0 where it is classes.
    pub fn width(self) -> usize {
        if let Target::Values(n) | Target::Distributions(n) = self { n } else { 0 }
    }
}

impl Form {
    /// Whether there is a target for each step, and not one for each sequence.
    pub fn each_step(&self) -> bool {
        self.at == At::Every && !matches!(self.target, Target::Labels(_))
    }
}
