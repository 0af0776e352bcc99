//! A recurrent layer on one sequence: levels over levels, each in one or both directions, forwards and back through time.
//!
//! The reverse direction of a level reads the same input from the sequence's own last step to its first; a level's output at
//! step t is `[forward h_t | reverse h_t]`, or the two merged, with its input added or put beside it where that is asked for
//! ([`crate::Form`]). Dropout masks act between levels, so never on the layer's output.

use crate::algebra::{add, times};
use crate::cells::{Memory, Step, Weights};
use crate::vanishing::{self, Link};
use crate::{CellKind, Parameters, Recurrent, Rows, Sequence, State, StepMasks};

/// Every step of every level and direction, and what the layer gives.
pub struct Tape {
    /// `[level·directions + direction][t]`.
    pub(crate) steps: Vec<Vec<Step>>,
    /// The states that went on, of each step in the same order: those of the cell unless something acts on them.
    pub(crate) states: Vec<Vec<Memory>>,
    /// What each level read.
    pub(crate) inputs: Vec<Rows>,
    /// Whether the initial state was given; else it is zeros, or learned.
    given: bool,
    /// Output of the top level, `[T][D·H]`.
    pub output: Rows,
    /// After the last step of each direction.
    pub last: State,
}

impl Tape {
    /// States h of the top level, directions side by side.
    pub fn states(&self) -> Rows {
        let top = &self.states[self.states.len() - self.states.len() / self.inputs.len()..];
        (0..top[0].len()).map(|t| top.iter().flat_map(|side| side[t].h.clone()).collect()).collect()
    }
}

/// Derivatives that do not belong to parameters.
pub struct Back {
    /// `[T][K]`.
    pub input: Rows,
    pub initial: State,
    /// dL/dh_t, `[level·directions + direction][t][H]`.
    pub hidden: Vec<Rows>,
}

/// A recurrent layer in its place.
pub struct Stack<'a> {
    pub spec: &'a Recurrent,
    /// Index into the network's layers: key of masks and nudges.
    pub layer: usize,
    pub params: &'a Parameters,
}

