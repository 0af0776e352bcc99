//! What is not wanted is left out, and changes nothing else.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{Activation, At, CellKind, Form, Input, Layer, Network, Recurrent, Want};

use crate::common::{ALL, Batch, assert_bits, formed, forms, head, parameters, run};

fn layers(form: (CellKind, Form), trainable: [bool; 3]) -> Vec<Layer> {
    let dense = Layer::Dense {
        units: 6,
        activation: Activation::Tanh,
        bias: true,
        weight_norm: false,
        name: "below".into(),
        trainable: trainable[0],
    };
    let middle = Recurrent { num_layers: 2, bidirectional: true, trainable: trainable[1], ..formed(form, 5) };
    let Layer::Dense { units, activation, bias, weight_norm: false, name, .. } = head(2) else { unreachable!() };
    let head = Layer::Dense { units, activation, bias, weight_norm: false, name, trainable: trainable[2] };
    vec![dense, Layer::Recurrent(middle), head]
}

#[test]
fn less_wanted_same_gradients() {
    for form in forms() {
        for lengths in [&[5, 9, 1, 5][..], &[2, 1, 2], &[1]] {
            let network = Network::new(Input::Values { size: 3 }, layers(form, [true; 3]), At::Every).unwrap();
            let params = parameters(&network, 2);
            let batch = Batch::random(&network, lengths, true, 3);
            let (mut all, expected) = run(&network, &params, &batch, None, ALL);
            let one = Want::default();
            let wants = [
                one,
                Want { input: true, ..one },
                Want { states: true, ..one },
                Want { norms: true, ..one },
                Want { hidden_values: true, ..one },
            ];
            for want in wants {
                let (mut ws, grads) = run(&network, &params, &batch, None, want);
                assert_bits(&grads, &expected, "gradients");
                let input = if want.input { all.input_gradient() } else { &[] };
                assert_bits(ws.input_gradient(), input, "gradient of the input");
                if want.states {
                    assert_eq!(ws.state_gradients(), all.state_gradients());
                }
                for (a, b) in ws.hidden_gradients().iter().zip(all.hidden_gradients()) {
                    assert_eq!(a.norms, if want.norms { b.norms.clone() } else { Vec::new() });
                    assert_eq!(a.values, if want.hidden_values { b.values.clone() } else { Vec::new() });
                }
            }
        }
    }
}

/// Frozen layers get no gradient, and those around them the same as ever.
#[test]
fn frozen_layers() {
    for form in forms() {
        let free = Network::new(Input::Values { size: 3 }, layers(form, [true; 3]), At::Last).unwrap();
        let params = parameters(&free, 2);
        let batch = Batch::random(&free, &[5, 9, 1, 5], false, 3);
        let (_, expected) = run(&free, &params, &batch, None, Want::default());
        for case in 0..8 {
            let trainable = [case & 1 == 0, case & 2 == 0, case & 4 == 0];
            let network = Network::new(Input::Values { size: 3 }, layers(form, trainable), At::Last).unwrap();
            for want in [Want::default(), ALL] {
                let (_, grads) = run(&network, &params, &batch, None, want);
                for entry in network.table().entries() {
                    assert_eq!(entry.trainable, trainable[entry.layer]);
                    let expected = expected[entry.range()].iter().map(|g| if entry.trainable { *g } else { 0.0 });
                    assert_bits(&grads[entry.range()], &expected.collect::<Vec<_>>(), &entry.name);
                }
            }
        }
    }
}

/// Gradients are added to what is there.
#[test]
fn gradients_accumulate() {
    let network = Network::new(Input::Values { size: 3 }, layers(forms()[0], [true; 3]), At::Last).unwrap();
    let params = parameters(&network, 2);
    let batch = Batch::random(&network, &[5, 9, 1, 5], false, 3);
    let (_, once) = run(&network, &params, &batch, None, Want::default());
    let mut twice = once.clone();
    crate::common::run_onto(&network, &params, &batch, None, Want::default(), &mut twice);
    let error = twice.iter().zip(&once).map(|(t, o)| (t - 2.0 * o).abs()).fold(0.0, f32::max);
    let largest = once.iter().fold(0f32, |m, x| m.max(x.abs()));
    // Not bit for bit: the second pass starts its sums from the first one's results.
    assert!(error <= 1e-6 * largest, "{error:e} of {largest:e}");
}

/// Without cotangents on the output the states' alone count, which are zero after forward.
#[test]
fn forward_clears_the_gradients_of_the_states() {
    let network = Network::new(Input::Values { size: 3 }, layers(forms()[0], [true; 3]), At::Last).unwrap();
    let params = parameters(&network, 2);
    let batch = Batch::random(&network, &[5, 9, 1, 5], false, 3);
    let (mut ws, _) = run(&network, &params, &batch, None, ALL);
    network.forward(&params, &batch.packing, batch.x.view(), None, None, &mut ws);
    ws.output_gradient().fill(0.0);
    let mut states = ws.state_gradients().layers.iter().flat_map(|state| state.h.iter().chain(&state.c));
    assert!(states.all(|&g| g == 0.0));
    let mut grads = vec![0.0; params.len()];
    network.backward(&params, &batch.packing, batch.x.view(), None, None, &mut ws, &mut grads, ALL);
    assert!(grads.iter().all(|&g| g == 0.0), "nothing in, nothing out");
}
