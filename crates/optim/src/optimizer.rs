//! The closed set of optimisers and how one update reaches them.

use crate::places::Places;
use crate::state::{Extent, State};
use crate::{Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Asgd, Lamb, Lbfgs, Lion, Muon, NAdam, Prodigy};
use crate::{RAdam, RmsProp, Rprop, ScheduleFree, Sgd};

/// Which update, and what schedules give for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Its number, from 1: β^t has t = `number`.
    pub number: u64,
    /// The learning rate.
    pub rate: f64,
    /// In place of the setting `momentum` or `beta1`, where the rule has one.
    pub momentum: Option<f64>,
}

impl Step {
    /// With the momentum of the settings.
    pub fn new(number: u64, rate: f64) -> Step {
        Step { number, rate, momentum: None }
    }
}

/// One update, as a rule sees it.
pub(crate) struct Update<'a> {
    /// Number of this update, from 1.
    pub step: u64,
    /// The learning rate; a rule that finds its own leaves it here.
    pub rate: f64,
    pub momentum: Option<f64>,
    pub places: &'a Places,
    pub params: &'a mut [f32],
    /// Spent by the update: a rule may write in it.
    pub grads: &'a mut [f32],
    pub state: &'a mut State,
}

impl Update<'_> {
    /// Calls `run` with parameters, gradients and all `N` buffers of each range.
    pub fn each<const N: usize>(&mut self, mut run: impl FnMut(&mut [f32], &mut [f32], [&mut [f32]; N])) {
        let buffers: &mut [Vec<f32>; N] = self.state.buffers.as_mut_slice().try_into().expect("the rule's own buffers");
        for range in &self.places.ranges {
            let parts = buffers.each_mut().map(|buffer| &mut buffer[range.clone()]);
            run(&mut self.params[range.clone()], &mut self.grads[range.clone()], parts);
        }
    }
}

/// What is done to a gradient before a rule sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Before {
    /// Climb instead of descend.
    pub maximize: bool,
    /// λ of `g + λθ`; of all parameters, biases too, as PyTorch's `weight_decay`.
    pub decay: f64,
}

/// What an optimiser is. It fills a file of its own: its settings as a struct, and this.
pub(crate) trait Rule {
    /// The moments that these settings need, by the names PyTorch gives them in an optimiser's state.
    fn buffers(&self) -> &'static [&'static str];

    /// How long buffer `index` is.
    fn extent(&self, _index: usize) -> Extent {
        Extent::Elements
    }

    /// Names of the numbers that are kept beside the buffers, once for all parameters.
    fn scalars(&self) -> &'static [&'static str] {
        &[]
    }

    /// The momentum, or β1, that a schedule may set in its place; nothing where these settings have none.
    fn momentum(&self) -> Option<f64> {
        None
    }

    /// The buffer of the parameters at which gradients are taken, where those are not the parameters a user sees.
    fn point(&self) -> Option<usize> {
        None
    }

    /// What is done to the gradient first.
    fn before(&self) -> Before {
        Before::default()
    }

    /// Elements of scratch that an update works in.
    fn scratch(&self, _places: &Places) -> usize {
        0
    }

    /// Sets what is not zero before the first update; `state` is all zero.
    fn start(&self, _params: &[f32], _state: &mut State) {}

    /// Moves the parameters. Zero gradients with zero moments must leave zero parameters at zero (so the padding of
    /// a layout stays zero).
    fn update(&self, update: &mut Update);
}

/// One line here and one file is all that a further optimiser takes.
macro_rules! optimizers {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// An optimiser with its settings; its moments are in a [`State`] of the caller.
        ///
        /// Settings are taken as valid: the table of descriptions checks ranges before one is made.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Optimizer {
            $($(#[$doc])* $name($name),)*
        }

        impl Optimizer {
            fn rule(&self) -> &dyn Rule {
                match self {
                    $(Self::$name(settings) => settings,)*
                }
            }
        }

        $(impl From<$name> for Optimizer {
            fn from(settings: $name) -> Self {
                Self::$name(settings)
            }
        })*
    };
}

optimizers! {
    /// Gradient descent, plain, with momentum or with Nesterov's.
    Sgd,
    /// RMSprop, with momentum or centred.
    RmsProp,
    /// Adam.
    Adam,
    /// Adam with decoupled weight decay.
    AdamW,
    /// Adam with Nesterov's momentum.
    NAdam,
    /// Adam with a rectified start.
    RAdam,
    /// Adam by the largest gradient.
    Adamax,
    /// Rates by the sum of all squared gradients.
    Adagrad,
    /// Rates by the ratio of past steps to past gradients.
    Adadelta,
    /// Averaged gradient descent.
    Asgd,
    /// Steps by the sign of the gradient.
    Rprop,
    /// Second moments by rows and columns.
    Adafactor,
    /// Orthogonal steps for hidden matrices.
    Muon,
    /// Steps by the sign of momentum.
    Lion,
    /// Adam with steps as long as tensors.
    Lamb,
    /// AdamW with an average in place of a schedule.
    ScheduleFree,
    /// Adam that finds its rate.
    Prodigy,
    /// Descent along curvature, by a [`crate::Search`] alone.
    Lbfgs,
}

