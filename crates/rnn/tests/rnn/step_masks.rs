//! Recurrent dropout, zoneout and variational dropout: against naive by masks drawn anew here, their distributions, and the same bits however a batch
//! is gone through.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::{Sequence, StepMasks};
use rnn::{
    Activation, At, CellKind, CellNormKind, Checkpointed, Form, Input, Layer, Network, Packing, Philox, Purpose,
    Reading, Recurrent, Want, Workspace,
};

use crate::common::twin::{self, Compared};
use crate::common::{ALL, Batch, CELLS, Whole, X, assert_bits, formed, head, inside, key, parameters, recurrent, run};

pub const KEY: (u64, u64) = (9, 1 << 33 | 5);
const RATES: [f32; 3] = [0.25, 0.3, 0.4];
const VARIATIONAL: f32 = 0.35;

/// The forms that a cell may have: what is masked is its candidate, its state, its memory, what its recurrent products read; and
/// the same with norms of rows inside. (Batch norms: in `inside_masks`.)
fn acting(cell: CellKind) -> Vec<Form> {
    let [recurrent_dropout, zoneout, memory_zoneout] = RATES;
    let plain = Form::default();
    let elman = matches!(cell, CellKind::Rnn { .. });
    let mut forms = Vec::new();
    if !elman {
        forms.push(Form { recurrent_dropout, ..plain });
    }
    forms.push(Form { zoneout, ..plain });
    if cell.has_memory() {
        forms.push(Form { memory_zoneout, ..plain });
        forms.push(Form { recurrent_dropout, zoneout, memory_zoneout, ..plain });
        forms.push(Form { recurrent_dropout, zoneout, memory_zoneout, proj_size: Some(3), ..plain });
    } else if !elman {
        forms.push(Form { recurrent_dropout, zoneout, learned_state: true, ..plain });
    }
    if !matches!(cell, CellKind::MinGru | CellKind::MinLstm) {
        let all = forms[forms.len() - 1];
        forms.push(Form { variational: VARIATIONAL, ..plain });
        forms.push(Form { variational: VARIATIONAL, ..all });
    }
    if crate::inside::cells().iter().any(|&(normed, _)| normed == cell) {
        let all = forms[forms.len() - 1];
        let normed = |form: &Form| Form { normalization: inside(CellNormKind::Layer).normalization, ..*form };
        let rms = Form { normalization: inside(CellNormKind::Rms).normalization, ..all };
        forms = forms.iter().copied().chain(forms.iter().map(normed)).chain([rms]).collect();
    }
    forms
}

fn cells() -> impl Iterator<Item = CellKind> {
    CELLS.into_iter().filter(|&cell| cell != CellKind::Lru)
}

/// A mask of one direction of one level, as the scheme says: a word of Philox for each unit of each step.
fn mask(purpose: Purpose, trace: usize, id: u64, steps: usize, units: usize, of: impl Fn(f64) -> f64) -> Vec<Vec<f64>> {
    let update = [KEY.1 as u32, (KEY.1 >> 32) as u32, trace as u32, 0];
    let philox = Philox::new(KEY.0, purpose).child(update);
    let word = |t: usize, unit: usize| {
        f64::from(philox.block([(unit / 4) as u32, t as u32, id as u32, (id >> 32) as u32])[unit % 4])
    };
    (0..steps).map(|t| (0..units).map(|unit| of(word(t, unit) / 4_294_967_296.0)).collect()).collect()
}

/// The masks of a layer for one sequence, in training, or what stands for them elsewhere.
pub fn with_masks(mut sequence: Sequence, layer: &Recurrent, at: usize, id: u64, training: bool) -> Sequence {
    let form = layer.form;
    let steps = sequence.len();
    let memory = if layer.cell.has_memory() { layer.hidden_size } else { 0 };
    for index in 0..layer.num_layers * layer.directions() {
        let zoneout = |rate: f32, purpose: Purpose, units: usize| match rate {
            0.0 => Vec::new(),
            _ if !training => vec![vec![f64::from(rate); units]; steps],
            _ => mask(purpose, index, id, steps, units, |u| if u < f64::from(rate) { 1.0 } else { 0.0 }),
        };
        let drop = f64::from(form.recurrent_dropout);
        let candidate = match form.recurrent_dropout {
            0.0 => Vec::new(),
            _ if !training => Vec::new(),
            _ => mask(Purpose::RecurrentDropout, index, id, steps, layer.hidden_size, |u| {
                if u < drop { 0.0 } else { 1.0 / (1.0 - drop) }
            }),
        };
        let state = zoneout(form.zoneout, Purpose::Zoneout, layer.units());
        let memory = zoneout(form.memory_zoneout, Purpose::MemoryZoneout, memory);
        let drop = f64::from(form.variational);
        let recurrent =
            match form.variational {
                0.0 => Vec::new(),
                _ if !training => Vec::new(),
                _ => mask(Purpose::Variational, index, id, 1, layer.units(), |u| {
                    if u < drop { 0.0 } else { 1.0 / (1.0 - drop) }
                })
                .remove(0),
            };
        sequence = sequence.with_step_masks(at, index, StepMasks { candidate, state, memory, recurrent });
    }
    sequence
}

