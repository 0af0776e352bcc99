//! How a run begins: anew, from a saved one, or as one of several workers. NOT: what both ways need (setup).

use super::Session;
use super::counters::Counters;
use super::rollback::Place;
use super::setup::kind;
use crate::bundle::Bundle;
use crate::describe::run::{Context, DataKind, RunDescription};
use crate::error::{Error, ErrorClass};
use crate::hash::Fnv;
use crate::json::{self, Value};
use crate::model::Model;
use crate::text;

/// Shards of a batch when several workers share it.
pub const SHARDS: usize = 8;

/// Worker `index` of `workers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Team {
    pub workers: usize,
    pub index: usize,
}

impl Team {
    /// From `{ "workers": n, "index": i }`; nothing from an empty text.
    ///
    /// # Errors
    /// `ConfigError` for anything else.
    pub fn from_json(json: &str) -> Result<Option<Team>, Error> {
        if json.is_empty() {
            return Ok(None);
        }
        let value: Value = json::from_str(json).unwrap_or_default();
        let number = |key: &str| value[key].as_u64().map(|n| n as usize);
        match (number("workers"), number("index")) {
            (Some(workers), Some(index)) if index < workers && workers <= SHARDS => Ok(Some(Team { workers, index })),
            _ => Err(Error::config("workers", format!("1 … {SHARDS} workers"), json)),
        }
    }
}

impl Session {
    /// A new run: new optimiser state, the weights as they are. On an error the model is as it was; where the pairs of a search
    /// are what does not fit, which take the place of those of the run before, that one is gone.
    ///
    /// # Errors
    /// `ConfigError`, `ShapeError` and `DataError` for what cannot be trained on, `MemoryError`.
    pub fn fit(
        model: &mut Model,
        data: Bundle,
        run: &str,
        validation: Option<Bundle>,
        team: Option<Team>,
    ) -> Result<Session, Error> {
        let context = Context { data: kind(&data), validation_data: validation.is_some() };
        let run = RunDescription::from_json(run)?.resolve(&model.description, context)?;
        let shards = if team.is_some() { SHARDS } else { 1 };
        let fingerprint = fingerprint(&data, validation.as_ref());
        let (mut session, encoding) = Session::open(model, data, validation, run, shards, team, fingerprint)?;
        if session.run.roll_back.is_some() {
            let params = &model.body()?.params;
            session.good = Some(Place::new(params, &session.updater, &session.counters)?);
        }
        model.saved = None;
        session.updater.reserve_search()?;
        model.encoding = encoding;
        model.train_here();
        Ok(session)
    }

    /// Goes on with the model's saved run, on the same data; `changes` is `{ epochs?, steps? }`.
    ///
    /// # Errors
    /// `ConfigError` when there is no saved run, `DataError` for other data; else as [`Session::fit`].
    pub fn resume(
        model: &mut Model,
        data: Bundle,
        changes: &str,
        validation: Option<Bundle>,
        team: Option<Team>,
    ) -> Result<Session, Error> {
        let none = || Error::new(ErrorClass::Config, "nothingToResume", "the model holds no saved run; call fit");
        let saved = model.saved.as_ref().ok_or_else(none)?;
        let run = saved.run.resume(changes)?;
        let fingerprint = fingerprint(&data, validation.as_ref());
        if saved.fingerprint != fingerprint {
            let error = Error::data("data", "the data of the saved run", "other data (their fingerprint differs)");
            return Err(error.code("otherData"));
        }
        let shards = saved.shards;
        let workers = team.map_or(1, |team| team.workers);
        let (mut session, encoding) = Session::open(model, data, validation, run, shards, team, fingerprint)?;
        let cursor = model.saved.as_ref().map_or(0, |saved| saved.counters.cursor);
        if session.batches.is_some_and(|n| cursor > n) {
            return Err(Error::format("the saved run stands behind the end of its epoch"));
        }
        let fit = |counters: &mut Counters| counters.sums.fit(session.records.plan());
        let saved = model.saved.as_mut().ok_or_else(none)?;
        let good = saved.good.as_mut().map(|good| &mut good.counters);
        if !(fit(&mut saved.counters) && good.is_none_or(fit)) {
            return Err(Error::format("the sums of the saved run are not those of its metrics"));
        }
        if let Some(group) = &mut saved.accumulation
            && (session.accumulation.is_none() || !group.fit(session.records.plan()))
        {
            return Err(Error::format("the batches of the saved update are not those of its run"));
        }
        if let Some(search) = &mut saved.search {
            search.reserve()?;
        }
        let saved = model.saved.take().ok_or_else(none)?;
        if saved.relaxed != linalg::RELAXED {
            let (before, now) = if saved.relaxed { ("relaxed", "strict") } else { ("strict", "relaxed") };
            session.warnings.push(format!(
                "the run was begun in {before} arithmetic and goes on in {now}: not the bits of an unbroken one"
            ));
        }
        if workers > shards {
            session.warnings.push(format!(
                "the run was begun without `workers`, and its batches stay whole, for the same bits: of {workers} workers one has them all"
            ));
        }
        model.encoding = encoding;
        model.train_here();
        let body = model.body_mut()?;
        if let Some(last) = saved.last {
            body.params = last;
        }
        session.counters = saved.counters;
        session.best = saved.best;
        session.good = saved.good;
        session.updater.rate_factor = session.counters.rate_factor;
        session.updater.go_on(saved.moments, saved.iterate);
        if let Some(search) = saved.search {
            session.updater.go_on_searching(search, &body.params);
        }
        session.shards.carried = saved.carried;
        if saved.accumulation.is_some() {
            session.accumulation = saved.accumulation;
        }
        if !saved.ended {
            session.warnings.extend(session.nothing_left());
        }
        // Saved while it was validating: the look at the validation part is taken anew.
        if saved.ended || session.batches == Some(session.counters.cursor) {
            session.end_epoch(model.body_mut()?, true);
        }
        Ok(session)
    }
}

impl Session {
    /// What is to be told of a resumed run whose limits are behind it.
    fn nothing_left(&self) -> Option<String> {
        let behind = |limit: Option<u64>, done: u64| Some((limit.filter(|&limit| done >= limit)?, done));
        let epochs = behind(self.run.epochs, self.counters.epoch).map(|numbers| ("epochs", numbers));
        let (what, (limit, done)) = epochs.or_else(|| Some(("steps", behind(self.run.steps, self.counters.step)?)))?;
        Some(format!("{what}: the run is to end after {limit} and has done {done} already; resume it with more"))
    }
}

/// Of the tensors that were given, in their order. A batch source gives its own later, so that it does not count.
fn fingerprint(data: &Bundle, validation: Option<&Bundle>) -> Option<String> {
    let data = Some(data).filter(|data| kind(data) != DataKind::Batches);
    if data.is_none() && validation.is_none() {
        return None;
    }
    let mut hash = Fnv::default();
    for bundle in [data, validation].into_iter().flatten() {
        for tensor in &bundle.tensors {
            hash.add(tensor.name.as_bytes());
            hash.add([tensor.elements.dtype(), &text::shape(&tensor.shape)].concat().as_bytes());
            tensor.elements.each_bytes(|bytes| hash.add(bytes));
        }
        hash.add(b"|");
    }
    Some(hash.hex())
}
