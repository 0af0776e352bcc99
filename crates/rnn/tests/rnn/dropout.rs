//! Dropout masks and what they do to outputs and gradients.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{
    At, Capacity, DropoutKey, Extent, Input, Layer, Network, Packing, Philox, Purpose, Recurrent, Values, Workspace,
};

use crate::common::shares::within_four_errors;
use crate::common::{Batch, CELLS, head, parameters, recurrent, twin};

/// The mask of one sequence, `[steps][units]`, as the scheme says: a word of Philox for each unit.
pub fn mask(key: (u64, u64), place: u32, id: u64, steps: usize, units: usize, rate: f32) -> Vec<Vec<f64>> {
    let (seed, step) = key;
    let philox = Philox::new(seed, Purpose::Dropout).child([step as u32, (step >> 32) as u32, place, 0]);
    let keep = |t: usize, unit: usize| {
        let words = philox.block([(unit / 4) as u32, t as u32, id as u32, (id >> 32) as u32]);
        if f64::from(words[unit % 4]) < f64::from(rate) * 4_294_967_296.0 { 0.0 } else { 1.0 / (1.0 - f64::from(rate)) }
    };
    (0..steps).map(|t| (0..units).map(|unit| keep(t, unit)).collect()).collect()
}

/// Between levels, below, between layers and after the last state: against naive with the same masks.
#[test]
fn gradients_with_dropout() {
    let key = (9, 1 << 33 | 5);
    let mut worst = 0f64;
    for cell in CELLS {
        for at in [At::Every, At::Last] {
            let layer = Recurrent { num_layers: 2, bidirectional: true, dropout: 0.25, ..recurrent(cell, 5) };
            let layers = vec![
                Layer::Dropout { rate: 0.1, shared: false },
                Layer::Recurrent(layer),
                Layer::Dropout { rate: 0.5, shared: false },
                Layer::Dropout { rate: 0.0, shared: false },
                head(2),
            ];
            let network = Network::new(Input::Values { size: 6 }, layers, at).unwrap();
            let params = parameters(&network, 1);
            let batch = Batch::random(&network, &[4, 9, 2, 9], true, 2);
            // Places count the stages: dropout, level, dropout, level, (last state,) dropout.
            let top = if at == At::Last { 5 } else { 4 };
            let compared = twin::compare(&network, &params, &batch, Some(key), |sequence, position| {
                let (id, steps) = (batch.ids[position], batch.packing.lengths[position]);
                let rows = if at == At::Last { 1 } else { steps };
                sequence
                    .with_mask(0, 0, mask(key, 0, id, steps, 6, 0.1))
                    .with_mask(1, 0, mask(key, 2, id, steps, 10, 0.25))
                    .with_mask(2, 0, mask(key, top, id, rows, 10, 0.5))
            });
            assert!(compared.error <= 1e-5 && compared.zero == 0, "{cell:?} {at:?}: {compared:?}");
            worst = worst.max(compared.error);
        }
    }
    println!("dropout: worst relative error {worst:.1e}");
}

/// Output of a lone dropout (before an identity) on ones: its mask.
fn masks(rate: f32, lengths: &[usize], units: usize, seed: u64, step: u64, ids: &[u64]) -> (Packing, Vec<f32>) {
    let identity = Layer::Dense {
        units,
        activation: rnn::Activation::Linear,
        bias: false,
        weight_norm: false,
        name: "identity".into(),
        trainable: true,
    };
    let layers = vec![identity, Layer::Dropout { rate, shared: false }];
    let network = Network::new(Input::Values { size: units }, layers, At::Every).unwrap();
    let mut params = vec![0.0; network.table().len()];
    let mut natural = vec![0.0; units * units];
    (0..units).for_each(|i| natural[i * units + i] = 1.0);
    network.table().import(0, &natural, &mut params);
    let packing = Packing::new(lengths);
    let capacity = Capacity { batch: packing.batch, steps: packing.steps, rows: packing.rows };
    let mut ws = Workspace::new(&network, capacity, true).expect("memory");
    let rows: Vec<u64> = packing.order.iter().map(|&i| ids[i as usize]).collect();
    let x = vec![1.0; packing.rows * units];
    let key = DropoutKey { seed, step, rows: &rows, whole: Extent::default() };
    network.forward(&params, &packing, Values::Values(&x), None, Some(key), &mut ws);
    let output = ws.output().to_vec();
    (packing, output)
}

#[test]
fn keep_rate_and_scale() {
    for rate in [0.1f32, 0.5, 0.9] {
        let (_, mask) = masks(rate, &[300; 10], 37, 1, 2, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        within_four_errors(&mask, rate);
    }
}

/// A sequence has its mask wherever in the batch it is; other sequences, steps, updates and seeds have others.
#[test]
fn masks_go_with_the_sequence() {
    let units = 9;
    let (a, first) = masks(0.5, &[4, 7, 4], units, 1, 2, &[10, 11, 12]);
    let (b, second) = masks(0.5, &[2, 4, 7, 9, 4], units, 1, 2, &[99, 12, 11, 98, 10]);
    let row = |packing: &Packing, mask: &[f32], ids: &[u64], id: u64, t: usize| {
        let position = packing.order.iter().position(|&i| ids[i as usize] == id).unwrap();
        mask[packing.row(t, position) * units..][..units].to_vec()
    };
    for (id, steps) in [(10, 4), (11, 7), (12, 4)] {
        for t in 0..steps {
            let one = row(&a, &first, &[10, 11, 12], id, t);
            assert_eq!(one, row(&b, &second, &[99, 12, 11, 98, 10], id, t));
        }
    }
    let mut different = std::collections::BTreeSet::new();
    let mut add = |mask: &[f32]| different.insert(mask.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
    let whole = |seed, step, id| masks(0.5, &[3], 40, seed, step, &[id]).1;
    let high = 1 << 32;
    let keys = [(1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4), (1 | high, 2, 3), (1, 2 | high, 3), (1, 2, 3 | high)];
    for mask in keys.map(|(seed, step, id)| whole(seed, step, id)) {
        assert!(add(&mask), "two masks are the same");
    }
    let three = whole(1, 2, 3);
    assert_ne!(three[..40], three[40..80], "two steps have the same mask");
}

/// Without a key nothing is dropped, in a training workspace too.
#[test]
fn no_key_no_dropout() {
    let with = vec![
        Layer::Dropout { rate: 0.5, shared: false },
        Layer::Recurrent(Recurrent { num_layers: 2, dropout: 0.5, ..recurrent(CELLS[0], 5) }),
        Layer::Dropout { rate: 0.9, shared: false },
    ];
    let without = vec![Layer::Recurrent(Recurrent { num_layers: 2, ..recurrent(CELLS[0], 5) })];
    let with = Network::new(Input::Values { size: 3 }, with, At::Every).unwrap();
    let without = Network::new(Input::Values { size: 3 }, without, At::Every).unwrap();
    let params = parameters(&without, 1);
    let batch = Batch::random(&without, &[4, 2], false, 2);
    let (a, grads_a) = crate::common::run(&with, &params, &batch, None, crate::common::ALL);
    let (b, grads_b) = crate::common::run(&without, &params, &batch, None, crate::common::ALL);
    assert_eq!(a.output(), b.output());
    assert_eq!(grads_a, grads_b);
    assert_eq!(a.input_gradient(), b.input_gradient());
}
