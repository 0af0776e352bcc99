//! Gated recurrent unit with the reset before the product: the original (Cho et al. 2014, arXiv:1406.1078).
//!
//! ```text
//! r, z = σ(sums)    n = tanh(W_in x + b_in + W_hn (r ∘ h') + b_hn)    h = n + z ∘ (h' - n)
//! ```
//! A row of gates is `[n | r | z]`. The candidate's product waits for r, so it is a second one, over `r ∘ h'` (saved); of masked
//! states the products read m ∘ h' and m ∘ r ∘ h' (which is then what is saved).

use super::gru::blend;
use super::{Backward, Cell, Forward, Gate, Shape, candidate};
use linalg::flush;

pub(super) struct GruBefore;

impl Cell for GruBefore {
    fn shape(&self) -> Shape {
        const GATES: &[Gate] = &[Gate::both(2), Gate::both(0), Gate::both(1)];
        Shape { gates: GATES, input: 0..3, hidden: 1..3, candidate: Some(0..1), saved: 1, keeps: true, ..Shape::NONE }
    }

    fn reset(&self, step: &mut Forward) {
        let hidden = step.hidden;
        let rows = step.gates.chunks_exact_mut(3 * hidden).zip(step.h.chunks_exact(hidden));
        for ((row, h), operand) in rows.zip(step.saved.chunks_exact_mut(hidden)) {
            linalg::sigmoid(&mut row[hidden..]);
            for ((operand, r), h) in operand.iter_mut().zip(&row[hidden..]).zip(h) {
                *operand = r * h;
            }
        }
    }

    fn forward(&self, step: Forward) {
        let hidden = step.hidden;
        for (at, (row, h)) in step.gates.chunks_exact_mut(3 * hidden).zip(step.h.chunks_exact_mut(hidden)).enumerate() {
            linalg::tanh(&mut row[..hidden]);
            match step.mask {
                [] => blend(h, &row[..hidden], &row[2 * hidden..]),
                mask => candidate::blend(h, &row[..hidden], &row[2 * hidden..], &mask[at * hidden..]),
            }
        }
    }

    /// Gradients of n and z; r waits for the gradient of its product.
    fn backward(&self, step: &mut Backward) {
        let hidden = step.hidden;
        let rows = step.gates.chunks_exact_mut(3 * hidden).zip(step.dh.chunks_exact_mut(hidden));
        for (at, (row, dh)) in rows.enumerate() {
            let (n, row) = row.split_at_mut(hidden);
            let (z, before) = (&mut row[hidden..], step.before.row(at, hidden));
            match step.mask {
                [] => backward_row(n, z, dh, before),
                mask => candidate::blend_row([n, z], dh, before, &mask[at * hidden..]),
            }
        }
    }

    /// `dr = d ∘ h' · r(1-r)`, and `d ∘ r` goes to the state before.
    fn backward_reset(&self, step: &mut Backward, d: &[f32]) {
        let hidden = step.hidden;
        let rows = step.gates.chunks_exact_mut(3 * hidden).zip(step.dh.chunks_exact_mut(hidden));
        for (at, ((row, dh), d)) in rows.zip(d.chunks_exact(hidden)).enumerate() {
            backward_reset_row(&mut row[hidden..2 * hidden], dh, step.before.row(at, hidden), d);
        }
    }
}

#[inline(never)]
fn backward_row(n: &mut [f32], z: &mut [f32], dh: &mut [f32], before: &[f32]) {
    let len = dh.len();
    let (n, z, before) = (&mut n[..len], &mut z[..len], &before[..len]);
    for j in 0..len {
        let (d, nv, zv) = (flush(dh[j]), n[j], z[j]);
        z[j] = d * (before[j] - nv) * (zv * (1.0 - zv));
        n[j] = d * (1.0 - zv) * (1.0 - nv * nv);
        dh[j] = d * zv;
    }
}

#[inline(never)]
fn backward_reset_row(r: &mut [f32], dh: &mut [f32], before: &[f32], d: &[f32]) {
    let len = dh.len();
    let (r, before, d) = (&mut r[..len], &before[..len], &d[..len]);
    for j in 0..len {
        let rv = r[j];
        dh[j] += d[j] * rv;
        r[j] = d[j] * before[j] * (rv * (1.0 - rv));
    }
}
