//! How a run begins: anew, from a saved one, or as one of several workers; and what comes to it from outside.

use super::accumulation::Accumulation;
use super::alone;
use super::counters::Counters;
use super::records::Records;
use super::recounted::Recounted;
use super::rollback::Place;
use super::searched;
use super::shards::{Division, Shards, Ways};
use super::{Phase, Session, Source};
use crate::bundle::Bundle;
use crate::data::form;
use crate::data::prepare::{Part, Request, check_classes, prepare, prepare_whole};
use crate::data::text::Cut;
use crate::describe::model::{ModelDescription, Target};
use crate::describe::run::{BATCH_SIZE, BatchSize, Context, DataKind, Keep, RunDescription};
use crate::error::{Error, ErrorClass};
use crate::evaluate::{Evaluator, WINDOW, capacity};
use crate::hash::Fnv;
use crate::json::{self, Value};
use crate::memory::room_for;
use crate::metrics::Sums;
use crate::model::Model;
use crate::text;
use crate::update::Updater;
use rnn::{At, Capacity, Checkpointed, Layer, Network};

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
        let mut session = Session::open(model, data, validation, run, shards, team, fingerprint)?;
        if session.run.roll_back.is_some() {
            let params = &model.body()?.params;
            session.good = Some(Place::new(params, &session.updater, &session.counters)?);
        }
        model.saved = None;
        session.updater.reserve_search()?;
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
        let mut session = Session::open(model, data, validation, run, shards, team, fingerprint)?;
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
        // Saved while it was validating: the look at the validation part is taken anew.
        if saved.ended || session.batches == Some(session.counters.cursor) {
            session.end_epoch(model.body_mut()?, true);
        }
        Ok(session)
    }

    fn open(
        model: &mut Model,
        data: Bundle,
        validation: Option<Bundle>,
        run: RunDescription,
        shards: usize,
        team: Option<Team>,
        fingerprint: Option<String>,
    ) -> Result<Session, Error> {
        let Team { workers, index } = team.unwrap_or(Team { workers: 1, index: 0 });
        let division = Division { shards, workers, index };
        let mut encoding = model.encoding.clone();
        let body = model.body()?;
        let streams = match run.batch_size {
            Some(BatchSize::Count(n)) => n,
            Some(BatchSize::Full) if run.carry_state => {
                return Err(Error::conflict(
                    "batchSize",
                    "carryState reads a text in so many streams: give their number",
                ));
            }
            _ => BATCH_SIZE,
        };
        let request = Request {
            description: &model.description,
            form: &body.form,
            split: run.validation_split,
            seed: run.seed,
            window: run.window.unwrap_or(WINDOW),
            cut: if run.carry_state { Cut::Streams(streams) } else { Cut::Windows },
        };
        let mut warnings = Vec::new();
        let mut validating = None;
        let source = if kind(&data) == DataKind::Batches {
            if !encoding.fitted(&model.description) {
                let why = "constants of the scale are fitted on data that are there as a whole; fit on samples first";
                return Err(Error::conflict("data", why).code("notFitted"));
            }
            Source::Batches(None)
        } else {
            let prepared = prepare(&request, data, &mut encoding)?;
            warnings = prepared.warnings;
            validating = prepared.validation;
            Source::Data(prepared.training)
        };
        if let Some(bundle) = validation {
            let part = prepare_whole(&request, bundle, &encoding).map_err(of_validation)?;
            if let (Source::Data(training), false) = (&source, reads_text(&model.description)) {
                let request = Request { split: None, ..request };
                check_classes(&request, &*training.samples, &training.ids, &*part.samples, &part.ids)?;
            }
            validating = Some(part);
        }
        let metrics = run.metrics.clone().unwrap_or_default();
        let plan = model.description.plan(&metrics);
        let (mut batch, mut batches, mut room) = (0, None, Capacity { batch: 0, steps: 0, rows: 0 });
        let mut order = Vec::new();
        if let Source::Data(part) = &source {
            batch = batch_size(&run, part)?;
            alone::check(&body.network, part, &[batch, part.ids.len() % batch], shards)?;
            batches = Some(part.ids.len().div_ceil(batch) as u64);
            room = capacity(part, batch.div_ceil(shards));
            room_for(&mut order, part.ids.len())?;
        }
        let validation = match validating {
            // What the rate follows, every worker has to see; the rest is the first one's to tell.
            Some(part) if index == 0 || run.watched.is_some() => {
                let evaluator = Evaluator::new(&body.network, &body.form, &part, plan.clone())?;
                Some((part, evaluator))
            }
            _ => None,
        };
        let keeps = run.carry_state || run.truncation.is_some();
        if keeps {
            let option = if run.truncation.is_some() { "truncation" } else { "carryState" };
            one_directional(&body.network, option)?;
            if let Some(shape) = body.network.states().iter().find(|shape| shape.counts) {
                let why = "normalization has statistics of each step of a whole sequence by its number";
                return Err(Error::conflict(option, &format!("layers[{}]: its {why}", shape.layer)));
            }
        }
        if run.truncation.is_some() && matches!(body.form.target, form::Target::Labels(_)) {
            let why = "the loss is one of whole sequences, which cannot be cut; checkpointing takes less memory too";
            return Err(Error::conflict("truncation", why));
        }
        if let (Source::Batches(_), true, Some(BatchSize::Count(n))) = (&source, keeps, run.batch_size) {
            batch = n;
        }
        if matches!(source, Source::Batches(_)) && keeps && batch == 0 && workers > 1 {
            let why = "has to be given: several workers share the states of so many sequences of a source's batches";
            return Err(Error::conflict("batchSize", why));
        }
        let whole = |option: &str, (i, why): (usize, &str)| Err(Error::conflict(option, &format!("layers[{i}] {why}")));
        if run.truncation.is_some()
            && let Some(layer) = body.network.sees_whole()
        {
            return whole("truncation", layer);
        }
        if run.checkpointing.is_some()
            && let Some(layer) = Checkpointed::refuses(&body.network)
        {
            return whole("checkpointing", layer);
        }
        searched::check(&run, &body.network, batches)?;
        let ways = Ways { truncation: run.truncation, checkpointing: run.checkpointing };
        let mut shards = Shards::new(&body.network, &body.form, room, division, plan.clone(), ways)?;
        if let Source::Data(part) = &source {
            shards.reserve_labels(part)?;
        }
        if keeps {
            shards.reserve_states(&body.network, batch)?;
        }
        let mut best_room = Vec::new();
        if run.keep == Some(Keep::Best) && validation.is_some() {
            room_for(&mut best_room, body.params.len())?;
        }
        let mut accumulation = None;
        if run.accumulation > 1 {
            accumulation = Some(Accumulation::new(body.params.len(), &plan)?);
        }
        let updater = Updater::new(body.network.table(), run.update.clone())?;
        let states = run.carry_state.then_some(division.shards);
        let recounted = Recounted::new(&body.network, &updater, &source, batch, states)?;
        let session = Session {
            recounted,
            uncounted: None,
            form: body.form.clone(),
            division,
            updates: updates(&run, &source, batch, body.network.at()),
            source,
            batch,
            batches,
            span: None,
            validation,
            fingerprint,
            order,
            ordered: None,
            shards,
            accumulation,
            updater,
            counters: Counters { sums: Sums::new(&plan), ..Counters::default() },
            records: Records::new(metrics, plan),
            best: None,
            good: None,
            room: best_room,
            phase: Phase::Step,
            reason: "finished",
            stopping: false,
            whole: false,
            last_look: None,
            divergence: None,
            warnings,
            run,
        };
        model.encoding = encoding;
        Ok(session)
    }

    /// The next batch of a source; a bundle of kind "end" ends the epoch.
    ///
    /// # Errors
    /// As [`Session::fit`]; the run goes on waiting.
    pub fn supply(&mut self, model: &mut Model, bundle: Bundle) -> Result<(), Error> {
        let Source::Batches(batch) = &mut self.source else { return Ok(()) };
        if self.phase != Phase::Step {
            return Ok(()); // it has ended in the meantime
        }
        if bundle.metadata("kind") == Some("end") {
            if self.counters.passed > 0 {
                return Err(Error::data("data", "the batch that the saved run was in", "none").code("otherData"));
            }
            if self.counters.cursor == 0 {
                return Err(Error::data("data", "at least one batch", "none"));
            }
            let body = model.body_mut()?;
            self.finish_update(body);
            if self.phase == Phase::Step {
                self.end_epoch(body, true);
            }
            return Ok(());
        }
        let body = model.body()?;
        let request = Request {
            description: &model.description,
            form: &body.form,
            split: None,
            seed: 0,
            window: self.run.window.unwrap_or(WINDOW),
            cut: Cut::Windows,
        };
        let part = prepare_whole(&request, bundle, &model.encoding)?;
        let given = part.ids.len();
        let sequences = |expected: String| Err(Error::data("data", expected, given.to_string()).code("otherBatchSize"));
        let before = self.shards.carried_sequences(&body.network);
        if self.run.carry_state && self.batch > 0 && given != self.batch {
            return sequences(format!("batches of {} sequences (batchSize)", self.batch));
        }
        if self.run.carry_state && self.counters.cursor + self.counters.passed > 0 && given != before {
            return sequences(format!(
                "a batch of {before} sequences, which go on where those of the batch before ended (carryState)"
            ));
        }
        if self.batch > 0 && given > self.batch {
            return sequences(format!("batches of {} sequences at most (batchSize)", self.batch));
        }
        let renamed = |error: Error| error.renamed("batchSize", "data");
        alone::check(&body.network, &part, &[given], self.division.shards).map_err(renamed)?;
        *batch = Some(part);
        Ok(())
    }
}

