//! What crosses to JavaScript, and in what form.

use crate::reader::Reader;
use train::bundle::Bundle;
use train::error::Error;
use wasm_bindgen::JsValue;

/// What a failed call throws: the error's record as JSON.
pub type Outcome<T> = Result<T, JsValue>;

pub fn throw(error: Error) -> JsValue {
    JsValue::from_str(&error.to_json())
}

/// What was read piece by piece.
pub fn whole(reader: Reader) -> Outcome<Bundle> {
    reader.0.finish().map_err(throw)
}

/// The bytes came from JavaScript and are dropped once they are read.
pub fn read(bytes: Vec<u8>) -> Outcome<Bundle> {
    Bundle::read(&bytes).map_err(throw)
}
