//! Linear recurrent unit (Orvieto et al. 2023, "Resurrecting Recurrent Neural Networks for Long Sequences", arXiv:2303.06349):
//!
//! ```text
//! c = λ ∘ c' + γ ∘ (B x)    h = Re(C c) + D x    λ = exp(-exp(ν_log) + i exp(θ_log))    γ = exp(γ_log)
//! ```
//! The state is the memory c, complex: a row of it is `[re | im]`. A row of gates is `[Re B x | Im B x | D x]`, each with its
//! bias, and `weight_hr = [Re C | -Im C]`. Nothing waits for the state but c itself, so the loop makes the products of many steps
//! at once, those of B and D before and that of C after. Saved: c before the step.

use super::{Backward, Cell, Forward, Gate, Shape, VECTORS, Vector};
use linalg::flush;

/// Vectors that are made of the cell's own: Re λ, Im λ, γ, exp(ν_log), exp(θ_log).
const PREPARED: usize = 5;

pub(super) struct Lru;

impl Cell for Lru {
    fn shape(&self) -> Shape {
        const GATES: &[Gate] = &[Gate::input(0), Gate::input(1), Gate::input(2)];
        const OWN: &[Vector] = &[
            Vector { name: "nu_log", len: 1 },
            Vector { name: "theta_log", len: 1 },
            Vector { name: "gamma_log", len: 1 },
        ];
        Shape {
            gates: GATES,
            input: 0..3,
            hidden: 3..3,
            saved: 2,
            keeps: true,
            memory: 2,
            vectors: OWN,
            prepared: PREPARED,
            readout: Some(2),
            ..Shape::NONE
        }
    }

    /// In f64, once a pass.
    fn prepare(&self, own: [&[f32]; VECTORS], to: &mut [f32]) {
        let [nu, theta, gamma] = own;
        let hidden = to.len() / PREPARED;
        for j in 0..hidden {
            let (rate, phase) = (libm::exp(f64::from(nu[j])), libm::exp(f64::from(theta[j])));
            let size = libm::exp(-rate);
            to[j] = (size * libm::cos(phase)) as f32;
            to[hidden + j] = (size * libm::sin(phase)) as f32;
            to[2 * hidden + j] = libm::exp(f64::from(gamma[j])) as f32;
            to[3 * hidden + j] = rate as f32;
            to[4 * hidden + j] = phase as f32;
        }
    }

    fn forward(&self, step: Forward) {
        let hidden = step.hidden;
        step.saved.copy_from_slice(step.c);
        let [re, im, gain, ..] = prepared(step.vectors, hidden);
        for (row, c) in step.gates.chunks_exact(3 * hidden).zip(step.c.chunks_exact_mut(2 * hidden)) {
            forward_row(&row[..2 * hidden], c, [re, im, gain]);
        }
    }

    fn backward(&self, step: &mut Backward) {
        let hidden = step.hidden;
        let vectors = prepared(step.vectors, hidden);
        let rows = step.gates.chunks_exact_mut(3 * hidden).zip(step.dc.chunks_exact_mut(2 * hidden));
        let rows = rows.zip(step.saved.chunks_exact(2 * hidden)).zip(step.dh.chunks_exact_mut(hidden));
        for (((row, dc), before), dh) in rows {
            let (b, d) = row.split_at_mut(2 * hidden);
            d.copy_from_slice(dh);
            // Nothing reads the state h but what is above.
            dh.fill(0.0);
            if !step.vector_grads[0].is_empty() {
                gradients_row(&mut step.vector_grads, b, dc, before, vectors);
            }
            backward_row(b, dc, vectors);
        }
    }
}

fn prepared(vectors: &[f32], hidden: usize) -> [&[f32]; PREPARED] {
    std::array::from_fn(|i| &vectors[i * hidden..(i + 1) * hidden])
}

#[inline(never)]
fn forward_row(b: &[f32], c: &mut [f32], [re, im, gain]: [&[f32]; 3]) {
    let n = re.len();
    let ((b_re, b_im), (c_re, c_im)) = (b.split_at(n), c.split_at_mut(n));
    let (b_im, c_re, c_im, im, gain) = (&b_im[..n], &mut c_re[..n], &mut c_im[..n], &im[..n], &gain[..n]);
    for j in 0..n {
        let (x, y) = (c_re[j], c_im[j]);
        c_re[j] = flush(re[j] * x - im[j] * y + gain[j] * b_re[j]);
        c_im[j] = flush(im[j] * x + re[j] * y + gain[j] * b_im[j]);
    }
}

/// Adds `dν = -exp(ν) Re(λ ∂λ)`, `dθ = exp(θ) Im(λ ∂λ)` and `dγ_log = γ (d · B x)`, with `∂λ = d · c'` as a pair of real numbers.
#[inline(never)]
fn gradients_row(
    grads: &mut [&mut [f32]; VECTORS],
    b: &[f32],
    dc: &[f32],
    before: &[f32],
    [re, im, gain, rate, phase]: [&[f32]; PREPARED],
) {
    let n = re.len();
    let [nu, theta, gamma] = grads;
    let (nu, theta, gamma) = (&mut nu[..n], &mut theta[..n], &mut gamma[..n]);
    let ((b_re, b_im), (d_re, d_im), (c_re, c_im)) = (b.split_at(n), dc.split_at(n), before.split_at(n));
    let (b_im, d_im, c_im) = (&b_im[..n], &d_im[..n], &c_im[..n]);
    let (im, gain, rate, phase) = (&im[..n], &gain[..n], &rate[..n], &phase[..n]);
    for j in 0..n {
        let of_re = d_re[j] * c_re[j] + d_im[j] * c_im[j];
        let of_im = d_im[j] * c_re[j] - d_re[j] * c_im[j];
        nu[j] -= rate[j] * (of_re * re[j] + of_im * im[j]);
        theta[j] += phase[j] * (of_im * re[j] - of_re * im[j]);
        gamma[j] += gain[j] * (d_re[j] * b_re[j] + d_im[j] * b_im[j]);
    }
}

#[inline(never)]
fn backward_row(b: &mut [f32], dc: &mut [f32], [re, im, gain, ..]: [&[f32]; PREPARED]) {
    let n = re.len();
    let ((b_re, b_im), (d_re, d_im)) = (b.split_at_mut(n), dc.split_at_mut(n));
    let (b_im, d_re, d_im, im, gain) = (&mut b_im[..n], &mut d_re[..n], &mut d_im[..n], &im[..n], &gain[..n]);
    for j in 0..n {
        let (x, y) = (d_re[j], d_im[j]);
        b_re[j] = gain[j] * x;
        b_im[j] = gain[j] * y;
        d_re[j] = re[j] * x + im[j] * y;
        d_im[j] = re[j] * y - im[j] * x;
    }
}
