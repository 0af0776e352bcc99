//! Norms inside cells against naive, and what a batch norm leaves for its running statistics.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::difference::relative_error;
use rnn::{
    At, Buffer, Capacity, CellKind, CellNorm, CellNormKind, DropoutKey, Extent, Form, Init, Input, Layer, Network,
    Packing, Recurrent, Role, Running, States, Want, Workspace,
};

use crate::common::twin::{self, Compared};
use crate::common::{ALL, Batch, CELLS, X, assert_bits, formed, head, inside, parameters, recurrent, run, run_onto};

const BATCH: CellNormKind = CellNormKind::Batch { momentum: 0.3, max_steps: 5 };
const KINDS: [CellNormKind; 3] = [CellNormKind::Layer, CellNormKind::Rms, BATCH];
const LIMIT: f64 = 1e-5;

/// The cells that can have them.
pub fn cells() -> Vec<(CellKind, Option<usize>)> {
    let plain = [0, 1, 3, 4, 6, 7, 8].map(|i| (CELLS[i], None));
    plain.into_iter().chain([(CELLS[0], Some(3)), (CELLS[8], Some(4))]).collect()
}

fn layer((cell, proj_size): (CellKind, Option<usize>), kind: CellNormKind, hidden: usize) -> Recurrent {
    Recurrent { form: Form { proj_size, ..inside(kind) }, ..recurrent(cell, hidden) }
}

/// In training (a batch norm by the batch) and outside it, levels, directions, ragged or not, in two sizes.
fn every_form(kind: CellNormKind) {
    let training = if matches!(kind, CellNormKind::Batch { .. }) { [Some((3, 4)), None] } else { [None, None] };
    let mut all = Compared::default();
    for of in cells() {
        for case in 0..64u64 {
            let bit = |i: u64| case >> i & 1 == 1;
            // Longer than there are statistics; at the end there is one sequence alone.
            let lengths: &[usize] = if bit(0) { &[3, 7, 1, 8, 2, 7, 3] } else { &[4, 4, 4, 4, 4] };
            let at = if bit(1) { At::Last } else { At::Every };
            let hidden = if bit(2) { 8 } else { 5 };
            let num_layers = if bit(3) { 2 } else { 1 };
            let initial = bit(5);
            let layer = Recurrent { num_layers, bidirectional: bit(4), bias: case % 3 > 0, ..layer(of, kind, hidden) };
            let network = Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(layer), head(2)], at).unwrap();
            let batch = Batch::random(&network, lengths, initial, case + 1);
            let compared =
                twin::compare(&network, &parameters(&network, case), &batch, training[case as usize % 2], |s, _| s);
            assert!(compared.error <= LIMIT, "{of:?} {kind:?} {case:06b}: {compared:?}");
            all.add(compared);
        }
    }
    println!(
        "{kind:?}: worst relative error {:.1e} ({}), {} tensors, {} of zeros",
        all.error, all.tensor, all.tensors, all.zero
    );
    // Where all units of a relu die.
    assert!(all.zero * 50 <= all.tensors);
}

#[test]
fn layer_norm() {
    every_form(CellNormKind::Layer);
}

#[test]
fn rms_norm() {
    every_form(CellNormKind::Rms);
}

#[test]
fn batch_norm() {
    every_form(BATCH);
}

/// More rows than a block, tokens, sizes that no tile divides.
#[test]
fn many_rows_and_tokens() {
    let lengths: Vec<usize> = (0..37).map(|i| 1 + (i * 7) % 17).collect();
    for kind in KINDS {
        for of in cells() {
            for (input, hidden) in [(Input::Values { size: 9 }, 16), (Input::Tokens { vocabulary: 7 }, 11)] {
                let layer = Recurrent { num_layers: 2, bidirectional: true, ..layer(of, kind, hidden) };
                let network = Network::new(input, vec![Layer::Recurrent(layer), head(3)], At::Every).unwrap();
                let batch = Batch::random(&network, &lengths, true, 6);
                let compared = twin::compare(&network, &parameters(&network, 5), &batch, Some((1, 2)), |s, _| s);
                assert!(compared.error <= LIMIT, "{of:?} {kind:?} {hidden}: {compared:?}");
            }
        }
    }
}

