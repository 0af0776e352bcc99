//! What the metrics that are asked for have to count, and where it stands. What is not asked for is not counted.

use super::{Sums, merge};
use crate::describe::metric::Metric;

/// Numbers that some metrics need beside those that are always there.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Block {
    /// Hits among the k largest.
    Top(usize),
    /// Of each class: right, wrongly said, missed.
    Counts,
    /// -ln p of the true class, where the loss is another.
    Surprise,
    /// |p - t| / ((|p| + |t|) / 2).
    Ratios,
    /// |p - t| of each column.
    Absolutes,
    /// (p - t)² of each column.
    Squares,
    /// Edits and labels.
    Edits,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    reads: bool,
    blocks: Vec<(Block, usize)>,
    /// Without the moments.
    sums: usize,
    classes: usize,
    columns: usize,
    /// Weight, mean and squared deviations of the truths of each column, for R².
    moments: bool,
}

/// What a prediction is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Classes, or outputs that are a yes or no each.
    pub classes: usize,
    /// Targets, of which a series has several rows.
    pub columns: usize,
    /// Whether the loss is -ln p of the true class.
    pub plain: bool,
}

impl Plan {
    pub fn new(metrics: &[Metric], sizes: Sizes) -> Plan {
        let Sizes { classes, columns, plain } = sizes;
        let mut plan = Plan { classes, columns, ..Plan::default() };
        for metric in metrics {
            plan.reads |= match metric {
                Metric::Loss => false,
                Metric::Perplexity | Metric::BitsPerCharacter => !plain,
                _ => true,
            };
            match metric {
                Metric::TopK(k) => plan.put(Block::Top(*k), 1),
                Metric::Precision(_) | Metric::Recall(_) | Metric::F1(_) => plan.put(Block::Counts, 3 * classes),
                Metric::Perplexity | Metric::BitsPerCharacter if !plain => plan.put(Block::Surprise, 1),
                Metric::Smape => plan.put(Block::Ratios, 1),
                Metric::Mase(_) => plan.put(Block::Absolutes, columns),
                Metric::R2 => {
                    plan.put(Block::Squares, columns);
                    plan.moments = true;
                }
                Metric::LabelErrorRate => plan.put(Block::Edits, 2),
                _ => {}
            }
        }
        plan
    }

    fn put(&mut self, block: Block, length: usize) {
        if self.at(block).is_none() {
            self.blocks.push((block, self.sums));
            self.sums += length;
        }
    }

    fn at(&self, block: Block) -> Option<usize> {
        self.blocks.iter().find(|(b, _)| *b == block).map(|(_, at)| *at)
    }

    /// Whether predictions have to be looked at one by one; else the figures follow from the loss.
    pub fn reads_predictions(&self) -> bool {
        self.reads
    }

    /// Numbers beside those that are always there.
    pub fn len(&self) -> usize {
        self.sums + 3 * self.moments()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn moments(&self) -> usize {
        if self.moments { self.columns } else { 0 }
    }

    /// One prediction and its target, in the user's units.
    pub fn numbers(&self, sums: &mut Sums, weight: f64, predicted: &[f64], truth: &[f64]) {
        sums.errors(weight, predicted, truth);
        if self.is_empty() {
            return;
        }
        let (ratios, absolutes, squares) = (self.at(Block::Ratios), self.at(Block::Absolutes), self.at(Block::Squares));
        for (i, (p, t)) in predicted.iter().zip(truth).enumerate() {
            let (error, column) = (p - t, i % self.columns);
            if let Some(at) = ratios
                && error != 0.0
            {
                sums.more[at] += weight * error.abs() / ((p.abs() + t.abs()) / 2.0);
            }
            if let Some(at) = absolutes {
                sums.more[at + column] += weight * error.abs();
            }
            if let Some(at) = squares {
                sums.more[at + column] += weight * error * error;
                merge(&mut sums.more[self.sums + 3 * column..][..3], [weight, *t, 0.0]);
            }
        }
    }

    /// One row of logits and its class.
    pub fn class(&self, sums: &mut Sums, weight: f64, logits: &[f32], class: usize) {
        let said = linalg::largest(logits);
        sums.hit(weight, said == class);
        for &(block, at) in &self.blocks {
            match block {
                Block::Top(k) if rank(logits, class) < k => sums.more[at] += weight,
                Block::Counts if said == class => sums.more[at + 3 * class] += weight,
                Block::Counts => {
                    sums.more[at + 3 * said + 1] += weight;
                    sums.more[at + 3 * class + 2] += weight;
                }
                Block::Surprise => {
                    sums.more[at] += weight * (linalg::log_sum_exp(logits) - f64::from(logits[class]));
                }
                _ => {}
            }
        }
    }

    /// One row of logits, each of which says yes from 0 on, and of targets, which say so from ½ on.
    pub fn binary(&self, sums: &mut Sums, weight: f64, logits: &[f32], truth: &[f32]) {
        let counts = self.at(Block::Counts);
        for (j, (&z, &t)) in logits.iter().zip(truth).enumerate() {
            let (said, is) = (z >= 0.0, t >= 0.5);
            sums.hit(weight, said == is);
            if let (Some(at), true) = (counts, said || is) {
                let what = if said == is { 0 } else { 1 + usize::from(is) };
                sums.more[at + 3 * j + what] += weight;
            }
        }
    }

    /// So many edits between what was read and so many labels.
    pub fn edits(&self, sums: &mut Sums, weight: f64, edits: usize, labels: usize) {
        if let Some(at) = self.at(Block::Edits) {
            sums.more[at] += weight * edits as f64;
            sums.more[at + 1] += weight * labels as f64;
        }
    }

    // What the figures are made of.

    pub(super) fn top<'a>(&self, sums: &'a Sums, k: usize) -> &'a f64 {
        &self.block(sums, Block::Top(k), 1)[0]
    }

    pub(super) fn counts<'a>(&self, sums: &'a Sums) -> &'a [f64] {
        self.block(sums, Block::Counts, 3 * self.classes)
    }

    pub(super) fn ratios(&self, sums: &Sums) -> f64 {
        self.block(sums, Block::Ratios, 1)[0]
    }

    pub(super) fn surprise(&self, sums: &Sums) -> Option<f64> {
        self.at(Block::Surprise).map(|at| sums.more[at])
    }

    pub(super) fn absolutes<'a>(&self, sums: &'a Sums) -> &'a [f64] {
        self.block(sums, Block::Absolutes, self.columns)
    }

    /// Squares of errors, and squared deviations of truths, of each column.
    pub(super) fn variations<'a>(&self, sums: &'a Sums) -> impl Iterator<Item = (f64, f64)> + 'a {
        let moments = sums.more[self.sums..].chunks_exact(3).map(|m| m[2]);
        self.block(sums, Block::Squares, self.columns).iter().copied().zip(moments)
    }

    pub(super) fn edited<'a>(&self, sums: &'a Sums) -> &'a [f64] {
        self.block(sums, Block::Edits, 2)
    }

    /// A metric is asked for what it was planned with.
    fn block<'a>(&self, sums: &'a Sums, block: Block, length: usize) -> &'a [f64] {
        let at = self.at(block).expect("a planned metric");
        &sums.more[at..at + length]
    }
}

/// How many come before a class when the largest is first, and of equals the one of the lower index.
fn rank(logits: &[f32], class: usize) -> usize {
    let own = logits[class];
    logits.iter().enumerate().filter(|&(j, &z)| z > own || (z == own && j < class)).count()
}
