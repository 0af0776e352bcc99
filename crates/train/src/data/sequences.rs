//! Sequences given by the user, of any lengths, with their targets, weights and initial states.

use super::form::{Form, Input, Target};
use super::ids::Ids;
use super::samples::{Samples, undo};
use super::targets::{check_labels, check_numbers};
use super::tokens::Tokens;
use crate::bundle::{Bundle, Elements};
use crate::describe::model::Scale;
use crate::encoding::scaler::{Columns, Scaler};
use crate::error::Error;
use crate::text;
use std::rc::Rc;

/// Initial h and c of a recurrent layer.
type Given = (Vec<f32>, Vec<f32>);

pub struct Sequences {
    /// Row at which each sequence begins, and the number of rows at the end.
    starts: Vec<usize>,
    width: usize,
    values: Vec<f32>,
    tokens: Option<Tokens>,
    /// Numbers in a target row.
    target_width: usize,
    /// In the user's units: a truth of zero, which has no share of error, must stay one.
    targets: Vec<f32>,
    /// One for each target, or the labels of one sequence after the other, which begin at `label_starts`.
    classes: Vec<i32>,
    label_starts: Vec<usize>,
    every: bool,
    weights: Vec<f32>,
    /// One for each recurrent layer: h and c of every sequence, [sequences, levels, hidden].
    initial: Vec<Given>,
    output: Option<Rc<Scaler>>,
}

impl Sequences {
    /// Takes a "sequences" bundle apart. Targets may be absent (`predict`).
    ///
    /// # Errors
    /// `ShapeError` and `DataError` that name the argument.
    pub fn new(mut bundle: Bundle, form: &Form) -> Result<Sequences, Error> {
        let lengths = bundle.take_i32("lengths")?.ok_or_else(|| Error::format("the bundle has no lengths"))?;
        if lengths.is_empty() {
            return Err(Error::data("x", "at least one sequence", "none"));
        }
        let mut starts = vec![0; lengths.len() + 1];
        for (i, &n) in lengths.iter().enumerate() {
            let n = usize::try_from(n).ok().filter(|&n| n > 0);
            starts[i + 1] = starts[i] + n.ok_or_else(|| Error::data(format!("x[{i}]"), "at least one step", "none"))?;
        }
        let rows = starts[lengths.len()];
        let (mut values, mut tokens, mut width) = (Vec::new(), None, 1);
        match form.input {
            Input::Values(size) => {
                let (shape, data) = bundle.take_f32("x")?.ok_or_else(|| Error::data("x", "numbers", "tokens"))?;
                if shape != [rows, size] {
                    return Err(Error::shape("x", format!("[{rows}, {size}]"), text::shape(&shape)));
                }
                (values, width) = (data, size);
            }
            Input::Tokens(vocabulary) => {
                let tensor = bundle.take("tokens").ok_or_else(|| Error::data("x", "tokens", "numbers"))?;
                if tensor.elements.len() != rows {
                    return Err(Error::shape("x", format!("{rows} tokens"), tensor.elements.len().to_string()));
                }
                tokens = Some(Tokens::new(tensor, vocabulary)?);
            }
        }
        let every = form.each_step();
        let count = if every { rows } else { lengths.len() };
        let (mut targets, mut classes, mut label_starts, mut target_width) = (Vec::new(), Vec::new(), Vec::new(), 1);
        match form.target {
            Target::Values(size) | Target::Distributions(size) => {
                if let Some((shape, data)) = bundle.take_f32("y")? {
                    if shape != [count, size] {
                        return Err(Error::shape("y", format!("[{count}, {size}]"), text::shape(&shape)));
                    }
                    targets = data;
                }
                target_width = size;
            }
            Target::Classes(n) => {
                if let Some(data) = bundle.take_i32("classes")? {
                    if data.len() != count {
                        return Err(Error::shape("y", format!("{count} classes"), data.len().to_string()));
                    }
                    if let Some(i) = data.iter().position(|&c| c >= n as i32) {
                        return Err(Error::data(format!("y[{i}]"), format!("a class below {n}"), data[i].to_string()));
                    }
                    classes = data;
                }
            }
            Target::Labels(_) => {
                if let Some(data) = bundle.take_i32("labels")? {
                    let counts = bundle.take_i32("labelLengths")?.unwrap_or_default();
                    label_starts.push(0);
                    label_starts.extend(counts.iter().scan(0, |at, &n| {
                        *at += usize::try_from(n).unwrap_or_default();
                        Some(*at)
                    }));
                    let whole = counts.len() == lengths.len() && label_starts[counts.len()] == data.len();
                    if !whole {
                        return Err(Error::format("the bundle does not say where labels begin"));
                    }
                    classes = data;
                }
            }
        }
        let weights = match bundle.take_f32("weight")? {
            None => Vec::new(),
            Some((_, w)) if w.len() == count => w,
            // One weight a sequence holds for each of its steps.
            Some((_, w)) if w.len() == lengths.len() => {
                (0..w.len()).flat_map(|i| std::iter::repeat_n(w[i], starts[i + 1] - starts[i])).collect()
            }
            Some((_, w)) => return Err(Error::shape("sampleWeight", format!("{count} weights"), w.len().to_string())),
        };
        let path = |row: usize| {
            if !every {
                return format!("y[{row}]");
            }
            let i = starts.partition_point(|&start| start <= row) - 1;
            format!("y[{i}][{}]", row - starts[i])
        };
        let counts = |row: usize| weights.get(row) != Some(&0.0);
        check_numbers(&targets, form, &counts, &path)?;
        for (i, at) in label_starts.windows(2).enumerate().filter(|(i, _)| counts(*i)) {
            check_labels(&classes[at[0]..at[1]], starts[i + 1] - starts[i], form, &path(i))?;
        }
        let initial = initial_states(&mut bundle, form, lengths.len())?;
        let output = None;
        Ok(Sequences {
            starts,
            width,
            values,
            tokens,
            target_width,
            targets,
            classes,
            label_starts,
            every,
            weights,
            initial,
            output,
        })
    }

