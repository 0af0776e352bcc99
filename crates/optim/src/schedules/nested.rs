//! Schedules made of others.

use super::pieces::reached;
use super::{Done, Per, Rule, Schedule};

/// One schedule after the other: each begins anew at its milestone, and lasts to the next one. PyTorch's `SequentialLR`.
/// There is one schedule more than milestones, which ascend. A part that counts the other unit (`per`) counts from the
/// run's beginning.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequential {
    pub schedules: Vec<Schedule>,
    pub milestones: Vec<u64>,
    pub per: Per,
}

impl Sequential {
    /// The schedule at hand, and what is done as it sees it.
    fn part(&self, done: Done) -> (&Schedule, Done) {
        let index = reached(&self.milestones, self.per.count(done));
        let start = index.checked_sub(1).map_or(0, |before| self.milestones[before]);
        (&self.schedules[index], self.per.since(start, done))
    }
}

impl Rule for Sequential {
    fn rate(&self, done: Done) -> f64 {
        let (schedule, done) = self.part(done);
        schedule.rate(done)
    }

    fn momentum(&self, done: Done) -> Option<f64> {
        let (schedule, done) = self.part(done);
        schedule.momentum(done)
    }
}

/// The product of all; the momentum is that of the first that gives one. PyTorch's `ChainedScheduler`, for schedules that
/// multiply the rate: there each changes the rate that the one before has left.
#[derive(Clone, Debug, PartialEq)]
pub struct Chained {
    pub schedules: Vec<Schedule>,
}

impl Rule for Chained {
    fn rate(&self, done: Done) -> f64 {
        self.schedules.iter().map(|schedule| schedule.rate(done)).product()
    }

    fn momentum(&self, done: Done) -> Option<f64> {
        self.schedules.iter().find_map(|schedule| schedule.momentum(done))
    }
}

/// `r · (from + (1 - from)·(t + 1)/steps)` while t < `steps`, where r is the first rate of the schedule `to`; then that
/// schedule, from its beginning. With `from = 0` the first update has `r / steps`, the last of the warm-up `r`.
///
/// Source: Goyal et al. 2017, section 2.2.
#[derive(Clone, Debug, PartialEq)]
pub struct Warmup {
    pub steps: u64,
    /// Share of the rate that it starts above.
    pub from: f64,
    pub to: Box<Schedule>,
    pub per: Per,
}

impl Rule for Warmup {
    fn rate(&self, done: Done) -> f64 {
        let t = self.per.count(done);
        let rate = self.to.rate(self.per.since(self.steps, done));
        if t >= self.steps {
            return rate;
        }
        rate * (self.from + (1.0 - self.from) * ((t + 1) as f64 / self.steps as f64))
    }

    fn momentum(&self, done: Done) -> Option<f64> {
        self.to.momentum(self.per.since(self.steps, done))
    }
}
