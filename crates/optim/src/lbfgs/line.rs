//! A search along a line for a step that satisfies the strong Wolfe conditions, one evaluation at a time.
//!
//! With φ(t) the loss at `θ + t d`: `φ(t) ≤ φ(0) + c₁ t φ'(0)` and `|φ'(t)| ≤ -c₂ φ'(0)`. First steps are taken further and further
//! out until two of them have such a t between them, then the bracket is made smaller; in both by the minimum of the cubic
//! through two losses and slopes.
//!
//! Source: Nocedal and Wright 2006, algorithms 3.5 and 3.6 and equation 3.59, with the safeguards of PyTorch's `_strong_wolfe`.

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
    /// The place before the last while steps go out; then the two ends of the bracket. And the gradients there.
    pub ends: [End; 2],
    pub gradients: [Vec<f32>; 2],
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
    /// With room for two gradients.
    pub fn new(one: Vec<f32>, other: Vec<f32>) -> Line {
        Line { ends: [End::default(); 2], gradients: [one, other], now: Progress::default() }
    }

    /// Begins at `start`, where t is 0 and this the gradient, with the trial `trial`; `size` is max |d|. At most `most` further ones.
    pub fn begin(&mut self, start: End, gradient: &[f32], trial: f64, size: f64, most: u64) {
        self.now = Progress { start, size, trial, most, ..Progress::default() };
        self.set(0, start, gradient);
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
        &self.gradients[self.now.low]
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
            self.set(0, start, at_start);
            self.set(1, new, gradient);
            self.order();
            return true;
        }
        let rises = !self.decreases(new) || (done > 1 && loss >= self.ends[0].loss);
        if !rises && self.flattens(new) {
            self.set(0, new, gradient);
            return true;
        }
        if rises || slope >= 0.0 {
            self.set(1, new, gradient);
            self.now.bracketed = true;
            self.order();
            return self.propose();
        }
        let before = self.ends[0];
        self.now.trial = minimum(before, new, (trial + 0.01 * (trial - before.t), 10.0 * trial));
        self.now.done += 1;
        self.set(0, new, gradient);
        false
    }

    /// Puts a trial inside the bracket in the place of one of its ends, and proposes the next.
    fn narrow(&mut self, new: End, gradient: &[f32]) -> bool {
        let (low, high) = (self.now.low, 1 - self.now.low);
        if !self.decreases(new) || new.loss >= self.ends[low].loss {
            self.set(high, new, gradient);
            self.order();
            return self.propose();
        }
        let found = self.flattens(new);
        if !found && new.slope * (self.ends[high].t - self.ends[low].t) >= 0.0 {
            self.ends[high] = self.ends[low];
            self.gradients.swap(0, 1);
        }
        self.set(low, new, gradient);
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

    fn set(&mut self, end: usize, to: End, gradient: &[f32]) {
        self.ends[end] = to;
        self.gradients[end].copy_from_slice(gradient);
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
