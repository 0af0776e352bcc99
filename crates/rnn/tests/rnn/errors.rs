//! Networks that cannot be, memory that cannot be had, arguments that do not fit.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{At, Capacity, CellKind, Input, Layer, Merge, Network, Norm, NormKind, Passed, Recurrent, Workspace};

use crate::common::{CELLS, head, recurrent};

#[test]
fn refused_networks() {
    let values = Input::Values { size: 3 };
    let tokens = Input::Tokens { vocabulary: 9 };
    let embedding = |name: &str| Layer::Embedding { units: 4, dropout: 0.0, name: name.into(), trainable: true };
    let layer = |f: &dyn Fn(&mut Recurrent)| {
        let mut layer = recurrent(CELLS[0], 4);
        f(&mut layer);
        Layer::Recurrent(layer)
    };
    let good = || layer(&|_| ());
    let norm = |kind, epsilon| Layer::Norm(Norm { kind, epsilon, name: "n".into(), trainable: true });
    let cases: Vec<(Input, Vec<Layer>, At, usize, &str)> = vec![
        (values, vec![head(2)], At::Last, 0, "expected a recurrent layer"),
        (values, vec![], At::Every, 0, "expected a recurrent, dense, embedding or normalising layer"),
        (
            values,
            vec![Layer::Dropout { rate: 0.5, shared: false }],
            At::Every,
            0,
            "expected a recurrent, dense, embedding or normalising layer",
        ),
        (Input::Values { size: 0 }, vec![good()], At::Every, 0, "the input's size: expected 1 to"),
        (Input::Tokens { vocabulary: 0 }, vec![good()], At::Every, 0, "the vocabulary: expected 1 to"),
        (values, vec![good(), head(0)], At::Every, 1, "units: expected 1 to 16777216, got 0"),
        (values, vec![layer(&|l| l.hidden_size = 0)], At::Every, 0, "hiddenSize: expected 1 to"),
        (values, vec![layer(&|l| l.num_layers = 0)], At::Every, 0, "numLayers: expected 1 to 1024, got 0"),
        (values, vec![layer(&|l| l.dropout = 1.0)], At::Every, 0, "dropout: expected a share"),
        (values, vec![layer(&|l| l.weights.drop = 1.0)], At::Every, 0, "weightDrop: expected a share"),
        (
            values,
            vec![layer(&|l| (l.weights.drop, l.weights.norm) = (0.5, true))],
            At::Every,
            0,
            "weightDrop: not together",
        ),
        (
            values,
            vec![layer(&|l| (l.weights.drop, l.cell) = (0.5, CellKind::MinGru))],
            At::Every,
            0,
            "weightDrop: the layer has no recurrent weights",
        ),
        (
            values,
            vec![layer(&|l| (l.activity.temporal, l.form.passed) = (1.0, Passed::Beside))],
            At::Every,
            0,
            "penalties: not together",
        ),
        (
            values,
            vec![layer(&|l| {
                (l.activity.activation, l.bidirectional, l.form.merge) = (1.0, true, Merge::Sum);
            })],
            At::Every,
            0,
            "penalties: not together",
        ),
        (values, vec![layer(&|l| l.activity.temporal = f32::NAN)], At::Every, 0, "penalties: expected finite numbers"),
        (values, vec![layer(&|l| l.dropout = f32::NAN)], At::Every, 0, "dropout: expected a share"),
        (values, vec![good(), Layer::Dropout { rate: -0.1, shared: false }], At::Every, 1, "rate: expected a share"),
        (tokens, vec![Layer::Dropout { rate: 0.1, shared: false }, good()], At::Every, 0, "dropout reads numbers"),
        (values, vec![embedding("a"), good()], At::Every, 0, "an embedding reads tokens"),
        (tokens, vec![embedding("a"), good(), embedding("b")], At::Every, 2, "an embedding reads tokens"),
        (values, vec![good(), good()], At::Every, 1, "the name \"rnn\" is taken"),
        (values, vec![Layer::Noise { deviation: 0.5 }], At::Every, 0, "expected a recurrent, dense, embedding or norm"),
        (
            values,
            vec![good(), Layer::Noise { deviation: f32::NAN }],
            At::Every,
            1,
            "deviation: expected a finite number",
        ),
        (values, vec![good(), Layer::Noise { deviation: -1.0 }], At::Every, 1, "deviation: expected a finite number"),
        (tokens, vec![Layer::Noise { deviation: 0.5 }, good()], At::Every, 0, "noise reads numbers"),
        (tokens, vec![norm(NormKind::Rms, 1e-5), good()], At::Every, 0, "a normalising layer reads numbers"),
        (values, vec![norm(NormKind::Rms, 0.0), good()], At::Every, 0, "epsilon: expected a number above 0"),
        (values, vec![good(), norm(NormKind::Rms, 1e-5), norm(NormKind::Rms, 1e-5)], At::Every, 2, "the name \"n\" is"),
        (
            values,
            vec![norm(NormKind::Batch { momentum: 1.5 }, 1e-5), good()],
            At::Every,
            0,
            "momentum: expected a share",
        ),
        (values, vec![norm(NormKind::Batch { momentum: f64::NAN }, 1e-5)], At::Every, 0, "momentum: expected a share"),
        (
            values,
            vec![layer(&|l| (l.hidden_size, l.num_layers, l.bidirectional) = (1 << 24, 1024, true))],
            At::Every,
            0,
            "more parameters than memory",
        ),
    ];
    for (input, layers, at, layer, message) in cases {
        let error = Network::new(input, layers, at).expect_err(message);
        assert_eq!(error.layer, layer, "{error}");
        assert!(error.message.contains(message), "{error}");
    }
}

