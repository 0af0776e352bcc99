//! Long short-term memory with a forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000), gates i, f, g, o:
//! `i, f, o = σ(…)`, `g = tanh(…)`, `c = f ∘ c₋ + i ∘ g`, `h = o ∘ tanh(c)`.

use super::{Cell, Memory, Step, Weights};
use crate::algebra::{add, add_outer, affine, sigmoid, transposed};

pub struct Lstm;

impl Cell for Lstm {
    /// Keeps i, f, g, o.
    fn forward(&self, w: &Weights, x: &[f64], before: &Memory) -> Step {
        let n = before.h.len();
        let mut kept = affine(&w.ih, x, &w.bias_ih);
        add(&mut kept, &affine(&w.hh, &before.h, &w.bias_hh));
        for (j, a) in kept.iter_mut().enumerate() {
            *a = if j / n == 2 { libm::tanh(*a) } else { sigmoid(*a) };
        }
        let (i, f, g, o) = (&kept[..n], &kept[n..2 * n], &kept[2 * n..3 * n], &kept[3 * n..]);
        let c: Vec<f64> = (0..n).map(|j| f[j] * before.c[j] + i[j] * g[j]).collect();
        let h = (0..n).map(|j| o[j] * libm::tanh(c[j])).collect();
        Step { x: x.to_vec(), before: before.clone(), kept, after: Memory { h, c } }
    }

    fn backward(&self, w: &Weights, step: &Step, d: &Memory, dw: &mut Weights) -> (Vec<f64>, Memory) {
        let n = d.h.len();
        let mut da = vec![0.0; 4 * n];
        let mut dc_before = vec![0.0; n];
        for j in 0..n {
            let (i, f, g, o) = (step.kept[j], step.kept[n + j], step.kept[2 * n + j], step.kept[3 * n + j]);
            let t = libm::tanh(step.after.c[j]);
            let dc = d.c[j] + d.h[j] * o * (1.0 - t * t);
            da[j] = dc * g * i * (1.0 - i);
            da[n + j] = dc * step.before.c[j] * f * (1.0 - f);
            da[2 * n + j] = dc * i * (1.0 - g * g);
            da[3 * n + j] = d.h[j] * t * o * (1.0 - o);
            dc_before[j] = dc * f;
        }
        add_outer(&mut dw.ih, &da, &step.x);
        add_outer(&mut dw.hh, &da, &step.before.h);
        add(&mut dw.bias_ih, &da);
        add(&mut dw.bias_hh, &da);
        (transposed(&w.ih, &da), Memory { h: transposed(&w.hh, &da), c: dc_before })
    }
}
