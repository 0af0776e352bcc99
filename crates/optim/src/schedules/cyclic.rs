//! Triangles between two rates, again and again.

use super::{Done, Per, Rule};
use crate::arithmetic::power;

/// How the height of the triangles changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cycles {
    /// Not at all.
    Triangular,
    /// Halved with each cycle.
    Triangular2,
    /// Multiplied by this at each update.
    ExponentialRange(f64),
}

/// `base + (maximum - base) · triangle · height`: up within `up` updates, down within `down`. The momentum goes the other
/// way, from its greatest to its least. PyTorch's `CyclicLR`. `up` and `down` are at least 1.
///
/// | cycles | height |
/// |---|---|
/// | triangular | 1 |
/// | triangular2 | 2^-⌊t / (up + down)⌋ |
/// | exponential range | factor^t |
///
/// Source: Smith 2017, section 3.1.
#[derive(Clone, Debug, PartialEq)]
pub struct Cyclic {
    pub base: f64,
    pub maximum: f64,
    pub up: u64,
    pub down: u64,
    pub cycles: Cycles,
    /// The least and the greatest momentum, where it is cycled.
    pub momentum: Option<(f64, f64)>,
    pub per: Per,
}

impl Cyclic {
    /// Triangle times height: 0 at the base.
    fn share(&self, done: Done) -> f64 {
        let &Self { up, down, cycles, per, .. } = self;
        let (t, length) = (per.count(done), up.saturating_add(down));
        let within = t % length;
        let triangle = if within <= up { within as f64 / up as f64 } else { (length - within) as f64 / down as f64 };
        triangle
            * match cycles {
                Cycles::Triangular => 1.0,
                Cycles::Triangular2 => power(0.5, t / length),
                Cycles::ExponentialRange(factor) => power(factor, t),
            }
    }
}

impl Rule for Cyclic {
    fn rate(&self, done: Done) -> f64 {
        self.base + (self.maximum - self.base) * self.share(done)
    }

    fn momentum(&self, done: Done) -> Option<f64> {
        let (least, greatest) = self.momentum?;
        Some(greatest - (greatest - least) * self.share(done))
    }
}
