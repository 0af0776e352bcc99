//! Gated recurrent unit with the reset after the product, as PyTorch's `GRU` and cuDNN.
//!
//! ```text
//! r, z = σ(sums)    n = tanh(W_in x + b_in + r ∘ (W_hn h' + b_hn))    h = n + z ∘ (h' - n)
//! ```
//! A row of gates is `[n_x | r | z | n_h]`: the input's product covers the first three columns, the state's the last three.

use super::{Backward, Cell, Forward, Gate, Shape, candidate};
use linalg::flush;

pub(super) struct Gru;

impl Cell for Gru {
    fn shape(&self) -> Shape {
        const GATES: &[Gate] =
            &[Gate { ih: Some(2), hh: None }, Gate::both(0), Gate::both(1), Gate { ih: None, hh: Some(2) }];
        Shape { gates: GATES, input: 0..3, hidden: 1..4, keeps: true, ..Shape::NONE }
    }

    fn forward(&self, step: Forward) {
        let hidden = step.hidden;
        for (at, (row, h)) in step.gates.chunks_exact_mut(4 * hidden).zip(step.h.chunks_exact_mut(hidden)).enumerate() {
            let (n, row) = row.split_at_mut(hidden);
            let (rz, n_h) = row.split_at_mut(2 * hidden);
            linalg::sigmoid(rz);
            let (r, z) = rz.split_at(hidden);
            for ((n, r), n_h) in n.iter_mut().zip(r).zip(n_h) {
                *n += r * *n_h;
            }
            linalg::tanh(n);
            match step.mask {
                [] => blend(h, n, z),
                mask => candidate::blend(h, n, z, &mask[at * hidden..]),
            }
        }
    }

    fn backward(&self, step: &mut Backward) {
        let hidden = step.hidden;
        let rows = step.gates.chunks_exact_mut(4 * hidden).zip(step.dh.chunks_exact_mut(hidden));
        for (at, (row, dh)) in rows.enumerate() {
            let (n, row) = row.split_at_mut(hidden);
            let (r, row) = row.split_at_mut(hidden);
            let (z, n_h) = row.split_at_mut(hidden);
            let before = step.before.row(at, hidden);
            if step.mask.is_empty() {
                backward_row([n, r, z, n_h], dh, before);
            } else {
                candidate::blend_row([n, z], dh, before, &step.mask[at * hidden..]);
                candidate::reset_row(n, r, n_h);
            }
        }
    }
}

/// `h = n + z ∘ (h - n)`.
pub(super) fn blend(h: &mut [f32], n: &[f32], z: &[f32]) {
    for ((h, n), z) in h.iter_mut().zip(n).zip(z) {
        *h = n + z * (*h - n);
    }
}

/// One row; a function of its own so that the compiler knows that the slices are apart and works in vectors.
#[inline(never)]
fn backward_row([n, r, z, n_h]: [&mut [f32]; 4], dh: &mut [f32], before: &[f32]) {
    let len = dh.len();
    let (n, r, z, n_h, before) = (&mut n[..len], &mut r[..len], &mut z[..len], &mut n_h[..len], &before[..len]);
    for j in 0..len {
        let (d, nv, rv, zv) = (flush(dh[j]), n[j], r[j], z[j]);
        let dn = d * (1.0 - zv) * (1.0 - nv * nv);
        z[j] = d * (before[j] - nv) * (zv * (1.0 - zv));
        n[j] = dn;
        r[j] = dn * n_h[j] * (rv * (1.0 - rv));
        n_h[j] = dn * rv;
        dh[j] = d * zv;
    }
}
