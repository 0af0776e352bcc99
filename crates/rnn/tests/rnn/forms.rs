//! What a recurrent layer may have beside its cell, against naive: merged directions, inputs passed on, learned initial states.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{
    At, CellKind, Form, Init, Initialiser, Input, Layer, Merge, Network, Passed, Recurrent, Role, States, Values, Want,
    Workspace, initialise,
};

use crate::common::twin::{self, Compared};
use crate::common::{ALL, Batch, CELLS, assert_bits, fill, formed, head, parameters, recurrent, run, stream};

const LIMIT: f64 = 1e-5;
const GRU: CellKind = CELLS[1];
const MERGES: [Merge; 3] = [Merge::Sum, Merge::Mean, Merge::Product];

fn network(layer: Recurrent, size: usize, at: At) -> Network {
    Network::new(Input::Values { size }, vec![Layer::Recurrent(layer), head(2)], at).unwrap()
}

/// Ragged and not, one level and two, prediction at the last step and at every one.
fn check(layer: &Recurrent, size: usize, given: &[bool], seed: u64) -> Compared {
    let mut all = Compared::default();
    for lengths in [&[3, 7, 1, 7, 2][..], &[4, 4, 4]] {
        for num_layers in [1, 2] {
            for (at, given) in [At::Every, At::Last].into_iter().flat_map(|at| given.iter().map(move |&g| (at, g))) {
                let layer = Recurrent { num_layers, ..layer.clone() };
                // At the last step two directions that are merged, or read side by side, have no input in common.
                let alone = layer.form.passed == Passed::Added && layer.form.merge == Merge::Concat;
                if at == At::Last && layer.bidirectional && layer.form.passed != Passed::Nothing && !alone {
                    continue;
                }
                let network = network(layer, size, at);
                let params = parameters(&network, seed);
                let batch = Batch::random(&network, lengths, given, seed + 1);
                let compared = twin::compare(&network, &params, &batch, None, |sequence, _| sequence);
                assert_eq!(compared.zero, 0, "comparing zeros shows little: {:?}", network.layers());
                assert!(compared.error <= LIMIT, "{compared:?} in {:?}, {at:?}", network.layers());
                all.add(compared);
            }
        }
    }
    all
}

#[test]
fn merged_directions() {
    for (cell, merge) in CELLS.into_iter().flat_map(|cell| MERGES.map(|merge| (cell, merge))) {
        let layer = Recurrent { bidirectional: true, ..formed((cell, Form { merge, ..Form::default() }), 6) };
        let all = check(&layer, 3, &[false, true], 5);
        println!("{cell:?}, {merge:?}: worst relative error {:.1e} in {} tensors", all.error, all.tensors);
    }
}

#[test]
fn inputs_passed_on() {
    let plain = Form::default();
    for cell in CELLS {
        for (passed, merge, bidirectional, size) in [
            (Passed::Added, Merge::Concat, false, 6),
            (Passed::Added, Merge::Concat, true, 12),
            (Passed::Added, Merge::Mean, true, 6),
            (Passed::Beside, Merge::Concat, false, 3),
            (Passed::Beside, Merge::Product, true, 3),
        ] {
            let layer = Recurrent { bidirectional, ..formed((cell, Form { passed, merge, ..plain }), 6) };
            let all = check(&layer, size, &[true], 9);
            println!("{cell:?}, {passed:?}, {merge:?}: worst relative error {:.1e}", all.error);
        }
    }
}

#[test]
fn learned_initial_states() {
    for (cell, proj_size) in
        CELLS.map(|cell| (cell, None)).into_iter().chain([(CELLS[0], Some(4)), (CELLS[6], Some(4))])
    {
        for bidirectional in [false, true] {
            let form = Form { learned_state: true, proj_size, ..Form::default() };
            let layer = Recurrent { bidirectional, ..formed((cell, form), 6) };
            let all = check(&layer, 3, &[false], 3);
            println!("{cell:?}, learned: worst relative error {:.1e} in {} tensors", all.error, all.tensors);
        }
    }
}

/// All of it at once, in two layers.
#[test]
fn a_stack_of_everything() {
    let form = Form { merge: Merge::Sum, passed: Passed::Added, learned_state: true, ..Form::default() };
    let first = Recurrent { bidirectional: true, num_layers: 3, ..formed((GRU, form), 6) };
    let beside = Form { passed: Passed::Beside, ..Form::default() };
    let second = Recurrent { name: "second".into(), num_layers: 2, ..formed((CELLS[0], beside), 5) };
    let layers = vec![head(6), Layer::Recurrent(first), Layer::Recurrent(second)];
    for at in [At::Every, At::Last] {
        let network = Network::new(Input::Values { size: 4 }, layers.clone(), at).unwrap();
        assert_eq!(network.output_size(), 5 + 5 + 6);
        let params = parameters(&network, 1);
        let batch = Batch::random(&network, &[5, 9, 1, 5], false, 2);
        let compared = twin::compare(&network, &params, &batch, None, |sequence, _| sequence);
        assert!(compared.error <= LIMIT && compared.zero == 0, "{compared:?}");
    }
}

