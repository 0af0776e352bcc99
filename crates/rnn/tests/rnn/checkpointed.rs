//! Backpropagation in segments has the bits of backpropagation through the whole.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{
    Activity, At, Capacity, CellKind, Checkpointed, Form, Input, Layer, Network, Norm, NormKind, Passed, Reading,
    Recurrent, Want, WeightForm, Workspace,
};

use crate::common::{Batch, CELLS, Whole, assert_bits, formed, forms, head, inside, key, parameters, recurrent};

/// Trains on a batch both ways, twice, so that what the first leaves behind is seen; the output's gradient depends on the output.
fn compare(network: &Network, lengths: &[usize], every: usize, dropout: bool, initial: bool) {
    let what = format!("{:?}, {lengths:?}, every {every}, dropout {dropout}", network.at());
    let params = parameters(network, 8);
    let mut whole = Workspace::new(network, Batch::random(network, lengths, false, 1).capacity(), true).unwrap();
    let mut segments = Checkpointed::new(network, Batch::random(network, lengths, false, 1).capacity(), every).unwrap();
    let (mut expected, mut grads) = (vec![0.0; params.len()], vec![0.0; params.len()]);
    // The second batch is smaller.
    for (seed, lengths) in [(3, lengths), (4, &lengths[..lengths.len().div_ceil(2)])] {
        let batch = Batch::random(network, lengths, initial, seed);
        let key = dropout.then_some(key(&batch, (5, seed)));
        let (packing, x, initial) = (&batch.packing, batch.x.view(), batch.initial.as_ref());
        network.forward(&params, packing, x, initial, key, &mut whole);
        let reading = Reading { params: &params, packing, initial, dropout: key };
        let mut inputs = Whole { x, packing };
        segments.forward(network, reading, &mut inputs);
        assert_bits(segments.output(), whole.output(), &what);
        for (a, b) in segments.final_states().layers.iter().zip(&whole.final_states().layers) {
            assert_bits(&a.h, &b.h, &what);
            assert_bits(&a.c, &b.c, &what);
        }
        let gradient = |output: &[f32], to: &mut [f32]| {
            for ((to, y), c) in to.iter_mut().zip(output).zip(&batch.cotangent) {
                *to = y * c;
            }
        };
        let (output, to) = whole.output_and_gradient();
        gradient(output, to);
        let (output, to) = segments.output_and_gradient();
        gradient(output, to);
        network.backward(&params, packing, x, initial, key, &mut whole, &mut expected, Want::default());
        let mut room = vec![f32::NAN; params.len()];
        segments.backward(network, reading, &mut inputs, &mut grads, &mut room);
        assert_eq!(room.len(), params.len());
        assert_bits(&grads, &expected, &what);
    }
    assert!(expected.iter().filter(|g| **g != 0.0).count() > params.len() / 3, "{what}: there are gradients");
}

const LENGTHS: [&[usize]; 3] = [&[13, 13, 13, 13], &[3, 11, 1, 17, 9, 30, 2, 2, 5], &[23]];

#[test]
fn every_cell_and_form_at_every_step_and_at_the_last() {
    for form in forms() {
        for (hidden, at) in [(7, At::Every), (16, At::Every), (7, At::Last), (16, At::Last)] {
            let layer = Recurrent { num_layers: 2, dropout: 0.3, ..formed(form, hidden) };
            let network = Network::new(Input::Values { size: 5 }, vec![Layer::Recurrent(layer), head(3)], at).unwrap();
            for (i, lengths) in LENGTHS.into_iter().enumerate() {
                for every in [1, 4, 5, 13, 100] {
                    compare(&network, lengths, every, i != 0, every != 4);
                }
            }
        }
    }
}

/// Enough rows that a block of the whole is longer than a segment, and a segment longer than a block.
#[test]
fn many_rows() {
    for at in [At::Every, At::Last] {
        let layer = Recurrent { num_layers: 2, ..recurrent(CELLS[0], 24) };
        let network = Network::new(Input::Values { size: 24 }, vec![Layer::Recurrent(layer), head(2)], at).unwrap();
        let lengths: Vec<usize> = (0..40).map(|i| 50 + i % 3).collect();
        for every in [3, 8, 20] {
            compare(&network, &lengths, every, false, false);
        }
    }
}

#[test]
fn tokens_frozen_layers_dropout_after_the_last_state_and_layers_before() {
    let stack = |frozen: bool| {
        let named = |name: &str, layer: Recurrent| Layer::Recurrent(Recurrent { name: name.into(), ..layer });
        let frozen_layer = Recurrent { trainable: !frozen, ..recurrent(CELLS[1], 6) };
        vec![
            Layer::Embedding { units: 5, dropout: 0.3, name: "embedding".into(), trainable: !frozen },
            Layer::Dropout { rate: 0.2, shared: true },
            named("a", frozen_layer),
            Layer::Dense {
                units: 9,
                activation: rnn::Activation::Tanh,
                bias: true,
                weight_norm: false,
                name: "between".into(),
                trainable: true,
            },
            named("b", recurrent(CELLS[0], 8)),
            Layer::Dropout { rate: 0.4, shared: false },
            head(4),
        ]
    };
    for at in [At::Every, At::Last] {
        for frozen in [false, true] {
            let network = Network::new(Input::Tokens { vocabulary: 11 }, stack(frozen), at).unwrap();
            for lengths in LENGTHS {
                compare(&network, lengths, 4, true, frozen);
            }
        }
        // Straight into the recurrent layer.
        let layers = vec![Layer::Recurrent(recurrent(CELLS[0], 8)), head(3)];
        let network = Network::new(Input::Tokens { vocabulary: 11 }, layers, at).unwrap();
        compare(&network, LENGTHS[1], 4, false, true);
    }
}

