//! What an online learner remembers: the inputs of its last steps, and the state before each.

use crate::data::form::Input;
use crate::encoding::scaler::Scaler;
use rnn::{Network, Packing, States, Values, Workspace};
use std::collections::VecDeque;

#[derive(Clone)]
pub(super) struct Window {
    truncation: usize,
    input: Input,
    packing: Packing,
    /// Of a single step.
    one: Packing,
    /// How many of the newest states follow each from the one before by a step under the present weights.
    chained: usize,
    /// Inputs, oldest first: numbers [steps, size], or tokens.
    values: Vec<f32>,
    tokens: Vec<u32>,
    /// The state before each step, as it was when that step came, and after the last.
    states: VecDeque<States>,
    /// The one that fell out last, whose memory the next one takes.
    spare: States,
}

impl Window {
    /// Empty: to be reset.
    pub fn new(truncation: usize, input: Input) -> Window {
        Window {
            truncation,
            input,
            packing: Packing::default(),
            one: Packing::new(&[1]),
            chained: 0,
            values: Vec::new(),
            tokens: Vec::new(),
            states: VecDeque::new(),
            spare: States::default(),
        }
    }

    /// Forgets all.
    pub fn reset(&mut self, network: &Network, params: &[f32]) {
        self.values.clear();
        self.tokens.clear();
        self.states.clear();
        self.chained = 0;
        self.states.push_back(States::initial(network, params, 1));
    }

    /// Puts a step at the end, and the oldest one out when it is full.
    pub fn read(&mut self, x: &[f32], scaler: Option<&Scaler>) {
        if self.states.len() > self.truncation {
            self.spare = self.states.pop_front().unwrap_or_default();
            if let Input::Values(size) = self.input {
                self.values.drain(..size);
            } else {
                self.tokens.remove(0);
            }
        }
        match self.input {
            Input::Values(_) => {
                let at = self.values.len();
                self.values.extend_from_slice(x);
                if let Some(scaler) = scaler {
                    scaler.apply_rows(&mut self.values[at..]);
                }
            }
            Input::Tokens(_) => self.tokens.push(x[0] as u32),
        }
        if self.packing.rows != self.states.len() {
            self.packing.set(&[self.states.len()]);
        }
    }

    /// The prediction at the last step, left in the workspace; `learns` when a pass back will follow.
    pub fn forward(&mut self, network: &Network, params: &[f32], learns: bool, workspace: &mut Workspace) {
        let steps = self.states.len();
        // Where all states of the window follow one from the other, a pass over it comes by the last of them, to the bit: without
        // a target, which would want the steps before, it need not be made.
        let short = !learns && self.chained + 1 >= steps;
        if short {
            let last = match self.inputs() {
                Values::Values(x) => Values::Values(&x[x.len() - x.len() / steps..]),
                Values::Tokens(tokens) => Values::Tokens(&tokens[steps - 1..]),
            };
            network.forward(params, &self.one, last, self.states.back(), None, workspace);
        } else {
            network.forward(params, &self.packing, self.inputs(), self.states.front(), None, workspace);
        }
        // A pass over the window need not come by the states that are kept, and an update makes them those of other weights.
        self.chained = if short { self.chained + 1 } else { 0 };
        self.spare.copy_from(workspace.final_states());
    }

    /// After [`Window::forward`], and the way back where there was one: its last state is the one before the next step.
    pub fn close(&mut self) {
        self.states.push_back(std::mem::take(&mut self.spare));
    }

    pub fn packing(&self) -> &Packing {
        &self.packing
    }

    pub fn inputs(&self) -> Values<'_> {
        match self.input {
            Input::Values(_) => Values::Values(&self.values),
            Input::Tokens(_) => Values::Tokens(&self.tokens),
        }
    }

    /// Before its first step.
    pub fn initial(&self) -> Option<&States> {
        self.states.front()
    }
}