    pub fn has_targets(&self) -> bool {
        !(self.targets.is_empty() && self.classes.is_empty() && self.label_starts.is_empty())
    }

    /// Columns of the inputs of some samples, for fitting and for warnings.
    pub fn input_columns(&self, samples: &Ids) -> Columns {
        columns(&self.values, self.width, &|row| {
            for i in samples.iter() {
                (self.starts[i as usize]..self.starts[i as usize + 1]).for_each(&mut *row);
            }
        })
    }

    /// A scaler of the targets of some samples; masked ones do not count.
    pub fn fit_output(&self, kind: Scale, samples: &Ids) -> Scaler {
        let columns = columns(&self.targets, self.target_width, &|row| {
            for i in samples.iter() {
                let counts = |row: &usize| self.weights.get(*row) != Some(&0.0);
                self.target_rows(i as usize).filter(counts).for_each(&mut *row);
            }
        });
        Scaler::fit(kind, &columns)
    }

    /// Brings inputs into the network's units, once, and targets whenever they are asked for.
    pub fn scale(&mut self, input: Option<&Scaler>, output: Option<&Rc<Scaler>>) {
        if let Some(scaler) = input {
            scaler.apply_rows(&mut self.values);
        }
        self.output = output.cloned();
    }

    fn target_rows(&self, sample: usize) -> std::ops::Range<usize> {
        if self.every { self.starts[sample]..self.starts[sample + 1] } else { sample..sample + 1 }
    }

    fn target_row(&self, sample: usize, step: usize) -> usize {
        self.target_rows(sample).start + step
    }
}

impl Samples for Sequences {
    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn steps(&self, sample: usize) -> usize {
        self.starts[sample + 1] - self.starts[sample]
    }

    fn input(&self, sample: usize, step: usize, row: &mut [f32]) {
        row.copy_from_slice(&self.values[(self.starts[sample] + step) * self.width..][..self.width]);
    }

    fn token(&self, sample: usize, step: usize) -> u32 {
        let tokens = self.tokens.as_ref().expect("the form of the inputs was checked");
        tokens.get(self.starts[sample] + step)
    }

    fn target(&self, sample: usize, step: usize, row: &mut [f32]) {
        row.copy_from_slice(&self.targets[self.target_row(sample, step) * self.target_width..][..row.len()]);
        if let Some(scaler) = &self.output {
            scaler.apply_rows(row);
        }
    }

