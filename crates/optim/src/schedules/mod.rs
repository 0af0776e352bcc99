//! Learning rates over a run: the closed set of schedules and how a rate is asked for.
//!
//! A schedule is a pure function of what is [`Done`], so that a resumed run needs no state: updates, epochs, and how
//! often [`ReduceOnPlateau`] has reduced (the one thing that a run has to keep). Cosine and powers are libm's or by
//! squaring: the same bits everywhere. Where PyTorch has a schedule, this is its closed form, which its own step by step
//! form equals up to rounding; its `base_lr` is a field of each, `initial`.
//!
//! | file | schedules |
//! |---|---|
//! | [`pieces`] | constant between changes: steps, milestones, boundaries, a table |
//! | [`exponential`] | exponential, inverse time |
//! | [`powers`] | polynomial, Noam |
//! | [`linear`] | a ramp, a start at a share of the rate |
//! | [`cosine`] | with warm-up, periodic, with restarts |
//! | [`one_cycle`], [`cyclic`] | rates and momentum in cycles |
//! | [`nested`] | one after the other, multiplied, after a warm-up |
//! | [`plateau`] | reduced where a figure gets no better |

mod cosine;
mod cyclic;
mod exponential;
mod linear;
mod nested;
mod one_cycle;
mod pieces;
mod plateau;
mod powers;

pub use cosine::{CosineAnnealing, CosineDecay, CosineWarmRestarts};
pub use cyclic::{Cycles, Cyclic};
pub use exponential::{ExponentialDecay, InverseTimeDecay};
pub use linear::{ConstantFactor, LinearRamp};
pub use nested::{Chained, Sequential, Warmup};
pub use one_cycle::{Annealing, OneCycle};
pub use pieces::{MultiStepDecay, PiecewiseConstant, RateTable, StepDecay};
pub use plateau::{Mode, Plateau, ReduceOnPlateau, Threshold};
pub use powers::{Noam, PolynomialDecay};

/// How far a run is when an update is to be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Updates.
    pub steps: u64,
    /// Whole epochs.
    pub epochs: u64,
    /// Reductions by [`ReduceOnPlateau`].
    pub reductions: u64,
}

impl From<u64> for Done {
    /// Where there are no epochs.
    fn from(steps: u64) -> Done {
        Done { steps, ..Done::default() }
    }
}

/// What a schedule counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Per {
    #[default]
    Step,
    Epoch,
}

impl Per {
    /// How many of them are done.
    pub(crate) fn count(self, done: Done) -> u64 {
        match self {
            Per::Step => done.steps,
            Per::Epoch => done.epochs,
        }
    }

    /// The same seen from `start` of them on. What counts the other unit goes on counting from the run's beginning.
    pub(crate) fn since(self, start: u64, done: Done) -> Done {
        match self {
            Per::Step => Done { steps: done.steps.saturating_sub(start), ..done },
            Per::Epoch => Done { epochs: done.epochs.saturating_sub(start), ..done },
        }
    }
}

/// What a schedule is. It is a struct of its settings, in the file of its family, and this.
pub(crate) trait Rule {
    /// The rate of the update that follows what is done.
    fn rate(&self, done: Done) -> f64;

    /// The momentum of that update, where the schedule gives one.
    fn momentum(&self, _done: Done) -> Option<f64> {
        None
    }
}

/// One line here is what a further schedule takes beside its struct.
macro_rules! schedules {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The learning rate of each update.
        ///
        /// Settings are taken as valid: the table of descriptions checks ranges before one is made.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Schedule {
            /// One rate throughout.
            Constant { rate: f64 },
            $($(#[$doc])* $name($name),)*
        }

        impl Schedule {
            /// The rate of the update that follows what is done (so the first is asked for with zeros).
            pub fn rate(&self, done: Done) -> f64 {
                match self {
                    Self::Constant { rate } => *rate,
                    $(Self::$name(schedule) => Rule::rate(schedule, done),)*
                }
            }

            /// The momentum (Adam's β1) of that update; nothing where it is the optimiser's own.
            pub fn momentum(&self, done: Done) -> Option<f64> {
                match self {
                    Self::Constant { .. } => None,
                    $(Self::$name(schedule) => Rule::momentum(schedule, done),)*
                }
            }
        }

        $(impl From<$name> for Schedule {
            fn from(schedule: $name) -> Self {
                Self::$name(schedule)
            }
        })*
    };
}

schedules! {
    /// PyTorch's `StepLR`.
    StepDecay,
    /// PyTorch's `MultiStepLR`.
    MultiStepDecay,
    /// Keras' `PiecewiseConstantDecay`.
    PiecewiseConstant,
    /// PyTorch's `LambdaLR` and `MultiplicativeLR`, as numbers.
    RateTable,
    /// PyTorch's `ExponentialLR`, Keras' `ExponentialDecay`.
    ExponentialDecay,
    /// Keras' `InverseTimeDecay`.
    InverseTimeDecay,
    /// PyTorch's `PolynomialLR`.
    PolynomialDecay,
    /// The Transformer's.
    Noam,
    /// PyTorch's `LinearLR`.
    LinearRamp,
    /// PyTorch's `ConstantLR`.
    ConstantFactor,
    /// A warm-up, half a cosine, then constant.
    CosineDecay,
    /// PyTorch's `CosineAnnealingLR`.
    CosineAnnealing,
    /// PyTorch's `CosineAnnealingWarmRestarts`.
    CosineWarmRestarts,
    /// PyTorch's `OneCycleLR`.
    OneCycle,
    /// PyTorch's `CyclicLR`.
    Cyclic,
    /// PyTorch's `ReduceLROnPlateau`.
    ReduceOnPlateau,
    /// PyTorch's `SequentialLR`.
    Sequential,
    /// PyTorch's `ChainedScheduler`.
    Chained,
    /// A linear warm-up before any other.
    Warmup,
}

impl Schedule {
    /// The one schedule with a state; it stands outermost.
    pub fn plateau(&self) -> Option<&ReduceOnPlateau> {
        if let Self::ReduceOnPlateau(plateau) = self { Some(plateau) } else { None }
    }
}

/// `start` at share 0, `end` at share 1, both exactly.
pub(crate) fn between(start: f64, end: f64, share: f64) -> f64 {
    start * (1.0 - share) + end * share
}
