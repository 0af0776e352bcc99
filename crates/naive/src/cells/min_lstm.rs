//! minLSTM (Feng et al. 2024, arXiv:2410.01201), gates f, i, n, which do not see the state: `f, i = σ(…)`, `n = W_in x + b_in`,
//! `f' = f / (f + i)`, `i' = i / (f + i)`, `h = f' ∘ h₋ + i' ∘ n`.

use super::{Cell, Memory, Step, Weights};
use crate::algebra::{add, add_outer, affine, sigmoid, transposed};

pub struct MinLstm;

impl Cell for MinLstm {
    /// Keeps f, i, n.
    fn forward(&self, w: &Weights, x: &[f64], before: &Memory) -> Step {
        let n = before.h.len();
        let mut kept = affine(&w.ih, x, &w.bias_ih);
        kept[..2 * n].iter_mut().for_each(|gate| *gate = sigmoid(*gate));
        let (f, i, candidate) = (&kept[..n], &kept[n..2 * n], &kept[2 * n..]);
        let h = (0..n).map(|j| (f[j] * before.h[j] + i[j] * w.kept(j) * candidate[j]) / (f[j] + i[j])).collect();
        Step { x: x.to_vec(), before: before.clone(), kept, after: Memory { h, c: Vec::new() } }
    }

    fn backward(&self, w: &Weights, step: &Step, d: &Memory, dw: &mut Weights) -> (Vec<f64>, Memory) {
        let n = d.h.len();
        let mut da = vec![0.0; 3 * n];
        let mut dh = vec![0.0; n];
        for j in 0..n {
            let (f, i, candidate, before) =
                (step.kept[j], step.kept[n + j], w.kept(j) * step.kept[2 * n + j], step.before.h[j]);
            let sum = f + i;
            // h = (f h₋ + i n) / (f + i): dh/df = i (h₋ - n) / (f + i)², dh/di = f (n - h₋) / (f + i)².
            da[j] = d.h[j] * i * (before - candidate) / (sum * sum) * f * (1.0 - f);
            da[n + j] = d.h[j] * f * (candidate - before) / (sum * sum) * i * (1.0 - i);
            da[2 * n + j] = d.h[j] * i / sum * w.kept(j);
            dh[j] = d.h[j] * f / sum;
        }
        add_outer(&mut dw.ih, &da, &step.x);
        add(&mut dw.bias_ih, &da);
        (transposed(&w.ih, &da), Memory { h: dh, c: Vec::new() })
    }
}
