//! Text that goes on where a prompt ends: sampling one token after the other.

use crate::bundle::Bundle;
use crate::data::batch::Batch;
use crate::data::samples::Samples;
use crate::describe::calls::GenerateOptions;
use crate::describe::model::{Input, Target, Vocabulary};
use crate::error::{Error, ErrorClass};
use crate::evaluate::workspace;
use crate::model::{Model, recurrent};
use crate::predict::inputs;
use crate::session::saved::write_states;
use crate::text;
use rnn::{At, Capacity, Packing, Philox, Purpose, States, Values, Workspace, heap_sort};

pub struct Generator {
    options: GenerateOptions,
    workspace: Workspace,
    packing: Packing,
    /// After every token but the last, which are so many.
    state: States,
    read: usize,
    /// The last token, which the state has not read yet.
    last: u32,
    drawn: u32,
    weights: Vec<f32>,
    /// What was generated, where the end of it is looked at.
    text: String,
    ended: bool,
}

impl Generator {
    /// Reads the prompt, one sequence of tokens in a "sequences" bundle, from its initial state if it has one.
    ///
    /// # Errors
    /// `ConfigError` for a model that does not predict the next token, `DataError` for an empty prompt.
    pub fn open(model: &Model, options: &str, prompt: Bundle) -> Result<Generator, Error> {
        let options = GenerateOptions::from_json(options)?;
        let body = model.body()?;
        let description = &model.description;
        if description.output.target != Target::NextToken || body.form.at != At::Every {
            let message = "generate needs a model that predicts the next token: a vocabulary, and no output";
            return Err(Error::new(ErrorClass::Config, "notGenerative", message));
        }
        if recurrent(&body.network).any(|layer| layer.bidirectional) {
            let message = "a bidirectional model reads its text from the end too, and cannot go on with it";
            return Err(Error::new(ErrorClass::Config, "notGenerative", message));
        }
        if let Some(stop) = &options.stop {
            check_stop(stop, names(model))?;
        }
        let sequences = inputs(model, prompt).map_err(|error| error.renamed("initialState", "state"))?;
        let steps = sequences.steps(0);
        let last = sequences.token(0, steps - 1);
        let capacity = Capacity { batch: 1, steps, rows: steps };
        let mut workspace = workspace(&body.network, capacity, false)?;
        let mut batch = Batch::new(&body.form, capacity)?;
        batch.gather_inputs(&sequences, &[0]);
        let mut state = batch.initial().cloned().unwrap_or_else(|| States::initial(&body.network, &body.params, 1));
        if steps > 1 {
            let Values::Tokens(tokens) = batch.input() else { unreachable!("the model has a vocabulary") };
            let before = Values::Tokens(&tokens[..steps - 1]);
            let packing = Packing::new(&[steps - 1]);
            body.network.forward(&body.params, &packing, before, Some(&state), None, &mut workspace);
            state.clone_from(workspace.final_states());
        }
        Ok(Generator {
            options,
            workspace,
            packing: Packing::new(&[1]),
            state,
            read: steps - 1,
            last,
            drawn: 0,
            weights: Vec::new(),
            text: String::new(),
            ended: false,
        })
    }

    /// Up to `n` further tokens; fewer, and then none, at the length that was asked for or after the stop text, which is
    /// part of what is generated.
    ///
    /// # Errors
    /// As [`Model::body`].
    pub fn next(&mut self, model: &Model, n: usize) -> Result<Vec<u32>, Error> {
        let body = model.body()?;
        let rest = if self.ended { 0 } else { self.options.length - self.drawn as usize };
        let mut tokens = Vec::with_capacity(n.min(rest));
        for _ in 0..n.min(rest) {
            let input = [self.last];
            let (x, from) = (Values::Tokens(&input), (self.read, &self.state));
            body.network.go_on(&body.params, &self.packing, x, from, &mut self.workspace);
            self.read += 1;
            self.state.clone_from(self.workspace.final_states());
            self.weights.clear();
            self.weights.extend_from_slice(self.workspace.output());
            self.last = self.draw();
            self.drawn += 1;
            tokens.push(self.last);
            if self.stopped(model) {
                break;
            }
        }
        Ok(tokens)
    }

    /// The state that has not yet read the last token: `state.{k}.*`.
    ///
    /// # Errors
    /// As [`Model::body`].
    pub fn state(&self, model: &Model) -> Result<Bundle, Error> {
        let mut bundle = Bundle::default();
        write_states(&model.body()?.network, &self.state, "", &mut bundle);
        Ok(bundle)
    }

    /// Whether the last token completed the stop text.
    fn stopped(&mut self, model: &Model) -> bool {
        if let (Some(stop), Some(names)) = (&self.options.stop, names(model)) {
            self.text.push_str(&names[self.last as usize]);
            self.ended = self.text.ends_with(stop);
        }
        self.ended
    }

    /// Draws from softmax(logits / temperature) over the `topK` largest; temperature 0 takes the largest.
    fn draw(&mut self) -> u32 {
        let logits = &mut self.weights;
        let factor = (1.0 / self.options.temperature) as f32;
        // So small a temperature leaves the likeliest alone.
        if !factor.is_finite() {
            return linalg::largest(logits) as u32;
        }
        if let Some(k) = self.options.top_k.filter(|&k| k < logits.len()) {
            let mut order: Vec<usize> = (0..logits.len()).collect();
            heap_sort(&mut order, |&a, &b| logits[a] > logits[b] || (logits[a] == logits[b] && a < b));
            order[k..].iter().for_each(|&i| logits[i] = f32::NEG_INFINITY);
        }
        let most = logits[linalg::largest(logits)];
        logits.iter_mut().for_each(|l| *l = (*l - most) * factor);
        linalg::softmax(logits);
        let total: f64 = logits.iter().map(|&w| f64::from(w)).sum();
        let philox = Philox::new(self.options.seed, Purpose::Generation);
        let mut point = philox.child([self.drawn, 0, 0, 0]).stream().uniform_f64() * total;
        for (i, &w) in logits.iter().enumerate() {
            point -= f64::from(w);
            if point < 0.0 && w > 0.0 {
                return i as u32;
            }
        }
        linalg::largest(logits) as u32
    }
}

/// A text that can never come would let generation run to its length, and nobody would know why.
fn check_stop(stop: &str, names: Option<&[String]>) -> Result<(), Error> {
    let Some(names) = names else {
        return Err(Error::conflict("stop", "needs a vocabulary of characters or names"));
    };
    if stop.is_empty() {
        return Err(Error::config("stop", "a text of at least one character", "an empty one"));
    }
    match stop.chars().find(|&c| !names.iter().any(|name| name.chars().any(|n| n == c))) {
        Some(c) => Err(Error::config("stop", "characters of the vocabulary", text::quoted(c.encode_utf8(&mut [0; 4])))),
        None => Ok(()),
    }
}

/// What each token stands for, where the vocabulary names it.
fn names(model: &Model) -> Option<&[String]> {
    match &model.description.input {
        Input::Tokens(Vocabulary::List(names)) => Some(names),
        _ => None,
    }
}