/// Ragged and not, one level and two, in one direction or both, in training and outside it.
fn check(cell: CellKind, form: Form, hidden: usize) -> Compared {
    let mut all = Compared::default();
    for choice in 0..16u64 {
        let bit = |n: u32| choice >> n & 1 == 1;
        let (num_layers, bidirectional, training) = (1 + usize::from(bit(0)), bit(1), bit(2));
        let given = bit(3) && !form.learned_state;
        let at = if choice % 3 == 0 { At::Last } else { At::Every };
        let lengths: &[usize] = if choice % 5 == 0 { &[5] } else { &[4, 9, 2, 9] };
        let layer = Recurrent { num_layers, bidirectional, ..formed((cell, form), hidden) };
        let network =
            Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(layer.clone()), head(2)], at).unwrap();
        let params = parameters(&network, choice);
        let batch = Batch::random(&network, lengths, given, choice + 1);
        let compared = twin::compare(&network, &params, &batch, training.then_some(KEY), |sequence, position| {
            with_masks(sequence, &layer, 0, batch.ids[position], training)
        });
        assert!(compared.error <= 1e-5, "{cell:?} {form:?} {choice}: {compared:?}");
        all.add(compared);
    }
    all
}

#[test]
fn against_naive() {
    let mut worst = Compared::default();
    for cell in cells() {
        for form in acting(cell) {
            for hidden in [5, 16] {
                let all = check(cell, form, hidden);
                assert!(all.zero * 20 < all.tensors, "comparing zeros shows little: {all:?}");
                worst.add(all);
            }
        }
    }
    println!("step masks: worst relative error {:.1e} in {} tensors ({})", worst.error, worst.tensors, worst.tensor);
}

/// Several layers, dropout between levels, merged directions: each level and direction has masks of its own.
#[test]
fn stacks_against_naive() {
    let [recurrent_dropout, zoneout, memory_zoneout] = RATES;
    let form = Form { recurrent_dropout, zoneout, merge: rnn::Merge::Mean, ..Form::default() };
    let first = Recurrent { bidirectional: true, num_layers: 2, ..formed((CELLS[1], form), 6) };
    let form = Form { recurrent_dropout, zoneout, memory_zoneout, passed: rnn::Passed::Beside, ..Form::default() };
    let second = Recurrent { name: "second".into(), ..formed((CELLS[0], form), 5) };
    for at in [At::Every, At::Last] {
        let layers = vec![Layer::Recurrent(first.clone()), Layer::Recurrent(second.clone()), head(2)];
        let network = Network::new(Input::Values { size: 4 }, layers, at).unwrap();
        let params = parameters(&network, 1);
        let batch = Batch::random(&network, &[5, 9, 1, 5], true, 2);
        // In naive levels are counted layer by layer, here through the network: those of the second layer begin at 4.
        let compared = twin::compare(&network, &params, &batch, Some(KEY), |sequence, position| {
            let id = batch.ids[position];
            let sequence = with_masks(sequence, &first, 0, id, true);
            let steps = sequence.len();
            let zone =
                |purpose, rate: f32| mask(purpose, 4, id, steps, 5, |u| f64::from(u8::from(u < f64::from(rate))));
            let candidate =
                mask(Purpose::RecurrentDropout, 4, id, steps, 5, |u| if u < 0.25 { 0.0 } else { 4.0 / 3.0 });
            let (state, memory) = (zone(Purpose::Zoneout, zoneout), zone(Purpose::MemoryZoneout, memory_zoneout));
            sequence.with_step_masks(1, 0, StepMasks { candidate, state, memory, ..StepMasks::default() })
        });
        assert!(compared.error <= 1e-5 && compared.zero == 0, "{at:?}: {compared:?}");
    }
}

