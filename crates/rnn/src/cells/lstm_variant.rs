//! Long short-term memory with peepholes (Gers, Schraudolph and Schmidhuber 2002), with coupled gates (Greff et al. 2017,
//! arXiv:1503.04069: `i = 1 - f`), or both; the plain one has a file of its own.
//!
//! ```text
//! i, f = σ(sums + p_i ∘ c', p_f ∘ c')    g = tanh(sum)    c = f ∘ c' + i ∘ g    o = σ(sum + p_o ∘ c)    h = o ∘ tanh c
//! ```
//! Gates lie in the order i, f, g, o, coupled f, g, o. The peepholes `[p_i | p_o | p_f]`, coupled `[p_o | p_f]`, are one vector, in
//! the order of ONNX. Saved: the memory before, tanh c, and, for the gradient of p_o, c.

use super::{Backward, Cell, Forward, Gate, Shape, Vector, candidate};
use linalg::flush;

pub(super) struct LstmVariant<const PEEPHOLES: bool, const COUPLED: bool>;

impl<const PEEPHOLES: bool, const COUPLED: bool> Cell for LstmVariant<PEEPHOLES, COUPLED> {
    fn shape(&self) -> Shape {
        const GATES: &[Gate] = &[Gate::both(0), Gate::both(1), Gate::both(2), Gate::both(3)];
        let n = if COUPLED { 3 } else { 4 };
        let vectors: &[Vector] = match (PEEPHOLES, COUPLED) {
            (false, _) => &[],
            (true, false) => &[Vector { name: "weight_peephole", len: 3 }],
            (true, true) => &[Vector { name: "weight_peephole", len: 2 }],
        };
        let saved = if PEEPHOLES { 3 } else { 2 };
        Shape { gates: &GATES[..n], input: 0..n, hidden: 0..n, saved, memory: 1, vectors, ..Shape::NONE }
    }

    fn forward(&self, step: Forward) {
        let hidden = step.hidden;
        let len = step.c.len();
        let width = step.gates.len() / len * hidden;
        let (before, saved) = step.saved.split_at_mut(len);
        before.copy_from_slice(step.c);
        for (at, (row, c)) in step.gates.chunks_exact_mut(width).zip(step.c.chunks_exact_mut(hidden)).enumerate() {
            let mask = step.mask.get(at * hidden..).unwrap_or_default();
            gates_row_forward::<PEEPHOLES, COUPLED>(row, c, step.vectors, mask);
        }
        let (tanh_c, after) = saved.split_at_mut(len);
        linalg::tanh_to(tanh_c, step.c);
        if PEEPHOLES {
            after.copy_from_slice(step.c);
        }
        let rows = step.gates.chunks_exact(width).zip(tanh_c.chunks_exact(hidden));
        for ((row, tanh_c), h) in rows.zip(step.h.chunks_exact_mut(hidden)) {
            for ((h, o), tanh_c) in h.iter_mut().zip(&row[width - hidden..]).zip(tanh_c) {
                *h = o * tanh_c;
            }
        }
    }

    fn backward(&self, step: &mut Backward) {
        let hidden = step.hidden;
        let len = step.dc.len();
        let width = step.gates.len() / len * hidden;
        let (before, saved) = step.saved.split_at(len);
        let (tanh_c, after) = saved.split_at(len);
        let rows = step.gates.chunks_exact_mut(width).zip(step.dh.chunks_exact(hidden));
        for (at, ((row, dh), dc)) in rows.zip(step.dc.chunks_exact_mut(hidden)).enumerate() {
            let place = at * hidden..(at + 1) * hidden;
            let (before, tanh_c) = (&before[place.clone()], &tanh_c[place.clone()]);
            output_row(&mut row[width - hidden..], dh, dc, tanh_c);
            let mask = step.mask.get(at * hidden..).unwrap_or_default();
            let grads = &mut *step.vector_grads[0];
            gates_row_back::<PEEPHOLES, COUPLED>(
                row,
                dc,
                [before, &after[if PEEPHOLES { place } else { 0..0 }]],
                (step.vectors, mask),
                grads,
            );
        }
    }
}

/// Sums of a row to gates, and the memory before to that after. `mask` is of the candidate, or empty.
pub(super) fn gates_row_forward<const PEEPHOLES: bool, const COUPLED: bool>(
    row: &mut [f32],
    c: &mut [f32],
    vectors: &[f32],
    mask: &[f32],
) {
    let (width, hidden) = (row.len(), c.len());
    // The gates that let in and forget; g; o.
    let (gates, row) = row.split_at_mut(width - 2 * hidden);
    let (g, o) = row.split_at_mut(hidden);
    if PEEPHOLES {
        let (p_f, p_i) = (&vectors[width - 2 * hidden..][..hidden], &vectors[..hidden]);
        let (first, last) = gates.split_at_mut(width - 3 * hidden);
        add_product(last, p_f, c);
        add_product(first, p_i, c);
    }
    linalg::sigmoid(gates);
    linalg::tanh(g);
    match gates.split_at(width - 3 * hidden) {
        (_, f) if COUPLED && mask.is_empty() => couple(c, f, g),
        (_, f) if COUPLED => candidate::couple(c, f, g, mask),
        (i, f) if mask.is_empty() => memory(c, i, f, g),
        (i, f) => candidate::memory(c, i, f, g, mask),
    }
    if PEEPHOLES {
        add_product(o, &vectors[width - 3 * hidden..][..hidden], c);
    }
    linalg::sigmoid(o);
}

