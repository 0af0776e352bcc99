//! A session before its first step: data cut and checked, memory reserved. NOT: what a saved run brings with it.

use super::accumulation::Accumulation;
use super::counters::Counters;
use super::open::Team;
use super::records::Records;
use super::recounted::Recounted;
use super::shards::{Division, Shards, Ways};
use super::{Phase, Session, Source, alone, refused};
use crate::bundle::Bundle;
use crate::data::prepare::{Part, Request, check_classes, prepare, prepare_whole};
use crate::data::text::Cut;
use crate::describe::model::{ModelDescription, Target};
use crate::describe::run::{BATCH_SIZE, BatchSize, DataKind, Keep, RunDescription};
use crate::encoding::Encoding;
use crate::error::Error;
use crate::evaluate::{Evaluator, WINDOW, capacity};
use crate::memory::room_for;
use crate::metrics::Sums;
use crate::model::Model;
use crate::update::Updater;
use rnn::{At, Capacity};

impl Session {
    /// With the constants of the data's scale, which are the model's once nothing more can fail.
    pub(super) fn open(
        model: &Model,
        data: Bundle,
        validation: Option<Bundle>,
        run: RunDescription,
        shards: usize,
        team: Option<Team>,
        fingerprint: Option<String>,
    ) -> Result<(Session, Encoding), Error> {
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
        if let (Source::Batches(_), true, Some(BatchSize::Count(n))) = (&source, keeps, run.batch_size) {
            batch = n;
        }
        let states_of_batches = matches!(source, Source::Batches(_)) && keeps && batch == 0;
        refused::check(&run, body, batches, states_of_batches && workers > 1)?;
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
        Ok((session, encoding))
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

pub fn kind(data: &Bundle) -> DataKind {
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
