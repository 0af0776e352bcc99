//! Masks at every step where a cell has norms inside: against naive with each norm, and the statistics of batch norms under them.
//! (Norms of rows also with all that `step_masks` looks at.)

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::difference::relative_error;
use rnn::{At, CellKind, CellNormKind, Form, Input, Layer, Network, Recurrent, Running, Want};

use crate::common::twin::{self, Compared};
use crate::common::{Batch, CELLS, X, assert_bits, formed, head, inside, parameters, run};
use crate::inside::cells;
use crate::step_masks::{KEY, with_masks};

/// Fewer steps than sequences have: the last of these share their statistics.
const KINDS: [CellNormKind; 3] =
    [CellNormKind::Layer, CellNormKind::Rms, CellNormKind::Batch { momentum: 0.3, max_steps: 5 }];

/// What may be masked of a cell: its candidate, its state, its memory, each alone and all together, with what its recurrent
/// products read.
fn acting(cell: CellKind) -> Vec<Form> {
    let candidate = if matches!(cell, CellKind::Rnn { .. }) { 0.0 } else { 0.25 };
    let memory = if cell.has_memory() { 0.4 } else { 0.0 };
    let form = |recurrent_dropout, zoneout, memory_zoneout, variational| Form {
        recurrent_dropout,
        zoneout,
        memory_zoneout,
        variational,
        ..Form::default()
    };
    let mut forms =
        vec![form(0.0, 0.3, 0.0, 0.0), form(candidate, 0.3, memory, 0.0), form(candidate, 0.3, memory, 0.35)];
    forms.extend((candidate > 0.0).then(|| form(candidate, 0.0, 0.0, 0.0)));
    forms.extend((memory > 0.0).then(|| form(0.0, 0.0, memory, 0.0)));
    forms
}

fn network(layer: Recurrent, at: At) -> Network {
    Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(layer), head(2)], at).unwrap()
}

/// In training and, where zoneout is its expectation and batch norms go by running statistics, outside it; the last steps have
/// one sequence alone.
fn every_form(kind: CellNormKind) {
    let mut worst = Compared::default();
    for (cell, proj_size) in cells() {
        for masks in acting(cell) {
            let form = Form { proj_size, normalization: inside(kind).normalization, ..masks };
            for choice in 0..16u64 {
                let bit = |n: u32| choice >> n & 1 == 1;
                let layer = formed((cell, form), if choice % 3 == 0 { 8 } else { 5 });
                let layer = Recurrent { num_layers: 1 + usize::from(bit(0)), bidirectional: bit(1), ..layer };
                let training = bit(2);
                let network = network(layer.clone(), if choice % 5 == 0 { At::Last } else { At::Every });
                let lengths: &[usize] = if choice % 7 == 0 { &[4; 5] } else { &[4, 9, 2, 8, 1, 8] };
                let batch = Batch::random(&network, lengths, bit(3), choice + 1);
                let params = parameters(&network, choice);
                let compared =
                    twin::compare(&network, &params, &batch, training.then_some(KEY), |sequence, position| {
                        with_masks(sequence, &layer, 0, batch.ids[position], training)
                    });
                assert!(compared.error <= 1e-5, "{cell:?} {form:?} {choice:04b}: {compared:?}");
                worst.add(compared);
            }
        }
    }
    println!("{kind:?}: worst relative error {:.1e} in {} tensors ({})", worst.error, worst.tensors, worst.tensor);
    // Where all units of a relu die.
    assert!(worst.zero * 50 <= worst.tensors, "{} of {} are zero", worst.zero, worst.tensors);
}

#[test]
fn layer_norm() {
    every_form(KINDS[0]);
}

#[test]
fn rms_norm() {
    every_form(KINDS[1]);
}

#[test]
fn batch_norm() {
    every_form(KINDS[2]);
}

