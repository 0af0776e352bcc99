//! One update of the weights: clip, penalties, rate, optimiser; and the moments it keeps. Used by runs, trainers and
//! online learners alike. NOT: where the gradient comes from.

use crate::bundle::Bundle;
use crate::describe::update::Update as Description;
use crate::error::Error;
use crate::memory::buffer;
use crate::places::{penalised, places};
use crate::text::{quoted, shape as shape_text};
use linalg::first_non_finite;
use optim::{Clip, Done, Optimizer, Places, State, Step};
use rnn::ParameterTable;
use std::ops::Range;

pub struct Updater {
    description: Description,
    places: Places,
    penalised: Vec<Range<usize>>,
    /// What the optimiser remembers.
    pub state: State,
    /// The parameters before the last update, so that a step into infinity can be taken back.
    before: Vec<f32>,
}

/// What an update saw.
pub struct Updated {
    /// Norm of all gradients, before clipping.
    pub norm: f64,
    pub clipped: bool,
    pub rate: f64,
}

const FINITE: &str = "is no longer finite";

/// What is not finite, so that no update can be made.
pub struct Diverged {
    what: String,
    /// The tensor.
    path: String,
}

impl Diverged {
    fn new(of: &str, path: &str, how: &str) -> Diverged {
        Diverged { what: [of, path, " ", how].concat(), path: path.into() }
    }

    pub fn loss() -> Diverged {
        Diverged::new("the ", "loss", FINITE)
    }

    pub fn output() -> Diverged {
        Diverged::new("the gradient of ", "the output", "is above 1e18")
    }

    /// In update `step` (from 1), where `last_loss` is the last finite loss (NaN if there was none).
    pub fn error(self, step: u64, last_loss: f64) -> Error {
        Error::divergence(&self.path, &self.what, step, last_loss)
    }
}

impl Updater {
    /// # Errors
    /// `MemoryError` when the moments do not fit.
    pub fn new(table: &ParameterTable, description: Description) -> Result<Updater, Error> {
        let places = places(table);
        Ok(Updater {
            penalised: penalised(table),
            state: description.optimizer.state(table.len(), &places, buffer)?,
            before: buffer(table.len())?,
            places,
            description,
        })
    }

    /// The weights at which the gradient of the update after `done` others is to be taken: those of the model, or those that the
    /// optimiser keeps apart, where the model has their average.
    pub fn point<'a>(&'a self, done: u64, params: &'a [f32]) -> &'a [f32] {
        self.description.optimizer.point(done, params, &self.state)
    }

    /// Goes on with what a saved run remembers.
    pub fn go_on(&mut self, saved: State) {
        (self.state.buffers, self.state.scalars) = (saved.buffers, saved.scalars);
    }

    /// Whether [`Updater::point`] is apart from the model's weights.
    pub fn apart(&self) -> bool {
        self.description.optimizer.apart()
    }

    /// The rate, where an update is nothing but a step down the gradient: whoever computes the gradient can then add it to the
    /// weights as it comes ([`rnn::Network::descend`]), between [`Updater::keep`] and [`Updater::check`].
    pub fn plain_rate(&self, done: u64) -> Option<f64> {
        let Description { optimizer, rate, clip, penalty, noise } = &self.description;
        let plain = matches!(optimizer, Optimizer::Sgd(sgd) if sgd.plain());
        let alone = *clip == Clip::None && penalty.l1 == 0.0 && penalty.l2 == 0.0 && noise.is_none();
        (plain && alone).then(|| rate.rate(done.into()))
    }

    /// Keeps the parameters as they are, to be put back.
    pub fn keep(&mut self, params: &[f32]) {
        self.before.copy_from_slice(params);
    }

    /// Puts back what was kept.
    pub fn restore(&self, params: &mut [f32]) {
        params.copy_from_slice(&self.before);
    }

