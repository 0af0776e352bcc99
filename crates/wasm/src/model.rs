//! A model.

use crate::boundary::{Outcome, read, throw, whole};
use crate::own_loss::OwnLoss;
use crate::reader::Reader;
use std::cell::RefCell;
use std::rc::Rc;
use train::{checkpoint, evaluate, forecast, gradients, predict};
use wasm_bindgen::prelude::wasm_bindgen;

/// Shared with the runs that change it: each call borrows it for its own duration.
pub type Shared = Rc<RefCell<train::model::Model>>;

#[wasm_bindgen]
pub struct Model(Shared);

impl Model {
    pub fn shared(&self) -> Shared {
        self.0.clone()
    }
}

#[wasm_bindgen]
impl Model {
    pub fn create(description: &str) -> Outcome<Model> {
        let model = train::model::Model::create(description).map_err(throw)?;
        Ok(Model(Rc::new(RefCell::new(model))))
    }

    pub fn load(file: Vec<u8>) -> Outcome<Model> {
        let model = checkpoint::load(&file).map_err(throw)?;
        Ok(Model(Rc::new(RefCell::new(model))))
    }

    pub fn description(&self) -> String {
        self.0.borrow().description.to_json()
    }

    /// Who computes the loss, where the description has one of the user's own.
    #[wasm_bindgen(js_name = setOwnLoss)]
    pub fn set_own_loss(&self, own: OwnLoss) {
        self.0.borrow().set_own_loss(Rc::new(own));
    }

    #[wasm_bindgen(js_name = parameterCount)]
    pub fn parameter_count(&self) -> usize {
        self.0.borrow().parameter_count()
    }

    pub fn summary(&self) -> String {
        self.0.borrow().summary()
    }

    pub fn parameters(&self) -> Outcome<Vec<u8>> {
        Ok(self.0.borrow().parameters().map_err(throw)?.write())
    }

    #[wasm_bindgen(js_name = setParameters)]
    pub fn set_parameters(&self, bundle: Vec<u8>, strict: bool) -> Outcome<()> {
        self.0.borrow_mut().set_parameters(read(bundle)?, strict).map_err(throw)
    }

    pub fn save(&self, training: bool) -> Outcome<Vec<u8>> {
        checkpoint::save(&self.0.borrow(), None, training).map_err(throw)
    }

    pub fn predict(&self, bundle: Vec<u8>, options: &str) -> Outcome<Vec<u8>> {
        Ok(predict::predict(&self.0.borrow(), read(bundle)?, options).map_err(throw)?.write())
    }

    pub fn evaluate(&self, data: Reader, options: &str) -> Outcome<String> {
        evaluate::evaluate(&self.0.borrow(), whole(data)?, options).map_err(throw)
    }

    pub fn gradients(&self, bundle: Vec<u8>, options: &str) -> Outcome<Vec<u8>> {
        Ok(gradients::gradients(&self.0.borrow(), read(bundle)?, options).map_err(throw)?.write())
    }

    pub fn forecast(&self, bundle: Vec<u8>, options: &str) -> Outcome<Vec<u8>> {
        Ok(forecast::forecast(&self.0.borrow(), read(bundle)?, options).map_err(throw)?.write())
    }
}
