//! A Float32Array outside of this memory, which may lie in a SharedArrayBuffer: numbers are copied there and back once,
//! without an array in between.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Float32Array)]
    pub type Share;

    #[wasm_bindgen(method)]
    pub fn set(this: &Share, from: &[f32], at: usize);

    #[wasm_bindgen(method)]
    pub fn subarray(this: &Share, start: usize, end: usize) -> Share;

    /// `to.set(from)`: a slice of this memory becomes a view for the call.
    #[wasm_bindgen(js_namespace = ["Float32Array", "prototype", "set"], js_name = call)]
    pub fn copy(to: &mut [f32], from: &Share);
}