/// What batch norms left for their running statistics, after an update.
fn moved(network: &Network, batch: &Batch, seed: u64) -> (Vec<f32>, naive::Parameters) {
    let mut params = parameters(network, seed);
    let (ws, mut grads) = run(network, &params, batch, Some(KEY), Want::default());
    let mut running = Running::new(network);
    running.take(&mut grads);
    running.apply(&mut params);
    (ws.output().to_vec(), twin::parameters(network, &params))
}

/// In f64, of an rnn's sums `W_ih x + W_hh h'`, from the states that it gives: h' is what zoneout left.
#[test]
fn statistics_are_of_the_states_that_went_on() {
    let kind = CellNormKind::Batch { momentum: 1.0, max_steps: 4 };
    let form = Form { zoneout: 0.5, ..inside(kind) };
    let network =
        Network::new(Input::Values { size: 2 }, vec![Layer::Recurrent(formed((CELLS[3], form), 3))], At::Every)
            .unwrap();
    let batch = Batch::random(&network, &[4, 4, 2, 4, 3], false, 5);
    let (output, end) = moved(&network, &batch, 1);
    // The first sequences are as long as the first steps: three units of each step of theirs after those of the step before.
    let held = (0..9).filter(|i| output[batch.packing.offsets[1] * 3 + i] == output[*i]).count();
    assert!((1..9).contains(&held), "zoneout holds some, not all: {held}");
    let X::Values(x) = &batch.x else { unreachable!() };
    for (t, j) in (0..4).flat_map(|t| (0..3).map(move |j| (t, j))) {
        let z = |s: usize| -> f64 {
            let input = |k: usize| f64::from(x[batch.packing.row(t, s) * 2 + k]);
            let before = |k: usize| if t == 0 { 0.0 } else { f64::from(output[batch.packing.row(t - 1, s) * 3 + k]) };
            let of_x: f64 = (0..2).map(|k| end["rnn.weight_ih_l0"][j * 2 + k] * input(k)).sum();
            of_x + (0..3).map(|k| end["rnn.weight_hh_l0"][j * 3 + k] * before(k)).sum::<f64>()
        };
        let column: Vec<f64> = (0..batch.packing.sizes[t]).map(z).collect();
        let n = column.len() as f64;
        let mean = column.iter().sum::<f64>() / n;
        let variance = column.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / (n - 1.0);
        let got = [end["rnn.running_mean_l0"][t * 3 + j], end["rnn.running_var_l0"][t * 3 + j]];
        assert!(relative_error(&got, &[mean, variance]) < 1e-5, "step {t}, unit {j}: {got:?}, {mean} and {variance}");
    }
}

/// Of one step the statistics are those without zoneout, to the bit: of what the cell itself makes. They see what is dropped of a
/// candidate: of the memory, from nothing.
#[test]
fn a_memory_is_normalised_before_it_is_held() {
    let kind = CellNormKind::Batch { momentum: 1.0, max_steps: 1 };
    let of = |masks: Form| {
        let form = Form { normalization: inside(kind).normalization, ..masks };
        let layers = vec![Layer::Recurrent(formed((CELLS[0], form), 4))];
        let network = Network::new(Input::Values { size: 3 }, layers, At::Every).unwrap();
        let batch = Batch::random(&network, &[1; 7], true, 5);
        moved(&network, &batch, 2)
    };
    let (output, plain) = of(Form::default());
    let (held, zoneout) = of(Form { zoneout: 0.5, memory_zoneout: 0.5, ..Form::default() });
    assert!(output != held);
    for name in ["rnn.running_mean_l0", "rnn.running_var_l0"] {
        let narrow = |params: &naive::Parameters| params[name].iter().map(|&x| x as f32).collect::<Vec<f32>>();
        assert_bits(&narrow(&plain), &narrow(&zoneout), name);
        let (plain, dropped) = (narrow(&plain), narrow(&of(Form { recurrent_dropout: 0.5, ..Form::default() }).1));
        // Those of the products, two times four gates, and then those of the memory.
        let (products, memory) = plain.split_at(32);
        assert_bits(products, &dropped[..32], "products");
        assert!(memory.iter().zip(&dropped[32..]).all(|(a, b)| a != b), "memory");
    }
}
