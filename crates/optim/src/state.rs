//! What an optimiser remembers from one update to the next.

use crate::places::Places;

/// Everything that has to be saved for the next update to be the same, and the room that an update works in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// In the order of [`crate::Optimizer::buffers`], each as long as its [`Extent`] says.
    pub buffers: Vec<Vec<f32>>,
    /// In the order of [`crate::Optimizer::scalars`].
    pub scalars: Vec<f64>,
    /// Not saved: what is in it does not outlive an update.
    pub scratch: Vec<f32>,
}

/// How long a buffer is, and what its elements belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// As long as the parameters, of the same layout.
    Elements,
    /// One for each row of each matrix.
    Rows,
    /// One for each column of each matrix.
    Columns,
    /// One for each natural element of what is not a matrix.
    Vectors,
}

impl Extent {
    /// Elements for parameters of the flat length `n`.
    pub fn len(self, n: usize, places: &Places) -> usize {
        match self {
            Extent::Elements => n,
            _ => places.tensors.iter().map(|t| self.of(t.matrix, t.rows.len(), t.columns)).sum(),
        }
    }

    /// Elements for one tensor.
    pub fn of(self, matrix: bool, rows: usize, columns: usize) -> usize {
        match self {
            Extent::Rows if matrix => rows,
            Extent::Columns if matrix => columns,
            Extent::Vectors if !matrix => rows * columns,
            Extent::Elements => rows * columns,
            _ => 0,
        }
    }
}
