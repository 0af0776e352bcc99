//! Bits that do not depend on the batch, on where a sequence is cut, or on how the input is written.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{At, Input, Layer, Network, Packing, Recurrent, States, Values, Want, Workspace};

use crate::common::{ALL, Batch, CELLS, X, assert_bits, formed, forms, head, parameters, recurrent, run, run_onto};

fn network(layer: Recurrent, size: usize, at: At) -> Network {
    Network::new(Input::Values { size }, vec![Layer::Recurrent(layer), head(3)], at).unwrap()
}

/// The batch that holds but one of the sequences.
fn alone(network: &Network, batch: &Batch, position: usize) -> Batch {
    let packing = Packing::new(&[batch.packing.lengths[position]]);
    let rows = |packed: &[f32], width: usize| -> Vec<f32> {
        let row = |t| &packed[batch.packing.row(t, position) * width..][..width];
        (0..packing.steps).flat_map(row).copied().collect()
    };
    let states = |states: &States| {
        let mut one = States::zeros(network, 1);
        for ((to, from), shape) in one.layers.iter_mut().zip(&states.layers).zip(network.states()) {
            let parts = [(&mut to.h, &from.h, shape.hidden), (&mut to.c, &from.c, shape.memory)];
            for (to, from, width) in parts {
                for (level, to) in to.chunks_exact_mut(width.max(1)).enumerate() {
                    to.copy_from_slice(&from[batch.state_at(level, position, width)..][..width]);
                }
            }
        }
        one
    };
    let X::Values(x) = &batch.x else { unreachable!() };
    let width = network.output_size();
    let cotangent = match network.at() {
        At::Every => rows(&batch.cotangent, width),
        At::Last => batch.cotangent[position * width..][..width].to_vec(),
    };
    Batch {
        x: X::Values(rows(x, x.len() / batch.packing.rows)),
        initial: batch.initial.as_ref().map(states),
        cotangent,
        state_cotangent: states(&batch.state_cotangent),
        ids: vec![batch.ids[position]],
        packing,
    }
}

/// A row alone is the row in a batch: outputs, states, gradients of input and initial state, dropout too.
#[test]
fn row_alone_is_row_in_batch() {
    for (i, form) in forms().into_iter().enumerate() {
        for (hidden, at) in [(7, At::Every), (16, At::Last)] {
            let layer = Recurrent { num_layers: 2, bidirectional: true, dropout: 0.3, ..formed(form, hidden) };
            let network = network(layer, 5, at);
            let params = parameters(&network, 8);
            // 9 sequences: full strips and a tail; 60 rows and more.
            let batch = Batch::random(&network, &[3, 9, 1, 12, 9, 30, 2, 2, 5], i % 2 == 0, 9);
            let key = Some((5, 17));
            let (mut ws, _) = run(&network, &params, &batch, key, ALL);
            let states = ws.state_gradients().clone();
            for position in 0..9 {
                let one = alone(&network, &batch, position);
                let (mut ws1, _) = run(&network, &params, &one, key, ALL);
                let mut whole = batch.clone();
                whole.cotangent = ws.output().to_vec();
                whole.x = X::Values(ws.input_gradient().to_vec());
                whole.initial = Some(ws.final_states().clone());
                whole.state_cotangent = states.clone();
                let expected = alone(&network, &whole, position);
                assert_bits(ws1.output(), &expected.cotangent, "output");
                let X::Values(input) = expected.x else { unreachable!() };
                assert_bits(ws1.input_gradient(), &input, "gradient of the input");
                for (a, b) in ws1.final_states().layers.iter().zip(&expected.initial.unwrap().layers) {
                    assert_bits(&a.h, &b.h, "final h");
                    assert_bits(&a.c, &b.c, "final c");
                }
                for (a, b) in ws1.state_gradients().layers.iter().zip(&expected.state_cotangent.layers) {
                    assert_bits(&a.h, &b.h, "gradient of the initial h");
                    assert_bits(&a.c, &b.c, "gradient of the initial c");
                }
            }
        }
    }
}

