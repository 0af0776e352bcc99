//! One update of the weights: clip, penalties, rate, optimiser; and the moments it keeps. Used by runs, trainers and
//! online learners alike. NOT: where the gradient comes from.

mod flat;
mod search;

use crate::average::Averaged;
use crate::describe::update::Update as Description;
use crate::error::Error;
use crate::groups::{Moved, Penalised, divide};
use crate::memory::buffer;
use crate::places::places;
pub use flat::{read_flat, write_flat};
use linalg::first_non_finite;
use optim::{Clip, Done, Optimizer, Places, State, Step};
use rnn::{Orthogonality, ParameterTable, Role, Running};
pub use search::Searching;

pub struct Updater {
    description: Description,
    places: Places,
    moved: Vec<Moved>,
    penalised: Vec<Penalised>,
    averaged: Option<Averaged>,
    /// What the optimiser remembers; its numbers are with [`Moved`].
    state: State,
    /// The parameters before the last update, so that a step into infinity can be taken back.
    before: Vec<f32>,
    /// Of an optimiser that searches for its updates.
    search: Option<Searching>,
    /// What the schedule's rate is multiplied with.
    pub rate_factor: f64,
    /// Of the penalty on recurrent matrices, where there is one.
    orthogonality: Option<Orthogonality>,
    /// Whether weights are made of others, so that no gradient can be added to them as it comes.
    derives: bool,
}

/// What an optimiser remembers, borrowed.
pub struct Remembered<'a> {
    pub buffers: &'a [Vec<f32>],
    pub scalars: Vec<f64>,
}

