//! Text that goes on.

use crate::boundary::{Outcome, read, throw};
use crate::model::{Model, Shared};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub struct Generator {
    model: Shared,
    generator: train::generator::Generator,
}

#[wasm_bindgen]
impl Generator {
    pub fn open(model: &Model, options: &str, prompt: Vec<u8>) -> Outcome<Generator> {
        let model = model.shared();
        let generator = train::generator::Generator::open(&model.borrow(), options, read(prompt)?).map_err(throw)?;
        Ok(Generator { model, generator })
    }

    /// At most `count` tokens; none at the end.
    pub fn next(&mut self, count: usize) -> Outcome<Vec<u32>> {
        self.generator.next(&self.model.borrow(), count).map_err(throw)
    }

    /// States that have not read the last token.
    pub fn state(&self) -> Outcome<Vec<u8>> {
        Ok(self.generator.state(&self.model.borrow()).map_err(throw)?.write())
    }
}
