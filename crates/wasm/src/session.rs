//! A training run, asked for a slice at a time.

use crate::boundary::{Outcome, read, throw, whole};
use crate::model::{Model, Shared};
use crate::reader::Reader;
use crate::share::{Share, copy};
use train::checkpoint;
use train::session::Team;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub struct Session {
    model: Shared,
    session: train::session::Session,
}

#[wasm_bindgen]
impl Session {
    /// `parallel` is empty, or `{ "workers": n, "index": i }`.
    pub fn fit(model: &Model, data: Reader, run: &str, validation: Option<Reader>, parallel: &str) -> Outcome<Session> {
        let model = model.shared();
        let (data, validation) = (whole(data)?, validation.map(whole).transpose()?);
        let team = Team::from_json(parallel).map_err(throw)?;
        let session = train::session::Session::fit(&mut model.borrow_mut(), data, run, validation, team);
        Ok(Session { session: session.map_err(throw)?, model })
    }

    /// Goes on with the model's saved run; `changes` is `{ epochs?, steps? }`.
    pub fn resume(
        model: &Model,
        data: Reader,
        changes: &str,
        validation: Option<Reader>,
        parallel: &str,
    ) -> Outcome<Session> {
        let model = model.shared();
        let (data, validation) = (whole(data)?, validation.map(whole).transpose()?);
        let team = Team::from_json(parallel).map_err(throw)?;
        let session = train::session::Session::resume(&mut model.borrow_mut(), data, changes, validation, team);
        Ok(Session { session: session.map_err(throw)?, model })
    }

    /// At most `units` updates or validation batches: 0 running, 1 done, 2 diverged, 3 needs a batch, 4 needs gradients.
    pub fn run(&mut self, units: usize) -> Outcome<u8> {
        let status = self.session.run(&mut self.model.borrow_mut(), units).map_err(throw)?;
        Ok(status as u8)
    }

    /// Rows of `train::session::records`, all since the last call.
    pub fn records(&mut self) -> Vec<f64> {
        self.session.records()
    }

    /// Updates done, over the whole run.
    pub fn step(&self) -> f64 {
        self.session.step() as f64
    }

    pub fn info(&self) -> String {
        self.session.info()
    }

    /// The next batch of a source, or a bundle of kind "end".
    pub fn supply(&mut self, bundle: Vec<u8>) -> Outcome<()> {
        self.session.supply(&mut self.model.borrow_mut(), read(bundle)?).map_err(throw)
    }

    /// How many numbers `worker` shares at each update.
    #[wasm_bindgen(js_name = shareLength)]
    pub fn share_length(&mut self, worker: usize) -> usize {
        self.session.share_length(worker)
    }

    /// Copies this worker's share of the batch at hand to a Float32Array of its length.
    pub fn give(&mut self, share: &Share) {
        let mut at = 0;
        self.session.give(|piece| {
            share.set(piece, at);
            at += piece.len();
        });
    }

    /// Copies another worker's from one.
    pub fn take(&mut self, worker: usize, share: &Share) {
        let mut at = 0;
        self.session.take(worker, |piece| {
            let end = at + piece.len();
            copy(piece, &share.subarray(at, end));
            at = end;
        });
    }

    pub fn save(&self) -> Outcome<Vec<u8>> {
        checkpoint::save(&self.model.borrow(), Some(&self.session), true).map_err(throw)
    }

    pub fn stop(&mut self) {
        self.session.stop();
    }

    /// Ends the run, which stays with the model; JSON of reason, best and warnings. Throws when it diverged.
    pub fn finish(self) -> Outcome<String> {
        self.session.finish(&mut self.model.borrow_mut()).map_err(throw)
    }
}