/// One step at a time from the state before, in a workspace that keeps nothing, is the whole, outside training.
#[test]
fn step_by_step() {
    for kind in KINDS {
        for of in cells() {
            let layer = Recurrent { num_layers: 2, ..layer(of, kind, 7) };
            let network =
                Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(layer), head(2)], At::Every).unwrap();
            let params = parameters(&network, 3);
            let batch = Batch::random(&network, &[9, 9, 9], true, 4);
            let (whole, _) = run(&network, &params, &batch, None, Want::default());
            let mut ws = Workspace::new(&network, Capacity { batch: 3, steps: 1, rows: 3 }, false).unwrap();
            let mut states = batch.initial.clone().unwrap();
            let X::Values(x) = &batch.x else { unreachable!() };
            for t in 0..9 {
                let x = rnn::Values::Values(&x[t * 9..][..9]);
                network.go_on(&params, &Packing::new(&[1, 1, 1]), x, (t, &states), &mut ws);
                assert_bits(ws.output(), &whole.output()[t * 6..][..6], "output");
                states.clone_from(ws.final_states());
            }
            assert_eq!(&states, whole.final_states());
        }
    }
}

/// What a layer has is listed by name, and starts as it says.
#[test]
fn parameters_and_their_start() {
    let names = |cell: CellKind, kind: CellNormKind| -> Vec<(String, Vec<usize>, bool)> {
        let layers = vec![Layer::Recurrent(layer((cell, None), kind, 4))];
        let network = Network::new(Input::Values { size: 3 }, layers, At::Every).unwrap();
        let entries =
            network.table().entries().iter().filter(|p| !p.name.contains("weight") && !p.name.contains("_ih"));
        entries.map(|p| (p.name.clone(), p.shape.clone(), p.trainable)).collect()
    };
    let entry = |name: &str, shape: &[usize], trainable| (format!("rnn.{name}_l0"), shape.to_vec(), trainable);
    let lstm = [entry("bias_hh", &[16], true), entry("gain_hh", &[16], true), entry("gain_c", &[4], true)];
    assert_eq!(names(CELLS[0], CellNormKind::Rms), lstm);
    let shift = [entry("bias_c", &[4], true)];
    assert_eq!(names(CELLS[0], CellNormKind::Layer), [&lstm[..], &shift].concat());
    let buffers = [
        entry("running_mean", &[5, 36], false),
        entry("running_var", &[5, 36], false),
        entry("num_batches_tracked", &[5], false),
    ];
    assert_eq!(names(CELLS[0], BATCH), [&lstm[..], &shift, &buffers].concat());
    let gru = [entry("bias_hh", &[12], true), entry("gain_hh", &[12], true)];
    assert_eq!(names(CELLS[1], CellNormKind::Layer), gru);
    assert_eq!(names(CELLS[3], CellNormKind::Rms), [entry("bias_hh", &[4], true), entry("gain", &[4], true)]);

    for scheme in [Init::Default, Init::PyTorch] {
        for (kind, gain) in [(CellNormKind::Layer, 1.0), (BATCH, 0.1)] {
            let layers = vec![Layer::Recurrent(layer((CELLS[6], None), kind, 4))];
            let network = Network::new(Input::Values { size: 3 }, layers, At::Every).unwrap();
            let mut params = vec![9.0; network.table().len()];
            rnn::initialise(&network, scheme, 1, &mut params);
            for p in network.table().entries() {
                let values = &params[p.offset..][..p.count()];
                let expected = match p.role {
                    Role::Gain => gain,
                    Role::Buffer(Buffer::Variance) => 1.0,
                    Role::Buffer(_) => 0.0,
                    Role::Bias if p.name.contains("bias_c") => 0.0,
                    _ => continue,
                };
                assert!(values.iter().all(|&x| x == expected), "{scheme:?} {}: {values:?}", p.name);
            }
        }
    }
}

