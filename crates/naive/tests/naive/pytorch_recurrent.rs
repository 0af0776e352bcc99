//! Outputs, final states, loss and every gradient of all recurrent fixtures, to 1e-9 of the largest element of each tensor
//! (the files hold 12 digits).

use crate::common::fixtures::{Tensor, records, size, tensor};
use naive::difference::relative_error;
use naive::{
    Activation, At, CellKind, Cotangent, Form, Input, Layer, Network, Parameters, Recurrent, Reset, Rows, Sequence,
};
use naive::{Gradients, Output, State};
use serde_json::Value;

const LIMIT: f64 = 1e-9;

#[test]
fn rnn_tanh() {
    all("rnn_tanh", CellKind::Rnn { activation: Activation::Tanh });
}

#[test]
fn rnn_relu() {
    all("rnn_relu", CellKind::Rnn { activation: Activation::Relu });
}

#[test]
fn gru() {
    all("gru", CellKind::Gru { reset: Reset::After });
}

#[test]
fn lstm() {
    all("lstm", CellKind::Lstm);
}

#[test]
fn lstm_proj() {
    all("lstm_proj", CellKind::Lstm);
}

fn all(file: &str, cell: CellKind) {
    let records = records(file);
    assert_eq!(records.len(), 19, "records of {file}");
    let worst = records.iter().map(|record| check(record, cell)).fold(0.0, f64::max);
    println!("{file}: worst relative error {worst:.1e}");
}

/// Compares one record; the largest relative error.
fn check(record: &Value, cell: CellKind) -> f64 {
    let config = &record["config"];
    let network = network(config, cell);
    let (params, shapes) = weights(&record["weights"]);
    let mut expected_shapes = network.shapes();
    expected_shapes.sort();
    assert_eq!(expected_shapes, shapes, "{}: names and shapes", record["name"]);

    let (batch, steps) = (size(&config["batch"]), size(&config["time"]));
    let lengths = match &config["lengths"] {
        Value::Null => vec![steps; batch],
        list => list.as_array().expect("lengths").iter().map(size).collect(),
    };
    let input = tensor(&record["input"]).expect("an input");
    let initial = states(&record["h0"], &record["c0"], lengths.len());
    let of = |b: usize| Sequence::values(column(&input, b, lengths[b])).with_initial(initial[b].clone());
    let sequences: Vec<Sequence> = (0..lengths.len()).map(of).collect();
    let cotangent = &record["cotangent"];
    let output = tensor(&cotangent["output"]).expect("a cotangent");
    let last = states(&cotangent["h_n"], &cotangent["c_n"], lengths.len());
    // PyTorch's padded output ends in zeros, whatever the cotangent there.
    let of = |b: usize| Cotangent { output: column(&output, b, lengths[b]), states: last[b].clone() };
    let cotangents: Vec<Cotangent> = (0..lengths.len()).map(of).collect();

    let outputs = network.forward(&params, &sequences);
    let gradients = network.backward(&params, &sequences, &cotangents);
    let loss = network.loss(&params, &sequences, &cotangents);
    compare(record, &outputs, &gradients, loss, steps)
}

