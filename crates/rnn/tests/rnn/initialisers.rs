//! Start values: bounds, orthogonality, gate blocks, biases, streams.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{At, CellKind, Form, Init, Initialiser, Input, Layer, Network, Recurrent, Ring, Role, initialise};

use crate::common::{CELLS, digest, head, recurrent};

fn network(cell: CellKind, forget_bias: Option<f32>) -> Network {
    let embedding = Layer::Embedding { units: 6, dropout: 0.0, name: "embedding".into(), trainable: true };
    let layer = Recurrent { num_layers: 2, forget_bias, ..recurrent(cell, 12) };
    Network::new(Input::Tokens { vocabulary: 300 }, vec![embedding, Layer::Recurrent(layer), head(5)], At::Last)
        .unwrap()
}

/// Natural tensor of each parameter.
fn start(network: &Network, init: Init, seed: u64) -> Vec<(String, Vec<f32>)> {
    let mut params = vec![f32::NAN; network.table().len()];
    initialise(network, init, seed, &mut params);
    assert!(params.iter().all(|x| x.is_finite()), "padding is written too");
    let tensors = network.table().entries().iter().enumerate().map(|(index, entry)| {
        let mut natural = vec![0.0; entry.count()];
        network.table().export(index, &params, &mut natural);
        (entry.name.clone(), natural)
    });
    tensors.collect()
}

/// Fills its bound: the largest of many uniform numbers lies near it, their mean near 0.
fn assert_uniform(values: &[f32], bound: f64, what: &str) {
    let largest = values.iter().fold(0f64, |m, &x| m.max(f64::from(x).abs()));
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / values.len() as f64;
    assert!(largest <= bound && largest > 0.8 * bound, "{what}: largest {largest} of {bound}");
    assert!(mean.abs() < 4.0 * bound / (3.0 * values.len() as f64).sqrt(), "{what}: mean {mean}");
}

#[test]
fn default() {
    // An LRU starts in its own way.
    for cell in CELLS.into_iter().filter(|&cell| cell != CellKind::Lru) {
        let network = network(cell, None);
        for ((name, values), entry) in start(&network, Init::Default, 3).iter().zip(network.table().entries()) {
            match entry.role {
                Role::InputWeight | Role::Weight => {
                    let (units, inputs) = (entry.shape[0] / entry.gates, entry.shape[1]);
                    for block in values.chunks_exact(units * inputs) {
                        assert_uniform(block, (6.0 / (units + inputs) as f64).sqrt(), name);
                    }
                }
                Role::RecurrentWeight => {
                    values.chunks_exact(12 * 12).for_each(|block| assert_orthonormal(block, 12, 12))
                }
                Role::Embedding => assert_uniform(values, 3f64.sqrt(), name),
                Role::Vector | Role::State => assert!(values.iter().all(|&x| x == 0.0), "{name}"),
                Role::Gain | Role::Magnitude | Role::Buffer(_) => unreachable!("here is no norm"),
                Role::Bias => {
                    // Coupled, the forget gate is the first.
                    let gate = match cell {
                        CellKind::Lstm | CellKind::LstmVariant { coupled: false, .. } => Some(1),
                        CellKind::LstmVariant { .. } | CellKind::MinLstm => Some(0),
                        _ => None,
                    };
                    let forget = gate.filter(|_| name.contains("bias_ih"));
                    for (i, &x) in values.iter().enumerate() {
                        assert_eq!(x, if forget == Some(i / 12) { 1.0 } else { 0.0 }, "{name} {i}");
                    }
                }
            }
        }
    }
}

/// `[rows, columns]` with orthonormal rows (columns, when there are more rows), to f32.
fn assert_orthonormal(block: &[f32], rows: usize, columns: usize) {
    let (count, len) = (rows.min(columns), rows.max(columns));
    let at =
        |i: usize, k: usize| f64::from(if rows <= columns { block[i * columns + k] } else { block[k * columns + i] });
    for i in 0..count {
        for j in 0..count {
            let product = (0..len).map(|k| at(i, k) * at(j, k)).sum::<f64>();
            let expected = if i == j { 1.0 } else { 0.0 };
            // Rounding of the elements to f32.
            assert!((product - expected).abs() < 1e-6, "{i}, {j}: {product}");
        }
    }
}

#[test]
fn orthogonal_of_any_shape() {
    for (size, units) in [(3, 8), (8, 3), (1, 4), (40, 40)] {
        let network = Network::new(Input::Values { size }, vec![head(units)], At::Every).unwrap();
        let named = Init::Named { input: Initialiser::Orthogonal, recurrent: Initialiser::Zeros };
        assert_orthonormal(&start(&network, named, 1)[0].1, units, size);
    }
}

/// The elements of an orthogonal matrix have no preferred sign: the process makes R's diagonal positive.
#[test]
fn orthogonal_has_no_preferred_direction() {
    let network = Network::new(Input::Values { size: 2 }, vec![head(2)], At::Every).unwrap();
    let named = Init::Named { input: Initialiser::Orthogonal, recurrent: Initialiser::Zeros };
    let samples: Vec<Vec<f32>> = (0..400).map(|seed| start(&network, named, seed)[0].1.clone()).collect();
    for i in 0..4 {
        let mean = samples.iter().map(|m| f64::from(m[i])).sum::<f64>() / 400.0;
        // Standard deviation .707 / √400.
        assert!(mean.abs() < 0.14, "element {i}: mean {mean}");
    }
    let turns = samples.iter().filter(|m| m[0] * m[3] - m[1] * m[2] > 0.0).count();
    assert!((150..250).contains(&turns), "{turns} rotations, the rest reflections");
}

