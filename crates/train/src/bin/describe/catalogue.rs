//! Everything in the table that has a name, each once, an object before what its fields are made of.

use train::describe::rows::calls::ALL;
use train::describe::rows::inside::NORMALIZATION;
use train::describe::table::{Default, Field, Keyed, Kind, Object, Tagged, Tell, Union, Words};

#[derive(Clone, Copy)]
pub enum Item {
    Object(&'static Object),
    Tagged(&'static Tagged),
    Keyed(&'static Keyed),
    Words(&'static Words),
    Union(&'static Union),
}

impl Item {
    pub fn name(self) -> &'static str {
        match self {
            Item::Object(o) => o.name,
            Item::Tagged(t) => t.name,
            Item::Keyed(k) => k.name,
            Item::Words(w) => w.name,
            Item::Union(u) => u.name,
        }
    }
}

pub fn items() -> Vec<Item> {
    let mut items = Vec::new();
    for object in ALL {
        add(Item::Object(object), &mut items);
    }
    items
}

fn add(item: Item, items: &mut Vec<Item>) {
    if items.iter().any(|i| i.name() == item.name()) {
        return;
    }
    if !item.name().is_empty() {
        items.push(item);
    }
    match item {
        Item::Object(object) => {
            object.base.into_iter().for_each(|b| add(Item::Object(b), items));
            object.fields.iter().for_each(|f| walk(&f.kind, items));
        }
        Item::Tagged(Tagged { of, .. }) | Item::Keyed(Keyed { of, .. }) => {
            of.iter().for_each(|o| add(Item::Object(o), items));
        }
        Item::Union(union) => union.of.iter().for_each(|k| walk(k, items)),
        Item::Words(_) => {}
    }
}

fn walk(kind: &'static Kind, items: &mut Vec<Item>) {
    match kind {
        Kind::Object(object) => add(Item::Object(object), items),
        Kind::Tagged(tagged) => add(Item::Tagged(tagged), items),
        Kind::Keyed(keyed) => add(Item::Keyed(keyed), items),
        Kind::Word(words) => add(Item::Words(words), items),
        Kind::Either(union) => add(Item::Union(union), items),
        Kind::List(of, _) => walk(of, items),
        _ => {}
    }
}

/// Whether there is a function of an object's kind. Norms inside cells are said where they are, as `{ kind: "layer" }`: functions
/// of such names would tell nothing elsewhere.
pub fn has_factory(object: &Object) -> bool {
    matches!(object.tell, Tell::Kind(_)) && !NORMALIZATION.of.iter().any(|&norm| std::ptr::eq(norm, object))
}

/// TypeScript's type of a kind.
pub fn type_of(kind: &Kind) -> String {
    let union = |types: Vec<String>| types.join(" | ");
    match kind {
        Kind::Integer(_) | Kind::Number(_) => "number".into(),
        Kind::Bool => "boolean".into(),
        Kind::Text => "string".into(),
        Kind::Bytes => "string | BufferSource".into(),
        Kind::Word(words) if words.name.is_empty() => words_of(words),
        Kind::Word(words) => words.name.into(),
        Kind::List(of, _) => {
            let of = type_of(of);
            if of.contains('|') { format!("readonly ({of})[]") } else { format!("readonly {of}[]") }
        }
        Kind::Object(object) => object.name.into(),
        Kind::Tagged(tagged) => tagged.name.into(),
        Kind::Keyed(keyed) if keyed.name.is_empty() => union(keyed.of.iter().map(|o| o.name.into()).collect()),
        Kind::Keyed(keyed) => keyed.name.into(),
        Kind::Either(either) if either.name.is_empty() => union(either.of.iter().map(type_of).collect()),
        Kind::Either(either) => either.name.into(),
        Kind::Later(text) => (*text).into(),
    }
}

pub fn words_of(words: &Words) -> String {
    let words: Vec<String> = words.now.iter().chain(words.later).map(|w| format!("\"{w}\"")).collect();
    words.join(" | ")
}

/// What a default is, in words or JSON; nothing where an absent option means just that.
pub fn default_of(field: &Field) -> Option<&'static str> {
    match field.default {
        Default::Required | Default::Absent => None,
        Default::Is(text) | Default::Follows(text) => Some(text),
    }
}

/// The range of a number.
pub fn range_of(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Integer(span) => Some(span.text().into()),
        Kind::Number(range) => Some(range.text().into()),
        Kind::Either(union) => union.of.iter().find_map(range_of),
        _ => None,
    }
}
