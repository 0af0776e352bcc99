//! minGRU (Feng et al. 2024, "Were RNNs all we needed?", arXiv:2410.01201), whose gates do not see the state:
//!
//! ```text
//! z = σ(W_iz x + b_iz)    n = W_in x + b_in    h = (1 - z) ∘ h' + z ∘ n
//! ```
//! A row of gates is `[z | n]`. No product waits for the state, so the loop makes those of many steps at once.

use super::{Backward, Cell, Forward, Gate, Shape, candidate};
use linalg::flush;

pub(super) struct MinGru;

impl Cell for MinGru {
    fn shape(&self) -> Shape {
        const GATES: &[Gate] = &[Gate::input(0), Gate::input(1)];
        Shape { gates: GATES, input: 0..2, hidden: 2..2, keeps: true, ..Shape::NONE }
    }

    fn forward(&self, step: Forward) {
        let hidden = step.hidden;
        candidate::mask_last(step.gates, hidden, 2, step.mask);
        for (row, h) in step.gates.chunks_exact_mut(2 * hidden).zip(step.h.chunks_exact_mut(hidden)) {
            let (z, n) = row.split_at_mut(hidden);
            linalg::sigmoid(z);
            for ((h, z), n) in h.iter_mut().zip(&*z).zip(&*n) {
                *h += z * (n - *h);
            }
        }
    }

    fn backward(&self, step: &mut Backward) {
        let hidden = step.hidden;
        let rows = step.gates.chunks_exact_mut(2 * hidden).zip(step.dh.chunks_exact_mut(hidden));
        for (at, (row, dh)) in rows.enumerate() {
            let (z, n) = row.split_at_mut(hidden);
            backward_row(z, n, dh, step.before.row(at, hidden));
        }
        candidate::mask_last(step.gates, hidden, 2, step.mask);
    }
}

/// One row; a function of its own so that the compiler knows that the slices are apart and works in vectors.
#[inline(never)]
fn backward_row(z: &mut [f32], n: &mut [f32], dh: &mut [f32], before: &[f32]) {
    let len = dh.len();
    let (z, n, before) = (&mut z[..len], &mut n[..len], &before[..len]);
    for j in 0..len {
        let (d, zv) = (flush(dh[j]), z[j]);
        z[j] = d * (n[j] - before[j]) * (zv * (1.0 - zv));
        n[j] = d * zv;
        dh[j] = d * (1.0 - zv);
    }
}
