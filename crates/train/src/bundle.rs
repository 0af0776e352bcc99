//! The one container for tensors: safetensors bytes, used for checkpoints, parameters and everything that crosses to
//! JavaScript. NOT: what the tensors mean.
//!
//! Form: header length (u64, little-endian), JSON header padded with spaces to a multiple of 8, data. Source: the
//! safetensors format description. Only the types that the house uses are read: F32, F64, I32, U8, U16, U32.

use crate::error::Error;
use crate::file::File;
use crate::json::{self, Value};
use crate::text::quoted;
use rnn::heap_sort;

/// The elements of one tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I32(Vec<i32>),
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
}

/// A named tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub elements: Elements,
}

impl Tensor {
    fn mistyped(&self, expected: &str) -> Error {
        let (name, dtype) = (quoted(&self.name), self.elements.dtype());
        Error::format(format!("tensor {name} has type {dtype}, expected {expected}"))
    }
}

/// Shape and elements of a tensor of 32-bit floats.
pub type Floats = (Vec<usize>, Vec<f32>);

/// Tensors in their order, and text beside them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bundle {
    pub metadata: Vec<(String, String)>,
    pub tensors: Vec<Tensor>,
}

macro_rules! with_elements {
    ($value:expr, $v:ident => $body:expr) => {
        match $value {
            Elements::F32($v) => $body,
            Elements::F64($v) => $body,
            Elements::I32($v) => $body,
            Elements::U8($v) => $body,
            Elements::U16($v) => $body,
            Elements::U32($v) => $body,
        }
    };
}

impl Elements {
    pub fn len(&self) -> usize {
        with_elements!(self, v => v.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of all elements.
    pub fn size(&self) -> usize {
        with_elements!(self, v => size_of_val(v.as_slice()))
    }

    pub fn dtype(&self) -> &'static str {
        match self {
            Elements::F32(_) => "F32",
            Elements::F64(_) => "F64",
            Elements::I32(_) => "I32",
            Elements::U8(_) => "U8",
            Elements::U16(_) => "U16",
            Elements::U32(_) => "U32",
        }
    }

    /// Calls `sink` with the bytes of the elements, little-endian, a chunk at a time.
    pub fn each_bytes(&self, mut sink: impl FnMut(&[u8])) {
        with_elements!(self, v => v.iter().for_each(|x| sink(&x.to_le_bytes())));
    }

    fn read(dtype: &str, bytes: &[u8]) -> Option<Elements> {
        macro_rules! parse {
            ($kind:ident, $type:ty) => {{
                let (chunks, []) = bytes.as_chunks() else { return None };
                Elements::$kind(chunks.iter().map(|&c| <$type>::from_le_bytes(c)).collect())
            }};
        }
        Some(match dtype {
            "F32" => parse!(F32, f32),
            "F64" => parse!(F64, f64),
            "I32" => parse!(I32, i32),
            "U8" => Elements::U8(bytes.to_vec()),
            "U16" => parse!(U16, u16),
            "U32" => parse!(U32, u32),
            _ => return None,
        })
    }
}

impl Bundle {
    pub fn push(&mut self, name: impl Into<String>, shape: Vec<usize>, elements: Elements) {
        debug_assert_eq!(shape.iter().product::<usize>(), elements.len());
        self.tensors.push(Tensor { name: name.into(), shape, elements });
    }

    pub fn f32(&mut self, name: impl Into<String>, shape: Vec<usize>, data: Vec<f32>) {
        self.push(name, shape, Elements::F32(data));
    }

    pub fn f64(&mut self, name: impl Into<String>, data: Vec<f64>) {
        self.push(name, vec![data.len()], Elements::F64(data));
    }

    pub fn note(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.metadata.push((key.into(), text.into()));
    }

    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    pub fn find(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|t| t.name == name)
    }

    /// Takes a tensor out, so that its elements are moved and not copied.
    pub fn take(&mut self, name: &str) -> Option<Tensor> {
        let at = self.tensors.iter().position(|t| t.name == name)?;
        Some(self.tensors.remove(at))
    }

    /// Takes a tensor of 32-bit floats out.
    ///
    /// # Errors
    /// `FormatError` when it is there with another type.
    pub fn take_f32(&mut self, name: &str) -> Result<Option<Floats>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Tensor { shape, elements: Elements::F32(data), .. }) => Ok(Some((shape, data))),
            Some(other) => Err(other.mistyped("F32")),
        }
    }

    /// As [`Bundle::take_f32`], of 64-bit floats.
    pub fn take_f64(&mut self, name: &str) -> Result<Option<Vec<f64>>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Tensor { elements: Elements::F64(data), .. }) => Ok(Some(data)),
            Some(other) => Err(other.mistyped("F64")),
        }
    }

    /// As [`Bundle::take_f32`], of 32-bit integers.
    pub fn take_i32(&mut self, name: &str) -> Result<Option<Vec<i32>>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Tensor { elements: Elements::I32(data), .. }) => Ok(Some(data)),
            Some(other) => Err(other.mistyped("I32")),
        }
    }

    /// As a file.
    ///
    /// # Panics
    /// When the memory for it cannot be had.
    pub fn write(self) -> Vec<u8> {
        File::from(self).write().unwrap_or_else(|error| panic!("{}", error.message))
    }

    /// # Errors
    /// `FormatError` for bytes that are not such a file: truncated, overlapping or unaccounted data, unknown types.
    pub fn read(file: &[u8]) -> Result<Bundle, Error> {
        let fail = |what: &str| Error::format(format!("not a readable safetensors file: {what}"));
        let length = file.first_chunk::<8>().ok_or_else(|| fail("shorter than its header length"))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| fail("header length out of range"))?;
        let end = length.checked_add(8).filter(|&e| e <= file.len()).ok_or_else(|| fail("header is cut off"))?;
        let (text, data) = (&file[8..end], &file[end..]);
        let header: Value = json::from_slice(text).map_err(|_| fail("header is not JSON"))?;
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
            let dtype = entry["dtype"].as_str().ok_or_else(|| fail("a tensor has no dtype"))?;
            let shape = whole_numbers(&entry["shape"]).ok_or_else(|| fail("a tensor has no shape"))?;
            let offsets = whole_numbers(&entry["data_offsets"]).filter(|o| o.len() == 2);
            let [start, stop] = offsets.ok_or_else(|| fail("a tensor has no offsets"))?[..] else {
                return Err(fail("a tensor has no offsets"));
            };
            let bytes = data.get(start..stop).ok_or_else(|| fail("data is cut off"))?;
            let elements = Elements::read(dtype, bytes)
                .ok_or_else(|| fail(&format!("tensor {} has an unknown type or a broken size", quoted(name))))?;
            let count = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
            if count != Some(elements.len()) {
                return Err(fail(&format!("tensor {} does not fill its shape", quoted(name))));
            }
            found.push((start, stop, Tensor { name: name.clone(), shape, elements }));
        }
        // The header's order is that of its keys; the file's order is that of the data.
        heap_sort(&mut found, |a, b| (a.0, a.1) < (b.0, b.1));
        let mut at = 0;
        for (start, stop, tensor) in found {
            if start != at {
                return Err(fail("data has gaps or overlaps"));
            }
            at = stop;
            bundle.tensors.push(tensor);
        }
        if at != data.len() {
            return Err(fail("data is longer than its tensors"));
        }
        Ok(bundle)
    }
}

fn whole_numbers(value: &Value) -> Option<Vec<usize>> {
    let list = value.as_array()?;
    list.iter().map(|v| v.as_u64().and_then(|n| usize::try_from(n).ok())).collect()
}
