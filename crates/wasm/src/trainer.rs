//! Training by hand.

use crate::boundary::{Outcome, read, throw};
use crate::model::{Model, Shared};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub struct Trainer {
    model: Shared,
    trainer: train::trainer::Trainer,
}

#[wasm_bindgen]
impl Trainer {
    pub fn open(model: &Model, options: &str) -> Outcome<Trainer> {
        let model = model.shared();
        let trainer = train::trainer::Trainer::open(&mut model.borrow_mut(), options).map_err(throw)?;
        Ok(Trainer { model, trainer })
    }

    pub fn step(&mut self, bundle: Vec<u8>) -> Outcome<Vec<u8>> {
        Ok(self.trainer.step(&mut self.model.borrow_mut(), read(bundle)?).map_err(throw)?.write())
    }

    pub fn apply(&mut self, gradients: Vec<u8>) -> Outcome<()> {
        self.trainer.apply(&mut self.model.borrow_mut(), read(gradients)?).map_err(throw)
    }
}
