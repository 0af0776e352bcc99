//! Reads a bundle that comes in pieces: each number goes to its tensor as it comes, so that nothing is there twice.

use crate::bundle::{Bundle, Elements, Tensor};
use crate::error::Error;
use crate::json::{self, Value};
use crate::text::quoted;
use rnn::heap_sort;

/// A bundle on its way: to be fed its bytes in order, in pieces as they come.
///
/// # Errors
/// `FormatError` for bytes that are not such a file: truncated, overlapping or unaccounted data, unknown types, a piece that
/// ends within a number. `MemoryError` when the tensors do not fit.
pub struct Reader {
    /// Bytes of the file.
    length: usize,
    /// The file's beginning, until the header is whole.
    head: Vec<u8>,
    /// Once it is: tensors with room for their elements, and the bytes of each.
    bundle: Option<Bundle>,
    sizes: Vec<usize>,
    /// The tensor that is being filled.
    at: usize,
}

fn fail(what: &str) -> Error {
    Error::format(["not a readable safetensors file: ", what].concat())
}

impl Reader {
    pub fn new(length: usize) -> Reader {
        Reader { length, head: Vec::new(), bundle: None, sizes: Vec::new(), at: 0 }
    }

    /// # Errors
    /// As [`Reader`].
    pub fn feed(&mut self, mut piece: &[u8]) -> Result<(), Error> {
        while self.bundle.is_none() && !piece.is_empty() {
            let (now, later) = piece.split_at(piece.len().min(self.header_end()? - self.head.len()));
            self.head.extend_from_slice(now);
            piece = later;
            if self.head.len() >= 8 && self.head.len() == self.header_end()? {
                self.bundle = Some(self.open()?);
            }
        }
        let Some(bundle) = &mut self.bundle else { return Ok(()) };
        while self.at < self.sizes.len() {
            let elements = &mut bundle.tensors[self.at].elements;
            let missing = self.sizes[self.at] - elements.size();
            let (now, later) = piece.split_at(piece.len().min(missing));
            if !elements.extend(now) {
                return Err(fail("a piece ends within a number"));
            }
            piece = later;
            if now.len() < missing {
                break;
            }
            self.at += 1;
        }
        if piece.is_empty() { Ok(()) } else { Err(fail("data is longer than its tensors")) }
    }

    /// # Errors
    /// As [`Reader`].
    pub fn finish(self) -> Result<Bundle, Error> {
        let cut = if self.head.len() < 8 { "shorter than its header length" } else { "header is cut off" };
        let bundle = self.bundle.ok_or_else(|| fail(cut))?;
        if self.at == self.sizes.len() { Ok(bundle) } else { Err(fail("data is cut off")) }
    }

    /// Bytes up to the data, as far as that is known yet.
    fn header_end(&self) -> Result<usize, Error> {
        let Some(&length) = self.head.first_chunk::<8>() else { return Ok(8) };
        let length = usize::try_from(u64::from_le_bytes(length)).map_err(|_| fail("header length out of range"))?;
        length.checked_add(8).filter(|&end| end <= self.length).ok_or_else(|| fail("header is cut off"))
    }

    /// Makes room for what the header describes.
    fn open(&mut self) -> Result<Bundle, Error> {
        let data = self.length - self.head.len();
        let header: Value = json::from_slice(&self.head[8..]).map_err(|_| fail("header is not JSON"))?;
        let header = header.as_object().ok_or_else(|| fail("header is not an object"))?;
        let mut bundle = Bundle::default();
        let mut found = Vec::with_capacity(header.len());
        for (name, entry) in header {
            if name == "__metadata__" {
                let notes = entry.as_object().ok_or_else(|| fail("__metadata__ is not an object"))?;
                for (key, value) in notes {
                    let value = value.as_str().ok_or_else(|| fail("__metadata__ holds a value that is not text"))?;
                    bundle.note(key, value);
                }
                continue;
            }
            let shape = whole_numbers(&entry["shape"]).ok_or_else(|| fail("a tensor has no shape"))?;
            let offsets = whole_numbers(&entry["data_offsets"]).filter(|o| o.len() == 2);
            let [start, stop] = offsets.ok_or_else(|| fail("a tensor has no offsets"))?[..] else {
                return Err(fail("a tensor has no offsets"));
            };
            if start > stop || stop > data {
                return Err(fail("data is cut off"));
            }
            found.push((start, stop, name, shape, entry["dtype"].as_str().unwrap_or_default()));
        }
        // The header's order is that of its keys; the file's order is that of the data.
        heap_sort(&mut found, |a, b| (a.0, a.1) < (b.0, b.1));
        let mut at = 0;
        for (start, stop, name, shape, dtype) in found {
            if start != at {
                return Err(fail("data has gaps or overlaps"));
            }
            at = stop;
            let broken = |how: &str| fail(&["tensor ", &quoted(name), how].concat());
            let elements = Elements::with_room(dtype, stop - start);
            let elements = elements.ok_or_else(|| broken(" has an unknown type or a broken size"))?;
            let elements = elements.map_err(|_| Error::memory("the data", data))?;
            let bytes = shape.iter().try_fold(elements.width(), |n, &d| n.checked_mul(d));
            if bytes != Some(stop - start) {
                return Err(broken(" does not fill its shape"));
            }
            self.sizes.push(stop - start);
            bundle.tensors.push(Tensor { name: name.clone(), shape, elements });
        }
        if at != data {
            return Err(fail("data is longer than its tensors"));
        }
        Ok(bundle)
    }
}

fn whole_numbers(value: &Value) -> Option<Vec<usize>> {
    let list = value.as_array()?;
    list.iter().map(|v| v.as_u64().and_then(|n| usize::try_from(n).ok())).collect()
}
