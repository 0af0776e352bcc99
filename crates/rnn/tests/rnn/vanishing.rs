//! Pascanu's regulariser against vanishing gradients: against naive, in segments, and what it is for.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{
    Activation, At, CellKind, CellNormKind, Checkpointed, Form, Input, Layer, Network, Reading, Recurrent, Want,
    Workspace,
};

use crate::common::twin::{self, Compared};
use crate::common::{ALL, Batch, CELLS, Whole, assert_bits, formed, head, inside, key, parameters, run};

const KEY: (u64, u64) = (1, 2);
const ELMAN: [CellKind; 3] = [
    CellKind::Rnn { activation: Activation::Tanh },
    CellKind::Rnn { activation: Activation::Relu },
    CellKind::Rnn { activation: Activation::Linear },
];

fn layer(cell: CellKind, hidden: usize, vanishing: f32) -> Recurrent {
    formed((cell, Form { vanishing, ..Form::default() }), hidden)
}

fn network(layer: Recurrent, at: At) -> Network {
    Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(layer), head(2)], at).unwrap()
}

/// Ragged and not, one level and two, in one direction or both; by much, so that its part is seen beside the other.
#[test]
fn against_naive() {
    let mut worst = Compared::default();
    for cell in ELMAN {
        for choice in 0..16u64 {
            let bit = |n: u32| choice >> n & 1 == 1;
            let (num_layers, bidirectional, given) = (1 + usize::from(bit(0)), bit(1), bit(2));
            let at = if bit(3) { At::Last } else { At::Every };
            let lengths: &[usize] = if choice % 5 == 0 { &[5] } else { &[4, 9, 2, 9] };
            for (hidden, lambda) in [(5, 0.5), (16, 40.0)] {
                let layer = Recurrent { num_layers, bidirectional, ..layer(cell, hidden, lambda) };
                let network = network(layer, at);
                let params = parameters(&network, choice);
                let batch = Batch::random(&network, lengths, given, choice + 1);
                let factor = f64::from(lambda) / lengths.len() as f64;
                let compared = twin::compare(&network, &params, &batch, Some(KEY), |s, _| s.with_vanishing(0, factor));
                assert!(compared.error <= 1e-5, "{cell:?} {choice}: {compared:?}");
                worst.add(compared);

                let (_, with) = run(&network, &params, &batch, Some(KEY), Want::default());
                let (_, without) = run(&network, &params, &batch, None, Want::default());
                for (index, entry) in network.table().entries().iter().enumerate() {
                    let natural = |flat: &[f32]| {
                        let mut natural = vec![0.0; entry.count()];
                        network.table().export(index, flat, &mut natural);
                        natural
                    };
                    let same = natural(&with) == natural(&without);
                    assert_eq!(same, !entry.name.contains("weight_hh"), "{}", entry.name);
                }
            }
        }
    }
    println!("Ω: worst relative error {:.1e} in {} tensors ({})", worst.error, worst.tensors, worst.tensor);
}

/// Gradients that vanish to 1e-20 have their Ω all the same; those that are none have none.
#[test]
fn gradients_that_vanish() {
    let network = network(layer(ELMAN[0], 6, 1.0), At::Last);
    let mut params = parameters(&network, 3);
    let index = network.table().find("rnn.weight_hh_l0").expect("there");
    let range = network.table().entries()[index].range();
    params[range.clone()].iter_mut().for_each(|w| *w *= 0.2);
    let mut batch = Batch::random(&network, &[30, 30], false, 4);
    let factor = 1.0 / 2.0;
    batch.state_cotangent.layers[0].h.fill(0.0);
    let compared = twin::compare(&network, &params, &batch, Some(KEY), |s, _| s.with_vanishing(0, factor));
    assert!(compared.error <= 1e-5, "{compared:?}");
    let (ws, grads) = run(&network, &params, &batch, Some(KEY), ALL);
    let norms = &ws.hidden_gradients()[0].norms;
    assert!(norms[0] < 1e-12 * norms[29], "the gradient vanishes: {norms:?}");
    assert!(grads[range.clone()].iter().any(|g| g.abs() > 0.01), "and Ω minds");

    batch.cotangent.fill(0.0);
    let (_, grads) = run(&network, &params, &batch, Some(KEY), Want::default());
    assert!(grads.iter().all(|&g| g == 0.0));
}

/// A step down along its derivative brings Ω down: gradients shrink by less from step to step.
#[test]
fn it_keeps_gradients_from_vanishing() {
    let network = network(layer(ELMAN[0], 6, 1.0), At::Last);
    let mut params = parameters(&network, 3);
    let index = network.table().find("rnn.weight_hh_l0").expect("there");
    let range = network.table().entries()[index].range();
    params[range.clone()].iter_mut().for_each(|w| *w *= 0.3);
    let mut batch = Batch::random(&network, &[20; 8], false, 4);
    batch.state_cotangent.layers[0].h.fill(0.0);
    let shrinks = |params: &[f32]| {
        let (ws, _) = run(&network, params, &batch, None, ALL);
        let norms = &ws.hidden_gradients()[0].norms;
        libm::log10(f64::from(norms[0] / norms[19]))
    };
    let before = shrinks(&params);
    for step in 0..200 {
        let (_, with) = run(&network, &params, &batch, Some((1, step)), Want::default());
        let (_, without) = run(&network, &params, &batch, None, Want::default());
        for i in range.clone() {
            params[i] -= 0.01 * (with[i] - without[i]);
        }
    }
    let after = shrinks(&params);
    assert!(before < -6.0 && after > -2.0, "by 10^{before} before, 10^{after} after");
}

