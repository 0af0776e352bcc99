//! What every data set can say of its samples, whatever its form. NOT: batches, order, splitting.

use crate::encoding::scaler::Scaler;

/// One sample is one sequence, one window of a text or one window of a series. All numbers are in the network's units
/// unless "user" is said.
pub trait Samples {
    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Time steps of a sample, at least 1.
    fn steps(&self, sample: usize) -> usize;

    /// Writes the input of a step, [size]. Only for inputs of values.
    fn input(&self, _sample: usize, _step: usize, _row: &mut [f32]) {
        another_form()
    }

    /// Writes the inputs of one step of several samples, one row of `size` after the other. One call for all of them: of a few
    /// numbers, a call through the object would take longer than the row itself.
    fn inputs(&self, samples: &[usize], step: usize, rows: &mut [f32], size: usize) {
        for (row, &sample) in rows.chunks_exact_mut(size).zip(samples) {
            self.input(sample, step, row);
        }
    }

    /// The input of a step. Only for inputs of tokens.
    fn token(&self, _sample: usize, _step: usize) -> u32 {
        another_form()
    }

    /// Writes the target of a step (step 0 where there is one target a sample), [size]. Only for targets of values.
    fn target(&self, _sample: usize, _step: usize, _row: &mut [f32]) {
        another_form()
    }

    /// As [`Samples::target`], for classes; negative: masked.
    fn class(&self, _sample: usize, _step: usize) -> i32 {
        another_form()
    }

    /// The labels of a sample. Only for targets of labels.
    fn labels(&self, _sample: usize) -> &[i32] {
        another_form()
    }

    /// The weight of a step or of a sample's one target; 0 masks it.
    fn weight(&self, _sample: usize, _step: usize) -> f32 {
        1.0
    }

    /// Whether any weight differs from 1.
    fn weighted(&self) -> bool {
        false
    }

    /// The given initial state of one sample, for recurrent layer `layer`: `h` and `c`, each [levels, hidden].
    fn initial(&self, _sample: usize, _layer: usize) -> Option<(&[f32], &[f32])> {
        None
    }

    /// A prediction and its target in the user's units.
    fn restore(&self, _sample: usize, _step: usize, _predicted: &[f32], _user: &mut [f64], _truth: &mut [f64]) {
        another_form()
    }
}

/// What is asked for follows from the form, which was checked when the data set was made.
fn another_form() -> ! {
    unreachable!("asked for what this form of data does not have")
}

/// For samples whose targets are scaled columns.
pub fn undo(scaler: Option<&Scaler>, row: &[f32], user: &mut [f64]) {
    for (j, (&v, u)) in row.iter().zip(user).enumerate() {
        *u = scaler.map_or(f64::from(v), |s| s.undo(j, f64::from(v)));
    }
}