fn compare(record: &Value, outputs: &[Output], gradients: &Gradients, loss: f64, steps: usize) -> f64 {
    let mut worst = 0.0_f64;
    let mut close = |what: &str, actual: &[f64], expected: &Value| {
        let Some(expected) = tensor(expected) else {
            assert!(what.starts_with(['h', 'c']), "{}: no {what}", record["name"]);
            return;
        };
        let error = relative_error(actual, &expected.data);
        assert!(error <= LIMIT, "{}: {what} is off by {error:e}", record["name"]);
        worst = worst.max(error);
    };
    let rows = |rows: Vec<&Rows>| time_major(&rows, steps);
    close("output", &rows(outputs.iter().map(|o| &o.output).collect()), &record["output"]);
    close("h_n", &levels_major(outputs.iter().map(|o| &o.states[0].h)), &record["h_n"]);
    close("c_n", &levels_major(outputs.iter().map(|o| &o.states[0].c)), &record["c_n"]);
    let grad = &record["grad"];
    close("input gradient", &rows(gradients.inputs.iter().collect()), &grad["input"]);
    close("h0 gradient", &levels_major(gradients.initial.iter().map(|s| &s[0].h)), &grad["h0"]);
    close("c0 gradient", &levels_major(gradients.initial.iter().map(|s| &s[0].c)), &grad["c0"]);
    let names: Vec<&String> = grad["weights"].as_object().expect("gradients by name").keys().collect();
    assert_eq!(names, gradients.parameters.keys().collect::<Vec<_>>(), "{}: gradients", record["name"]);
    for (name, gradient) in &gradients.parameters {
        close(name, gradient, &grad["weights"][name]);
    }
    let error = relative_error(&[loss], &[record["loss"].as_f64().expect("a loss")]);
    assert!(error <= LIMIT, "{}: loss is off by {error:e}", record["name"]);
    worst.max(error)
}

fn network(config: &Value, cell: CellKind) -> Network {
    let layer = Recurrent {
        cell,
        hidden_size: size(&config["hidden_size"]),
        num_layers: size(&config["num_layers"]),
        bidirectional: config["bidirectional"].as_bool().expect("a flag"),
        bias: config["bias"].as_bool().expect("a flag"),
        name: String::new(),
        form: Form {
            proj_size: config["proj_size"].as_u64().filter(|&n| n > 0).map(|n| n as usize),
            ..Form::default()
        },
    };
    let input = Input::Values { size: size(&config["input_size"]) };
    Network { input, layers: vec![Layer::Recurrent(layer)], at: At::Every }
}

/// Values by name, and names with shapes in the order of the names.
fn weights(value: &Value) -> (Parameters, Vec<(String, Vec<usize>)>) {
    let by_name = value.as_object().expect("weights by name");
    let tensors = by_name.iter().map(|(name, value)| (name.clone(), tensor(value).expect("a weight")));
    let (values, mut shapes): (Parameters, Vec<_>) =
        tensors.map(|(name, t)| ((name.clone(), t.data), (name, t.shape))).unzip();
    shapes.sort();
    (values, shapes)
}

/// The first `length` steps of column `b` of `[T, B, K]`.
fn column(tensor: &Tensor, b: usize, length: usize) -> Rows {
    let (batch, k) = (tensor.shape[1], tensor.shape[2]);
    (0..length).map(|t| tensor.data[(t * batch + b) * k..][..k].to_vec()).collect()
}

/// `[L·D, B, H]` as one state for each sequence; an empty list for null.
fn states(h: &Value, c: &Value, batch: usize) -> Vec<Vec<State>> {
    let Some(h) = tensor(h) else { return vec![Vec::new(); batch] };
    let c = tensor(c);
    let of = |t: &Tensor, b| column(t, b, t.shape[0]);
    (0..batch).map(|b| vec![State { h: of(&h, b), c: c.as_ref().map_or(Vec::new(), |c| of(c, b)) }]).collect()
}

/// `[T, B, K]`, zero past each end.
fn time_major(rows: &[&Rows], steps: usize) -> Vec<f64> {
    let zeros = vec![0.0; rows[0][0].len()];
    let padded = |t: usize| rows.iter().flat_map(|rows| rows.get(t).unwrap_or(&zeros).clone()).collect::<Vec<_>>();
    (0..steps).flat_map(padded).collect()
}

/// `[L·D, B, H]` from one list `[L·D][H]` for each sequence.
fn levels_major<'a>(states: impl Iterator<Item = &'a Rows>) -> Vec<f64> {
    let states: Vec<&Rows> = states.collect();
    (0..states[0].len()).flat_map(|level| states.iter().flat_map(move |s| s[level].clone())).collect()
}