impl<'a> From<&'a State> for Remembered<'a> {
    fn from(state: &'a State) -> Self {
        Remembered { buffers: &state.buffers, scalars: state.scalars.clone() }
    }
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
    /// `MemoryError` when the moments do not fit, `ConfigError` for groups that do not fit the network, and for what acts on
    /// weights as they are where they are made of others.
    pub fn new(table: &ParameterTable, description: Description) -> Result<Updater, Error> {
        check_normed(table, &description)?;
        let places = places(table);
        let (moved, penalised) = divide(table, &description)?;
        Ok(Updater {
            moved,
            penalised,
            averaged: description.average.map(|average| Averaged::new(average, table.len())).transpose()?,
            state: description.optimizer.state(table.len(), &places, buffer)?,
            before: buffer(table.len())?,
            orthogonality: match description.orthogonality {
                0.0 => None,
                _ => Some(Orthogonality::new(table).map_err(|bytes| Error::memory("a penalty on matrices", bytes))?),
            },
            derives: table.derives(),
            search: match description.optimizer {
                Optimizer::Lbfgs(settings) => Some(Searching::new(settings, table.len())?),
                _ => None,
            },
            places,
            rate_factor: 1.0,
            description,
        })
    }

    /// The weights at which the gradient of the update after `done` others is to be taken: those of the model, or those that the
    /// optimiser keeps apart, where the model has their average, or which it tries.
    pub fn point<'a>(&'a self, done: u64, params: &'a [f32]) -> &'a [f32] {
        if let Some(searching) = &self.search {
            return searching.point(params);
        }
        match &self.averaged {
            Some(averaged) if done > 0 => &averaged.iterate,
            _ => self.description.optimizer.point(done, params, &self.state),
        }
    }

    /// Goes on with what a saved run remembers.
    pub fn go_on(&mut self, saved: State, iterate: Option<Vec<f32>>) {
        if let (Some(averaged), Some(iterate)) = (&mut self.averaged, iterate) {
            averaged.iterate = iterate;
        }
        self.state.buffers = saved.buffers;
        self.set_scalars(&saved.scalars);
    }

    /// Those of one part after those of another.
    fn set_scalars(&mut self, scalars: &[f64]) {
        let count = self.state.scalars.len().max(1);
        for (part, scalars) in self.moved.iter_mut().zip(scalars.chunks(count)) {
            part.scalars.copy_from_slice(scalars);
        }
    }

    /// Goes back to what [`Updater::copy_to`] took down.
    pub fn copy_from(&mut self, state: &State, iterate: Option<&[f32]>) {
        if let (Some(averaged), Some(iterate)) = (&mut self.averaged, iterate) {
            averaged.iterate.copy_from_slice(iterate);
        }
        self.state.buffers.iter_mut().zip(&state.buffers).for_each(|(to, from)| to.copy_from_slice(from));
        self.set_scalars(&state.scalars);
    }

    /// All that it remembers, into memory that is as long.
    pub fn copy_to(&self, state: &mut State, iterate: Option<&mut [f32]>) {
        if let (Some(iterate), Some(now)) = (iterate, self.iterate()) {
            iterate.copy_from_slice(now);
        }
        state.buffers.iter_mut().zip(&self.state.buffers).for_each(|(to, from)| to.copy_from_slice(from));
        let scalars = self.moved.iter().flat_map(|part| &part.scalars);
        state.scalars.iter_mut().zip(scalars).for_each(|(to, from)| *to = *from);
    }

    /// What is to be saved: the numbers of one part after those of another.
    pub fn remembers(&self) -> Remembered<'_> {
        let scalars = self.moved.iter().flat_map(|part| &part.scalars).copied().collect();
        Remembered { buffers: &self.state.buffers, scalars }
    }

    /// The running statistics of batch norms move: in the model, and in the weights that are trained beside it, so that the
    /// average of both is what they are.
    pub fn settle(&mut self, running: &mut Running, params: &mut [f32]) {
        running.apply(params);
        if let Some(averaged) = &mut self.averaged {
            running.copy(params, &mut averaged.iterate);
        }
    }

    /// The weights that are trained, where the model has their average.
    pub fn iterate(&self) -> Option<&[f32]> {
        self.averaged.as_ref().map(|averaged| averaged.iterate.as_slice())
    }

    /// The same, moved.
    pub fn into_state(self) -> (State, Option<Vec<f32>>, Option<Searching>) {
        let Remembered { scalars, .. } = self.remembers();
        let iterate = self.averaged.map(|averaged| averaged.iterate);
        (State { buffers: self.state.buffers, scalars, scratch: Vec::new() }, iterate, self.search)
    }

    /// As before the first update.
    fn start(&mut self, params: &[f32]) {
        self.description.optimizer.start(params, &mut self.state);
        if let Some(averaged) = &mut self.averaged {
            averaged.iterate.copy_from_slice(params);
        }
        self.moved.iter_mut().for_each(|part| part.scalars.copy_from_slice(&self.state.scalars));
    }

    /// Whether updates are searched for: by [`Updater::evaluated`].
    pub fn searches(&self) -> bool {
        self.search.is_some()
    }

    /// Whether a search is within an update.
    pub fn under_way(&self) -> bool {
        self.search.as_ref().is_some_and(Searching::under_way)
    }

    /// The search, to be saved.
    pub fn search(&self) -> Option<&Searching> {
        self.search.as_ref()
    }

    /// Goes on with a saved one, which has room for its updates, from the weights beside it.
    pub fn go_on_searching(&mut self, saved: Searching, params: &[f32]) {
        self.search.insert(saved).go_on(params);
    }

    /// Makes room for the updates of a new search, if there is one: before the first of them.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn reserve_search(&mut self) -> Result<(), Error> {
        self.search.as_mut().map_or(Ok(()), Searching::reserve)
    }

    /// Whether [`Updater::point`] is apart from the model's weights.
    pub fn apart(&self) -> bool {
        self.description.optimizer.apart() || self.averaged.is_some()
    }

    /// The rate, where an update is nothing but a step down the gradient: whoever computes the gradient can then add it to the
    /// weights as it comes ([`rnn::Network::descend`]), between [`Updater::keep`] and [`Updater::check`].
    pub fn plain_rate(&self, done: u64) -> Option<f64> {
        let Description { rate, clip, noise, max_norm, .. } = &self.description;
        let sgd = |part: &Moved| matches!(part.optimizer, Optimizer::Sgd(sgd) if sgd.plain()) && part.factor == 1.0;
        let plain = self.moved.iter().all(sgd);
        let alone = *clip == Clip::None && self.penalised.is_empty() && noise.is_none() && self.averaged.is_none();
        let alone = alone && self.orthogonality.is_none() && max_norm.is_none() && !self.derives;
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

    /// The memory of what is kept in an update, for whoever needs some between two of them.
    pub fn lend(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.before)
    }

    /// It is back.
    pub fn take_back(&mut self, room: Vec<f32>) {
        self.before = room;
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
        let done = done.into();
        if done.steps == 0 {
            self.start(params);
        }
        let Description { optimizer, rate, clip, noise, max_norm, orthogonality: strength, .. } = &self.description;
        let point = match &self.averaged {
            Some(averaged) => &averaged.iterate,
            None => optimizer.point(done.steps, params, &self.state),
        };
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
        for Penalised { l1, l2, ranges } in &self.penalised {
            optim::penalty::add_to(*l1, *l2, ranges, point, gradient);
        }
        if let Some(orthogonality) = &mut self.orthogonality {
            orthogonality.add(*strength, table, point, gradient);
        }
        let step =
            Step { number: done.steps + 1, rate: self.rate_factor * rate.rate(done), momentum: rate.momentum(done) };
        self.before.copy_from_slice(params);
        // That of the last part, which has the settings of the run.
        let mut rate = step.rate;
        for Moved { optimizer, factor, places, scalars } in &mut self.moved {
            std::mem::swap(&mut self.state.scalars, scalars);
            let step = Step { rate: step.rate * *factor, ..step };
            let weights = self.averaged.as_mut().map_or(&mut *params, |averaged| &mut averaged.iterate);
            rate = optimizer.go_on(step, places, weights, gradient, &mut self.state);
            std::mem::swap(&mut self.state.scalars, scalars);
        }
        if let Some(most) = *max_norm {
            let weights = self.averaged.as_mut().map_or(&mut *params, |averaged| &mut averaged.iterate);
            rnn::max_norm(most, table, weights);
        }
        let mut checked = Ok(());
        if let Some(averaged) = &self.averaged {
            averaged.follow(step.number, params);
            // An average may leave out weights that are no longer finite.
            if first_non_finite(&averaged.iterate).is_some() {
                checked = Err(Diverged::new("", non_finite(table, &averaged.iterate), FINITE));
                self.restore(params);
            }
        }
        if let Err(diverged) = checked.and_then(|()| self.check(table, params)) {
            self.start(params);
            return Err(diverged);
        }
        Ok(Updated { norm: clipped.norm, clipped: clipped.clipped, rate })
    }
}

