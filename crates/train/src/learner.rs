//! Online learning by truncated backpropagation through time: at each time step predict, then learn from the last
//! `truncation` steps. Source: Williams and Peng 1990, BPTT(h) with an update every step.

use crate::bundle::Bundle;
use crate::data::form::{Input, Target};
use crate::describe::calls::OnlineOptions;
use crate::describe::model::Input as Described;
use crate::error::{Error, ErrorClass};
use crate::evaluate::workspace;
use crate::memory::buffer;
use crate::model::{Body, Model, recurrent};
use crate::stream::Stream;
use crate::text;
use crate::update::{Diverged, Updater};
use rnn::{Capacity, Layer, Packing, States, Values, Want, Workspace};
use std::collections::VecDeque;

pub struct Learner {
    truncation: usize,
    updater: Updater,
    workspace: Workspace,
    packing: Packing,
    /// Of a single step.
    one: Packing,
    /// How many of the newest states follow each from the one before by a step under the present weights.
    chained: usize,
    gradient: Vec<f32>,
    done: u64,
    loss: f64,
    /// Inputs of the window, oldest first: numbers [steps, size], or tokens.
    values: Vec<f32>,
    tokens: Vec<u32>,
    /// The state before each step of the window, as it was when that step came.
    states: VecDeque<States>,
    /// The one that fell out last, whose memory the next one takes.
    spare: States,
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
        if network.layers().iter().any(drops) {
            let message =
                "online learning has no dropout, which would change the prediction that comes first; leave it out";
            return Err(Error::new(ErrorClass::Config, "notOnline", message));
        }
        model.encoding.require(&model.description)?;
        let capacity = Capacity { batch: 1, steps: truncation, rows: truncation };
        let mut learner = Learner {
            truncation,
            updater: Updater::new(network.table(), update)?,
            workspace: workspace(network, capacity, true)?,
            packing: Packing::default(),
            one: Packing::new(&[1]),
            chained: 0,
            gradient: buffer(network.table().len())?,
            done: 0,
            loss: f64::NAN,
            values: Vec::new(),
            tokens: Vec::new(),
            states: VecDeque::new(),
            spare: States::default(),
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
        self.values.clear();
        self.tokens.clear();
        self.states.clear();
        self.chained = 0;
        self.states.push_back(States::zeros(&model.body()?.network, 1));
        Ok(())
    }

    /// One time step: `x` is a step's numbers, or its token; `y` the target's numbers, or its class. Gives the prediction
    /// (probabilities for classes), in the user's units, and the loss, NaN without a target, then no update.
    ///
    /// # Errors
    /// `ShapeError` and `DataError` for a step that does not fit; `DivergenceError`.
    pub fn step(&mut self, model: &mut Model, x: &[f32], y: Option<&[f32]>) -> Result<Vec<f32>, Error> {
        let form = &model.body()?.form;
        let (input, target) = (form.input, form.target);
        check(
            x,
            "x",
            matches!(input, Input::Values(_)),
            match input {
                Input::Values(n) | Input::Tokens(n) => n,
            },
        )?;
        if let Some(y) = y {
            let n = match target {
                Target::Values(n) | Target::Classes(n) => n,
            };
            check(y, "y", matches!(target, Target::Values(_)), n)?;
        }
        self.read(model, x, input);
        let scaler = model.encoding.output.clone();
        let Body { network, params, .. } = model.body_mut()?;
        let Learner { workspace, packing, gradient, states, .. } = self;
        let values = match input {
            Input::Values(_) => Values::Values(&self.values),
            Input::Tokens(_) => Values::Tokens(&self.tokens),
        };
        // Where all states of the window follow one from the other, a pass over it comes by the last of them, to the bit: without
        // a target, which would want the steps before, it need not be made.
        let short = y.is_none() && self.chained + 1 >= states.len();
        if short {
            let values = match values {
                Values::Values(x) => Values::Values(&x[x.len() - x.len() / states.len()..]),
                Values::Tokens(tokens) => Values::Tokens(&tokens[states.len() - 1..]),
            };
            network.forward(params, &self.one, values, states.back(), None, workspace);
        } else {
            network.forward(params, packing, values, states.front(), None, workspace);
        }
        // A pass over the window need not come by the states that are kept, and an update makes them those of other weights.
        self.chained = if short { self.chained + 1 } else { 0 };
        let mut end = std::mem::take(&mut self.spare);
        end.copy_from(workspace.final_states());
        let (outputs, gradients) = workspace.output_and_gradient();
        // At every step: the window's earlier predictions were learned from when they came.
        let last = outputs.len() - network.output_size();
        let output = &outputs[last..];
        let mut result = output.to_vec();
        match target {
            Target::Classes(_) => {
                linalg::softmax(&mut result);
            }
            Target::Values(_) => scaler.iter().for_each(|s| s.undo_rows(&mut result)),
        }
        let Some(y) = y else {
            states.push_back(end);
            result.push(f32::NAN);
            return Ok(result);
        };
        gradients.fill(0.0);
        let cotangent = Some(&mut gradients[last..]);
        // One step back and a plain update: the gradient is added to the weights as it comes, with no pass over them all.
        let plain = self.updater.plain_rate(self.done).filter(|_| self.truncation == 1);
        let scale = plain.map_or(1.0, |rate| -rate);
        let loss = match target {
            Target::Values(n) => {
                let mut y = y.to_vec();
                scaler.iter().for_each(|s| s.apply_rows(&mut y));
                rnn::mse(output, &y, None, scale / n as f64, cotangent)
            }
            Target::Classes(_) => rnn::cross_entropy(output, &[y[0] as i32], None, scale, cotangent),
        };
        // As of any gradient; here there is no pass over it that would tell.
        let too_large = gradients[last..].iter().any(|g| f64::from(g.abs()) > 1e18 * scale.abs());
        let start = states.front();
        let mut back = |params: &[f32], onto: &mut [f32]| {
            network.backward(params, packing, values, start, None, workspace, onto, Want::default());
        };
        let updated = if !loss.sum.is_finite() {
            Err(Diverged::loss())
        } else if plain.is_some() && too_large {
            Err(Diverged::output())
        } else if plain.is_some() {
            self.updater.descend(network.table(), params, back)
        } else {
            gradient.fill(0.0);
            back(params, gradient);
            self.updater.update(self.done, network.table(), params, gradient).map(|_| ())
        };
        states.push_back(end);
        updated.map_err(|diverged| diverged.error(self.done + 1, self.loss))?;
        self.done += 1;
        self.loss = loss.mean();
        result.push(self.loss as f32);
        Ok(result)
    }

    /// Puts a step at the end of the window, and the oldest one out when it is full.
    fn read(&mut self, model: &Model, x: &[f32], input: Input) {
        if self.states.len() > self.truncation {
            self.spare = self.states.pop_front().unwrap_or_default();
            if let Input::Values(size) = input {
                self.values.drain(..size);
            } else {
                self.tokens.remove(0);
            }
        }
        match input {
            Input::Values(_) => {
                let at = self.values.len();
                self.values.extend_from_slice(x);
                if let Some(scaler) = &model.encoding.input {
                    scaler.apply_rows(&mut self.values[at..]);
                }
            }
            Input::Tokens(_) => self.tokens.push(x[0] as u32),
        }
        self.packing.set(&[self.states.len()]);
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

fn drops(layer: &Layer) -> bool {
    match layer {
        Layer::Dropout { rate } => *rate > 0.0,
        Layer::Recurrent(layer) => layer.dropout > 0.0,
        _ => false,
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
