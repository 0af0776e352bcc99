//! What a recurrent layer may have beside its cell: merged directions, inputs passed on, learned initial states.

use crate::algebra::{add, times};
use crate::cells::Memory;
use crate::parameters::{accumulate, read};
use crate::stack::{Stack, Tape};
use crate::{CellKind, Merge, Parameters, Rows, State};

impl Stack<'_> {
    /// `[forward | reverse]` merged.
    pub(crate) fn merged(&self, y: &[f64]) -> Vec<f64> {
        let (forward, reverse) = y.split_at(self.spec.units());
        let of = |f: fn(f64, f64) -> f64| forward.iter().zip(reverse).map(|(a, b)| f(*a, *b)).collect();
        match self.spec.form.merge {
            Merge::Concat => y.to_vec(),
            Merge::Sum => of(|a, b| a + b),
            Merge::Mean => of(|a, b| 0.5 * (a + b)),
            Merge::Product => of(|a, b| a * b),
        }
    }

    /// Gradient of one direction's h from that of the merged row; `h` gives the state of a direction.
    pub(crate) fn unmerged<'a>(&self, d: &[f64], direction: usize, h: impl Fn(usize) -> &'a Vec<f64>) -> Vec<f64> {
        let n = self.spec.units();
        match self.spec.form.merge {
            Merge::Concat => d[direction * n..][..n].to_vec(),
            Merge::Sum => d.to_vec(),
            Merge::Mean => d.iter().map(|d| 0.5 * d).collect(),
            Merge::Product => times(d, h(1 - direction)),
        }
    }

    /// A level's row with what is passed on of its input.
    pub(crate) fn joined(&self, y: &[f64], x: &[f64]) -> Vec<f64> {
        match (self.spec.form.residual, self.spec.form.skip) {
            (true, _) => y.iter().zip(x).map(|(y, x)| y + x).collect(),
            (_, true) => [y, x].concat(),
            _ => y.to_vec(),
        }
    }

    /// The way back of [`Stack::joined`]: gradients of the level's row and of what was passed on (none: empty).
    pub(crate) fn parted(&self, d: &[f64]) -> (Vec<f64>, Vec<f64>) {
        match (self.spec.form.residual, self.spec.form.skip) {
            (true, _) => (d.to_vec(), d.to_vec()),
            (_, true) => (d[..self.spec.merged()].to_vec(), d[self.spec.merged()..].to_vec()),
            _ => (d.to_vec(), Vec::new()),
        }
    }

    /// What a prediction at the last step reads: the final h, directions side by side or merged, with the input of each one's own
    /// last step: of the forward direction the last, of the reverse one the first.
    pub fn final_row(&self, tape: &Tape) -> Vec<f64> {
        let n = self.spec.units();
        let y = self.merged(&tape.last.h[(self.spec.num_layers - 1) * self.spec.directions()..].concat());
        let x = tape.inputs.last().expect("a level");
        let (first, last) = (&x[0], &x[x.len() - 1]);
        if self.spec.form.residual && self.spec.bidirectional {
            return [self.joined(&y[..n], &last[..n]), self.joined(&y[n..], &first[n..])].concat();
        }
        self.joined(&y, last)
    }

    /// The way back of [`Stack::final_row`], as a gradient of the layer's output rows (through which the input gets its part) and
    /// of the final state. The former is applied after the levels' own way back.
    pub fn final_row_back(&self, tape: &Tape, d: &[f64], last: &mut State) -> Rows {
        let n = self.spec.units();
        let top = (self.spec.num_layers - 1) * self.spec.directions();
        let (merged, passed) = self.parted(d);
        let h: Rows = tape.last.h[top..].to_vec();
        for direction in 0..self.spec.directions() {
            let row = self.unmerged(&merged, direction, |side| &h[side]);
            add(&mut last.h[top + direction], &row);
        }
        let x = tape.inputs.last().expect("a level");
        let mut input: Rows = x.iter().map(|x| vec![0.0; x.len()]).collect();
        let end = x.len() - 1;
        if self.spec.form.residual && self.spec.bidirectional {
            add(&mut input[end][..n], &passed[..n]);
            add(&mut input[0][n..], &passed[n..]);
        } else if !passed.is_empty() {
            add(&mut input[end], &passed);
        }
        input
    }

    /// The initial state when none is given.
    pub(crate) fn initial(&self) -> State {
        let mut state = self.zeros();
        if self.spec.form.learned {
            for index in 0..self.spec.num_layers * self.spec.directions() {
                // An LRU does not read its h.
                if self.spec.cell != CellKind::Lru {
                    state.h[index] = read(self.params, &self.state_name("h0", index), self.spec.units()).to_vec();
                }
                if let Some(c) = state.c.get_mut(index) {
                    *c = read(self.params, &self.state_name("c0", index), self.spec.memory()).to_vec();
                }
            }
        }
        state
    }

    pub(crate) fn learn(&self, index: usize, d: &Memory, sums: &mut Parameters) {
        if self.spec.cell != CellKind::Lru {
            accumulate(sums, &self.state_name("h0", index), &d.h);
        }
        if !d.c.is_empty() {
            accumulate(sums, &self.state_name("c0", index), &d.c);
        }
    }

    fn state_name(&self, kind: &str, index: usize) -> String {
        format!("{}{kind}_{}", self.spec.prefix(), self.spec.suffix(index))
    }
}
