//! The same network and batch for naive, and the comparison of everything that comes out.

use naive::difference::relative_error;
use naive::{Cotangent, Parameters, Rows, Sequence, State, Steps};
use rnn::{Network, States};

use super::{ALL, Batch, X, run};

/// A batch norm is that of the batch without `params`, and with them that of the running statistics in them.
fn norm(norm: &rnn::Norm, params: Option<&Parameters>) -> naive::Norm {
    let running = |params: &Parameters| naive::Statistics {
        mean: params[&format!("{}.running_mean", norm.name)].clone(),
        variance: params[&format!("{}.running_var", norm.name)].clone(),
    };
    let kind = match norm.kind {
        rnn::NormKind::Layer { bias } => naive::NormKind::Layer { bias },
        rnn::NormKind::Rms => naive::NormKind::Rms,
        rnn::NormKind::Batch { .. } => naive::NormKind::Batch { running: params.map(running) },
    };
    naive::Norm { kind, epsilon: norm.epsilon, name: norm.name.clone() }
}

fn layer(layer: &rnn::Layer, params: Option<&Parameters>) -> naive::Layer {
    let activation = |a| match a {
        rnn::Activation::Linear => naive::Activation::Linear,
        rnn::Activation::Relu => naive::Activation::Relu,
        rnn::Activation::Tanh => naive::Activation::Tanh,
    };
    match layer {
        rnn::Layer::Recurrent(layer) => naive::Layer::Recurrent(naive::Recurrent {
            cell: match layer.cell {
                rnn::CellKind::Lstm => naive::CellKind::Lstm,
                rnn::CellKind::MinGru => naive::CellKind::MinGru,
                rnn::CellKind::MinLstm => naive::CellKind::MinLstm,
                rnn::CellKind::Lru => naive::CellKind::Lru,
                rnn::CellKind::LstmVariant { peepholes, coupled } => {
                    naive::CellKind::LstmVariant { peepholes, coupled }
                }
                rnn::CellKind::Gru { reset: rnn::Reset::After } => naive::CellKind::Gru { reset: naive::Reset::After },
                rnn::CellKind::Gru { reset: rnn::Reset::Before } => {
                    naive::CellKind::Gru { reset: naive::Reset::Before }
                }
                rnn::CellKind::Rnn { activation: a } => naive::CellKind::Rnn { activation: activation(a) },
            },
            hidden_size: layer.hidden_size,
            num_layers: layer.num_layers,
            bidirectional: layer.bidirectional,
            bias: layer.bias,
            name: layer.name.clone(),
            form: naive::Form {
                proj_size: layer.form.proj_size,
                merge: match layer.form.merge {
                    rnn::Merge::Concat => naive::Merge::Concat,
                    rnn::Merge::Sum => naive::Merge::Sum,
                    rnn::Merge::Mean => naive::Merge::Mean,
                    rnn::Merge::Product => naive::Merge::Product,
                },
                residual: layer.form.passed == rnn::Passed::Added,
                skip: layer.form.passed == rnn::Passed::Beside,
                learned: layer.form.learned_state,
                norm: layer.form.normalization.map(|norm| naive::CellNorm {
                    kind: match norm.kind {
                        rnn::CellNormKind::Layer => naive::Inner::Layer,
                        rnn::CellNormKind::Rms => naive::Inner::Rms,
                        rnn::CellNormKind::Batch { .. } => naive::Inner::Batch { training: params.is_none() },
                    },
                    epsilon: norm.epsilon,
                }),
            },
        }),
        rnn::Layer::Dense { units, activation: a, bias, name, .. } => {
            naive::Layer::Dense { units: *units, activation: activation(*a), bias: *bias, name: name.clone() }
        }
        rnn::Layer::Embedding { units, name, .. } => naive::Layer::Embedding { units: *units, name: name.clone() },
        rnn::Layer::Dropout { .. } => naive::Layer::Dropout,
        rnn::Layer::Noise { .. } => naive::Layer::Noise,
        rnn::Layer::Norm(layer) => naive::Layer::Norm(norm(layer, params)),
    }
}

