//! What an optimiser remembers, as named tensors of a checkpoint, each after a prefix of the caller's. NOT: what it means (optim).
//!
//! | tensor | shape |
//! |---|---|
//! | `optimizer.{buffer}.{parameter}` | the parameter's, or `[n]` where a buffer has something for each row or column |
//! | `optimizer.{number}` | one for each part that is moved in its own way: `[1]` without groups |

use crate::bundle::Bundle;
use crate::describe::update::Update;
use crate::error::Error;
use crate::file::File;
use crate::groups::divide;
use crate::memory::buffer;
use crate::places::{places, trained};
use crate::text::quoted;
use crate::update::{Remembered, read_flat};
use optim::{Extent, Optimizer, State};
use rnn::ParameterTable;

/// For each trained parameter that buffer `index` has something for: the tensor's name and its length.
fn parts(optimizer: &Optimizer, index: usize, table: &ParameterTable, prefix: &str) -> Vec<(String, usize)> {
    let (extent, name) = (optimizer.extent(index), optimizer.buffers()[index]);
    let tensors = places(table).tensors;
    let lengths = tensors.iter().map(|t| extent.of(t.matrix, t.rows.len(), t.columns));
    let named = trained(table).map(|p| format!("{prefix}optimizer.{name}.{}", p.name)).zip(lengths);
    named.filter(|(_, length)| *length > 0).collect()
}

pub fn write<'a>(
    optimizer: &Optimizer,
    state: &Remembered<'a>,
    table: &'a ParameterTable,
    prefix: &str,
    into: &mut File<'a>,
) {
    for (index, (name, moment)) in optimizer.buffers().iter().zip(state.buffers).enumerate() {
        if optimizer.extent(index) == Extent::Elements {
            into.flat(table, moment, &format!("{prefix}optimizer.{name}."));
            continue;
        }
        let (mut bundle, mut rest) = (Bundle::default(), moment.as_slice());
        for (name, length) in parts(optimizer, index, table, prefix) {
            let (part, after) = rest.split_at(length);
            bundle.f32(name, vec![length], part.to_vec());
            rest = after;
        }
        into.add(bundle);
    }
    let mut bundle = Bundle::default();
    let names = optimizer.scalars();
    for (i, name) in names.iter().enumerate() {
        let numbers = state.scalars.iter().skip(i).step_by(names.len());
        bundle.f64(format!("{prefix}optimizer.{name}"), numbers.copied().collect());
    }
    into.add(bundle);
}

/// The inverse of [`write`].
///
/// # Errors
/// `FormatError` for what is missing or does not fit.
pub fn read(update: &Update, table: &ParameterTable, prefix: &str, from: &mut Bundle) -> Result<State, Error> {
    let optimizer = &update.optimizer;
    let unfit = |e: Error| Error::format(format!("the saved run does not fit the network: {}", e.message));
    let parts_moved = divide(table, update).map_err(unfit)?.0.len();
    let wrong = |name: &str| Error::format(format!("tensor {} is missing or does not fit", quoted(name)));
    let mut state = State::default();
    for (index, name) in optimizer.buffers().iter().enumerate() {
        let mut moment = Vec::new();
        if optimizer.extent(index) == Extent::Elements {
            moment = buffer(table.len())?;
            read_flat(table, &mut moment, &format!("{prefix}optimizer.{name}."), from)?;
        } else {
            for (name, length) in parts(optimizer, index, table, prefix) {
                let part = from.take_f32(&name)?.filter(|(shape, _)| *shape == [length]);
                moment.extend(part.ok_or_else(|| wrong(&name))?.1);
            }
        }
        state.buffers.push(moment);
    }
    let names = optimizer.scalars();
    state.scalars = vec![0.0; names.len() * parts_moved];
    for (i, name) in names.iter().enumerate() {
        let name = format!("{prefix}optimizer.{name}");
        let numbers = from.take_f64(&name)?.filter(|numbers| numbers.len() == parts_moved);
        let numbers = numbers.ok_or_else(|| wrong(&name))?;
        state.scalars.iter_mut().skip(i).step_by(names.len()).zip(numbers).for_each(|(to, number)| *to = number);
    }
    Ok(state)
}
