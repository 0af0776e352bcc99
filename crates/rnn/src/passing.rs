//! What stands between a level and what reads it: directions merged into one row, and the level's input passed on around it.
//!
//! A prediction at the last step reads final states, so there an input passed on is that of each direction's own last step: the
//! sequence's last for the forward direction, its first for the reverse one.

use crate::packing::Packing;
use crate::spec::Merge;

/// Two directions as one row: `[forward | reverse]`, each of `units`, to `units` numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Merging {
    pub how: Merge,
    pub units: usize,
}

impl Merging {
    /// `y [rows, units]` from `x [rows, 2·units]`.
    pub fn forward(&self, x: &[f32], y: &mut [f32]) {
        let of: fn(f32, f32) -> f32 = match self.how {
            Merge::Concat | Merge::Sum => |a, b| a + b,
            Merge::Mean => |a, b| 0.5 * (a + b),
            Merge::Product => |a, b| a * b,
        };
        for (y, x) in y.chunks_exact_mut(self.units).zip(x.chunks_exact(2 * self.units)) {
            let (forward, reverse) = x.split_at(self.units);
            for ((y, a), b) in y.iter_mut().zip(forward).zip(reverse) {
                *y = of(*a, *b);
            }
        }
    }

    /// `below [rows, 2·units]` from `above [rows, units]`.
    pub fn backward(&self, x: &[f32], above: &[f32], below: &mut [f32]) {
        let rows = x.chunks_exact(2 * self.units).zip(above.chunks_exact(self.units));
        for (below, (x, d)) in below.chunks_exact_mut(2 * self.units).zip(rows) {
            let (to_forward, to_reverse) = below.split_at_mut(self.units);
            let (forward, reverse) = x.split_at(self.units);
            for (to, other) in [(to_forward, reverse), (to_reverse, forward)] {
                match self.how {
                    Merge::Concat | Merge::Sum => to.copy_from_slice(d),
                    Merge::Mean => to.iter_mut().zip(d).for_each(|(to, d)| *to = 0.5 * d),
                    Merge::Product => to.iter_mut().zip(d).zip(other).for_each(|((to, d), other)| *to = d * other),
                }
            }
        }
    }
}

/// A level's input, passed on around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passing {
    /// Whether it is added; else it stands after the level's row.
    pub added: bool,
    /// Stage of the level.
    pub level: usize,
    /// Numbers in the level's row, and in its input's.
    pub width: usize,
    pub input: usize,
    /// Directions of the level, side by side in its row.
    pub directions: usize,
}

impl Passing {
    /// `y` from the level's row `h [rows, width]` and the input `x` of all steps; `rows` are those of all steps, or one a sequence.
    pub fn forward(&self, packing: &Packing, per_sequence: bool, h: &[f32], x: &[f32], y: &mut [f32]) {
        let out = if self.added { self.width } else { self.width + self.input };
        for (row, (y, h)) in y.chunks_exact_mut(out).zip(h.chunks_exact(self.width)).enumerate() {
            let (y, rest) = y.split_at_mut(self.width);
            y.copy_from_slice(h);
            if self.added {
                self.parts(packing, per_sequence, row, |columns, from| {
                    let x = &x[from..][..columns.len()];
                    y[columns].iter_mut().zip(x).for_each(|(y, x)| *y += x);
                });
            } else {
                self.parts(packing, per_sequence, row, |_, from| rest.copy_from_slice(&x[from..][..self.input]));
            }
        }
    }

    /// Keeps in `kept [rows, input]` the input's part of `above`, and leaves the level's in `below` (which is `above` itself
    /// where the input is added).
    pub fn backward(&self, above: &[f32], below: &mut [f32], kept: &mut [f32]) {
        let rows = above.chunks_exact(self.width + self.input).zip(below.chunks_exact_mut(self.width));
        for ((above, below), kept) in rows.zip(kept.chunks_exact_mut(self.input)) {
            below.copy_from_slice(&above[..self.width]);
            kept.copy_from_slice(&above[self.width..]);
        }
    }

    /// Adds what was kept onto the gradient of the level's input `[rows, input]`, when the level has written it.
    pub fn add(&self, packing: &Packing, per_sequence: bool, kept: &[f32], below: &mut [f32]) {
        let rows = if per_sequence { packing.batch } else { packing.rows };
        for (row, kept) in kept.chunks_exact(self.input).take(rows).enumerate() {
            self.parts(packing, per_sequence, row, |columns, at| {
                let to = &mut below[at..][..columns.len()];
                to.iter_mut().zip(&kept[columns]).for_each(|(to, d)| *to += d);
            });
        }
    }

    /// Calls back with columns of a row of the input, and where these begin among the rows of all steps.
    fn parts(
        &self,
        packing: &Packing,
        per_sequence: bool,
        row: usize,
        mut part: impl FnMut(std::ops::Range<usize>, usize),
    ) {
        if !per_sequence {
            return part(0..self.input, row * self.input);
        }
        let units = self.input / self.directions;
        for side in 0..self.directions {
            let step = if side == 0 { packing.lengths[row] - 1 } else { 0 };
            let columns = side * units..(side + 1) * units;
            part(columns.clone(), packing.row(step, row) * self.input + columns.start);
        }
    }
}