fn one(cell: CellKind, form: Form, hidden: usize, at: At) -> Network {
    let layer = Recurrent { num_layers: 2, ..formed((cell, form), hidden) };
    Network::new(Input::Values { size: 5 }, vec![Layer::Recurrent(layer), head(3)], at).unwrap()
}

/// In segments, with masks by the number of the step.
#[test]
fn checkpointed_has_the_bits_of_the_whole() {
    for (cell, form) in cells().flat_map(|cell| acting(cell).into_iter().map(move |form| (cell, form))) {
        for (hidden, at) in [(7, At::Every), (16, At::Last)] {
            let network = one(cell, form, hidden, at);
            let params = parameters(&network, 8);
            for lengths in [&[13, 13, 13][..], &[3, 11, 1, 17, 9, 30, 2], &[23]] {
                let batch = Batch::random(&network, lengths, true, 3);
                let mut batch = batch;
                // Final states have no gradient of their own there.
                batch.state_cotangent.layers.iter_mut().for_each(|s| {
                    s.h.fill(0.0);
                    s.c.fill(0.0);
                });
                let (whole, expected) = run(&network, &params, &batch, Some(KEY), Want::default());
                for every in [1, 4, 100] {
                    let what = format!("{cell:?} {form:?}, {lengths:?}, every {every}");
                    let mut segments = Checkpointed::new(&network, batch.capacity(), every).unwrap();
                    let reading = Reading {
                        params: &params,
                        packing: &batch.packing,
                        initial: batch.initial.as_ref(),
                        dropout: Some(key(&batch, KEY)),
                    };
                    let mut inputs = Whole { x: batch.x.view(), packing: &batch.packing };
                    segments.forward(&network, reading, &mut inputs);
                    assert_bits(segments.output(), whole.output(), &what);
                    segments.output_and_gradient().1.copy_from_slice(&batch.cotangent);
                    let mut grads = vec![0.0; params.len()];
                    segments.backward(&network, reading, &mut inputs, &mut grads, &mut vec![f32::NAN; params.len()]);
                    assert_bits(&grads, &expected, &what);
                }
            }
        }
    }
}

/// A sequence has its masks, and with them its bits, wherever it is; other sequences, updates and seeds have others.
#[test]
fn masks_go_with_the_sequence() {
    for (cell, form) in cells().flat_map(|cell| acting(cell).into_iter().map(move |form| (cell, form))) {
        let layer = Recurrent { bidirectional: true, ..formed((cell, form), 7) };
        let layers = vec![Layer::Recurrent(layer), head(3)];
        let network = Network::new(Input::Values { size: 5 }, layers, At::Every).unwrap();
        let params = parameters(&network, 8);
        let all = Batch::random(&network, &[4, 9, 2, 9, 9], false, 3);
        let (whole, _) = run(&network, &params, &all, Some(KEY), Want::default());
        let mut outputs = std::collections::BTreeSet::new();
        for position in 0..5 {
            let steps = all.packing.lengths[position];
            let mut alone = Batch::random(&network, &[steps], false, 4);
            alone.ids = vec![all.ids[position]];
            let pick = |from: &[f32], width: usize| -> Vec<f32> {
                (0..steps).flat_map(|t| from[all.packing.row(t, position) * width..][..width].to_vec()).collect()
            };
            let X::Values(x) = &all.x else { unreachable!() };
            alone.x = X::Values(pick(x, 5));
            let (ws, _) = run(&network, &params, &alone, Some(KEY), Want::default());
            assert_bits(ws.output(), &pick(whole.output(), 3), "alone as in company");
            alone.x = X::Values(vec![1.0; steps * 5]);
            let high = 1 << 32;
            for (seed, step, id) in
                [(1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4), (1 | high, 2, 3), (1, 2 | high, 3), (1, 2, 3 | high)]
            {
                alone.ids = vec![id];
                let (ws, _) = run(&network, &params, &alone, Some((seed, step)), Want::default());
                outputs.insert(ws.output().iter().map(|x| x.to_bits()).collect::<Vec<_>>());
            }
        }
        // Two masks of few units may coincide once in a while.
        assert!(outputs.len() > 18, "{cell:?} {form:?}: {} of 21 are different", outputs.len());
    }
}

