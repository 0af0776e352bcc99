//! Windows over the columns of a series. Row s of the table is one point in time; the sample with origin s reads rows
//! s - window + 1 ..= s and predicts rows s + 1 ..= s + horizon. A window is a place in the table: its numbers are scaled,
//! and its calendar becomes inputs, when a batch is gathered. NOT: fitting of constants (encoding).

use super::samples::Samples;
use crate::encoding::series::{SeriesEncoding, Table};
use std::rc::Rc;

/// A table, and how the network reads it.
pub struct Series {
    encoding: Rc<SeriesEncoding>,
    table: Table,
    /// Of each calendar unit the inputs for each of its numbers, side by side.
    calendar: Vec<Vec<f32>>,
    every: bool,
    /// First row of the validation part, 0 without one.
    border: usize,
}

impl Series {
    /// `every`: each step of a window predicts; else the last one.
    pub fn new(encoding: Rc<SeriesEncoding>, table: Table, every: bool, border: usize) -> Series {
        let calendar = encoding.plan.calendar.iter().map(|unit| unit.inputs()).collect();
        Series { encoding, table, calendar, every, border }
    }

    /// Row of a sample's last input.
    pub fn origin(&self, sample: usize) -> usize {
        self.encoding.plan.first_origin() + sample
    }

    /// Writes the input of row s: what it shows, the known columns of s and of the rows that it predicts.
    #[expect(clippy::manual_memcpy, reason = "a call takes longer than the few numbers of a calendar unit")]
    pub fn row(&self, s: usize, row: &mut [f32]) {
        let SeriesEncoding { plan, past, known, .. } = &*self.encoding;
        let (targets, rest) = row.split_at_mut(plan.targets());
        for (j, to) in targets.iter_mut().enumerate() {
            *to = self.encoding.scaled_target(&self.table, s, j);
        }
        let (seen, rest) = rest.split_at_mut(plan.past.len());
        for (j, to) in seen.iter_mut().enumerate() {
            *to = past.apply(j, self.table.past[j].get(s)) as f32;
        }
        // Column after column: what a column is like is asked once, and not for each row ahead.
        let (rows, width) = (plan.predicted() + 1, plan.known_width());
        for (j, column) in self.table.known.iter().enumerate() {
            column.scaled(s, rows, (known.offset[j], known.scale[j]), &mut rest[j..], width);
        }
        let mut at = self.table.known.len();
        for (k, unit) in plan.calendar.iter().enumerate() {
            let (inputs, raw) = (&self.calendar[k][..], &self.table.calendar[k][s..][..rows]);
            let columns = unit.width();
            for (row, &raw) in raw.iter().enumerate() {
                let (to, from) = (row * width + at, usize::from(raw) * columns);
                for i in 0..columns {
                    rest[to + i] = inputs[from + i];
                }
            }
            at += columns;
        }
    }

    /// Puts a predicted (scaled) target into row s, so that the next step can read it.
    pub fn feed(&mut self, s: usize, predicted: &[f32]) {
        let SeriesEncoding { plan, target, .. } = &*self.encoding;
        for (j, (&value, column)) in predicted.iter().zip(&mut self.table.levels).enumerate() {
            column.set(s, target.undo(j, f64::from(value)) + plan.level_before(column, s));
        }
    }

    /// Predictions made at row s, [horizon, targets], in the user's units.
    pub fn restore_from(&self, s: usize, predicted: &[f32], user: &mut [f64]) {
        let plan = &self.encoding.plan;
        let (width, lag) = (plan.targets(), plan.difference);
        for k in 0..plan.predicted() {
            for j in 0..width {
                let change = self.encoding.target.undo(j, f64::from(predicted[k * width + j]));
                // A difference over a shorter lag than the horizon builds on the prediction before it.
                let before = match lag {
                    0 => 0.0,
                    lag if k >= lag => user[(k - lag) * width + j],
                    lag => self.table.levels[j].get(s + 1 + k - lag),
                };
                user[k * width + j] = change + before;
            }
        }
        user.iter_mut().for_each(|u| *u = self.encoding.plan.untransform(*u));
    }
}

impl Samples for Series {
    fn len(&self) -> usize {
        let plan = &self.encoding.plan;
        self.table.rows.saturating_sub(plan.first_origin() + plan.predicted())
    }

    fn steps(&self, _: usize) -> usize {
        self.encoding.plan.window
    }

    fn input(&self, sample: usize, step: usize, row: &mut [f32]) {
        self.row(self.origin(sample) + 1 + step - self.encoding.plan.window, row);
    }

    fn target(&self, sample: usize, step: usize, row: &mut [f32]) {
        let first = self.predicting(sample, step) + 1;
        for (k, row) in row.chunks_exact_mut(self.encoding.plan.targets()).enumerate() {
            for (j, to) in row.iter_mut().enumerate() {
                *to = self.encoding.scaled_target(&self.table, first + k, j);
            }
        }
    }

    /// Where every step predicts, the early steps of a window that validates warm the state up: what they predict is the
    /// training part's.
    fn weight(&self, sample: usize, step: usize) -> f32 {
        let validates = self.origin(sample) + 1 >= self.border;
        if validates && self.predicting(sample, step) + 1 < self.border { 0.0 } else { 1.0 }
    }

    fn weighted(&self) -> bool {
        self.every && self.border > 0
    }

    fn restore(&self, sample: usize, step: usize, predicted: &[f32], user: &mut [f64], truth: &mut [f64]) {
        let s = self.predicting(sample, step);
        self.restore_from(s, predicted, user);
        let plan = &self.encoding.plan;
        for (i, truth) in truth.iter_mut().enumerate() {
            let (k, j) = (i / plan.targets(), i % plan.targets());
            *truth = plan.untransform(self.table.levels[j].get(s + 1 + k));
        }
    }
}

impl Series {
    /// The row at which a target of this sample is predicted.
    fn predicting(&self, sample: usize, step: usize) -> usize {
        let origin = self.origin(sample);
        if self.every { origin + 1 + step - self.encoding.plan.window } else { origin }
    }
}
