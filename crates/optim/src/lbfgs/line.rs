//! A search along a line for a step that satisfies the strong Wolfe conditions, one evaluation at a time.
//!
//! With φ(t) the loss at `θ + t d`: `φ(t) ≤ φ(0) + c₁ t φ'(0)` and `|φ'(t)| ≤ -c₂ φ'(0)`. First steps are taken further and further
//! out until two of them have such a t between them, then the bracket is made smaller; in both by the minimum of the cubic
//! through two losses and slopes.
//!
//! Source: Nocedal and Wright 2006, algorithms 3.5 and 3.6 and equation 3.59, with the safeguards of PyTorch's `_strong_wolfe`.

#[cfg(test)]
#[path = "../../tests/support/wolfe.rs"]
mod wolfe;

/// c₁ and c₂.
const DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;
/// The largest move of a parameter in a bracket that is made no smaller.
const SMALL: f64 = 1e-9;

/// A place on the line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct End {
    pub t: f64,
    pub loss: f64,
    /// φ'.
    pub slope: f64,
}

#[derive(Clone, Debug)]
pub struct Line {
    /// The place before the last while steps go out; then the two ends of the bracket.
    pub ends: [End; 2],
    /// Of the end with the smaller loss: that of the other is never asked for.
    pub gradient: Vec<f32>,
    pub now: Progress,
}

/// Where a search stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    pub start: End,
    /// The largest element of d.
    pub size: f64,
    /// The step that is tried.
    pub trial: f64,
    /// Trials after the first, and how many may be.
    pub done: u64,
    pub most: u64,
    /// Whether there is a bracket; whether the last trial was close to one of its ends; which end has the smaller loss.
    pub bracketed: bool,
    pub close: bool,
    pub low: usize,
}

impl Line {
    /// With room for a gradient.
    pub fn new(gradient: Vec<f32>) -> Line {
        Line { ends: [End::default(); 2], gradient, now: Progress::default() }
    }

    /// Begins at `start`, where t is 0 and this the gradient, with the trial `trial`; `size` is max |d|. At most `most` further ones.
    pub fn begin(&mut self, start: End, gradient: &[f32], trial: f64, size: f64, most: u64) {
        self.now = Progress { start, size, trial, most, ..Progress::default() };
        self.ends[0] = start;
        self.keep(gradient);
    }

    /// The step that is to be evaluated.
    pub fn trial(&self) -> f64 {
        self.now.trial
    }

    /// What was found, once it is over.
    pub fn best(&self) -> End {
        self.ends[self.now.low]
    }

    /// The gradient there.
    pub fn gradient(&self) -> &[f32] {
        &self.gradient
    }

    /// Takes loss, slope and gradient of the trial; `at_start` is the gradient at the start. Whether the search is over; if not,
    /// there is another trial. A loss may be infinite.
    pub fn evaluated(&mut self, loss: f64, slope: f64, gradient: &[f32], at_start: &[f32]) -> bool {
        let Progress { start, trial, done, most, bracketed, .. } = self.now;
        let new = End { t: trial, loss, slope };
        if bracketed {
            self.now.done += 1;
            return self.narrow(new, gradient);
        }
        if done == most {
            self.ends = [start, new];
            self.order();
            self.keep(if self.now.low == 0 { at_start } else { gradient });
            return true;
        }
        let rises = !self.decreases(new) || (done > 1 && loss >= self.ends[0].loss);
        if !rises && self.flattens(new) {
            self.ends[0] = new;
            self.keep(gradient);
            return true;
        }
        if rises || slope >= 0.0 {
            self.now.bracketed = true;
            self.replace(1, new, gradient);
            return self.propose();
        }
        let before = self.ends[0];
        self.now.trial = minimum(before, new, (trial + 0.01 * (trial - before.t), 10.0 * trial));
        self.now.done += 1;
        self.ends[0] = new;
        self.keep(gradient);
        false
    }

    /// Puts a trial inside the bracket in the place of one of its ends, and proposes the next.
    fn narrow(&mut self, new: End, gradient: &[f32]) -> bool {
        let (low, high) = (self.now.low, 1 - self.now.low);
        if !self.decreases(new) || new.loss >= self.ends[low].loss {
            self.replace(high, new, gradient);
            return self.propose();
        }
        let found = self.flattens(new);
        if !found && new.slope * (self.ends[high].t - self.ends[low].t) >= 0.0 {
            self.ends[high] = self.ends[low];
        }
        self.ends[low] = new;
        self.keep(gradient);
        found || self.propose()
    }

