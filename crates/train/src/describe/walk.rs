//! The validator: walks a kind of the table over the caller's value and gives it back with the defaults filled in, or the
//! first thing that is wrong, with its path. NOT: what options have to do with each other.
//!
//! JSON has no NaN, infinity or function; the caller writes them as `{"$value": "NaN"}`.

use super::hint;
use super::table::{Default, Field, Keyed, Kind, Object, Tagged, Tell};
use crate::error::{Error, ErrorClass};
use serde_json::{Map, Value};

type Fields = Map<String, Value>;

/// Reads a caller's JSON as `object`.
///
/// # Errors
/// `ConfigError` with path, expectation and what came.
pub fn read(object: &'static Object, json: &str) -> Result<Value, Error> {
    let given: Value =
        serde_json::from_str(json).map_err(|e| Error::config("", object.name, format!("unreadable JSON ({e})")))?;
    check(&Kind::Object(object), &given, &mut String::new())
}

/// Checks one value at `path`.
///
/// # Errors
/// `ConfigError`.
pub fn check(kind: &Kind, given: &Value, path: &mut String) -> Result<Value, Error> {
    let wrong = |path: &str| Error::config(path, expected(kind), show(given));
    match kind {
        Kind::Integer { low, high } => match given.as_f64() {
            // `fract` is exact; JSON from elsewhere than JavaScript may say 3.0.
            Some(x) if x.fract() == 0.0 && x >= *low as f64 && x <= *high as f64 => Ok(Value::from(x as u64)),
            Some(x) if x > *high as f64 => {
                Err(Error::config(path.as_str(), format!("an integer up to {high}"), show(given)))
            }
            _ => Err(wrong(path)),
        },
        Kind::Number(range) if given.as_f64().is_some_and(|x| range.holds(x)) => Ok(given.clone()),
        Kind::Bool if given.is_boolean() => Ok(given.clone()),
        Kind::Text if given.is_string() => Ok(given.clone()),
        Kind::Word(words) => match given.as_str() {
            Some(word) if words.now.contains(&word) => Ok(given.clone()),
            Some(word) if words.later.contains(&word) => Err(later(path, word)),
            _ => Err(hinted(wrong(path), given.as_str().and_then(|w| hint::word(w, words.now)))),
        },
        Kind::List(of, least) => match given.as_array() {
            Some(items) if items.len() >= *least => {
                let checked =
                    items.iter().enumerate().map(|(i, item)| within(path, &format!("[{i}]"), |p| check(of, item, p)));
                Ok(Value::Array(checked.collect::<Result<_, _>>()?))
            }
            Some(_) => Err(Error::config(path.as_str(), expected(kind), "an empty one")),
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
            Some(kind) => check(kind, given, path),
            None => Err(wrong(path)),
        },
        Kind::Later(_) => Err(later(path, "it")),
        _ => Err(wrong(path)),
    }
}

fn check_tagged(tagged: &Tagged, given: &Fields, path: &mut String) -> Result<Value, Error> {
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

fn check_keyed(keyed: &Keyed, given: &Fields, path: &mut String) -> Result<Value, Error> {
    let has = |o: &&&Object| matches!(o.tell, Tell::Key(key) if given.contains_key(key));
    let chosen = keyed.of.iter().find(has).or_else(|| keyed.of.iter().find(|o| o.tell == Tell::Alone));
    match chosen {
        Some(object) => check_fields(object, given, keyed.of, path),
        None => {
            // A wrong name is a better answer than a missing one.
            let known: Vec<&str> = keyed.of.iter().flat_map(|o| o.fields()).map(|f| f.name).collect();
            if let Some(name) = given.keys().find(|n| !known.contains(&n.as_str())) {
                return Err(unknown(name, &known, path));
            }
            Err(Error::config(path.as_str(), expected_keyed(keyed), "an object without them"))
        }
    }
}

/// Checks an object; `alternatives` (which may be none) are told apart by a key.
fn check_fields(object: &Object, given: &Fields, alternatives: &[&Object], path: &mut String) -> Result<Value, Error> {
    let mut checked = Fields::new();
    if let Tell::Kind(kind) = object.tell {
        checked.insert("kind".into(), kind.into());
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
        let known: Vec<&str> = object.fields().map(|f| f.name).collect();
        return Err(unknown(name, &known, path));
    }
    for Field { name, kind, default, .. } in object.fields() {
        let value = match (given.get(*name), default) {
            (Some(given), _) => within(path, &format!(".{name}"), |p| check(kind, given, p))?,
            (None, Default::Is(json)) => {
                let value = serde_json::from_str(json).unwrap_or_default();
                within(path, &format!(".{name}"), |p| check(kind, &value, p))?
            }
            (None, Default::Required) => {
                return within(path, &format!(".{name}"), |p| Err(missing(p, &expected(kind))));
            }
            (None, Default::Absent | Default::Follows(_)) => continue,
        };
        checked.insert((*name).into(), value);
    }
    Ok(Value::Object(checked))
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
fn fields(value: &Value) -> Option<&Fields> {
    value.as_object().filter(|fields| !fields.contains_key("$value"))
}

/// Whether `kind` is about values of this JSON type.
fn takes(kind: &Kind, value: &Value) -> bool {
    match kind {
        Kind::Integer { .. } | Kind::Number(_) => value.is_number(),
        Kind::Bool => value.is_boolean(),
        Kind::Text | Kind::Word(_) => value.is_string(),
        Kind::List(..) => value.is_array(),
        Kind::Object(_) | Kind::Tagged(_) | Kind::Keyed(_) => fields(value).is_some(),
        Kind::Either(union) => union.of.iter().any(|k| takes(k, value)),
        Kind::Later(_) => true,
    }
}

fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Integer { low: 0, .. } => "an integer from 0".into(),
        Kind::Integer { .. } => "a positive integer".into(),
        Kind::Number(range) => range.text().into(),
        Kind::Bool => "true or false".into(),
        Kind::Text => "text".into(),
        Kind::Word(words) => either(words.now.iter().map(|w| quoted(w))),
        Kind::List(_, 0) => "a list".into(),
        Kind::List(..) => "a list of at least one".into(),
        Kind::Object(object) => braces(object),
        Kind::Tagged(tagged) => ["an object of kind ", &either(tagged.of.iter().map(|o| quoted(o.kind())))].concat(),
        Kind::Keyed(keyed) => expected_keyed(keyed),
        Kind::Either(union) => either(union.of.iter().map(expected)),
        Kind::Later(_) => "nothing".into(),
    }
}

fn expected_keyed(keyed: &Keyed) -> String {
    either(keyed.of.iter().map(|o| braces(o)))
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
        Value::String(text) if text.chars().count() > 40 => quoted(&(text.chars().take(40).collect::<String>() + "…")),
        Value::Array(_) => "a list".into(),
        Value::Object(fields) => fields.get("$value").and_then(Value::as_str).unwrap_or("an object").into(),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
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
        let error = Error::new(ErrorClass::Config, "unknownOption", [path, ": unknown option"].concat());
        let error = Error {
            path: Some(path.as_str().into()),
            expected: Some(known.join(", ").into()),
            received: Some(name.into()),
            ..error
        };
        match hint::option(name, known) {
            Some(meant) => hinted(error, Some(meant)),
            None => error.hint(&["known are ", &known.join(", ")].concat()),
        }
    })
}

fn later(path: &str, what: &str) -> Error {
    let message = [path, ": ", what, " is planned and not there yet"].concat();
    Error { path: Some(path.into()), ..Error::new(ErrorClass::Config, "notYet", message) }
}
