//! L-BFGS: descent along directions that the last steps and the changes of the gradient over them give, over one loss of all
//! data. PyTorch's `LBFGS`, step for step.
//!
//! Unlike a rule of [`crate::Optimizer`] it needs the loss, and both again and again at other weights before one update is done.
//! So it is a small state machine: [`Search::point`] says where loss and gradient are wanted, [`Search::evaluated`] takes them and
//! tells whether that was the last evaluation of the update. What lies between two evaluations can be saved.

mod history;
mod line;
mod saved;

use crate::arithmetic::dot;
use crate::clip::Norm;
use crate::optimizer::{Rule, Update};
use history::History;
use line::{End, Line};

/// `θ ← θ + t d`, `d = -H g` with H of [`History`], up to `max_iterations` times an update. t is the rate (at the very first
/// `min(1, 1/‖g‖₁)` times the rate), or what a line search finds that begins there.
///
/// An update ends early where `max |g| ≤ tolerance_gradient`, where `max |t d|` or the change of the loss is within
/// `tolerance_change`, where the slope along d is no longer below `-tolerance_change`, or after `max_evaluations`.
///
/// Source: Nocedal and Wright 2006, algorithms 7.4 and 7.5 (directions), 3.5 and 3.6 (strong Wolfe conditions), in PyTorch's form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lbfgs {
    /// Iterations of an update, at least 1.
    pub max_iterations: u64,
    /// Evaluations after which an update begins no further iteration, at least 1.
    pub max_evaluations: u64,
    /// ≥ 0.
    pub tolerance_gradient: f64,
    /// ≥ 0.
    pub tolerance_change: f64,
    /// Pairs of steps and changes that are kept, at least 1.
    pub history: usize,
    /// Search along the direction for a step of the strong Wolfe conditions.
    pub strong_wolfe: bool,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self {
            max_iterations: 20,
            max_evaluations: 25,
            tolerance_gradient: 1e-7,
            tolerance_change: 1e-9,
            history: 100,
            strong_wolfe: false,
            maximize: false,
        }
    }
}

/// Beside [`Search`] it needs nothing, and by gradients alone it cannot move.
impl Rule for Lbfgs {
    fn buffers(&self) -> &'static [&'static str] {
        &[]
    }

    fn update(&self, _: &mut Update) {
        panic!("L-BFGS goes by losses too: it is a Search");
    }
}

/// What the next evaluation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// The first of an update, at the parameters.
    First = 0,
    /// At the parameters, which have moved by a step.
    Next = 1,
    /// Of a line search, at a point of its own.
    Trial = 2,
}

/// Everything that one update leaves to the next, and one evaluation to the next.
#[derive(Clone, Debug)]
pub struct Search {
    settings: Lbfgs,
    history: History,
    /// d, and the gradient at the parameters that d leads away from.
    direction: Vec<f32>,
    previous: Vec<f32>,
    /// Where there is a line search: it, and the parameters that it tries.
    line: Option<Line>,
    point: Vec<f32>,
    now: Now,
}

/// The numbers of a search, but for those of its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Now {
    wanted: Wanted,
    /// Iterations over all updates, and iterations and evaluations of the update at hand.
    all: u64,
    iterations: u64,
    evaluations: u64,
    /// The last step along d.
    t: f64,
    /// The loss at the parameters, and before the last step.
    loss: f64,
    before: f64,
}

impl Search {
    /// For parameters of the flat length `n`. Pairs come with [`Search::reserve`].
    ///
    /// # Errors
    /// As `buffer`.
    pub fn new<E>(
        settings: Lbfgs,
        n: usize,
        mut buffer: impl FnMut(usize) -> Result<Vec<f32>, E>,
    ) -> Result<Search, E> {
        let line = if settings.strong_wolfe { Some(Line::new(buffer(n)?)) } else { None };
        let now = Now { wanted: Wanted::First, all: 0, iterations: 0, evaluations: 0, t: 0.0, loss: 0.0, before: 0.0 };
        Ok(Search {
            settings,
            history: History::new(settings.history),
            direction: buffer(n)?,
            previous: buffer(n)?,
            point: if settings.strong_wolfe { buffer(n)? } else { Vec::new() },
            line,
            now,
        })
    }

    /// Makes room for all pairs, so that no update asks for memory.
    ///
    /// # Errors
    /// As `buffer`.
    pub fn reserve<E>(&mut self, buffer: impl FnMut(usize) -> Result<Vec<f32>, E>) -> Result<(), E> {
        self.history.reserve(self.direction.len(), buffer)
    }

    /// Where loss and gradient are wanted next: at the parameters, or at a trial of the line search.
    pub fn point<'a>(&'a self, params: &'a [f32]) -> &'a [f32] {
        if self.trying() { &self.point } else { params }
    }