/// Their statistics are those of a step, whichever segment it is in.
#[test]
fn batch_norms_inside_cells() {
    let kind = rnn::CellNormKind::Batch { momentum: 0.1, max_steps: 12 };
    for cell in [CELLS[0], CELLS[1], CELLS[3], CELLS[8]] {
        for at in [At::Every, At::Last] {
            let layer = Recurrent { num_layers: 2, ..formed((cell, inside(kind)), 7) };
            let network = Network::new(Input::Values { size: 5 }, vec![Layer::Recurrent(layer), head(3)], at).unwrap();
            for lengths in &LENGTHS[..2] {
                for every in [1, 4, 13] {
                    compare(&network, lengths, every, true, every != 4);
                }
            }
        }
    }
}

#[test]
fn inputs_passed_on_around_levels() {
    for passed in [Passed::Added, Passed::Beside] {
        for at in [At::Every, At::Last] {
            let form = Form { passed, learned_state: true, ..Form::default() };
            let layer = Recurrent { num_layers: 2, ..formed((CELLS[0], form), 6) };
            let network = Network::new(Input::Values { size: 6 }, vec![Layer::Recurrent(layer), head(3)], at).unwrap();
            for lengths in LENGTHS {
                compare(&network, lengths, 4, false, false);
            }
        }
    }
}

#[test]
fn a_bidirectional_layer_is_refused_by_its_place() {
    let two = Recurrent { bidirectional: true, name: "two".into(), ..recurrent(CELLS[0], 4) };
    let layers = vec![Layer::Recurrent(recurrent(CELLS[0], 4)), Layer::Recurrent(two), head(2)];
    let network = Network::new(Input::Values { size: 2 }, layers, At::Last).unwrap();
    assert_eq!(Checkpointed::refuses(&network).map(|(layer, _)| layer), Some(1));
}

fn norm(kind: NormKind, trainable: bool, name: &str) -> Layer {
    Layer::Norm(Norm { kind, epsilon: 1e-5, name: name.into(), trainable })
}

/// Norms of rows, one of a batch that stands still, noise, shared masks and weights that are made of others, before and after
/// the last state.
#[test]
fn norms_noise_and_weights_made_of_others() {
    for (cell, form) in forms() {
        let recurrent = !matches!(cell, CellKind::MinGru | CellKind::MinLstm | CellKind::Lru);
        for weights in [WeightForm { norm: true, drop: 0.0 }, WeightForm { norm: false, drop: 0.3 }] {
            if weights.drop > 0.0 && !recurrent {
                continue;
            }
            for at in [At::Every, At::Last] {
                let layer = Recurrent { num_layers: 2, weights, ..formed((cell, form), 6) };
                let layers = vec![
                    Layer::Noise { deviation: 0.3 },
                    norm(NormKind::Batch { momentum: 0.1 }, false, "still"),
                    Layer::Recurrent(layer),
                    norm(NormKind::Layer { bias: true }, true, "layer"),
                    Layer::Dropout { rate: 0.3, shared: true },
                    Layer::Noise { deviation: 0.2 },
                    norm(NormKind::Rms, true, "rms"),
                    head(3),
                ];
                let network = Network::new(Input::Values { size: 6 }, layers, at).unwrap();
                for lengths in LENGTHS {
                    compare(&network, lengths, 4, true, false);
                    compare(&network, lengths, 5, false, true);
                }
            }
        }
    }
}

#[test]
fn what_sees_all_steps_at_a_time_is_refused_by_its_place() {
    let refused = |layers: Vec<Layer>| {
        let network = Network::new(Input::Values { size: 2 }, layers, At::Last).unwrap();
        Checkpointed::refuses(&network)
    };
    let learns = norm(NormKind::Batch { momentum: 0.1 }, true, "n");
    let (layer, why) = refused(vec![Layer::Recurrent(recurrent(CELLS[0], 4)), learns, head(2)]).expect("refused");
    assert_eq!((layer, why), (1, "is a batch norm: its statistics are of whole sequences"));
    for activity in [Activity { activation: 1.0, temporal: 0.0 }, Activity { activation: 0.0, temporal: 1.0 }] {
        let layer = Recurrent { activity, ..recurrent(CELLS[0], 4) };
        let (layer, why) = refused(vec![Layer::Recurrent(layer), head(2)]).expect("refused");
        assert_eq!((layer, why), (0, "has a penalty on the whole of its output"));
    }
}

/// A step of an LSTM keeps 17 H numbers (state, gates, memory and its tanh, gradients, operands of products), a state has 2 H.
#[test]
fn the_least_memory_is_where_segments_and_states_take_as_much() {
    let layers = vec![Layer::Recurrent(recurrent(CELLS[0], 128)), head(1)];
    let network = Network::new(Input::Values { size: 8 }, layers, At::Last).unwrap();
    let least =
        |batch: usize, steps: usize| Checkpointed::least(&network, Capacity { batch, steps, rows: batch * steps });
    for steps in [256_usize, 1024, 4096, 100_000] {
        let expected = (steps as f64 * 2.0 / 17.0).sqrt();
        assert!((0.8..1.25).contains(&(least(1, steps) as f64 / expected)), "{} of {steps} steps", least(1, steps));
    }
    // Blocks of rows do not grow with the steps of many sequences.
    let expected = (4096.0_f64 * 2.0 / 9.0).sqrt();
    assert!((0.8..1.25).contains(&(least(64, 4096) as f64 / expected)), "{}", least(64, 4096));
    assert_eq!([least(1, 1), least(0, 0)], [1, 1]);
}
