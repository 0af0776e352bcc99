//! Long short-term memory with a forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000), gates i, f, g, o:
//! `i, f, o = σ(…)`, `g = tanh(…)`, `c = f ∘ c₋ + i ∘ g`, `h = o ∘ tanh(c)`.
//!
//! * Peepholes (Gers, Schraudolph & Schmidhuber 2002): `+ p_i ∘ c₋` in i, `+ p_f ∘ c₋` in f, `+ p_o ∘ c` in o, the vector being
//!   `[p_i | p_o | p_f]` as in ONNX.
//! * Coupled (Greff et al. 2017, arXiv:1503.04069, CIFG): `i = 1 - f`, gates f, g, o, peepholes `[p_o | p_f]`.
//! * Projected (Sak et al. 2014, arXiv:1402.1128): `h = W_hr (o ∘ tanh(c))`.

use super::{Cell, Memory, Step, Weights, kept_of};
use crate::algebra::{add, add_outer, affine, sigmoid, times, transposed};

pub struct Lstm {
    pub peepholes: bool,
    pub coupled: bool,
}

impl Lstm {
    /// p_i, p_o, p_f of unit j; zeros without peepholes, and p_i where there is no input gate.
    fn peepholes(&self, w: &Weights, j: usize, n: usize) -> [f64; 3] {
        match (self.peepholes, self.coupled) {
            (false, _) => [0.0; 3],
            (true, false) => [w.own[0][j], w.own[0][n + j], w.own[0][2 * n + j]],
            (true, true) => [0.0, w.own[0][j], w.own[0][n + j]],
        }
    }

    /// i, f, g, o from their sums, and the memory; `mask` is of the candidate.
    pub fn gates(&self, w: &Weights, sums: &[f64], before: &[f64], mask: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let n = before.len();
        let first = if self.coupled { 0 } else { n }; // where f stands
        let (mut kept, mut c) = (vec![0.0; 4 * n], vec![0.0; n]);
        for j in 0..n {
            let [p_i, p_o, p_f] = self.peepholes(w, j, n);
            let f = sigmoid(sums[first + j] + p_f * before[j]);
            let i = if self.coupled { 1.0 - f } else { sigmoid(sums[j] + p_i * before[j]) };
            let g = libm::tanh(sums[first + n + j]);
            c[j] = f * before[j] + i * kept_of(mask, j) * g;
            let o = sigmoid(sums[first + 2 * n + j] + p_o * c[j]);
            (kept[j], kept[n + j], kept[2 * n + j], kept[3 * n + j]) = (i, f, g, o);
        }
        (kept, c)
    }

    /// Gradients of the sums and of the memory before, from that of o's sum and that of the memory, whole but for what comes
    /// through o's peephole.
    pub fn gates_back(
        &self,
        w: &Weights,
        step: &Step,
        of_o: &[f64],
        dc: &[f64],
        mask: &[f64],
        dw: &mut Weights,
    ) -> (Vec<f64>, Vec<f64>) {
        let n = dc.len();
        let first = if self.coupled { 0 } else { n };
        let mut da = vec![0.0; first + 3 * n];
        let mut dc_before = vec![0.0; n];
        let [mut of_i, mut of_f] = [vec![0.0; n], vec![0.0; n]];
        for j in 0..n {
            let (i, f, g) = (step.kept[j], step.kept[n + j], step.kept[2 * n + j]);
            let [p_i, p_o, p_f] = self.peepholes(w, j, n);
            let m = kept_of(mask, j);
            let dc = dc[j] + of_o[j] * p_o;
            of_f[j] = dc * (step.before.c[j] - if self.coupled { m * g } else { 0.0 }) * f * (1.0 - f);
            if !self.coupled {
                of_i[j] = dc * m * g * i * (1.0 - i);
                da[j] = of_i[j];
            }
            da[first + j] = of_f[j];
            da[first + n + j] = dc * i * m * (1.0 - g * g);
            da[first + 2 * n + j] = of_o[j];
            dc_before[j] = dc * f + of_i[j] * p_i + of_f[j] * p_f;
        }
        if self.peepholes {
            let (p_i, p_o, p_f) =
                (times(&of_i, &step.before.c), times(of_o, &step.after.c), times(&of_f, &step.before.c));
            add(&mut dw.own[0], &if self.coupled { [p_o, p_f].concat() } else { [p_i, p_o, p_f].concat() });
        }
        (da, dc_before)
    }
}

impl Cell for Lstm {
    /// Keeps i, f, g, o and `o ∘ tanh(c)`.
    fn forward(&self, w: &Weights, x: &[f64], before: &Memory) -> Step {
        let mut sums = affine(&w.ih, x, &w.bias_ih);
        add(&mut sums, &affine(&w.hh, &w.seen(&before.h), &w.bias_hh));
        let (mut kept, c) = self.gates(w, &sums, &before.c, &w.mask);
        let tanh_c: Vec<f64> = c.iter().map(|c| libm::tanh(*c)).collect();
        let whole = times(&kept[3 * c.len()..], &tanh_c);
        let h = project(w, &whole, before.h.len());
        kept.extend(whole);
        Step { x: x.to_vec(), before: before.clone(), kept, after: Memory { h, c } }
    }

    fn backward(&self, w: &Weights, step: &Step, d: &Memory, dw: &mut Weights) -> (Vec<f64>, Memory) {
        let n = d.c.len();
        let dh = project_back(w, &step.kept[4 * n..], &d.h, dw);
        let (mut of_o, mut dc) = (vec![0.0; n], d.c.clone());
        for j in 0..n {
            let (o, t) = (step.kept[3 * n + j], libm::tanh(step.after.c[j]));
            of_o[j] = dh[j] * t * o * (1.0 - o);
            dc[j] += dh[j] * o * (1.0 - t * t);
        }
        let (da, dc_before) = self.gates_back(w, step, &of_o, &dc, &w.mask, dw);
        add_outer(&mut dw.ih, &da, &step.x);
        add_outer(&mut dw.hh, &da, &w.seen(&step.before.h));
        add(&mut dw.bias_ih, &da);
        add(&mut dw.bias_hh, &da);
        (transposed(&w.ih, &da), Memory { h: w.seen(&transposed(&w.hh, &da)), c: dc_before })
    }
}

/// What h is of `o ∘ tanh(c)`: itself, or its projection.
pub fn project(w: &Weights, whole: &[f64], units: usize) -> Vec<f64> {
    if w.hr.is_empty() { whole.to_vec() } else { affine(&w.hr, whole, &vec![0.0; units]) }
}

/// Its gradient from that of h.
pub fn project_back(w: &Weights, whole: &[f64], dh: &[f64], dw: &mut Weights) -> Vec<f64> {
    if w.hr.is_empty() {
        return dh.to_vec();
    }
    add_outer(&mut dw.hr, dh, whole);
    transposed(&w.hr, dh)
}
