//! From a data bundle to the samples that a run reads: checked, split into a training and a validation part, scaled by
//! the model's constants (fitted here, on the training part, when this is the first fit).

use super::batch::total_weight;
use super::form::{Form, Target};
use super::ids::Ids;
use super::samples::Samples;
use super::sequences::Sequences;
use super::series::Series;
use super::text::{Cut, Text};
use super::tokens::Tokens;
use crate::bundle::Bundle;
use crate::describe::model::{Classes, Input, ModelDescription, Scale, Target as Described};
use crate::describe::run::{From, Split};
use crate::encoding::Encoding;
use crate::encoding::scaler::{Columns, Scaler};
use crate::encoding::series::SeriesEncoding;
use crate::error::Error;
use crate::text::{number, quoted};
use rnn::At;
use std::rc::Rc;

/// Some of the samples of a data set.
#[derive(Clone)]
pub struct Part {
    pub samples: Rc<dyn Samples>,
    pub ids: Ids,
    /// Samples that go side by side with a carried state.
    pub streams: Option<usize>,
}

impl Part {
    fn whole(samples: impl Samples + 'static, streams: Option<usize>) -> Part {
        Part { ids: Ids::first(samples.len()), samples: Rc::new(samples), streams }
    }
}

pub struct Prepared {
    pub training: Part,
    pub validation: Option<Part>,
    pub warnings: Vec<String>,
}

/// What the preparation has to know of the model and the run.
pub struct Request<'a> {
    pub description: &'a ModelDescription,
    pub form: &'a Form,
    pub split: Option<Split>,
    /// Of the random split.
    pub seed: u64,
    /// Steps of a text's window.
    pub window: usize,
    /// How a text is cut for training.
    pub cut: Cut,
}

/// Prepares the data of a fit; `encoding` is filled in when it is empty.
///
/// # Errors
/// `DataError` and `ShapeError` for data that cannot be used, with their place.
pub fn prepare(request: &Request, mut bundle: Bundle, encoding: &mut Encoding) -> Result<Prepared, Error> {
    match bundle.metadata("kind") {
        Some("text") => text(request, &mut bundle),
        Some("series") => series(request, &mut bundle, encoding),
        _ => sequences(request, bundle, encoding),
    }
}

/// Prepares data that are used whole: `evaluate`, validation data, a batch of a source.
///
/// # Errors
/// As [`prepare`]; `ConfigError` when the model's constants are not fitted yet.
pub fn prepare_whole(request: &Request, bundle: Bundle, encoding: &Encoding) -> Result<Part, Error> {
    encoding.require(request.description)?;
    let request = Request { split: None, cut: Cut::Figures, ..*request };
    Ok(prepare(&request, bundle, &mut encoding.clone())?.training)
}

fn text(request: &Request, bundle: &mut Bundle) -> Result<Prepared, Error> {
    let super::form::Input::Tokens(vocabulary) = request.form.input else {
        return Err(Error::data("data", "samples or a table", "a text, for a model without a vocabulary"));
    };
    if request.description.output.target != Described::NextToken {
        return Err(Error::data(
            "data",
            "samples with targets",
            "a text, for a model that does not predict the next token",
        ));
    }
    let tensor = bundle.take("tokens").ok_or_else(|| Error::data("data", "a text", "nothing"))?;
    let tokens = Rc::new(Tokens::new(tensor, vocabulary)?);
    let end = tokens.count();
    let cut = training_count(end, request.split);
    let enough = |part: &str, n: usize| {
        if n < 2 {
            return Err(Error::data("data", format!("at least 2 characters{part}"), n.to_string()));
        }
        Ok(())
    };
    enough(in_training(request), cut)?;
    let part = |range, cut| {
        let text = Text::new(tokens.clone(), range, request.window, cut);
        let streams = text.streams();
        Part::whole(text, streams)
    };
    let validation = match request.split {
        None => None,
        Some(_) => {
            enough(" in the validation part", end - cut)?;
            Some(part(cut..end, Cut::Figures))
        }
    };
    Ok(Prepared { training: part(0..cut, request.cut), validation, warnings: Vec::new() })
}

