//! Weights that are made of others: their gradients by differences of naive's loss at the made weights.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::Parameters;
use naive::difference::{central, relative_error};
use rnn::{
    Activation, At, CellKind, Form, Init, Input, Layer, Network, Philox, Purpose, Recurrent, Role, Want, WeightForm,
};
use rnn::{Workspace, initialise};

use crate::common::{Batch, CELLS, X, assert_bits, formed, forms, parameters, run, run_onto, twin};

const KEY: (u64, u64) = (9, 1 << 33 | 5);
const LENGTHS: [usize; 3] = [4, 6, 2];

fn network(cell: CellKind, weights: WeightForm, head_norm: bool, input: Input, at: At) -> Network {
    of_form((cell, Form::default()), weights, head_norm, input, at)
}

fn of_form(form: (CellKind, Form), weights: WeightForm, head_norm: bool, input: Input, at: At) -> Network {
    let layer = Recurrent { num_layers: 2, bidirectional: true, weights, ..formed(form, 5) };
    let (activation, name) = (Activation::Tanh, "head".to_string());
    let head = Layer::Dense { units: 3, activation, bias: true, weight_norm: head_norm, name, trainable: true };
    Network::new(input, vec![Layer::Recurrent(layer), head], at).unwrap()
}

/// The plain weights that a pass reads: rows of `_v` to the length `_g`, or masked.
pub fn made(network: &Network, params: &Parameters, key: Option<(u64, u64)>) -> Parameters {
    let mut natural = Parameters::new();
    for (index, entry) in network.table().entries().iter().enumerate() {
        let values = &params[&entry.name];
        if let Some(name) = entry.name.strip_suffix("_v") {
            let g = &params[&format!("{name}_g")];
            let rows = values.chunks(entry.shape[1]).zip(g).flat_map(|(v, g)| {
                let norm = v.iter().map(|v| v * v).sum::<f64>().sqrt();
                v.iter().map(move |v| g * v / norm)
            });
            natural.insert(name.to_string(), rows.collect());
        } else if let (Some((seed, step)), Role::RecurrentWeight) = (key, entry.role) {
            // The place of a matrix is its number among all parameters.
            let philox =
                Philox::new(seed, Purpose::WeightDrop).child([step as u32, (step >> 32) as u32, index as u32, 0]);
            let mask = |i: usize| {
                let (row, k) = (i / entry.shape[1], i % entry.shape[1]);
                let word = philox.block([(k / 4) as u32, row as u32, 0, 0])[k % 4];
                if f64::from(word) < 0.4f32 as f64 * 4_294_967_296.0 { 0.0 } else { 1.0 / (1.0 - f64::from(0.4f32)) }
            };
            natural.insert(entry.name.clone(), values.iter().enumerate().map(|(i, w)| w * mask(i)).collect());
        } else if entry.role != Role::Magnitude {
            natural.insert(entry.name.clone(), values.clone());
        }
    }
    natural
}

fn check(network: &Network, key: Option<(u64, u64)>, drops: bool, what: &str) -> f64 {
    let params = parameters(network, 1);
    // Learned initial states are those that are not given.
    let given = network.table().entries().iter().all(|entry| entry.role != Role::State);
    let batch = Batch::random(network, &LENGTHS, given, 2);
    let (ws, grads) = run(network, &params, &batch, key, Want::default());
    let twin = twin::network(network, None);
    let natural = twin::parameters(network, &params);
    let positions = 0..LENGTHS.len();
    let sequences: Vec<_> = positions.clone().map(|p| twin::sequence(network, &batch, p)).collect();
    let cotangents: Vec<_> = positions.map(|p| twin::cotangent(network, &batch, p)).collect();
    let of = |params: &Parameters| made(network, params, key.filter(|_| drops));
    let mut worst = 0f64;
    for (position, output) in twin.forward(&of(&natural), &sequences).iter().enumerate() {
        let error =
            relative_error(&twin::prediction(network, &batch, position, ws.output()).concat(), &output.output.concat());
        assert!(error <= 1e-5, "{what}: output is off by {error:e}");
    }
    for (name, gradient) in twin::parameters(network, &grads) {
        let mut moved = natural.clone();
        let expected = central(&mut natural[&name].clone(), 1e-5, |x| {
            moved.insert(name.clone(), x.to_vec());
            twin.loss(&of(&moved), &sequences, &cotangents)
        });
        let error = relative_error(&gradient, &expected);
        assert!(error <= 1e-5, "{what}: {name} is off by {error:e}");
        worst = worst.max(error);
    }
    worst
}

