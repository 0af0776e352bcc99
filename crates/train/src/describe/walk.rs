//! The validator: walks a kind of the table over the caller's value and gives it back with the defaults filled in, or the
//! first thing that is wrong, with its path. NOT: what options have to do with each other.
//!
//! JSON has no NaN, infinity or function; the caller writes them as `{"$value": "NaN"}`.

use super::hint;
use super::table::{Default, Field, Keyed, Kind, Object, Tagged, Tell, Words};
use crate::error::{Error, ErrorClass};
use crate::json::{Map, Value};

/// Reads a caller's JSON as `object`.
///
/// # Errors
/// `ConfigError` with path, expectation and what came.
pub fn read(object: &'static Object, json: &str) -> Result<Value, Error> {
    let given: Value = crate::json::from_str(json).map_err(|e| Error::config("", "JSON", e.to_string()))?;
    check(&Kind::Object(object), &given, &mut String::new())
}

/// Checks one value at `path`.
///
/// # Errors
/// `ConfigError`.
pub fn check(kind: &Kind, given: &Value, path: &mut String) -> Result<Value, Error> {
    let wrong = |path: &str| Error::config(path, expected(kind), show(given));
    match kind {
        Kind::Integer(span) => match given.as_f64() {
            Some(x) if x > span.high as f64 => {
                Err(Error::config(path.as_str(), format!("an integer up to {}", span.high), show(given)))
            }
            Some(x) if x == x.trunc() && x >= f64::from(span.low) => Ok(given.clone()),
            _ => Err(wrong(path)),
        },
        Kind::Number(range) if given.as_f64().is_some_and(|x| range.holds(x)) => Ok(given.clone()),
        Kind::Bool | Kind::Text | Kind::Bytes if takes(kind, given) => Ok(given.clone()),
        Kind::Word(words) => match given.as_str() {
            Some(word) if words.now.contains(&word) => Ok(given.clone()),
            Some(word) if words.later.contains(&word) => Err(later(path, word)),
            _ => Err(hinted(wrong(path), given.as_str().and_then(|w| hint::word(w, words.now)))),
        },
        Kind::List(of, least) => match given.as_array().map(Vec::as_slice) {
            Some(items) if items.len() >= *least => {
                let checked =
                    items.iter().enumerate().map(|(i, item)| within(path, &format!("[{i}]"), |p| check(of, item, p)));
                Ok(Value::Array(checked.collect::<Result<_, _>>()?))
            }
            Some([]) => Err(Error::config(path.as_str(), expected(kind), "an empty one")),
            Some(items) => Err(Error::config(path.as_str(), expected(kind), items.len().to_string())),
            None => Err(wrong(path)),
        },
        Kind::Object(object) => match fields(given) {
            Some(fields) => check_fields(object, fields, &[], path),
            None => Err(wrong(path)),
        },
        Kind::Tagged(tagged) => match fields(given) {
            Some(fields) => check_tagged(tagged, fields, path),
            None => Err(wrong(path)),
        },
        Kind::Keyed(keyed) => match fields(given) {
            Some(fields) => check_keyed(keyed, fields, path),
            None => Err(wrong(path)),
        },
        // A value of the right type gives the better message of the two.
        Kind::Either(union) => match union.of.iter().find(|k| takes(k, given)) {
            // Of a wrong word only its hint is better.
            Some(Kind::Word(words)) if !given.as_str().is_some_and(|w| known(words, w)) => {
                Err(hinted(wrong(path), given.as_str().and_then(|w| hint::word(w, words.now))))
            }
            Some(kind) => check(kind, given, path),
            None => Err(wrong(path)),
        },
        Kind::Later(_) => Err(later(path, "it")),
        _ => Err(wrong(path)),
    }
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let plain = digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    plain && !digits.is_empty() && text.len().is_multiple_of(4) && text.len() - digits.len() <= 2
}

/// Whether there is such a word, or will be.
fn known(words: &Words, word: &str) -> bool {
    words.now.contains(&word) || words.later.contains(&word)
}

