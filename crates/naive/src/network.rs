//! A chain of layers on a list of sequences.

use crate::dense::Dense;
use crate::embedding::Embedding;
use crate::stack::{Stack, Tape, mask};
use crate::{Activation, At, Input, Layer, Network, Parameters, Rows, Sequence, State, Steps};
use crate::{Cotangent, Gradients, HiddenGradient, Output, algebra};

/// What one layer read and gave for one sequence.
struct Pass {
    input: Rows,
    output: Rows,
    tape: Option<Tape>,
}

/// Derivatives of one sequence.
struct Back {
    input: Rows,
    /// By recurrent layer.
    initial: Vec<State>,
    /// By recurrent layer: `[level·directions + direction][t][H]`.
    hidden: Vec<Vec<Rows>>,
}

impl Network {
    /// Results, sequence by sequence.
    pub fn forward(&self, params: &Parameters, sequences: &[Sequence]) -> Vec<Output> {
        sequences.iter().map(|sequence| self.output(&self.passes(params, sequence))).collect()
    }

    /// `Σ output·cotangent + Σ final state·cotangent`: the loss that [`Network::backward`] differentiates.
    pub fn loss(&self, params: &Parameters, sequences: &[Sequence], cotangents: &[Cotangent]) -> f64 {
        assert_eq!(sequences.len(), cotangents.len(), "a cotangent for each sequence");
        let product = |a: &Rows, b: &Rows| {
            assert_eq!(a.len(), b.len(), "rows of a cotangent");
            a.iter().zip(b).map(|(a, b)| algebra::dot(a, b)).sum::<f64>()
        };
        let of = |output: &Output, cotangent: &Cotangent| {
            self.check_states(&cotangent.states);
            let states = output.states.iter().zip(&cotangent.states);
            let states: f64 = states.map(|(s, d)| product(&s.h, &d.h) + product(&s.c, &d.c)).sum();
            product(&output.output, &cotangent.output) + states
        };
        self.forward(params, sequences).iter().zip(cotangents).map(|(o, c)| of(o, c)).sum()
    }

    /// Backpropagation through time from the cotangents of outputs and final states.
    pub fn backward(&self, params: &Parameters, sequences: &[Sequence], cotangents: &[Cotangent]) -> Gradients {
        assert_eq!(sequences.len(), cotangents.len(), "a cotangent for each sequence");
        let mut sums = Parameters::new();
        for (name, shape) in self.shapes() {
            sums.insert(name, vec![0.0; shape.iter().product()]);
        }
        let back = |(sequence, cotangent)| self.sequence_back(params, sequence, cotangent, &mut sums);
        let backs: Vec<Back> = sequences.iter().zip(cotangents).map(back).collect();
        Gradients {
            parameters: sums,
            inputs: backs.iter().map(|b| b.input.clone()).collect(),
            initial: backs.iter().map(|b| b.initial.clone()).collect(),
            hidden: self.hidden_gradients(&backs),
        }
    }