    /// Whether the next evaluation is a trial, which may turn out to be of no use.
    pub fn trying(&self) -> bool {
        self.now.wanted == Wanted::Trial
    }

    /// Whether the next evaluation is one within an update.
    pub fn under_way(&self) -> bool {
        self.now.wanted != Wanted::First
    }

    /// Takes loss and gradient at [`Search::point`], moves `params` where that is the end of a step, and tells whether the update
    /// is over; if not, there is another point. `rate` is that of the update. Of a trial the loss may be infinite; the gradient
    /// is not looked at then.
    ///
    /// # Panics
    /// When a length does not fit.
    pub fn evaluated(&mut self, rate: f64, params: &mut [f32], loss: f64, gradient: &mut [f32]) -> bool {
        assert!(params.len() == self.direction.len() && gradient.len() == params.len(), "parameters");
        let mut loss = loss;
        if self.settings.maximize {
            // What is infinitely bad stays so.
            loss = if loss.is_finite() { -loss } else { loss };
            gradient.iter_mut().for_each(|g| *g = -*g);
        }
        let over = match self.now.wanted {
            Wanted::First => {
                (self.now.iterations, self.now.evaluations) = (0, 1);
                self.now.loss = loss;
                self.flat(gradient) || self.iterate(rate, params, gradient)
            }
            Wanted::Next => {
                self.now.evaluations += 1;
                self.now.loss = loss;
                self.settled(gradient) || self.iterate(rate, params, gradient)
            }
            Wanted::Trial => self.tried(rate, params, loss, gradient),
        };
        if over {
            self.now.wanted = Wanted::First;
        }
        over
    }

    fn flat(&self, gradient: &[f32]) -> bool {
        Norm::Infinity.of(gradient) <= self.settings.tolerance_gradient
    }

    /// Whether the update is over after a step.
    fn settled(&self, gradient: &[f32]) -> bool {
        let Lbfgs { max_iterations, max_evaluations, tolerance_change, .. } = self.settings;
        let Now { iterations, evaluations, t, loss, before, .. } = self.now;
        iterations == max_iterations
            || evaluations >= max_evaluations
            || self.flat(gradient)
            || (t * Norm::Infinity.of(&self.direction)).abs() <= tolerance_change
            || (loss - before).abs() < tolerance_change
    }

    /// A new direction from the parameters, where the gradient is this one, and the first step along it. Whether the update is
    /// over.
    fn iterate(&mut self, rate: f64, params: &mut [f32], gradient: &[f32]) -> bool {
        let Search { settings, history, direction, previous, line, point, now } = self;
        now.iterations += 1;
        now.all += 1;
        now.t = if now.all == 1 {
            direction.iter_mut().zip(gradient).for_each(|(d, &g)| *d = -g);
            (1.0 / Norm::One.of(gradient)).min(1.0) * rate
        } else {
            history.remember(now.t as f32, direction, gradient, previous);
            history.direct(direction, gradient);
            rate
        };
        previous.copy_from_slice(gradient);
        now.before = now.loss;
        let slope = dot(gradient, direction);
        if slope.is_nan() || slope > -settings.tolerance_change {
            return true;
        }
        match line {
            Some(line) => {
                let most = settings.max_evaluations.saturating_sub(now.evaluations);
                let start = End { t: 0.0, loss: now.loss, slope };
                line.begin(start, gradient, now.t, Norm::Infinity.of(direction), most);
                step_to(point, params, direction, line.trial());
                now.wanted = Wanted::Trial;
                false
            }
            None => {
                let t = now.t as f32;
                params.iter_mut().zip(&*direction).for_each(|(p, &d)| *p += t * d);
                now.wanted = Wanted::Next;
                // After the last one the next update looks.
                now.iterations == settings.max_iterations
            }
        }
    }

    /// A trial of the line search came out so.
    fn tried(&mut self, rate: f64, params: &mut [f32], loss: f64, gradient: &mut [f32]) -> bool {
        let Search { direction, previous, line, point, now, .. } = self;
        let line = line.as_mut().expect("trials are those of a line search");
        now.evaluations += 1;
        let slope = if loss.is_finite() { dot(gradient, direction) } else { f64::NAN };
        if !line.evaluated(loss, slope, gradient, previous) {
            step_to(point, params, direction, line.trial());
            return false;
        }
        let End { t, loss, .. } = line.best();
        (now.t, now.loss) = (t, loss);
        // By the same arithmetic as the point, which the next update looks at again.
        step_to(point, params, direction, t);
        params.copy_from_slice(point);
        gradient.copy_from_slice(line.gradient());
        self.settled(gradient) || self.iterate(rate, params, gradient)
    }
}

/// `to = from + t d`.
fn step_to(to: &mut [f32], from: &[f32], direction: &[f32], t: f64) {
    let t = t as f32;
    for ((to, &from), &d) in to.iter_mut().zip(from).zip(direction) {
        *to = from + t * d;
    }
}
