//! What a run tells of itself: one row of numbers for each update and each epoch, drained by the host once a slice.
//!
//! A row: kind (0 step, 1 epoch), epoch (from 1), updates done, loss, gradient norm before clipping, share of the
//! epoch's updates that were clipped, rate, validation loss (NaN without), metrics, metrics of the validation part.

use super::counters::Counters;
use crate::describe::metric::Metric;
use crate::metrics::{Plan, Sums};

pub struct Records {
    pub metrics: Vec<Metric>,
    plan: Plan,
    rows: Vec<f64>,
}

impl Records {
    pub fn new(metrics: Vec<Metric>, plan: Plan) -> Records {
        Records { metrics, plan, rows: Vec::new() }
    }

    /// What the metrics count.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub fn step(&mut self, counters: &Counters, sums: &Sums) {
        self.push(0.0, counters, sums, None);
    }

    pub fn epoch(&mut self, counters: &Counters, validation: Option<&Sums>) {
        self.push(1.0, counters, &counters.sums, validation);
    }

    fn push(&mut self, kind: f64, counters: &Counters, sums: &Sums, validation: Option<&Sums>) {
        let clipped = counters.clipped as f64 / counters.watch.updates().max(1.0);
        self.rows.extend([kind, (counters.epoch + 1) as f64, counters.step as f64, sums.mean_loss()]);
        self.rows.extend([counters.gradient_norm, clipped, counters.rate]);
        self.rows.push(validation.map_or(f64::NAN, Sums::mean_loss));
        self.rows.extend(self.metrics.iter().map(|m| self.plan.figure(sums, m)));
        self.rows.extend(self.metrics.iter().map(|m| validation.map_or(f64::NAN, |v| self.plan.figure(v, m))));
    }

    /// All rows since the last call, [n, 8 + 2 · metrics].
    pub fn drain(&mut self) -> Vec<f64> {
        // The next slice has about as many, so that none of its updates has to make room.
        let room = Vec::with_capacity(2 * self.rows.len());
        std::mem::replace(&mut self.rows, room)
    }
}
