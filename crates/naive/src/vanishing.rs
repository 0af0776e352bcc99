//! The regulariser against vanishing gradients (Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural
//! networks", arXiv:1211.5063, equations 9 and 10). With x_k the sum before the nonlinearity, `x_{k+1} = W f(x_k) + …`:
//!
//! ```text
//! Ω = Σ_k Ω_k      Ω_k = (‖v_k‖ / ‖δ_k‖ - 1)²      δ_k = ∂E/∂x_{k+1}      v_k = f'(x_k) ∘ Wᵀ δ_k = ∂E/∂x_{k+1} · ∂x_{k+1}/∂x_k
//! ∂⁺Ω_k/∂W = 2 (‖v_k‖ / ‖δ_k‖ - 1) / (‖δ_k‖ ‖v_k‖) · δ_k (f'(x_k) ∘ v_k)ᵀ
//! ```
//! The derivative is the immediate one: x_k and ∂E/∂x_{k+1} count as constants. A step without a gradient has no Ω_k; where v is
//! 0 there is no derivative, and none is taken.

use crate::algebra::{dot, times, transposed};

/// One step from k to k + 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// δ_k `[H]`.
    pub delta: Vec<f64>,
    /// f'(x_k) `[H]`.
    pub slope: Vec<f64>,
}

impl Link {
    /// v_k, and the norms of v_k and δ_k.
    fn carried(&self, w: &[f64]) -> (Vec<f64>, f64, f64) {
        let v = times(&self.slope, &transposed(w, &self.delta));
        let norms = (dot(&v, &v).sqrt(), dot(&self.delta, &self.delta).sqrt());
        (v, norms.0, norms.1)
    }
}

/// Ω over some steps, W `[H, H]`.
pub fn omega(w: &[f64], links: &[Link]) -> f64 {
    let one = |link: &Link| {
        let (_, v, delta) = link.carried(w);
        if delta > 0.0 { (v / delta - 1.0) * (v / delta - 1.0) } else { 0.0 }
    };
    links.iter().map(one).sum()
}

/// ∂⁺Ω/∂W `[H, H]`.
pub fn gradient(w: &[f64], links: &[Link]) -> Vec<f64> {
    let mut sum = vec![0.0; w.len()];
    for link in links {
        let (v, v_norm, delta_norm) = link.carried(w);
        if v_norm > 0.0 && delta_norm > 0.0 {
            let factor = 2.0 * (v_norm / delta_norm - 1.0) / (delta_norm * v_norm);
            let row: Vec<f64> = times(&link.slope, &v).iter().map(|u| factor * u).collect();
            crate::algebra::add_outer(&mut sum, &link.delta, &row);
        }
    }
    sum
}
