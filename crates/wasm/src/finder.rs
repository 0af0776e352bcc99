//! The range test of learning rates.

use crate::boundary::{Outcome, throw, whole};
use crate::model::Model;
use crate::reader::Reader;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub struct Finder(train::finder::Finder);

#[wasm_bindgen]
impl Finder {
    /// `range`: rates and steps; `run`: what else is said of a run. The model stays as it is.
    pub fn open(model: &Model, data: Reader, range: &str, run: &str) -> Outcome<Finder> {
        let model = model.shared();
        let data = whole(data)?;
        let finder = train::finder::Finder::open(&model.borrow(), data, range, run).map_err(throw)?;
        Ok(Finder(finder))
    }

    /// At most `steps` updates; whether it has come to its end.
    pub fn run(&mut self, steps: usize) -> Outcome<bool> {
        self.0.run(steps).map_err(throw)
    }

    /// JSON of rates, losses, smoothed losses and the suggestion.
    pub fn finish(self) -> Outcome<String> {
        self.0.finish().map_err(throw)
    }
}