/// What holds the norm of a row, or looks at a whole matrix, would find its direction alone.
fn check_normed(table: &ParameterTable, description: &Description) -> Result<(), Error> {
    let why = "acts on weights as they are, and a layer with weightNorm learns norm and direction apart";
    let normed = || table.entries().iter().filter(|p| p.role == Role::Magnitude);
    let recurrent = || table.entries().iter().filter(|p| p.trainable && p.role == Role::RecurrentWeight);
    // All matrices of a layer are norm and direction, or none.
    let apart = normed().any(|p| recurrent().any(|matrix| matrix.layer == p.layer));
    match description {
        Description { max_norm: Some(_), .. } if normed().next().is_some() => Err(Error::conflict("maxNorm", why)),
        _ if apart && description.orthogonality > 0.0 => Err(Error::conflict("orthogonality", why)),
        _ if recurrent().next().is_none() && description.orthogonality > 0.0 => {
            Err(Error::conflict("orthogonality", "the model has no recurrent weights that learn"))
        }
        _ => Ok(()),
    }
}

fn non_finite<'a>(table: &'a ParameterTable, flat: &[f32]) -> &'a str {
    let found = table.entries().iter().find(|p| first_non_finite(&flat[p.range()]).is_some());
    found.map_or("all parameters", |p| &p.name)
}
