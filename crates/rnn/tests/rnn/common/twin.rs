//! The same network and batch for naive, and the comparison of everything that comes out.

use naive::difference::relative_error;
use naive::{Cotangent, Parameters, Rows, Sequence, State, Steps};
use rnn::{Network, States};

use super::{ALL, Batch, X, run};

fn layer(layer: &rnn::Layer) -> naive::Layer {
    let activation = |a| match a {
        rnn::Activation::Linear => naive::Activation::Linear,
        rnn::Activation::Relu => naive::Activation::Relu,
        rnn::Activation::Tanh => naive::Activation::Tanh,
    };
    match layer {
        rnn::Layer::Recurrent(layer) => naive::Layer::Recurrent(naive::Recurrent {
            cell: match layer.cell {
                rnn::CellKind::Lstm => naive::CellKind::Lstm,
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
        }),
        rnn::Layer::Dense { units, activation: a, bias, name, .. } => {
            naive::Layer::Dense { units: *units, activation: activation(*a), bias: *bias, name: name.clone() }
        }
        rnn::Layer::Embedding { units, name, .. } => naive::Layer::Embedding { units: *units, name: name.clone() },
        rnn::Layer::Dropout { .. } => naive::Layer::Dropout,
    }
}

/// The same stack in naive.
pub fn network(network: &Network) -> naive::Network {
    naive::Network {
        input: match network.input() {
            rnn::Input::Values { size } => naive::Input::Values { size },
            rnn::Input::Tokens { vocabulary } => naive::Input::Tokens { vocabulary },
        },
        layers: network.layers().iter().map(layer).collect(),
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
fn prediction(network: &Network, batch: &Batch, position: usize, packed: &[f32]) -> Rows {
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
        let of = |values: &[f32]| {
            let level = |level| wide(&values[batch.state_at(level, position, shape.hidden)..][..shape.hidden]);
            if values.is_empty() { Vec::new() } else { (0..shape.levels).map(level).collect() }
        };
        State { h: of(&state.h), c: of(&state.c) }
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

/// Runs both and compares outputs, final states and every gradient; the largest error relative to the largest element of the
/// tensor it is in, and that tensor. `mask` may add dropout masks to a sequence, given its sorted position.
pub fn compare(
    network: &Network,
    params: &[f32],
    batch: &Batch,
    dropout: Option<(u64, u64)>,
    mask: impl Fn(Sequence, usize) -> Sequence,
) -> (f64, String) {
    let (mut ws, grads) = run(network, params, batch, dropout, ALL);
    let twin = self::network(network);
    let natural = parameters(network, params);
    let positions = 0..batch.packing.batch;
    let sequences: Vec<Sequence> =
        positions.clone().map(|position| mask(sequence(network, batch, position), position)).collect();
    let cotangent = |position| Cotangent {
        output: prediction(network, batch, position, &batch.cotangent),
        states: states(network, batch, position, &batch.state_cotangent),
    };
    let cotangents: Vec<Cotangent> = positions.clone().map(cotangent).collect();
    let outputs = twin.forward(&natural, &sequences);
    let expected = twin.backward(&natural, &sequences, &cotangents);

    let mut worst = (0.0, String::new());
    let mut check = |what: &str, a: Vec<f64>, b: Vec<f64>| {
        let error = relative_error(&a, &b);
        if error > worst.0 || error.is_nan() {
            worst = (error, what.to_string());
        }
    };
    let flat = |rows: Vec<Rows>| rows.into_iter().flatten().flatten().collect::<Vec<f64>>();
    let of = |f: &dyn Fn(usize) -> Rows| flat(positions.clone().map(f).collect());
    let flat_states = |states: Vec<Vec<State>>| {
        let rows = states.into_iter().flatten().flat_map(|state| [state.h, state.c]);
        flat(rows.collect())
    };
    let of_states =
        |s: &States| flat_states(positions.clone().map(|position| states(network, batch, position, s)).collect());

    let output = of(&|position| prediction(network, batch, position, ws.output()));
    check("output", output, flat(outputs.iter().map(|output| output.output.clone()).collect()));
    let last = outputs.iter().map(|output| output.states.clone()).collect();
    check("final states", of_states(ws.final_states()), flat_states(last));
    for index in 0..network.states().len() {
        let width = ws.hidden_outputs(index).len() / batch.packing.rows;
        let hidden = of(&|position| rows(batch, position, ws.hidden_outputs(index), width));
        check("hidden outputs", hidden, flat(outputs.iter().map(|output| output.hidden[index].clone()).collect()));
    }
    for (name, gradient) in parameters(network, &grads) {
        let expected = expected.parameters[&name].clone();
        check(&format!("gradient of {name}"), gradient, expected);
    }
    if let rnn::Input::Values { size } = network.input() {
        let input = of(&|position| rows(batch, position, ws.input_gradient(), size));
        check("gradient of the input", input, flat(expected.inputs.clone()));
    }
    let initial = of_states(&ws.state_gradients().clone());
    check("gradient of the initial states", initial, flat_states(expected.initial.clone()));
    assert_eq!(ws.hidden_gradients().len(), expected.hidden.len(), "levels and directions");
    for (hidden, expected) in ws.hidden_gradients().iter().zip(&expected.hidden) {
        assert_eq!((hidden.layer, hidden.level), (expected.layer, expected.level));
        assert_eq!(hidden.direction == rnn::Direction::Reverse, expected.reverse);
        let width = hidden.values.len() / batch.packing.rows;
        check("norms of dL/dh", wide(&hidden.norms), expected.norms.clone());
        let values = of(&|position| rows(batch, position, &hidden.values, width));
        check("dL/dh", values, flat(expected.values.clone()));
    }
    worst
}
