//! Every cell that truncation takes, in every form: k1 = k2 over sequences of one length has the bits of plain backpropagation over
//! the same sequences cut into pieces, each beginning from the state in which the one before ended.

use crate::common::{bits, bits64, fit, text};
use train::bundle::{Bundle, Elements};
use train::model::Model;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

// What is left to chance at each step (dropout, noise, zoneout) is drawn by the number of a sequence and of a step in what an update
// goes through, of which cut sequences have others.

/// Streams, and steps of each: eleven windows.
const STREAMS: usize = 4;
const STEPS: usize = 99;

/// The same characters as sequences.
fn sequences() -> Bundle {
    let Elements::U8(tokens) = text(STREAMS * STEPS + 4).tensors.remove(0).elements else { panic!("bytes") };
    let n = STREAMS * STEPS;
    let mut data = Bundle::default();
    data.note("kind", "sequences");
    data.push("lengths", vec![STREAMS], Elements::I32(vec![STEPS as i32; STREAMS]));
    data.push("tokens", vec![n], Elements::U8(tokens[..n].to_vec()));
    data.push("classes", vec![n], Elements::I32(tokens[1..=n].iter().map(|&t| i32::from(t)).collect()));
    data
}

fn model(layers: &str) -> Model {
    let json = format!(
        r#"{{"input":{{"vocabulary":8}},"layers":[{{"kind":"embedding","units":5}},{layers},{{"kind":"dense"}}],"seed":5}}"#
    );
    Model::create(&json).unwrap_or_else(|e| panic!("{json}: {e:?}"))
}

type Bits = (Vec<u32>, Vec<u64>);

/// The weights and the figures of each update, of pieces of 9 steps, and of updates every 9 steps that go back `k2`.
fn both(layers: &str, k2: usize) -> [Bits; 2] {
    let update = r#""epochs":2,"batchSize":4,"optimizer":{"kind":"adam","learningRate":0.01},"clip":{"norm":0.5},"penalty":{"l2":0.01},"metrics":[]"#;
    let cut = format!(r#"{{{update},"window":9,"carryState":true}}"#);
    let truncated = format!(r#"{{{update},"shuffle":false,"truncation":{{"k1":9,"k2":{k2}}}}}"#);
    [(text(STREAMS * STEPS + 4), cut), (sequences(), truncated)].map(|(data, run)| {
        let mut model = model(layers);
        let before = bits(&model);
        let (records, _) = fit(&mut model, data, &run);
        // Without the epoch and the counts, which differ by the form of the data.
        let steps = records.chunks_exact(8).filter(|row| row[0] == 0.0).flat_map(|row| bits64(&row[2..7])).collect();
        assert_ne!(bits(&model), before, "{layers}");
        (bits(&model), steps)
    })
}

/// A layer of a cell with further options.
pub fn of((kind, cell): (&str, &str), more: &str) -> String {
    format!(r#"{{"kind":"{kind}","hiddenSize":7{cell}{more}}}"#)
}

pub const CELLS: [(&str, &str); 12] = [
    ("rnn", ""),
    ("rnn", r#","activation":"relu""#),
    ("gru", ""),
    ("gru", r#","reset":"before""#),
    ("lstm", ""),
    ("lstm", r#","peepholes":true"#),
    ("lstm", r#","coupled":true"#),
    ("lstm", r#","peepholes":true,"coupled":true"#),
    ("lstm", r#","projSize":3"#),
    ("minGru", ""),
    ("minLstm", ""),
    ("lru", ""),
];

const GRU: (&str, &str) = ("gru", "");

const FORMS: [&str; 8] = [
    "",
    r#","numLayers":2"#,
    r#","numLayers":2,"skip":true"#,
    r#","initialState":"learned""#,
    r#","initialState":"learned","numLayers":2"#,
    r#","bias":false"#,
    r#","weightNorm":true"#,
    r#","trainable":false"#,
];

/// Those of which the two are not the same.
fn apart(all: impl IntoIterator<Item = String>) -> Vec<String> {
    let same = |layers: &String| {
        let [cut, truncated] = both(layers, 9);
        cut == truncated
    };
    all.into_iter().filter(|layers| !same(layers)).collect()
}

#[test]
fn every_cell_in_every_form_has_the_bits_of_cut_sequences() {
    for cell in CELLS {
        let forms = FORMS.map(|form| of(cell, form));
        // What is added has the size of what it is added to.
        let below = of(GRU, "").replace('7', if cell.1.contains("projSize") { "3" } else { "7" });
        let residual = [below, of(cell, r#","residual":true,"numLayers":2"#)].join(",");
        assert_eq!(apart(forms.into_iter().chain([residual])), Vec::<String>::new());
    }
    // It can fail: what goes back further learns otherwise.
    let [cut, truncated] = both(&of(GRU, ""), 10);
    assert_ne!(cut, truncated);
}

#[test]
fn norms_and_penalties_too() {
    let normed = ["rnn", "gru", "lstm"].into_iter();
    let normed =
        normed.flat_map(|kind| ["layer", "rms"].map(|norm| of((kind, ""), &format!(r#","normalization":"{norm}""#))));
    let others = [
        // One mask an update.
        of(GRU, r#","weightDrop":0.3"#),
        r#"{"kind":"layerNorm"},{"kind":"gru","hiddenSize":7},{"kind":"rmsNorm"}"#.to_string(),
        of(("rnn", ""), r#","vanishingPenalty":0.1"#),
    ];
    assert_eq!(apart(normed.chain(others)), Vec::<String>::new());
}