#[test]
fn memory_that_cannot_be_had() {
    let network =
        Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(recurrent(CELLS[0], 4))], At::Every).unwrap();
    // Lengths that overflow, bytes that do, and (where addresses are that wide) more than any machine has.
    let mut rows = vec![usize::MAX / 4, usize::MAX / 20];
    rows.extend(1usize.checked_shl(45));
    for rows in rows {
        let capacity = Capacity { batch: 1, steps: rows, rows };
        for training in [false, true] {
            let error = Workspace::new(&network, capacity, training).expect_err("too large");
            assert!(error.bytes > rows, "{error}");
        }
    }
    let capacity = Capacity { batch: 1, steps: 10, rows: 10 };
    assert!(Workspace::new(&network, capacity, true).is_ok());
}

/// A panic ends a wasm test run, so these are native only.
#[cfg(not(target_arch = "wasm32"))]
mod panics {
    use super::*;
    use crate::common::{ALL, Batch, X, parameters, run};
    use rnn::{DropoutKey, Extent, Packing, Values, Want};

    fn network() -> Network {
        Network::new(Input::Values { size: 3 }, vec![Layer::Recurrent(recurrent(CELLS[0], 4))], At::Every).unwrap()
    }

    fn forward(x: &[f32], lengths: &[usize], key: Option<DropoutKey>, training: bool) -> Workspace {
        let network = network();
        let params = parameters(&network, 1);
        let mut ws = Workspace::new(&network, Capacity { batch: 2, steps: 3, rows: 5 }, training).unwrap();
        network.forward(&params, &Packing::new(lengths), Values::Values(x), None, key, &mut ws);
        ws
    }

    #[test]
    #[should_panic(expected = "length of x")]
    fn short_input() {
        forward(&[0.0; 14], &[3, 2], None, false);
    }

    #[test]
    #[should_panic(expected = "in a workspace of 2 x 3")]
    fn large_batch() {
        forward(&[0.0; 18], &[3, 3], None, false);
    }

    #[test]
    #[should_panic(expected = "not for training")]
    fn dropout_without_training() {
        forward(
            &[0.0; 15],
            &[3, 2],
            Some(DropoutKey { seed: 1, step: 1, rows: &[0, 1], whole: Extent::default() }),
            false,
        );
    }

    #[test]
    #[should_panic(expected = "a token outside the vocabulary")]
    fn unknown_token() {
        let input = Input::Tokens { vocabulary: 9 };
        let network = Network::new(input, vec![Layer::Recurrent(recurrent(CELLS[0], 4))], At::Every).unwrap();
        let mut batch = Batch::random(&network, &[3], false, 1);
        batch.x = X::Tokens(vec![0, 9, 1]);
        run(&network, &parameters(&network, 1), &batch, None, Want::default());
    }

    #[test]
    #[should_panic(expected = "call reserve_hidden_values before")]
    fn hidden_values_without_room() {
        let network = network();
        let params = parameters(&network, 1);
        let mut ws = forward(&[0.0; 15], &[3, 2], None, true);
        let mut grads = vec![0.0; params.len()];
        let packing = Packing::new(&[3, 2]);
        network.backward(&params, &packing, Values::Values(&[0.0; 15]), None, None, &mut ws, &mut grads, ALL);
    }
}
