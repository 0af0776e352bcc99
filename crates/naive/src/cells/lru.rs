//! Linear recurrent unit (Orvieto et al. 2023, "Resurrecting Recurrent Neural Networks for Long Sequences", arXiv:2303.06349):
//! `c = λ ∘ c₋ + exp(γ_log) ∘ (B x)` with complex c, `λ = exp(-exp(ν_log) + i exp(θ_log))`, and `h = Re(C c) + D x`.
//!
//! Complex numbers lie as `[re | im]`: the rows of `ih` are those of Re B, Im B and D, `hr = [Re C | -Im C]`; biases are added to
//! each product with x. The cell's own vectors are ν_log, θ_log, γ_log.

use super::{Cell, Memory, Step, Weights};
use crate::algebra::{add, add_outer, affine, transposed};

pub struct Lru;

/// |λ|, its phase, and exp(γ_log) of unit j.
fn polar(w: &Weights, j: usize) -> (f64, f64, f64) {
    (libm::exp(-libm::exp(w.own[0][j])), libm::exp(w.own[1][j]), libm::exp(w.own[2][j]))
}

impl Cell for Lru {
    /// Keeps the products with x.
    fn forward(&self, w: &Weights, x: &[f64], before: &Memory) -> Step {
        let n = before.h.len();
        let kept = affine(&w.ih, x, &w.bias_ih);
        let mut c = vec![0.0; 2 * n];
        for j in 0..n {
            let (size, phase, gain) = polar(w, j);
            let (re, im) = (size * libm::cos(phase), size * libm::sin(phase));
            c[j] = re * before.c[j] - im * before.c[n + j] + gain * kept[j];
            c[n + j] = im * before.c[j] + re * before.c[n + j] + gain * kept[n + j];
        }
        let h = affine(&w.hr, &c, &kept[2 * n..]);
        Step { x: x.to_vec(), before: before.clone(), kept, after: Memory { h, c } }
    }

    fn backward(&self, w: &Weights, step: &Step, d: &Memory, dw: &mut Weights) -> (Vec<f64>, Memory) {
        let n = d.h.len();
        let dc = self.traced(w, d);
        add_outer(&mut dw.hr, &d.h, &step.after.c);
        let mut da = vec![0.0; 3 * n];
        da[2 * n..].copy_from_slice(&d.h);
        let mut dc_before = vec![0.0; 2 * n];
        for j in 0..n {
            let (size, phase, gain) = polar(w, j);
            let (re, im) = (size * libm::cos(phase), size * libm::sin(phase));
            let (d_re, d_im, c_re, c_im) = (dc[j], dc[n + j], step.before.c[j], step.before.c[n + j]);
            // c = size (cos φ + i sin φ) c₋ + …: by the size, and by the phase.
            let d_lambda = [d_re * c_re + d_im * c_im, d_im * c_re - d_re * c_im];
            let by_size = d_lambda[0] * libm::cos(phase) + d_lambda[1] * libm::sin(phase);
            let by_phase = -d_lambda[0] * im + d_lambda[1] * re;
            dw.own[0][j] -= by_size * size * libm::exp(w.own[0][j]);
            dw.own[1][j] += by_phase * phase;
            dw.own[2][j] += (d_re * step.kept[j] + d_im * step.kept[n + j]) * gain;
            (da[j], da[n + j]) = (gain * d_re, gain * d_im);
            dc_before[j] = re * d_re + im * d_im;
            dc_before[n + j] = re * d_im - im * d_re;
        }
        add_outer(&mut dw.ih, &da, &step.x);
        add(&mut dw.bias_ih, &da);
        (transposed(&w.ih, &da), Memory { h: vec![0.0; n], c: dc_before })
    }

    /// The complex state is what goes on in time.
    fn traced(&self, w: &Weights, d: &Memory) -> Vec<f64> {
        let mut dc = d.c.clone();
        add(&mut dc, &transposed(&w.hr, &d.h));
        dc
    }

    fn nudge(&self, w: &Weights, after: &mut Memory, unit: usize, by: f64) {
        let width = after.c.len();
        after.c[unit] += by;
        after.h.iter_mut().enumerate().for_each(|(k, h)| *h += w.hr[k * width + unit] * by);
    }
}
