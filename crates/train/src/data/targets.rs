//! What targets have to be for a loss to be one: checked once, before anything is learned.

use super::form::{Form, Target};
use crate::error::Error;
use crate::text::number;
use rnn::Loss;
use rnn::losses::ctc::needed;

/// How far probabilities may be from 1 in sum: rounded ones are taken, others are none.
const SLACK: f64 = 1e-3;

/// Targets in rows of `form.target.width()` numbers; `counts` says whether a row is not masked, `path` where it is.
///
/// # Errors
/// `DataError` with the place of the first number that the loss has no meaning for.
pub fn check_numbers(
    targets: &[f32],
    form: &Form,
    counts: &dyn Fn(usize) -> bool,
    path: &dyn Fn(usize) -> String,
) -> Result<(), Error> {
    let expected = match (&form.loss, form.target) {
        (Loss::Binary(_), _) => "a number from 0 to 1",
        (Loss::Poisson(_), _) => "a count: a number from 0",
        (_, Target::Distributions(_)) => "a probability: a number from 0",
        _ => return Ok(()),
    };
    let most = if matches!(form.loss, Loss::Binary(_)) { 1.0 } else { f32::INFINITY };
    for (row, numbers) in targets.chunks_exact(form.target.width()).enumerate().filter(|(row, _)| counts(*row)) {
        if let Some(j) = numbers.iter().position(|t| !(0.0..=most).contains(t)) {
            let place = if numbers.len() > 1 { format!("{}[{j}]", path(row)) } else { path(row) };
            return Err(Error::data(place, expected, number(f64::from(numbers[j]))));
        }
        if let Target::Distributions(n) = form.target {
            let sum: f64 = numbers.iter().map(|&t| f64::from(t)).sum();
            if (sum - 1.0).abs() > SLACK {
                let expected = format!("{n} probabilities with sum 1");
                return Err(Error::data(path(row), expected, format!("sum {}", number((sum * 1e4).round() / 1e4))));
            }
        }
    }
    Ok(())
}

/// The labels of one sequence of so many steps.
///
/// # Errors
/// `DataError` for a label that is none, or the blank; for more labels than can be aligned, unless such count as nothing.
pub fn check_labels(labels: &[i32], steps: usize, form: &Form, path: &str) -> Result<(), Error> {
    let (Loss::Ctc(ctc), Target::Labels(classes)) = (&form.loss, form.target) else { return Ok(()) };
    for (j, &label) in labels.iter().enumerate() {
        let place = || format!("{path}[{j}]");
        if label < 0 || label as usize >= classes {
            return Err(Error::data(place(), format!("a class below {classes}"), label.to_string()));
        }
        if label as usize == ctc.blank {
            return Err(Error::data(place(), "a label that is not the blank", label.to_string()).code("blankLabel"));
        }
    }
    let wanted = needed(labels);
    if wanted > steps && !ctc.zero_infinity {
        let expected = format!("labels that {steps} steps can give: one each, and a blank between equal ones");
        let error = Error::data(path, expected, format!("{} labels, which take {wanted}", labels.len()));
        return Err(error.code("targetTooLong").hint("loss.zeroInfinity leaves such sequences aside"));
    }
    Ok(())
}
