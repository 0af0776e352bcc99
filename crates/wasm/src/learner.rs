//! Online learning.

use crate::boundary::{Outcome, read, throw};
use crate::model::{Model, Shared};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub struct Learner {
    model: Shared,
    learner: train::learner::Learner,
}

#[wasm_bindgen]
impl Learner {
    pub fn open(model: &Model, options: &str) -> Outcome<Learner> {
        let model = model.shared();
        let learner = train::learner::Learner::open(&mut model.borrow_mut(), options).map_err(throw)?;
        Ok(Learner { model, learner })
    }

    /// The prediction and after it the loss, NaN without a target.
    pub fn step(&mut self, x: &[f32], y: Option<Vec<f32>>) -> Outcome<Vec<f32>> {
        self.learner.step(&mut self.model.borrow_mut(), x, y.as_deref()).map_err(throw)
    }

    pub fn run(&mut self, bundle: Vec<u8>) -> Outcome<Vec<u8>> {
        Ok(self.learner.run(&mut self.model.borrow_mut(), read(bundle)?).map_err(throw)?.write())
    }

    pub fn reset(&mut self) -> Outcome<()> {
        self.learner.reset(&self.model.borrow()).map_err(throw)
    }
}
