//! minLSTM (Feng et al. 2024, arXiv:2410.01201), whose gates do not see the state:
//!
//! ```text
//! f, i = σ(sums)    n = W_in x + b_in    h = f' ∘ h' + i' ∘ n    f' = f / (f + i)    i' = i / (f + i)
//! ```
//! A row of gates is `[f | i | n]`. With `u = 1 + exp(-sum of f)` and `v` that of i, `f' = v / (u + v)`, which does not vanish
//! where both gates do. Saved: f'; the columns of f and i keep `1 - f` and `1 - i`.

use super::gru::blend;
use super::{Backward, Cell, Forward, Gate, Shape, candidate};
use linalg::flush;

/// Where sums of gates are cut off: exp of it is far from what f32 holds, and no gate is open by less.
const LIMIT: f32 = 80.0;

pub(super) struct MinLstm;

impl Cell for MinLstm {
    fn shape(&self) -> Shape {
        const GATES: &[Gate] = &[Gate::input(0), Gate::input(1), Gate::input(2)];
        Shape { gates: GATES, input: 0..3, hidden: 3..3, saved: 1, keeps: true, ..Shape::NONE }
    }

    fn forward(&self, step: Forward) {
        let hidden = step.hidden;
        candidate::mask_last(step.gates, hidden, 3, step.mask);
        let rows = step.gates.chunks_exact_mut(3 * hidden).zip(step.h.chunks_exact_mut(hidden));
        for ((row, h), share) in rows.zip(step.saved.chunks_exact_mut(hidden)) {
            let (gates, n) = row.split_at_mut(2 * hidden);
            gates.iter_mut().for_each(|sum| *sum = -*sum);
            linalg::clamp(gates, LIMIT);
            linalg::exp(gates);
            let (f, i) = gates.split_at_mut(hidden);
            shares(f, i, share);
            blend(h, n, share);
        }
    }

    fn backward(&self, step: &mut Backward) {
        let hidden = step.hidden;
        let rows = step.gates.chunks_exact_mut(3 * hidden).zip(step.dh.chunks_exact_mut(hidden));
        for (at, ((row, dh), share)) in rows.zip(step.saved.chunks_exact(hidden)).enumerate() {
            let (f, row) = row.split_at_mut(hidden);
            let (i, n) = row.split_at_mut(hidden);
            backward_row([f, i, n], dh, share, step.before.row(at, hidden));
        }
        candidate::mask_last(step.gates, hidden, 3, step.mask);
    }
}

/// From `exp(-sum)` of both gates f', and `1 - f`, `1 - i` in their place.
#[inline(never)]
fn shares(f: &mut [f32], i: &mut [f32], share: &mut [f32]) {
    let len = share.len();
    let (f, i) = (&mut f[..len], &mut i[..len]);
    for j in 0..len {
        let (u, v) = (1.0 + f[j], 1.0 + i[j]);
        share[j] = v / (u + v);
        f[j] /= u;
        i[j] /= v;
    }
}

/// One row; `df'/d(sum of f) = f' (1 - f') (1 - f)`, that of i the negative with `1 - i`.
#[inline(never)]
fn backward_row([f, i, n]: [&mut [f32]; 3], dh: &mut [f32], share: &[f32], before: &[f32]) {
    let len = dh.len();
    let (f, i, n) = (&mut f[..len], &mut i[..len], &mut n[..len]);
    let (share, before) = (&share[..len], &before[..len]);
    for j in 0..len {
        let (d, s) = (flush(dh[j]), share[j]);
        let slope = d * (before[j] - n[j]) * (s * (1.0 - s));
        f[j] *= slope;
        i[j] *= -slope;
        n[j] = d * (1.0 - s);
        dh[j] = d * s;
    }
}
