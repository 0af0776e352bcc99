//! Tensors on their way into a file: those of a flat buffer are borrowed, and become natural one at a time, so that
//! writing a model takes the memory of its file and of its largest tensor. NOT: reading (bundle).

use crate::bundle::{Bundle, Elements};
use crate::error::Error;
use crate::json::{Map, Value, json};
use rnn::ParameterTable;

#[derive(Default)]
pub struct File<'a> {
    metadata: Vec<(String, String)>,
    parts: Vec<Part<'a>>,
}

struct Part<'a> {
    name: String,
    shape: Vec<usize>,
    content: Content<'a>,
}

enum Content<'a> {
    Elements(Elements),
    /// The parameter of this index in a flat buffer.
    Flat(&'a ParameterTable, usize, &'a [f32]),
}

impl From<Bundle> for File<'_> {
    fn from(bundle: Bundle) -> Self {
        let mut file = File::default();
        file.add(bundle);
        file
    }
}

impl<'a> File<'a> {
    pub fn note(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.metadata.push((key.into(), text.into()));
    }

    pub fn add(&mut self, bundle: Bundle) {
        self.metadata.extend(bundle.metadata);
        let parts = bundle.tensors.into_iter();
        self.parts.extend(parts.map(|t| Part { name: t.name, shape: t.shape, content: Content::Elements(t.elements) }));
    }

    /// A flat buffer as one natural tensor a parameter, each name after `prefix`.
    pub fn flat(&mut self, table: &'a ParameterTable, flat: &'a [f32], prefix: &str) {
        for (index, parameter) in table.entries().iter().enumerate() {
            let name = [prefix, &parameter.name].concat();
            let content = Content::Flat(table, index, flat);
            self.parts.push(Part { name, shape: parameter.shape.clone(), content });
        }
    }

    /// # Errors
    /// `MemoryError` when the file does not fit.
    pub fn write(self) -> Result<Vec<u8>, Error> {
        let mut header = Map::new();
        if !self.metadata.is_empty() {
            let text: Map = self.metadata.into_iter().map(|(k, v)| (k, Value::from(v))).collect();
            header.insert("__metadata__".into(), Value::Object(text));
        }
        let (mut end, mut largest) = (0, 0);
        for Part { name, shape, content } in &self.parts {
            let start = end;
            let (dtype, size) = match content {
                Content::Elements(elements) => (elements.dtype(), elements.size()),
                Content::Flat(table, index, _) => ("F32", table.entries()[*index].count() * size_of::<f32>()),
            };
            end += size;
            largest = largest.max(size);
            header.insert(name.clone(), json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, end] }));
        }
        let mut text = Value::Object(header).to_string().into_bytes();
        text.resize(text.len().next_multiple_of(8), b' ');
        let length = 8 + text.len() + end;
        let mut file = Vec::new();
        file.try_reserve_exact(length).map_err(|_| Error::memory("a file", length))?;
        let mut natural = Vec::new();
        natural.try_reserve_exact(largest / size_of::<f32>()).map_err(|_| Error::memory("a file", length + largest))?;
        file.extend_from_slice(&(text.len() as u64).to_le_bytes());
        file.extend_from_slice(&text);
        for Part { content, .. } in self.parts {
            match content {
                Content::Elements(elements) => elements.each_bytes(|bytes| file.extend_from_slice(bytes)),
                Content::Flat(table, index, flat) => {
                    natural.clear();
                    natural.resize(table.entries()[index].count(), 0.0);
                    table.export(index, flat, &mut natural);
                    natural.iter().for_each(|x: &f32| file.extend_from_slice(&x.to_le_bytes()));
                }
            }
        }
        Ok(file)
    }
}
