//! The one error of the house: a record that crosses to JavaScript as data and becomes a subclass of `RetrogradError`
//! there. NOT: broken invariants, which are panics.

use crate::json::{Map, Value};
use rnn::Loss;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Which subclass of `RetrogradError` it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// A tensor has the wrong number of axes or the wrong size.
    Shape,
    /// A description or an option is wrong.
    Config,
    /// The user's data are wrong: NaN, an unknown token, an empty set.
    Data,
    /// Training left the finite numbers.
    Divergence,
    /// What was asked for does not fit in memory.
    Memory,
    /// A file is not what it should be.
    Format,
}

impl ErrorClass {
    /// The name of the class in TypeScript.
    pub const fn name(self) -> &'static str {
        match self {
            ErrorClass::Shape => "ShapeError",
            ErrorClass::Config => "ConfigError",
            ErrorClass::Data => "DataError",
            ErrorClass::Divergence => "DivergenceError",
            ErrorClass::Memory => "MemoryError",
            ErrorClass::Format => "FormatError",
        }
    }
}

/// Bad input, with its place: a pointer to its [`Record`], since every `Result` on the way moves it.
#[derive(Clone, Debug, PartialEq)]
pub struct Error(Box<Record>);

/// What an error says.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub class: ErrorClass,
    /// Stable, for programs: `unknownOption`, `outOfMemory` …
    pub code: &'static str,
    /// For people: `layers[1].hiddenSize: expected a positive integer, got -3`.
    pub message: String,
    pub path: Option<Box<str>>,
    pub expected: Option<Box<str>>,
    pub received: Option<Box<str>>,
    /// Numbers beside the text (step, bytes …), fields of the record.
    pub details: Vec<(&'static str, f64)>,
}

impl Error {
    /// An error that is a sentence.
    pub fn new(class: ErrorClass, code: &'static str, message: impl Into<String>) -> Error {
        let message = message.into();
        let record = Record { class, code, message, path: None, expected: None, received: None, details: Vec::new() };
        Error(Box::new(record))
    }

    /// An error about one value: `path: expected …, got …`.
    pub fn at(
        class: ErrorClass,
        code: &'static str,
        path: impl Into<Box<str>>,
        expected: impl Into<Box<str>>,
        received: impl Into<Box<str>>,
    ) -> Error {
        Error::boxed(class, code, path.into(), expected.into(), received.into())
    }

    /// Apart from [`Error::at`], so that there is one copy of it and not one for each kind of text.
    fn boxed(class: ErrorClass, code: &'static str, path: Box<str>, expected: Box<str>, received: Box<str>) -> Error {
        let colon = if path.is_empty() { "" } else { ": " };
        let message = [&*path, colon, "expected ", &expected, ", got ", &received].concat();
        let mut error = Error::new(class, code, message);
        (error.path, error.expected, error.received) = (Some(path), Some(expected), Some(received));
        error
    }

    /// `ShapeError`.
    pub fn shape(path: impl Into<Box<str>>, expected: impl Into<Box<str>>, received: impl Into<Box<str>>) -> Error {
        Error::at(ErrorClass::Shape, "wrongShape", path, expected, received)
    }

    /// `ConfigError`: an option has the wrong type or is out of its range.
    pub fn config(path: impl Into<Box<str>>, expected: impl Into<Box<str>>, received: impl Into<Box<str>>) -> Error {
        Error::at(ErrorClass::Config, "wrongOption", path, expected, received)
    }

    /// `ConfigError`: options that are right each by itself do not go together. The sentence says why.
    pub fn conflict(path: impl Into<Box<str>>, why: &str) -> Error {
        let path = path.into();
        let message = [&*path, ": ", why].concat();
        Error::new(ErrorClass::Config, "conflictingOptions", message).about(path)
    }

    /// `DataError`.
    pub fn data(path: impl Into<Box<str>>, expected: impl Into<Box<str>>, received: impl Into<Box<str>>) -> Error {
        Error::at(ErrorClass::Data, "wrongData", path, expected, received)
    }

    /// `DivergenceError`: `what` says which tensor is how, `path` is that tensor, `step` the update (from 1) in which it was
    /// seen; `last_loss` is the last finite loss (NaN if there was none).
    pub fn divergence(path: &str, what: &str, step: u64, last_loss: f64) -> Error {
        let message = format!("training diverged at step {step}: {what}; try a smaller learningRate");
        Error::new(ErrorClass::Divergence, "diverged", message)
            .about(path)
            .detail("step", step as f64)
            .detail("lastLoss", last_loss)
    }

