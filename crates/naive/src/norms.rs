//! Layers that bring numbers to mean 0 and variance 1, with a gain and a shift for each unit.
//!
//! ```text
//! y = x̂ ∘ weight + bias      x̂ = (x - μ) / √(v + ε)
//! ```
//! | kind | μ and v | source |
//! |---|---|---|
//! | layer | of the units of one row; v = Σ(x - μ)² / n | Ba, Kiros and Hinton 2016 (arXiv:1607.06450) |
//! | RMS | μ = 0 and v = Σx² / n of one row; no bias | Zhang and Sennrich 2019 (arXiv:1910.07467) |
//! | batch | of one unit over all rows of all sequences, or given ones | Ioffe and Szegedy 2015 (arXiv:1502.03167) |

use crate::algebra::{dot, times};
use crate::parameters::{accumulate, read};
use crate::{Parameters, Rows};

/// Over what is normalised.
#[derive(Clone, Debug, PartialEq)]
pub enum NormKind {
    /// The units of a row.
    Layer { bias: bool },
    /// The units of a row, around 0.
    Rms,
    /// Each unit over all rows of all sequences; with given statistics by those.
    Batch { running: Option<Statistics> },
}

/// Mean and variance of each unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    pub mean: Vec<f64>,
    pub variance: Vec<f64>,
}

/// A normalising layer: `{name}.weight [n]` and, but for RMS and where it is left out, `{name}.bias [n]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Norm {
    pub kind: NormKind,
    pub epsilon: f64,
    pub name: String,
}

/// Numbers that are normalised together: what became of them, and 1/√(v + ε).
struct Group {
    normal: Vec<f64>,
    scale: f64,
    /// Whether μ and v depend on the numbers; μ, whether it is taken off.
    depends: bool,
    centred: bool,
}

impl Norm {
    /// Whether there is a shift.
    pub fn bias(&self) -> bool {
        !matches!(self.kind, NormKind::Rms | NormKind::Layer { bias: false })
    }

    /// y of the rows of all sequences.
    pub fn forward(&self, params: &Parameters, x: &[Rows]) -> Vec<Rows> {
        let width = x[0][0].len();
        let weight = read(params, &self.name_of("weight"), width);
        let zeros = vec![0.0; width];
        let bias = if self.bias() { read(params, &self.name_of("bias"), width) } else { &zeros };
        let normal = self.ungroup(x, self.groups(x).into_iter().map(|group| group.normal).collect());
        let row = |x: &Vec<f64>| -> Vec<f64> { (0..width).map(|j| x[j] * weight[j] + bias[j]).collect() };
        normal.iter().map(|rows| rows.iter().map(row).collect()).collect()
    }

    /// dL/dx of all sequences; adds to the parameters' gradients.
    pub fn backward(&self, params: &Parameters, x: &[Rows], dy: &[Rows], sums: &mut Parameters) -> Vec<Rows> {
        let weight = read(params, &self.name_of("weight"), x[0][0].len());
        let groups = self.groups(x);
        let normal = self.ungroup(x, groups.iter().map(|group| group.normal.clone()).collect());
        for (normal, dy) in normal.iter().flatten().zip(dy.iter().flatten()) {
            accumulate(sums, &self.name_of("weight"), &times(normal, dy));
            if self.bias() {
                accumulate(sums, &self.name_of("bias"), dy);
            }
        }
        let scaled: Vec<Rows> = dy.iter().map(|rows| rows.iter().map(|dy| times(dy, weight)).collect()).collect();
        let back = groups.iter().zip(self.vectors(&scaled)).map(|(group, d)| group.backward(&d));
        self.ungroup(x, back.collect())
    }

    fn groups(&self, x: &[Rows]) -> Vec<Group> {
        let group = |(j, x): (usize, Vec<f64>)| {
            let n = x.len() as f64;
            let centred = self.kind != NormKind::Rms;
            let own = if centred { x.iter().sum::<f64>() / n } else { 0.0 };
            let (mean, variance, depends) = match &self.kind {
                NormKind::Batch { running: Some(s) } => (s.mean[j], s.variance[j], false),
                _ => (own, x.iter().map(|x| (x - own) * (x - own)).sum::<f64>() / n, true),
            };
            let scale = 1.0 / (variance + self.epsilon).sqrt();
            Group { normal: x.iter().map(|x| (x - mean) * scale).collect(), scale, depends, centred }
        };
        self.vectors(x).into_iter().enumerate().map(group).collect()
    }

    /// The numbers that go together: rows, or columns over all sequences.
    fn vectors(&self, x: &[Rows]) -> Vec<Vec<f64>> {
        let rows = || x.iter().flatten();
        match self.kind {
            NormKind::Batch { .. } => (0..x[0][0].len()).map(|j| rows().map(|row| row[j]).collect()).collect(),
            _ => rows().cloned().collect(),
        }
    }

    /// The way back from [`Norm::vectors`].
    fn ungroup(&self, like: &[Rows], vectors: Vec<Vec<f64>>) -> Vec<Rows> {
        let batch = matches!(self.kind, NormKind::Batch { .. });
        let row = |number: usize| match batch {
            true => vectors.iter().map(|column| column[number]).collect(),
            false => vectors[number].clone(),
        };
        let mut numbers = 0..;
        let mut next = |_: &Vec<f64>| row(numbers.next().expect("numbers without end"));
        like.iter().map(|rows| rows.iter().map(&mut next).collect()).collect()
    }

    fn name_of(&self, part: &str) -> String {
        format!("{}.{part}", self.name)
    }
}

impl Group {
    /// dL/dx from dL/dx̂: `(d - mean(d) - x̂·mean(d ∘ x̂)) / √(v + ε)`.
    fn backward(&self, d: &[f64]) -> Vec<f64> {
        let n = d.len() as f64;
        let mean = if self.depends && self.centred { d.iter().sum::<f64>() / n } else { 0.0 };
        let along = if self.depends { dot(d, &self.normal) / n } else { 0.0 };
        d.iter().zip(&self.normal).map(|(d, x)| self.scale * (d - mean - x * along)).collect()
    }
}
