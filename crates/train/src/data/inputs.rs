//! The inputs of a batch, gathered for some of its steps. NOT: which samples, in which order.

use super::form::Input;
use super::samples::Samples;
use crate::error::Error;
use crate::memory::room_for;
use rnn::{Inputs, Packing, Values};
use std::ops::Range;

/// Those of the steps that were asked for last.
pub struct Gathered {
    form: Input,
    pub steps: Range<usize>,
    values: Vec<f32>,
    tokens: Vec<u32>,
}

impl Gathered {
    pub fn new(form: Input) -> Gathered {
        Gathered { form, steps: 0..0, values: Vec::new(), tokens: Vec::new() }
    }

    /// Makes room for so many rows.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn reserve(&mut self, rows: usize) -> Result<(), Error> {
        match self.form {
            Input::Values(size) => room_for(&mut self.values, rows.saturating_mul(size)),
            Input::Tokens(_) => room_for(&mut self.tokens, rows),
        }
    }

    pub fn values(&self) -> Values<'_> {
        match self.form {
            Input::Values(_) => Values::Values(&self.values),
            Input::Tokens(_) => Values::Tokens(&self.tokens),
        }
    }
}

/// Gathers from samples, in sorted order, unless it is there.
pub struct Read<'a> {
    pub from: &'a dyn Samples,
    pub packing: &'a Packing,
    pub samples: &'a [usize],
    pub inputs: &'a mut Gathered,
}

impl Inputs for Read<'_> {
    fn of(&mut self, steps: Range<usize>) -> Values<'_> {
        let Packing { sizes, offsets, .. } = self.packing;
        let Gathered { form, steps: held, values, tokens } = &mut *self.inputs;
        if *held != steps {
            match *form {
                Input::Values(size) => {
                    let first = offsets[steps.start];
                    values.resize((offsets[steps.end] - first) * size, 0.0);
                    for t in steps.clone() {
                        let rows = &mut values[(offsets[t] - first) * size..(offsets[t + 1] - first) * size];
                        self.from.inputs(&self.samples[..sizes[t]], t, rows, size);
                    }
                }
                Input::Tokens(_) => {
                    tokens.clear();
                    for t in steps.clone() {
                        tokens.extend(self.samples[..sizes[t]].iter().map(|&sample| self.from.token(sample, t)));
                    }
                }
            }
            *held = steps;
        }
        self.inputs.values()
    }
}
