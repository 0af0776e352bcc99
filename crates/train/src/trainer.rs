//! Training by hand: one update a call, from a batch or from gradients of the caller's own. NOT: epochs, validation.

use crate::bundle::{Bundle, Elements};
use crate::data::prepare::prepare_whole;
use crate::describe::calls::TrainerOptions;
use crate::error::Error;
use crate::evaluate::{WINDOW, whole};
use crate::memory::buffer;
use crate::metrics::Plan;
use crate::model::{Body, Model};
use crate::session::alone;
use crate::session::recounted::refusal;
use crate::session::saved::write_states;
use crate::session::shards::{Division, Job, Shards, Ways};
use crate::text;
use crate::update::{Diverged, Updated, Updater};
use rnn::Capacity;

pub struct Trainer {
    seed: u64,
    shards: Shards,
    updater: Updater,
    done: u64,
    loss: f64,
}

impl Trainer {
    /// # Errors
    /// `ConfigError` for wrong options, `MemoryError`.
    pub fn open(model: &mut Model, options: &str) -> Result<Trainer, Error> {
        let TrainerOptions { update, seed } = TrainerOptions::from_json(options)?;
        let Body { network, form, .. } = model.body()?;
        let division = Division { shards: 1, workers: 1, index: 0 };
        let room = Capacity { batch: 0, steps: 0, rows: 0 };
        let shards = Shards::new(network, form, room, division, Plan::default(), Ways::default())?;
        let updater = Updater::new(network.table(), update)?;
        if updater.apart() && network.batch_norms().next().is_some() {
            return Err(refusal(&updater));
        }
        Ok(Trainer { seed, shards, updater, done: 0, loss: f64::NAN })
    }

    /// One update on a "sequences" bundle: `loss`, `gradientNorm` and the final `state.{k}.*`.
    ///
    /// # Errors
    /// For a batch that does not fit the model; `DivergenceError`, after which the weights are the last finite ones.
    pub fn step(&mut self, model: &mut Model, batch: Bundle) -> Result<Bundle, Error> {
        let body = model.body()?;
        let part = prepare_whole(&whole(model, &body.form, WINDOW), batch, &model.encoding)?;
        let body = model.body_mut()?;
        alone::check(&body.network, &part, &[part.ids.len()], 1)
            .map_err(|error| error.renamed("batchSize", "batch"))?;
        self.shards.reserve(&body.network, &part)?;
        let ids: Vec<u32> = part.ids.iter().collect();
        let mut room = self.updater.lend();
        let job = Job {
            network: &body.network,
            params: self.updater.point(self.done, &body.params),
            samples: &*part.samples,
            ids: &ids,
            seed: self.seed,
            step: self.done,
            first_row: 0,
            carry: true,
            span: None,
            goes_on: false,
        };
        self.shards.compute(&job, &body.form, &mut room);
        self.updater.take_back(room);
        let end = self.shards.final_states(0);
        let (gradient, sums) = self.shards.total();
        let loss = sums.mean_loss();
        let updated = if sums.loss.is_finite() {
            self.updater.update(self.done, body.network.table(), &mut body.params, gradient)
        } else {
            Err(Diverged::loss())
        };
        let updated = self.count(updated).map_err(|error| error.under(&body.form.loss))?;
        self.shards.settle(&mut self.updater, &mut body.params);
        self.loss = loss;
        // A saved run cannot go on from weights that were moved beside it.
        model.saved = None;
        model.train_here();
        let mut result = Bundle::default();
        result.f64("loss", vec![loss]);
        result.f64("gradientNorm", vec![updated.norm]);
        write_states(&model.body()?.network, &end, "", &mut result);
        Ok(result)
    }

    /// One update by given gradients, by name; parameters that are not named have gradient zero.
    ///
    /// # Errors
    /// `ConfigError` for an unknown name or an optimiser that averages weights, `ShapeError`; `DivergenceError` for numbers that are not finite.
    pub fn apply(&mut self, model: &mut Model, gradients: Bundle) -> Result<(), Error> {
        if self.updater.apart() {
            let why = "takes its gradients at weights of its own, not at those that a model shows: use step";
            return Err(Error::conflict("optimizer", why));
        }
        let body = model.body_mut()?;
        let table = body.network.table();
        let mut flat = buffer(table.len())?;
        for tensor in &gradients.tensors {
            let path = format!("gradients[{}]", text::quoted(&tensor.name));
            let index = table.find(&tensor.name);
            let index = index.ok_or_else(|| Error::config(&*path, "a parameter of the model", "no such name"))?;
            let expected = &table.entries()[index].shape;
            if &tensor.shape != expected {
                return Err(Error::shape(path, text::shape(expected), text::shape(&tensor.shape)));
            }
            let Elements::F32(natural) = &tensor.elements else {
                return Err(Error::data(path, "numbers", tensor.elements.dtype()));
            };
            if table.entries()[index].trainable {
                table.import(index, natural, &mut flat);
            }
        }
        let updated = self.updater.update(self.done, table, &mut body.params, &mut flat);
        self.count(updated)?;
        model.saved = None;
        model.train_here();
        Ok(())
    }

    fn count(&mut self, updated: Result<Updated, Diverged>) -> Result<Updated, Error> {
        let updated = updated.map_err(|diverged| diverged.error(self.done + 1, self.loss))?;
        self.done += 1;
        Ok(updated)
    }
}
