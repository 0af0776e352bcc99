//! Variational dropout: the masks themselves, their shares and expectation, beside norms inside cells and the regulariser against
//! vanishing gradients, and one mask for all steps between levels. (Against naive in all forms of a layer, in segments, and
//! wherever a sequence is: with the other masks, in `step_masks`.)

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{Activation, At, CellKind, CellNormKind, Form, Input, Layer, Network, Recurrent, Want, Workspace};

use crate::common::shares::within_four_errors;
use crate::common::twin::{self, Compared};
use crate::common::{ALL, Batch, CELLS, assert_bits, formed, head, inside, key, parameters, recurrent, run};
use crate::noise::shared;
use crate::step_masks::{KEY, with_masks};

const LINEAR: CellKind = CellKind::Rnn { activation: Activation::Linear };
const LENGTHS: [usize; 5] = [4, 9, 2, 9, 1];

/// Those with recurrent products.
fn cells() -> impl Iterator<Item = CellKind> {
    CELLS.into_iter().filter(|cell| !matches!(cell, CellKind::MinGru | CellKind::MinLstm | CellKind::Lru))
}

fn network(layer: Recurrent, at: At) -> Network {
    Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(layer), head(2)], at).unwrap()
}

/// Each norm inside each cell that can have it.
#[test]
fn beside_norms_inside_cells() {
    let kinds = [CellNormKind::Layer, CellNormKind::Rms, CellNormKind::Batch { momentum: 0.3, max_steps: 5 }];
    let mut worst = Compared::default();
    for kind in kinds {
        for (cell, proj_size) in [(0, None), (1, None), (3, None), (8, Some(4)), (7, None)] {
            for choice in 0..8u64 {
                let bit = |n: u32| choice >> n & 1 == 1;
                let form = Form { variational: 0.3, proj_size, ..inside(kind) };
                let layer = formed((CELLS[cell], form), if bit(2) { 8 } else { 5 });
                let layer = Recurrent { num_layers: 2, bidirectional: bit(0), ..layer };
                let network = network(layer.clone(), if bit(1) { At::Last } else { At::Every });
                let batch = Batch::random(&network, &LENGTHS, bit(0), choice + 1);
                let compared =
                    twin::compare(&network, &parameters(&network, choice), &batch, Some(KEY), |sequence, position| {
                        with_masks(sequence, &layer, 0, batch.ids[position], true)
                    });
                assert!(compared.error <= 1e-5, "{cell} {kind:?} {choice}: {compared:?}");
                worst.add(compared);
            }
        }
    }
    println!("norms inside: worst relative error {:.1e} ({})", worst.error, worst.tensor);
}

/// Ω is of what the state hands on, which is masked too.
#[test]
fn beside_the_regulariser_against_vanishing_gradients() {
    let mut worst = Compared::default();
    for cell in [CELLS[3], CELLS[4], LINEAR] {
        for choice in 0..8u64 {
            let bit = |n: u32| choice >> n & 1 == 1;
            let form = Form { variational: 0.3, vanishing: 2.0, ..Form::default() };
            let layer = Recurrent { num_layers: 2, bidirectional: bit(0), ..formed((cell, form), 5) };
            let network = network(layer.clone(), if bit(1) { At::Last } else { At::Every });
            let batch = Batch::random(&network, &LENGTHS, bit(2), choice + 1);
            let params = parameters(&network, choice);
            let masked = |sequence, position: usize| with_masks(sequence, &layer, 0, batch.ids[position], true);
            let factor = 2.0 / LENGTHS.len() as f64;
            let compared =
                twin::compare(&network, &params, &batch, Some(KEY), |s, p| masked(s.with_vanishing(0, factor), p));
            assert!(compared.error <= 1e-5, "{cell:?} {choice}: {compared:?}");
            let without = twin::compare(&network, &params, &batch, Some(KEY), masked);
            assert!(without.error > 1e-3, "it does something");
            worst.add(compared);
        }
    }
    println!("Ω: worst relative error {:.1e} ({})", worst.error, worst.tensor);
}

/// One mask for all steps of a sequence between levels, in one direction and both.
#[test]
fn between_levels() {
    for (cell, at) in cells().flat_map(|cell| [(cell, At::Every), (cell, At::Last)]) {
        for bidirectional in [false, true] {
            let layer = recurrent(cell, 5);
            let layer = Recurrent { num_layers: 3, bidirectional, dropout: 0.4, dropout_shared: true, ..layer };
            let network = network(layer, at);
            let batch = Batch::random(&network, &LENGTHS, true, 2);
            let width = if bidirectional { 10 } else { 5 };
            // Places count the stages: level, dropout, level, dropout.
            let compared =
                twin::compare(&network, &parameters(&network, 1), &batch, Some(KEY), |sequence, position| {
                    let (id, steps) = (batch.ids[position], batch.packing.lengths[position]);
                    let mask = |place| shared(KEY, place, id, steps, width, 0.4);
                    sequence.with_mask(0, 0, mask(1)).with_mask(0, 1, mask(3))
                });
            assert!(compared.error <= 1e-5, "{cell:?} {at:?}: {compared:?}");
        }
    }
}

