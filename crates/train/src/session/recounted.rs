//! Where the model has an average of weights, the statistics of its batch norms are counted anew at the end of each epoch, and of
//! the run: one more pass over the training part, forward alone, a batch a unit of work. NOT: the statistics.
//!
//! Every worker does it as a whole, so that all have the same weights. What an unbroken run would not have counted, since it does
//! not end there, leaves no trace: the weights as they were are saved beside.

use super::shards::Job;
use super::{Phase, Session, Source};
use crate::error::Error;
use crate::model::Body;
use crate::update::Updater;
use rnn::{Layer, Network, Recount, States};

pub struct Recounted {
    recount: Recount,
    /// Samples that have been.
    cursor: usize,
    ids: Vec<u32>,
    /// What each shard goes on from, where states are carried.
    states: Option<Vec<States>>,
}

impl Recounted {
    /// For batches of so many samples of a source that is there as a whole; nothing where there is nothing to count anew.
    ///
    /// # Errors
    /// `ConfigError` for a source of batches, and for batch norms inside cells.
    pub(super) fn new(
        network: &Network,
        updater: &Updater,
        source: &Source,
        batch: usize,
        states: Option<usize>,
    ) -> Result<Option<Recounted>, Error> {
        let inside = |&(layer, _): &(usize, bool)| matches!(network.layers()[layer], Layer::Recurrent(_));
        if let (true, Some((layer, _))) = (updater.apart(), network.batch_norms().find(inside)) {
            let why = format!(
                "the statistics of each step in layers[{layer}].normalization are those of the weights that are trained, not of averaged ones"
            );
            return Err(Error::conflict(option(updater), &why));
        }
        let Some(recount) = Recount::new(network).filter(|_| updater.apart()) else { return Ok(None) };
        let Source::Data(_) = source else { return Err(refusal(updater)) };
        let states = states.map(|shards| vec![States::default(); shards]);
        Ok(Some(Recounted { recount, cursor: 0, ids: Vec::with_capacity(batch), states }))
    }

    /// Begins anew.
    pub fn begin(&mut self) {
        self.cursor = 0;
        self.recount.begin();
    }
}

/// Of a batch norm where data are seen a batch at a time.
pub fn refusal(updater: &Updater) -> Error {
    let why =
        "the statistics of a batch norm are counted anew for averaged weights, over data that are there as a whole";
    Error::conflict(option(updater), why)
}

/// By which there is an average.
fn option(updater: &Updater) -> &'static str {
    if updater.iterate().is_some() { "average" } else { "optimizer" }
}

impl Session {
    /// One batch more; after the last one the statistics are in place.
    pub(super) fn recount(&mut self, body: &mut Body) {
        let (Some(recounted), Source::Data(part)) = (&mut self.recounted, &self.source) else {
            unreachable!("the phase is entered with both")
        };
        let end = (recounted.cursor + self.batch).min(part.ids.len());
        recounted.ids.clear();
        recounted.ids.extend((recounted.cursor..end).map(|i| part.ids.get(i)));
        let job = Job {
            network: &body.network,
            params: &body.params,
            samples: &*part.samples,
            ids: &recounted.ids,
            seed: self.run.seed,
            step: self.counters.step,
            first_row: 0,
            carry: self.run.carry_state,
            span: None,
            goes_on: recounted.cursor > 0,
        };
        self.shards.recount(&job, recounted.states.as_deref_mut(), &mut recounted.recount);
        recounted.cursor = end;
        if end == part.ids.len() {
            if !self.whole {
                self.uncounted = Some(body.params.clone());
            }
            recounted.recount.apply(&mut body.params);
            self.phase = Phase::Step;
            self.look(body);
        }
    }
}
