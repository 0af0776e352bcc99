//! A sequence on its way through an online learner, so many steps at a time.

use super::{Guard, Learner};
use crate::bundle::Bundle;
use crate::data::form::{Form, Input, Target};
use crate::data::samples::Samples;
use crate::data::sequences::Sequences;
use crate::error::Error;
use crate::memory::{buffer, filled};
use crate::model::Model;
use rnn::At;

/// Steps after which the weights are looked at.
const LEAP: usize = 64;

pub struct Stream {
    sequence: Sequences,
    input: Input,
    target: Target,
    /// Numbers in a prediction.
    size: usize,
    /// Steps done.
    done: usize,
    /// Of all steps, those to come too.
    predictions: Vec<f32>,
    losses: Vec<f32>,
    /// One step's numbers, or its token; its target's numbers, or its class.
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Stream {
    /// One sequence with a target for each step; its numbers are finite, as those of a fit.
    ///
    /// # Errors
    /// `ShapeError` and `DataError` for what is not that.
    pub fn new(model: &Model, data: Bundle) -> Result<Stream, Error> {
        let body = model.body()?;
        // Here every step has its target, wherever the model predicts.
        let form = Form { at: At::Every, ..body.form.clone() };
        if data.find("weight").is_some() {
            return Err(Error::data("sampleWeight", "none: a step without a target is not learned from", "some"));
        }
        let sequence = Sequences::new(data, &form)?;
        if sequence.len() != 1 || !sequence.has_targets() {
            return Err(Error::data("x", "one sequence, with a target for each step", sequence.len().to_string()));
        }
        let (steps, size) = (sequence.steps(0), body.network.output_size());
        Ok(Stream {
            sequence,
            input: form.input,
            target: form.target,
            size,
            done: 0,
            predictions: filled(&[steps, size], 0.0)?,
            losses: buffer(steps)?,
            x: vec![0.0; if let Input::Values(n) = form.input { n } else { 1 }],
            y: vec![0.0; form.target.width().max(1)],
        })
    }

    /// The next steps, at most `count`; whether all are done.
    ///
    /// # Errors
    /// As [`Learner::step`]; what was learned before stays.
    pub fn advance(&mut self, learner: &mut Learner, model: &mut Model, count: usize) -> Result<bool, Error> {
        let end = self.sequence.steps(0).min(self.done.saturating_add(count));
        while self.done < end {
            let steps = self.done..end.min(self.done + LEAP);
            learner.leap(model, |learner, model, guard| {
                self.done = steps.start;
                steps.clone().try_for_each(|t| self.turn(learner, model, t, guard))
            })?;
        }
        Ok(end == self.sequence.steps(0))
    }

    fn turn(&mut self, learner: &mut Learner, model: &mut Model, t: usize, guard: Guard) -> Result<(), Error> {
        match self.input {
            Input::Values(_) => self.sequence.input(0, t, &mut self.x),
            Input::Tokens(_) => self.x[0] = self.sequence.token(0, t) as f32,
        }
        match self.target {
            Target::Values(_) | Target::Distributions(_) => self.sequence.target(0, t, &mut self.y),
            _ => self.y[0] = self.sequence.class(0, t) as f32,
        }
        let masked = matches!(self.target, Target::Classes(_)) && self.y[0] < 0.0;
        let y = (!masked).then_some(self.y.as_slice());
        let prediction = &mut self.predictions[t * self.size..][..self.size];
        self.losses[t] = learner.turn(model, &self.x, y, prediction, guard)? as f32;
        self.done = t + 1;
        Ok(())
    }

    /// Of the steps done: `predictions` [time, size] and `losses` [time].
    pub fn finish(mut self) -> Bundle {
        let mut result = Bundle::default();
        self.predictions.truncate(self.done * self.size);
        self.losses.truncate(self.done);
        result.f32("predictions", vec![self.done, self.size], self.predictions);
        result.f32("losses", vec![self.done], self.losses);
        result
    }
}
