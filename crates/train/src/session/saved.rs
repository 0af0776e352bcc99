//! A run as it is kept with a model: all that `resume` needs to go on bit for bit. NOT: the file's form (checkpoint).

use super::accumulation::Accumulation;
use super::counters::Counters;
use super::rollback::Place;
use crate::bundle::Bundle;
use crate::describe::run::RunDescription;
use crate::error::Error;
use crate::file::File;
use crate::json::{self, Value, json};
use crate::memory::buffer;
use crate::moments;
use crate::text::quoted;
use crate::update::{Remembered, Searching, read_flat};
use optim::{Optimizer, State};
use rnn::{LayerState, Network, States};

pub struct SavedRun {
    pub run: RunDescription,
    pub shards: usize,
    /// Whether the current epoch has ended: it was being validated.
    pub ended: bool,
    /// Of the data; none for a batch source.
    pub fingerprint: Option<String>,
    /// Whether it was in relaxed arithmetic.
    pub relaxed: bool,
    pub counters: Counters,
    /// The weights after the last update, where the model holds others (the best ones).
    pub last: Option<Vec<f32>>,
    /// The weights of the epoch with the least validation loss.
    pub best: Option<Vec<f32>>,
    /// What the optimiser remembers.
    pub moments: State,
    /// The weights that are trained, where the model has their average.
    pub iterate: Option<Vec<f32>>,
    /// The batches of an update that is not complete.
    pub accumulation: Option<Accumulation>,
    /// What an optimiser that searches has come to.
    pub search: Option<Searching>,
    /// State that each shard goes on from.
    pub carried: Vec<Option<States>>,
    /// Where it would go back to.
    pub good: Option<Place>,
}

/// The same, borrowed: what is written.
pub struct RunState<'a> {
    pub run: &'a RunDescription,
    pub shards: usize,
    pub ended: bool,
    pub fingerprint: Option<&'a str>,
    pub relaxed: bool,
    pub counters: &'a Counters,
    pub last: Option<&'a [f32]>,
    pub best: Option<&'a [f32]>,
    pub moments: Remembered<'a>,
    pub iterate: Option<&'a [f32]>,
    pub accumulation: Option<&'a Accumulation>,
    pub search: Option<&'a Searching>,
    pub carried: &'a [Option<States>],
    pub good: Option<&'a Place>,
}

impl<'a> RunState<'a> {
    pub fn write(&self, network: &'a Network, into: &mut File<'a>) {
        let table = network.table();
        let notes = json!({
            "shards": self.shards,
            "fingerprint": self.fingerprint,
            "ended": self.ended,
            "relaxed": self.relaxed,
        });
        let mut bundle = Bundle::default();
        bundle.note("run", self.run.to_json());
        bundle.note("runState", notes.to_string());
        let plateau = self.run.update.rate.plateau().is_some();
        self.counters.write("run.", plateau, &mut bundle);
        if let Some(good) = self.good {
            good.counters.write("run.good.", plateau, &mut bundle);
            bundle.note("rolledBack", json!(good.told).to_string());
        }
        for (shard, states) in self.carried.iter().enumerate() {
            if let Some(states) = states {
                write_states(network, states, &format!("carried.{shard}."), &mut bundle);
            }
        }
        into.add(bundle);
        let good = self.good.map(|good| good.params.as_slice());
        let apart = self.good.and_then(|good| good.iterate.as_deref());
        for (name, flat) in [
            ("last.", self.last),
            ("best.", self.best),
            ("iterate.", self.iterate),
            ("run.good.", good),
            ("run.good.iterate.", apart),
        ] {
            if let Some(flat) = flat {
                into.flat(table, flat, name);
            }
        }
        if let Some(accumulation) = self.accumulation {
            accumulation.write(table, into);
        }
        if let Some(search) = self.search {
            search.write(table, into);
        }
        moments::write(&self.run.update.optimizer, &self.moments, table, "", into);
        if let Some(good) = self.good {
            moments::write(&self.run.update.optimizer, &(&good.moments).into(), table, "run.good.", into);
        }
    }
}