/// The way back, when the column of o holds the gradient of its sum, and `dc` that of the memory but for what comes through o's
/// peephole. `memory` is that before and, where there are peepholes, that after.
pub(super) fn gates_row_back<const PEEPHOLES: bool, const COUPLED: bool>(
    row: &mut [f32],
    dc: &mut [f32],
    [before, after]: [&[f32]; 2],
    (vectors, mask): (&[f32], &[f32]),
    grads: &mut [f32],
) {
    let (width, hidden) = (row.len(), dc.len());
    let (i, row) = row.split_at_mut(width - 3 * hidden);
    let (f, row) = row.split_at_mut(hidden);
    let (g, o) = row.split_at_mut(hidden);
    if PEEPHOLES {
        add_product(dc, &vectors[width - 3 * hidden..][..hidden], o);
    }
    match (COUPLED, mask.is_empty()) {
        (true, true) => coupled_row([f, g], dc, before),
        (true, false) => candidate::coupled_row([f, g], dc, before, mask),
        (false, true) => gates_row([i, f, g], dc, before),
        (false, false) => candidate::gates_row([i, f, g], dc, before, mask),
    }
    if !PEEPHOLES {
        return;
    }
    add_product(dc, &vectors[width - 2 * hidden..][..hidden], f);
    add_product(&mut dc[..i.len()], &vectors[..i.len()], i);
    if !grads.is_empty() {
        let (of_i, grads) = grads.split_at_mut(i.len());
        let (of_o, of_f) = grads.split_at_mut(hidden);
        add_product(of_i, i, &before[..i.len()]);
        add_product(of_o, o, after);
        add_product(&mut of_f[..hidden], f, before);
    }
}

/// `to += a ∘ b`.
fn add_product(to: &mut [f32], a: &[f32], b: &[f32]) {
    for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
        *to += a * b;
    }
}

/// `c = f ∘ c + i ∘ g`.
fn memory(c: &mut [f32], i: &[f32], f: &[f32], g: &[f32]) {
    for (((c, i), f), g) in c.iter_mut().zip(i).zip(f).zip(g) {
        *c = flush(f * *c + i * g);
    }
}

/// `c = f ∘ c + (1 - f) ∘ g`.
fn couple(c: &mut [f32], f: &[f32], g: &[f32]) {
    for ((c, f), g) in c.iter_mut().zip(f).zip(g) {
        *c = flush(g + f * (*c - g));
    }
}

/// Gradient of o, and the whole one of c but for what comes through its peephole.
#[inline(never)]
fn output_row(o: &mut [f32], dh: &[f32], dc: &mut [f32], tanh_c: &[f32]) {
    let n = o.len();
    let (dh, dc, tanh_c) = (&dh[..n], &mut dc[..n], &tanh_c[..n]);
    for j in 0..n {
        let (d, ov, tv) = (flush(dh[j]), o[j], tanh_c[j]);
        dc[j] = flush(dc[j]) + d * ov * (1.0 - tv * tv);
        o[j] = d * tv * (ov * (1.0 - ov));
    }
}

#[inline(never)]
fn gates_row([i, f, g]: [&mut [f32]; 3], dc: &mut [f32], before: &[f32]) {
    let n = dc.len();
    let (i, f, g, before) = (&mut i[..n], &mut f[..n], &mut g[..n], &before[..n]);
    for j in 0..n {
        let (d, iv, fv, gv) = (dc[j], i[j], f[j], g[j]);
        i[j] = d * gv * (iv * (1.0 - iv));
        f[j] = d * before[j] * (fv * (1.0 - fv));
        g[j] = d * iv * (1.0 - gv * gv);
        dc[j] = d * fv;
    }
}

#[inline(never)]
fn coupled_row([f, g]: [&mut [f32]; 2], dc: &mut [f32], before: &[f32]) {
    let n = dc.len();
    let (f, g, before) = (&mut f[..n], &mut g[..n], &before[..n]);
    for j in 0..n {
        let (d, fv, gv) = (dc[j], f[j], g[j]);
        f[j] = d * (before[j] - gv) * (fv * (1.0 - fv));
        g[j] = d * (1.0 - fv) * (1.0 - gv * gv);
        dc[j] = d * fv;
    }
}