/// The same stack in naive, as it is in training or, with `params`, outside it.
pub fn network(network: &Network, params: Option<&Parameters>) -> naive::Network {
    naive::Network {
        input: match network.input() {
            rnn::Input::Values { size } => naive::Input::Values { size },
            rnn::Input::Tokens { vocabulary } => naive::Input::Tokens { vocabulary },
        },
        layers: network.layers().iter().map(|l| layer(l, params)).collect(),
        at: if network.at() == rnn::At::Last { naive::At::Last } else { naive::At::Every },
    }
}

/// Natural tensors by name, of parameters or gradients.
pub fn parameters(network: &Network, flat: &[f32]) -> Parameters {
    let tensors = network.table().entries().iter().enumerate().map(|(index, entry)| {
        let mut natural = vec![0.0; entry.count()];
        network.table().export(index, flat, &mut natural);
        (entry.name.clone(), wide(&natural))
    });
    tensors.collect()
}

pub fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// The rows of the sequence at sorted position `position`, out of packed rows.
pub fn rows(batch: &Batch, position: usize, packed: &[f32], width: usize) -> Rows {
    let row = |t| wide(&packed[batch.packing.row(t, position) * width..][..width]);
    (0..batch.packing.lengths[position]).map(row).collect()
}

/// The prediction, or its gradient, of one sequence.
pub fn prediction(network: &Network, batch: &Batch, position: usize, packed: &[f32]) -> Rows {
    let width = network.output_size();
    match network.at() {
        rnn::At::Every => rows(batch, position, packed, width),
        rnn::At::Last => vec![wide(&packed[position * width..][..width])],
    }
}

/// The states of one sequence.
fn states(network: &Network, batch: &Batch, position: usize, states: &States) -> Vec<State> {
    let layers = states.layers.iter().zip(network.states());
    let one = |(state, shape): (&rnn::LayerState, &rnn::StateShape)| {
        let of = |values: &[f32], width: usize| {
            let level = |level| wide(&values[batch.state_at(level, position, width)..][..width]);
            if values.is_empty() { Vec::new() } else { (0..shape.levels).map(level).collect() }
        };
        State { h: of(&state.h, shape.hidden), c: of(&state.c, shape.memory) }
    };
    layers.map(one).collect()
}

/// The sequence at a sorted position, for naive.
pub fn sequence(network: &Network, batch: &Batch, position: usize) -> Sequence {
    let steps = match (&batch.x, network.input()) {
        (X::Values(x), rnn::Input::Values { size }) => Steps::Values(rows(batch, position, x, size)),
        (X::Tokens(tokens), _) => {
            let token = |t| tokens[batch.packing.row(t, position)];
            Steps::Tokens((0..batch.packing.lengths[position]).map(token).collect())
        }
        _ => unreachable!(),
    };
    let sequence = match steps {
        Steps::Values(rows) => Sequence::values(rows),
        Steps::Tokens(tokens) => Sequence::tokens(tokens),
    };
    match &batch.initial {
        Some(initial) => sequence.with_initial(states(network, batch, position, initial)),
        None => sequence,
    }
}

/// Where the way back of one sequence begins.
pub fn cotangent(network: &Network, batch: &Batch, position: usize) -> Cotangent {
    Cotangent {
        output: prediction(network, batch, position, &batch.cotangent),
        states: states(network, batch, position, &batch.state_cotangent),
    }
}

/// What was compared.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// The largest error, relative to the largest element of the tensor it is in, and that tensor.
    pub error: f64,
    pub tensor: String,
    pub tensors: usize,
    /// Of these, tensors that are all zero in naive: comparing them shows little.
    pub zero: usize,
}

impl Compared {
    pub fn add(&mut self, more: Compared) {
        if more.error > self.error || more.error.is_nan() {
            (self.error, self.tensor) = (more.error, more.tensor);
        }
        self.tensors += more.tensors;
        self.zero += more.zero;
    }
}