impl Stack<'_> {
    /// Runs `x` `[T][K]`, at least one step, from `initial` (zeros if not given), with the masks and the nudge of `sequence`.
    pub fn forward(&self, x: &Rows, initial: Option<&State>, sequence: &Sequence) -> Tape {
        assert!(!x.is_empty(), "a sequence of at least one step");
        let own = self.initial();
        let given = initial.is_some();
        let initial = initial.unwrap_or(&own);
        self.check(initial, "initial state");
        let (output, last) = (x.clone(), State::default());
        let mut tape = Tape { steps: Vec::new(), states: Vec::new(), inputs: Vec::new(), given, output, last };
        for level in 0..self.spec.num_layers {
            let input = if level > 0 { self.masked(&tape.output, level - 1, sequence) } else { x.clone() };
            tape.output = vec![Vec::new(); x.len()];
            for direction in 0..self.spec.directions() {
                let index = level * self.spec.directions() + direction;
                let mut memory = memory_of(initial, index);
                let (steps, states) = self.run(&input, index, &mut memory, sequence);
                for (output, state) in tape.output.iter_mut().zip(&states) {
                    output.extend(&state.h);
                }
                tape.steps.push(steps);
                tape.states.push(states);
                push(&mut tape.last, memory);
            }
            tape.output = tape.output.iter().zip(&input).map(|(y, x)| self.joined(&self.merged(y), x)).collect();
            tape.inputs.push(input);
        }
        tape
    }

    /// Back from dL/d(output) `[T][D·H]` and dL/d(final state); adds the gradients of the weights onto `sums`. `below` is what
    /// [`Stack::final_row_back`] gave, or nothing.
    pub fn backward(
        &self,
        tape: &Tape,
        output: &Rows,
        below: &Rows,
        last: &State,
        sequence: &Sequence,
        sums: &mut Parameters,
    ) -> Back {
        self.check(last, "cotangent of the final state");
        let mut back = Back { input: output.clone(), initial: State::default(), hidden: Vec::new() };
        for level in (0..self.spec.num_layers).rev() {
            // The last level's output is not masked; below, the gradient passes the mask that the output passed.
            let top = level + 1 == self.spec.num_layers;
            let d_output = if top { output.clone() } else { self.masked(&back.input, level, sequence) };
            let (merged, passed): (Rows, Rows) = d_output.iter().map(|d| self.parted(d)).unzip();
            back.input = passed;
            for direction in (0..self.spec.directions()).rev() {
                let index = level * self.spec.directions() + direction;
                let row = |(t, d): (usize, &Vec<f64>)| {
                    self.unmerged(d, direction, |side| &tape.states[level * self.spec.directions() + side][t].h)
                };
                let above: Rows = merged.iter().enumerate().map(row).collect();
                let mut memory = memory_of(last, index);
                let steps = &tape.steps[index];
                let (hidden, input) = self.run_back(steps, &above, index, &mut memory, sequence, sums);
                for (sum, d) in back.input.iter_mut().zip(input) {
                    sum.resize(d.len(), 0.0);
                    add(sum, &d);
                }
                if self.spec.form.learned && !tape.given {
                    self.learn(index, &memory, sums);
                }
                back.hidden.insert(0, hidden);
                insert(&mut back.initial, memory);
            }
            if top {
                back.input.iter_mut().zip(below).for_each(|(sum, d)| add(sum, d));
            }
        }
        back
    }

    /// One direction of one level; leaves its final state in `memory`. Its steps, and the states that went on.
    fn run(&self, x: &Rows, index: usize, memory: &mut Memory, sequence: &Sequence) -> (Vec<Step>, Vec<Memory>) {
        let cell = self.spec.cell.cell();
        let mut w = self.weights(index, x[0].len());
        let masks = self.step_masks(index, sequence);
        let mut steps = vec![None; x.len()];
        for t in self.order(x.len(), index) {
            w.mask = masks.candidate.get(t).cloned().unwrap_or_default();
            let step = cell.forward(&w, &x[t], memory);
            *memory = masks.held(t, memory, &step.after);
            let nudge = sequence.nudge.filter(|n| (n.layer, n.level, n.step) == (self.layer, index, t));
            if let Some(nudge) = nudge {
                cell.nudge(&w, memory, nudge.unit, nudge.by);
            }
            steps[t] = Some((step, memory.clone()));
        }
        steps.into_iter().flatten().unzip()
    }

    /// The same backwards: `memory` goes from the gradient of the final state to that of the initial one. Returns dL/dh_t and
    /// dL/dx_t.
    fn run_back(
        &self,
        steps: &[Step],
        above: &Rows,
        index: usize,
        memory: &mut Memory,
        sequence: &Sequence,
        sums: &mut Parameters,
    ) -> (Rows, Rows) {
        let cell = self.spec.cell.cell();
        let width = steps[0].x.len();
        let mut w = self.weights(index, width);
        let masks = self.step_masks(index, sequence);
        let mut dw = self.no_weights(width);
        let mut hidden = above.clone();
        let mut input = vec![Vec::new(); steps.len()];
        let mut deltas = Vec::new();
        for t in self.order(steps.len(), index).into_iter().rev() {
            add(&mut memory.h, &above[t]); // from above and from the next step: now whole
            hidden[t] = cell.traced(&w, memory);
            w.mask = masks.candidate.get(t).cloned().unwrap_or_default();
            let [own, kept] = masks.parted(t, memory);
            if let CellKind::Rnn { activation } = self.spec.cell {
                deltas.push(own.h.iter().zip(&steps[t].after.h).map(|(d, h)| d * activation.slope(*h)).collect());
            }
            (input[t], *memory) = cell.backward(&w, &steps[t], &own, &mut dw);
            add(&mut memory.h, &kept.h);
            add(&mut memory.c, &kept.c);
        }
        if let (Some(factor), CellKind::Rnn { activation }) = (sequence.vanishing.get(&self.layer), self.spec.cell) {
            // Each but the first step has one before, whose state it read.
            deltas.reverse();
            let order = self.order(steps.len(), index);
            let slope = |t: &usize| steps[*t].after.h.iter().map(|h| activation.slope(*h)).collect();
            let links = order.iter().zip(deltas.into_iter().skip(1));
            let links: Vec<Link> = links.map(|(t, delta)| Link { delta, slope: slope(t) }).collect();
            let more = vanishing::gradient(&w.hh, &links);
            dw.hh.iter_mut().zip(more).for_each(|(d, more)| *d += factor * more);
        }
        dw.write(sums, self.spec, &self.spec.suffix(index));
        (hidden, input)
    }

    /// Time steps in the order in which direction `index % directions` reads them.
    fn order(&self, steps: usize, index: usize) -> Vec<usize> {
        if index % self.spec.directions() == 1 { (0..steps).rev().collect() } else { (0..steps).collect() }
    }

    fn masked(&self, rows: &Rows, level: usize, sequence: &Sequence) -> Rows {
        mask(rows, sequence.masks.get(&(self.layer, level)))
    }

    fn step_masks(&self, index: usize, sequence: &Sequence) -> StepMasks {
        sequence.step_masks.get(&(self.layer, index)).cloned().unwrap_or_default()
    }

    fn weights(&self, index: usize, input: usize) -> Weights {
        Weights::read(self.params, self.spec, &self.spec.suffix(index), self.no_weights(input))
    }

    fn no_weights(&self, input: usize) -> Weights {
        Weights::zeros(self.spec, input)
    }

    /// A state of zeros.
    pub fn zeros(&self) -> State {
        let levels = self.spec.num_layers * self.spec.directions();
        let zeros = |len| vec![vec![0.0; len]; levels];
        let memory = self.spec.memory();
        State { c: if memory > 0 { zeros(memory) } else { Vec::new() }, h: zeros(self.spec.units()) }
    }

    fn check(&self, state: &State, what: &str) {
        let shape = |rows: &Rows| rows.iter().map(Vec::len).collect::<Vec<_>>();
        let zeros = self.zeros();
        assert_eq!(shape(&state.h), shape(&zeros.h), "{what} h of layer {}", self.layer);
        assert_eq!(shape(&state.c), shape(&zeros.c), "{what} c of layer {}", self.layer);
    }
}

/// rows ∘ mask, or rows where there is none.
pub fn mask(rows: &Rows, mask: Option<&Rows>) -> Rows {
    let Some(mask) = mask else { return rows.clone() };
    assert_eq!(rows.len(), mask.len(), "rows of a mask");
    rows.iter().zip(mask).map(|(row, mask)| times(row, mask)).collect()
}

fn memory_of(state: &State, index: usize) -> Memory {
    Memory { h: state.h[index].clone(), c: state.c.get(index).cloned().unwrap_or_default() }
}

fn push(state: &mut State, memory: Memory) {
    state.h.push(memory.h);
    if !memory.c.is_empty() {
        state.c.push(memory.c);
    }
}

fn insert(state: &mut State, memory: Memory) {
    state.h.insert(0, memory.h);
    if !memory.c.is_empty() {
        state.c.insert(0, memory.c);
    }
}
