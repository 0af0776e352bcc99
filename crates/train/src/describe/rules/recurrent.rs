//! Rules of one recurrent layer.

use super::integer;
use crate::error::Error;
use crate::json::Value;

/// Checks what the options of a recurrent layer have to do with each other; `path` makes that of a field.
///
/// # Errors
/// `ConfigError`.
pub fn check(layer: &Value, path: &dyn Fn(&str) -> String) -> Result<(), Error> {
    if !layer["forgetBias"].is_null() && layer["bias"] == false {
        return Err(Error::conflict(path("forgetBias"), "needs bias: true"));
    }
    if let (Some(size), Some(hidden)) = (integer(&layer["projSize"]), integer(&layer["hiddenSize"]))
        && size >= hidden
    {
        return Err(Error::config(
            path("projSize"),
            format!("fewer than the {hidden} of hiddenSize"),
            size.to_string(),
        ));
    }
    Ok(())
}

/// Numbers in a row of what it gives; none for other layers.
pub fn width(layer: &Value) -> Option<usize> {
    let units = integer(&layer["projSize"]).or_else(|| integer(&layer["hiddenSize"]))?;
    Some(units * if layer["bidirectional"] == true { 2 } else { 1 })
}
