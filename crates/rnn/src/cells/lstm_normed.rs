//! Long short-term memory whose memory is normalised on its way out, by the time loop: `h = o ∘ tanh(norm of c)`; the rest as
//! [`super::lstm_variant`]. Source: Ba et al. 2016 (arXiv:1607.06450), equation 22; see [`crate::inside`].
//!
//! Saved: the memory before, tanh of the normalised one, the memory.

use super::lstm_variant::{LstmVariant, gates_row_back, gates_row_forward};
use super::{Backward, Cell, Forward, Shape};
use linalg::flush;

pub(super) struct LstmNormed<const PEEPHOLES: bool, const COUPLED: bool>;

impl<const PEEPHOLES: bool, const COUPLED: bool> Cell for LstmNormed<PEEPHOLES, COUPLED> {
    fn shape(&self) -> Shape {
        Shape { saved: 3, ..LstmVariant::<PEEPHOLES, COUPLED>.shape() }
    }

    /// Up to the memory.
    fn forward(&self, step: Forward) {
        let (hidden, len) = (step.hidden, step.c.len());
        let width = step.gates.len() / len * hidden;
        step.saved[..len].copy_from_slice(step.c);
        for (at, (row, c)) in step.gates.chunks_exact_mut(width).zip(step.c.chunks_exact_mut(hidden)).enumerate() {
            let mask = step.mask.get(at * hidden..).unwrap_or_default();
            gates_row_forward::<PEEPHOLES, COUPLED>(row, c, step.vectors, mask);
        }
        step.saved[2 * len..].copy_from_slice(step.c);
    }

    fn output(&self, step: Forward) {
        let (hidden, len) = (step.hidden, step.c.len());
        let width = step.gates.len() / len * hidden;
        let tanh = &mut step.saved[len..2 * len];
        linalg::tanh_to(tanh, step.h);
        let rows = step.gates.chunks_exact(width).zip(tanh.chunks_exact(hidden));
        for ((row, tanh), h) in rows.zip(step.h.chunks_exact_mut(hidden)) {
            for ((h, o), tanh) in h.iter_mut().zip(&row[width - hidden..]).zip(tanh) {
                *h = o * tanh;
            }
        }
    }

    fn backward_output(&self, step: &mut Backward) {
        let (hidden, len) = (step.hidden, step.dc.len());
        let width = step.gates.len() / len * hidden;
        let rows = step.gates.chunks_exact_mut(width).zip(step.dh.chunks_exact_mut(hidden));
        for ((row, dh), tanh) in rows.zip(step.saved[len..2 * len].chunks_exact(hidden)) {
            output_row(&mut row[width - hidden..], dh, tanh);
        }
    }

    fn backward(&self, step: &mut Backward) {
        let (hidden, len) = (step.hidden, step.dc.len());
        let width = step.gates.len() / len * hidden;
        let rows = step.gates.chunks_exact_mut(width).zip(step.dc.chunks_exact_mut(hidden));
        let saved = step.saved[..len].chunks_exact(hidden).zip(step.saved[2 * len..].chunks_exact(hidden));
        for (at, (((row, dc), dh), (before, after))) in rows.zip(step.dh.chunks_exact(hidden)).zip(saved).enumerate() {
            for (dc, dh) in dc.iter_mut().zip(dh) {
                *dc = flush(*dc) + dh;
            }
            let mask = step.mask.get(at * hidden..).unwrap_or_default();
            let grads = &mut *step.vector_grads[0];
            gates_row_back::<PEEPHOLES, COUPLED>(row, dc, [before, after], (step.vectors, mask), grads);
        }
    }
}

/// Gradient of o's sum in the place of o, that of what tanh was taken of in the place of that of h.
#[inline(never)]
fn output_row(o: &mut [f32], dh: &mut [f32], tanh: &[f32]) {
    let n = o.len();
    let (dh, tanh) = (&mut dh[..n], &tanh[..n]);
    for j in 0..n {
        let (d, ov, tv) = (flush(dh[j]), o[j], tanh[j]);
        o[j] = d * tv * (ov * (1.0 - ov));
        dh[j] = d * ov * (1.0 - tv * tv);
    }
}
