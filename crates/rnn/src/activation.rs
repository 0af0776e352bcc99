//! Activations of dense layers and Elman cells, and their derivatives by the value they gave.

use crate::spec::Activation;

impl Activation {
    /// In place.
    pub(crate) fn apply(self, x: &mut [f32]) {
        match self {
            Activation::Linear => {}
            Activation::Relu => linalg::relu(x),
            Activation::Tanh => linalg::tanh(x),
        }
    }

    /// `d *= f'(x)`, where `y = f(x)`. The derivative of relu at 0 is 0, as in PyTorch.
    pub(crate) fn backward(self, d: &mut [f32], y: &[f32]) {
        match self {
            Activation::Linear => {}
            Activation::Relu => d.iter_mut().zip(y).for_each(|(d, &y)| *d = if y > 0.0 { *d } else { 0.0 }),
            Activation::Tanh => d.iter_mut().zip(y).for_each(|(d, &y)| *d *= 1.0 - y * y),
        }
    }
}
