//! Draws what the table of descriptions takes, whole objects with the options in them. What may be said is an item: a row, a
//! value of a row, one of some objects. Items that few cases have had so far are drawn more often, so that all are had soon.

use crate::values::{left_out, values};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use train::describe::table::{Default, Field, Kind, Object, Tell};

/// Objects in objects that are told apart by their kind, at most: schedules are made of schedules.
const DEPTH: usize = 3;

/// What stands behind an item.
#[derive(Clone)]
pub enum Meant {
    Value(Value),
    Object(&'static Object),
    /// A list of at least so many.
    List(&'static Kind, usize),
}

/// The name of an object: its kind, the field that only it has, or the option that it is the value of.
pub fn id(option: &str, object: &Object) -> String {
    match object.tell {
        Tell::Kind(kind) => kind.into(),
        Tell::Key(key) => key.into(),
        Tell::Alone => option.rsplit('.').next().unwrap_or_default().trim_end_matches("[]").into(),
    }
}

/// All that the value of row `key`, `object.field`, may be.
///
/// # Panics
/// For a row of numbers or texts that [`values`] has none for.
pub fn alternatives(key: &str, kind: &'static Kind) -> Vec<(String, Meant)> {
    let said = |value: Value| (format!("{key}={value}"), Meant::Value(value));
    let of = |object: &'static Object| (id(key, object), Meant::Object(object));
    let given = |list: bool| values(key).into_iter().filter(move |value| value.is_array() == list).map(said);
    let mut found: Vec<(String, Meant)> = match kind {
        Kind::Bool => [false, true].into_iter().map(|b| said(json!(b))).collect(),
        Kind::Word(words) => words.now.iter().map(|word| said(json!(word))).collect(),
        Kind::Integer(_) | Kind::Number(_) | Kind::Text | Kind::Bytes => {
            let found: Vec<_> = given(false).collect();
            assert!(!found.is_empty(), "a new option, {key}: say in values.rs what to draw for it");
            found
        }
        Kind::List(item, least) => {
            let found: Vec<_> = given(true).collect();
            if found.is_empty() { vec![(format!("{key}[]"), Meant::List(item, *least))] } else { found }
        }
        Kind::Object(object) => vec![of(object)],
        Kind::Tagged(tagged) => tagged.of.iter().map(|object| of(object)).collect(),
        Kind::Keyed(keyed) => keyed.of.iter().map(|object| of(object)).collect(),
        Kind::Either(union) => union.of.iter().flat_map(|kind| alternatives(key, kind)).collect(),
        // What comes later; or what is not drawn.
        _ => Vec::new(),
    };
    found.retain(|(item, _)| !left_out(item));
    found
}

/// All items, each with those that it can bring with it.
pub type Items = BTreeMap<String, Vec<String>>;

/// Adds the items below an object.
pub fn items(option: &str, object: &'static Object, found: &mut Items) {
    fn below(key: &str, kind: &'static Kind, found: &mut Items) {
        for (item, meant) in alternatives(key, kind) {
            found.get_mut(key).expect("it was found").push(item.clone());
            if found.contains_key(&item) {
                continue;
            }
            found.insert(item.clone(), Vec::new());
            match meant {
                Meant::Object(object) => {
                    items(key, object, found);
                    let rows = object.fields().map(|field| format!("{item}.{}", field.name));
                    let rows = rows.filter(|row| found.contains_key(row)).collect();
                    found.insert(item, rows);
                }
                Meant::List(of, _) => below(&item, of, found),
                Meant::Value(_) => {}
            }
        }
    }
    for field in object.fields() {
        let key = format!("{}.{}", id(option, object), field.name);
        if !(left_out(&key) || matches!(field.kind, Kind::Later(_))) {
            found.insert(key.clone(), Vec::new());
            below(&key, &field.kind, found);
        }
    }
}

pub struct Draw {
    state: u64,
    all: Items,
    /// In how many cases an item was.
    had: BTreeMap<String, u64>,
    /// Items that none was in, and those that can bring such with them.
    open: BTreeSet<String>,
    /// Those of the case at hand.
    now: BTreeSet<String>,
    depth: usize,
}

impl Draw {
    pub fn new(seed: u64, all: Items) -> Draw {
        let open = all.keys().cloned().collect();
        Draw { state: seed, all, had: BTreeMap::new(), open, now: BTreeSet::new(), depth: 0 }
    }

    /// SplitMix64 (Steele, Lea and Flood 2014).
    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// In (-1, 1).
    pub fn number(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    pub fn numbers(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.number()).collect()
    }

    /// The case at hand was one.
    pub fn keep(&mut self) {
        for item in std::mem::take(&mut self.now) {
            *self.had.entry(item).or_default() += 1;
        }
        self.open = self.missing().into_iter().map(String::from).collect();
        let mut before = 0;
        while self.open.len() > before {
            before = self.open.len();
            let brings = |(_, below): &(&String, &Vec<String>)| below.iter().any(|item| self.open.contains(item));
            let more: Vec<String> = self.all.iter().filter(brings).map(|(item, _)| item.clone()).collect();
            self.open.extend(more);
        }
    }

    /// What has been drawn so far of the case at hand, to come back to.
    pub fn mark(&self) -> BTreeSet<String> {
        self.now.clone()
    }

    pub fn back_to(&mut self, mark: BTreeSet<String>) {
        self.now = mark;
    }

    /// Whether the case at hand has something that none before had.
    pub fn has_new(&self) -> bool {
        self.now.iter().any(|item| !self.had.contains_key(item))
    }

    /// Items that no case has had.
    pub fn missing(&self) -> Vec<&str> {
        self.all.keys().filter(|item| !self.had.contains_key(*item)).map(String::as_str).collect()
    }

    fn had(&self, item: &str) -> u64 {
        self.had.get(item).copied().unwrap_or(0)
    }

    /// One of the alternatives, those that were had less often rather.
    fn one(&mut self, mut of: Vec<(String, Meant)>) -> Meant {
        let weight = |item: &str| if self.open.contains(item) { 30 } else { 1 } * (1 + 10_000 / (1 + self.had(item)));
        let weights: Vec<u64> = of.iter().map(|(item, _)| weight(item)).collect();
        let mut at = self.bits() % weights.iter().sum::<u64>();
        let mut index = 0;
        while at >= weights[index] {
            at -= weights[index];
            index += 1;
        }
        let (item, meant) = of.swap_remove(index);
        self.now.insert(item);
        meant
    }

    /// A value for row `key`.
    pub fn value(&mut self, key: &str, kind: &'static Kind) -> Value {
        self.value_but(key, kind, |_| false)
    }

    /// The same without the items that are `unwanted`.
    pub fn value_but(&mut self, key: &str, kind: &'static Kind, unwanted: impl Fn(&str) -> bool) -> Value {
        let mut of = alternatives(key, kind);
        of.retain(|(item, _)| !unwanted(item));
        if self.depth >= DEPTH && of.iter().any(|(_, meant)| matches!(meant, Meant::Value(_))) {
            of.retain(|(_, meant)| matches!(meant, Meant::Value(_)));
        }
        match self.one(of) {
            Meant::Value(value) => value,
            Meant::Object(object) => self.object(key, object),
            Meant::List(of, least) => {
                let n = least + self.below(3);
                (0..n).map(|_| self.value(&format!("{key}[]"), of)).collect()
            }
        }
    }

    /// An object with the fields that it needs, and some others.
    pub fn object(&mut self, option: &str, object: &'static Object) -> Value {
        self.object_with(option, object, |_, _, _| None)
    }

    /// The same; `own` may draw a field in its own way, given what is there before it: nothing leaves it to the table, null
    /// leaves it out.
    pub fn object_with(
        &mut self,
        option: &str,
        object: &'static Object,
        mut own: impl FnMut(&mut Draw, &Map<String, Value>, &'static Field) -> Option<Value>,
    ) -> Value {
        let mut value = Map::new();
        if let Tell::Kind(kind) = object.tell {
            value.insert("kind".into(), json!(kind));
        }
        self.depth += usize::from(matches!(object.tell, Tell::Kind(_)));
        for field in object.fields() {
            let key = format!("{}.{}", id(option, object), field.name);
            if left_out(&key) || matches!(field.kind, Kind::Later(_)) {
                continue;
            }
            let drawn = match own(self, &value, field) {
                Some(drawn) => drawn,
                None if field.default == Default::Required || self.wants(&key) => self.row(&key, field),
                None => Value::Null,
            };
            if !drawn.is_null() {
                value.insert(field.name.into(), drawn);
            }
        }
        self.depth -= usize::from(matches!(object.tell, Tell::Kind(_)));
        Value::Object(value)
    }

    /// A value for row `key`, which is `field`.
    pub fn row(&mut self, key: &str, field: &'static Field) -> Value {
        self.now.insert(key.into());
        self.value(key, &field.kind)
    }

    /// Says that row `key` is in the case, which was drawn in its own way.
    pub fn note(&mut self, key: &str) {
        self.now.insert(key.into());
    }

    /// Whether an option that need not be is.
    fn wants(&mut self, key: &str) -> bool {
        let percent = if self.open.contains(key) { 50 } else { 15 };
        self.chance(percent)
    }
}
