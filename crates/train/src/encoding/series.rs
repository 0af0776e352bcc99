//! How the columns of a series become inputs and targets: transform, difference, scale, calendar. Its constants are
//! fitted on the training part and saved with the model. NOT: windows (data).

use super::scaler::{Columns, Scaler, Show};
use crate::bundle::Bundle;
use crate::describe::model::{Mode, Scale, Series as Plan, Transform};
use crate::error::Error;
use crate::text::number;

/// Columns in the user's units, one vector a column.
pub struct Table {
    pub rows: usize,
    pub target: Vec<Vec<f64>>,
    pub past: Vec<Vec<f64>>,
    pub known: Vec<Vec<f64>>,
    /// Raw numbers of each calendar unit.
    pub calendar: Vec<Vec<f64>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SeriesEncoding {
    pub plan: Plan,
    pub target: Scaler,
    pub past: Scaler,
    pub known: Scaler,
}

/// What follows from the description alone.
impl Plan {
    pub fn targets(&self) -> usize {
        self.target.len()
    }

    /// Rows that one prediction covers.
    pub fn predicted(&self) -> usize {
        if self.mode == Mode::Recursive { 1 } else { self.horizon }
    }

    /// Columns of a row that are read only once it has come.
    pub fn seen(&self) -> usize {
        self.target.len() + self.past.len()
    }

    pub fn known_width(&self) -> usize {
        self.known.len() + self.calendar.iter().map(|u| u.width()).sum::<usize>()
    }

    /// Numbers that a step sees.
    pub fn input_size(&self) -> usize {
        self.seen() + (self.predicted() + 1) * self.known_width()
    }

    pub fn output_size(&self) -> usize {
        self.predicted() * self.targets()
    }

    /// The first row that can end a window.
    pub fn first_origin(&self) -> usize {
        self.difference + self.window - 1
    }

    fn transform(&self, value: f64) -> f64 {
        if self.transform == Transform::Log { libm::log(value) } else { value }
    }

    pub fn untransform(&self, value: f64) -> f64 {
        if self.transform == Transform::Log { libm::exp(value) } else { value }
    }

    /// Takes the columns out of a "series" bundle.
    ///
    /// # Errors
    /// `DataError` for a column that is missing or shorter than the others, and for a value that has no logarithm.
    pub fn table(&self, bundle: &mut Bundle) -> Result<Table, Error> {
        let mut column = |name: String| -> Result<Vec<f64>, Error> {
            bundle.take_f64(&name)?.ok_or_else(|| Error::data(name, "a column of the table", "nothing"))
        };
        let mut columns = |names: &[String]| -> Result<Vec<Vec<f64>>, Error> {
            names.iter().map(|n| column(format!("column.{n}"))).collect()
        };
        let (target, past, known) = (columns(&self.target)?, columns(&self.past)?, columns(&self.known)?);
        let calendar =
            self.calendar.iter().map(|u| column(format!("calendar.{}", u.name()))).collect::<Result<Vec<_>, _>>()?;
        let rows = target.first().map_or(0, Vec::len);
        if let Some(other) = [&target, &past, &known, &calendar].into_iter().flatten().find(|c| c.len() != rows) {
            return Err(Error::shape("table", format!("{rows} rows in each column"), other.len().to_string()));
        }
        if self.transform == Transform::Log {
            for (name, column) in self.target.iter().zip(&target) {
                if let Some(s) = column.iter().position(|&v| v <= 0.0) {
                    let place = format!("{name}[{s}]");
                    return Err(Error::data(place, "a positive number (transform: log)", number(column[s])));
                }
            }
        }
        Ok(Table { rows, target, past, known, calendar })
    }
}

impl SeriesEncoding {
    /// Constants from the first `rows` rows of the table.
    pub fn fit(plan: Plan, table: &Table, rows: usize) -> SeriesEncoding {
        let unfitted = SeriesEncoding {
            target: Scaler::fit(Scale::None, &Columns::of(plan.targets(), &|_| {})),
            past: scaler(plan.scale, &table.past, rows),
            known: scaler(plan.scale, &table.known, rows),
            plan,
        };
        let levels = unfitted.levels(table);
        let width = unfitted.plan.targets();
        let mut changes = vec![Vec::with_capacity(rows); width];
        for s in unfitted.plan.difference..rows {
            (0..width).for_each(|j| changes[j].push(unfitted.change(&levels, s, j)));
        }
        let used = rows.saturating_sub(unfitted.plan.difference);
        SeriesEncoding { target: scaler(unfitted.plan.scale, &changes, used), ..unfitted }
    }

    /// Transformed targets, [rows, targets].
    pub fn levels(&self, table: &Table) -> Vec<f64> {
        let rows = (0..table.rows).flat_map(|s| table.target.iter().map(move |c| c[s]));
        rows.map(|v| self.plan.transform(v)).collect()
    }

    fn change(&self, levels: &[f64], s: usize, j: usize) -> f64 {
        let (width, lag) = (self.plan.targets(), self.plan.difference);
        let before = if lag == 0 { 0.0 } else { levels[(s - lag) * width + j] };
        levels[s * width + j] - before
    }

    pub fn scaled_target(&self, levels: &[f64], s: usize, j: usize) -> f32 {
        self.target.apply(j, self.change(levels, s, j)) as f32
    }

    /// Known columns and calendar of every row, [rows, known width].
    pub fn known_rows(&self, table: &Table) -> Vec<f32> {
        let mut rows = Vec::with_capacity(table.rows * self.plan.known_width());
        for s in 0..table.rows {
            rows.extend(table.known.iter().enumerate().map(|(j, c)| self.known.apply(j, c[s]) as f32));
            for (unit, column) in self.plan.calendar.iter().zip(&table.calendar) {
                unit.encode(column[s], &mut rows);
            }
        }
        rows
    }

    pub fn write(&self, into: &mut Bundle) {
        self.target.write("encoding.target", into);
        self.past.write("encoding.past", into);
        self.known.write("encoding.known", into);
    }

    /// # Errors
    /// `FormatError` for constants that do not fit the plan.
    pub fn read(plan: Plan, from: &mut Bundle) -> Result<Option<SeriesEncoding>, Error> {
        let target = Scaler::read("encoding.target", plan.targets(), from)?;
        let past = Scaler::read("encoding.past", plan.past.len(), from)?;
        let known = Scaler::read("encoding.known", plan.known.len(), from)?;
        match (target, past, known) {
            (None, None, None) => Ok(None),
            (Some(target), Some(past), Some(known)) => Ok(Some(SeriesEncoding { plan, target, past, known })),
            _ => Err(Error::format("some constants of the series are missing")),
        }
    }
}

/// A scaler for columns of which the first `rows` rows count.
fn scaler(kind: Scale, columns: &[Vec<f64>], rows: usize) -> Scaler {
    let walk = |show: &mut Show| {
        for (j, column) in columns.iter().enumerate() {
            column[..rows].iter().for_each(|&v| show(j, v));
        }
    };
    Scaler::fit(kind, &Columns::of(columns.len(), &walk))
}
