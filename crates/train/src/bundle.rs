//! The one container for tensors: safetensors bytes, used for checkpoints, parameters and everything that crosses to
//! JavaScript. NOT: what the tensors mean.
//!
//! Form: header length (u64, little-endian), JSON header padded with spaces to a multiple of 8, data. Source: the
//! safetensors format description. Only the types that the house uses are read: F32, F64, I32, U8, U16, U32.

use crate::error::Error;
use crate::file::File;
use crate::reader::Reader;
use crate::text::quoted;
use std::collections::TryReserveError;

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

    /// Bytes of one element.
    pub(crate) fn width(&self) -> usize {
        match self {
            Elements::U8(_) => 1,
            Elements::U16(_) => 2,
            Elements::F32(_) | Elements::I32(_) | Elements::U32(_) => 4,
            Elements::F64(_) => 8,
        }
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

    /// Empty, with room for `size` bytes of elements; nothing of an unknown type or where elements do not fill the size.
    pub(crate) fn with_room(dtype: &str, size: usize) -> Option<Result<Elements, TryReserveError>> {
        macro_rules! empty {
            ($kind:ident, $type:ty) => {{
                if size % size_of::<$type>() != 0 {
                    return None;
                }
                let mut elements: Vec<$type> = Vec::new();
                elements.try_reserve_exact(size / size_of::<$type>()).map(|()| Elements::$kind(elements))
            }};
        }
        Some(match dtype {
            "F32" => empty!(F32, f32),
            "F64" => empty!(F64, f64),
            "I32" => empty!(I32, i32),
            "U8" => empty!(U8, u8),
            "U16" => empty!(U16, u16),
            "U32" => empty!(U32, u32),
            _ => return None,
        })
    }

    /// Takes whole elements in; `false` where the bytes end within one.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> bool {
        macro_rules! parse {
            ($to:ident, $type:ty) => {{
                let (chunks, rest) = bytes.as_chunks();
                $to.extend(chunks.iter().map(|&c| <$type>::from_le_bytes(c)));
                rest.is_empty()
            }};
        }
        match self {
            Elements::F32(v) => parse!(v, f32),
            Elements::F64(v) => parse!(v, f64),
            Elements::I32(v) => parse!(v, i32),
            Elements::U8(v) => {
                v.extend_from_slice(bytes);
                true
            }
            Elements::U16(v) => parse!(v, u16),
            Elements::U32(v) => parse!(v, u32),
        }
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
    /// As [`Reader`].
    pub fn read(file: &[u8]) -> Result<Bundle, Error> {
        let mut reader = Reader::new(file.len());
        reader.feed(file)?;
        reader.finish()
    }
}
