//! Numbers for tests: SplitMix64 (Steele, Lea & Flood 2014), the same on every machine.

use naive::{Rows, State};

pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In [-1, 1).
    pub fn number(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// Below `n`.
    pub fn below(&mut self, n: u32) -> u32 {
        (self.next() % u64::from(n)) as u32
    }

    /// `n` numbers in ±`width`.
    pub fn numbers(&mut self, n: usize, width: f64) -> Vec<f64> {
        (0..n).map(|_| self.number() * width).collect()
    }

    /// `[rows][n]` in ±1.
    pub fn rows(&mut self, rows: usize, n: usize) -> Rows {
        (0..rows).map(|_| self.numbers(n, 1.0)).collect()
    }

    /// A dropout mask with rate 1/2: 0 or 2.
    pub fn mask(&mut self, rows: usize, n: usize) -> Rows {
        (0..rows).map(|_| (0..n).map(|_| f64::from(self.below(2) * 2)).collect()).collect()
    }

    /// A state, or its cotangent, of `levels` = levels·directions.
    pub fn state(&mut self, levels: usize, hidden: usize, memory: bool) -> State {
        State { h: self.rows(levels, hidden), c: if memory { self.rows(levels, hidden) } else { Vec::new() } }
    }
}