/// Without a key nothing is dropped: the bits of the layer without, forward and back.
#[test]
fn recurrent_dropout_acts_in_training_alone() {
    let plain = cells().filter(|cell| !matches!(cell, CellKind::Rnn { .. })).map(|cell| (cell, Form::default()));
    let normed = [0, 1, 8].map(|i| (CELLS[i], inside(CellNormKind::Layer)));
    for (cell, form) in plain.chain(normed) {
        let with = one(cell, Form { recurrent_dropout: 0.5, ..form }, 7, At::Every);
        let without = one(cell, form, 7, At::Every);
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

/// A workspace for prediction gives the bits of one for training; wanting less leaves gradients as they are.
#[test]
fn the_same_bits_in_any_workspace() {
    for (cell, form) in cells().flat_map(|cell| acting(cell).into_iter().map(move |form| (cell, form))) {
        let network = one(cell, form, 7, At::Every);
        let params = parameters(&network, 4);
        let batch = Batch::random(&network, &[5, 9, 1, 5], false, 2);
        let (plain, _) = run(&network, &params, &batch, None, ALL);
        let mut ws = Workspace::new(&network, batch.capacity(), false).expect("memory");
        network.forward(&params, &batch.packing, batch.x.view(), None, None, &mut ws);
        assert_bits(ws.output(), plain.output(), "output");
        let (_, all) = run(&network, &params, &batch, Some(KEY), ALL);
        let (_, few) = run(&network, &params, &batch, Some(KEY), Want::default());
        assert_bits(&few, &all, "gradients");
    }
}

/// The candidate of a minGRU whose gate is open is its input, and zoneout of a gate that is open keeps or drops it: the masks
/// themselves are seen, 111,000 of each.
#[test]
fn shares_and_expectations() {
    let units = 37;
    let lengths = [300; 10];
    let network = |form: Form| {
        let layers = vec![Layer::Recurrent(Recurrent { bias: true, ..formed((CellKind::MinGru, form), units) })];
        Network::new(Input::Values { size: 1 }, layers, At::Every).unwrap()
    };
    let drawn = |form: Form| -> (Packing, Vec<f32>) {
        let network = network(form);
        let mut params = vec![0.0; network.table().len()];
        let bias = network.table().find("rnn.bias_ih_l0").expect("biases");
        // z = 1 and n = 1.
        let natural: Vec<f32> = [vec![40.0; units], vec![1.0; units]].concat();
        network.table().import(bias, &natural, &mut params);
        let batch = Batch::random(&network, &lengths, false, 1);
        let (ws, _) = run(&network, &params, &batch, Some((1, 2)), Want::default());
        (batch.packing.clone(), ws.output().to_vec())
    };
    let n = 300.0 * 10.0 * units as f64;
    for rate in [0.1f32, 0.5, 0.9] {
        let p = f64::from(rate);
        let (_, mask) = drawn(Form { recurrent_dropout: rate, ..Form::default() });
        let kept = mask.iter().filter(|&&x| x > 0.5).count() as f64 / n;
        let error = (p * (1.0 - p) / n).sqrt();
        assert!((kept - (1.0 - p)).abs() < 4.0 * error, "rate {rate}: {kept} kept");
        // A gate is open to within rounding.
        let near = |x: f32, of: f32| (x - of).abs() < 1e-5 * (1.0 + of);
        assert!(mask.iter().all(|&x| near(x, 0.0) || near(x, 1.0 / (1.0 - rate))));
        let mean = mask.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        assert!((mean - 1.0).abs() < 4.0 * error / (1.0 - p), "the expectation stays: {mean}");

        // From a state of 0 the one that has not been let go stays 0; a sequence lets a unit go after t steps with 1 - p^t.
        let (packing, state) = drawn(Form { zoneout: rate, ..Form::default() });
        for t in [0, 1, 4] {
            let row = &state[packing.offsets[t] * units..packing.offsets[t + 1] * units];
            let still = row.iter().filter(|&&h| h == 0.0).count() as f64 / row.len() as f64;
            let expected = libm::pow(p, (t + 1) as f64);
            let error = (expected * (1.0 - expected) / row.len() as f64).sqrt();
            assert!((still - expected).abs() <= 4.0 * error, "rate {rate}, step {t}: {still} against {expected}");
        }
    }
}

/// The mean over 4,000 updates of what one step of a cell gives is what it gives outside training, within four standard errors:
/// of zoneout on both states, and of an LSTM's memory under recurrent dropout, which are linear in their masks.
#[test]
fn the_expectation_is_that_of_evaluation() {
    for (cell, form, memory) in [
        (CELLS[0], Form { zoneout: 0.3, ..Form::default() }, false),
        (CELLS[0], Form { memory_zoneout: 0.2, ..Form::default() }, true),
        (CELLS[0], Form { recurrent_dropout: 0.4, ..Form::default() }, true),
        (CELLS[1], Form { recurrent_dropout: 0.4, zoneout: 0.3, ..Form::default() }, false),
        (CELLS[2], Form { recurrent_dropout: 0.4, ..Form::default() }, false),
        (CELLS[3], Form { zoneout: 0.5, ..Form::default() }, false),
        (CELLS[0], Form { zoneout: 0.3, ..inside(CellNormKind::Layer) }, false),
        (CELLS[0], Form { recurrent_dropout: 0.4, memory_zoneout: 0.2, ..inside(CellNormKind::Layer) }, true),
        (CELLS[1], Form { recurrent_dropout: 0.4, zoneout: 0.3, ..inside(CellNormKind::Rms) }, false),
        (CELLS[3], Form { zoneout: 0.5, ..inside(CellNormKind::Layer) }, false),
    ] {
        let network =
            Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(formed((cell, form), 4))], At::Every)
                .unwrap();
        let params = parameters(&network, 3);
        let batch = Batch::random(&network, &[1], true, 2);
        let mut ws = Workspace::new(&network, batch.capacity(), true).expect("memory");
        let mut given = |key: Option<(u64, u64)>| -> Vec<f64> {
            let key = key.map(|k| crate::common::key(&batch, k));
            let (packing, x, initial) = (&batch.packing, batch.x.view(), batch.initial.as_ref());
            network.forward(&params, packing, x, initial, key, &mut ws);
            let state = &ws.final_states().layers[0];
            (if memory { &state.c } else { &state.h }).iter().map(|&x| f64::from(x)).collect()
        };
        let expected = given(None);
        let n = 4000;
        let drawn: Vec<Vec<f64>> = (0..n).map(|step| given(Some((7, step)))).collect();
        for (j, expected) in expected.iter().enumerate() {
            let mean = drawn.iter().map(|row| row[j]).sum::<f64>() / n as f64;
            let variance = drawn.iter().map(|row| (row[j] - mean) * (row[j] - mean)).sum::<f64>() / n as f64;
            assert!(variance > 0.0, "{cell:?}: unit {j} is drawn");
            let error = (variance / n as f64).sqrt();
            assert!((mean - expected).abs() < 4.0 * error, "{cell:?} {form:?}: {mean} against {expected} ± {error}");
        }
    }
}

