//! Text as values: RFC 8259, nothing more.

use super::{Map, Value, number};
use std::fmt::{self, Display, Formatter};

/// How deep lists and objects may lie in each other.
const DEPTH: usize = 128;

/// Text that is not JSON, and the byte where that shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable(pub usize);

impl Display for Unreadable {
    fn fmt(&self, out: &mut Formatter) -> fmt::Result {
        write!(out, "not JSON at byte {}", self.0)
    }
}

/// # Errors
/// For text that is not one JSON value.
pub fn from_str(text: &str) -> Result<Value, Unreadable> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0).filter(|_| reader.peek().is_none());
    value.ok_or(Unreadable(reader.at))
}

/// # Errors
/// As [`from_str`], and for bytes that are not UTF-8.
pub fn from_slice(bytes: &[u8]) -> Result<Value, Unreadable> {
    from_str(std::str::from_utf8(bytes).map_err(|e| Unreadable(e.valid_up_to()))?)
}

/// Each method reads from `at`, which stands at the fault when the answer is none.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        self.byte()
    }

    fn take(&mut self, token: &str) -> Option<()> {
        let found = self.text.as_bytes()[self.at..].starts_with(token.as_bytes());
        self.at += if found { token.len() } else { 0 };
        found.then_some(())
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.peek()? {
            b'n' => self.take("null").map(|()| Value::Null),
            b't' => self.take("true").map(|()| Value::Bool(true)),
            b'f' => self.take("false").map(|()| Value::Bool(false)),
            b'"' => self.string().map(Value::String),
            b'[' if depth < DEPTH => {
                let mut items = Vec::new();
                self.members(b']', |reader| {
                    items.push(reader.value(depth + 1)?);
                    Some(())
                })?;
                Some(Value::Array(items))
            }
            b'{' if depth < DEPTH => {
                let mut fields = Map::new();
                self.members(b'}', |reader| {
                    let name = reader.string()?;
                    reader.peek();
                    reader.take(":")?;
                    // Not `insert`: a file's header has as many fields as it has tensors. Of two alike the first counts.
                    fields.0.push((name, reader.value(depth + 1)?));
                    Some(())
                })?;
                Some(Value::Object(fields))
            }
            _ => self.number().map(Value::Number),
        }
    }

    /// What stands between brackets, with commas in between.
    fn members(&mut self, end: u8, mut member: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.at += 1;
        if self.peek()? == end {
            self.at += 1;
            return Some(());
        }
        loop {
            self.peek();
            member(self)?;
            let byte = self.peek()?;
            if byte != end && byte != b',' {
                return None;
            }
            self.at += 1;
            if byte == end {
                return Some(());
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut text = String::new();
        loop {
            // `get`, since the panic of a slice out of place would bring the tables of Unicode.
            let rest = self.text.get(self.at..)?;
            let plain = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < b' ').unwrap_or(rest.len());
            text.push_str(rest.get(..plain)?);
            self.at += plain;
            match self.byte()? {
                b'"' => {
                    self.at += 1;
                    return Some(text);
                }
                b'\\' => text.push(self.escape()?),
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        self.at += 1;
        let byte = self.byte()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                if !(0xd800..0xdc00).contains(&first) {
                    // A lone second half has no character either.
                    return char::from_u32(first);
                }
                self.take("\\u")?;
                let second = self.hex()?.checked_sub(0xdc00).filter(|s| *s < 0x400)?;
                char::from_u32(0x10000 + ((first - 0xd800) << 10) + second)?
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let mut code = 0;
        for _ in 0..4 {
            code = code << 4 | char::from(self.byte()?).to_digit(16)?;
            self.at += 1;
        }
        Some(code)
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.byte().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self) -> Option<f64> {
        let start = self.at;
        _ = self.take("-");
        // No further digit may follow a leading 0.
        if self.take("0").is_none() {
            self.digits()?;
        }
        if self.take(".").is_some() {
            self.digits()?;
        }
        if self.take("e").or_else(|| self.take("E")).is_some() {
            _ = self.take("+").or_else(|| self.take("-"));
            self.digits()?;
        }
        Some(number::parse(&self.text.as_bytes()[start..self.at]))
    }
}
