//! One golden digest of gradients: the native scalar build and wasm SIMD agree when both agree with it.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{At, Init, Input, Layer, Network, Recurrent, cross_entropy, initialise};

use crate::common::{ALL, Batch, CELLS, X, digest, head, recurrent, stream};

/// A plain step: default start values, ragged text, cross-entropy at each step, dropout; then everything that came out.
fn step(cell: rnn::CellKind, hidden: usize) -> u64 {
    let layer = Recurrent { num_layers: 2, bidirectional: true, dropout: 0.2, ..recurrent(cell, hidden) };
    let embedding = Layer::Embedding { units: 10, name: "embedding".into(), trainable: true };
    let layers = vec![embedding, Layer::Recurrent(layer), head(13)];
    let network = Network::new(Input::Tokens { vocabulary: 13 }, layers, At::Every).unwrap();
    let mut params = vec![0.0; network.table().len()];
    initialise(&network, Init::Default, 42, &mut params);
    let mut batch = Batch::random(&network, &[19, 31, 7, 31, 1, 12, 25], true, 6);
    let X::Tokens(tokens) = &batch.x else { unreachable!() };
    let mut numbers = stream(tokens.len() as u64);
    let classes: Vec<i32> = tokens.iter().map(|_| numbers.below(13) as i32).collect();
    // The loss's gradient at the network's own output, as in training.
    batch.cotangent.fill(0.0);
    let (ws, _) = crate::common::run(&network, &params, &batch, Some((42, 7)), ALL);
    let mut cotangent = vec![0.0; ws.output().len()];
    let scale = 1.0 / classes.len() as f64;
    let loss = cross_entropy(ws.output(), &classes, None, scale, Some(&mut cotangent));
    batch.cotangent = cotangent;
    let (mut ws, grads) = crate::common::run(&network, &params, &batch, Some((42, 7)), ALL);
    let mut all = vec![loss.mean() as f32];
    all.extend_from_slice(&grads);
    all.extend_from_slice(ws.output());
    for state in ws.state_gradients().layers.clone() {
        all.extend(state.h.into_iter().chain(state.c));
    }
    all.extend(ws.hidden_gradients().iter().flat_map(|hidden| &hidden.norms));
    digest(&all)
}

/// One row a cell, in the order of `CELLS`: 16 units, and 11, which fill no panel.
const GOLDEN: [[u64; 2]; 6] = [
    [0x67c0_077a_2627_6c7d, 0xa034_23d4_29e8_c5f6],
    [0xeeb5_0add_5bda_4160, 0xdbc5_e3a1_dfbe_c610],
    [0x55af_8ecc_9145_a2ce, 0x8dca_a8d0_73c4_6d7b],
    [0xfa53_2259_dd08_0788, 0xbc74_00ea_fcca_50be],
    [0xf641_63f2_a706_98c1, 0xdb86_ceda_9625_bca5],
    [0xcbc7_1f06_898d_dfd7, 0xa484_d327_7b3a_e46e],
];

/// Not in a relaxed build, whose bits are the machine's.
#[test]
#[cfg(not(target_feature = "relaxed-simd"))]
fn golden() {
    let digests = CELLS.map(|cell| [step(cell, 16), step(cell, 11)]);
    assert_eq!(digests, GOLDEN, "digests of one training step: {digests:#x?}");
}
