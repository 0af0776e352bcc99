//! Outputs and final states of the ONNX backend tests of RNN, GRU and LSTM: peepholes, reset before, lengths, initial states, the
//! reverse direction (as the reverse half of both), either layout. Their README tells the conventions.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::difference::relative_error;
use rnn::{
    Activation, At, Capacity, CellKind, Input, Layer, Network, Packing, Recurrent, Reset, States, Values, Workspace,
};
use serde_json::Value;

use crate::common::fixtures::{Tensor, narrow, size, tensor};
use crate::common::{recurrent, twin};

const LIMIT: f64 = 1e-5;

macro_rules! cases {
    ($($name:literal),+ $(,)?) => {
        [$(include_str!(concat!("../../../../test/fixtures/onnx/test_", $name, ".json"))),+]
    };
}

const CASES: [&str; 18] = cases![
    "gru_batchwise",
    "gru_bidirectional",
    "gru_defaults",
    "gru_reverse",
    "gru_seq_length",
    "gru_with_initial_bias",
    "lstm_batchwise",
    "lstm_bidirectional",
    "lstm_defaults",
    "lstm_reverse",
    "lstm_with_initial_bias",
    "lstm_with_peepholes",
    "rnn_seq_length",
    "simple_rnn_batchwise",
    "simple_rnn_bidirectional",
    "simple_rnn_defaults",
    "simple_rnn_reverse",
    "simple_rnn_with_initial_bias",
];

#[test]
fn every_vector() {
    let mut compared = 0;
    let mut worst = 0f64;
    for case in CASES {
        let case: Value = serde_json::from_str(case).expect("a vector is JSON");
        let (error, tensors) = check(&case);
        assert!(error <= LIMIT, "{}: {error:e}", case["name"]);
        (worst, compared) = (worst.max(error), compared + tensors);
    }
    println!("onnx: worst relative error {worst:.1e} in {compared} tensors");
    assert_eq!(compared, 25, "outputs of all vectors");
}

/// A tensor among a vector's inputs or outputs.
fn named(case: &Value, list: &str, name: &str) -> Option<Tensor> {
    let tensors = case[list].as_array().expect("a list of tensors");
    tensors.iter().find(|t| t["name"] == name).map(|t| tensor(t).expect("a tensor"))
}

/// Gates of ONNX in the order of ours: i, o, f, c to i, f, g, o; z, r, h to r, z, n.
fn gates(kind: CellKind) -> &'static [usize] {
    match kind {
        CellKind::Gru { .. } => &[1, 0, 2],
        CellKind::Rnn { .. } => &[0],
        _ => &[0, 2, 3, 1],
    }
}

