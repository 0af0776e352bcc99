//! Sums that are added up batch by batch, and the figures made of them. Everything is a sum, so that shards and batches
//! can be added in a fixed order.

use crate::describe::run::Metric;

/// Whether predictions have to be looked at one by one; the other metrics follow from the loss.
pub fn reads_predictions(metric: Metric) -> bool {
    matches!(metric, Metric::Accuracy | Metric::Rmse | Metric::Mae | Metric::Mape)
}

/// Weighted sums over predictions (hits) and their elements (the rest).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    pub loss: f64,
    pub weight: f64,
    hits: f64,
    predictions: f64,
    squares: f64,
    absolutes: f64,
    elements: f64,
    ratios: f64,
    nonzero: f64,
}

impl Sums {
    pub const COUNT: usize = 9;

    pub fn of_loss(loss: f64, weight: f64) -> Sums {
        Sums { loss, weight, ..Sums::default() }
    }

    pub fn hit(&mut self, weight: f64, right: bool) {
        self.predictions += weight;
        self.hits += if right { weight } else { 0.0 };
    }

    /// One prediction and its target, in the user's units.
    pub fn errors(&mut self, weight: f64, predicted: &[f64], truth: &[f64]) {
        for (p, t) in predicted.iter().zip(truth) {
            let error = p - t;
            self.squares += weight * error * error;
            self.absolutes += weight * error.abs();
            self.elements += weight;
            if *t != 0.0 {
                self.ratios += weight * (error / t).abs();
                self.nonzero += weight;
            }
        }
    }

    pub fn add(&mut self, other: &Sums) {
        let (mut a, b) = (self.to_array(), other.to_array());
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        *self = Sums::from_array(a);
    }

    /// 0 when everything was masked.
    pub fn mean_loss(&self) -> f64 {
        if self.weight == 0.0 { 0.0 } else { self.loss / self.weight }
    }

    /// `accuracy`: share of right predictions, 0 … 1. `mape`: mean of |error / truth| in percent, over truths that are not
    /// 0. `perplexity`: exp(cross-entropy). `bitsPerCharacter`: cross-entropy / ln 2, where a token is a character.
    pub fn figure(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Accuracy => self.hits / self.predictions,
            Metric::Rmse => (self.squares / self.elements).sqrt(),
            Metric::Mae => self.absolutes / self.elements,
            Metric::Mape => 100.0 * self.ratios / self.nonzero,
            Metric::Perplexity => libm::exp(self.mean_loss()),
            Metric::BitsPerCharacter => self.mean_loss() / std::f64::consts::LN_2,
            Metric::Loss => self.mean_loss(),
        }
    }

    pub fn to_array(self) -> [f64; Self::COUNT] {
        let Sums { loss, weight, hits, predictions, squares, absolutes, elements, ratios, nonzero } = self;
        [loss, weight, hits, predictions, squares, absolutes, elements, ratios, nonzero]
    }

    pub fn from_array(a: [f64; Self::COUNT]) -> Sums {
        let [loss, weight, hits, predictions, squares, absolutes, elements, ratios, nonzero] = a;
        Sums { loss, weight, hits, predictions, squares, absolutes, elements, ratios, nonzero }
    }

    /// The same bits in units of 32, so that they can travel among gradients. To be copied, not computed with.
    pub fn to_words(self) -> [f32; 2 * Self::COUNT] {
        let words = self.to_array().map(|sum| [sum.to_bits() as u32, (sum.to_bits() >> 32) as u32].map(f32::from_bits));
        std::array::from_fn(|i| words[i / 2][i % 2])
    }

    pub fn from_words(words: [f32; 2 * Self::COUNT]) -> Sums {
        let bits = |i: usize| u64::from(words[i].to_bits());
        Sums::from_array(std::array::from_fn(|i| f64::from_bits(bits(2 * i) | bits(2 * i + 1) << 32)))
    }
}
