//! The last steps and the changes of the gradient over them, and the direction that they give.

use crate::arithmetic::{dot, total};

/// Pairs `s = t d` (a step) and `y` (the change of the gradient over it). The direction is `-H g`, H being the inverse Hessian that
/// BFGS makes of `H₀ = γ·1`, `γ = ⟨s, y⟩/⟨y, y⟩` of the newest pair, by all pairs kept:
/// `H ← (1 - ρ s yᵀ) H (1 - ρ y sᵀ) + ρ s sᵀ`, `ρ = 1/⟨s, y⟩`. Pairs of no curvature, `⟨s, y⟩ ≤ 1e-10`, are left out.
///
/// Source: Nocedal and Wright 2006, equations 7.16, 7.17 and 7.20 and algorithm 7.4 (the two loops); the bound as in PyTorch.
#[derive(Clone, Debug)]
pub struct History {
    most: usize,
    /// A ring: the oldest is at `first`.
    pairs: Vec<Pair>,
    pub first: usize,
    pub count: usize,
    /// γ.
    pub scale: f64,
}

#[derive(Clone, Debug)]
pub struct Pair {
    pub step: Vec<f32>,
    pub change: Vec<f32>,
    /// ρ.
    pub rho: f64,
    /// `ρ⟨s, q⟩` between the two loops.
    along: f64,
}

/// The least ⟨s, y⟩ that counts.
const CURVED: f64 = 1e-10;

impl History {
    /// Of `most` pairs, without room for them yet.
    pub fn new(most: usize) -> History {
        History { most, pairs: Vec::new(), first: 0, count: 0, scale: 1.0 }
    }

    /// Makes room for all pairs, of vectors of length `n`.
    ///
    /// # Errors
    /// As `buffer`.
    pub fn reserve<E>(&mut self, n: usize, mut buffer: impl FnMut(usize) -> Result<Vec<f32>, E>) -> Result<(), E> {
        while self.pairs.len() < self.most {
            self.add(buffer(n)?, buffer(n)?, 0.0);
        }
        Ok(())
    }

    /// Room for one more pair, with what is in it.
    pub fn add(&mut self, step: Vec<f32>, change: Vec<f32>, rho: f64) {
        self.pairs.push(Pair { step, change, rho, along: 0.0 });
    }

    /// Pair `i` of those that are kept, the oldest first.
    pub fn pair(&self, i: usize) -> &Pair {
        &self.pairs[(self.first + i) % self.most]
    }

    fn pair_mut(&mut self, i: usize) -> &mut Pair {
        let at = (self.first + i) % self.most;
        &mut self.pairs[at]
    }

    /// Keeps the step `t d` and the change of the gradient over it, where there is curvature.
    pub fn remember(&mut self, t: f32, direction: &[f32], gradient: &[f32], previous: &[f32]) {
        // The place of the newest holds the oldest as long as there are as many as may be.
        if History::curvature(t, direction, gradient, previous) <= CURVED {
            return;
        }
        if self.count == self.most {
            self.first = (self.first + 1) % self.most;
        } else {
            self.count += 1;
        }
        let newest = self.count - 1;
        let pair = self.pair_mut(newest);
        pair.step.iter_mut().zip(direction).for_each(|(s, &d)| *s = t * d);
        pair.change.iter_mut().zip(gradient.iter().zip(previous)).for_each(|(y, (&g, &p))| *y = g - p);
        let curvature = dot(&pair.change, &pair.step);
        pair.rho = 1.0 / curvature;
        self.scale = curvature / dot(&pair.change, &pair.change);
    }

    /// ⟨s, y⟩ of a pair that is not kept yet.
    fn curvature(t: f32, direction: &[f32], gradient: &[f32], previous: &[f32]) -> f64 {
        let pairs = direction.iter().zip(gradient.iter().zip(previous));
        total(pairs.map(|(&d, (&g, &p))| f64::from(t * d) * f64::from(g - p)))
    }

    /// `direction ← -H gradient`.
    pub fn direct(&mut self, direction: &mut [f32], gradient: &[f32]) {
        direction.iter_mut().zip(gradient).for_each(|(d, &g)| *d = -g);
        for i in (0..self.count).rev() {
            let Pair { step, change, rho, along } = self.pair_mut(i);
            *along = dot(step, direction) * *rho;
            add(direction, -*along, change);
        }
        let scale = self.scale as f32;
        direction.iter_mut().for_each(|d| *d *= scale);
        for i in 0..self.count {
            let Pair { step, change, rho, along } = self.pair(i);
            let back = dot(change, direction) * rho;
            add(direction, along - back, step);
        }
    }
}

/// `to ← to + a x`.
fn add(to: &mut [f32], a: f64, x: &[f32]) {
    let a = a as f32;
    to.iter_mut().zip(x).for_each(|(to, &x)| *to += a * x);
}