/// The same with another decay, for those that have one.
macro_rules! decaying {
    ($($name:ident),*) => {
        impl Optimizer {
            /// The same settings with this weight decay; nothing where the optimiser has none.
            pub fn with_weight_decay(self, weight_decay: f64) -> Option<Optimizer> {
                match self {
                    $(Self::$name(settings) => Some($name { weight_decay, ..settings }.into()),)*
                    Self::Rprop(_) | Self::Lbfgs(_) => None,
                }
            }
        }
    };
}

decaying!(
    Sgd,
    RmsProp,
    Adam,
    AdamW,
    NAdam,
    RAdam,
    Adamax,
    Adagrad,
    Adadelta,
    Asgd,
    Adafactor,
    Muon,
    Lion,
    Lamb,
    ScheduleFree,
    Prodigy
);

impl Optimizer {
    /// Names of the moment buffers that these settings need. A checkpoint stores them under these names.
    pub fn buffers(&self) -> &'static [&'static str] {
        self.rule().buffers()
    }

    /// How long buffer `index` of [`Optimizer::buffers`] is.
    pub fn extent(&self, index: usize) -> Extent {
        self.rule().extent(index)
    }

    /// Names of the numbers that are kept beside them.
    pub fn scalars(&self) -> &'static [&'static str] {
        self.rule().scalars()
    }

    /// The momentum, or β1, that [`Step::momentum`] takes the place of; nothing where these settings have none, so that
    /// a schedule of it would be ignored.
    pub fn momentum(&self) -> Option<f64> {
        self.rule().momentum()
    }

    /// A state of zeros for parameters of the flat length `n`, made by `buffer`.
    ///
    /// # Errors
    /// As `buffer`.
    pub fn state<E>(
        &self,
        n: usize,
        places: &Places,
        mut buffer: impl FnMut(usize) -> Result<Vec<f32>, E>,
    ) -> Result<State, E> {
        let rule = self.rule();
        let lengths = (0..rule.buffers().len()).map(|i| rule.extent(i).len(n, places));
        Ok(State {
            buffers: lengths.map(&mut buffer).collect::<Result<_, _>>()?,
            scalars: vec![0.0; rule.scalars().len()],
            scratch: buffer(rule.scratch(places))?,
        })
    }

    /// Sets a state to what it is before the first update. [`Optimizer::apply`] does so itself at update 1.
    pub fn start(&self, params: &[f32], state: &mut State) {
        state.buffers.iter_mut().for_each(|buffer| buffer.fill(0.0));
        state.scalars.fill(0.0);
        self.rule().start(params, state);
    }

    /// The parameters at which the gradient of the update after `done` others is taken: `params`, which a user sees, or
    /// those that a rule keeps apart, where what a user sees is an average.
    pub fn point<'a>(&self, done: u64, params: &'a [f32], state: &'a State) -> &'a [f32] {
        self.rule().point().filter(|_| done > 0).map_or(params, |buffer| &state.buffers[buffer])
    }

    /// Whether [`Optimizer::point`] is apart from the parameters.
    pub fn apart(&self) -> bool {
        self.rule().point().is_some()
    }

    /// One update of the parameters in `places`; those outside, and their moments, stay as they are. Gives the learning
    /// rate that was used. The gradient is spent.
    ///
    /// # Panics
    /// When a length does not fit.
    pub fn apply(&self, step: Step, places: &Places, params: &mut [f32], grads: &mut [f32], state: &mut State) -> f64 {
        if step.number == 1 {
            self.start(params, state);
        }
        self.go_on(step, places, params, grads, state)
    }

    /// [`Optimizer::apply`] to a state that has been started: to several places one after the other, each of which
    /// may have other settings of the same optimiser. `places` are some of those that the state was made for.
    ///
    /// # Panics
    /// When a length does not fit.
    pub fn go_on(&self, step: Step, places: &Places, params: &mut [f32], grads: &mut [f32], state: &mut State) -> f64 {
        let rule = self.rule();
        let Step { number: step, rate, momentum } = step;
        assert!(step >= 1, "updates are counted from 1");
        assert_eq!(grads.len(), params.len(), "gradients");
        assert_eq!(state.buffers.len(), rule.buffers().len(), "buffers of the optimiser");
        assert_eq!(state.scalars.len(), rule.scalars().len(), "numbers of the optimiser");
        for (i, buffer) in state.buffers.iter().enumerate() {
            assert!(buffer.len() >= rule.extent(i).len(params.len(), places), "a moment buffer");
        }
        let before = rule.before();
        if before != Before::default() {
            let at = rule.point().map_or(&*params, |buffer| &state.buffers[buffer]);
            for range in &places.ranges {
                changed(before, &at[range.clone()], &mut grads[range.clone()]);
            }
        }
        let mut update = Update { step, rate, momentum, places, params, grads, state };
        rule.update(&mut update);
        update.rate
    }
}

/// `g ← ±g + λθ`, PyTorch's order.
fn changed(before: Before, params: &[f32], grads: &mut [f32]) {
    let (sign, decay) = (if before.maximize { -1.0 } else { 1.0 }, before.decay as f32);
    for (g, &p) in grads.iter_mut().zip(params) {
        *g = sign * *g + decay * p;
    }
}
