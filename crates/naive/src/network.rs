//! A chain of layers on a list of sequences.

use crate::dense::Dense;
use crate::embedding::Embedding;
use crate::stack::{Stack, Tape, mask};
use crate::{Activation, At, Input, Layer, Network, Parameters, Rows, Sequence, State, Steps};
use crate::{Cotangent, Gradients, HiddenGradient, Output, algebra};

/// What one layer read and gave, by sequence.
struct Pass {
    input: Vec<Rows>,
    output: Vec<Rows>,
    /// Of a recurrent layer.
    tapes: Vec<Tape>,
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
        let passes = self.passes(params, sequences);
        (0..sequences.len()).map(|b| self.output(&passes, b)).collect()
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
        let backs = self.sequences_back(params, sequences, cotangents, &mut sums);
        Gradients {
            parameters: sums,
            inputs: backs.iter().map(|b| b.input.clone()).collect(),
            initial: backs.iter().map(|b| b.initial.clone()).collect(),
            hidden: self.hidden_gradients(&backs),
        }
    }

    /// Layer by layer, each on all sequences: a batch norm sees them together.
    fn passes(&self, params: &Parameters, sequences: &[Sequence]) -> Vec<Pass> {
        sequences.iter().for_each(|sequence| self.check_states(&sequence.initial));
        let last = self.last_recurrent();
        let mut recurrent = 0;
        let mut x: Vec<Rows> = sequences.iter().map(|sequence| self.first_input(sequence)).collect();
        let mut passes = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let input = x.clone();
            let mut tapes = Vec::new();
            let both = || input.iter().zip(sequences);
            x = match layer {
                Layer::Recurrent(spec) => {
                    let stack = Stack { spec, layer: index, params };
                    let initial: Vec<Option<&State>> = sequences.iter().map(|s| s.initial.get(recurrent)).collect();
                    tapes = stack.forward(&input, &initial, sequences);
                    recurrent += 1;
                    let ends = self.at == At::Last && last == Some(index);
                    let of = |run: &Tape| if ends { vec![stack.final_row(run)] } else { run.output.clone() };
                    tapes.iter().map(of).collect()
                }
                Layer::Dense { units, activation, bias, name } => {
                    let dense = dense(*units, *activation, *bias, name);
                    input.iter().map(|rows| rows.iter().map(|x| dense.forward(params, x)).collect()).collect()
                }
                Layer::Embedding { .. } => {
                    let rows = |sequence| {
                        let (embedding, tokens) = self.embedding(index, sequence);
                        let rows: Rows = tokens.iter().map(|token| embedding.forward(params, *token)).collect();
                        mask(&rows, sequence.masks.get(&(index, 0)))
                    };
                    sequences.iter().map(rows).collect()
                }
                Layer::Norm(norm) => norm.forward(params, &input),
                Layer::Dropout => both().map(|(x, s)| mask(x, s.masks.get(&(index, 0)))).collect(),
                Layer::Noise => both().map(|(x, s)| noisy(x, s.noise.get(&index))).collect(),
            };
            passes.push(Pass { input, output: x.clone(), tapes });
        }
        passes
    }

    fn output(&self, passes: &[Pass], b: usize) -> Output {
        let tapes = || passes.iter().filter_map(|pass| pass.tapes.get(b));
        Output {
            output: passes.last().expect("a layer").output[b].clone(),
            states: tapes().map(|tape| tape.last.clone()).collect(),
            hidden: tapes().map(Tape::states).collect(),
        }
    }

    /// Layer by layer from the last, each on all sequences.
    fn sequences_back(
        &self,
        params: &Parameters,
        sequences: &[Sequence],
        cotangents: &[Cotangent],
        sums: &mut Parameters,
    ) -> Vec<Back> {
        cotangents.iter().for_each(|d| self.check_states(&d.states));
        let back = |d: &Cotangent| Back { input: d.output.clone(), initial: Vec::new(), hidden: Vec::new() };
        let mut backs: Vec<Back> = cotangents.iter().map(back).collect();
        let mut states: Vec<_> = cotangents.iter().map(|d| d.states.iter().rev()).collect();
        for (index, pass) in self.passes(params, sequences).iter().enumerate().rev() {
            let dy: Vec<Rows> = backs.iter().map(|back| back.input.clone()).collect();
            for (dy, output) in dy.iter().zip(&pass.output) {
                assert_eq!(dy.len(), output.len(), "rows of the gradient of layer {index}");
            }
            if let Layer::Norm(norm) = &self.layers[index] {
                let dx = norm.backward(params, &pass.input, &dy, sums);
                backs.iter_mut().zip(dx).for_each(|(back, dx)| back.input = dx);
                continue;
            }
            if let Layer::Recurrent(spec) = &self.layers[index] {
                let stack = Stack { spec, layer: index, params };
                let mut last: Vec<State> =
                    states.iter_mut().map(|s| s.next().cloned().unwrap_or_else(|| stack.zeros())).collect();
                let (mut outputs, mut passed) = (dy.clone(), vec![Vec::new(); dy.len()]);
                if self.at == At::Last && self.last_recurrent() == Some(index) {
                    for (b, dy) in dy.iter().enumerate() {
                        passed[b] = stack.final_row_back(&pass.tapes[b], &dy[0], &mut last[b]);
                        outputs[b] = vec![vec![0.0; dy[0].len()]; sequences[b].len()];
                    }
                }
                let below = stack.backward(&pass.tapes, &outputs, &passed, &last, sequences, sums);
                for (back, below) in backs.iter_mut().zip(below) {
                    back.initial.insert(0, below.initial);
                    back.hidden.insert(0, below.hidden);
                    back.input = below.input;
                }
                continue;
            }
            for (b, (back, sequence)) in backs.iter_mut().zip(sequences).enumerate() {
                let dy = &dy[b];
                back.input = match &self.layers[index] {
                    Layer::Dense { units, activation, bias, name } => {
                        let dense = dense(*units, *activation, *bias, name);
                        let rows = pass.input[b].iter().zip(&pass.output[b]).zip(dy);
                        rows.map(|((x, y), dy)| dense.backward(params, x, y, dy, sums)).collect()
                    }
                    Layer::Embedding { .. } => {
                        let (embedding, tokens) = self.embedding(index, sequence);
                        let dy = mask(dy, sequence.masks.get(&(index, 0)));
                        tokens.iter().zip(&dy).for_each(|(token, dy)| embedding.backward(*token, dy, sums));
                        Vec::new()
                    }
                    Layer::Dropout => mask(dy, sequence.masks.get(&(index, 0))),
                    Layer::Noise => dy.clone(),
                    Layer::Norm(_) | Layer::Recurrent(_) => unreachable!("done for all sequences together"),
                };
            }
        }
        backs
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

/// x + noise, or x.
fn noisy(x: &Rows, noise: Option<&Rows>) -> Rows {
    let Some(noise) = noise else { return x.clone() };
    assert_eq!(x.len(), noise.len(), "rows of a noise");
    let mut sum = x.clone();
    sum.iter_mut().zip(noise).for_each(|(x, noise)| algebra::add(x, noise));
    sum
}