/// A batch of one length cut into segments of steps, its states carried: the same outputs, and the same gradients when the
/// segments are gone through from the last to the first, onto one buffer.
#[test]
fn segments_are_the_whole() {
    for (i, form) in forms().into_iter().enumerate() {
        for hidden in [6, 8] {
            let layer = Recurrent { num_layers: 2, ..formed(form, hidden) };
            let network = network(layer, 3, At::Every);
            let params = parameters(&network, i as u64);
            let (sequences, steps) = (5, 47);
            let whole = Batch::random(&network, &[steps; 5], true, 3);
            let (mut ws, grads) = run(&network, &params, &whole, None, ALL);

            let cuts = [0, 1, 20, 21, 40, steps];
            let X::Values(x) = &whole.x else { unreachable!() };
            let mut carried = whole.initial.clone();
            let mut segments = Vec::new();
            let mut output = Vec::new();
            for cut in cuts.windows(2) {
                let rows = cut[0] * sequences..cut[1] * sequences;
                let segment = Batch {
                    packing: Packing::new(&[cut[1] - cut[0]; 5]),
                    x: X::Values(x[rows.start * 3..rows.end * 3].to_vec()),
                    initial: carried,
                    cotangent: whole.cotangent[rows.start * 3..rows.end * 3].to_vec(),
                    state_cotangent: States::zeros(&network, sequences),
                    ids: vec![0; sequences],
                };
                let mut ws = Workspace::new(&network, segment.capacity(), false).expect("memory");
                network.forward(&params, &segment.packing, segment.x.view(), segment.initial.as_ref(), None, &mut ws);
                output.extend_from_slice(ws.output());
                carried = Some(ws.final_states().clone());
                segments.push(segment);
            }
            assert_bits(&output, ws.output(), "output");
            let mut sums = vec![0.0; params.len()];
            let mut cotangent = whole.state_cotangent.clone();
            let mut input = vec![0.0; x.len()];
            for (segment, cut) in segments.iter_mut().zip(cuts.windows(2)).rev() {
                segment.state_cotangent = cotangent;
                let mut ws = run_onto(&network, &params, segment, None, ALL, &mut sums);
                cotangent = ws.state_gradients().clone();
                input[cut[0] * sequences * 3..cut[1] * sequences * 3].copy_from_slice(ws.input_gradient());
            }
            assert_bits(&sums, &grads, "gradients of the parameters");
            assert_bits(&input, ws.input_gradient(), "gradient of the input");
            for (a, b) in cotangent.layers.iter().zip(&ws.state_gradients().layers) {
                assert_bits(&a.h, &b.h, "gradient of the initial h");
                assert_bits(&a.c, &b.c, "gradient of the initial c");
            }
        }
    }
}

/// A workspace that is not for training keeps less and gives the same.
#[test]
fn prediction_is_the_training_forward() {
    for form in forms() {
        let layer = Recurrent { num_layers: 2, bidirectional: true, dropout: 0.5, ..formed(form, 9) };
        for at in [At::Every, At::Last] {
            let network = network(layer.clone(), 4, at);
            let params = parameters(&network, 1);
            let batch = Batch::random(&network, &[40, 3, 77, 12, 50], true, 2);
            let (trained, _) = run(&network, &params, &batch, None, Want::default());
            let mut ws = Workspace::new(&network, batch.capacity(), false).expect("memory");
            network.forward(&params, &batch.packing, batch.x.view(), batch.initial.as_ref(), None, &mut ws);
            assert_bits(ws.output(), trained.output(), "output");
            assert_bits(ws.hidden_outputs(0), trained.hidden_outputs(0), "states");
            assert_eq!(ws.final_states(), trained.final_states());
        }
    }
}

/// A larger workspace, used before for something else, gives the same.
#[test]
fn workspaces_forget() {
    for form in forms() {
        let layer = Recurrent { num_layers: 2, bidirectional: true, ..formed(form, 9) };
        let network = network(layer, 4, At::Every);
        let params = parameters(&network, 1);
        let large = Batch::random(&network, &[40, 3, 77, 12, 50, 9, 9], true, 2);
        let small = Batch::random(&network, &[5, 8, 1], false, 3);
        let (mut fresh, expected) = run(&network, &params, &small, None, ALL);
        let mut ws = Workspace::new(&network, large.capacity(), true).expect("memory");
        ws.reserve_hidden_values(&network).expect("memory");
        let mut grads = vec![0.0; params.len()];
        for batch in [&large, &small] {
            grads.fill(0.0);
            let (packing, x, initial) = (&batch.packing, batch.x.view(), batch.initial.as_ref());
            network.forward(&params, packing, x, initial, None, &mut ws);
            ws.output_and_gradient().1.copy_from_slice(&batch.cotangent);
            ws.state_gradients().clone_from(&batch.state_cotangent);
            network.backward(&params, packing, x, initial, None, &mut ws, &mut grads, ALL);
        }
        assert_bits(&grads, &expected, "gradients");
        assert_bits(ws.output(), fresh.output(), "output");
        assert_bits(ws.input_gradient(), fresh.input_gradient(), "gradient of the input");
        assert_eq!(ws.state_gradients(), fresh.state_gradients());
        assert_eq!(ws.hidden_gradients(), fresh.hidden_gradients());
    }
}

