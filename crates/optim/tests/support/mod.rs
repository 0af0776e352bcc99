//! What several of the tests need: the fixtures, the problems they were made with, a small generator.
#![allow(dead_code)] // every test binary uses another part

pub mod twin;

use serde_json::Value;

/// `fixture!("clip.json")`: a file of test/fixtures/pytorch, read when the test is compiled (wasm has no files).
#[macro_export]
macro_rules! fixture {
    ($name:literal) => {
        serde_json::from_str::<serde_json::Value>(include_str!(concat!("../../../test/fixtures/pytorch/", $name)))
            .unwrap()
    };
}

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number, got {value}"))
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap_or_else(|| panic!("an array, got {value}")).iter().map(number).collect()
}

/// The `data` of `{ shape, data }`.
pub fn tensor(value: &Value) -> Vec<f64> {
    numbers(&value["data"])
}

pub fn to_f32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&x| x as f32).collect()
}

pub fn to_f64(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

/// The largest difference, relative to the largest element of `truth`.
pub fn error(values: &[f64], truth: &[f64]) -> f64 {
    assert_eq!(values.len(), truth.len());
    let scale = truth.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    values.iter().zip(truth).fold(0.0, |most: f64, (x, y)| {
        let difference = (x - y).abs() / scale;
        if difference > most || difference.is_nan() { difference } else { most }
    })
}

/// Mulberry32, scaled to [-1, 1).
pub struct Random(pub u32);

impl Random {
    pub fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x6D2B_79F5);
        let mut t = (self.0 ^ (self.0 >> 15)).wrapping_mul(self.0 | 1);
        t ^= t.wrapping_add((t ^ (t >> 7)).wrapping_mul(t | 61));
        ((t ^ (t >> 14)) >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    pub fn fill(&mut self, values: &mut [f32]) {
        values.iter_mut().for_each(|x| *x = self.next());
    }

    pub fn take(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.next()).collect()
    }
}
