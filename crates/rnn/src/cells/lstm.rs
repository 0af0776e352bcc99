//! Long short-term memory with a forget gate (Hochreiter and Schmidhuber 1997; Gers et al. 2000), as PyTorch's `LSTM`.
//!
//! ```text
//! i, f, o = σ(sums)    g = tanh(sum)    c = f ∘ c' + i ∘ g    h = o ∘ tanh c
//! ```
//! Gates lie in the order i, f, g, o. Saved: the memory before, and tanh c.

use super::{Backward, Cell, Forward, Gate, Shape};
use linalg::flush;

pub(super) struct Lstm;

impl Cell for Lstm {
    fn shape(&self) -> Shape {
        const GATES: &[Gate] = &[Gate::both(0), Gate::both(1), Gate::both(2), Gate::both(3)];
        Shape { gates: GATES, input: 0..4, hidden: 0..4, saved: 2, memory: 1, ..Shape::NONE }
    }

    /// Activations first, then the sums that wait for them: in one pass each unit would wait for its own.
    fn forward(&self, step: Forward) {
        let hidden = step.hidden;
        let (before, tanh_c) = step.saved.split_at_mut(step.c.len());
        before.copy_from_slice(step.c);
        for (row, c) in step.gates.chunks_exact_mut(4 * hidden).zip(step.c.chunks_exact_mut(hidden)) {
            linalg::sigmoid(&mut row[..2 * hidden]);
            linalg::tanh(&mut row[2 * hidden..3 * hidden]);
            linalg::sigmoid(&mut row[3 * hidden..]);
            memory(c, row);
        }
        linalg::tanh_to(tanh_c, step.c);
        let rows = step.gates.chunks_exact(4 * hidden).zip(tanh_c.chunks_exact(hidden));
        for ((row, tanh_c), h) in rows.zip(step.h.chunks_exact_mut(hidden)) {
            for ((h, o), tanh_c) in h.iter_mut().zip(&row[3 * hidden..]).zip(tanh_c) {
                *h = o * tanh_c;
            }
        }
    }

    fn backward(&self, step: &mut Backward) {
        let hidden = step.hidden;
        let (before, tanh_c) = step.saved.split_at(step.dc.len());
        let rows = step.gates.chunks_exact_mut(4 * hidden).zip(step.dh.chunks_exact(hidden));
        let saved = before.chunks_exact(hidden).zip(tanh_c.chunks_exact(hidden));
        for (((row, dh), dc), (before, tanh_c)) in rows.zip(step.dc.chunks_exact_mut(hidden)).zip(saved) {
            let (i, row) = row.split_at_mut(hidden);
            let (f, row) = row.split_at_mut(hidden);
            let (g, o) = row.split_at_mut(hidden);
            backward_row([i, f, g, o], dh, dc, before, tanh_c);
        }
    }
}

/// `c = f ∘ c + i ∘ g` for one row of gates.
fn memory(c: &mut [f32], row: &[f32]) {
    let hidden = c.len();
    let (i, f, g) = (&row[..hidden], &row[hidden..2 * hidden], &row[2 * hidden..3 * hidden]);
    for (((c, i), f), g) in c.iter_mut().zip(i).zip(f).zip(g) {
        *c = flush(f * *c + i * g);
    }
}

/// One row; a function of its own so that the compiler knows that the slices are apart and works in vectors.
#[inline(never)]
fn backward_row([i, f, g, o]: [&mut [f32]; 4], dh: &[f32], dc: &mut [f32], before: &[f32], tanh_c: &[f32]) {
    let n = dh.len();
    let (i, f, g, o) = (&mut i[..n], &mut f[..n], &mut g[..n], &mut o[..n]);
    let (dc, before, tanh_c) = (&mut dc[..n], &before[..n], &tanh_c[..n]);
    for j in 0..n {
        let (iv, fv, gv, ov, tv) = (i[j], f[j], g[j], o[j], tanh_c[j]);
        let dh = flush(dh[j]);
        let d = flush(dc[j]) + dh * ov * (1.0 - tv * tv);
        o[j] = dh * tv * (ov * (1.0 - ov));
        i[j] = d * gv * (iv * (1.0 - iv));
        f[j] = d * before[j] * (fv * (1.0 - fv));
        g[j] = d * iv * (1.0 - gv * gv);
        dc[j] = d * fv;
    }
}
