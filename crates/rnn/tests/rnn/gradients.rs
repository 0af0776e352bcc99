//! The kernel against naive: every cell × levels × direction × ragged × bias × at × initial state, and more.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{Activation, At, CellKind, Input, Layer, Network, Recurrent, Reset, Want, Workspace};

use crate::common::twin::{self, Compared};
use crate::common::{Batch, CELLS, assert_bits, formed, forms, head, parameters, projected, recurrent};

const LIMIT: f64 = 1e-5;

fn check(network: &Network, lengths: &[usize], initial: bool, seed: u64) -> Compared {
    let params = parameters(network, seed);
    let batch = Batch::random(network, lengths, initial, seed + 1);
    let compared = twin::compare(network, &params, &batch, None, |sequence, _| sequence);
    assert_eq!(compared.zero, 0, "comparing zeros shows little: {network:?} of {lengths:?}, initial {initial}");
    assert!(compared.error <= LIMIT, "{compared:?} in {network:?} of {lengths:?}, initial {initial}");
    compared
}

#[test]
fn lstm_variants() {
    CELLS[6..9].iter().for_each(|&cell| every_form(cell));
}

#[test]
fn min_gru() {
    every_form(CellKind::MinGru);
}

#[test]
fn min_lstm() {
    every_form(CellKind::MinLstm);
}

#[test]
fn lru() {
    every_form(CellKind::Lru);
}

#[test]
fn lstm_projected() {
    for cell in [CellKind::Lstm, CELLS[6], CELLS[8]] {
        every_form_of(|hidden| projected(cell, hidden));
    }
}

/// All forms of a layer of one cell.
fn every_form(cell: CellKind) {
    every_form_of(|hidden| recurrent(cell, hidden));
}

fn every_form_of(layer: impl Fn(usize) -> Recurrent) {
    let mut all = Compared::default();
    for case in 0..128u64 {
        let bit = |i: u64| case >> i & 1 == 1;
        let lengths: &[usize] = if bit(0) { &[3, 7, 1, 7, 2] } else { &[4, 4, 4] };
        let at = if bit(1) { At::Last } else { At::Every };
        // 8 units fill whole panels, 5 do not: their weight gradients are packed in different ways.
        let hidden = if bit(2) { 8 } else { 5 };
        let num_layers = if bit(3) { 2 } else { 1 };
        let layer = Recurrent { num_layers, bidirectional: bit(4), bias: !bit(6), ..layer(hidden) };
        let network = Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(layer), head(2)], at).unwrap();
        all.add(check(&network, lengths, bit(5), case));
    }
    println!(
        "{:?}, {:?}: worst relative error {:.1e} in {} tensors",
        layer(8).cell,
        layer(8).form,
        all.error,
        all.tensors
    );
}

#[test]
fn lstm() {
    every_form(CellKind::Lstm);
}

#[test]
fn gru_reset_after() {
    every_form(CellKind::Gru { reset: Reset::After });
}

#[test]
fn gru_reset_before() {
    every_form(CellKind::Gru { reset: Reset::Before });
}

#[test]
fn rnn_tanh() {
    every_form(CellKind::Rnn { activation: Activation::Tanh });
}

#[test]
fn rnn_relu() {
    every_form(CellKind::Rnn { activation: Activation::Relu });
}

#[test]
fn rnn_linear() {
    every_form(CellKind::Rnn { activation: Activation::Linear });
}

/// More rows than one block, sizes that no tile divides.
#[test]
fn many_blocks() {
    let lengths: Vec<usize> = (0..37).map(|i| 1 + (i * 7) % 17).collect();
    let mut all = Compared::default();
    for (i, form) in forms().into_iter().enumerate() {
        for hidden in [16, 11] {
            let layer = Recurrent { num_layers: 2, bidirectional: true, ..formed(form, hidden) };
            let at = if i % 2 == 0 { At::Every } else { At::Last };
            let network = Network::new(Input::Values { size: 9 }, vec![Layer::Recurrent(layer), head(3)], at).unwrap();
            // On a learned state that is not used nothing depends.
            all.add(check(&network, &lengths, i % 3 == 0 && !form.1.learned_state, i as u64));
        }
    }
    println!("many blocks: worst relative error {:.1e} in {} tensors", all.error, all.tensors);
}

