//! How the columns of a series become inputs and targets: transform, difference, scale, calendar. Its constants are
//! fitted on the training part and saved with the model. NOT: windows (data).

use super::scaler::{Columns, Scaler, Show};
use crate::bundle::{Bundle, Elements};
use crate::describe::model::{Calendar, Mode, Series as Plan, Transform};
use crate::error::Error;
use crate::memory::room_for;
use crate::text::number;

/// The columns as they came: a table may be most of the memory, and is there once. What the network reads of them is made
/// when it is asked for.
pub struct Table {
    pub rows: usize,
    /// Targets after the transform.
    pub levels: Vec<Column>,
    /// In the user's units.
    pub past: Vec<Column>,
    pub known: Vec<Column>,
    /// Raw numbers of each calendar unit.
    pub calendar: Vec<Vec<u16>>,
}

/// Numbers of 64 bits, or of 32 where the user has no others.
pub enum Column {
    F64(Vec<f64>),
    F32(Vec<f32>),
}

impl Column {
    #[inline(always)] // for each number that is read: this crate is compiled for size
    pub fn get(&self, s: usize) -> f64 {
        match self {
            Column::F64(v) => v[s],
            Column::F32(v) => f64::from(v[s]),
        }
    }

    /// Writes `rows` numbers from row s on, scaled, to every `width`-th place of `to`.
    pub fn scaled(&self, s: usize, rows: usize, (offset, scale): (f64, f64), to: &mut [f32], width: usize) {
        match self {
            Column::F64(v) => {
                for (k, &v) in v[s..s + rows].iter().enumerate() {
                    to[k * width] = ((v - offset) / scale) as f32;
                }
            }
            Column::F32(v) => {
                for (k, &v) in v[s..s + rows].iter().enumerate() {
                    to[k * width] = ((f64::from(v) - offset) / scale) as f32;
                }
            }
        }
    }

    pub fn set(&mut self, s: usize, value: f64) {
        match self {
            Column::F64(v) => v[s] = value,
            Column::F32(v) => v[s] = value as f32,
        }
    }

    fn len(&self) -> usize {
        match self {
            Column::F64(v) => v.len(),
            Column::F32(v) => v.len(),
        }
    }

    /// As numbers of 64 bits, which logarithms and sums of small changes want.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn widen(&mut self) -> Result<(), Error> {
        if let Column::F32(v) = self {
            let mut wide = Vec::new();
            room_for(&mut wide, v.len())?;
            wide.extend(v.iter().map(|&v| f64::from(v)));
            *self = Column::F64(wide);
        }
        Ok(())
    }

    /// Logarithms in place. The first row without one, else.
    fn log(&mut self) -> Result<(), usize> {
        if let Some(s) = (0..self.len()).find(|&s| self.get(s) <= 0.0) {
            return Err(s);
        }
        (0..self.len()).for_each(|s| self.set(s, libm::log(self.get(s))));
        Ok(())
    }
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

    /// What a level of row s is differenced by; 0 without differences.
    #[inline(always)]
    pub fn level_before(&self, column: &Column, s: usize) -> f64 {
        if self.difference == 0 { 0.0 } else { column.get(s - self.difference) }
    }

    #[inline(always)]
    fn change(&self, column: &Column, s: usize) -> f64 {
        column.get(s) - self.level_before(column, s)
    }

    pub fn untransform(&self, value: f64) -> f64 {
        if self.transform == Transform::Log { libm::exp(value) } else { value }
    }

    /// Takes the columns out of a "series" bundle.
    ///
    /// # Errors
    /// `DataError` for a column that is missing or shorter than the others, and for a value that has no logarithm.
    pub fn table(&self, bundle: &mut Bundle) -> Result<Table, Error> {
        let mut take = |name: String| -> Result<Elements, Error> {
            let tensor = bundle.take(&name);
            Ok(tensor.ok_or_else(|| Error::data(name, "a column of the table", "nothing"))?.elements)
        };
        let mut columns = |names: &[String]| -> Result<Vec<Column>, Error> {
            let column = |name: &String| match take(["column.", name].concat())? {
                Elements::F64(v) => Ok(Column::F64(v)),
                Elements::F32(v) => Ok(Column::F32(v)),
                other => Err(Error::data(&**name, "numbers", other.dtype())),
            };
            names.iter().map(column).collect()
        };
        let (mut levels, past, known) = (columns(&self.target)?, columns(&self.past)?, columns(&self.known)?);
        let unit = |unit: &Calendar| match take(["calendar.", unit.name()].concat())? {
            Elements::U16(v) => match v.iter().position(|&raw| raw >= unit.values()) {
                Some(s) => {
                    let place = format!("{}[{s}]", unit.name());
                    Err(Error::data(place, format!("a number below {}", unit.values()), v[s].to_string()))
                }
                None => Ok(v),
            },
            other => Err(Error::data(unit.name(), "U16", other.dtype())),
        };
        let calendar: Vec<_> = self.calendar.iter().map(unit).collect::<Result<_, _>>()?;
        let rows = levels.first().map_or(0, Column::len);
        let lengths = [&levels, &past, &known].into_iter().flatten().map(Column::len);
        if let Some(other) = lengths.chain(calendar.iter().map(Vec::len)).find(|&n| n != rows) {
            return Err(Error::shape("table", format!("{rows} rows in each column"), other.to_string()));
        }
        if self.transform == Transform::Log {
            for (name, column) in self.target.iter().zip(&mut levels) {
                column.widen()?;
                column.log().map_err(|s| {
                    let place = format!("{name}[{s}]");
                    Error::data(place, "a positive number (transform: log)", number(column.get(s)))
                })?;
            }
        }
        Ok(Table { rows, levels, past, known, calendar })
    }
}

impl SeriesEncoding {
    /// Constants from the first `rows` rows of the table.
    pub fn fit(plan: Plan, table: &Table, rows: usize) -> SeriesEncoding {
        let of = |columns: &[Column], from: usize, value: &dyn Fn(&Column, usize) -> f64| {
            let walk = |show: &mut Show| {
                for (j, column) in columns.iter().enumerate() {
                    (from..rows).for_each(|s| show(j, value(column, s)));
                }
            };
            Scaler::fit(plan.scale, &Columns::of(columns.len(), &walk))
        };
        SeriesEncoding {
            target: of(&table.levels, plan.difference, &|column, s| plan.change(column, s)),
            past: of(&table.past, 0, &Column::get),
            known: of(&table.known, 0, &Column::get),
            plan,
        }
    }

    /// Target `j` of row s, scaled; row s has one before it to differ from.
    pub fn scaled_target(&self, table: &Table, s: usize, j: usize) -> f32 {
        self.target.apply(j, self.plan.change(&table.levels[j], s)) as f32
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