/// In segments, to the bit.
#[test]
fn checkpointed_has_the_bits_of_the_whole() {
    for (cell, hidden, at) in ELMAN.into_iter().flat_map(|c| [(c, 7, At::Every), (c, 16, At::Last), (c, 1, At::Every)])
    {
        let network = network(Recurrent { num_layers: 2, ..layer(cell, hidden, 3.0) }, at);
        let params = parameters(&network, 8);
        for lengths in [&[13, 13, 13][..], &[3, 11, 1, 17, 9, 30, 2], &[23]] {
            let mut batch = Batch::random(&network, lengths, true, 3);
            batch.state_cotangent.layers[0].h.fill(0.0);
            let (whole, expected) = run(&network, &params, &batch, Some(KEY), Want::default());
            let (_, all) = run(&network, &params, &batch, Some(KEY), ALL);
            assert_bits(&all, &expected, "whatever else is wanted");
            for every in [1, 4, 100] {
                let what = format!("{cell:?}, {lengths:?}, every {every}");
                let mut segments = Checkpointed::new(&network, batch.capacity(), every).unwrap();
                let (packing, x, initial) = (&batch.packing, batch.x.view(), batch.initial.as_ref());
                let reading = Reading { params: &params, packing, initial, dropout: Some(key(&batch, KEY)) };
                let mut inputs = Whole { x, packing };
                segments.forward(&network, reading, &mut inputs);
                assert_bits(segments.output(), whole.output(), &what);
                segments.output_and_gradient().1.copy_from_slice(&batch.cotangent);
                let mut grads = vec![0.0; params.len()];
                let mut room = vec![f32::NAN; params.len()];
                segments.backward(&network, reading, &mut inputs, &mut grads, &mut room);
                assert_bits(&grads, &expected, &what);
            }
        }
    }
}

/// Rows of a batch in two shards, of which each knows the whole: their sums are the gradient of the batch.
#[test]
fn shards_add_up() {
    let network = network(layer(ELMAN[0], 5, 2.0), At::Every);
    let params = parameters(&network, 8);
    let batch = Batch::random(&network, &[6, 6], false, 3);
    let (_, whole) = run(&network, &params, &batch, Some(KEY), Want::default());
    let mut sum = vec![0.0; params.len()];
    for position in 0..2 {
        let mut shard = Batch::random(&network, &[6], false, 3);
        let pick = |from: &[f32], width: usize| -> Vec<f32> {
            (0..6).flat_map(|t| from[batch.packing.row(t, position) * width..][..width].to_vec()).collect()
        };
        let crate::common::X::Values(x) = &batch.x else { unreachable!() };
        shard.x = crate::common::X::Values(pick(x, 3));
        let mut ws = Workspace::new(&network, shard.capacity(), true).expect("memory");
        let of_whole = key(&batch, KEY);
        let key = rnn::DropoutKey { rows: &batch.ids[position..], ..of_whole };
        network.forward(&params, &shard.packing, shard.x.view(), None, Some(key), &mut ws);
        ws.output_gradient().copy_from_slice(&pick(&batch.cotangent, 2));
        let states = &mut ws.state_gradients().layers[0].h;
        states.copy_from_slice(&batch.state_cotangent.layers[0].h[position * 5..][..5]);
        network.backward(&params, &shard.packing, shard.x.view(), None, Some(key), &mut ws, &mut sum, Want::default());
    }
    let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
    let error = naive::difference::relative_error(&wide(&sum), &wide(&whole));
    assert!(error <= 1e-6, "{error:e}");
}

#[test]
fn refusals() {
    let message = |cell: CellKind, form: Form| {
        let layers = vec![Layer::Recurrent(formed((cell, form), 5))];
        Network::new(Input::Values { size: 3 }, layers, At::Every).unwrap_err().to_string()
    };
    let form = |vanishing| Form { vanishing, ..Form::default() };
    for cell in CELLS.into_iter().filter(|cell| !matches!(cell, CellKind::Rnn { .. })) {
        assert_eq!(message(cell, form(1.0)), "layers[0]: vanishingPenalty: expected an Elman network");
    }
    for vanishing in [-1.0, f32::NAN, f32::INFINITY] {
        let expected = "layers[0]: vanishingPenalty: expected a finite number from 0";
        assert_eq!(message(ELMAN[0], form(vanishing)), expected);
    }
    let zoneout = Form { zoneout: 0.5, ..form(1.0) };
    let expected = "layers[0]: vanishingPenalty: not together with zoneout, which hands gradients on by itself";
    assert_eq!(message(ELMAN[0], zoneout), expected);
    let normed = Form { vanishing: 1.0, ..inside(CellNormKind::Layer) };
    let expected = "layers[0]: vanishingPenalty: not together with normalization, through whose norms gradients pass from step to step too";
    assert_eq!(message(ELMAN[0], normed), expected);
}