/// Wanting less, a workspace for prediction, and a state that is given leave the bits as they are.
#[test]
fn the_same_bits() {
    let form = Form { merge: Merge::Product, passed: Passed::Beside, learned_state: true, ..Form::default() };
    for cell in CELLS {
        let layer = Recurrent { bidirectional: true, num_layers: 2, dropout: 0.3, ..formed((cell, form), 7) };
        let network = network(layer, 3, At::Every);
        let params = parameters(&network, 4);
        let batch = Batch::random(&network, &[5, 9, 1, 5], false, 2);
        let (all, expected) = run(&network, &params, &batch, Some((3, 4)), ALL);
        let (_, grads) = run(&network, &params, &batch, Some((3, 4)), Want::default());
        assert_bits(&grads, &expected, "gradients");

        let mut ws = Workspace::new(&network, batch.capacity(), false).expect("memory");
        network.forward(&params, &batch.packing, batch.x.view(), None, None, &mut ws);
        let (plain, _) = run(&network, &params, &batch, None, ALL);
        assert_bits(ws.output(), plain.output(), "output");
        assert!(ws.output() != all.output(), "dropout does something");

        let initial = States::initial(&network, &params, 4);
        network.forward(&params, &batch.packing, batch.x.view(), Some(&initial), None, &mut ws);
        assert_bits(ws.output(), plain.output(), "output from the learned states as given ones");
    }
}

/// A given state is not learned from, and a frozen layer learns none.
#[test]
fn learned_states_learn_where_they_are_used() {
    let form = Form { learned_state: true, ..Form::default() };
    for (given, trainable) in [(true, true), (false, false), (false, true)] {
        let network = network(Recurrent { trainable, ..formed((CELLS[0], form), 5) }, 3, At::Last);
        let params = parameters(&network, 4);
        let batch = Batch::random(&network, &[5, 2], given, 2);
        let (_, grads) = run(&network, &params, &batch, None, Want::default());
        for entry in network.table().entries().iter().filter(|entry| entry.role == Role::State) {
            let learns = grads[entry.range()].iter().any(|&g| g != 0.0);
            assert_eq!(learns, !given && trainable, "{}", entry.name);
        }
    }
}

/// A workspace used for another batch before, in which the learned states were others.
#[test]
fn learned_states_follow_the_parameters() {
    let form = Form { learned_state: true, ..Form::default() };
    let network = network(formed((GRU, form), 5), 2, At::Every);
    let x = fill(&mut stream(3), 6, 1.0);
    let batch = Batch::random(&network, &[3], false, 2);
    let mut ws = Workspace::new(&network, batch.capacity(), false).expect("memory");
    for seed in 0..3 {
        let params = parameters(&network, seed);
        network.forward(&params, &batch.packing, Values::Values(&x), None, None, &mut ws);
        let output = ws.output().to_vec();
        let mut fresh = Workspace::new(&network, batch.capacity(), false).expect("memory");
        network.forward(&params, &batch.packing, Values::Values(&x), None, None, &mut fresh);
        assert_bits(&output, fresh.output(), "output");
    }
}

/// The start that a layer asks for its recurrent weights: Le et al. 2015, identity times a scale.
#[test]
fn start_of_the_recurrent_weights() {
    let form = Form { recurrent_init: Some(Initialiser::Identity), recurrent_scale: Some(0.01), ..Form::default() };
    for scheme in [Init::Default, Init::PyTorch] {
        let other = Layer::Recurrent(Recurrent { name: "other".into(), ..recurrent(CELLS[4], 6) });
        let layers = vec![Layer::Recurrent(formed((CELLS[4], form), 6)), other];
        let network = Network::new(Input::Values { size: 3 }, layers, At::Last).unwrap();
        let mut params = vec![0.0; network.table().len()];
        initialise(&network, scheme, 5, &mut params);
        let weight = |name: &str| {
            let index = network.table().find(name).unwrap();
            let mut natural = vec![0.0; 36];
            network.table().export(index, &params, &mut natural);
            natural
        };
        for (i, x) in weight("rnn.weight_hh_l0").into_iter().enumerate() {
            assert_eq!(x, if i / 6 == i % 6 { 0.01 } else { 0.0 });
        }
        assert!(weight("other.weight_hh_l0").iter().all(|&x| x != 0.0 && x != 0.01));
    }
}

#[test]
fn refusals() {
    let plain = Form::default();
    let message = |layer: Recurrent, at| {
        Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(layer)], at).unwrap_err().to_string()
    };
    let residual = formed((GRU, Form { passed: Passed::Added, ..plain }), 5);
    assert_eq!(message(residual, At::Every), "layers[0]: residual: expected an input of 5 numbers, got 3");
    let merge = formed((GRU, Form { merge: Merge::Sum, ..plain }), 5);
    assert_eq!(message(merge, At::Every), "layers[0]: merge: expected two directions");
    let skip = Recurrent { bidirectional: true, ..formed((GRU, Form { passed: Passed::Beside, ..plain }), 5) };
    assert!(message(skip, At::Last).starts_with("layers[0]: skip: expected one direction"));
    let projected = formed((GRU, Form { proj_size: Some(2), ..plain }), 5);
    assert_eq!(message(projected, At::Every), "layers[0]: projSize: expected an LSTM");
    let projected = formed((CELLS[0], Form { proj_size: Some(5), ..plain }), 5);
    assert!(message(projected, At::Every).starts_with("layers[0]: projSize: expected 1 or more and less"));
    let tokens = formed((GRU, Form { passed: Passed::Beside, ..plain }), 5);
    let refused = Network::new(Input::Tokens { vocabulary: 5 }, vec![Layer::Recurrent(tokens)], At::Every);
    assert_eq!(refused.unwrap_err().to_string(), "layers[0]: skip: expected numbers to pass on, got tokens");
}
