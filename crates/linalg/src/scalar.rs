//! The kernels over plain `f32` arithmetic, on every target: the oracle for the vector ones.
//!
//! Same signatures, panics and, bit for bit, results as the functions of the same name at the root of the crate.
//! Functions that have no vector form of their own are not repeated here.

use crate::activation::{exp_lanes, in_place, relu_lanes, sigmoid_lanes, tanh_lanes};
use crate::gemm::Terms;
use crate::lanes::Four;

/// See [`crate::gemm()`].
pub fn gemm(m: usize, n: usize, k: usize, a: &[f32], b: &[f32], c: &mut [f32], ldc: usize) {
    crate::gemm::rows::<Four>(m, n, k, a, b, c, ldc);
}

/// See [`crate::gemm_from`].
pub fn gemm_from(m: usize, n: usize, a: Terms, start: &[f32], b: &[f32], c: &mut [f32], ldc: usize) {
    crate::gemm::rows_from::<Four>(m, n, a, start, b, c, ldc);
}

/// See [`crate::gemm_panels`].
pub fn gemm_panels(m: usize, n: usize, k: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    crate::gemm::panels::<Four>(m, n, k, a, b, c);
}

/// See [`crate::add_rows`].
pub fn add_rows(to: &mut [f32], panels: &[f32], k: usize, n: usize) {
    crate::reduce::add_rows_over::<Four>(to, panels, k, n);
}

/// See [`crate::pack_strips`].
pub fn pack_strips(dst: &mut [f32], src: &[f32], ld: usize, m: usize, k: usize) {
    crate::pack::strips_over::<Four>(dst, k, 0, src, ld, m, k);
}

/// See [`crate::transpose_panels`].
pub fn transpose_panels(dst: &mut [f32], src: &[f32], k: usize, n: usize) {
    crate::panels::transpose_over::<Four>(dst, src, k, n);
}

/// See [`crate::tanh`].
pub fn tanh(x: &mut [f32]) {
    in_place::<Four>(x, tanh_lanes());
}

/// See [`crate::sigmoid`].
pub fn sigmoid(x: &mut [f32]) {
    in_place::<Four>(x, sigmoid_lanes());
}

/// See [`crate::exp`].
pub fn exp(x: &mut [f32]) {
    in_place::<Four>(x, exp_lanes());
}

/// See [`crate::relu`].
pub fn relu(x: &mut [f32]) {
    in_place::<Four>(x, relu_lanes());
}

/// See [`crate::largest`].
#[must_use]
pub fn largest(x: &[f32]) -> usize {
    crate::maximum::largest_over::<Four>(x)
}

/// See [`crate::softmax_to`].
pub fn softmax_to(dst: &mut [f32], src: &[f32], factor: f64) -> f64 {
    crate::softmax::softmax_to_lanes::<Four>(dst, src, factor)
}

/// See [`crate::softmax()`].
pub fn softmax(x: &mut [f32]) -> f64 {
    crate::softmax::softmax_lanes::<Four>(x)
}

/// See [`crate::log_sum_exp`].
#[must_use]
pub fn log_sum_exp(x: &[f32]) -> f64 {
    crate::softmax::log_sum_exp_lanes::<Four>(x)
}