    /// The memory of what was kept, when there are no further updates.
    pub fn release(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.before)
    }

    /// Takes a step into infinity back.
    ///
    /// # Errors
    /// When there was one.
    pub fn check(&self, table: &ParameterTable, params: &mut [f32]) -> Result<(), Diverged> {
        if first_non_finite(params).is_none() {
            return Ok(());
        }
        let diverged = Diverged::new("", non_finite(table, params), FINITE);
        self.restore(params);
        Err(diverged)
    }

    /// Moves `params` by the gradient; `done` came before: updates, and epochs where there are any. The gradient is spent.
    ///
    /// # Errors
    /// When a gradient, or a value after the update, is not finite; `params` are then as they were, and moments that the
    /// step had already moved start anew.
    pub fn update(
        &mut self,
        done: impl Into<Done>,
        table: &ParameterTable,
        params: &mut [f32],
        gradient: &mut [f32],
    ) -> Result<Updated, Diverged> {
        let Description { optimizer, rate, clip, penalty, noise } = &self.description;
        let done = done.into();
        let point = optimizer.point(done.steps, params, &self.state);
        let clipped = clip.apply(&self.places, point, gradient);
        if !clipped.norm.is_finite() {
            return Err(Diverged::new("the gradient of ", non_finite(table, gradient), FINITE));
        }
        // Larger ones square to infinity in the moments of Adam and RMSprop, and the weights would stand still for good.
        if clipped.most > 1e18 {
            return Err(Diverged::new("the gradient of ", "all parameters", "is above 1e18"));
        }
        if let Some(noise) = noise {
            noise.add(done.steps, &self.places, gradient);
        }
        if penalty.l1 != 0.0 || penalty.l2 != 0.0 {
            optim::penalty::add_to(penalty.l1, penalty.l2, &self.penalised, point, gradient);
        }
        let step = Step { number: done.steps + 1, rate: rate.rate(done), momentum: rate.momentum(done) };
        self.before.copy_from_slice(params);
        let rate = optimizer.apply(step, &self.places, params, gradient, &mut self.state);
        if let Err(diverged) = self.check(table, params) {
            self.description.optimizer.start(params, &mut self.state);
            return Err(diverged);
        }
        Ok(Updated { norm: clipped.norm, clipped: clipped.clipped, rate })
    }
}

fn non_finite<'a>(table: &'a ParameterTable, flat: &[f32]) -> &'a str {
    let found = table.entries().iter().find(|p| first_non_finite(&flat[p.range()]).is_some());
    found.map_or("all parameters", |p| &p.name)
}

/// Writes a flat buffer as one natural tensor a parameter, each name after `prefix`.
pub fn write_flat(table: &ParameterTable, flat: &[f32], prefix: &str, into: &mut Bundle) {
    for (index, parameter) in table.entries().iter().enumerate() {
        let mut natural = vec![0.0; parameter.count()];
        table.export(index, flat, &mut natural);
        into.f32(format!("{prefix}{}", parameter.name), parameter.shape.clone(), natural);
    }
}

/// The inverse of [`write_flat`].
///
/// # Errors
/// `FormatError` for a missing or misshapen tensor.
pub fn read_flat(table: &ParameterTable, flat: &mut [f32], prefix: &str, from: &mut Bundle) -> Result<(), Error> {
    for (index, parameter) in table.entries().iter().enumerate() {
        let name = format!("{prefix}{}", parameter.name);
        match from.take_f32(&name)? {
            Some((shape, natural)) if shape == parameter.shape => table.import(index, &natural, flat),
            Some((shape, _)) => {
                let expected = &parameter.shape;
                return Err(Error::format(format!(
                    "tensor {} has shape {}, expected {}",
                    quoted(&name),
                    shape_text(&shape),
                    shape_text(expected)
                )));
            }
            None => return Err(Error::format(format!("tensor {} is missing", quoted(&name)))),
        }
    }
    Ok(())
}
