//! What the way back reads and adds to.

/// The parameters on the way back, and where their gradients are added. A stage takes copies of what it reads of its parameters
/// before it adds to their gradients, so that these may be one.
pub(crate) enum Trained<'a> {
    Apart {
        params: &'a [f32],
        grads: &'a mut [f32],
    },
    /// The gradients are added to the parameters.
    One(&'a mut [f32]),
}

impl Trained<'_> {
    pub fn params(&self) -> &[f32] {
        match self {
            Trained::Apart { params, .. } => params,
            Trained::One(params) => params,
        }
    }

    pub fn grads(&mut self) -> &mut [f32] {
        match self {
            Trained::Apart { grads, .. } | Trained::One(grads) => grads,
        }
    }

    /// The same for a shorter time.
    pub fn lend(&mut self) -> Trained<'_> {
        match self {
            Trained::Apart { params, grads } => Trained::Apart { params, grads },
            Trained::One(params) => Trained::One(params),
        }
    }
}