    /// The next trial inside the bracket; none, and true, where there may be no more or the bracket is small.
    fn propose(&mut self) -> bool {
        let [a, b] = self.ends;
        let (least, most) = (a.t.min(b.t), a.t.max(b.t));
        if self.now.done >= self.now.most || (most - least) * self.now.size < SMALL {
            return true;
        }
        let mut t = minimum(a, b, (least, most));
        // Two in a row that are close to an end, or one on it: a tenth of the bracket away from there.
        let margin = 0.1 * (most - least);
        let close = (most - t).min(t - least) < margin;
        let moved = close && (self.now.close || t >= most || t <= least);
        if moved {
            t = if (t - most).abs() < (t - least).abs() { most - margin } else { least + margin };
        }
        (self.now.trial, self.now.close) = (t, close && !moved);
        false
    }

    /// The first of the two conditions.
    fn decreases(&self, at: End) -> bool {
        let start = self.now.start;
        at.loss <= start.loss + DECREASE * at.t * start.slope
    }

    /// The second one.
    fn flattens(&self, at: End) -> bool {
        at.slope.abs() <= -CURVATURE * self.now.start.slope
    }

    /// Puts `new` in the place of an end that is not the lower one; it may be now.
    fn replace(&mut self, end: usize, new: End, gradient: &[f32]) {
        self.ends[end] = new;
        self.order();
        if self.now.low == end {
            self.keep(gradient);
        }
    }

    fn keep(&mut self, gradient: &[f32]) {
        self.gradient.copy_from_slice(gradient);
    }

    fn order(&mut self) {
        self.now.low = usize::from(self.ends[0].loss > self.ends[1].loss);
    }
}

/// Where the cubic with these losses and slopes at two places has its minimum, brought within bounds; the middle of them where it
/// has none.
fn minimum(a: End, b: End, (least, most): (f64, f64)) -> f64 {
    let (near, far) = if a.t <= b.t { (a, b) } else { (b, a) };
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.t - b.t);
    let d2 = (d1 * d1 - a.slope * b.slope).sqrt();
    let t = far.t - (far.t - near.t) * ((far.slope + d2 - d1) / (far.slope - near.slope + 2.0 * d2));
    if t.is_nan() { (least + most) / 2.0 } else { t.max(least).min(most) }
}

#[cfg(test)]
mod tests {
    use super::wolfe::wolfe;
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Along lines with waves every turn is taken that there is, and each is that of the plain search, to the bit.
    #[test]
    fn searches_are_those_of_the_plain_one() {
        let mut state = 7u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 23) - 1.0
        };
        let (mut looks, mut ran_out) = (0, 0);
        for case in 0..4000 {
            let c = [0; 8].map(|_| random());
            let phi = |t: f64| {
                let (mut loss, mut slope) = (0.05 * t * t - (1.0 + c[7]) * t, 0.1 * t - (1.0 + c[7]));
                for (i, w) in [0.5, 1.5, 5.0, 17.0].into_iter().enumerate() {
                    loss += c[i] / w * libm::sin(w * t + 9.0 * c[i + 3]);
                    slope += c[i] * libm::cos(w * t + 9.0 * c[i + 3]);
                }
                // Walls that cannot be looked behind.
                let beyond = case % 5 == 0 && t > 4.0;
                if beyond { (t, f64::INFINITY, f64::NAN, vec![0.0]) } else { (t, loss, slope, vec![slope]) }
            };
            let start = phi(0.0);
            if start.2 >= 0.0 {
                continue;
            }
            let (first, limit) = ([0.01, 0.3, 1.0, 6.0][case as usize / 5 % 4], case % 23);
            let mut line = Line::new(vec![0.0]);
            let narrow = |look: &[f64]| [look[0] as f32];
            line.begin(End { t: 0.0, loss: start.1, slope: start.2 }, &narrow(&start.3), first, 1.0, limit);
            let mut count = 0;
            loop {
                count += 1;
                let (_, loss, slope, gradient) = phi(line.trial());
                if line.evaluated(loss, slope, &narrow(&gradient), &narrow(&start.3)) {
                    break;
                }
            }
            let (found, expected) = wolfe(start, phi(first), limit, 1.0, &phi);
            let best = line.best();
            assert_eq!((best.t, best.loss, count), (found.0, found.1, expected), "case {case}");
            assert_eq!(line.gradient(), narrow(&found.3), "case {case}: the gradient of what was found");
            looks += count;
            ran_out += usize::from(count > limit);
        }
        assert!(looks > 5_000 && ran_out > 100, "{looks} looks, {ran_out} without a find");
    }
}
