//! States and gradients that die away become zero, not denormal.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{At, Init, Initialiser, Input, Layer, Network, Recurrent, initialise};

use crate::common::{ALL, Batch, CELLS, X, recurrent, run};

#[test]
fn nothing_denormal() {
    for cell in CELLS {
        let layer = Recurrent { forget_bias: Some(-1.0), ..recurrent(cell, 4) };
        let network = Network::new(Input::Values { size: 1 }, vec![Layer::Recurrent(layer)], At::Every).unwrap();
        let mut params = vec![0.0; network.table().len()];
        let scheme = Init::Named { input: Initialiser::GlorotUniform, recurrent: Initialiser::Orthogonal };
        initialise(&network, scheme, 1, &mut params);
        // Weak recurrence: every state shrinks by a factor or more a step; an LRU's by exp(-exp(1)).
        if let Some(weight) = network.table().find("rnn.weight_hh_l0") {
            params[network.table().entries()[weight].range()].iter_mut().for_each(|w| *w *= 0.01);
        }
        if let Some(rate) = network.table().find("rnn.nu_log_l0") {
            params[network.table().entries()[rate].range()][..4].fill(1.0);
        }
        let mut batch = Batch::random(&network, &[400], true, 2);
        let X::Values(x) = &mut batch.x else { unreachable!() };
        x[1..].fill(0.0);
        let rows = batch.cotangent.len();
        batch.cotangent[..rows - 4].fill(0.0);
        let (ws, _) = run(&network, &params, &batch, None, ALL);
        let (states, gradients) = (ws.output(), &ws.hidden_gradients()[0].values);
        let norms = &ws.hidden_gradients()[0].norms;
        let width = gradients.len() / 400;
        for (norm, step) in norms.iter().zip(gradients.chunks_exact(width)) {
            assert_eq!(*norm, linalg::norm_squared(step).sqrt() as f32, "{cell:?}: of what is there");
        }
        for values in [states, gradients] {
            assert!(values.iter().all(|&x| x == 0.0 || x.abs() >= 1e-30), "{cell:?}");
            assert!(values.iter().any(|&x| x != 0.0) && values.contains(&0.0), "{cell:?} dies away");
        }
    }
}
