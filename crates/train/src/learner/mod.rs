//! Online learning by truncated backpropagation through time: at each time step predict, then learn from the last
//! `truncation` steps. Source: Williams and Peng 1990, BPTT(h) with an update every step.

mod stream;
mod window;

use crate::bundle::Bundle;
use crate::data::form::{Input, Target};
use crate::data::targets::check_numbers;
use crate::describe::calls::OnlineOptions;
use crate::describe::model::Input as Described;
use crate::error::{Error, ErrorClass};
use crate::evaluate::workspace;
use crate::memory::buffer;
use crate::model::{Body, Model, recurrent};
use crate::shown::show_row;
use crate::text;
use crate::update::{Diverged, Updater};
use rnn::losses::{Rows, Targets};
use rnn::{Capacity, Loss, Want, Workspace};
pub use stream::Stream;
use window::Window;

pub struct Learner {
    truncation: usize,
    target: Target,
    loss_of: Loss,
    updater: Updater,
    workspace: Workspace,
    window: Window,
    gradient: Vec<f32>,
    done: u64,
    loss: f64,
    /// The target of the step at hand, in the network's units.
    y: Vec<f32>,
}

/// When the weights that a plain step leaves are looked at, and kept as they were before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    Each,
    /// By [`Learner::leap`], after several.
    Later,
}

impl Learner {
    /// # Errors
    /// `ConfigError` for a bidirectional model, which has no last step, or wrong options; `MemoryError`.
    pub fn open(model: &mut Model, options: &str) -> Result<Learner, Error> {
        let OnlineOptions { truncation, update } = OnlineOptions::from_json(options)?;
        let body = model.body()?;
        if matches!(model.description.input, Described::Series(_)) {
            let message = "a model of a series learns from a table: use fit";
            return Err(Error::new(ErrorClass::Config, "wantsTable", message).about("input.series"));
        }
        let network = &body.network;
        if recurrent(network).any(|layer| layer.bidirectional) {
            let message = "a bidirectional model reads its sequences from the end too, and cannot learn online";
            return Err(Error::new(ErrorClass::Config, "notOnline", message));
        }
        if network.layers().iter().any(|layer| layer.chance().is_some()) {
            let message = "online learning has no dropout, no noise and no zoneout, which would change the prediction that comes first; leave them out";
            return Err(Error::new(ErrorClass::Config, "notOnline", message));
        }
        if network.penalises_vanishing() {
            let message = "online learning has no penalties, which are means over a batch; leave vanishingPenalty out";
            return Err(Error::new(ErrorClass::Config, "notOnline", message));
        }
        if let Target::Labels(_) = body.form.target {
            let message = "\"ctc\" is of whole sequences: a step by itself has no target to learn from online";
            return Err(Error::new(ErrorClass::Config, "notOnline", message).about("loss"));
        }
        if network.penalises_outputs() {
            let message = "online learning has no penalties on outputs, which are means over a batch; leave activationPenalty and temporalPenalty out";
            return Err(Error::new(ErrorClass::Config, "notOnline", message));
        }
        if let Some(shape) = network.states().iter().find(|shape| shape.counts) {
            let message = "online learning sees one step of one sequence, and a normalization \"batch\" needs a batch and the step's number: use \"layer\"";
            let error = Error::new(ErrorClass::Config, "notOnline", message);
            return Err(error.about(format!("layers[{}].normalization", shape.layer)));
        }
        if let Some((layer, _)) = network.batch_norms().next() {
            let message = "online learning sees one step of one sequence, and a batch norm needs a batch: use layerNorm, or trainable: false";
            return Err(Error::new(ErrorClass::Config, "notOnline", message).about(format!("layers[{layer}]")));
        }
        model.encoding.require(&model.description)?;
        let capacity = Capacity { batch: 1, steps: truncation, rows: truncation };
        if update.optimizer.apart() {
            let why = "averages weights over a run, while a learner predicts by the weights that it trains";
            return Err(Error::conflict("optimizer", why));
        }
        let mut learner = Learner {
            truncation,
            target: body.form.target,
            loss_of: body.form.loss.clone(),
            updater: Updater::new(network.table(), update)?,
            workspace: workspace(network, capacity, true)?,
            window: Window::new(truncation, body.form.input),
            gradient: buffer(network.table().len())?,
            done: 0,
            loss: f64::NAN,
            y: Vec::new(),
        };
        learner.reset(model)?;
        // A saved run cannot go on from weights that were moved beside it.
        model.saved = None;
        model.train_here();
        Ok(learner)
    }