#[test]
fn refusals() {
    let message = |cell: CellKind, form: Form| {
        let layers = vec![Layer::Recurrent(formed((cell, form), 5))];
        Network::new(Input::Values { size: 3 }, layers, At::Every).unwrap_err().to_string()
    };
    let drop = |recurrent_dropout| Form { recurrent_dropout, ..Form::default() };
    let zoneout = |zoneout| Form { zoneout, ..Form::default() };
    let memory = |memory_zoneout| Form { memory_zoneout, ..Form::default() };
    let elman = CellKind::Rnn { activation: Activation::Tanh };
    for cell in [elman, CellKind::Lru] {
        let expected = "layers[0]: recurrentDropout: expected a cell with a candidate beside its state";
        assert_eq!(message(cell, drop(0.5)), expected);
    }
    assert_eq!(message(CellKind::Lru, zoneout(0.5)), "layers[0]: zoneout: expected a cell that reads its state");
    for cell in [elman, CellKind::Lru, CellKind::MinLstm, CELLS[1]] {
        assert_eq!(message(cell, memory(0.5)), "layers[0]: zoneoutCell: expected an LSTM");
    }
    for rate in [1.0, -0.1, f32::NAN] {
        let expected = "expected a share of at least 0 and less than 1";
        assert_eq!(message(CELLS[0], drop(rate)), format!("layers[0]: recurrentDropout: {expected}"));
        assert_eq!(message(CELLS[0], zoneout(rate)), format!("layers[0]: zoneout: {expected}"));
        assert_eq!(message(CELLS[0], memory(rate)), format!("layers[0]: zoneoutCell: {expected}"));
    }
    assert!(Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(recurrent(elman, 5))], At::Every).is_ok());
}