    fn class(&self, sample: usize, step: usize) -> i32 {
        self.classes[self.target_row(sample, step)]
    }

    fn labels(&self, sample: usize) -> &[i32] {
        &self.classes[self.label_starts[sample]..self.label_starts[sample + 1]]
    }

    fn weight(&self, sample: usize, step: usize) -> f32 {
        if self.weights.is_empty() { 1.0 } else { self.weights[self.target_row(sample, step)] }
    }

    fn weighted(&self) -> bool {
        !self.weights.is_empty()
    }

    fn initial(&self, sample: usize, layer: usize) -> Option<(&[f32], &[f32])> {
        let (h, c) = self.initial.get(layer)?;
        let of = |all: &[f32]| {
            let width = all.len() / self.len();
            sample * width..(sample + 1) * width
        };
        Some((&h[of(h)], &c[of(c)]))
    }

    fn restore(&self, sample: usize, step: usize, predicted: &[f32], user: &mut [f64], truth: &mut [f64]) {
        undo(self.output.as_deref(), predicted, user);
        undo(None, &self.targets[self.target_row(sample, step) * self.target_width..][..predicted.len()], truth);
    }
}

/// Is told each row.
type Row<'a> = dyn FnMut(usize) + 'a;

/// Of the rows that `rows` names in a table [rows, width].
fn columns(table: &[f32], width: usize, rows: &dyn Fn(&mut Row)) -> Columns {
    Columns::of(width, &|show| {
        rows(&mut |row| {
            let numbers = &table[row * width..(row + 1) * width];
            numbers.iter().enumerate().for_each(|(j, &v)| show(j, f64::from(v)));
        });
    })
}

/// `state.{k}.h` and `state.{k}.c` are [levels, batch, hidden]; here a sample's levels stand together.
fn initial_states(bundle: &mut Bundle, form: &Form, batch: usize) -> Result<Vec<Given>, Error> {
    let given = |bundle: &Bundle| bundle.tensors.iter().filter(|t| t.name.starts_with("state.")).count();
    if given(bundle) == 0 {
        return Ok(Vec::new());
    }
    if let Some(shape) = form.states.iter().find(|shape| shape.counts) {
        let why = format!(
            "not for layers[{}], whose normalization has statistics of each step by its number: a state does not tell its own",
            shape.layer
        );
        return Err(Error::conflict("initialState", &why));
    }
    let mut states = Vec::new();
    for (k, shape) in form.states.iter().enumerate() {
        let mut part = |letter: &str, width: usize| -> Result<Vec<f32>, Error> {
            let wanted = width > 0;
            let expected = vec![shape.levels, batch, width];
            let name = format!("state.{k}.{letter}");
            let path = format!("initialState[{k}].{letter}");
            match bundle.take(&name) {
                None if wanted => {
                    Err(Error::data(path, format!("a tensor of shape {}", text::shape(&expected)), "nothing"))
                }
                None => Ok(Vec::new()),
                Some(_) if !wanted => Err(Error::data(path, "nothing (the layer has no cell state)", "a tensor")),
                Some(t) if t.shape != expected => {
                    Err(Error::shape(path, text::shape(&expected), text::shape(&t.shape)))
                }
                Some(t) => {
                    let Elements::F32(data) = t.elements else {
                        return Err(Error::data(path, "numbers", t.elements.dtype()));
                    };
                    Ok(swap_axes(&data, shape.levels, batch, width))
                }
            }
        };
        states.push((part("h", shape.hidden)?, part("c", shape.memory)?));
    }
    if given(bundle) > 0 {
        let expected = format!("{} states, one for each recurrent layer", form.states.len());
        return Err(Error::data("initialState", expected, "more"));
    }
    Ok(states)
}

/// [a, b, n] → [b, a, n].
fn swap_axes(data: &[f32], a: usize, b: usize, n: usize) -> Vec<f32> {
    let blocks = (0..b).flat_map(|j| (0..a).map(move |i| (i * b + j) * n));
    blocks.flat_map(|at| data[at..at + n].iter().copied()).collect()
}