/// Where data are missing, unless they are used whole.
fn in_training(request: &Request) -> &'static str {
    if request.split.is_some() { " in the training part" } else { "" }
}

/// Items of the training part when the validation part is taken from the end: at least one for each, where there are
/// two.
fn training_count(n: usize, split: Option<Split>) -> usize {
    let Some(split) = split else { return n };
    let validation = (n as f64 * split.fraction).round() as usize;
    n - validation.clamp(1, n.saturating_sub(1).max(1)).min(n)
}

fn series(request: &Request, bundle: &mut Bundle, encoding: &mut Encoding) -> Result<Prepared, Error> {
    let Input::Series(plan) = &request.description.input else {
        return Err(Error::data("data", "samples", "a table, for a model without a series"));
    };
    let table = plan.table(bundle)?;
    let needed = plan.first_origin() + plan.predicted() + 1;
    let rows = table.rows;
    let mut cut = training_count(rows, request.split);
    // The validation part has to hold one horizon, where the rest is long enough.
    if request.split.is_some() && rows >= needed + plan.predicted() {
        cut = cut.min(rows - plan.predicted());
    }
    if cut < needed {
        let expected = format!("at least {needed} rows{} (difference + window + horizon)", in_training(request));
        return Err(Error::data("data", expected, cut.to_string()));
    }
    let fitted = encoding.series.get_or_insert_with(|| Rc::new(SeriesEncoding::fit(plan.clone(), &table, cut))).clone();
    let border = if request.split.is_some() { cut } else { 0 };
    let samples: Rc<dyn Samples> = Rc::new(Series::new(fitted, table, request.form.at == At::Every, border));

    // A sample belongs to the part that holds all rows that it predicts; those across the border to none.
    let first = plan.first_origin() + 1;
    let training = Ids::first(samples.len().min(cut + 1 - first - plan.predicted()));
    let validation = request.split.map(|_| {
        let ids = Ids::Range((cut - first) as u32..samples.len().max(cut - first) as u32);
        Part { samples: samples.clone(), ids, streams: None }
    });
    if let Some(part) = &validation
        && part.ids.is_empty()
    {
        let expected = format!("at least {} rows in the validation part (horizon)", plan.predicted());
        return Err(Error::data("validationSplit", expected, (rows - cut).to_string()));
    }
    let warnings = Vec::new();
    Ok(Prepared { training: Part { samples, ids: training, streams: None }, validation, warnings })
}

fn sequences(request: &Request, bundle: Bundle, encoding: &mut Encoding) -> Result<Prepared, Error> {
    if matches!(request.description.input, Input::Series(_)) {
        return Err(Error::data("data", "a table", "samples, for a model of a series"));
    }
    let mut sequences = Sequences::new(bundle, request.form)?;
    if !sequences.has_targets() {
        return Err(Error::data("y", "targets", "none"));
    }
    let (training, validation) = split(sequences.len(), request.split, request.seed)?;
    if let Some(part) = &validation {
        check_classes(request, &sequences, &training, &sequences, part)?;
    }
    let mut warnings = Vec::new();
    if let Input::Values { scale, .. } = request.description.input {
        if scale != Scale::None && encoding.input.is_none() {
            let scaler = Scaler::fit(scale, &sequences.input_columns(&training));
            encoding.input = Some(Rc::new(scaler));
        }
        if scale == Scale::None {
            warn_of_large(&sequences.input_columns(&training), &mut warnings);
        }
    }
    if let Described::Values { scale, .. } = request.description.output.target
        && scale != Scale::None
        && encoding.output.is_none()
    {
        encoding.output = Some(Rc::new(sequences.fit_output(scale, &training)));
    }
    sequences.scale(encoding.input.as_deref(), encoding.output.as_ref());
    let samples: Rc<dyn Samples> = Rc::new(sequences);
    let part = |ids| Part { samples: samples.clone(), ids, streams: None };
    let prepared = Prepared { training: part(training), validation: validation.map(part), warnings };
    for part in [Some(&prepared.training), prepared.validation.as_ref()].into_iter().flatten() {
        if total_weight(&*part.samples, &mut part.ids.iter(), request.form) == 0.0 {
            let parts = if prepared.validation.is_some() { " in each part" } else { "" };
            let expected = format!("at least one target that counts{parts}");
            return Err(Error::data("y", expected, "none").code("allMasked"));
        }
    }
    Ok(prepared)
}