#[test]
fn normalised_weights() {
    let mut worst = 0f64;
    for form in forms() {
        let cell = form.0;
        for input in [Input::Values { size: 3 }, Input::Tokens { vocabulary: 6 }] {
            // A relu network's second derivative jumps where a unit is near 0: differences say nothing there.
            if matches!(cell, CellKind::Rnn { activation: Activation::Relu }) {
                continue;
            }
            let network = of_form(form, WeightForm { norm: true, drop: 0.0 }, true, input, At::Every);
            worst = worst.max(check(&network, None, false, &format!("{form:?} {input:?}")));
        }
    }
    println!("weight norm: worst relative error {worst:.1e}");
}

#[test]
fn dropped_weights() {
    let mut worst = 0f64;
    let smooth = |cell| !matches!(cell, CellKind::Rnn { activation: Activation::Relu });
    let recurrent = |cell| !matches!(cell, CellKind::MinGru | CellKind::MinLstm | CellKind::Lru);
    for form in forms().into_iter().filter(|&(cell, _)| smooth(cell) && recurrent(cell)) {
        let weights = WeightForm { norm: false, drop: 0.4 };
        let network = of_form(form, weights, false, Input::Values { size: 3 }, At::Last);
        worst = worst.max(check(&network, Some(KEY), true, &format!("{form:?}")));
        check(&network, None, false, &format!("{form:?}, outside training"));
    }
    println!("weight drop: worst relative error {worst:.1e}");
}

/// PyTorch's names and shapes; a network starts as one without.
#[test]
fn normalised_weights_start_as_plain_ones() {
    let input = Input::Values { size: 3 };
    let normed = network(CELLS[1], WeightForm { norm: true, drop: 0.0 }, true, input, At::Last);
    let plain = network(CELLS[1], WeightForm::default(), false, input, At::Last);
    let names: Vec<_> = normed.table().entries().iter().map(|p| (p.name.as_str(), p.shape.clone())).collect();
    assert_eq!(
        names[..4],
        [
            ("rnn.weight_ih_l0_g", vec![15, 1]),
            ("rnn.weight_ih_l0_v", vec![15, 3]),
            ("rnn.weight_hh_l0_g", vec![15, 1]),
            ("rnn.weight_hh_l0_v", vec![15, 5]),
        ]
    );
    assert_eq!(names[names.len() - 3..][..2], [("head.weight_g", vec![3, 1]), ("head.weight_v", vec![3, 10])]);
    assert!(normed.table().derives() && !plain.table().derives());
    for init in [Init::Default, Init::PyTorch] {
        let mut params = vec![0.0; normed.table().len()];
        initialise(&normed, init, 1, &mut params);
        let natural = twin::parameters(&normed, &params);
        for (name, g) in natural.iter().filter(|(name, _)| name.ends_with("_g")) {
            let v = &natural[&name.replace("_g", "_v")];
            for (g, v) in g.iter().zip(v.chunks(v.len() / g.len())) {
                let norm = v.iter().map(|v| v * v).sum::<f64>().sqrt();
                assert!((g - norm).abs() < 1e-6 * norm, "{name}");
            }
        }
    }
}

/// Gradients are added onto what is there, whatever the mask; and the room for made weights is left at zero.
#[test]
fn gradients_are_added() {
    for (form, key) in
        [(WeightForm { norm: true, drop: 0.0 }, None), (WeightForm { norm: false, drop: 0.4 }, Some(KEY))]
    {
        let network = network(CELLS[0], form, form.norm, Input::Values { size: 3 }, At::Every);
        let params = parameters(&network, 1);
        let batch = Batch::random(&network, &LENGTHS, false, 2);
        let (_, alone) = run(&network, &params, &batch, key, Want::default());
        let mut onto = vec![0.0; params.len()];
        for (index, entry) in network.table().entries().iter().enumerate() {
            network.table().import(index, &vec![1024.0; entry.count()], &mut onto);
        }
        run_onto(&network, &params, &batch, key, Want::default(), &mut onto);
        for (name, sum) in twin::parameters(&network, &onto) {
            let expected = &twin::parameters(&network, &alone)[&name];
            // 1024 and a gradient are rounded to 2⁻¹³.
            assert!(sum.iter().zip(expected).all(|(sum, g)| (sum - 1024.0 - g).abs() < 2e-3), "{name}");
        }
        let listed: usize = network.table().entries().iter().map(|p| p.len).sum();
        assert_eq!(alone.iter().filter(|&&g| g != 0.0).count(), {
            let natural = twin::parameters(&network, &alone);
            natural.values().flatten().filter(|&&g| g != 0.0).count()
        });
        assert!(listed < params.len());
    }
}

