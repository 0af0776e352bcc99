//! Connectionist temporal classification: a sequence of labels for a longer sequence of outputs, over all ways to align them.
//! Source: Graves, Fernández, Gomez and Schmidhuber 2006; reductions as PyTorch's `CTCLoss`.
//!
//! An alignment gives each step a label or the blank; read without repeats and then without blanks it is the target. With
//! `l' = blank l₁ blank l₂ … blank` of S = 2L + 1 places, α_t(s) is the probability of all beginnings that end in place s at
//! step t, β_t(s) that of all ends from there:
//! `α_t(s) = y_t(l'_s) (α_{t-1}(s) + α_{t-1}(s-1) + [l'_s ≠ blank, l'_{s-2}] α_{t-1}(s-2))`, and β the other way, here without
//! y_t. The loss is -ln p, `p = α_T(S) + α_T(S-1)`; its derivative by a logit is
//! `y_t(k) - Σ_{s: l'_s = k} α_t(s) β_t(s) / p`. All in logarithms and f64.

use super::{LossSum, Rows, check_grad};
use crate::packing::Packing;

const NEVER: f64 = f64::NEG_INFINITY;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ctc {
    /// The class that stands for no label.
    pub blank: usize,
    /// Whether a target that no alignment gives has loss and gradient 0, instead of an infinite loss.
    pub zero_infinity: bool,
}

/// Targets of the sequences of a batch, at their sorted positions.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// One sequence after the other.
    pub labels: &'a [i32],
    /// Where each begins, and the end: one more than there are sequences.
    pub starts: &'a [usize],
}

impl<'a> Labels<'a> {
    fn of(&self, position: usize) -> &'a [i32] {
        &self.labels[self.starts[position]..self.starts[position + 1]]
    }
}

/// Memory of the sums over alignments.
#[derive(Clone, Debug, Default)]
pub struct Alignments {
    /// ln α, `[steps, places]`.
    alpha: Vec<f64>,
    /// ln β of one step and of the one before.
    beta: Vec<f64>,
    before: Vec<f64>,
    /// ln Σ exp of each step's logits.
    norms: Vec<f64>,
    /// Expected number of times that a class is read at a step.
    expected: Vec<f64>,
}

impl Alignments {
    /// Numbers of 64 bits for sequences of so many steps, labels and classes.
    pub fn size(steps: usize, labels: usize, classes: usize) -> usize {
        let places = labels.saturating_mul(2).saturating_add(1);
        let sum = steps.saturating_add(2).saturating_mul(places);
        sum.saturating_add(steps).saturating_add(classes)
    }

    /// Makes room, so that [`ctc`] of such sequences allocates nothing.
    ///
    /// # Errors
    /// When it is not to be had.
    pub fn reserve(
        &mut self,
        steps: usize,
        labels: usize,
        classes: usize,
    ) -> Result<(), std::collections::TryReserveError> {
        let places = labels.saturating_mul(2).saturating_add(1);
        let room = |v: &mut Vec<f64>, n: usize| v.try_reserve_exact(n.saturating_sub(v.len()));
        room(&mut self.alpha, steps.saturating_mul(places))?;
        room(&mut self.beta, places)?;
        room(&mut self.before, places)?;
        room(&mut self.norms, steps)?;
        room(&mut self.expected, classes)
    }
}

