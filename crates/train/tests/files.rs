//! Files of models: PyTorch's names, and no altered byte goes unseen.

mod common;

use common::{bits, classified, classifier, fit, text};
use train::bundle::{Bundle, Elements};
use train::checkpoint::{self, load};
use train::error::ErrorClass;
use train::hash::Fnv;
use train::model::Model;
use train::session::Session;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_model_survives_its_file() {
    let mut model = classifier();
    fit(&mut model, classified(30), r#"{"epochs":2,"validationSplit":0.2}"#);
    let file = save(&model, true);
    let loaded = load(&file).expect("just written");
    assert_eq!(bits(&loaded), bits(&model));
    assert_eq!(save(&loaded, true), file, "writing is the inverse of reading");
    assert!(save(&model, false).len() < file.len() / 2, "training: false leaves the moments out");
}

#[test]
fn the_file_names_parameters_as_pytorch_does() {
    let file = Bundle::read(&save(&classifier(), true)).expect("safetensors");
    let weight = file.find("0.weight_ih_l0_reverse").expect("a second direction");
    assert_eq!(weight.shape, [18, 2]);
    assert_eq!(file.find("0.weight_hh_l1").expect("a second level").shape, [18, 6]);
    assert_eq!(file.find("1.bias").expect("the head").shape, [2]);
}

fn save(model: &Model, training: bool) -> Vec<u8> {
    checkpoint::save(model, None, training).expect("there is room")
}

const SMALL: &str = r#"{"input":{"size":1},"layers":[{"kind":"rnn","hiddenSize":2}],"output":{"at":"every"}}"#;

#[test]
fn every_altered_byte_and_every_cut_is_a_format_error() {
    refuses_every_change(&save(&Model::create(SMALL).expect("right"), true));
}

#[test]
fn so_it_is_in_a_file_that_holds_a_run() {
    let mut model = Model::create(SMALL).expect("right");
    let mut data = Bundle::default();
    data.note("kind", "sequences");
    data.push("lengths", vec![3], Elements::I32(vec![2, 1, 1]));
    data.f32("x", vec![4, 1], vec![0.5, -1.0, 2.0, 0.25]);
    data.f32("y", vec![4, 2], vec![1.0, 0.0, 0.0, 1.0, 0.5, 0.5, 0.0, 1.0]);
    fit(&mut model, data, r#"{"epochs":2,"batchSize":2,"optimizer":{"kind":"adam"},"validationSplit":0.34}"#);
    let file = save(&model, true);
    assert!(file.len() > 2 * save(&model, false).len(), "the run is in it");
    refuses_every_change(&file);
}

#[test]
fn so_it_is_in_a_file_that_holds_carried_states_and_the_last_weights() {
    let json = r#"{"input":{"vocabulary":8},"layers":[{"kind":"lstm","hiddenSize":1},{"kind":"dense"}]}"#;
    let mut model = Model::create(json).expect("right");
    // At this rate it soon gets worse again, so that the best weights are not the last ones.
    let run = r#"{"epochs":6,"batchSize":2,"window":9,"carryState":true,"validationSplit":0.2,
        "optimizer":{"kind":"sgd","learningRate":30}}"#;
    fit(&mut model, text(60), run);
    let file = save(&model, true);
    let held = Bundle::read(&file).expect("safetensors");
    for name in ["carried.0.state.0.h", "carried.0.state.0.c", "last.0.weight_hh_l0", "best.0.weight_hh_l0"] {
        assert!(held.find(name).is_some(), "no {name}");
    }
    assert_ne!(held.find("last.1.bias").map(|t| &t.elements), held.find("1.bias").map(|t| &t.elements));
    assert_eq!(save(&load(&file).expect("just written"), true), file, "writing is the inverse of reading");
    refuses_every_change(&file);
}

fn refuses_every_change(file: &[u8]) {
    for at in 0..file.len() {
        for flip in [1, 0x80] {
            let mut altered = file.to_vec();
            altered[at] ^= flip;
            let error = load(&altered).err().unwrap_or_else(|| panic!("byte {at} was altered unseen"));
            assert_eq!(error.class, ErrorClass::Format, "byte {at}: {}", error.message);
        }
        assert_eq!(load(&file[..at]).err().expect("cut off").class, ErrorClass::Format);
    }
    for more in [&[0][..], b" ", &[0; 8]] {
        let error = load(&[file, more].concat()).err().expect("longer");
        assert_eq!((error.class, error.code), (ErrorClass::Format, "unreadableFile"), "{more:?} at the end");
    }
}

#[test]
fn a_newer_version_is_refused_by_name() {
    let mut bundle = Bundle::read(&save(&classifier(), false)).expect("safetensors");
    bundle.metadata.iter_mut().filter(|(key, _)| key == "version").for_each(|(_, v)| *v = "2".into());
    assert_eq!(load(&bundle.write()).err().expect("newer").code, "newerVersion");
}

/// The file with other descriptions and without some tensors, and a checksum that is right.
fn rewritten(file: &[u8], change: impl Fn(&str) -> String, without: &str) -> Vec<u8> {
    let mut bundle = Bundle::read(file).expect("safetensors");
    bundle.tensors.retain(|tensor| !tensor.name.starts_with(without) || without.is_empty());
    for (key, text) in &mut bundle.metadata {
        *text = if key == "checksum" { "0".repeat(text.len()) } else { change(text) };
    }
    let mut file = bundle.write();
    let mut hash = Fnv::default();
    hash.add(&file);
    let sum = hash.hex();
    let key = b"\"checksum\":\"";
    let at = file.windows(key.len()).position(|w| w == key).expect("a checksum") + key.len();
    file[at..at + sum.len()].copy_from_slice(sum.as_bytes());
    file
}

/// What earlier builds wrote and this one does not take is told, not run into.
#[test]
fn descriptions_of_earlier_builds_are_refused() {
    let lru = SMALL.replace("rnn", "lru");
    let file = save(&Model::create(&lru).expect("right"), false);
    assert!(load(&rewritten(&file, str::to_owned, "")).is_ok(), "it is the file that it was");
    let scaled = |text: &str| text.replace(r#""kind":"lru""#, r#""kind":"lru","recurrentScale":1"#);
    let error = load(&rewritten(&file, scaled, "")).err().expect("an option that it has no longer");
    assert_eq!(error.class, ErrorClass::Format);
    assert!(error.message.contains("layers[0].recurrentScale: unknown option"), "{}", error.message);

    let trained = |run: &str| {
        let mut model = classifier();
        fit(&mut model, classified(30), run);
        save(&model, true)
    };
    let file = trained(r#"{"epochs":1,"batchSize":"full","optimizer":"rprop"}"#);
    let null = |text: &str| text.replace(r#""batchSize":"full""#, r#""batchSize":null"#);
    let error = load(&rewritten(&file, null, "")).err().expect("a size is a number or all");
    assert_eq!(error.class, ErrorClass::Format);
    // Without one it takes all of the data, as it did.
    let open = |text: &str| text.replace(r#""batchSize":"full","#, "");
    let mut model = load(&rewritten(&file, open, "")).expect("the default");
    assert!(Session::resume(&mut model, classified(30), r#"{"epochs":2}"#, None, None).is_ok());

    let file = trained(r#"{"epochs":1,"optimizer":"prodigy"}"#);
    let error = load(&rewritten(&file, str::to_owned, "optimizer.rest.")).err().expect("a tensor less");
    assert_eq!(error.class, ErrorClass::Format);
    assert!(error.message.contains("optimizer.rest.0.weight_ih_l0"), "{}", error.message);
}
