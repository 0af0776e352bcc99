//! Calendar units as inputs: small cycles as one-hot, long ones as sines and cosines. Known for any future row.
//!
//! `hour` (0 … 23): sine and cosine of the day. `dayOfWeek` (0, Monday … 6) and `month` (0 … 11): one-hot. `dayOfYear`
//! (0 … 365): sines and cosines of the year (365.25 days) and of half of it.

use crate::describe::model::Calendar;
use std::f64::consts::TAU;

impl Calendar {
    /// Inputs that it makes.
    pub fn width(self) -> usize {
        match self {
            Calendar::Hour => 2,
            Calendar::DayOfWeek => 7,
            Calendar::DayOfYear => 4,
            Calendar::Month => 12,
        }
    }

    /// Raw numbers there are, from 0.
    pub fn values(self) -> u16 {
        match self {
            Calendar::Hour => 24,
            Calendar::DayOfWeek => 7,
            Calendar::DayOfYear => 366,
            Calendar::Month => 12,
        }
    }

    /// The inputs of each raw number, [values, width].
    pub fn inputs(self) -> Vec<f32> {
        let mut inputs = Vec::with_capacity(usize::from(self.values()) * self.width());
        (0..self.values()).for_each(|raw| self.encode(f64::from(raw), &mut inputs));
        inputs
    }

    fn encode(self, raw: f64, into: &mut Vec<f32>) {
        let mut cycle = |turns: f64| {
            into.push(libm::sin(TAU * turns) as f32);
            into.push(libm::cos(TAU * turns) as f32);
        };
        match self {
            Calendar::Hour => cycle(raw / 24.0),
            Calendar::DayOfYear => {
                cycle(raw / 365.25);
                cycle(2.0 * raw / 365.25);
            }
            Calendar::DayOfWeek | Calendar::Month => {
                into.extend((0..self.width()).map(|i| if i as f64 == raw { 1.0 } else { 0.0 }));
            }
        }
    }
}
