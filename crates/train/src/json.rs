//! JSON values, read and written; numbers are f64 to the last bit in both directions, objects keep their order.
//!
//! Its own because of size and exactness: serde_json costs the kernel some 25 KB more, gzipped (tables of powers of ten and
//! of exponents, mostly), and without a further 8 KB it reads some numbers of 17 digits one bit off, so that a saved learning
//! rate would not be the one that was trained with. NOT: what a value means, and no types derived.

mod number;
mod read;
mod write;

pub use read::{Unreadable, from_slice, from_str};

use std::ops::{Index, IndexMut};

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    /// Integers are exact up to 2^53. What is not finite is written as `null`.
    Number(f64),
    String(String),
    Array(Vec<Value>),
    Object(Map),
}

/// Fields in the order they came in, looked up one after the other: objects are small here.
#[derive(Clone, Debug, Default)]
pub struct Map(Vec<(String, Value)>);

static NULL: Value = Value::Null;

// The lookups are calls, not copies of their code in each place: descriptions are read once, and size matters.
impl Value {
    pub fn from(value: impl ToJson) -> Value {
        value.to_json()
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Removes the fields that are null, here and within.
    pub fn drop_nulls(&mut self) {
        match self {
            Value::Array(items) => items.iter_mut().for_each(Value::drop_nulls),
            Value::Object(fields) => {
                fields.0.retain(|(_, value)| !value.is_null());
                fields.0.iter_mut().for_each(|(_, value)| value.drop_nulls());
            }
            _ => {}
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(b) = self { Some(*b) } else { None }
    }

    #[inline(never)]
    pub fn as_f64(&self) -> Option<f64> {
        if let Value::Number(x) = self { Some(*x) } else { None }
    }

    /// An integer from 0 to 2^53.
    #[inline(never)]
    pub fn as_u64(&self) -> Option<u64> {
        let integer = |x: &f64| (0.0..=9_007_199_254_740_992.0).contains(x) && *x == x.trunc();
        self.as_f64().filter(integer).map(|x| x as u64)
    }

    #[inline(never)]
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = self { Some(text) } else { None }
    }

    pub fn as_array(&self) -> Option<&Vec<Value>> {
        if let Value::Array(items) = self { Some(items) } else { None }
    }

    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Value>> {
        if let Value::Array(items) = self { Some(items) } else { None }
    }

    pub fn as_object(&self) -> Option<&Map> {
        if let Value::Object(fields) = self { Some(fields) } else { None }
    }

    pub fn as_object_mut(&mut self) -> Option<&mut Map> {
        if let Value::Object(fields) = self { Some(fields) } else { None }
    }
}

impl Map {
    pub fn new() -> Map {
        Map::default()
    }

    #[inline(never)]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    #[inline(never)]
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Puts a field at the end, or in the place of one of the same name.
    #[inline(never)]
    pub fn insert(&mut self, name: String, value: Value) {
        match self.get_mut(&name) {
            Some(old) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(name, _)| name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// As objects are equal: in any order.
impl PartialEq for Map {
    fn eq(&self, other: &Map) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl PartialEq<bool> for Value {
    #[inline(never)]
    fn eq(&self, other: &bool) -> bool {
        self.as_bool() == Some(*other)
    }
}

impl PartialEq<&str> for Value {
    #[inline(never)]
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(other)
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a String, &'a Value);
    type IntoIter = std::iter::Map<std::slice::Iter<'a, (String, Value)>, fn(&'a (String, Value)) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

impl FromIterator<(String, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Map {
        let mut map = Map::new();
        fields.into_iter().for_each(|(name, value)| map.insert(name, value));
        map
    }
}

/// A field; null where there is none.
impl Index<&str> for Value {
    type Output = Value;

    #[inline(never)]
    fn index(&self, name: &str) -> &Value {
        self.as_object().and_then(|fields| fields.get(name)).unwrap_or(&NULL)
    }
}

/// A field, made where there is none; null becomes an object first.
impl IndexMut<&str> for Value {
    #[inline(never)]
    fn index_mut(&mut self, name: &str) -> &mut Value {
        if self.is_null() {
            *self = Value::Object(Map::new());
        }
        let fields = self.as_object_mut().expect("only an object has fields");
        if !fields.contains_key(name) {
            fields.insert(name.into(), Value::Null);
        }
        fields.get_mut(name).expect("it is there now")
    }
}

/// An item; null where there is none.
impl Index<usize> for Value {
    type Output = Value;

    fn index(&self, i: usize) -> &Value {
        self.as_array().and_then(|items| items.get(i)).unwrap_or(&NULL)
    }
}

impl IndexMut<usize> for Value {
    fn index_mut(&mut self, i: usize) -> &mut Value {
        &mut self.as_array_mut().expect("only a list has items")[i]
    }
}

/// What can be a value.
pub trait ToJson {
    fn to_json(&self) -> Value;
}

macro_rules! numbers {
    ($($type:ty)*) => {
        $(impl ToJson for $type {
            fn to_json(&self) -> Value {
                Value::Number(*self as f64)
            }
        })*
    };
}
numbers!(u8 u16 u32 u64 usize i32 i64 f32 f64);

impl ToJson for bool {
    fn to_json(&self) -> Value {
        Value::Bool(*self)
    }
}

impl ToJson for str {
    fn to_json(&self) -> Value {
        Value::String(self.into())
    }
}

impl ToJson for String {
    fn to_json(&self) -> Value {
        Value::String(self.clone())
    }
}

impl ToJson for Value {
    fn to_json(&self) -> Value {
        self.clone()
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn to_json(&self) -> Value {
        (**self).to_json()
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, ToJson::to_json)
    }
}

impl<T: ToJson> ToJson for [T] {
    fn to_json(&self) -> Value {
        Value::Array(self.iter().map(ToJson::to_json).collect())
    }
}

impl<T: ToJson, const N: usize> ToJson for [T; N] {
    fn to_json(&self) -> Value {
        self[..].to_json()
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self) -> Value {
        self[..].to_json()
    }
}

/// `json!({ "name": expression, … })`, or the value of one expression. Objects within are `json!` of their own.
macro_rules! json {
    ({ $($name:literal: $value:expr),* $(,)? }) => {
        $crate::json::Value::Object(
            [$(($name.to_string(), $crate::json::ToJson::to_json(&$value))),*].into_iter().collect(),
        )
    };
    ($value:expr) => {
        $crate::json::ToJson::to_json(&$value)
    };
}
pub(crate) use json;

#[cfg(test)]
mod tests;
