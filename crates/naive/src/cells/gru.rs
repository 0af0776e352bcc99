//! Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078), gates r, z, n: `r, z = σ(…)`, `h = (1 - z) ∘ n + z ∘ h₋`, and
//! `n = tanh(W_in x + b_in + r ∘ (W_hn h₋ + b_hn))` (reset after) or `tanh(W_in x + b_in + W_hn (r ∘ h₋) + b_hn)` (before).

use super::{Cell, Memory, Step, Weights};
use crate::Reset;
use crate::algebra::{add, add_outer, affine, sigmoid, times, transposed};

pub struct Gru {
    pub reset: Reset,
}

impl Cell for Gru {
    /// Keeps r, z, n and `W_hn h₋ + b_hn` (which only reset after needs).
    fn forward(&self, w: &Weights, x: &[f64], before: &Memory) -> Step {
        let (h, seen) = (&before.h, w.seen(&before.h));
        let n = h.len();
        let from_x = affine(&w.ih, x, &w.bias_ih);
        let from_h = affine(&w.hh, &seen, &w.bias_hh);
        let r: Vec<f64> = (0..n).map(|j| sigmoid(from_x[j] + from_h[j])).collect();
        let z: Vec<f64> = (n..2 * n).map(|j| sigmoid(from_x[j] + from_h[j])).collect();
        let recurrent = match self.reset {
            Reset::After => times(&r, &from_h[2 * n..]),
            Reset::Before => affine(&w.hh[2 * n * n..], &times(&r, &seen), &w.bias_hh[2 * n..]),
        };
        let candidate: Vec<f64> = (0..n).map(|j| libm::tanh(from_x[2 * n + j] + recurrent[j])).collect();
        let after = (0..n).map(|j| (1.0 - z[j]) * w.kept(j) * candidate[j] + z[j] * h[j]).collect();
        let kept = [&r, &z, &candidate, &from_h[2 * n..]].concat();
        Step { x: x.to_vec(), before: before.clone(), kept, after: Memory { h: after, c: Vec::new() } }
    }

    fn backward(&self, w: &Weights, step: &Step, d: &Memory, dw: &mut Weights) -> (Vec<f64>, Memory) {
        let (h, seen) = (&step.before.h, w.seen(&step.before.h));
        let n = h.len();
        let (r, z, candidate) = (&step.kept[..n], &step.kept[n..2 * n], &step.kept[2 * n..3 * n]);
        let split = 2 * n * n; // where W_hn begins
        let slope = |j: usize| w.kept(j) * (1.0 - candidate[j] * candidate[j]);
        let da_n: Vec<f64> = (0..n).map(|j| d.h[j] * (1.0 - z[j]) * slope(j)).collect();
        let da_z: Vec<f64> = (0..n).map(|j| d.h[j] * (h[j] - w.kept(j) * candidate[j]) * z[j] * (1.0 - z[j])).collect();
        let mut dh = times(&d.h, z);
        // dL/dr, and what reaches W_hn: on h₋ through r (after), or on r ∘ h₋ (before).
        let (dr, recurrent) = match self.reset {
            Reset::After => {
                let recurrent = times(&da_n, r);
                add(&mut dh, &w.seen(&transposed(&w.hh[split..], &recurrent)));
                add_outer(&mut dw.hh[split..], &recurrent, &seen);
                (times(&da_n, &step.kept[3 * n..]), recurrent)
            }
            Reset::Before => {
                let d_reset = transposed(&w.hh[split..], &da_n);
                add(&mut dh, &w.seen(&times(&d_reset, r)));
                add_outer(&mut dw.hh[split..], &da_n, &times(r, &seen));
                (times(&d_reset, &seen), da_n.clone())
            }
        };
        let da_r: Vec<f64> = (0..n).map(|j| dr[j] * r[j] * (1.0 - r[j])).collect();
        let gates = [da_r, da_z].concat();
        add(&mut dh, &w.seen(&transposed(&w.hh[..split], &gates)));
        add_outer(&mut dw.hh[..split], &gates, &seen);
        add(&mut dw.bias_hh, &[&gates[..], &recurrent].concat());
        let from_x = [&gates[..], &da_n].concat();
        add_outer(&mut dw.ih, &from_x, &step.x);
        add(&mut dw.bias_ih, &from_x);
        (transposed(&w.ih, &from_x), Memory { h: dh, c: Vec::new() })
    }
}
