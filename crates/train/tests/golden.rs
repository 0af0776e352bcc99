//! One digest of trained weights for every build: native scalar, wasm SIMD, and the package in each runtime
//! (test/api/golden.test.ts trains the same). It changes only with the arithmetic; then all of them change together.

mod common;

use common::{bits, fit};
use train::bundle::{Bundle, Elements};
use train::hash::Fnv;
use train::model::Model;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const DIGEST: &str = "ec93aa473e57f47a";

/// Twenty ragged sequences of three numbers and their classes, from whole numbers, so that every language makes the same.
fn data() -> Bundle {
    let lengths: Vec<i32> = (0..20).map(|i| 4 + i * 5 % 7).collect();
    let rows = lengths.iter().sum::<i32>() as usize;
    let x = (0..rows * 3).map(|i| ((i * 7919 % 1000) as f32 - 500.0) / 256.0).collect();
    let mut bundle = Bundle::default();
    bundle.note("kind", "sequences");
    bundle.push("classes", vec![20], Elements::I32((0..20).map(|i| i * i % 3).collect()));
    bundle.push("lengths", vec![20], Elements::I32(lengths));
    bundle.f32("x", vec![rows, 3], x);
    bundle
}

#[test]
fn trained_weights_have_the_golden_digest() {
    let mut hash = Fnv::default();
    for cell in [
        r#""kind":"lstm","bidirectional":true,"numLayers":2,"dropout":0.25"#,
        r#""kind":"gru""#,
        r#""kind":"gru","reset":"before""#,
        r#""kind":"rnn","activation":"relu""#,
    ] {
        let description = format!(
            r#"{{"input":{{"size":3,"scale":"standard"}},"layers":[{{{cell},"hiddenSize":9}},{{"kind":"dense"}}],
                "output":{{"at":"last","classes":3}},"seed":11}}"#
        );
        let mut model = Model::create(&description).expect("right");
        fit(&mut model, data(), r#"{"epochs":3,"batchSize":6,"penalty":{"l1":0.0001,"l2":0.001},"clip":{"norm":0.5}}"#);
        bits(&model).iter().for_each(|b| hash.add(&b.to_le_bytes()));
    }
    assert_eq!(hash.hex(), DIGEST);
}