/// One step, one sequence, long sequences; without biases, without a head.
#[test]
fn small_and_bare() {
    for cell in CELLS {
        for (lengths, at) in [(&[1][..], At::Last), (&[1], At::Every), (&[1, 1], At::Last), (&[200], At::Every)] {
            // A linear network with lively weights would grow over 200 steps beyond what f32 can follow.
            if cell == (CellKind::Rnn { activation: Activation::Linear }) && lengths[0] > 1 {
                continue;
            }
            for bidirectional in [false, true] {
                let layer = Recurrent { bias: false, bidirectional, ..recurrent(cell, 3) };
                let network = Network::new(Input::Values { size: 2 }, vec![Layer::Recurrent(layer)], at).unwrap();
                check(&network, lengths, true, 5);
            }
        }
        let one = vec![Layer::Recurrent(recurrent(cell, 1)), head(1)];
        check(&Network::new(Input::Values { size: 1 }, one, At::Every).unwrap(), &[3, 5], true, 6);
    }
}

/// Stacks of different layers: dense below and above, two recurrent layers, embedding, one-hot tokens.
#[test]
fn stacks() {
    let dense = |name: &str, units, activation| Layer::Dense {
        units,
        activation,
        bias: true,
        weight_norm: false,
        name: name.into(),
        trainable: true,
    };
    let named = |name: &str, cell, hidden| {
        Layer::Recurrent(Recurrent { name: name.into(), bidirectional: true, ..recurrent(cell, hidden) })
    };
    let gru = CellKind::Gru { reset: Reset::After };
    let embedding = Layer::Embedding { units: 6, dropout: 0.0, name: "embedding".into(), trainable: true };
    let (values, tokens) = (Input::Values { size: 4 }, Input::Tokens { vocabulary: 7 });
    let stacks = [
        (values, vec![dense("a", 5, Activation::Tanh), named("b", CellKind::Lstm, 4), named("c", gru, 6), head(3)]),
        (values, vec![named("b", gru, 8), dense("c", 9, Activation::Relu), head(3)]),
        (tokens, vec![embedding.clone(), named("b", CellKind::Lstm, 4), head(7)]),
        (tokens, vec![named("b", CellKind::Lstm, 5), head(7)]),
        (tokens, vec![named("b", CellKind::Gru { reset: Reset::Before }, 8), head(7)]),
        (tokens, vec![dense("a", 5, Activation::Tanh), named("b", gru, 4)]),
    ];
    for (input, layers) in stacks {
        for at in [At::Every, At::Last] {
            let network = Network::new(input, layers.clone(), at).unwrap();
            check(&network, &[2, 9, 4, 1, 9, 3], at == At::Last, 11);
        }
    }
}

/// Networks that are not recurrent at all.
#[test]
fn without_recurrence() {
    let bare = Layer::Dense {
        units: 3,
        activation: Activation::Tanh,
        bias: false,
        weight_norm: false,
        name: "a".into(),
        trainable: true,
    };
    let embedding = Layer::Embedding { units: 6, dropout: 0.0, name: "embedding".into(), trainable: true };
    for (input, layers) in [
        (Input::Values { size: 5 }, vec![bare.clone(), head(2)]),
        (Input::Tokens { vocabulary: 9 }, vec![head(4)]),
        (Input::Tokens { vocabulary: 9 }, vec![embedding.clone(), bare]),
        (Input::Tokens { vocabulary: 9 }, vec![embedding]),
    ] {
        check(&Network::new(input, layers, At::Every).unwrap(), &[3, 60, 80, 1], false, 3);
    }
}

