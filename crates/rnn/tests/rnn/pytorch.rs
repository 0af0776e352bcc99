//! Outputs, final states, loss and every gradient of the recurrent fixtures made by PyTorch in f64.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::difference::relative_error;
use rnn::{Activation, At, CellKind, Form, Input, Layer, Network, Packing, Recurrent, Reset, States, Want};
use serde_json::Value;

use crate::common::fixtures::{Tensor, narrow, records, size, tensor};
use crate::common::{Batch, X, recurrent, run, twin};

const LIMIT: f64 = 1e-5;
/// Of the loss, whose terms cancel: relative to the sum of their sizes. Some three roundings of 32 bits
/// (measured: 6.6e-8, and of a loss itself at most 6.7e-6).
const LOSS_LIMIT: f64 = 2e-7;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../../test/fixtures/pytorch/", $name, ".json"))
    };
}

#[test]
fn rnn_tanh() {
    all(fixture!("rnn_tanh"), CellKind::Rnn { activation: Activation::Tanh });
}

#[test]
fn rnn_relu() {
    all(fixture!("rnn_relu"), CellKind::Rnn { activation: Activation::Relu });
}

#[test]
fn gru() {
    all(fixture!("gru"), CellKind::Gru { reset: Reset::After });
}

#[test]
fn lstm() {
    all(fixture!("lstm"), CellKind::Lstm);
}

#[test]
fn lstm_proj() {
    all(fixture!("lstm_proj"), CellKind::Lstm);
}

fn all(text: &str, cell: CellKind) {
    let records = records(text);
    assert_eq!(records.len(), 19, "records");
    let worst = records.iter().map(|record| check(record, cell)).fold(0.0, f64::max);
    println!("{cell:?}: worst relative error {worst:.1e}");
}

/// Compares one record; the largest relative error.
fn check(record: &Value, cell: CellKind) -> f64 {
    let config = &record["config"];
    let layer = Recurrent {
        num_layers: size(&config["num_layers"]),
        bidirectional: config["bidirectional"] == true,
        bias: config["bias"] == true,
        form: Form {
            proj_size: config["proj_size"].as_u64().filter(|&n| n > 0).map(|n| n as usize),
            ..Form::default()
        },
        ..recurrent(cell, size(&config["hidden_size"]))
    };
    let directions = layer.directions();
    let input = Input::Values { size: size(&config["input_size"]) };
    let network = Network::new(input, vec![Layer::Recurrent(layer)], At::Every).unwrap();
    let (batch_size, steps) = (size(&config["batch"]), size(&config["time"]));
    let lengths = match &config["lengths"] {
        Value::Null => vec![steps; batch_size],
        list => list.as_array().expect("lengths").iter().map(size).collect(),
    };
    let batch = batch(&network, record, &lengths);
    let params = params(&network, &record["weights"]);
    let (mut ws, grads) = run(&network, &params, &batch, None, Want { input: true, states: true, ..Want::default() });

    let mut worst = 0f64;
    let mut compare = |what: &str, ours: &[f64], theirs: &[f64]| {
        let error = relative_error(ours, theirs);
        assert!(error <= LIMIT, "{}: {what} is off by {error:e}", record["name"]);
        worst = worst.max(error);
    };
    let packing = &batch.packing;
    let hidden = network.states()[0].hidden;
    let theirs = |value: &Value| tensor(value).expect("a tensor");
    let output = twin::wide(&unpack(packing, ws.output(), directions * hidden, steps));
    compare("output", &output, &theirs(&record["output"]).data);
    let last = &ws.final_states().layers[0];
    compare("h_n", &unsort(packing, &last.h, hidden), &theirs(&record["h_n"]).data);
    if let Some(c) = tensor(&record["c_n"]) {
        compare("c_n", &unsort(packing, &last.c, network.states()[0].memory), &c.data);
    }
    // Terms of both signs cancel, so the loss is as exact as their sizes together.
    let terms =
        |ours: &[f32], cotangent: &[f32]| twin::wide(ours).into_iter().zip(twin::wide(cotangent)).map(|(x, c)| x * c);
    let cotangent = &batch.state_cotangent.layers[0];
    let loss =
        terms(ws.output(), &batch.cotangent).chain(terms(&last.h, &cotangent.h)).chain(terms(&last.c, &cotangent.c));
    let (sum, sizes) = loss.fold((0.0, 0.0), |(sum, sizes), term| (sum + term, sizes + term.abs()));
    let apart = (sum - record["loss"].as_f64().expect("a loss")).abs();
    assert!(apart <= LOSS_LIMIT * sizes, "{}: loss is off by {apart:e} of {sizes}", record["name"]);
    let grad = &record["grad"];
    for (name, gradient) in twin::parameters(&network, &grads) {
        let name = name.strip_prefix("rnn.").expect("the layer's name");
        compare(name, &gradient, &theirs(&grad["weights"][name]).data);
    }
    let size = batch_input_size(&network);
    let input = twin::wide(&unpack(packing, ws.input_gradient(), size, steps));
    compare("gradient of the input", &input, &theirs(&grad["input"]).data);
    let first = &ws.state_gradients().layers[0];
    if let Some(h) = tensor(&grad["h0"]) {
        compare("gradient of h0", &unsort(packing, &first.h, hidden), &h.data);
    }
    if let Some(c) = tensor(&grad["c0"]) {
        compare("gradient of c0", &unsort(packing, &first.c, network.states()[0].memory), &c.data);
    }
    worst
}