/// One mask for all sequences and steps of an update; another update has another.
#[test]
fn masks_of_weights() {
    let form = WeightForm { norm: false, drop: 0.4 };
    let network = network(CELLS[0], form, false, Input::Values { size: 3 }, At::Every);
    let params = parameters(&network, 1);
    let batch = Batch::random(&network, &[5, 5], false, 2);
    let of = |batch: &Batch, key| run(&network, &params, batch, key, Want::default()).0.output().to_vec();
    let both = of(&batch, Some((1, 2)));
    let mut one = Batch::random(&network, &[5], false, 2);
    let X::Values(x) = &batch.x else { unreachable!() };
    one.x = X::Values(x.chunks(6).flat_map(|step| step[..3].to_vec()).collect());
    one.ids = vec![77];
    let alone = of(&one, Some((1, 2)));
    let first: Vec<f32> = both.chunks(6).flat_map(|step| step[..3].to_vec()).collect();
    assert_bits(&alone, &first, "a sequence by itself, under another name");
    assert_ne!(of(&batch, Some((1, 3))), both);
    assert_ne!(of(&batch, Some((2, 2))), both);
    // The share that is dropped, by what has a gradient: 4 matrices of 20·5 weights.
    let (_, grads) = run(&network, &params, &batch, Some((1, 2)), Want::default());
    let grads = twin::parameters(&network, &grads);
    let all: Vec<f64> =
        grads.iter().filter(|(name, _)| name.contains("weight_hh")).flat_map(|(_, g)| g.clone()).collect();
    let kept = all.iter().filter(|&&g| g != 0.0).count() as f64 / all.len() as f64;
    assert!((kept - 0.6).abs() < 4.0 * (0.24 / all.len() as f64).sqrt(), "{kept} of {}", all.len());
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
#[should_panic(expected = "weights that are made of others")]
fn no_descent() {
    let network = network(CELLS[0], WeightForm { norm: true, drop: 0.0 }, false, Input::Values { size: 3 }, At::Every);
    let mut params = parameters(&network, 1);
    let batch = Batch::random(&network, &[2], false, 1);
    let mut ws = Workspace::new(&network, batch.capacity(), true).unwrap();
    network.forward(&params, &batch.packing, batch.x.view(), None, None, &mut ws);
    network.descend(&mut params, &batch.packing, batch.x.view(), None, &mut ws);
}

/// An Elman network of ones, from states with one unit each, shows what each weight is multiplied with.
#[test]
fn dropped_weights_keep_their_share() {
    const UNITS: usize = 64;
    for drop in [0.1f32, 0.5] {
        let cell = CellKind::Rnn { activation: Activation::Relu };
        let weights = WeightForm { norm: false, drop };
        let layer = Recurrent { weights, bias: false, ..formed((cell, Form::default()), UNITS) };
        let network = Network::new(Input::Values { size: 1 }, vec![Layer::Recurrent(layer)], At::Every).unwrap();
        let mut params = vec![0.0; network.table().len()];
        network.table().import(1, &[1.0; UNITS * UNITS], &mut params);
        let packing = rnn::Packing::new(&[1; UNITS]);
        let capacity = rnn::Capacity { batch: UNITS, steps: 1, rows: UNITS };
        let mut ws = Workspace::new(&network, capacity, true).unwrap();
        let mut states = rnn::States::zeros(&network, UNITS);
        (0..UNITS).for_each(|i| states.layers[0].h[i * UNITS + i] = 1.0);
        let rows: Vec<u64> = (0..UNITS as u64).collect();
        let (mut all, mut masks) = (Vec::new(), std::collections::BTreeSet::new());
        for step in 0..10 {
            let key = rnn::DropoutKey { seed: 7, step, rows: &rows, whole: rnn::Extent::default() };
            let x = rnn::Values::Values(&[0.0; UNITS]);
            network.forward(&params, &packing, x, Some(&states), Some(key), &mut ws);
            assert!(
                masks.insert(ws.output().iter().map(|x| x.to_bits()).collect::<Vec<_>>()),
                "each update has its own"
            );
            all.extend_from_slice(ws.output());
        }
        let n = all.len() as f64;
        let kept = all.iter().filter(|&&x| x != 0.0).count() as f64 / n;
        let error = (f64::from(drop) * f64::from(1.0 - drop) / n).sqrt();
        assert!((kept - f64::from(1.0 - drop)).abs() < 4.0 * error, "{drop}: {kept} kept");
        let mean = all.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        assert!((mean - 1.0).abs() < 4.0 * error / f64::from(1.0 - drop), "the expectation stays: {mean}");
    }
}
