//! Losses as sums with their gradients; the caller divides, so that parts of a batch can be added up. One file a loss; sums run
//! in `f64`, elements ascending.
//!
//! | file | targets | outputs for a target |
//! |---|---|---|
//! | [`mse`], [`absolute`] (MAE, Huber, smooth L1), [`poisson`], [`binary`] | numbers | 1 |
//! | [`quantile`] | numbers | one a quantile |
//! | [`gaussian`] | numbers | 2: mean and variance |
//! | [`cross_entropy`] | classes, or a distribution over them | |
//! | [`divergence`] | a distribution over classes | |
//! | [`own`] | numbers or classes, by somebody else | 1 |
//! | [`ctc`] | a sequence of labels for a whole sequence of outputs | |

pub mod absolute;
pub mod binary;
mod choice;
pub mod cross_entropy;
pub mod ctc;
pub mod divergence;
pub mod gaussian;
pub mod mse;
pub mod own;
pub mod poisson;
pub mod quantile;

pub use choice::{Loss, Reads, Targets};
pub use cross_entropy::cross_entropy;
pub use mse::mse;

/// A weighted sum of losses and the sum of its weights.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossSum {
    pub sum: f64,
    /// What to divide by for the mean.
    pub weight: f64,
}

impl LossSum {
    /// `sum / weight`, or 0 when nothing was weighed.
    pub fn mean(self) -> f64 {
        if self.weight == 0.0 { 0.0 } else { self.sum / self.weight }
    }
}

/// What a network gave, and what is wanted of it.
#[derive(Debug)]
pub struct Rows<'a> {
    /// `[n, O]`.
    pub output: &'a [f32],
    /// `[n]`, one for each row (1 when absent). A row of weight 0 is not read.
    pub weight: Option<&'a [f32]>,
    /// Of the gradient: PyTorch's mean is 1 / the loss's weight.
    pub scale: f64,
    /// `[n, O]`, written: `scale · ∂sum/∂output`.
    pub gradient: Option<&'a mut [f32]>,
}

impl Rows<'_> {
    /// `sum = Σ w f(i, p, t)` over the elements p of the output, `weight = Σ w`; `f` gives the loss of element i and its
    /// derivative by p. The target of element i is `target[i / outputs]`.
    ///
    /// # Panics
    /// When the lengths do not fit each other.
    fn elements(mut self, target: &[f32], outputs: usize, f: impl Fn(usize, f64, f64) -> (f64, f64)) -> LossSum {
        assert_eq!(self.output.len(), target.len() * outputs, "length of the target");
        let rows = self.weight.map_or(1, <[f32]>::len);
        let width = row_width(self.output.len(), rows);
        check_grad(&self.gradient, self.output.len());
        let mut total = LossSum::default();
        for row in 0..rows {
            let range = row * width..(row + 1) * width;
            let w = self.weight.map_or(1.0, |weight| f64::from(weight[row]));
            if w == 0.0 {
                if let Some(gradient) = &mut self.gradient {
                    gradient[range].fill(0.0);
                }
                continue;
            }
            for i in range {
                let (loss, slope) = f(i, f64::from(self.output[i]), f64::from(target[i / outputs]));
                total.sum += w * loss;
                if let Some(gradient) = &mut self.gradient {
                    gradient[i] = (self.scale * w * slope) as f32;
                }
            }
            total.weight += w * width as f64;
        }
        total
    }
}

/// Width of each of `rows` equal rows.
fn row_width(len: usize, rows: usize) -> usize {
    assert!(rows == 0 && len == 0 || rows > 0 && len.is_multiple_of(rows), "{len} elements in {rows} rows");
    len.checked_div(rows).unwrap_or(0)
}

fn check_grad(grad: &Option<&mut [f32]>, len: usize) {
    assert!(grad.as_ref().is_none_or(|grad| grad.len() == len), "length of the gradient");
}

/// 1 / (1 + e⁻ˣ), without overflow.
fn sigmoid(x: f64) -> f64 {
    let small = libm::exp(-x.abs());
    if x >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// ln(1 + eˣ), without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}
