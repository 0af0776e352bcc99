//! From sums to figures.

use super::{Plan, Sums};
use crate::describe::metric::{Average, Metric};

impl Plan {
    /// A metric of what was summed; its meaning is in the table of descriptions. NaN where nothing was to be counted.
    pub fn figure(&self, sums: &Sums, metric: &Metric) -> f64 {
        match metric {
            Metric::Accuracy => sums.hits / sums.predictions,
            Metric::TopK(k) => self.top(sums, *k) / sums.predictions,
            Metric::Precision(average) => self.averaged(sums, *average, |[hit, said, _]| hit / (hit + said)),
            Metric::Recall(average) => self.averaged(sums, *average, |[hit, _, missed]| hit / (hit + missed)),
            Metric::F1(average) => {
                self.averaged(sums, *average, |[hit, said, missed]| 2.0 * hit / (2.0 * hit + said + missed))
            }
            Metric::Perplexity => libm::exp(self.cross_entropy(sums)),
            Metric::BitsPerCharacter => self.cross_entropy(sums) / std::f64::consts::LN_2,
            Metric::Rmse => (sums.squares / sums.elements).sqrt(),
            Metric::Mae => sums.absolutes / sums.elements,
            Metric::Mape => 100.0 * sums.ratios / sums.nonzero,
            Metric::Smape => 100.0 * self.ratios(sums) / sums.elements,
            Metric::Mase(naive) => {
                let absolutes = self.absolutes(sums);
                // Each column has its share of the elements.
                let weight = sums.elements / absolutes.len() as f64;
                let of = absolutes.iter().enumerate().map(|(j, sum)| sum / weight / naive[j % naive.len()]);
                of.sum::<f64>() / absolutes.len() as f64
            }
            Metric::R2 => {
                let (mut sum, mut count) = (0.0, 0.0);
                for (errors, deviations) in self.variations(sums) {
                    sum += if deviations > 0.0 { 1.0 - errors / deviations } else { f64::NAN };
                    count += 1.0;
                }
                sum / count
            }
            Metric::LabelErrorRate => {
                let [edits, labels] = self.edited(sums) else { return f64::NAN };
                edits / labels
            }
            Metric::Loss => sums.mean_loss(),
        }
    }

    fn cross_entropy(&self, sums: &Sums) -> f64 {
        self.surprise(sums).map_or_else(|| sums.mean_loss(), |sum| sum / sums.predictions)
    }

    /// `of` right, wrongly said and missed: of all classes together (micro), of each and then their mean (macro), or of the last
    /// one (binary). Where nothing is divided by nothing, a class that is there counts as 0, and one that is not, not at all.
    fn averaged(&self, sums: &Sums, average: Average, of: impl Fn([f64; 3]) -> f64) -> f64 {
        let mut counts = self.counts(sums).chunks_exact(3).map(|c| [c[0], c[1], c[2]]);
        let occurs = |c: &[f64; 3]| c.iter().any(|&n| n > 0.0);
        let figure = |c: [f64; 3]| if occurs(&c) && c[0] == 0.0 { 0.0 } else { of(c) };
        match average {
            Average::Micro => figure(counts.fold([0.0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]])),
            Average::Binary => figure(counts.next_back().unwrap_or([0.0; 3])),
            Average::Macro => {
                let (mut sum, mut count) = (0.0, 0.0);
                for class in counts.filter(occurs) {
                    sum += figure(class);
                    count += 1.0;
                }
                sum / count
            }
        }
    }
}
