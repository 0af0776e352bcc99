//! Data on their way in, a piece at a time: what a whole data set would take in bytes beside its numbers is never there.

use crate::boundary::{Outcome, throw};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub struct Reader(pub(crate) train::reader::Reader);

#[wasm_bindgen]
impl Reader {
    /// `length`: bytes of the whole bundle.
    #[wasm_bindgen(constructor)]
    pub fn new(length: usize) -> Reader {
        Reader(train::reader::Reader::new(length))
    }

    /// The next bytes, which end where a number does.
    pub fn feed(&mut self, piece: &[u8]) -> Outcome<()> {
        self.0.feed(piece).map_err(throw)
    }
}
