//! Memory that is asked for and may not be had.

use crate::error::Error;

/// A buffer of zeros, or a `MemoryError`.
pub fn buffer(length: usize) -> Result<Vec<f32>, Error> {
    filled(&[length], 0.0)
}

/// A tensor of this shape and one value, or a `MemoryError`.
pub fn filled(shape: &[usize], value: f32) -> Result<Vec<f32>, Error> {
    let length = shape.iter().fold(1usize, |n, &d| n.saturating_mul(d));
    let mut buffer = Vec::new();
    let bytes = length.saturating_mul(size_of::<f32>());
    buffer.try_reserve_exact(length).map_err(|_| Error::memory("a tensor", bytes))?;
    buffer.resize(length, value);
    Ok(buffer)
}

/// Makes room for `length` elements in all, or a `MemoryError`.
pub fn room_for<T>(buffer: &mut Vec<T>, length: usize) -> Result<(), Error> {
    let missing = length.saturating_sub(buffer.len());
    let bytes = length.saturating_mul(size_of::<T>());
    buffer.try_reserve_exact(missing).map_err(|_| Error::memory("the data", bytes))
}
