//! Which samples of a data set belong to a part of it.

use std::ops::Range;

/// Numbers of samples, in their order. Of a text or a table they are a range: a list would take as much as the data.
#[derive(Clone)]
pub enum Ids {
    Range(Range<u32>),
    List(Vec<u32>),
}

impl Ids {
    /// The first `n` samples.
    pub fn first(n: usize) -> Ids {
        Ids::Range(0..n as u32)
    }

    pub fn len(&self) -> usize {
        match self {
            Ids::Range(range) => range.len(),
            Ids::List(list) => list.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, i: usize) -> u32 {
        match self {
            Ids::Range(range) => range.start + i as u32,
            Ids::List(list) => list[i],
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.len()).map(|i| self.get(i))
    }
}
