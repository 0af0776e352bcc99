//! The table, and the way from natural tensors to the flat buffer and back.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{At, Input, Layer, Network, Recurrent, Role, Want};

use crate::common::{Batch, CELLS, head, parameters, recurrent, run};

fn network(cell: rnn::CellKind, hidden: usize) -> Network {
    let layer = Recurrent { num_layers: 2, bidirectional: true, ..recurrent(cell, hidden) };
    let embedding = Layer::Embedding { units: 5, dropout: 0.0, name: "embedding".into(), trainable: true };
    let layers = vec![embedding, Layer::Recurrent(layer), head(3)];
    Network::new(Input::Tokens { vocabulary: 9 }, layers, At::Every).unwrap()
}

#[test]
fn round_trip() {
    for cell in CELLS {
        for hidden in [1, 5, 8, 12] {
            let network = network(cell, hidden);
            let table = network.table();
            let mut flat = vec![f32::NAN; table.len()];
            let mut used = vec![false; table.len()];
            for (index, entry) in table.entries().iter().enumerate() {
                let natural: Vec<f32> = (0..entry.count()).map(|i| (index * 10_000 + i + 1) as f32).collect();
                table.import(index, &natural, &mut flat);
                let mut back = vec![0.0; natural.len()];
                table.export(index, &flat, &mut back);
                assert_eq!(back, natural, "{}", entry.name);
                assert_eq!(entry.offset % 8, 0, "{}", entry.name);
                assert!(used[entry.range()].iter().all(|used| !used), "{} overlaps", entry.name);
                used[entry.range()].fill(true);
                // The rest of the place is padding, and zero.
                let filled = flat[entry.range()].iter().filter(|&&x| x != 0.0).count();
                assert_eq!(filled, entry.count(), "{}", entry.name);
            }
            assert!(used.iter().all(|&used| used), "a gap in the table");
            assert_eq!(table.count(), table.entries().iter().map(|entry| entry.count()).sum::<usize>());
        }
    }
}

/// Names, shapes and their order are those of `torch.nn.Sequential`.
#[test]
fn names_and_shapes() {
    let network = network(CELLS[1], 4);
    let entries: Vec<(&str, &[usize], Role)> =
        network.table().entries().iter().map(|e| (e.name.as_str(), &e.shape[..], e.role)).collect();
    let expected: [(&str, &[usize], Role); 19] = [
        ("embedding.weight", &[9, 5], Role::Embedding),
        ("rnn.weight_ih_l0", &[12, 5], Role::InputWeight),
        ("rnn.weight_hh_l0", &[12, 4], Role::RecurrentWeight),
        ("rnn.bias_ih_l0", &[12], Role::Bias),
        ("rnn.bias_hh_l0", &[12], Role::Bias),
        ("rnn.weight_ih_l0_reverse", &[12, 5], Role::InputWeight),
        ("rnn.weight_hh_l0_reverse", &[12, 4], Role::RecurrentWeight),
        ("rnn.bias_ih_l0_reverse", &[12], Role::Bias),
        ("rnn.bias_hh_l0_reverse", &[12], Role::Bias),
        ("rnn.weight_ih_l1", &[12, 8], Role::InputWeight),
        ("rnn.weight_hh_l1", &[12, 4], Role::RecurrentWeight),
        ("rnn.bias_ih_l1", &[12], Role::Bias),
        ("rnn.bias_hh_l1", &[12], Role::Bias),
        ("rnn.weight_ih_l1_reverse", &[12, 8], Role::InputWeight),
        ("rnn.weight_hh_l1_reverse", &[12, 4], Role::RecurrentWeight),
        ("rnn.bias_ih_l1_reverse", &[12], Role::Bias),
        ("rnn.bias_hh_l1_reverse", &[12], Role::Bias),
        ("head.weight", &[3, 8], Role::Weight),
        ("head.bias", &[3], Role::Bias),
    ];
    assert_eq!(entries, expected);
    assert_eq!(network.table().find("head.weight"), Some(17));
    assert_eq!(network.table().find("head.weights"), None);
    let states = network.states();
    assert_eq!((states[0].layer, states[0].levels, states[0].hidden, states[0].cell), (1, 4, 4, false));
    assert_eq!(states[0].name, "rnn");
}

/// The padding of gradients is zero, so that an optimiser leaves that of the parameters at zero.
#[test]
fn padding_of_gradients_is_zero() {
    for cell in CELLS {
        let network = network(cell, 5);
        let params = parameters(&network, 3);
        let batch = Batch::random(&network, &[7, 40, 90, 3], true, 4);
        let (_, grads) = run(&network, &params, &batch, None, Want::default());
        let mut rebuilt = vec![0.0; grads.len()];
        for (index, entry) in network.table().entries().iter().enumerate() {
            let mut natural = vec![0.0; entry.count()];
            network.table().export(index, &grads, &mut natural);
            network.table().import(index, &natural, &mut rebuilt);
        }
        assert_eq!(rebuilt, grads);
    }
}
