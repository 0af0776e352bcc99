//! Compares every derivative that a network gives with central differences of its loss.

use super::random::Random;
use naive::difference::{central, relative_error};
use naive::{
    CellKind, CellNorm, Cotangent, Gradients, Inner, Layer, Network, Nudge, Parameters, Sequence, State, Steps,
};

/// Truncation and rounding both leave about 1e-10 with this step; see [`central`].
const STEP: f64 = 1e-5;
/// Of the largest element of each tensor.
pub const LIMIT: f64 = 1e-6;

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    /// Largest relative error.
    pub worst: f64,
    pub tensors: usize,
    /// Of these, tensors whose differences are all zero.
    pub zero: usize,
}

impl Checked {
    pub fn add(&mut self, more: Checked) {
        self.worst = self.worst.max(more.worst);
        self.tensors += more.tensors;
        self.zero += more.zero;
    }
}

/// Statistics of batch norms inside cells: of three steps, the second never seen.
fn running(network: &Network, random: &mut Random, params: &mut Parameters) {
    for layer in &network.layers {
        let Layer::Recurrent(spec) = layer else { continue };
        if !matches!(spec.form.norm, Some(CellNorm { kind: Inner::Batch { .. }, .. })) {
            continue;
        }
        let numbers = if let CellKind::Rnn { .. } = spec.cell { 1 } else { 2 * spec.cell.gates() + spec.cell.memory() };
        let len = 3 * numbers * spec.hidden_size;
        for index in 0..spec.num_layers * spec.directions() {
            let name = |kind: &str| format!("{}{kind}_{}", spec.prefix(), spec.suffix(index));
            params.insert(name("running_mean"), random.numbers(len, 0.5));
            let variances = random.numbers(len, 0.4).iter().map(|x| x + 0.7).collect();
            params.insert(name("running_var"), variances);
            params.insert(name("num_batches_tracked"), vec![4.0, 0.0, 1.0]);
        }
    }
}

/// One problem: a network with random parameters on given sequences.
pub struct Problem {
    pub network: Network,
    pub params: Parameters,
    pub sequences: Vec<Sequence>,
    pub cotangents: Vec<Cotangent>,
    /// Step of the differences.
    pub step: f64,
}

impl Problem {
    /// Random parameters in ±0.8, and random cotangents of the outputs and, if wanted, of the final states.
    pub fn new(network: Network, sequences: Vec<Sequence>, state_cotangents: bool, random: &mut Random) -> Problem {
        let mut params = Parameters::new();
        for (name, shape) in network.shapes() {
            params.insert(name, random.numbers(shape.iter().product(), 0.8));
        }
        running(&network, random, &mut params);
        let outputs = network.forward(&params, &sequences);
        let like =
            |random: &mut Random, rows: &naive::Rows| rows.iter().map(|r| random.numbers(r.len(), 1.0)).collect();
        let mut cotangents = Vec::new();
        for output in outputs {
            let states = if state_cotangents { output.states } else { Vec::new() };
            let mut state = |s: State| State { h: like(random, &s.h), c: like(random, &s.c) };
            let states = states.into_iter().map(&mut state).collect();
            cotangents.push(Cotangent { output: like(random, &output.output), states });
        }
        Problem { network, params, sequences, cotangents, step: STEP }
    }

    /// Checks the gradients of parameters, inputs, initial states and every h_t.
    pub fn check(&self, what: &str) -> Checked {
        let gradients = self.network.backward(&self.params, &self.sequences, &self.cotangents);
        let mut checked = Checked::default();
        let mut close = |tensor: &str, actual: &[f64], expected: &[f64]| {
            let error = relative_error(actual, expected);
            assert!(error <= LIMIT, "{what}: gradient of {tensor} is off by {error:e}");
            let zero = usize::from(expected.iter().all(|x| *x == 0.0));
            checked.add(Checked { worst: error, tensors: 1, zero });
        };
        self.parameters(&gradients, &mut close);
        for index in 0..self.sequences.len() {
            self.inputs(index, &gradients, &mut close);
            if !gradients.initial[index].is_empty() {
                self.initial(index, &gradients, &mut close);
            }
        }
        self.hidden(&gradients, &mut close);
        checked
    }

    fn loss(&self, params: &Parameters, sequences: &[Sequence]) -> f64 {
        self.network.loss(params, sequences, &self.cotangents)
    }

