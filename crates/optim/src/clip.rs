//! Clipping of gradients, by their global norm or by value, before anything is added to them.
//!
//! Source: Pascanu, Mikolov and Bengio 2013, algorithm 1; Mikolov 2012 (by value).

/// How gradients are clipped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// Not at all; the norm is still reported.
    None,
    /// All gradients as one vector are scaled to this norm where they are longer.
    Norm(f64),
    /// Each element is brought into ± this value.
    Value(f64),
}

/// What clipping saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clipped {
    /// The norm of all gradients before clipping; not finite when one of them is not.
    pub norm: f64,
    /// Whether a gradient was changed.
    pub clipped: bool,
}

impl Clip {
    /// Clips `grads` in place. Gradients whose norm is not finite are left as they are, for the caller to name.
    pub fn apply(&self, grads: &mut [f32]) -> Clipped {
        let norm = match *self {
            Self::None | Self::Value(_) => norm(grads),
            Self::Norm(max) => by_norm(grads, max),
        };
        let clipped = norm.is_finite()
            && match *self {
                Self::None => false,
                Self::Norm(max) => factor(norm, max) < 1.0,
                Self::Value(max) => by_value(grads, max),
            };
        Clipped { norm, clipped }
    }
}

/// `√Σg²`, accumulated in `f64` in a fixed order.
pub fn norm(grads: &[f32]) -> f64 {
    linalg::norm_squared(grads).sqrt()
}

/// Multiplies `grads` by `min(1, max / (norm + 1e-6))`, PyTorch's rule, and gives the norm before. A norm that is
/// not finite changes nothing: scaling would only spread the NaN over every tensor.
pub fn by_norm(grads: &mut [f32], max: f64) -> f64 {
    let norm = norm(grads);
    let factor = factor(norm, max);
    if norm.is_finite() && factor < 1.0 {
        let factor = factor as f32;
        for g in grads {
            *g *= factor;
        }
    }
    norm
}

fn factor(norm: f64, max: f64) -> f64 {
    max / (norm + 1e-6)
}

/// Brings each element into `[-max, max]` and tells whether one was outside. NaN stays NaN.
pub fn by_value(grads: &mut [f32], max: f64) -> bool {
    let max = max as f32;
    let changed = grads.iter().fold(0, |changed, g| changed | u32::from(g.abs() > max));
    linalg::clamp(grads, max);
    changed != 0
}