fn split(n: usize, split: Option<Split>, seed: u64) -> Result<(Ids, Option<Ids>), Error> {
    let Some(described) = split else { return Ok((Ids::first(n), None)) };
    if n < 2 {
        return Err(Error::data("validationSplit", "at least 2 sequences to split", n.to_string()));
    }
    let training = training_count(n, split);
    let order: Vec<u32> = match described.from {
        From::End => (0..n as u32).collect(),
        From::Random => {
            let mut order = vec![0; n];
            rnn::permutation(seed, rnn::Purpose::Split, 0, &mut order);
            order
        }
    };
    // The parts keep the order of the data, so that only the choice is random.
    let mut chosen = vec![false; n];
    order[..training].iter().for_each(|&i| chosen[i as usize] = true);
    let (ids, validation) = (0..n as u32).partition(|&i| chosen[i as usize]);
    Ok((Ids::List(ids), Some(Ids::List(validation))))
}

/// A class that validation has must have been trained, whether it was split off or given apart.
///
/// # Errors
/// `DataError` for the first that was not.
pub fn check_classes(
    request: &Request,
    trained: &dyn Samples,
    training: &Ids,
    validated: &dyn Samples,
    validation: &Ids,
) -> Result<(), Error> {
    let (Target::Classes(classes) | Target::Labels(classes)) = request.form.target else { return Ok(()) };
    let description = request.description;
    let mut seen = vec![false; classes];
    let each = |from: &dyn Samples, ids: &Ids, call: &mut dyn FnMut(u32, i32)| {
        for i in ids.iter() {
            let sample = i as usize;
            if let Target::Labels(_) = request.form.target {
                let labels = if from.weight(sample, 0) > 0.0 { from.labels(sample) } else { &[] };
                labels.iter().for_each(|&label| call(i, label));
                continue;
            }
            let steps = if request.form.each_step() { from.steps(sample) } else { 1 };
            let classes = (0..steps).map(|t| from.class(sample, t));
            classes.filter(|&class| request.form.loss.class_weight(class) > 0.0).for_each(|class| call(i, class));
        }
    };
    each(trained, training, &mut |_, class| {
        if class >= 0 {
            seen[class as usize] = true;
        }
    });
    let mut missing = None;
    each(validated, validation, &mut |i, class| {
        if class >= 0 && !seen[class as usize] && missing.is_none() {
            missing = Some((i, class));
        }
    });
    match missing {
        None => Ok(()),
        Some((i, class)) => {
            let received = format!("class {} (sequence {i}), which is not", label(description, class));
            let error = |path: &str, expected: &str| Error::data(path, expected, &*received).code("untrainedClass");
            Err(match request.split {
                Some(_) => error("validationSplit", "each class of the validation part in the training part too")
                    .hint("data ordered by class want { fraction, from: \"random\" }"),
                None => error("validationData", "each class in the training data too"),
            })
        }
    }
}

/// A class as the user named it.
fn label(description: &ModelDescription, class: i32) -> String {
    match &description.output.target {
        Described::Classes(Classes::Labels(labels)) => quoted(&labels[class as usize]),
        _ => class.to_string(),
    }
}

fn warn_of_large(columns: &Columns, warnings: &mut Vec<String>) {
    const LARGE: f64 = 10.0;
    let large = columns.mean.iter().zip(&columns.deviation).position(|(m, d)| m.abs() > LARGE || *d > LARGE);
    if let Some(j) = large {
        let (mean, deviation) = (columns.mean[j], columns.deviation[j]);
        let rounded = |v: f64| (v * 1000.0).round() / 1000.0;
        warnings.push(format!(
            "input column {j} has mean {} and standard deviation {}; \
             input.scale: \"standard\" would make it easier to learn from",
            number(rounded(mean)),
            number(rounded(deviation)),
        ));
    }
}