/// In f64, from the products of the first step: PyTorch's formulas of each step by itself, shards by their sequences.
#[test]
fn running_statistics() {
    let layers = vec![Layer::Recurrent(layer((CELLS[0], None), BATCH, 4))];
    let network = Network::new(Input::Values { size: 2 }, layers, At::Every).unwrap();
    let mut params = parameters(&network, 1);
    for p in network.table().entries().iter().filter(|p| p.role.is_buffer()) {
        let start = if p.role == Role::Buffer(Buffer::Variance) { 1.0 } else { 0.0 };
        params[p.range()].fill(start);
    }
    let natural = twin::parameters(&network, &params);
    let (w, width) = (&natural["rnn.weight_ih_l0"], 36);
    let mut running = Running::new(&network);
    let mut total = vec![0.0; params.len()];
    let (mut mean, mut variance, mut n) = (vec![0.0; 16 * 7], vec![0.0; 16 * 7], vec![0.0; 7]);
    for lengths in [&[7usize, 2, 4, 3][..], &[1, 5, 6]] {
        let batch = Batch::random(&network, lengths, false, 5);
        run_onto(&network, &params, &batch, Some((1, 2)), Want::default(), &mut total);
        let X::Values(x) = &batch.x else { unreachable!() };
        for t in 0..batch.packing.steps {
            let rows = batch.packing.sizes[t];
            if rows == 1 {
                continue;
            }
            n[t] += rows as f64;
            for j in 0..16 {
                let z = |s: usize| {
                    (0..2).map(|k| w[j * 2 + k] * f64::from(x[batch.packing.row(t, s) * 2 + k])).sum::<f64>()
                };
                let column: Vec<f64> = (0..rows).map(z).collect();
                let m = column.iter().sum::<f64>() / rows as f64;
                mean[t * 16 + j] += rows as f64 * m;
                variance[t * 16 + j] +=
                    rows as f64 * column.iter().map(|z| (z - m) * (z - m)).sum::<f64>() / (rows as f64 - 1.0);
            }
        }
    }
    running.take(&mut total);
    assert!(
        twin::parameters(&network, &total)
            .iter()
            .all(|(name, g)| !name.contains("running") || g.iter().all(|&g| g == 0.0))
    );
    running.apply(&mut params);
    let end = twin::parameters(&network, &params);
    // Steps 0 to 4 by themselves, 5 (of the first shard one sequence, which is left out; of the second one, likewise) nobody's.
    assert_eq!(end["rnn.num_batches_tracked_l0"], [1.0, 1.0, 1.0, 1.0, 1.0]);
    for t in 0..5 {
        for j in 0..16 {
            let expected = [0.3 * mean[t * 16 + j] / n[t], 0.7 + 0.3 * variance[t * 16 + j] / n[t]];
            let got = [end["rnn.running_mean_l0"][t * width + j], end["rnn.running_var_l0"][t * width + j]];
            assert!(relative_error(&got, &expected) < 1e-6, "step {t}, number {j}: {got:?} for {expected:?}");
        }
    }
}

/// Steps after the last with statistics move that one, together.
#[test]
fn later_steps_go_with_the_last() {
    let kind = CellNormKind::Batch { momentum: 1.0, max_steps: 1 };
    let layers = vec![Layer::Recurrent(layer((CELLS[3], None), kind, 3))];
    let network = Network::new(Input::Values { size: 2 }, layers, At::Every).unwrap();
    let mut params = parameters(&network, 1);
    let batch = Batch::random(&network, &[3, 3, 2], false, 5);
    let (ws, mut grads) = run(&network, &params, &batch, Some((1, 2)), Want::default());
    let natural = twin::parameters(&network, &params);
    let mut running = Running::new(&network);
    running.take(&mut grads);
    running.apply(&mut params);
    let X::Values(x) = &batch.x else { unreachable!() };
    let end = twin::parameters(&network, &params);
    for j in 0..3 {
        let (mut sum, mut squares) = (0.0, 0.0);
        for t in 0..3 {
            let z = |s: usize| {
                let of_x = (0..2)
                    .map(|k| natural["rnn.weight_ih_l0"][j * 2 + k] * f64::from(x[batch.packing.row(t, s) * 2 + k]));
                let h =
                    |k: usize| if t == 0 { 0.0 } else { f64::from(ws.output()[batch.packing.row(t - 1, s) * 3 + k]) };
                of_x.sum::<f64>() + (0..3).map(|k| natural["rnn.weight_hh_l0"][j * 3 + k] * h(k)).sum::<f64>()
            };
            let column: Vec<f64> = (0..batch.packing.sizes[t]).map(z).collect();
            let n = column.len() as f64;
            let m = column.iter().sum::<f64>() / n;
            sum += n * m;
            squares += n * column.iter().map(|z| (z - m) * (z - m)).sum::<f64>() / (n - 1.0);
        }
        let got = [end["rnn.running_mean_l0"][j], end["rnn.running_var_l0"][j]];
        assert!(relative_error(&got, &[sum / 8.0, squares / 8.0]) < 1e-5, "{got:?}");
    }
}

/// A frozen layer goes by its running statistics in training too, and they stand still.
#[test]
fn frozen() {
    for of in cells() {
        let free = layer(of, BATCH, 5);
        let fixed = Recurrent { trainable: false, ..free.clone() };
        let make =
            |layer| Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(layer), head(2)], At::Every).unwrap();
        let (free, fixed) = (make(free), make(fixed));
        let params = parameters(&free, 1);
        let batch = Batch::random(&free, &[4, 6, 6, 2], true, 2);
        let (a, _) = run(&free, &params, &batch, None, ALL);
        let (b, grads) = run(&fixed, &params, &batch, Some((1, 1)), ALL);
        assert_bits(a.output(), b.output(), "output");
        assert_bits(a.input_gradient(), b.input_gradient(), "gradient of the input");
        assert!(
            twin::parameters(&fixed, &grads)
                .iter()
                .all(|(name, g)| !name.starts_with("rnn") || g.iter().all(|&g| g == 0.0))
        );
        assert_eq!(fixed.batch_norms().count(), 0);
        assert_eq!(free.batch_norms().collect::<Vec<_>>(), [(0, true)]);
        assert!(fixed.states()[0].counts);
    }
}

