//! Flat buffers of the layout of parameters as named tensors in their natural shapes, and back.

use crate::bundle::Bundle;
use crate::error::Error;
use crate::text::{quoted, shape as shape_text};
use rnn::ParameterTable;

/// Writes a flat buffer as one natural tensor a parameter, each name after `prefix`.
pub fn write_flat(table: &ParameterTable, flat: &[f32], prefix: &str, into: &mut Bundle) {
    for (index, parameter) in table.entries().iter().enumerate() {
        let mut natural = vec![0.0; parameter.count()];
        table.export(index, flat, &mut natural);
        into.f32(format!("{prefix}{}", parameter.name), parameter.shape.clone(), natural);
    }
}

/// The inverse of [`write_flat`].
///
/// # Errors
/// `FormatError` for a missing or misshapen tensor.
pub fn read_flat(table: &ParameterTable, flat: &mut [f32], prefix: &str, from: &mut Bundle) -> Result<(), Error> {
    for (index, parameter) in table.entries().iter().enumerate() {
        let name = format!("{prefix}{}", parameter.name);
        match from.take_f32(&name)? {
            Some((shape, natural)) if shape == parameter.shape => table.import(index, &natural, flat),
            Some((shape, _)) => {
                let expected = &parameter.shape;
                return Err(Error::format(format!(
                    "tensor {} has shape {}, expected {}",
                    quoted(&name),
                    shape_text(&shape),
                    shape_text(expected)
                )));
            }
            None => return Err(Error::format(format!("tensor {} is missing", quoted(&name)))),
        }
    }
    Ok(())
}
