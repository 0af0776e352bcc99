//! Runs a case, one unit of work after the other, so that it can be broken off after any: alone or with others, on data that are
//! there as a whole or come batch by batch.

use crate::common::exchange;
use crate::data::Data;
use std::rc::Rc;
use train::bundle::Bundle;
use train::checkpoint;
use train::error::Error;
use train::model::{Ask, Model};
use train::session::{Session, Status, Team};

#[derive(Clone)]
pub struct Case {
    pub model: String,
    pub run: String,
    pub data: Data,
    pub validation: Option<Bundle>,
    /// How many share it; none: it is not cut into shards.
    pub workers: Option<usize>,
}

/// What a run comes to.
#[derive(PartialEq)]
pub struct End {
    /// The bits of all records.
    pub history: Vec<u64>,
    /// What `finish` says, or the error.
    pub told: Result<String, String>,
    /// The model with its run: weights, moments, counters, whatever is kept.
    pub file: Vec<u8>,
}

/// A run that goes on.
pub struct Live<'a> {
    case: &'a Case,
    /// Of each worker, with the number of the batch in its pass that it will be given next.
    workers: Vec<(Model, Session, usize)>,
    history: Vec<u64>,
}

impl<'a> Live<'a> {
    pub fn fit(case: &'a Case) -> Result<Live<'a>, Error> {
        let worker = |team| {
            let mut model = Model::create(&case.model)?;
            model.set_own_loss(Rc::new(Somebody));
            let session = Session::fit(&mut model, case.data.bundle(), &case.run, case.validation.clone(), team)?;
            Ok((model, session, 0))
        };
        let workers = teams(case.workers).into_iter().map(worker).collect::<Result<_, Error>>()?;
        Ok(Live { case, workers, history: Vec::new() })
    }

    /// From a file; `before` is the history up to there, and `workers` go on with it.
    pub fn resume(case: &'a Case, file: &[u8], changes: &str, before: Vec<u64>, workers: Option<usize>) -> Live<'a> {
        let worker = |team| {
            let mut model = checkpoint::load(file).expect("a file just written");
            model.set_own_loss(Rc::new(Somebody));
            assert!(
                checkpoint::save(&model, None, true).expect("there is room") == file,
                "what is read is what was written"
            );
            let (data, validation) = (case.data.bundle(), case.validation.clone());
            let session = Session::resume(&mut model, data, changes, validation, team).expect("the same data");
            let next = batches(&session);
            (model, session, next)
        };
        Live { case, workers: teams(workers).into_iter().map(worker).collect(), history: before }
    }

    /// One unit of work of the first worker, and what the others have to do for it. False when the run is over.
    ///
    /// # Errors
    /// When a batch of a source is refused.
    pub fn go(&mut self) -> Result<bool, Error> {
        let status = self.unit(0);
        match status {
            Status::Running => {}
            Status::NeedsBatch => {
                self.supply(0)?;
                // The end of a pass may be that of the run.
                let (model, session, _) = &mut self.workers[0];
                return Ok(session.run(model, 0)? != Status::Done);
            }
            Status::NeedsGradients => {
                for worker in 1..self.workers.len() {
                    loop {
                        match self.unit(worker) {
                            Status::NeedsGradients => break,
                            Status::Running => {}
                            Status::NeedsBatch => self.supply(worker)?,
                            other => panic!("worker {worker}: {other:?}"),
                        }
                    }
                }
                exchange(&mut self.workers.iter_mut().map(|(_, session, _)| session).collect::<Vec<_>>());
            }
            Status::Done | Status::Diverged => return Ok(false),
        }
        Ok(true)
    }

    /// To its end; the units that it took.
    ///
    /// # Errors
    /// As [`Live::go`].
    pub fn go_on(&mut self) -> Result<usize, Error> {
        let mut units = 1;
        while self.go()? {
            units += 1;
            assert!(units < 5000, "it does not end: {}, {}", self.case.model, self.case.run);
        }
        Ok(units)
    }

    fn unit(&mut self, worker: usize) -> Status {
        let (model, session, _) = &mut self.workers[worker];
        let status = session.run(model, 1).expect("a session that goes on");
        self.note(worker);
        status
    }

    fn note(&mut self, worker: usize) {
        let records = self.workers[worker].1.records();
        if worker == 0 {
            self.history.extend(records.iter().map(|number| number.to_bits()));
        }
    }

    fn supply(&mut self, worker: usize) -> Result<(), Error> {
        let (model, session, next) = &mut self.workers[worker];
        let batch = self.case.data.batch(next);
        session.supply(model, batch)?;
        self.note(worker);
        Ok(())
    }

    /// As it stands.
    pub fn file(&self) -> Vec<u8> {
        let (model, session, _) = &self.workers[0];
        checkpoint::save(model, Some(session), true).expect("there is room")
    }

    pub fn history(&self) -> Vec<u64> {
        self.history.clone()
    }

    pub fn end(mut self) -> End {
        let (mut model, session, _) = self.workers.swap_remove(0);
        let told = session.finish(&mut model).map_err(|error| error.message.clone());
        let file = checkpoint::save(&model, None, true).expect("there is room");
        End { history: self.history, told, file }
    }
}

/// Who computes a custom loss: half the squared error, or the cross-entropy where there are classes.
struct Somebody;

impl Ask for Somebody {
    fn sum(&self, prediction: &[f32], target: &[f32], gradient: &mut [f32]) -> f64 {
        let mut to = gradient.iter_mut();
        let mut put = |g: f64| to.next().map(|to| *to = g as f32);
        if prediction.len() == target.len() {
            let mut sum = 0.0;
            for (p, t) in prediction.iter().zip(target) {
                let e = f64::from(p - t);
                put(e);
                sum += 0.5 * e * e;
            }
            return sum;
        }
        let classes = prediction.len() / target.len();
        let mut sum = 0.0;
        for (row, &class) in prediction.chunks_exact(classes).zip(target) {
            let most = row.iter().fold(f64::MIN, |most, &z| most.max(f64::from(z)));
            let total: f64 = row.iter().map(|&z| libm::exp(f64::from(z) - most)).sum();
            sum += most + libm::log(total) - f64::from(row[class as usize]);
            for (k, &z) in row.iter().enumerate() {
                put(libm::exp(f64::from(z) - most) / total - f64::from(u8::from(k == class as usize)));
            }
        }
        sum
    }
}

fn teams(workers: Option<usize>) -> Vec<Option<Team>> {
    match workers {
        None => vec![None],
        Some(workers) => (0..workers).map(|index| Some(Team { workers, index })).collect(),
    }
}

/// Batches of its pass that a source has given.
fn batches(session: &Session) -> usize {
    let info: serde_json::Value = serde_json::from_str(&session.info()).expect("JSON");
    info["batches"].as_u64().expect("a number") as usize
}