#[test]
fn pytorch() {
    let network = network(CellKind::Lstm, None);
    for ((name, values), entry) in start(&network, Init::PyTorch, 3).iter().zip(network.table().entries()) {
        match entry.role {
            Role::Embedding => {
                let square = values.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / values.len() as f64;
                assert!((square - 1.0).abs() < 0.15, "variance {square}");
                assert!(values.iter().any(|x| x.abs() > 2.5), "tails");
            }
            // Five numbers do not show their bound.
            _ if name == "head.bias" => assert!(values.iter().all(|x| x.abs() <= 1.0 / 12f32.sqrt() && *x != 0.0)),
            _ => assert_uniform(values, 1.0 / 12f64.sqrt(), name),
        }
    }
}

#[test]
fn forget_bias() {
    let of = |forget_bias, init| {
        let (_, bias) = start(&network(CellKind::Lstm, forget_bias), init, 3).swap_remove(3);
        bias[12..24].to_vec()
    };
    assert_eq!(of(None, Init::Default), [1.0; 12]);
    assert_eq!(of(Some(2.5), Init::Default), [2.5; 12]);
    assert_eq!(of(Some(0.0), Init::Default), [0.0; 12]);
    assert_eq!(of(Some(1.0), Init::PyTorch), [1.0; 12]);
    assert!(of(None, Init::PyTorch).windows(2).any(|pair| pair[0] != pair[1]));
}

/// Eigenvalues of an LRU lie in its ring, squares of their radii and phases uniform; gains follow; weights are normal.
#[test]
fn ring() {
    let ring = Ring { min_radius: 0.6, max_radius: 0.9, max_phase: 1.5 };
    let layer = Recurrent { form: Form { ring, ..Form::default() }, ..recurrent(CellKind::Lru, 2000) };
    let network = Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(layer)], At::Last).unwrap();
    for scheme in [Init::Default, Init::PyTorch] {
        let tensors = start(&network, scheme, 7);
        let of = |name: &str| {
            let (_, values) = tensors.iter().find(|(n, _)| n == &format!("rnn.{name}_l0")).expect("there");
            values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>()
        };
        let squares: Vec<f64> = of("nu_log").iter().map(|&x| libm::exp(-2.0 * libm::exp(x))).collect();
        let within = |values: &[f64], low: f64, high: f64| {
            assert!(values.iter().all(|&v| v >= low - 1e-5 && v <= high + 1e-5));
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            // Four standard errors of a uniform number.
            let error = 4.0 * (high - low) / 12f64.sqrt() / (values.len() as f64).sqrt();
            assert!((mean - 0.5 * (low + high)).abs() < error, "mean {mean} between {low} and {high}");
        };
        within(&squares, 0.36, 0.81);
        within(&of("theta_log").iter().map(|&x| libm::exp(x)).collect::<Vec<_>>(), 0.0, 1.5);
        for (square, gain) in squares.iter().zip(of("gamma_log")) {
            assert!((libm::exp(2.0 * gain) - (1.0 - square)).abs() < 1e-5);
        }
        let variance = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
        for (gate, expected) in of("weight_ih").chunks_exact(6000).zip([1.0 / 6.0, 1.0 / 6.0, 1.0 / 3.0]) {
            assert!((variance(gate) / expected - 1.0).abs() < 0.1);
        }
        assert!((variance(&of("weight_hr")) * 2000.0 - 1.0).abs() < 0.1);
    }
    // The whole disc, whose rim and centre have no logarithm.
    let whole =
        Network::new(Input::Values { size: 1 }, vec![Layer::Recurrent(recurrent(CellKind::Lru, 3000))], At::Last);
    start(&whole.unwrap(), Init::Default, 1);
    let named = Init::Named { input: Initialiser::Zeros, recurrent: Initialiser::Zeros };
    assert!(start(&network, named, 7)[0].1.iter().all(|&x| x == 0.0), "weights as they are asked for");
    assert!(start(&network, named, 7)[3] == start(&network, Init::Default, 7)[3], "the ring in any case");
}

#[test]
fn identity_and_zeros() {
    let network = network(CELLS[4], None);
    let named = Init::Named { input: Initialiser::Zeros, recurrent: Initialiser::Identity };
    let tensors = start(&network, named, 3);
    assert!(tensors[1].1.iter().all(|&x| x == 0.0));
    for (i, &x) in tensors[2].1.iter().enumerate() {
        assert_eq!(x, if i / 12 == i % 12 { 1.0 } else { 0.0 });
    }
}

#[test]
fn names() {
    use Initialiser::*;
    for (name, expected) in Initialiser::NAMES.iter().zip([GlorotUniform, Orthogonal, Identity, Uniform, Zeros]) {
        assert_eq!(Initialiser::from_name(name), Some(expected));
    }
    assert_eq!(Initialiser::from_name("glorot"), None);
}

/// Seeds differ, parameters differ, and the values are those of every machine.
#[test]
fn streams() {
    let network = network(CellKind::Lstm, None);
    let a = start(&network, Init::Default, 1);
    assert_eq!(a, start(&network, Init::Default, 1));
    let b = start(&network, Init::Default, 2);
    assert_ne!(a[1].1, b[1].1);
    assert_ne!(a[1].1[..72], start(&network, Init::PyTorch, 1)[2].1[..72]);
    let all: Vec<f32> = a.into_iter().chain(start(&network, Init::PyTorch, 1)).flat_map(|(_, values)| values).collect();
    assert_eq!(digest(&all), 0xaa74_71d8_640b_d553, "golden digest of the start values: {:#x}", digest(&all));
}