/// Steps that a target needs at least: one a label, and a blank between equal ones.
pub fn needed(labels: &[i32]) -> usize {
    labels.len() + labels.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

/// `sum = Σ w / max(L, 1) · (-ln p)` over sequences with targets of L labels, `weight = Σ w`: PyTorch's mean.
///
/// * `rows.output` (logits): `[packing.rows, classes]`, packed; `rows.weight`: `[packing.batch]` at sorted positions. A sequence
///   of weight 0 is not read.
/// * `targets`: labels below `classes` that are not the blank.
///
/// # Panics
/// When the lengths do not fit each other.
pub fn ctc(mut rows: Rows, packing: &Packing, targets: Labels, settings: Ctc, memory: &mut Alignments) -> LossSum {
    assert!(packing.rows > 0 && rows.output.len().is_multiple_of(packing.rows), "rows of the output");
    assert_eq!(targets.starts.len(), packing.batch + 1, "a target for each sequence");
    assert!(rows.weight.is_none_or(|weight| weight.len() == packing.batch), "number of weights");
    check_grad(&rows.gradient, rows.output.len());
    let classes = rows.output.len() / packing.rows;
    let mut total = LossSum::default();
    for position in 0..packing.batch {
        let (steps, labels) = (packing.lengths[position], targets.of(position));
        let w = rows.weight.map_or(1.0, |weight| f64::from(weight[position]));
        let range = |t: usize| packing.row(t, position) * classes..(packing.row(t, position) + 1) * classes;
        let mut log_p = NEVER;
        if w != 0.0 {
            let logits = |t: usize| &rows.output[range(t)];
            log_p = forward(steps, labels, settings.blank, &logits, memory);
        }
        let impossible = log_p == NEVER && (w == 0.0 || settings.zero_infinity);
        let share = w / labels.len().max(1) as f64;
        if !impossible {
            total.sum += share * -log_p;
        }
        total.weight += w;
        let Some(gradient) = &mut rows.gradient else { continue };
        if log_p == NEVER {
            // Of an infinite loss there is none.
            let filling = if impossible { 0.0 } else { f32::NAN };
            (0..steps).for_each(|t| gradient[range(t)].fill(filling));
            continue;
        }
        begin_back(labels.len(), memory);
        for t in (0..steps).rev() {
            let logits = &rows.output[range(t)];
            expect(t, labels, settings.blank, log_p, classes, memory);
            let gradient = &mut gradient[range(t)];
            linalg::softmax_to(gradient, logits, 1.0);
            let factor = rows.scale * share;
            for (g, expected) in gradient.iter_mut().zip(&memory.expected) {
                *g = (factor * (f64::from(*g) - expected)) as f32;
            }
            if t > 0 {
                step_back(t, labels, settings.blank, logits, memory);
            }
        }
    }
    total
}

/// The class of place s.
fn class(labels: &[i32], blank: usize, s: usize) -> usize {
    if s.is_multiple_of(2) { blank } else { labels[s / 2] as usize }
}

/// Whether place s may follow place s - 2 at once: it is a label, and another one.
fn skips(labels: &[i32], s: usize) -> bool {
    s % 2 == 1 && s > 2 && labels[s / 2] != labels[s / 2 - 1]
}

/// Fills α and gives ln p.
fn forward<'a>(
    steps: usize,
    labels: &[i32],
    blank: usize,
    logits: &dyn Fn(usize) -> &'a [f32],
    memory: &mut Alignments,
) -> f64 {
    let places = 2 * labels.len() + 1;
    let Alignments { alpha, norms, .. } = memory;
    alpha.clear();
    norms.clear();
    if needed(labels) > steps {
        return NEVER;
    }
    alpha.resize(steps * places, NEVER);
    for t in 0..steps {
        let row = logits(t);
        let norm = linalg::log_sum_exp(row);
        norms.push(norm);
        let (past, rest) = alpha.split_at_mut(t * places);
        let now = &mut rest[..places];
        for (s, now) in now.iter_mut().enumerate() {
            let reached = match t.checked_sub(1) {
                None => {
                    if s < 2 {
                        0.0
                    } else {
                        NEVER
                    }
                }
                Some(before) => {
                    let past = &past[before * places..];
                    let at = |back: usize| s.checked_sub(back).map_or(NEVER, |s| past[s]);
                    sum_of([at(0), at(1), if skips(labels, s) { at(2) } else { NEVER }])
                }
            };
            *now = reached + f64::from(row[class(labels, blank, s)]) - norm;
        }
    }
    let last = &alpha[(steps - 1) * places..];
    sum_of([last[places - 1], places.checked_sub(2).map_or(NEVER, |s| last[s]), NEVER])
}

/// β of the last step.
fn begin_back(labels: usize, memory: &mut Alignments) {
    let places = 2 * labels + 1;
    memory.beta.clear();
    memory.beta.resize(places, NEVER);
    memory.beta[places.saturating_sub(2)..].fill(0.0);
}

/// Expected readings of each class at step t, from α and β there.
fn expect(t: usize, labels: &[i32], blank: usize, log_p: f64, classes: usize, memory: &mut Alignments) {
    let places = 2 * labels.len() + 1;
    let Alignments { alpha, beta, expected, .. } = memory;
    expected.clear();
    expected.resize(classes, 0.0);
    for (s, (alpha, beta)) in alpha[t * places..].iter().zip(beta.iter()).enumerate() {
        let log = alpha + beta - log_p;
        // NaN is not left out.
        if log != NEVER {
            expected[class(labels, blank, s)] += libm::exp(log);
        }
    }
}

/// β of step t - 1 from that of step t, whose logits are given.
fn step_back(t: usize, labels: &[i32], blank: usize, logits: &[f32], memory: &mut Alignments) {
    let places = 2 * labels.len() + 1;
    let Alignments { beta, before, norms, .. } = memory;
    before.clear();
    before.extend(beta.iter().enumerate().map(|(s, b)| b + f64::from(logits[class(labels, blank, s)]) - norms[t]));
    let at = |s: usize| if s < places { before[s] } else { NEVER };
    for (s, beta) in beta.iter_mut().enumerate() {
        let skip = s + 2 < places && skips(labels, s + 2);
        *beta = sum_of([at(s), at(s + 1), if skip { at(s + 2) } else { NEVER }]);
    }
}

/// ln Σ eˣ.
fn sum_of(x: [f64; 3]) -> f64 {
    if x.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let most = x[0].max(x[1]).max(x[2]);
    if most == NEVER {
        return NEVER;
    }
    let each = |x: f64| {
        if x == most {
            1.0
        } else if x == NEVER {
            0.0
        } else {
            libm::exp(x - most)
        }
    };
    most + libm::log(each(x[0]) + each(x[1]) + each(x[2]))
}

/// The labels of the likeliest class of each step, without repeats and blanks: the likeliest alignment, read.
pub fn greedy(classes: impl Iterator<Item = usize>, blank: usize, labels: &mut Vec<i32>) {
    let mut last = blank;
    for class in classes {
        if class != last && class != blank {
            labels.push(class as i32);
        }
        last = class;
    }
}