/// Tokens are their one-hot vectors; signs of zero aside, as a product with zeros adds zeros.
#[test]
fn tokens_are_one_hot_vectors() {
    for form in forms() {
        let vocabulary = 6;
        let layers = vec![Layer::Recurrent(Recurrent { bidirectional: true, ..formed(form, 7) }), head(vocabulary)];
        let by_token = Network::new(Input::Tokens { vocabulary }, layers.clone(), At::Every).unwrap();
        let by_vector = Network::new(Input::Values { size: vocabulary }, layers, At::Every).unwrap();
        let params = parameters(&by_token, 1);
        let batch = Batch::random(&by_token, &[4, 9, 1], false, 2);
        let X::Tokens(tokens) = &batch.x else { unreachable!() };
        let mut vectors = vec![0.0; tokens.len() * vocabulary];
        for (row, &token) in vectors.chunks_exact_mut(vocabulary).zip(tokens) {
            row[token as usize] = 1.0;
        }
        let one_hot = Batch { x: X::Values(vectors), ..batch.clone() };
        let (a, grads_a) = run(&by_token, &params, &batch, None, ALL);
        let (b, grads_b) = run(&by_vector, &params, &one_hot, None, ALL);
        assert_eq!(a.output(), b.output());
        assert_eq!(grads_a, grads_b);
        assert!(a.input_gradient().is_empty(), "tokens have no gradient");
    }
}

/// No initial state is an initial state of zeros.
#[test]
fn absent_states_are_zeros() {
    for form in forms().into_iter().filter(|(_, form)| !form.learned_state) {
        let network = network(Recurrent { bidirectional: true, ..formed(form, 7) }, 3, At::Last);
        let params = parameters(&network, 1);
        let absent = Batch::random(&network, &[4, 9, 1], false, 2);
        let zeros = Batch { initial: Some(States::zeros(&network, 3)), ..absent.clone() };
        let (mut a, grads_a) = run(&network, &params, &absent, None, ALL);
        let (mut b, grads_b) = run(&network, &params, &zeros, None, ALL);
        assert_bits(a.output(), b.output(), "output");
        assert_bits(&grads_a, &grads_b, "gradients");
        assert_eq!(a.state_gradients(), b.state_gradients());
    }
}

/// The order in which a batch is given changes only the order of what comes out.
#[test]
fn packing_undoes_itself() {
    let network = network(recurrent(CELLS[0], 5), 2, At::Last);
    let params = parameters(&network, 1);
    let sequence = |i: usize, steps: usize| -> Vec<f32> {
        (0..steps * 2).map(|j| ((i * 31 + j * 7) % 13) as f32 / 6.0 - 1.0).collect()
    };
    let predict = |sequences: &[Vec<f32>]| {
        let lengths: Vec<usize> = sequences.iter().map(|s| s.len() / 2).collect();
        let packing = Packing::new(&lengths);
        let mut x = Vec::new();
        for t in 0..packing.steps {
            for &i in &packing.order[..packing.sizes[t]] {
                x.extend_from_slice(&sequences[i as usize][t * 2..][..2]);
            }
        }
        let capacity = rnn::Capacity { batch: packing.batch, steps: packing.steps, rows: packing.rows };
        let mut ws = Workspace::new(&network, capacity, false).expect("memory");
        network.forward(&params, &packing, Values::Values(&x), None, None, &mut ws);
        let mut out = vec![Vec::new(); sequences.len()];
        for (position, &i) in packing.order.iter().enumerate() {
            out[i as usize] = ws.output()[position * 3..][..3].to_vec();
        }
        out
    };
    let sequences: Vec<Vec<f32>> = [4, 1, 6, 4, 2].into_iter().enumerate().map(|(i, n)| sequence(i, n)).collect();
    let mut turned = sequences.clone();
    turned.reverse();
    let mut expected = predict(&sequences);
    expected.reverse();
    assert_eq!(predict(&turned), expected);
}
