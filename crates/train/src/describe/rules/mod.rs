//! What options have to do with each other, after each has been checked by itself; fills in what follows from others.

pub mod full_batch;
pub mod lbfgs;
pub mod loss;
pub mod model;
mod optimizers;
mod recurrent;
pub mod run;
pub mod schedule;

use crate::describe::walk::quoted;
use crate::error::Error;
use crate::json::Value;

/// A list of texts that have to differ.
fn distinct(list: &Value, path: &str) -> Result<(), Error> {
    let texts: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    // Sorted with their places, so that a large vocabulary takes no time.
    let mut order: Vec<usize> = (0..texts.len()).collect();
    rnn::heap_sort(&mut order, |&a, &b| (texts[a], a) < (texts[b], b));
    match order.windows(2).filter(|pair| texts[pair[0]] == texts[pair[1]]).map(|pair| pair[1]).min() {
        Some(i) => {
            Err(Error::config(format!("{path}[{i}]"), "texts that differ", [&quoted(texts[i]), " again"].concat()))
        }
        None => Ok(()),
    }
}

/// An integer that the table has checked.
pub(super) fn integer(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|n| usize::try_from(n).ok())
}

/// A number that the table has checked.
pub(super) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

pub(super) fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
