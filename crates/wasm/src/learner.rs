//! Online learning.

use crate::boundary::{Outcome, read, throw};
use crate::model::{Model, Shared};
use train::learner::Stream;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub struct Learner {
    model: Shared,
    learner: train::learner::Learner,
    /// What `begin` was given and `advance` has not come to the end of.
    stream: Option<Stream>,
}

#[wasm_bindgen]
impl Learner {
    pub fn open(model: &Model, options: &str) -> Outcome<Learner> {
        let model = model.shared();
        let learner = train::learner::Learner::open(&mut model.borrow_mut(), options).map_err(throw)?;
        Ok(Learner { model, learner, stream: None })
    }

    /// The prediction and after it the loss, NaN without a target.
    pub fn step(&mut self, x: &[f32], y: Option<Vec<f32>>) -> Outcome<Vec<f32>> {
        self.learner.step(&mut self.model.borrow_mut(), x, y.as_deref()).map_err(throw)
    }

    /// One sequence with a target for each step, over which `advance` goes.
    pub fn begin(&mut self, bundle: Vec<u8>) -> Outcome<()> {
        self.stream = Some(Stream::new(&self.model.borrow(), read(bundle)?).map_err(throw)?);
        Ok(())
    }

    /// At most `steps` of it. With the last one, all predictions and losses, else nothing.
    pub fn advance(&mut self, steps: usize) -> Outcome<Option<Vec<u8>>> {
        let Some(mut stream) = self.stream.take() else { return Ok(None) };
        if stream.advance(&mut self.learner, &mut self.model.borrow_mut(), steps).map_err(throw)? {
            return Ok(Some(stream.finish().write()));
        }
        self.stream = Some(stream);
        Ok(None)
    }

    pub fn reset(&mut self) -> Outcome<()> {
        self.learner.reset(&self.model.borrow()).map_err(throw)
    }
}