impl SavedRun {
    pub fn state(&self) -> RunState<'_> {
        RunState {
            run: &self.run,
            shards: self.shards,
            ended: self.ended,
            fingerprint: self.fingerprint.as_deref(),
            relaxed: self.relaxed,
            counters: &self.counters,
            last: self.last.as_deref(),
            best: self.best.as_deref(),
            moments: (&self.moments).into(),
            iterate: self.iterate.as_deref(),
            accumulation: self.accumulation.as_ref(),
            search: self.search.as_ref(),
            carried: &self.carried,
            good: self.good.as_ref(),
        }
    }

    /// # Errors
    /// `FormatError` for a part that is missing or does not fit the network.
    pub fn read(network: &Network, from: &mut Bundle) -> Result<Option<SavedRun>, Error> {
        let table = network.table();
        let Some(run) = from.metadata("run") else { return Ok(None) };
        let broken = || Error::format("the state of the saved run is not readable");
        let run = RunDescription::from_json(run).map_err(|_| broken())?;
        let notes: Value = json::from_str(from.metadata("runState").ok_or_else(broken)?).map_err(|_| broken())?;
        let shards = notes["shards"].as_u64().filter(|n| (1..=1024).contains(n)).ok_or_else(broken)? as usize;
        let plateau = run.update.rate.plateau().is_some();
        let counters = Counters::read("run.", plateau, from)?.ok_or_else(broken)?;
        let first = |prefix: &str| table.entries().first().map(|p| format!("{prefix}{}", p.name));
        let mut weights = |prefix: &str| -> Result<Option<Vec<f32>>, Error> {
            if first(prefix).is_none_or(|name| from.find(&name).is_none()) {
                return Ok(None);
            }
            let mut flat = buffer(table.len())?;
            read_flat(table, &mut flat, prefix, from)?;
            Ok(Some(flat))
        };
        let (last, best, iterate) = (weights("last.")?, weights("best.")?, weights("iterate.")?);
        let (good, good_iterate) = (weights("run.good.")?, weights("run.good.iterate.")?);
        let averages = run.update.average.is_some();
        if averages != iterate.is_some() || (averages && good.is_some()) != good_iterate.is_some() {
            return Err(broken());
        }
        let accumulation = Accumulation::read(table, from)?;
        let search = match run.update.optimizer {
            Optimizer::Lbfgs(settings) => Some(Searching::read(settings, table, from)?),
            _ => None,
        };
        let moments = moments::read(&run.update, table, "", from)?;
        let good = match good {
            Some(params) => {
                let moments = moments::read(&run.update, table, "run.good.", from)?;
                let counters = Counters::read("run.good.", plateau, from)?.ok_or_else(broken)?;
                let told: Value =
                    json::from_str(from.metadata("rolledBack").ok_or_else(broken)?).map_err(|_| broken())?;
                let told = told.as_array().into_iter().flatten().filter_map(Value::as_str).map(String::from).collect();
                Some(Place { params, moments, iterate: good_iterate, counters, told })
            }
            None => None,
        };
        let carried = (0..shards).map(|shard| read_states(network, &format!("carried.{shard}."), from));
        let carried = carried.collect::<Result<_, _>>()?;
        let fingerprint = notes["fingerprint"].as_str().map(String::from);
        let (ended, relaxed) = (notes["ended"] == true, notes["relaxed"] == true);
        Ok(Some(SavedRun {
            run,
            shards,
            ended,
            fingerprint,
            relaxed,
            counters,
            last,
            best,
            moments,
            iterate,
            accumulation,
            search,
            carried,
            good,
        }))
    }
}

/// Writes states, [levels, batch, units] each: `{prefix}state.{k}.h` and `.c`.
pub fn write_states(network: &Network, states: &States, prefix: &str, into: &mut Bundle) {
    for (k, (state, shape)) in states.layers.iter().zip(network.states()).enumerate() {
        let batch = state.h.len() / (shape.levels * shape.hidden);
        into.f32(format!("{prefix}state.{k}.h"), vec![shape.levels, batch, shape.hidden], state.h.clone());
        if shape.cell {
            into.f32(format!("{prefix}state.{k}.c"), vec![shape.levels, batch, shape.memory], state.c.clone());
        }
    }
}

/// The inverse of [`write_states`]; nothing when there is none of this prefix.
///
/// # Errors
/// `FormatError` for shapes that do not fit the network or each other.
pub fn read_states(network: &Network, prefix: &str, from: &mut Bundle) -> Result<Option<States>, Error> {
    let mut states = States::default();
    let mut batch = None;
    for (k, shape) in network.states().iter().enumerate() {
        let mut part = |letter: &str, width: usize| -> Result<Option<Vec<f32>>, Error> {
            let name = format!("{prefix}state.{k}.{letter}");
            let Some((sizes, data)) = from.take_f32(&name)? else { return Ok(None) };
            let fits = sizes.len() == 3
                && sizes[0] == shape.levels
                && sizes[2] == width
                && *batch.get_or_insert(sizes[1]) == sizes[1];
            if fits {
                Ok(Some(data))
            } else {
                Err(Error::format(format!("tensor {} does not fit the network", quoted(&name))))
            }
        };
        let Some(h) = part("h", shape.hidden)? else { return Ok(None) };
        let c = if shape.cell { part("c", shape.memory)? } else { Some(Vec::new()) };
        let c = c.ok_or_else(|| Error::format(format!("{prefix}state.{k}.c is missing")))?;
        states.layers.push(LayerState { h, c });
    }
    Ok(Some(states))
}