    /// Forgets the state, not what was learned.
    ///
    /// # Errors
    /// As [`Model::body`].
    pub fn reset(&mut self, model: &Model) -> Result<(), Error> {
        let body = model.body()?;
        self.window.reset(&body.network, &body.params);
        Ok(())
    }

    /// One time step: `x` is a step's numbers, or its token; `y` the target's numbers, or its class. Gives the prediction
    /// (probabilities for classes), in the user's units, and the loss, NaN without a target, then no update.
    ///
    /// # Errors
    /// `ShapeError` and `DataError` for a step that does not fit; `DivergenceError`.
    pub fn step(&mut self, model: &mut Model, x: &[f32], y: Option<&[f32]>) -> Result<Vec<f32>, Error> {
        let body = model.body()?;
        let (Input::Values(n) | Input::Tokens(n)) = body.form.input;
        check(x, "x", matches!(body.form.input, Input::Values(_)), n)?;
        if let Some(y) = y {
            let (Target::Values(n) | Target::Classes(n) | Target::Distributions(n) | Target::Labels(n)) = self.target;
            check(y, "y", !matches!(self.target, Target::Classes(_)), n)?;
            check_numbers(y, &body.form, &|_| true, &|_| "y".into())?;
        }
        let mut result = vec![0.0; body.network.output_size()];
        let loss = self.turn(model, x, y, &mut result, Guard::Each)?;
        result.push(loss as f32);
        Ok(result)
    }

    /// [`Learner::step`] for numbers that were checked; the prediction is written to `result`.
    fn turn(
        &mut self,
        model: &mut Model,
        x: &[f32],
        y: Option<&[f32]>,
        result: &mut [f32],
        guard: Guard,
    ) -> Result<f64, Error> {
        let scaler = model.encoding.output.clone();
        let Learner { window, workspace, updater, gradient, .. } = self;
        window.read(x, model.encoding.input.as_deref());
        let Body { network, params, .. } = model.body_mut()?;
        // A class that does not count is no target.
        let classes = matches!(self.target, Target::Classes(_));
        let masked = y.is_some_and(|y| classes && self.loss_of.class_weight(y[0] as i32) == 0.0);
        window.forward(network, params, y.is_some() && !masked, workspace);
        let (outputs, gradients) = workspace.output_and_gradient();
        // At every step: the window's earlier predictions were learned from when they came.
        let last = outputs.len() - network.output_size();
        let output = &outputs[last..];
        result.copy_from_slice(output);
        match self.target {
            Target::Values(size) => show_row(result, size, &self.loss_of, scaler.as_deref()),
            _ => {
                linalg::softmax(result);
            }
        }
        let Some(y) = y.filter(|_| !masked) else {
            window.close();
            return Ok(f64::NAN);
        };
        gradients[..last].fill(0.0);
        let cotangent = Some(&mut gradients[last..]);
        // One step back and a plain update: the gradient is added to the weights as it comes, with no pass over them all.
        let plain = updater.plain_rate(self.done).filter(|_| self.truncation == 1);
        let scale = plain.map_or(1.0, |rate| -rate);
        // A class's weight weighs the step: over one of them, a mean would take it out again.
        let elements = self.loss_of.row_weight(self.target.width());
        let rows = Rows { output, weight: None, scale: scale / elements, gradient: cotangent };
        let class = [y[0] as i32];
        let targets = match self.target {
            Target::Values(_) => {
                self.y.clear();
                self.y.extend_from_slice(y);
                scaler.iter().for_each(|s| s.apply_rows(&mut self.y));
                Targets::Numbers(&self.y)
            }
            Target::Distributions(n) => Targets::Distributions(y, n),
            _ => Targets::Classes(&class),
        };
        let loss = self.loss_of.sum(rows, targets);
        // As of any gradient; here there is no pass over it that would tell.
        let too_large = gradients[last..].iter().any(|g| f64::from(g.abs()) > 1e18 * scale.abs());
        let (packing, inputs, initial) = (window.packing(), window.inputs(), window.initial());
        let mut descend = |params: &mut [f32]| network.descend(params, packing, inputs, initial, workspace);
        let updated = if !loss.sum.is_finite() {
            Err(Diverged::loss())
        } else if plain.is_some() && too_large {
            Err(Diverged::output())
        } else if plain.is_some() && guard == Guard::Later {
            descend(params);
            Ok(())
        } else if plain.is_some() {
            updater.keep(params);
            descend(params);
            updater.check(network.table(), params)
        } else {
            gradient.fill(0.0);
            network.backward(params, packing, inputs, initial, None, workspace, gradient, Want::default());
            updater.update(self.done, network.table(), params, gradient).map(|_| ())
        };
        window.close();
        updated.map_err(|diverged| diverged.error(self.done + 1, self.loss).under(&self.loss_of))?;
        self.done += 1;
        self.loss = loss.mean();
        Ok(self.loss)
    }

