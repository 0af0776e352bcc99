//! Which loss a network is trained by: one arm a loss.

use super::cross_entropy::{self, Settings};
use super::ctc::Ctc;
use super::gaussian::{self, Gaussian};
use super::own::Own;
use super::poisson::{self, Poisson};
use super::{LossSum, Rows, absolute, binary, divergence, mse, quantile};

#[derive(Clone, Debug, PartialEq)]
pub enum Loss {
    Mse,
    Mae,
    Huber {
        delta: f64,
    },
    SmoothL1 {
        beta: f64,
    },
    /// In 0 … 1, ascending.
    Quantile(Vec<f64>),
    Gaussian(Gaussian),
    Poisson(Poisson),
    /// Positive weights: one for each output, one for all, or none.
    Binary(Vec<f64>),
    CrossEntropy(Settings),
    /// The same against distributions.
    Distributions(Settings),
    Divergence,
    Ctc(Ctc),
    Own(Own),
}

/// What a loss reads its targets as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    Numbers,
    Classes,
    /// A number from 0 for each class, 1 in sum.
    Distributions,
    /// Fewer labels than steps, for a whole sequence.
    Labels,
}

/// Targets of some rows.
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a> {
    /// `[n, size]`.
    Numbers(&'a [f32]),
    /// `[n]`, negative where a row is ignored.
    Classes(&'a [i32]),
    /// `[n, classes]`.
    Distributions(&'a [f32], usize),
}

impl Loss {
    pub fn reads(&self) -> Reads {
        match self {
            Loss::CrossEntropy(_) => Reads::Classes,
            Loss::Own(own) if own.classes => Reads::Classes,
            Loss::Distributions(_) | Loss::Divergence => Reads::Distributions,
            Loss::Ctc(_) => Reads::Labels,
            _ => Reads::Numbers,
        }
    }

    /// Numbers that the network gives for each number of a target.
    pub fn outputs(&self) -> usize {
        match self {
            Loss::Quantile(quantiles) => quantiles.len(),
            Loss::Gaussian(_) => 2,
            _ => 1,
        }
    }

    /// What a row whose target has `size` numbers (or is one class) adds to the weight, before its own.
    pub fn row_weight(&self, size: usize) -> f64 {
        match self {
            Loss::Quantile(quantiles) => (size * quantiles.len()) as f64,
            _ if self.reads() == Reads::Numbers => size as f64,
            _ => 1.0,
        }
    }

    /// What a target of this class adds to the weight, before its row's own: 0 where it does not count.
    pub fn class_weight(&self, class: i32) -> f64 {
        match self {
            Loss::CrossEntropy(settings) if settings.counts(class) => settings.of_class(class as usize),
            Loss::CrossEntropy(_) => 0.0,
            _ => f64::from(u8::from(class >= 0)),
        }
    }

    /// Whether a target of this class is one.
    pub fn counts(&self, class: i32) -> bool {
        match self {
            Loss::CrossEntropy(settings) => settings.counts(class),
            _ => class >= 0,
        }
    }

    /// The sum over rows whose targets are those of [`Loss::reads`]; CTC, which is of whole sequences, has [`ctc::ctc`].
    ///
    /// # Panics
    /// When the lengths do not fit each other, or the targets not the loss.
    pub fn sum(&self, rows: Rows, targets: Targets) -> LossSum {
        match (self, targets) {
            (Loss::Mse, Targets::Numbers(t)) => mse::mse(rows.output, t, rows.weight, rows.scale, rows.gradient),
            (Loss::Mae, Targets::Numbers(t)) => absolute::mae(rows, t),
            (Loss::Huber { delta }, Targets::Numbers(t)) => absolute::huber(rows, t, *delta),
            (Loss::SmoothL1 { beta }, Targets::Numbers(t)) => absolute::smooth_l1(rows, t, *beta),
            (Loss::Quantile(quantiles), Targets::Numbers(t)) => quantile::quantile(rows, t, quantiles),
            (Loss::Gaussian(settings), Targets::Numbers(t)) => gaussian::gaussian_nll(rows, t, *settings),
            (Loss::Poisson(settings), Targets::Numbers(t)) => poisson::poisson_nll(rows, t, *settings),
            (Loss::Binary(positive), Targets::Numbers(t)) => binary::binary_cross_entropy(rows, t, positive),
            (Loss::CrossEntropy(settings), Targets::Classes(c))
                if settings.is_plain() && settings.ignored.is_none() =>
            {
                cross_entropy::cross_entropy(rows.output, c, rows.weight, rows.scale, rows.gradient)
            }
            (Loss::CrossEntropy(settings), Targets::Classes(c)) => cross_entropy::smoothed(rows, c, settings),
            (Loss::Distributions(settings), Targets::Distributions(t, n)) => {
                cross_entropy::of_distributions(rows, t, n, settings)
            }
            (Loss::Own(own), Targets::Numbers(t)) => own.of_numbers(rows, t),
            (Loss::Own(own), Targets::Classes(c)) => own.of_classes(rows, c),
            (Loss::Divergence, Targets::Distributions(t, n)) => divergence::kl_divergence(rows, t, n),
            // Without their text, which would bring tens of kilobytes of formatting with it.
            _ => panic!("targets of another loss"),
        }
    }

    /// From what the network gives for one target row to the numbers that are predicted, in its units: `[size · outputs]` to
    /// `[size]`. Of quantiles the one nearest to ½ (the lower of two), of a Gaussian the mean; rates, probabilities of yes.
    pub fn point(&self, output: &[f32], point: &mut [f32]) {
        match self {
            Loss::Quantile(quantiles) => {
                let middle = middle(quantiles);
                let of = output.chunks_exact(quantiles.len());
                point.iter_mut().zip(of).for_each(|(p, of)| *p = of[middle]);
            }
            Loss::Gaussian(_) => point.iter_mut().zip(output.chunks_exact(2)).for_each(|(p, of)| *p = of[0]),
            _ => {
                point.copy_from_slice(output);
                self.activate(point);
            }
        }
    }

    /// Elementwise, in place, from logits and logarithms to probabilities of yes and rates; others are left as they are.
    pub fn activate(&self, outputs: &mut [f32]) {
        match self {
            Loss::Binary(_) => linalg::sigmoid(outputs),
            Loss::Poisson(Poisson { log_input: true, .. }) => {
                outputs.iter_mut().for_each(|p| *p = libm::exp(f64::from(*p)) as f32);
            }
            _ => {}
        }
    }
}

/// Index of the quantile nearest to one half.
pub fn middle(quantiles: &[f64]) -> usize {
    let far = |i: usize| (quantiles[i] - 0.5).abs();
    (0..quantiles.len()).reduce(|best, i| if far(i) < far(best) { i } else { best }).unwrap_or(0)
}
