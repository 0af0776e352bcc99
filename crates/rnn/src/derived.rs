//! Weights that each pass makes of others: normalised, or with some dropped. The layers read and learn the made ones, which lie
//! in the flat buffer after their origin and are listed nowhere; after the way back their gradient becomes that of the origin.
//!
//! ```text
//! weight norm: w = g·v/‖v‖      dg = (dw·v)/‖v‖      dv = g/‖v‖·(dw - v·(dw·v)/‖v‖²)      for each row of the matrix
//! weight drop: w = m ∘ raw       draw = m ∘ dw        m: 0 with probability rate, else 1/(1-rate); in training
//! ```
//! Sources: Salimans and Kingma 2016 (arXiv:1602.07868), equations 2 and 3, under the names of PyTorch's `weight_norm`; DropConnect
//! (Wan et al. 2013) on hidden-to-hidden weights, as Merity, Keskar and Socher 2017 (arXiv:1708.02182): one mask for all steps
//! and sequences of an update.

use std::ops::Range;

use linalg::{PANEL, padded};

use crate::dropout::threshold;
use crate::network::DropoutKey;
use crate::params::{Owner, ParameterTable, Role};
use crate::random::{Philox, Purpose};
use crate::spec::NetworkError;

/// What a weight matrix is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Made {
    /// A parameter of its own.
    Itself,
    Normed,
    /// With this share dropped, in `(0, 1)`.
    Dropped(f32),
}

/// One made matrix.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Derived {
    how: How,
    /// Panels of its origin, and its own.
    from: Range<usize>,
    to: Range<usize>,
    inputs: usize,
    /// The natural row of each column of the panels; none of a pad column.
    rows: Vec<Option<u32>>,
}

#[derive(Clone, Debug, PartialEq)]
enum How {
    /// By the first of these magnitudes on, one for each natural row.
    Norm {
        magnitudes: usize,
    },
    Drop {
        rate: f32,
        place: u32,
    },
}

impl ParameterTable {
    /// As [`ParameterTable::panels`], of a matrix that is made so; gives the place of each block of the made one.
    pub(crate) fn made(
        &mut self,
        made: Made,
        owner: &Owner,
        name: &str,
        role: Role,
        shape: [usize; 2],
        blocks: Vec<Vec<usize>>,
    ) -> Result<Vec<Range<usize>>, NetworkError> {
        if made == Made::Itself {
            return self.panels(owner, name, role, shape, blocks);
        }
        let unit = shape[0] / blocks.iter().map(Vec::len).sum::<usize>();
        let mut rows = Vec::new();
        for block in &blocks {
            let columns = block.len() * unit;
            rows.extend((0..columns).map(|c| Some((block[c / unit] * unit + c % unit) as u32)));
            rows.resize(rows.len() + padded(columns) - columns, None);
        }
        let (how, places) = match made {
            Made::Dropped(rate) => {
                // Unlike any other: the place of a matrix among all.
                let place = self.entries().len() as u32;
                (How::Drop { rate, place }, self.panels(owner, name, role, shape, blocks)?)
            }
            _ => {
                let magnitudes = self.plain(owner, &format!("{name}_g"), Role::Magnitude, &[shape[0], 1], 1)?;
                (
                    How::Norm { magnitudes: magnitudes.start },
                    self.panels(owner, &format!("{name}_v"), role, shape, blocks)?,
                )
            }
        };
        let from = places[0].start..places[places.len() - 1].end;
        let to = self.unlisted(owner, name, from.len())?;
        let moved = places.iter().map(|p| p.start - from.start + to.start..p.end - from.start + to.start).collect();
        self.derived.push(Derived { how, from, to, inputs: shape[1], rows });
        Ok(moved)
    }

    /// Whether weights are made of others: then a gradient cannot be added to the weights as it comes.
    pub fn derives(&self) -> bool {
        !self.derived.is_empty()
    }

    /// Makes the weights of a pass, in a copy of the parameters.
    pub(crate) fn derive(&self, params: &[f32], key: Option<DropoutKey>, copy: &mut [f32]) {
        copy.copy_from_slice(params);
        for derived in &self.derived {
            derived.derive(key, copy);
        }
    }

    /// Turns the gradients of made weights into those of their origins, and leaves zeros.
    pub(crate) fn pull_back(&self, made: &[f32], key: Option<DropoutKey>, grads: &mut [f32]) {
        for derived in &self.derived {
            derived.pull_back(key, made, grads);
        }
    }

    /// The magnitudes of new weights: `g = ‖v‖`, so that a network starts as it would without.
    pub(crate) fn start_magnitudes(&self, params: &mut [f32]) {
        for derived in &self.derived {
            let How::Norm { magnitudes } = derived.how else { continue };
            for (panel, rows) in derived.rows.chunks_exact(PANEL).enumerate() {
                let squares = squares(&params[derived.from.clone()][panel * derived.len()..][..derived.len()]);
                for (square, row) in squares.into_iter().zip(rows) {
                    if let Some(row) = row {
                        params[magnitudes + *row as usize] = square.sqrt() as f32;
                    }
                }
            }
        }
    }
}