/// One sequence longer than a block of rows, whose weights are folded in several.
#[test]
fn more_rows_than_a_block() {
    for cell in CELLS.into_iter().filter(|&cell| cell != CellKind::Rnn { activation: Activation::Linear }) {
        for hidden in [3, 8] {
            for lengths in [&[700][..], &[300, 2]] {
                let layer = Recurrent { bidirectional: true, ..recurrent(cell, hidden) };
                let layers = vec![Layer::Recurrent(layer)];
                let network = Network::new(Input::Values { size: 2 }, layers, At::Every).unwrap();
                check(&network, lengths, true, 5);
            }
        }
    }
}

fn dense(name: &str, units: usize) -> Layer {
    Layer::Dense {
        units,
        activation: Activation::Tanh,
        bias: false,
        weight_norm: false,
        name: name.into(),
        trainable: true,
    }
}

/// On the way back their products are made in parts.
#[test]
fn thousands_of_outputs() {
    for cell in &CELLS[..3] {
        let layer = Recurrent { bidirectional: true, ..recurrent(*cell, 180) };
        let layers = vec![dense("a", 1101), Layer::Recurrent(layer), dense("b", 601), head(3)];
        let network = Network::new(Input::Values { size: 3 }, layers, At::Every).unwrap();
        check(&network, &[2, 1, 3], true, 7);
    }
}

/// To the bit: what a stage reads of its weights, it reads before it adds to them.
#[test]
fn a_descent_is_backward_onto_the_parameters() {
    for form in forms() {
        for (hidden, lengths) in [(6, &[1][..]), (5, &[3, 2]), (8, &[1]), (8, &[3, 2])] {
            let layer = Recurrent { bidirectional: true, num_layers: 2, ..formed(form, hidden) };
            let layers = vec![dense("a", 9), Layer::Recurrent(layer), dense("b", 7), head(3)];
            let network = Network::new(Input::Values { size: 3 }, layers, At::Every).unwrap();
            let params = parameters(&network, 3);
            let batch = Batch::random(&network, lengths, true, 4);
            let (packing, x, initial) = (&batch.packing, batch.x.view(), batch.initial.as_ref());
            let mut ws = Workspace::new(&network, batch.capacity(), true).expect("memory");
            let [mut apart, mut onto] = [params.clone(), params.clone()];
            network.forward(&params, packing, x, initial, None, &mut ws);
            ws.output_gradient().copy_from_slice(&batch.cotangent);
            network.backward(&params, packing, x, initial, None, &mut ws, &mut apart, Want::default());
            network.forward(&params, packing, x, initial, None, &mut ws);
            ws.output_gradient().copy_from_slice(&batch.cotangent);
            network.descend(&mut onto, packing, x, initial, &mut ws);
            assert_bits(&onto, &apart, "parameters");
        }
    }
}

/// Gates of a minLSTM that are both shut share the state as they would were they open.
#[test]
fn shut_gates() {
    let layers = vec![Layer::Recurrent(recurrent(CellKind::MinLstm, 3))];
    let network = Network::new(Input::Values { size: 1 }, layers, At::Every).unwrap();
    let mut params = vec![0.0; network.table().len()];
    // Sums of f, of i, and n: the shares of f are σ(sum of f - sum of i) where both are far below 0.
    let [f, i, n] = [[-30.0, -60.0, -200.0], [-31.0, -58.0, -300.0], [1.0; 3]];
    let bias = network.table().find("rnn.bias_ih_l0").unwrap();
    network.table().import(bias, &[f, i, n].concat(), &mut params);
    let mut batch = Batch::random(&network, &[1], true, 3);
    batch.initial.as_mut().unwrap().layers[0].h.fill(0.0);
    let (ws, grads) = crate::common::run(&network, &params, &batch, None, Want::default());
    for (h, expected) in ws.output().iter().zip([1.0 - 0.731_058_6, 1.0 - 0.119_202_92, 0.5]) {
        assert!((h - expected).abs() < 1e-6, "{h} for {expected}");
    }
    assert!(grads.iter().all(|g| g.is_finite()));
}
