//! Windows over the columns of a series. Row s of the table is one point in time; the sample with origin s reads rows
//! s - window + 1 ..= s and predicts rows s + 1 ..= s + horizon. NOT: fitting of constants (encoding).

use super::samples::Samples;
use crate::encoding::series::{SeriesEncoding, Table};
use std::rc::Rc;

/// A table in the network's units beside the transformed values that undo them.
pub struct Series {
    encoding: Rc<SeriesEncoding>,
    /// Targets after transform and difference, and scaled: [rows, targets]; NaN before the first difference.
    targets: Vec<f32>,
    /// Targets after the transform alone: [rows, targets].
    levels: Vec<f64>,
    /// What a step sees of its own row: scaled targets, then past columns.
    seen: Vec<f32>,
    /// Known columns and the calendar, [rows, known].
    known: Vec<f32>,
    rows: usize,
    every: bool,
    /// First row of the validation part, 0 without one.
    border: usize,
}

impl Series {
    /// `every`: each step of a window predicts; else the last one.
    pub fn new(encoding: Rc<SeriesEncoding>, table: &Table, every: bool, border: usize) -> Series {
        let plan = &encoding.plan;
        let (rows, width) = (table.rows, plan.targets());
        let levels = encoding.levels(table);
        let mut targets = vec![f32::NAN; rows * width];
        for s in plan.difference..rows {
            for j in 0..width {
                targets[s * width + j] = encoding.scaled_target(&levels, s, j);
            }
        }
        let past = plan.past.len();
        let mut seen = Vec::with_capacity(rows * (width + past));
        for s in 0..rows {
            seen.extend_from_slice(&targets[s * width..][..width]);
            seen.extend((0..past).map(|j| encoding.past.apply(j, table.past[j][s]) as f32));
        }
        let known = encoding.known_rows(table);
        Series { encoding, targets, levels, seen, known, rows, every, border }
    }

    /// Row of a sample's last input.
    pub fn origin(&self, sample: usize) -> usize {
        self.encoding.plan.first_origin() + sample
    }

    /// Writes the input of row s: what it shows, the known columns of s and of the rows that it predicts.
    pub fn row(&self, s: usize, row: &mut [f32]) {
        let plan = &self.encoding.plan;
        let (seen, known) = (plan.seen(), plan.known_width());
        row[..seen].copy_from_slice(&self.seen[s * seen..][..seen]);
        row[seen..].copy_from_slice(&self.known[s * known..][..(plan.predicted() + 1) * known]);
    }

    /// Puts a predicted (scaled) target into row s, so that the next step can read it.
    pub fn feed(&mut self, s: usize, predicted: &[f32]) {
        let width = self.encoding.plan.targets();
        let seen = self.encoding.plan.seen();
        for (j, &value) in predicted.iter().enumerate() {
            let before = self.level_before(s, j);
            self.levels[s * width + j] = self.encoding.target.undo(j, f64::from(value)) + before;
            self.seen[s * seen + j] = value;
        }
    }

    /// The transformed value that a difference of row s is taken from; 0 without differences.
    fn level_before(&self, s: usize, j: usize) -> f64 {
        let plan = &self.encoding.plan;
        if plan.difference == 0 { 0.0 } else { self.levels[(s - plan.difference) * plan.targets() + j] }
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
                    lag => self.levels[(s + 1 + k - lag) * width + j],
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
        self.rows.saturating_sub(plan.first_origin() + plan.predicted())
    }

    fn steps(&self, _: usize) -> usize {
        self.encoding.plan.window
    }

    fn input(&self, sample: usize, step: usize, row: &mut [f32]) {
        self.row(self.origin(sample) + 1 + step - self.encoding.plan.window, row);
    }

    fn target(&self, sample: usize, step: usize, row: &mut [f32]) {
        let s = self.predicting(sample, step);
        row.copy_from_slice(&self.targets[(s + 1) * self.encoding.plan.targets()..][..row.len()]);
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
        let levels = &self.levels[(s + 1) * self.encoding.plan.targets()..];
        truth.iter_mut().zip(levels).for_each(|(t, &u)| *t = self.encoding.plan.untransform(u));
    }
}

impl Series {
    /// The row at which a target of this sample is predicted.
    fn predicting(&self, sample: usize, step: usize) -> usize {
        let origin = self.origin(sample);
        if self.every { origin + 1 + step - self.encoding.plan.window } else { origin }
    }
}
