//! What several of the tests need: the fixtures, the problems they were made with, a small generator.
#![allow(dead_code)] // every test binary uses another part

pub mod every;
pub mod layers;
pub mod problem;
pub mod twin;

use optim::{Optimizer, Places, State, Step};
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

/// Parameters on their way, by one optimiser.
#[derive(Clone)]
pub struct Run {
    pub optimizer: Optimizer,
    pub places: Places,
    pub params: Vec<f32>,
    pub state: State,
    pub done: u64,
}

impl Run {
    /// From `params`, all of which move, as one vector.
    pub fn new(optimizer: impl Into<Optimizer>, params: Vec<f32>) -> Run {
        let places = Places::whole(params.len());
        Run::of(optimizer, params, places)
    }

    pub fn of(optimizer: impl Into<Optimizer>, params: Vec<f32>, places: Places) -> Run {
        let optimizer = optimizer.into();
        let state = optimizer.state(params.len(), &places, |n| Ok::<_, ()>(vec![0.0; n])).unwrap();
        Run { optimizer, places, params, state, done: 0 }
    }

    /// Where the next gradient is taken.
    pub fn point(&self) -> Vec<f32> {
        self.optimizer.point(self.done, &self.params, &self.state).to_vec()
    }

    /// Gives the rate that was used.
    pub fn update(&mut self, rate: f64, grads: &[f32]) -> f64 {
        self.step(Step::new(self.done + 1, rate), grads)
    }

    pub fn step(&mut self, step: Step, grads: &[f32]) -> f64 {
        self.done += 1;
        let Run { optimizer, places, params, state, .. } = self;
        optimizer.apply(step, places, params, &mut grads.to_vec(), state)
    }

    /// Of parameters, moments and numbers.
    pub fn bits(&self) -> Vec<u32> {
        let floats = self.params.iter().chain(self.state.buffers.iter().flatten()).map(|x| x.to_bits());
        let words = |x: &f64| [x.to_bits() as u32, (x.to_bits() >> 32) as u32];
        floats.chain(self.state.scalars.iter().flat_map(words)).collect()
    }
}