fn check_tagged(tagged: &Tagged, given: &Map, path: &mut String) -> Result<Value, Error> {
    let kind = given.get("kind");
    match tagged.of.iter().find(|o| kind.and_then(Value::as_str) == Some(o.kind())) {
        Some(object) => check_fields(object, given, &[], path),
        None => within(path, ".kind", |path| {
            let kinds: Vec<&str> = tagged.of.iter().map(|o| o.kind()).collect();
            let received = kind.map_or("nothing".into(), show);
            let error = Error::config(path.as_str(), either(kinds.iter().map(|k| quoted(k))), received);
            Err(hinted(error, kind.and_then(Value::as_str).and_then(|k| hint::word(k, &kinds))))
        }),
    }
}

fn check_keyed(keyed: &'static Keyed, given: &Map, path: &mut String) -> Result<Value, Error> {
    let has = |o: &&&Object| matches!(o.tell, Tell::Key(key) if given.contains_key(key));
    let chosen = keyed.of.iter().find(has).or_else(|| keyed.of.iter().find(|o| o.tell == Tell::Alone));
    match chosen {
        Some(object) => check_fields(object, given, keyed.of, path),
        None => {
            // A wrong name is a better answer than a missing one.
            let known = names(keyed.of.iter().copied());
            if let Some(name) = given.keys().find(|n| !known.contains(&n.as_str())) {
                return Err(unknown(name, &known, path));
            }
            Err(Error::config(path.as_str(), expected(&Kind::Keyed(keyed)), "an object without them"))
        }
    }
}

/// Checks an object; `alternatives` (which may be none) are told apart by a key.
fn check_fields(object: &Object, given: &Map, alternatives: &[&Object], path: &mut String) -> Result<Value, Error> {
    let mut checked = Map::new();
    if let Tell::Kind(kind) = object.tell {
        checked.insert("kind".into(), Value::from(kind));
    }
    for name in given.keys() {
        if checked.contains_key(name) || object.fields().any(|f| f.name == name) {
            continue;
        }
        if let Tell::Key(key) = object.tell
            && alternatives.iter().flat_map(|o| o.fields()).any(|f| f.name == name)
        {
            return within(path, &format!(".{name}"), |p| {
                Err(Error::conflict(p.as_str(), &format!("does not go with {key}")))
            });
        }
        // One that is taken for want of another key may have been meant to be another.
        let meant = if object.tell == Tell::Alone { alternatives } else { &[] };
        return Err(unknown(name, &names([object].into_iter().chain(meant.iter().copied())), path));
    }
    for Field { name, kind, default, .. } in object.fields() {
        let value = match (given.get(name), default) {
            (Some(given), _) => within(path, &format!(".{name}"), |p| check(kind, given, p))?,
            (None, Default::Is(json)) => {
                let value = crate::json::from_str(json).unwrap_or_default();
                within(path, &format!(".{name}"), |p| check(kind, &value, p))?
            }
            (None, Default::Required) => {
                return within(path, &format!(".{name}"), |p| Err(missing(p, &expected(kind))));
            }
            // A place for what a rule fills in, so that fields are always in the order of the table; nulls go in the end.
            (None, Default::Absent | Default::Follows(_)) => Value::Null,
        };
        checked.insert((*name).into(), value);
    }
    Ok(Value::Object(checked))
}

/// Names of the fields of some objects, each once.
fn names<'a>(objects: impl Iterator<Item = &'a Object>) -> Vec<&'static str> {
    let mut names = Vec::new();
    for field in objects.flat_map(|o| o.fields()) {
        if !names.contains(&field.name) {
            names.push(field.name);
        }
    }
    names
}

/// Runs `inner` one step deeper; the first step of a path has no dot before it.
fn within<T>(path: &mut String, step: &str, inner: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    path.push_str(if length == 0 { step.trim_start_matches('.') } else { step });
    let result = inner(path);
    path.truncate(length);
    result
}

/// The fields of an object that is not a stand-in for what JSON lacks.
fn fields(value: &Value) -> Option<&Map> {
    value.as_object().filter(|fields| !fields.contains_key("$value"))
}

