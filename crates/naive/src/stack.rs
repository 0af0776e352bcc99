//! A recurrent layer on one sequence: levels over levels, each in one or both directions, forwards and back through time.
//!
//! The reverse direction of a level reads the same input from the sequence's own last step to its first; a level's output at
//! step t is `[forward h_t | reverse h_t]`, or the two merged, with its input added or put beside it where that is asked for
//! ([`crate::Form`]). Dropout masks act between levels, so never on the layer's output.

use crate::algebra::{add, times};
use crate::cells::normed::{Masks, Normed};
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
    /// Runs the `x` `[T][K]` of each sequence, at least one step, from its `initial` (zeros if not given), with its masks and its
    /// nudge.
    pub fn forward(&self, x: &[Rows], initial: &[Option<&State>], sequences: &[Sequence]) -> Vec<Tape> {
        let own = self.initial();
        let mut tapes = Vec::new();
        for (x, initial) in x.iter().zip(initial) {
            assert!(!x.is_empty(), "a sequence of at least one step");
            self.check(initial.unwrap_or(&own), "initial state");
            let (given, output, last) = (initial.is_some(), x.clone(), State::default());
            tapes.push(Tape { steps: Vec::new(), states: Vec::new(), inputs: Vec::new(), given, output, last });
        }
        for level in 0..self.spec.num_layers {
            let masked = |(tape, sequence): (&Tape, &Sequence)| match level {
                0 => tape.output.clone(),
                _ => self.masked(&tape.output, level - 1, sequence),
            };
            let inputs: Vec<Rows> = tapes.iter().zip(sequences).map(masked).collect();
            tapes.iter_mut().for_each(|tape| tape.output.iter_mut().for_each(Vec::clear));
            for direction in 0..self.spec.directions() {
                let index = level * self.spec.directions() + direction;
                let mut memories: Vec<Memory> =
                    initial.iter().map(|initial| memory_of(initial.unwrap_or(&own), index)).collect();
                let steps = self.run(&inputs, index, &mut memories, sequences);
                for ((tape, (steps, states)), memory) in tapes.iter_mut().zip(steps).zip(memories) {
                    for (output, state) in tape.output.iter_mut().zip(&states) {
                        output.extend(&state.h);
                    }
                    tape.steps.push(steps);
                    tape.states.push(states);
                    push(&mut tape.last, memory);
                }
            }
            for (tape, input) in tapes.iter_mut().zip(inputs) {
                tape.output = tape.output.iter().zip(&input).map(|(y, x)| self.joined(&self.merged(y), x)).collect();
                tape.inputs.push(input);
            }
        }
        tapes
    }

    /// Back from dL/d(output) `[T][D·H]` and dL/d(final state) of each sequence; adds the gradients of the weights onto `sums`.
    /// `below` is what [`Stack::final_row_back`] gave, or nothing.
    pub fn backward(
        &self,
        tapes: &[Tape],
        outputs: &[Rows],
        below: &[Rows],
        last: &[State],
        sequences: &[Sequence],
        sums: &mut Parameters,
    ) -> Vec<Back> {
        last.iter().for_each(|last| self.check(last, "cotangent of the final state"));
        let back = |output: &Rows| Back { input: output.clone(), initial: State::default(), hidden: Vec::new() };
        let mut backs: Vec<Back> = outputs.iter().map(back).collect();
        for level in (0..self.spec.num_layers).rev() {
            // The last level's output is not masked; below, the gradient passes the mask that the output passed.
            let top = level + 1 == self.spec.num_layers;
            let mut merged: Vec<Rows> = Vec::new();
            for (back, sequence) in backs.iter_mut().zip(sequences) {
                let d_output = if top { back.input.clone() } else { self.masked(&back.input, level, sequence) };
                let (of_level, passed) = d_output.iter().map(|d| self.parted(d)).unzip();
                merged.push(of_level);
                back.input = passed;
            }
            for direction in (0..self.spec.directions()).rev() {
                let index = level * self.spec.directions() + direction;
                let above = |(tape, merged): (&Tape, &Rows)| -> Rows {
                    let state = |t: usize, side: usize| &tape.states[level * self.spec.directions() + side][t].h;
                    let row = |(t, d): (usize, &Vec<f64>)| self.unmerged(d, direction, |side| state(t, side));
                    merged.iter().enumerate().map(row).collect()
                };
                let above: Vec<Rows> = tapes.iter().zip(&merged).map(above).collect();
                let mut memories: Vec<Memory> = last.iter().map(|last| memory_of(last, index)).collect();
                let steps: Vec<&[Step]> = tapes.iter().map(|tape| &tape.steps[index][..]).collect();
                let run = self.run_back(&steps, &above, index, &mut memories, sequences, sums);
                for (b, ((hidden, input), memory)) in run.into_iter().zip(memories).enumerate() {
                    for (sum, d) in backs[b].input.iter_mut().zip(input) {
                        sum.resize(d.len(), 0.0);
                        add(sum, &d);
                    }
                    if self.spec.form.learned && !tapes[b].given {
                        self.learn(index, &memory, sums);
                    }
                    backs[b].hidden.insert(0, hidden);
                    insert(&mut backs[b].initial, memory);
                }
            }
            if top {
                for (back, below) in backs.iter_mut().zip(below) {
                    back.input.iter_mut().zip(below).for_each(|(sum, d)| add(sum, d));
                }
            }
        }
        backs
    }

    /// One direction of one level, step by step on all sequences that have the step; leaves the final states in `memories`. The
    /// steps of each, and the states that went on.
    fn run(
        &self,
        x: &[Rows],
        index: usize,
        memories: &mut [Memory],
        sequences: &[Sequence],
    ) -> Vec<(Vec<Step>, Vec<Memory>)> {
        let cell = self.spec.cell.cell();
        let mut w = self.weights(index, x[0][0].len());
        let masks: Vec<StepMasks> = sequences.iter().map(|sequence| self.step_masks(index, sequence)).collect();
        let mut steps: Vec<Vec<Option<(Step, Memory)>>> = x.iter().map(|x| vec![None; x.len()]).collect();
        for t in self.order(x.iter().map(Vec::len).max().unwrap_or(0), index) {
            let live: Vec<usize> = (0..x.len()).filter(|&b| t < x[b].len()).collect();
            let made: Vec<Step> = match self.spec.form.norm {
                None => {
                    let made = live.iter().map(|&b| {
                        w.mask = masks[b].candidate.get(t).cloned().unwrap_or_default();
                        w.recurrent.clone_from(&masks[b].recurrent);
                        cell.forward(&w, &x[b][t], &memories[b])
                    });
                    made.collect()
                }
                Some(_) => {
                    let rows = live.iter().map(|&b| x[b][t].clone()).collect();
                    let before: Vec<Memory> = live.iter().map(|&b| memories[b].clone()).collect();
                    self.normed((index, t), &w, at(&live, &masks, t)).forward(&rows, &before)
                }
            };
            for (&b, step) in live.iter().zip(made) {
                memories[b] = masks[b].held(t, &memories[b], &step.after);
                let nudge = sequences[b].nudge.filter(|n| (n.layer, n.level, n.step) == (self.layer, index, t));
                if let Some(nudge) = nudge {
                    cell.nudge(&w, &mut memories[b], nudge.unit, nudge.by);
                }
                steps[b][t] = Some((step, memories[b].clone()));
            }
        }
        steps.into_iter().map(|steps| steps.into_iter().flatten().unzip()).collect()
    }

    /// The same backwards: each of `memories` goes from the gradient of the final state to that of the initial one. Gives dL/dh_t
    /// and dL/dx_t.
    fn run_back(
        &self,
        steps: &[&[Step]],
        above: &[Rows],
        index: usize,
        memories: &mut [Memory],
        sequences: &[Sequence],
        sums: &mut Parameters,
    ) -> Vec<(Rows, Rows)> {
        let cell = self.spec.cell.cell();
        let width = steps[0][0].x.len();
        let mut w = self.weights(index, width);
        let masks: Vec<StepMasks> = sequences.iter().map(|sequence| self.step_masks(index, sequence)).collect();
        let mut dw = self.no_weights(width);
        let mut results: Vec<(Rows, Rows)> =
            above.iter().map(|above| (above.clone(), vec![Vec::new(); above.len()])).collect();
        let mut deltas: Vec<Rows> = vec![Vec::new(); steps.len()];
        let longest = steps.iter().map(|steps| steps.len()).max().unwrap_or(0);
        for t in self.order(longest, index).into_iter().rev() {
            let live: Vec<usize> = (0..steps.len()).filter(|&b| t < steps[b].len()).collect();
            let mut parts = Vec::new();
            for &b in &live {
                add(&mut memories[b].h, &above[b][t]); // from above and from the next step: now whole
                results[b].0[t] = cell.traced(&w, &memories[b]);
                let [own, kept] = masks[b].parted(t, &memories[b]);
                if let CellKind::Rnn { activation } = self.spec.cell {
                    let slopes = steps[b][t].after.h.iter().map(|h| activation.slope(*h));
                    deltas[b].push(own.h.iter().zip(slopes).map(|(d, slope)| d * slope).collect());
                }
                parts.push([own, kept]);
            }
            let made: Vec<(Vec<f64>, Memory)> = match self.spec.form.norm {
                None => {
                    let made = live.iter().zip(&parts).map(|(&b, [own, _])| {
                        w.mask = masks[b].candidate.get(t).cloned().unwrap_or_default();
                        w.recurrent.clone_from(&masks[b].recurrent);
                        cell.backward(&w, &steps[b][t], own, &mut dw)
                    });
                    made.collect()
                }
                Some(_) => {
                    let these: Vec<&Step> = live.iter().map(|&b| &steps[b][t]).collect();
                    let d: Vec<Memory> = parts.iter().map(|[own, _]| own.clone()).collect();
                    self.normed((index, t), &w, at(&live, &masks, t)).backward(&these, &d, &mut dw)
                }
            };
            for ((&b, (input, memory)), [_, kept]) in live.iter().zip(made).zip(parts) {
                (results[b].1[t], memories[b]) = (input, memory);
                add(&mut memories[b].h, &kept.h);
                add(&mut memories[b].c, &kept.c);
            }
        }
        for (((sequence, steps), mut deltas), masks) in sequences.iter().zip(steps).zip(deltas).zip(&masks) {
            if let (Some(factor), CellKind::Rnn { activation }) = (sequence.vanishing.get(&self.layer), self.spec.cell)
            {
                // Each but the first step has one before, whose state it read.
                deltas.reverse();
                let order = self.order(steps.len(), index);
                let slope = |t: &usize| steps[*t].after.h.iter().map(|h| activation.slope(*h)).collect();
                let links = order.iter().zip(deltas.into_iter().skip(1));
                let links: Vec<Link> = links.map(|(t, delta)| Link { delta, slope: slope(t) }).collect();
                // Where the state is masked, the matrix between two sums is W with masked columns.
                let kept = |i: usize| masks.recurrent.get(i % self.spec.units()).copied().unwrap_or(1.0);
                let between: Vec<f64> = w.hh.iter().enumerate().map(|(i, w)| kept(i) * w).collect();
                let more = vanishing::gradient(&between, &links);
                dw.hh.iter_mut().zip(more).enumerate().for_each(|(i, (d, more))| *d += factor * kept(i) * more);
            }
        }
        dw.write(sums, self.spec, &self.spec.suffix(index));
        results
    }

    fn normed<'w>(&'w self, (index, t): (usize, usize), w: &'w Weights, masks: Vec<Masks<'w>>) -> Normed<'w> {
        let norm = self.spec.form.norm.expect("a norm inside");
        Normed::new(self.spec, norm, w, (self.params, &self.spec.suffix(index), t), masks)
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

/// What acts on these sequences at step `t`.
fn at<'m>(live: &[usize], masks: &'m [StepMasks], t: usize) -> Vec<Masks<'m>> {
    let of = |&b: &usize| Masks {
        candidate: masks[b].candidate.get(t).map_or(&[][..], Vec::as_slice),
        recurrent: &masks[b].recurrent,
    };
    live.iter().map(of).collect()
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
