//! minGRU (Feng et al. 2024, "Were RNNs all we needed?", arXiv:2410.01201), gates z, n, which do not see the state:
//! `z = σ(W_iz x + b_iz)`, `n = W_in x + b_in`, `h = (1 - z) ∘ h₋ + z ∘ n`.

use super::{Cell, Memory, Step, Weights};
use crate::algebra::{add, add_outer, affine, sigmoid, transposed};

pub struct MinGru;

impl Cell for MinGru {
    /// Keeps z, n.
    fn forward(&self, w: &Weights, x: &[f64], before: &Memory) -> Step {
        let n = before.h.len();
        let mut kept = affine(&w.ih, x, &w.bias_ih);
        kept[..n].iter_mut().for_each(|z| *z = sigmoid(*z));
        let h = (0..n).map(|j| (1.0 - kept[j]) * before.h[j] + kept[j] * w.kept(j) * kept[n + j]).collect();
        Step { x: x.to_vec(), before: before.clone(), kept, after: Memory { h, c: Vec::new() } }
    }

    fn backward(&self, w: &Weights, step: &Step, d: &Memory, dw: &mut Weights) -> (Vec<f64>, Memory) {
        let n = d.h.len();
        let (z, candidate) = step.kept.split_at(n);
        let of_z = (0..n).map(|j| d.h[j] * (w.kept(j) * candidate[j] - step.before.h[j]) * z[j] * (1.0 - z[j]));
        let da: Vec<f64> = of_z.chain((0..n).map(|j| d.h[j] * z[j] * w.kept(j))).collect();
        add_outer(&mut dw.ih, &da, &step.x);
        add(&mut dw.bias_ih, &da);
        let h = (0..n).map(|j| d.h[j] * (1.0 - z[j])).collect();
        (transposed(&w.ih, &da), Memory { h, c: Vec::new() })
    }
}
