//! A bundle that comes in pieces is the bundle; what is none, or does not fit, is refused.

mod common;

use common::{classified, text};
use train::bundle::{Bundle, Elements};
use train::error::{Error, ErrorClass};
use train::reader::Reader;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn in_pieces(file: &[u8], size: usize) -> Result<Bundle, Error> {
    let mut reader = Reader::new(file.len());
    for piece in file.chunks(size) {
        reader.feed(piece)?;
    }
    reader.finish()
}

#[test]
fn pieces_of_any_size_make_the_whole() {
    let mut many = classified(20);
    many.push("empty", vec![0], Elements::F32(Vec::new()));
    for bundle in [many, text(100)] {
        let file = bundle.write();
        let whole = Bundle::read(&file).expect("as it was written");
        for size in [8, 16, 1000, file.len()] {
            assert_eq!(in_pieces(&file, size).expect("the same"), whole);
        }
        // Cut within the length of the header, and within the header.
        let mut reader = Reader::new(file.len());
        for piece in [&file[..3], &file[3..13], &file[13..]] {
            reader.feed(piece).expect("a part");
        }
        assert_eq!(reader.finish().expect("the same"), whole);
    }
}

#[test]
fn what_is_not_whole_is_refused() {
    let file = classified(20).write();
    for end in [0, 5, 8, 9, file.len() - 4] {
        let mut reader = Reader::new(file.len());
        reader.feed(&file[..end]).expect("so far so good");
        assert_eq!(reader.finish().expect_err("cut off").class, ErrorClass::Format);
    }
    let mut reader = Reader::new(file.len());
    reader.feed(&file).expect("the whole");
    let more = reader.feed(&[0; 8]).expect_err("too long").message.clone();
    assert_eq!(more, "not a readable safetensors file: data is longer than its tensors");
    let broken = in_pieces(&file, 1).expect_err("numbers are of four bytes").message.clone();
    assert_eq!(broken, "not a readable safetensors file: a piece ends within a number");
}

#[test]
fn what_does_not_fit_says_how_much_was_asked_for() {
    // On 32 bits more than one buffer may have; else as much as JSON counts exactly, nowhere to be had.
    let size = 3usize << (usize::BITS - 2).min(51);
    let header = format!(r#"{{"x":{{"dtype":"F64","shape":[{}],"data_offsets":[0,{size}]}}}}"#, size / 8);
    let width = header.len().next_multiple_of(8);
    let header = format!("{header:width$}");
    let mut file = (width as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    let mut reader = Reader::new(file.len() + size);
    let error = reader.feed(&file).expect_err("too large");
    assert_eq!((error.class, error.details[0]), (ErrorClass::Memory, ("bytes", size as f64)));
    assert_eq!(error.message, format!("the data needs {size} bytes, which are not to be had"));
}