/// The largest relative error, and how many tensors were compared.
fn check(case: &Value) -> (f64, usize) {
    let peepholes = named(case, "inputs", "P");
    let kind = match case["op_type"].as_str().expect("an operator") {
        "GRU" => CellKind::Gru { reset: Reset::Before },
        "RNN" => CellKind::Rnn { activation: Activation::Tanh },
        _ if peepholes.is_some() => CellKind::LstmVariant { peepholes: true, coupled: false },
        _ => CellKind::Lstm,
    };
    let attributes = &case["attributes"];
    let hidden = size(&attributes["hidden_size"]);
    // ONNX has the reverse direction alone; here it is the second of two.
    let both = attributes["direction"].is_string();
    let first = usize::from(attributes["direction"] == "reverse");
    let batch_first = attributes["layout"] == 1;
    let x = named(case, "inputs", "X").expect("X");
    let (batch, steps) = if batch_first { (x.shape[0], x.shape[1]) } else { (x.shape[1], x.shape[0]) };
    let inputs = x.shape[2];
    let layer = Recurrent { bidirectional: both, ..recurrent(kind, hidden) };
    let network = Network::new(Input::Values { size: inputs }, vec![Layer::Recurrent(layer)], At::Every).unwrap();

    let mut params = vec![0.0; network.table().len()];
    for (index, entry) in network.table().entries().iter().enumerate() {
        let side = usize::from(entry.name.ends_with("_reverse"));
        // The direction that a vector lacks stays at zero.
        let Some(direction) = side.checked_sub(first).filter(|&d| d < 1 + usize::from(both) - first) else { continue };
        let Some(natural) = weight(case, &entry.name, direction, kind, hidden) else { continue };
        network.table().import(index, &narrow(&natural), &mut params);
    }

    let lengths: Vec<usize> = match named(case, "inputs", "sequence_lens") {
        Some(lengths) => lengths.data.iter().map(|&n| n as usize).collect(),
        None => vec![steps; batch],
    };
    assert!(lengths.iter().all(|&n| n == steps), "all vectors are of full length, so rows are in time-major order");
    let packing = Packing::new(&lengths);
    let rows = (0..steps * batch).flat_map(|row| {
        let (t, b) = (row / batch, row % batch);
        let at = if batch_first { b * steps + t } else { row };
        narrow(&x.data[at * inputs..][..inputs])
    });
    let rows: Vec<f32> = rows.collect();
    let mut initial = States::zeros(&network, batch);
    let state = &mut initial.layers[0];
    for (to, name) in [(&mut state.h, "initial_h"), (&mut state.c, "initial_c")] {
        if let Some(given) = named(case, "inputs", name) {
            to.copy_from_slice(&narrow(&given.data));
        }
    }
    let capacity = Capacity { batch, steps, rows: packing.rows };
    let mut ws = Workspace::new(&network, capacity, false).expect("memory");
    network.forward(&params, &packing, Values::Values(&rows), Some(&initial), None, &mut ws);

    let directions = 1 + usize::from(both) - first;
    let last = &ws.final_states().layers[0];
    let mut errors = Vec::new();
    for (name, state) in [("Y_h", &last.h), ("Y_c", &last.c)] {
        if let Some(expected) = named(case, "outputs", name) {
            // [directions, batch, H] or, batch first, [batch, directions, H], of one direction the same.
            assert!(!batch_first || directions == 1);
            errors.push(relative_error(&twin::wide(&state[first * batch * hidden..]), &expected.data));
        }
    }
    if let Some(expected) = named(case, "outputs", "Y") {
        let mut ours = Vec::new();
        for row in 0..steps * batch {
            // [steps, directions, batch, H], and batch first [batch, steps, directions, H]; of more than one direction the batch is 1.
            let (t, b) = if batch_first { (row % steps, row / steps) } else { (row / batch, row % batch) };
            assert!(directions == 1 || batch == 1);
            let width = network.output_size();
            ours.extend_from_slice(&ws.output()[(t * batch + b) * width + first * hidden..(t * batch + b + 1) * width]);
        }
        errors.push(relative_error(&twin::wide(&ours), &expected.data));
    }
    (errors.iter().fold(0.0, |a, &b| f64::max(a, b)), errors.len())
}

/// A parameter of one direction in our order; nothing where the vector has none.
fn weight(case: &Value, name: &str, direction: usize, kind: CellKind, hidden: usize) -> Option<Vec<f64>> {
    let (tensor, half) = match name {
        _ if name.contains("weight_ih") => ("W", 0),
        _ if name.contains("weight_hh") => ("R", 0),
        _ if name.contains("bias_ih") => ("B", 0),
        _ if name.contains("bias_hh") => ("B", 1),
        _ => {
            let p = named(case, "inputs", "P")?;
            return Some(p.data[direction * 3 * hidden..][..3 * hidden].to_vec());
        }
    };
    let all = named(case, "inputs", tensor)?;
    let block = match tensor {
        "B" => hidden,
        _ => hidden * all.shape[2],
    };
    let gates = gates(kind);
    let each = all.data.len() / all.shape[0];
    let half = all.data[direction * each + half * gates.len() * block..][..gates.len() * block].to_vec();
    Some(gates.iter().flat_map(|&gate| half[gate * block..][..block].to_vec()).collect())
}