/// Whether `kind` is about values of this JSON type.
fn takes(kind: &Kind, value: &Value) -> bool {
    match kind {
        Kind::Integer(_) | Kind::Number(_) => matches!(value, Value::Number(_)),
        Kind::Bool => matches!(value, Value::Bool(_)),
        Kind::Text | Kind::Word(_) => matches!(value, Value::String(_)),
        Kind::Bytes => value.as_str().is_some_and(is_base64),
        Kind::List(..) => matches!(value, Value::Array(_)),
        Kind::Object(_) | Kind::Tagged(_) | Kind::Keyed(_) => fields(value).is_some(),
        Kind::Either(union) => union.of.iter().any(|k| takes(k, value)),
        Kind::Later(_) => true,
    }
}

fn expected(kind: &Kind) -> String {
    either(alternatives(kind).into_iter())
}

fn alternatives(kind: &Kind) -> Vec<String> {
    vec![match kind {
        Kind::Integer(span) => span.text().into(),
        Kind::Number(range) => range.text().into(),
        Kind::Bool => "true or false".into(),
        Kind::Text => "text".into(),
        Kind::Bytes => "bytes, or a text of base64".into(),
        Kind::List(_, 0) => "a list".into(),
        Kind::List(_, 1) => "a list of at least one".into(),
        Kind::List(_, least) => ["a list of at least ", &least.to_string()].concat(),
        Kind::Object(object) => braces(object),
        Kind::Tagged(tagged) => ["an object of kind ", &either(tagged.of.iter().map(|o| quoted(o.kind())))].concat(),
        Kind::Word(words) => return words.now.iter().map(|w| quoted(w)).collect(),
        Kind::Keyed(keyed) => return keyed.of.iter().map(|o| braces(o)).collect(),
        Kind::Either(union) => return union.of.iter().flat_map(alternatives).collect(),
        Kind::Later(_) => "nothing".into(),
    }]
}

/// `{ norm }`: what it has to have.
fn braces(object: &Object) -> String {
    let needed: Vec<&str> = object.fields().filter(|f| f.default == Default::Required).map(|f| f.name).collect();
    if needed.is_empty() { "an object".into() } else { ["{ ", &needed.join(", "), " }"].concat() }
}

fn either(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<String> = items.collect();
    match (items.pop(), items.is_empty()) {
        (Some(last), false) => [&items.join(", "), " or ", &last].concat(),
        (last, _) => last.unwrap_or_default(),
    }
}

/// A value as a message shows it.
pub fn show(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(&short(text)),
        Value::Array(_) => "a list".into(),
        Value::Object(fields) => fields.get("$value").and_then(Value::as_str).unwrap_or("an object").into(),
        other => other.to_string(),
    }
}

fn short(text: &str) -> String {
    let mut rest = text.chars();
    let mut start: String = rest.by_ref().take(40).collect();
    if rest.next().is_some() {
        start.push('…');
    }
    start
}

pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn hinted(error: Error, meant: Option<&str>) -> Error {
    match meant {
        Some(meant) => error.hint(&["did you mean ", meant, "?"].concat()),
        None => error,
    }
}

/// A required option that is not there.
pub fn missing(path: &str, expected: &str) -> Error {
    Error::config(path, expected, "nothing").code("missingOption")
}

fn unknown(name: &str, known: &[&'static str], path: &mut String) -> Error {
    within(path, &format!(".{name}"), |path| {
        let message = [path, ": unknown option"].concat();
        let mut error = Error::new(ErrorClass::Config, "unknownOption", message).about(path.as_str());
        (error.expected, error.received) = (Some(known.join(", ").into()), Some(name.into()));
        if let Some(reason) = hint::reason(name, known) {
            return error.hint(reason);
        }
        match hint::option(name, known) {
            Some(meant) => hinted(error, Some(meant)),
            None => error.hint(&["known are ", &known.join(", ")].concat()),
        }
    })
}

fn later(path: &str, what: &str) -> Error {
    let message = [path, ": ", what, " is planned and not there yet"].concat();
    Error::new(ErrorClass::Config, "notYet", message).about(path)
}
