//! The orthogonality penalty against differences of its formula, and the largest norm against f64.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::difference::{central, relative_error};
use rnn::{At, Input, Layer, Network, Orthogonality, Recurrent, max_norm};

use crate::common::{CELLS, assert_bits, head, parameters, recurrent, twin};

fn network(hidden: usize, trainable: bool) -> Network {
    let layer = |i: usize, cell| {
        let layer = recurrent(cell, hidden + i);
        Layer::Recurrent(Recurrent { bidirectional: true, name: format!("rnn{i}"), trainable, ..layer })
    };
    let mut layers: Vec<Layer> = CELLS.into_iter().enumerate().map(|(i, cell)| layer(i, cell)).collect();
    layers.push(head(3));
    Network::new(Input::Values { size: 2 }, layers, At::Every).unwrap()
}

/// `‖W Wᵀ - I‖²` of every gate of a matrix `[gates·units, inputs]`, or `‖Wᵀ W - I‖²` where there are more units.
fn penalty(w: &[f64], units: usize, inputs: usize) -> f64 {
    let mut sum = 0.0;
    for block in w.chunks_exact(units * inputs) {
        let at = |r: usize, c: usize| if units > inputs { block[c * inputs + r] } else { block[r * inputs + c] };
        let (m, k) = (units.min(inputs), units.max(inputs));
        for (i, j) in (0..m).flat_map(|i| (0..m).map(move |j| (i, j))) {
            let product: f64 = (0..k).map(|c| at(i, c) * at(j, c)).sum();
            let apart = product - f64::from(u8::from(i == j));
            sum += apart * apart;
        }
    }
    sum
}

#[test]
fn orthogonality_by_differences() {
    let mut worst = 0f64;
    for hidden in [1, 5, 8, 13] {
        let network = network(hidden, true);
        let table = network.table();
        let params = parameters(&network, 1);
        let mut grads = vec![0.0; params.len()];
        Orthogonality::new(table).unwrap().add(0.7, table, &params, &mut grads);
        let (natural, grads) = (twin::parameters(&network, &params), twin::parameters(&network, &grads));
        for entry in table.entries() {
            let gradient = &grads[&entry.name];
            if !entry.name.contains("weight_hh") {
                assert!(gradient.iter().all(|&g| g == 0.0), "{}", entry.name);
                continue;
            }
            let units = entry.shape[0] / entry.gates;
            let mut w = natural[&entry.name].clone();
            let expected = central(&mut w, 1e-5, |w| 0.7 * penalty(w, units, entry.shape[1]));
            let error = relative_error(gradient, &expected);
            assert!(error <= 1e-5, "{}: {error:e}", entry.name);
            worst = worst.max(error);
        }
    }
    println!("orthogonality: worst relative error {worst:.1e}");
}

/// An orthogonal start has no gradient but rounding.
#[test]
fn orthogonal_matrices_rest() {
    let network = network(8, true);
    let mut params = vec![0.0; network.table().len()];
    rnn::initialise(&network, rnn::Init::Default, 1, &mut params);
    let mut grads = vec![0.0; params.len()];
    Orthogonality::new(network.table()).unwrap().add(1.0, network.table(), &params, &mut grads);
    assert!(grads.iter().all(|g| g.abs() < 1e-5));
}

#[test]
fn frozen_matrices_are_left_alone() {
    let network = network(5, false);
    let mut params = parameters(&network, 1);
    let mut grads = vec![0.0; params.len()];
    Orthogonality::new(network.table()).unwrap().add(1.0, network.table(), &params, &mut grads);
    assert!(grads.iter().all(|&g| g == 0.0));
    let before = twin::parameters(&network, &params);
    max_norm(0.1, network.table(), &mut params);
    let after = twin::parameters(&network, &params);
    let moved: Vec<_> = before.iter().filter(|(name, w)| &after[*name] != *w).map(|(name, _)| name.as_str()).collect();
    assert_eq!(moved, ["head.weight"]);
}

#[test]
fn largest_norm() {
    for most in [0.3, 0.9, 1.3, 50.0] {
        let network = network(5, true);
        let table = network.table();
        let before = parameters(&network, 1);
        let mut after = before.clone();
        max_norm(most, table, &mut after);
        let (natural, scaled) = (twin::parameters(&network, &before), twin::parameters(&network, &after));
        for entry in table.entries() {
            let (w, s) = (&natural[&entry.name], &scaled[&entry.name]);
            if entry.shape.len() == 1 {
                assert_eq!(w, s);
                continue;
            }
            for (w, s) in w.chunks_exact(entry.shape[1]).zip(s.chunks_exact(entry.shape[1])) {
                let norm = w.iter().map(|w| w * w).sum::<f64>().sqrt();
                let factor = (most / norm).min(1.0);
                let expected: Vec<f64> = w.iter().map(|w| w * factor).collect();
                assert!(relative_error(s, &expected) < 1e-6, "{}", entry.name);
                assert!(factor < 1.0 || w == s, "{}: a smaller one stays to the bit", entry.name);
            }
        }
        // Scaled once, it is as it should be: the next time moves rounding at most.
        let mut again = after.clone();
        max_norm(most * 1.000_001, table, &mut again);
        assert_bits(&again, &after, "weights");
    }
}