    fn parameters(&self, gradients: &Gradients, close: &mut impl FnMut(&str, &[f64], &[f64])) {
        // What no gradient moves are running statistics.
        let moved = || self.params.iter().filter(|(name, _)| !name.contains("running") && !name.contains("tracked"));
        assert_eq!(gradients.parameters.len(), moved().count(), "a gradient for each parameter");
        for (name, values) in moved() {
            let mut params = self.params.clone();
            let expected = central(&mut values.clone(), self.step, |x| {
                params.insert(name.clone(), x.to_vec());
                self.loss(&params, &self.sequences)
            });
            close(name, &gradients.parameters[name], &expected);
        }
    }

    fn inputs(&self, index: usize, gradients: &Gradients, close: &mut impl FnMut(&str, &[f64], &[f64])) {
        let Steps::Values(rows) = &self.sequences[index].steps else { return };
        let mut sequences = self.sequences.clone();
        let expected = central(&mut rows.concat(), self.step, |x| {
            sequences[index].steps = Steps::Values(x.chunks(rows[0].len()).map(<[f64]>::to_vec).collect());
            self.loss(&self.params, &sequences)
        });
        close(&format!("input {index}"), &gradients.inputs[index].concat(), &expected);
    }

    /// Initial states that are not given are zeros, which have gradients as well.
    fn initial(&self, index: usize, gradients: &Gradients, close: &mut impl FnMut(&str, &[f64], &[f64])) {
        let given = &self.sequences[index].initial;
        let learned = |layer: &Layer| matches!(layer, Layer::Recurrent(spec) if spec.form.learned);
        if given.is_empty() && self.network.layers.iter().any(learned) {
            return; // it is among the parameters
        }
        let analytic = &gradients.initial[index];
        let zeros = |rows: &naive::Rows| rows.iter().map(|r| vec![0.0; r.len()]).collect();
        let zero = |s: &State| State { h: zeros(&s.h), c: zeros(&s.c) };
        let start: Vec<State> = if given.is_empty() { analytic.iter().map(zero).collect() } else { given.clone() };
        let flat = |states: &[State]| states.iter().flat_map(|s| [s.h.concat(), s.c.concat()].concat()).collect();
        let mut values: Vec<f64> = flat(&start);
        let mut sequences = self.sequences.clone();
        let expected = central(&mut values, self.step, |x| {
            let mut x = x.iter().copied();
            let mut rows = start.clone();
            for row in rows.iter_mut().flat_map(|s| s.h.iter_mut().chain(&mut s.c)) {
                row.fill_with(|| x.next().expect("a number"));
            }
            sequences[index].initial = rows;
            self.loss(&self.params, &sequences)
        });
        close(&format!("initial state {index}"), &flat(analytic), &expected);
    }

    fn hidden(&self, gradients: &Gradients, close: &mut impl FnMut(&str, &[f64], &[f64])) {
        for hidden in &gradients.hidden {
            let Layer::Recurrent(spec) = &self.network.layers[hidden.layer] else { panic!("a recurrent layer") };
            let level = hidden.level * spec.directions() + usize::from(hidden.reverse);
            let name = format!("h_t of layer {}, level {level}", hidden.layer);
            let mut all = Vec::new();
            let mut squares = vec![0.0; hidden.norms.len()];
            for (index, sequence) in self.sequences.iter().enumerate() {
                for (step, square) in squares.iter_mut().enumerate().take(sequence.len()) {
                    let nudge = Nudge { layer: hidden.layer, level, step, unit: 0, by: 0.0 };
                    let slopes = (0..spec.traced()).map(|unit| self.nudged(index, Nudge { unit, ..nudge }));
                    let slopes: Vec<f64> = slopes.collect();
                    *square += slopes.iter().map(|x| x * x).sum::<f64>();
                    all.extend(slopes);
                }
            }
            close(&name, &hidden.values.concat().concat(), &all);
            let norms: Vec<f64> = squares.into_iter().map(f64::sqrt).collect();
            close(&format!("{name} (norms)"), &hidden.norms, &norms);
        }
    }

    /// dL/dh_t of one unit of one sequence, at the place of `nudge`.
    fn nudged(&self, index: usize, nudge: Nudge) -> f64 {
        let mut sequences = self.sequences.clone();
        central(&mut [0.0], self.step, |by| {
            sequences[index].nudge = Some(Nudge { by: by[0], ..nudge });
            self.loss(&self.params, &sequences)
        })[0]
    }
}