/// A workspace that held a larger batch before gives the same bits as one of the right size.
#[test]
fn room_for_more() {
    for of in cells() {
        let layer = Recurrent { num_layers: 2, bidirectional: true, ..layer(of, BATCH, 6) };
        let network =
            Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(layer), head(2)], At::Every).unwrap();
        let params = parameters(&network, 1);
        let (large, small) = (Batch::random(&network, &[9, 8, 7], true, 2), Batch::random(&network, &[5, 2], false, 3));
        let (_, expected) = run(&network, &params, &small, Some((1, 1)), ALL);
        let mut ws = Workspace::new(&network, large.capacity(), true).unwrap();
        let mut grads = vec![0.0; params.len()];
        for batch in [&large, &small] {
            grads.fill(0.0);
            let key = Some(DropoutKey { seed: 1, step: 1, rows: &batch.ids, whole: Extent::default() });
            let initial = batch.initial.as_ref();
            network.forward(&params, &batch.packing, batch.x.view(), initial, key, &mut ws);
            ws.output_gradient().copy_from_slice(&batch.cotangent);
            ws.state_gradients().clone_from(&batch.state_cotangent);
            network.backward(
                &params,
                &batch.packing,
                batch.x.view(),
                initial,
                key,
                &mut ws,
                &mut grads,
                Want::default(),
            );
        }
        assert_bits(&grads, &expected, "gradients");
    }
}

/// Rows of one number far from the others, and of one number alone, cost no more than the rounding of the numbers themselves.
#[test]
fn products_far_from_zero() {
    for kind in KINDS {
        let network = Network::new(
            Input::Values { size: 2 },
            vec![Layer::Recurrent(layer((CELLS[0], None), kind, 4))],
            At::Every,
        )
        .unwrap();
        let params = parameters(&network, 1);
        let mut batch = Batch::random(&network, &[6, 3, 6, 6], false, 2);
        let X::Values(x) = &mut batch.x else { unreachable!() };
        x.iter_mut().for_each(|x| *x += 20.0);
        let compared = twin::compare(&network, &params, &batch, Some((1, 1)), |s, _| s);
        // Of a batch norm, whose numbers are 20 and apart by 1, rounding is 20 times that of others.
        assert!(compared.error <= 5e-5, "{kind:?}: {compared:?}");
    }
}

#[test]
fn what_has_none_is_refused_by_name() {
    let refused = |layer: Recurrent| {
        let error = Network::new(Input::Values { size: 2 }, vec![Layer::Recurrent(layer)], At::Every).unwrap_err();
        error.to_string()
    };
    for cell in [CellKind::MinGru, CellKind::MinLstm, CellKind::Lru] {
        let text = "layers[0]: normalization: expected an LSTM, a GRU or an rnn";
        assert_eq!(refused(layer((cell, None), CellNormKind::Layer, 3)), text);
    }
    let text = "layers[0]: normalization: expected a GRU with the reset after the product";
    assert_eq!(refused(layer((CELLS[2], None), CellNormKind::Rms, 3)), text);
    let of = |kind, epsilon| {
        let form = Form { normalization: Some(CellNorm { kind, epsilon }), ..Form::default() };
        refused(formed((CELLS[0], form), 3))
    };
    assert_eq!(of(CellNormKind::Layer, 0.0), "layers[0]: normalization: expected an epsilon above 0");
    assert_eq!(of(CellNormKind::Rms, f64::NAN), "layers[0]: normalization: expected an epsilon above 0");
    let batch = |momentum, max_steps| CellNormKind::Batch { momentum, max_steps };
    assert_eq!(of(batch(f64::NAN, 3), 1e-5), "layers[0]: normalization: expected a momentum from 0 to 1");
    assert_eq!(of(batch(0.1, 0), 1e-5), "layers[0]: normalization: expected statistics of a step or more");
}

/// No states are states of zeros: see [`States`].
#[test]
fn without_a_state() {
    let network =
        Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(layer((CELLS[0], None), BATCH, 4))], At::Last)
            .unwrap();
    let params = parameters(&network, 1);
    let absent = Batch::random(&network, &[4, 9, 9], false, 2);
    let zeros = Batch { initial: Some(States::zeros(&network, 3)), ..absent.clone() };
    let (a, grads_a) = run(&network, &params, &absent, Some((1, 1)), ALL);
    let (b, grads_b) = run(&network, &params, &zeros, Some((1, 1)), ALL);
    assert_bits(a.output(), b.output(), "output");
    assert_bits(&grads_a, &grads_b, "gradients");
}