fn batch_input_size(network: &Network) -> usize {
    match network.input() {
        Input::Values { size } => size,
        Input::Tokens { .. } => unreachable!(),
    }
}

fn params(network: &Network, weights: &Value) -> Vec<f32> {
    let mut params = vec![0.0; network.table().len()];
    for (index, entry) in network.table().entries().iter().enumerate() {
        let weight = tensor(&weights[entry.name.strip_prefix("rnn.").unwrap()]).expect("a weight");
        assert_eq!(weight.shape, entry.shape, "{}", entry.name);
        network.table().import(index, &narrow(&weight.data), &mut params);
    }
    params
}

fn batch(network: &Network, record: &Value, lengths: &[usize]) -> Batch {
    let packing = Packing::new(lengths);
    let pack = |tensor: Tensor| {
        let [_, batch, width] = tensor.shape[..] else { panic!("expected [T, B, width]") };
        let mut packed = Vec::new();
        for t in 0..packing.steps {
            for &b in &packing.order[..packing.sizes[t]] {
                packed.extend(narrow(&tensor.data[(t * batch + b as usize) * width..][..width]));
            }
        }
        packed
    };
    let states = |h: Option<Tensor>, c: Option<Tensor>| {
        let h = h?;
        let mut states = States::zeros(network, lengths.len());
        let sort = |from: Tensor, to: &mut [f32]| {
            let [levels, batch, width] = from.shape[..] else { panic!("expected [levels, B, H]") };
            for level in 0..levels {
                for (position, &b) in packing.order.iter().enumerate() {
                    let values = narrow(&from.data[(level * batch + b as usize) * width..][..width]);
                    to[(level * batch + position) * width..][..width].copy_from_slice(&values);
                }
            }
        };
        sort(h, &mut states.layers[0].h);
        if let Some(c) = c {
            sort(c, &mut states.layers[0].c);
        }
        Some(states)
    };
    let cotangent = &record["cotangent"];
    let zeros = || States::zeros(network, lengths.len());
    Batch {
        x: X::Values(pack(tensor(&record["input"]).expect("an input"))),
        initial: states(tensor(&record["h0"]), tensor(&record["c0"])),
        cotangent: pack(tensor(&cotangent["output"]).expect("a cotangent")),
        state_cotangent: states(tensor(&cotangent["h_n"]), tensor(&cotangent["c_n"])).unwrap_or_else(zeros),
        ids: vec![0; lengths.len()],
        packing,
    }
}

/// Packed rows to `[T, B, width]` in the original order, zero past each end.
fn unpack(packing: &Packing, packed: &[f32], width: usize, steps: usize) -> Vec<f32> {
    let mut natural = vec![0.0; steps * packing.batch * width];
    for t in 0..packing.steps {
        for position in 0..packing.sizes[t] {
            let to = (t * packing.batch + packing.order[position] as usize) * width;
            natural[to..][..width].copy_from_slice(&packed[packing.row(t, position) * width..][..width]);
        }
    }
    natural
}

/// `[levels, B, H]` in sorted order to the original one.
fn unsort(packing: &Packing, values: &[f32], hidden: usize) -> Vec<f64> {
    let mut natural = vec![0.0; values.len()];
    for (i, row) in values.chunks_exact(hidden).enumerate() {
        let (level, position) = (i / packing.batch, i % packing.batch);
        let to = (level * packing.batch + packing.order[position] as usize) * hidden;
        natural[to..][..hidden].copy_from_slice(&twin::wide(row));
    }
    natural
}