/// Runs both and compares outputs, final states and every gradient; states layer by layer, h and c apart. `mask` may add
/// dropout masks to a sequence, given its sorted position.
pub fn compare(
    network: &Network,
    params: &[f32],
    batch: &Batch,
    dropout: Option<(u64, u64)>,
    mask: impl Fn(Sequence, usize) -> Sequence,
) -> Compared {
    let (mut ws, grads) = run(network, params, batch, dropout, ALL);
    let natural = parameters(network, params);
    let twin = self::network(network, dropout.is_none().then_some(&natural));
    let positions = 0..batch.packing.batch;
    let sequences: Vec<Sequence> =
        positions.clone().map(|position| mask(sequence(network, batch, position), position)).collect();
    let cotangents: Vec<Cotangent> = positions.clone().map(|position| cotangent(network, batch, position)).collect();
    let outputs = twin.forward(&natural, &sequences);
    let expected = twin.backward(&natural, &sequences, &cotangents);

    let is_lru = |layer: &rnn::Layer| matches!(layer, rnn::Layer::Recurrent(layer) if layer.cell == rnn::CellKind::Lru);
    let lru = network.layers().iter().any(is_lru);
    let mut compared = Compared::default();
    let mut check = |what: &str, a: Vec<f64>, b: Vec<f64>| {
        // Of an LRU the initial h is not read.
        let unread = lru && what.starts_with("gradient of the initial h");
        let zero = usize::from(b.iter().all(|&x| x == 0.0) && !unread);
        compared.add(Compared { error: relative_error(&a, &b), tensor: what.to_string(), tensors: 1, zero });
    };
    let flat = |rows: Vec<Rows>| rows.into_iter().flatten().flatten().collect::<Vec<f64>>();
    let of = |f: &dyn Fn(usize) -> Rows| flat(positions.clone().map(f).collect());
    let of_states = |s: &States| -> Vec<Vec<State>> {
        positions.clone().map(|position| states(network, batch, position, s)).collect()
    };

    let output = of(&|position| prediction(network, batch, position, ws.output()));
    check("output", output, flat(outputs.iter().map(|output| output.output.clone()).collect()));
    let last: Vec<Vec<State>> = outputs.iter().map(|output| output.states.clone()).collect();
    each_state("final", &of_states(ws.final_states()), &last, &mut check);
    for index in 0..network.states().len() {
        let width = ws.hidden_outputs(index).len() / batch.packing.rows;
        let hidden = of(&|position| rows(batch, position, ws.hidden_outputs(index), width));
        check("hidden outputs", hidden, flat(outputs.iter().map(|output| output.hidden[index].clone()).collect()));
    }
    let gradients = parameters(network, &grads);
    // What else there is are buffers, which no gradient moves.
    for (name, expected) in &expected.parameters {
        check(&format!("gradient of {name}"), gradients[name].clone(), expected.clone());
    }
    if let rnn::Input::Values { size } = network.input() {
        let input = of(&|position| rows(batch, position, ws.input_gradient(), size));
        check("gradient of the input", input, flat(expected.inputs.clone()));
    }
    each_state("gradient of the initial", &of_states(ws.state_gradients()), &expected.initial, &mut check);
    assert_eq!(ws.hidden_gradients().len(), expected.hidden.len(), "levels and directions");
    for (hidden, expected) in ws.hidden_gradients().iter().zip(&expected.hidden) {
        assert_eq!((hidden.layer, hidden.level), (expected.layer, expected.level));
        assert_eq!(hidden.direction == rnn::Direction::Reverse, expected.reverse);
        let width = hidden.values.len() / batch.packing.rows;
        check("norms of dL/dh", wide(&hidden.norms), expected.norms.clone());
        let values = of(&|position| rows(batch, position, &hidden.values, width));
        check("dL/dh", values, flat(expected.values.clone()));
    }
    compared
}

/// Calls `check` for h and c of each recurrent layer, over all sequences. Merged into one tensor, the largest would hide the
/// errors of the rest.
fn each_state(
    what: &str,
    ours: &[Vec<State>],
    theirs: &[Vec<State>],
    check: &mut impl FnMut(&str, Vec<f64>, Vec<f64>),
) {
    for layer in 0..theirs[0].len() {
        let of = |states: &[Vec<State>], part: fn(&State) -> &Rows| -> Vec<f64> {
            states.iter().flat_map(|layers| part(&layers[layer]).concat()).collect()
        };
        for (letter, part) in [("h", (|s| &s.h) as fn(&State) -> &Rows), ("c", |s| &s.c)] {
            let expected = of(theirs, part);
            // Only an LSTM has c.
            if !(letter == "c" && expected.is_empty()) {
                check(&format!("{what} {letter} of layer {layer}"), of(ours, part), expected);
            }
        }
    }
}
