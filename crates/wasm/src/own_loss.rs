//! A loss that JavaScript asks of the user's own module.

use train::model::Ask;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// `OwnLoss` of ts/kernel/model.ts.
    pub type OwnLoss;

    #[wasm_bindgen(method)]
    fn sum(this: &OwnLoss, prediction: &[f32], target: &[f32], gradient: &mut [f32]) -> f64;
}

impl Ask for OwnLoss {
    fn sum(&self, prediction: &[f32], target: &[f32], gradient: &mut [f32]) -> f64 {
        OwnLoss::sum(self, prediction, target, gradient)
    }
}
