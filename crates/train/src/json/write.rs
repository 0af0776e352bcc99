//! Values as text.

use super::{Value, number};
use std::fmt::{self, Display, Formatter, Write};

/// Without spaces; as JavaScript's `JSON.stringify` does it.
impl Display for Value {
    fn fmt(&self, out: &mut Formatter) -> fmt::Result {
        match self {
            Value::Null => out.write_str("null"),
            Value::Bool(b) => out.write_str(if *b { "true" } else { "false" }),
            Value::Number(x) if x.is_finite() => out.write_str(&number::format(*x)),
            Value::Number(_) => out.write_str("null"),
            Value::String(text) => string(text, out),
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    out.write_char(if i == 0 { '[' } else { ',' })?;
                    item.fmt(out)?;
                }
                out.write_str(if items.is_empty() { "[]" } else { "]" })
            }
            Value::Object(fields) => {
                for (i, (name, value)) in fields.iter().enumerate() {
                    out.write_char(if i == 0 { '{' } else { ',' })?;
                    string(name, out)?;
                    out.write_char(':')?;
                    value.fmt(out)?;
                }
                out.write_str(if fields.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

fn string(text: &str, out: &mut Formatter) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.write_char('\\')?;
                out.write_char(c)?;
            }
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if c < ' ' => write!(out, "\\u{:04x}", c as u32)?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}