    /// `MemoryError`: `bytes` could not be had for `what`.
    pub fn memory(what: &str, bytes: usize) -> Error {
        let message = format!("{what} needs {bytes} bytes, which are not to be had");
        Error::new(ErrorClass::Memory, "outOfMemory", message).detail("bytes", bytes as f64)
    }

    /// `FormatError`.
    pub fn format(message: impl Into<String>) -> Error {
        Error::new(ErrorClass::Format, "unreadableFile", message)
    }

    /// The same about an argument that the caller knows by another name.
    pub fn renamed(mut self, from: &str, to: &str) -> Error {
        // Both begin with the path.
        let renamed = |text: &str| text.strip_prefix(from).map(|rest| [to, rest].concat());
        if let Some(path) = self.path.as_deref().and_then(renamed) {
            self.message = renamed(&self.message).unwrap_or_default();
            self.path = Some(path.into());
        }
        self
    }

    /// The same about a field of an argument.
    pub fn within(self, argument: &str) -> Error {
        let field = [argument, "."].concat();
        self.renamed("", &field)
    }

    /// With a code of its own.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Error {
        self.code = code;
        self
    }

    /// With its place.
    #[must_use]
    pub fn about(mut self, path: impl Into<Box<str>>) -> Error {
        self.path = Some(path.into());
        self
    }

    /// With a number beside the text.
    #[must_use]
    pub fn detail(mut self, name: &'static str, value: f64) -> Error {
        self.details.push((name, value));
        self
    }

    /// With more to the message: `…; did you mean "learningRate"?`.
    #[must_use]
    pub fn hint(mut self, hint: &str) -> Error {
        self.message.push_str("; ");
        self.message.push_str(hint);
        self
    }

    /// Of a divergence under this loss: a user's own may be what is at fault.
    #[must_use]
    pub fn under(self, loss: &Loss) -> Error {
        match loss {
            Loss::Own(_) => self.hint("or see whether the custom loss gives numbers that are finite"),
            _ => self,
        }
    }

    /// The record that crosses: `{class, code, message, path?, expected?, received?, ...details}`. A detail that is not
    /// finite is `null`, since JSON has no other.
    pub fn to_json(&self) -> String {
        let mut record = Map::new();
        let mut put = |key: &str, text: &str| record.insert(key.into(), Value::from(text));
        put("class", self.class.name());
        put("code", self.code);
        put("message", &self.message);
        for (key, text) in [("path", &self.path), ("expected", &self.expected), ("received", &self.received)] {
            if let Some(text) = text {
                put(key, text);
            }
        }
        for (key, number) in &self.details {
            record.insert((*key).into(), Value::from(*number));
        }
        Value::Object(record).to_string()
    }
}

impl Deref for Error {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Record {
        &mut self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn one_value_reads_as_a_sentence_and_crosses_as_a_record() {
        let error = Error::config("layers[1].hiddenSize", "a positive integer", "-3");
        assert_eq!(error.to_string(), "layers[1].hiddenSize: expected a positive integer, got -3");
        let record: Value = json::from_str(&error.to_json()).expect("JSON");
        assert_eq!(
            record,
            json::json!({
                "class": "ConfigError", "code": "wrongOption", "path": "layers[1].hiddenSize",
                "message": "layers[1].hiddenSize: expected a positive integer, got -3",
                "expected": "a positive integer", "received": "-3",
            })
        );
    }

    #[test]
    fn every_class_has_its_code_and_details_are_fields() {
        let cases = [
            (Error::shape("x", "[B, T, 3]", "[B, T, 2]"), "ShapeError", "wrongShape"),
            (Error::conflict("keep", "needs validation"), "ConfigError", "conflictingOptions"),
            (Error::data("x[3]", "a finite number", "NaN"), "DataError", "wrongData"),
            (Error::divergence("loss", "the loss is odd", 7, f64::NAN), "DivergenceError", "diverged"),
            (Error::memory("the session", 1 << 30), "MemoryError", "outOfMemory"),
            (Error::format("cut off"), "FormatError", "unreadableFile"),
            (Error::data("x", "a", "b").code("emptyData"), "DataError", "emptyData"),
        ];
        for (error, class, code) in cases {
            let record: Value = json::from_str(&error.to_json()).expect("JSON");
            assert_eq!((record["class"].as_str(), record["code"].as_str()), (Some(class), Some(code)));
        }
        let record: Value = json::from_str(&Error::memory("the session", 4096).to_json()).expect("JSON");
        assert_eq!(record["bytes"].as_u64(), Some(4096));
        let record: Value =
            json::from_str(&Error::divergence("loss", "the loss is odd", 7, f64::NAN).to_json()).expect("JSON");
        assert_eq!((&record["step"], &record["lastLoss"]), (&Value::from(7), &Value::Null));
    }
}
