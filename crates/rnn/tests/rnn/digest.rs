//! One golden digest of gradients: the native scalar build and wasm SIMD agree when both agree with it.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{At, Init, Input, Layer, Network, Recurrent, cross_entropy, initialise};

use crate::common::{ALL, Batch, CELLS, X, digest, head, recurrent, stream};

/// A plain step: default start values, ragged text, cross-entropy at each step, dropout; then everything that came out.
fn step(cell: rnn::CellKind, hidden: usize) -> u64 {
    let layer = Recurrent { num_layers: 2, bidirectional: true, dropout: 0.2, ..recurrent(cell, hidden) };
    let embedding = Layer::Embedding { units: 10, dropout: 0.0, name: "embedding".into(), trainable: true };
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
const GOLDEN: [[u64; 2]; CELLS.len()] = [
    [0xfbd5_0f9d_12c4_05da, 0x08e0_2862_b767_0719],
    [0xe592_f1cf_b384_4881, 0x01ce_aa50_e75f_bbe4],
    [0x0020_c00d_b859_725e, 0x0a87_47f9_585a_42e8],
    [0x4c23_2f98_12d1_76ca, 0xf5da_dc2a_0c03_9484],
    [0x81af_b49f_526a_cf45, 0x6bbe_d0c6_8363_01c7],
    [0xc599_3e37_cec4_3ffb, 0x1ec6_ebde_84df_80b1],
    [0x0187_0abd_a569_9dbf, 0xc9dc_6ed2_db02_153b],
    [0x53af_1db1_51d9_485e, 0x52d9_f160_c815_f5c0],
    [0x1075_80a7_3f89_9e90, 0xfd07_eaed_36a6_9151],
    [0xe240_38e9_ef6f_025e, 0xe8b0_ad95_ef11_8729],
    [0x7faf_7114_081a_6262, 0xc59b_463c_7fe9_823c],
    [0xc95f_7834_ec65_d829, 0xf8ee_63a7_bf34_c2d1],
];

/// Not in a relaxed build, whose bits are the machine's.
#[test]
#[cfg(not(target_feature = "relaxed-simd"))]
fn golden() {
    let digests = CELLS.map(|cell| [step(cell, 16), step(cell, 11)]);
    assert_eq!(digests, GOLDEN, "digests of one training step: {digests:#x?}");
}