    fn passes(&self, params: &Parameters, sequence: &Sequence) -> Vec<Pass> {
        self.check_states(&sequence.initial);
        let last = self.last_recurrent();
        let mut states = sequence.initial.iter();
        let mut x = self.first_input(sequence);
        let mut passes = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let input = x.clone();
            let mut tape = None;
            x = match layer {
                Layer::Recurrent(spec) => {
                    let stack = Stack { spec, layer: index, params };
                    let run = stack.forward(&input, states.next(), sequence);
                    let last = self.at == At::Last && last == Some(index);
                    let output = if last { vec![stack.final_row(&run)] } else { run.output.clone() };
                    tape = Some(run);
                    output
                }
                Layer::Dense { units, activation, bias, name } => {
                    let dense = dense(*units, *activation, *bias, name);
                    input.iter().map(|x| dense.forward(params, x)).collect()
                }
                Layer::Embedding { .. } => {
                    let (embedding, tokens) = self.embedding(index, sequence);
                    tokens.iter().map(|token| embedding.forward(params, *token)).collect()
                }
                Layer::Dropout => mask(&input, sequence.masks.get(&(index, 0))),
            };
            passes.push(Pass { input, output: x.clone(), tape });
        }
        passes
    }

    fn output(&self, passes: &[Pass]) -> Output {
        let tapes = || passes.iter().filter_map(|pass| pass.tape.as_ref());
        Output {
            output: passes.last().expect("a layer").output.clone(),
            states: tapes().map(|tape| tape.last.clone()).collect(),
            hidden: tapes().map(Tape::states).collect(),
        }
    }

    fn sequence_back(&self, params: &Parameters, sequence: &Sequence, d: &Cotangent, sums: &mut Parameters) -> Back {
        self.check_states(&d.states);
        let mut states = d.states.iter().rev();
        let mut back = Back { input: d.output.clone(), initial: Vec::new(), hidden: Vec::new() };
        for (index, pass) in self.passes(params, sequence).iter().enumerate().rev() {
            let dy = &back.input;
            assert_eq!(dy.len(), pass.output.len(), "rows of the gradient of layer {index}");
            back.input = match &self.layers[index] {
                Layer::Recurrent(spec) => {
                    let stack = Stack { spec, layer: index, params };
                    let tape = pass.tape.as_ref().expect("the tape of a recurrent layer");
                    let mut last = states.next().cloned().unwrap_or_else(|| stack.zeros());
                    let (mut output, mut passed) = (dy.clone(), Vec::new());
                    if self.at == At::Last && self.last_recurrent() == Some(index) {
                        passed = stack.final_row_back(tape, &dy[0], &mut last);
                        output = vec![vec![0.0; dy[0].len()]; sequence.len()];
                    }
                    let below = stack.backward(tape, &output, &passed, &last, sequence, sums);
                    back.initial.insert(0, below.initial);
                    back.hidden.insert(0, below.hidden);
                    below.input
                }
                Layer::Dense { units, activation, bias, name } => {
                    let dense = dense(*units, *activation, *bias, name);
                    let rows = pass.input.iter().zip(&pass.output).zip(dy);
                    rows.map(|((x, y), dy)| dense.backward(params, x, y, dy, sums)).collect()
                }
                Layer::Embedding { .. } => {
                    let (embedding, tokens) = self.embedding(index, sequence);
                    tokens.iter().zip(dy).for_each(|(token, dy)| embedding.backward(*token, dy, sums));
                    Vec::new()
                }
                Layer::Dropout => mask(dy, sequence.masks.get(&(index, 0))),
            };
        }
        back
    }

    /// Regroups by level and direction, with the norm at each time step over the sequences that reach it.
    fn hidden_gradients(&self, backs: &[Back]) -> Vec<HiddenGradient> {
        let recurrent = self.layers.iter().enumerate().filter_map(|(layer, l)| match l {
            Layer::Recurrent(spec) => Some((layer, spec)),
            _ => None,
        });
        let mut all = Vec::new();
        for (k, (layer, spec)) in recurrent.enumerate() {
            for index in 0..spec.num_layers * spec.directions() {
                let values: Vec<Rows> = backs.iter().map(|back| back.hidden[k][index].clone()).collect();
                let steps = values.iter().map(Vec::len).max().unwrap_or(0);
                let square = |t: usize| values.iter().filter_map(|v| v.get(t)).map(|h| algebra::dot(h, h)).sum::<f64>();
                let norms = (0..steps).map(|t| square(t).sqrt()).collect();
                let (level, reverse) = (index / spec.directions(), index % spec.directions() == 1);
                all.push(HiddenGradient { layer, level, reverse, values, norms });
            }
        }
        all
    }

    /// `[steps][size]`; tokens as one-hot vectors, or nothing where an embedding reads them itself.
    fn first_input(&self, sequence: &Sequence) -> Rows {
        match (&sequence.steps, self.input) {
            (Steps::Values(rows), Input::Values { size }) => {
                assert!(rows.iter().all(|row| row.len() == size), "{size} numbers a step");
                rows.clone()
            }
            (Steps::Tokens(tokens), Input::Tokens { vocabulary }) => {
                if matches!(self.layers.first(), Some(Layer::Embedding { .. })) {
                    return Vec::new();
                }
                let one_hot = |token: &u32| {
                    let mut row = vec![0.0; vocabulary];
                    row[*token as usize] = 1.0;
                    row
                };
                tokens.iter().map(one_hot).collect()
            }
            _ => panic!("the sequence does not fit {:?}", self.input),
        }
    }

    fn embedding<'a>(&'a self, index: usize, sequence: &'a Sequence) -> (Embedding<'a>, &'a [u32]) {
        let (Layer::Embedding { units, name }, Input::Tokens { vocabulary }, Steps::Tokens(tokens), 0) =
            (&self.layers[index], self.input, &sequence.steps, index)
        else {
            panic!("an embedding is the first layer and reads tokens")
        };
        (Embedding { name, vocabulary, units: *units }, tokens)
    }

    /// States or their cotangents are given for no recurrent layer or for each.
    fn check_states(&self, states: &[State]) {
        let recurrent = self.layers.iter().filter(|layer| matches!(layer, Layer::Recurrent(_))).count();
        assert!(states.is_empty() || states.len() == recurrent, "{} states of {recurrent} layers", states.len());
    }

    fn last_recurrent(&self) -> Option<usize> {
        let last = self.layers.iter().rposition(|layer| matches!(layer, Layer::Recurrent(_)));
        assert!(last.is_some() || self.at == At::Every, "a prediction at the last step needs a recurrent layer");
        last
    }
}

fn dense(units: usize, activation: Activation, bias: bool, name: &str) -> Dense<'_> {
    Dense { name, units, activation, bias }
}