/// Of each column of a panel, terms ascending.
fn squares(panel: &[f32]) -> [f64; PANEL] {
    products(panel, panel)
}

fn products(a: &[f32], b: &[f32]) -> [f64; PANEL] {
    let mut sums = [0.0; PANEL];
    for (a, b) in a.as_chunks::<PANEL>().0.iter().zip(b.as_chunks::<PANEL>().0) {
        for (sum, (&a, &b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += f64::from(a) * f64::from(b);
        }
    }
    sums
}

impl Derived {
    /// Length of a panel.
    fn len(&self) -> usize {
        PANEL * self.inputs
    }

    fn derive(&self, key: Option<DropoutKey>, params: &mut [f32]) {
        for (panel, rows) in self.rows.chunks_exact(PANEL).enumerate() {
            let (from, to) = (self.from.start + panel * self.len(), self.to.start + panel * self.len());
            params.copy_within(from..from + self.len(), to);
            match self.how {
                How::Norm { magnitudes } => {
                    let factors = self.factors(&params[from..from + self.len()], rows, &params[magnitudes..]);
                    for row in params[to..to + self.len()].as_chunks_mut::<PANEL>().0 {
                        row.iter_mut().zip(factors).for_each(|(w, factor)| *w *= factor as f32);
                    }
                }
                How::Drop { rate, place } => {
                    if let Some(key) = key {
                        let made = &mut params[to..to + self.len()];
                        self.each_mask(key, rate, place, rows, |at, mask| made[at] *= mask);
                    }
                }
            }
        }
    }

    fn pull_back(&self, key: Option<DropoutKey>, params: &[f32], grads: &mut [f32]) {
        for (panel, rows) in self.rows.chunks_exact(PANEL).enumerate() {
            let (from, to) = (self.from.start + panel * self.len(), self.to.start + panel * self.len());
            // The made ones come after their origin.
            let (before, after) = grads.split_at_mut(self.to.start);
            let dw = &mut after[to - self.to.start..][..self.len()];
            match self.how {
                How::Norm { magnitudes } => {
                    let v = &params[from..from + self.len()];
                    let (squares, along) = (squares(v), products(dw, v));
                    let factors = self.factors(v, rows, &params[magnitudes..]);
                    for (j, row) in rows.iter().enumerate() {
                        if let Some(row) = row.filter(|_| squares[j] > 0.0) {
                            before[magnitudes + row as usize] += (along[j] / squares[j].sqrt()) as f32;
                        }
                    }
                    let along: [f32; PANEL] =
                        std::array::from_fn(|j| if squares[j] > 0.0 { (along[j] / squares[j]) as f32 } else { 0.0 });
                    let dv = before[from..from + self.len()].as_chunks_mut::<PANEL>().0;
                    for ((dv, dw), v) in dv.iter_mut().zip(dw.as_chunks::<PANEL>().0).zip(v.as_chunks::<PANEL>().0) {
                        for j in 0..PANEL {
                            dv[j] += factors[j] as f32 * (dw[j] - v[j] * along[j]);
                        }
                    }
                }
                How::Drop { rate, place } => {
                    let raw = &mut before[from..from + self.len()];
                    match key {
                        Some(key) => self.each_mask(key, rate, place, rows, |at, mask| raw[at] += dw[at] * mask),
                        None => raw.iter_mut().zip(&*dw).for_each(|(raw, dw)| *raw += dw),
                    }
                }
            }
            dw.fill(0.0);
        }
    }

    /// `g/‖v‖` of each column; 0 where there is none.
    fn factors(&self, v: &[f32], rows: &[Option<u32>], magnitudes: &[f32]) -> [f64; PANEL] {
        let squares = squares(v);
        std::array::from_fn(|j| match rows[j] {
            Some(row) if squares[j] > 0.0 => f64::from(magnitudes[row as usize]) / squares[j].sqrt(),
            _ => 0.0,
        })
    }

    /// Calls `each(place in the panel, 0 or the scale)`. A mask depends on seed, update, matrix, row and column alone.
    fn each_mask(
        &self,
        key: DropoutKey,
        rate: f32,
        place: u32,
        rows: &[Option<u32>],
        mut each: impl FnMut(usize, f32),
    ) {
        let philox: Philox = key.philox(Purpose::WeightDrop, place);
        let (threshold, scale) = (threshold(rate), 1.0 / (1.0 - rate));
        for (j, row) in rows.iter().enumerate() {
            let Some(row) = row else { continue };
            for k in (0..self.inputs).step_by(4) {
                let words = philox.block([(k / 4) as u32, *row, 0, 0]);
                for (k, word) in (k..self.inputs).zip(words) {
                    each(k * PANEL + j, if word < threshold { 0.0 } else { scale });
                }
            }
        }
    }
}