/// Updates of an epoch, where each is known to take as many: without truncation, one a batch or group of batches.
fn updates(run: &RunDescription, source: &Source, batch: usize, at: At) -> Option<u64> {
    let Source::Data(part) = source else { return None };
    let batches = part.ids.len().div_ceil(batch) as u64;
    let Some(truncation) = run.truncation else { return Some(batches.div_ceil(run.accumulation)) };
    let lengths: Vec<usize> = part.ids.iter().map(|i| part.samples.steps(i as usize)).collect();
    let alike = lengths.windows(2).all(|pair| pair[0] == pair[1]);
    let ordered = alike || run.shuffle != Some(true) || part.streams.is_some();
    ordered.then(|| lengths.chunks(batch).map(|lengths| truncation.updates(at, lengths)).sum())
}

/// A direction that reads from the end has no state to go on from.
fn one_directional(network: &Network, option: &str) -> Result<(), Error> {
    let two = |layer: &Layer| matches!(layer, Layer::Recurrent(layer) if layer.bidirectional);
    match network.layers().iter().position(two) {
        Some(i) => {
            let why = format!("layers[{i}] is bidirectional: its reverse direction begins where a sequence ends");
            Err(Error::conflict(option, &why))
        }
        None => Ok(()),
    }
}

/// Next tokens are classes too, of which a text need not have all.
fn reads_text(description: &ModelDescription) -> bool {
    description.output.target == Target::NextToken
}

/// Data say what they call themselves; here they are the validation data.
fn of_validation(error: Error) -> Error {
    if error.path.as_deref().is_some_and(|path| path.starts_with("data")) {
        error.renamed("data", "validationData")
    } else {
        error.within("validationData")
    }
}

fn kind(data: &Bundle) -> DataKind {
    match data.metadata("kind") {
        Some("text") => DataKind::Text,
        Some("series") => DataKind::Series,
        Some("batches") => DataKind::Batches,
        _ => DataKind::Samples,
    }
}

fn batch_size(run: &RunDescription, part: &Part) -> Result<usize, Error> {
    let n = part.ids.len();
    match run.batch_size {
        Some(BatchSize::Full) => Ok(part.streams.unwrap_or(n)),
        None => Ok(part.streams.unwrap_or(BATCH_SIZE).min(n)),
        Some(BatchSize::Count(size)) if size <= part.streams.unwrap_or(n) => Ok(size),
        Some(BatchSize::Count(size)) => {
            let available = part.streams.unwrap_or(n);
            Err(Error::config(
                "batchSize",
                format!("at most {available}, the size of the training part"),
                size.to_string(),
            )
            .code("batchTooLarge"))
        }
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
