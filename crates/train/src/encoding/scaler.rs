//! Column scaling: fitted on the training part, saved with the model, undone in predictions.
//! `x' = (x - offset) / scale`, in f64, one pair of constants a column. `standard`: mean 0 and standard deviation 1 (the
//! population's, divided by n); `minMax`: minimum 0 and maximum 1.

use crate::bundle::Bundle;
use crate::describe::model::Scale;
use crate::error::Error;

#[derive(Clone, Debug, PartialEq)]
pub struct Scaler {
    pub offset: Vec<f64>,
    pub scale: Vec<f64>,
}

/// What a pass over the rows of a table finds of each column.
pub struct Columns {
    pub mean: Vec<f64>,
    pub deviation: Vec<f64>,
    pub minimum: Vec<f64>,
    pub maximum: Vec<f64>,
}

/// Is shown each number with its column.
pub type Show<'a> = dyn FnMut(usize, f64) + 'a;

impl Columns {
    /// `walk` is called twice (for the mean, then for deviations from it) and shows every number with its column; NaN
    /// counts as absent.
    pub fn of(width: usize, walk: &dyn Fn(&mut Show)) -> Columns {
        let mut count = vec![0.0; width];
        let mut mean = vec![0.0; width];
        let mut minimum = vec![f64::INFINITY; width];
        let mut maximum = vec![f64::NEG_INFINITY; width];
        walk(&mut |j, v| {
            if !v.is_nan() {
                count[j] += 1.0;
                mean[j] += v;
                minimum[j] = v.min(minimum[j]);
                maximum[j] = v.max(maximum[j]);
            }
        });
        mean.iter_mut().zip(&count).for_each(|(m, n)| *m /= f64::max(*n, 1.0));
        // The mean of equal numbers is that number, which a rounded sum does not always give back.
        for j in (0..width).filter(|&j| minimum[j] == maximum[j]) {
            mean[j] = minimum[j];
        }
        let mut deviation = vec![0.0; width];
        walk(&mut |j, v| {
            if !v.is_nan() {
                deviation[j] += (v - mean[j]) * (v - mean[j]);
            }
        });
        deviation.iter_mut().zip(&count).for_each(|(d, n)| *d = (*d / f64::max(*n, 1.0)).sqrt());
        Columns { mean, deviation, minimum, maximum }
    }
}

impl Scaler {
    /// A constant column keeps its unit (scale 1).
    pub fn fit(kind: Scale, columns: &Columns) -> Scaler {
        let width = columns.mean.len();
        let unit = |s: f64| if s > 0.0 && s.is_finite() { s } else { 1.0 };
        match kind {
            Scale::None => Scaler { offset: vec![0.0; width], scale: vec![1.0; width] },
            Scale::Standard => {
                Scaler { offset: columns.mean.clone(), scale: columns.deviation.iter().map(|&d| unit(d)).collect() }
            }
            Scale::MinMax => Scaler {
                offset: columns.minimum.clone(),
                scale: columns.maximum.iter().zip(&columns.minimum).map(|(a, b)| unit(a - b)).collect(),
            },
        }
    }

    pub fn width(&self) -> usize {
        self.offset.len()
    }

    #[inline(always)] // for each number that is read: this crate is compiled for size
    pub fn apply(&self, column: usize, value: f64) -> f64 {
        (value - self.offset[column]) / self.scale[column]
    }

    pub fn undo(&self, column: usize, value: f64) -> f64 {
        value * self.scale[column] + self.offset[column]
    }

    /// All rows of a row-major table [rows, width] of floats, in place.
    pub fn apply_rows(&self, table: &mut [f32]) {
        for row in table.chunks_exact_mut(self.width()) {
            row.iter_mut().enumerate().for_each(|(j, v)| *v = self.apply(j, f64::from(*v)) as f32);
        }
    }

    pub fn undo_rows(&self, table: &mut [f32]) {
        for row in table.chunks_exact_mut(self.width()) {
            row.iter_mut().enumerate().for_each(|(j, v)| *v = self.undo(j, f64::from(*v)) as f32);
        }
    }

    pub fn write(&self, name: &str, into: &mut Bundle) {
        into.f64(format!("{name}.offset"), self.offset.clone());
        into.f64(format!("{name}.scale"), self.scale.clone());
    }

    /// # Errors
    /// `FormatError` when one of the two is there alone, or their sizes are not `width`.
    pub fn read(name: &str, width: usize, from: &mut Bundle) -> Result<Option<Scaler>, Error> {
        match (from.take_f64(&format!("{name}.offset"))?, from.take_f64(&format!("{name}.scale"))?) {
            (None, None) => Ok(None),
            (Some(offset), Some(scale)) if offset.len() == width && scale.len() == width => {
                Ok(Some(Scaler { offset, scale }))
            }
            _ => Err(Error::format(format!("the constants of {name} are not {width} pairs"))),
        }
    }
}
