//! Some steps of some samples, as samples: what a truncated run sees of a batch at a time. NOT: which steps.

use super::samples::Samples;
use rnn::At;
use std::ops::Range;

/// Steps `steps` of each sample that reaches them; to be asked of these alone. Targets before step `counted` weigh nothing:
/// they have had their turn. Where there is one target a sample, it is that of the samples that end in `counted .. steps.end`.
pub struct Window<'a> {
    pub samples: &'a dyn Samples,
    pub at: At,
    pub steps: Range<usize>,
    pub counted: usize,
}

impl Window<'_> {
    /// Step of the sample's target.
    fn target_step(&self, step: usize) -> usize {
        if self.at == At::Every { self.steps.start + step } else { step }
    }

    fn counts(&self, sample: usize, step: usize) -> bool {
        match self.at {
            At::Every => self.steps.start + step >= self.counted,
            At::Last => (self.counted + 1..=self.steps.end).contains(&self.samples.steps(sample)),
        }
    }
}

impl Samples for Window<'_> {
    fn len(&self) -> usize {
        self.samples.len()
    }

    fn steps(&self, sample: usize) -> usize {
        self.samples.steps(sample).min(self.steps.end) - self.steps.start
    }

    fn input(&self, sample: usize, step: usize, row: &mut [f32]) {
        self.samples.input(sample, self.steps.start + step, row);
    }

    fn inputs(&self, samples: &[usize], step: usize, rows: &mut [f32], size: usize) {
        self.samples.inputs(samples, self.steps.start + step, rows, size);
    }

    fn token(&self, sample: usize, step: usize) -> u32 {
        self.samples.token(sample, self.steps.start + step)
    }

    fn target(&self, sample: usize, step: usize, row: &mut [f32]) {
        self.samples.target(sample, self.target_step(step), row);
    }

    fn class(&self, sample: usize, step: usize) -> i32 {
        self.samples.class(sample, self.target_step(step))
    }

    fn labels(&self, sample: usize) -> &[i32] {
        self.samples.labels(sample)
    }

    fn weight(&self, sample: usize, step: usize) -> f32 {
        if self.counts(sample, step) { self.samples.weight(sample, self.target_step(step)) } else { 0.0 }
    }

    fn weighted(&self) -> bool {
        self.samples.weighted() || self.at == At::Last || self.counted > self.steps.start
    }

    fn initial(&self, sample: usize, layer: usize) -> Option<(&[f32], &[f32])> {
        if self.steps.start == 0 { self.samples.initial(sample, layer) } else { None }
    }

    fn restore(&self, sample: usize, step: usize, predicted: &[f32], user: &mut [f64], truth: &mut [f64]) {
        self.samples.restore(sample, self.target_step(step), predicted, user, truth);
    }
}
