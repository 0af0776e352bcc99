//! Rules of a run's description, and of what all updates share.

use super::{full_batch, lbfgs, number, schedule};
use crate::describe::rows::gradients::CLIP;
use crate::describe::rows::optimizers::OPTIMIZER;
use crate::describe::stopping;
use crate::describe::table::Kind;
use crate::describe::walk::check;
use crate::error::Error;
use crate::json::{Value, json};

/// Checks a run that the table has passed, and fills in what follows without a look at the data.
///
/// # Errors
/// `ConfigError`.
pub fn finish(run: &mut Value) -> Result<(), Error> {
    finish_update(run)?;
    full_batch::fill(run)?;
    if lbfgs::is(&run["optimizer"]) {
        lbfgs::check(run)?;
    }
    if ["epochs", "steps", "seconds"].into_iter().all(|end| run[end].is_null()) {
        run["epochs"] = json!(100);
    }
    stopping::finish(run)?;
    if run["validationSplit"].as_f64().is_some() {
        run["validationSplit"] = json!({ "fraction": run["validationSplit"], "from": "end" });
    }
    let (k1, k2) = (&run["truncation"]["k1"], &run["truncation"]["k2"]);
    if number(k2) < number(k1) {
        let expected = format!("at least k1, {k1}");
        return Err(Error::config("truncation.k2", expected, k2.to_string()));
    }
    if number(&run["gradientAccumulation"]) > 1.0 && !run["truncation"].is_null() {
        let why = "does not go with truncation, which makes several updates of a batch";
        return Err(Error::conflict("gradientAccumulation", why));
    }
    if run["carryState"] == true && run["shuffle"] == true {
        return Err(Error::conflict("shuffle", "carryState needs windows in their order"));
    }
    Ok(())
}

/// The same for the optimiser, which runs, trainers and online learners have.
///
/// # Errors
/// `ConfigError`.
pub fn finish_update(options: &mut Value) -> Result<(), Error> {
    if let Some(kind) = options["optimizer"].as_str() {
        let named = json!({ "kind": kind });
        options["optimizer"] = check(&Kind::Tagged(&OPTIMIZER), &named, &mut "optimizer".into())?;
    }
    lbfgs::finish(&mut options["optimizer"]);
    let optimizer = &options["optimizer"];
    super::optimizers::check(optimizer)?;
    if options["clip"].is_null() {
        let clip = if lbfgs::is(optimizer) { json!("none") } else { json!({ "norm": 5 }) };
        options["clip"] = check(&CLIP, &clip, &mut "clip".into())?;
    }
    let optimizer = &options["optimizer"];
    if !options["average"].is_null() && ["asgd", "scheduleFree"].contains(&super::word(&optimizer["kind"])) {
        return Err(Error::conflict("average", "the optimizer averages weights itself"));
    }
    schedule::finish(&mut options["optimizer"])
}