/// A linear unit that hands its state on, from 1, shows its mask at the first step, and at the others that it is the same: 37,000
/// units.
#[test]
fn shares() {
    let (units, sequences) = (37, 1000);
    for rate in [0.1f32, 0.5, 0.9] {
        let form = Form { variational: rate, ..Form::default() };
        let layers = vec![Layer::Recurrent(Recurrent { bias: false, ..formed((LINEAR, form), units) })];
        let network = Network::new(Input::Values { size: 1 }, layers, At::Every).unwrap();
        let mut params = vec![0.0; network.table().len()];
        let mut identity = vec![0.0; units * units];
        (0..units).for_each(|i| identity[i * units + i] = 1.0);
        network.table().import(network.table().find("rnn.weight_hh_l0").unwrap(), &identity, &mut params);
        let mut batch = Batch::random(&network, &vec![3; sequences], true, 1);
        batch.initial.as_mut().unwrap().layers[0].h.fill(1.0);
        let (ws, _) = run(&network, &params, &batch, Some((1, 2)), Want::default());
        let (mask, later) = ws.output().split_at(units * sequences);
        within_four_errors(mask, rate);
        for (t, row) in later.chunks_exact(mask.len()).enumerate() {
            let power = |m: &f32| (0..t + 1).fold(*m, |h, _| h * m);
            assert!(row.iter().zip(mask).all(|(h, m)| *h == power(m)), "one mask for all steps");
        }
    }
}

/// The mean over 4,000 updates of a linear unit's state after a step is what it is outside training, within four standard errors.
#[test]
fn the_expectation_is_that_of_evaluation() {
    let form = Form { variational: 0.4, ..Form::default() };
    let layers = vec![Layer::Recurrent(formed((LINEAR, form), 4))];
    let network = Network::new(Input::Values { size: 3 }, layers, At::Every).unwrap();
    let params = parameters(&network, 3);
    let batch = Batch::random(&network, &[1], true, 2);
    let mut ws = Workspace::new(&network, batch.capacity(), true).expect("memory");
    let mut given = |of: Option<(u64, u64)>| -> Vec<f64> {
        let key = of.map(|of| key(&batch, of));
        network.forward(&params, &batch.packing, batch.x.view(), batch.initial.as_ref(), key, &mut ws);
        ws.output().iter().map(|&x| f64::from(x)).collect()
    };
    let (expected, n) = (given(None), 4000);
    let drawn: Vec<Vec<f64>> = (0..n).map(|step| given(Some((7, step)))).collect();
    for (j, expected) in expected.iter().enumerate() {
        let mean = drawn.iter().map(|row| row[j]).sum::<f64>() / n as f64;
        let variance = drawn.iter().map(|row| (row[j] - mean) * (row[j] - mean)).sum::<f64>() / n as f64;
        let error = (variance / n as f64).sqrt();
        assert!(variance > 0.0 && (mean - expected).abs() < 4.0 * error, "{mean} against {expected} ± {error}");
    }
}

/// Without a key the bits are those of the layer without, forward and back.
#[test]
fn it_acts_in_training_alone() {
    for cell in cells() {
        let layer = |variational, dropout_shared| {
            let form = Form { variational, ..Form::default() };
            Recurrent { num_layers: 2, dropout: 0.2, dropout_shared, ..formed((cell, form), 7) }
        };
        let (with, without) = (network(layer(0.5, true), At::Every), network(layer(0.0, false), At::Every));
        let params = parameters(&without, 1);
        let batch = Batch::random(&without, &[4, 2], false, 2);
        let (a, grads) = run(&with, &params, &batch, None, ALL);
        let (b, expected) = run(&without, &params, &batch, None, ALL);
        assert_bits(a.output(), b.output(), "output");
        assert_bits(&grads, &expected, "gradients");
        let (c, _) = run(&with, &params, &batch, Some(KEY), ALL);
        assert!(c.output() != b.output(), "in training it does something");
    }
}

#[test]
fn refusals() {
    let message = |cell: CellKind, variational: f32| {
        let form = Form { variational, ..Form::default() };
        let layers = vec![Layer::Recurrent(formed((cell, form), 5))];
        Network::new(Input::Values { size: 3 }, layers, At::Every).map(|_| ()).unwrap_err().to_string()
    };
    for cell in [CellKind::MinGru, CellKind::MinLstm, CellKind::Lru] {
        assert_eq!(message(cell, 0.5), "layers[0]: variationalDropout: the layer has no recurrent weights");
    }
    for rate in [1.0, -0.1, f32::NAN] {
        let expected = "layers[0]: variationalDropout: expected a share of at least 0 and less than 1";
        assert_eq!(message(CELLS[0], rate), expected);
    }
}