    /// Several turns. Where each is a plain step, the weights are looked at after the last one alone: two passes over them all
    /// take as long as half a step. If something is not finite then, all is put back and they are made again, with a look at each, so
    /// that the error and the weights are those of the step that it happened in: `turns` must be the same when it is called again.
    fn leap(
        &mut self,
        model: &mut Model,
        mut turns: impl FnMut(&mut Learner, &mut Model, Guard) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.truncation > 1 || self.updater.plain_rate(self.done).is_none() {
            return turns(self, model, Guard::Each);
        }
        let (window, done, loss) = (self.window.clone(), self.done, self.loss);
        self.updater.keep(&model.body()?.params);
        let result = turns(self, model, Guard::Later);
        let Body { network, params, .. } = model.body_mut()?;
        if self.updater.check(network.table(), params).is_ok() && result.is_ok() {
            return Ok(());
        }
        self.updater.restore(params);
        (self.window, self.done, self.loss) = (window, done, loss);
        turns(self, model, Guard::Each)
    }

    /// One sequence with targets at every step, as that many steps: `predictions` [time, size] and `losses` [time].
    ///
    /// # Errors
    /// As [`Learner::step`]; what was learned before stays.
    pub fn run(&mut self, model: &mut Model, data: Bundle) -> Result<Bundle, Error> {
        let mut stream = Stream::new(model, data)?;
        stream.advance(self, model, usize::MAX)?;
        Ok(stream.finish())
    }
}

/// A step's numbers, or a whole number below `n`.
fn check(row: &[f32], path: &str, numbers: bool, n: usize) -> Result<(), Error> {
    let expected = if numbers { n } else { 1 };
    if row.len() != expected {
        return Err(Error::shape(path, format!("{expected} numbers"), row.len().to_string()));
    }
    if let Some(i) = linalg::first_non_finite(row) {
        return Err(Error::data(format!("{path}[{i}]"), "a finite number", text::number(f64::from(row[i]))));
    }
    let whole = row[0] >= 0.0 && row[0] < n as f32 && row[0] as usize as f32 == row[0];
    if !(numbers || whole) {
        return Err(Error::data(path, format!("a whole number below {n}"), text::number(f64::from(row[0]))));
    }
    Ok(())
}
