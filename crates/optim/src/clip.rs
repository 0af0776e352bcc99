//! Clipping of gradients, before anything is added to them.
//!
//! Source: Pascanu, Mikolov and Bengio 2013, algorithm 1 (by norm); Mikolov 2012 (by value); Brock et al. 2021, equation 3
//! (adaptive).

use crate::arithmetic::total;
use crate::places::{Places, Tensor};

/// How gradients are clipped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// Not at all; the norm is still reported.
    None,
    /// By a norm, of all gradients as one vector or of each tensor by itself.
    Norm(ByNorm),
    /// Each element is brought into ± this value.
    Value(f64),
    /// Each unit by the norm of its own weights.
    Adaptive(Adaptive),
}

/// Scaled down to a norm where they are longer, as PyTorch's `clip_grad_norm_`: by `min(1, max/(norm + 1e-6))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ByNorm {
    /// The largest norm, above zero.
    pub max: f64,
    pub norm: Norm,
    /// Each tensor by its own norm instead of all together.
    pub per_tensor: bool,
}

/// A unit's gradient G is scaled down where `‖G‖ > factor·max(‖W‖, epsilon)`, W being its weights. A unit is a row of a
/// matrix, what leads to one output, or a whole vector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adaptive {
    /// λ, above zero.
    pub factor: f64,
    /// The least norm that weights count with, above zero, so that those that start at zero can move.
    pub epsilon: f64,
}

/// Which norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Σ|g|.
    One,
    /// √Σg².
    Two,
    /// max |g|.
    Infinity,
}

/// What clipping saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clipped {
    /// The norm of all gradients before clipping, of the kind that it goes by; not finite when one of them is not.
    pub norm: f64,
    /// Whether a gradient was changed.
    pub clipped: bool,
    /// No element is larger than this now.
    pub most: f64,
}

impl Norm {
    /// Of `grads`, accumulated in `f64` in a fixed order. Not finite where an element is not.
    pub fn of(self, grads: &[f32]) -> f64 {
        match self {
            Norm::One => total(grads.iter().map(|g| f64::from(g.abs()))),
            Norm::Two => linalg::norm_squared(grads).sqrt(),
            // As integers, of which NaN is the largest.
            Norm::Infinity => {
                let largest = grads.iter().fold(0, |most: u32, g| most.max(g.abs().to_bits()));
                f64::from(f32::from_bits(largest))
            }
        }
    }
}

impl Clip {
    /// All gradients together by their Euclidean norm.
    pub fn norm(max: f64) -> Clip {
        Clip::Norm(ByNorm { max, norm: Norm::Two, per_tensor: false })
    }

    /// Clips `grads` in place; `params` are the weights that they are of. Gradients whose norm is not finite are left as they
    /// are, for the caller to name: scaling would only spread the NaN over every tensor.
    pub fn apply(&self, places: &Places, params: &[f32], grads: &mut [f32]) -> Clipped {
        let kind = if let Self::Norm(ByNorm { norm, .. }) = self { *norm } else { Norm::Two };
        let norm = kind.of(grads);
        if !norm.is_finite() {
            return Clipped { norm, clipped: false, most: norm };
        }
        let (clipped, most) = match *self {
            Self::None => (false, norm),
            Self::Norm(ByNorm { max, per_tensor: false, .. }) => (scale(grads, norm, max), norm.min(max)),
            Self::Norm(ByNorm { max, norm: kind, .. }) => {
                let ranges = places.tensors.iter().map(|tensor| tensor.range.clone());
                let each = ranges.map(|range| {
                    let norm = kind.of(&grads[range.clone()]);
                    scale(&mut grads[range], norm, max)
                });
                (each.fold(false, |any, one| any | one), norm.min(max))
            }
            Self::Value(max) => (by_value(grads, max), norm.min(max)),
            Self::Adaptive(adaptive) => {
                let each = places.tensors.iter().map(|tensor| adaptive.tensor(tensor, params, grads));
                let clipped = each.fold(false, |any, one| any | one);
                // Only of what is large beyond use is the bound worth another pass.
                (clipped, if norm > 1e18 { Norm::Infinity.of(grads) } else { norm })
            }
        };
        Clipped { norm, clipped, most }
    }
}

impl Adaptive {
    /// Whether a unit of `tensor` was changed.
    fn tensor(&self, tensor: &Tensor, params: &[f32], grads: &mut [f32]) -> bool {
        let mut changed = false;
        for r in 0..tensor.rows.len() {
            let norm = |x: &[f32]| total(tensor.row(r).map(|at| f64::from(x[at]) * f64::from(x[at]))).sqrt();
            let (size, length) = (norm(params), norm(grads));
            let most = self.factor * size.max(self.epsilon);
            if length > most {
                let factor = (most / length) as f32;
                tensor.row(r).for_each(|at| grads[at] *= factor);
                changed = true;
            }
        }
        changed
    }
}

/// Multiplies `grads` by `min(1, max / (norm + 1e-6))`, PyTorch's rule, and tells whether that was below 1.
fn scale(grads: &mut [f32], norm: f64, max: f64) -> bool {
    let factor = max / (norm + 1e-6);
    if factor < 1.0 {
        let factor = factor as f32;
        grads.iter_mut().for_each(|g| *g *= factor);
    }
    factor < 1.0
}

/// Brings each element into `[-max, max]` and tells whether one was outside. NaN stays NaN.
pub fn by_value(grads: &mut [f32], max: f64) -> bool {
    let max = max as f32;
    let changed = grads.iter().fold(0, |changed, g| changed | u32::from(g.abs() > max));
    linalg::clamp(grads, max);
    changed != 0
}
