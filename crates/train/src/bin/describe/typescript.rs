//! The types of descriptions, with their docs, and the factories.

use crate::catalogue::{Item, default_of, has_factory, items, range_of, type_of, words_of};
use std::fmt::Write;
use train::describe::table::{Default, Field, Object, Tell};

const HEAD: &str = "// Generated from the table of descriptions (crates/train/src/describe/rows) by its program `describe`. Do not edit.\n";

pub fn print() -> String {
    let items = items();
    let mut out = String::from(HEAD);
    items.iter().for_each(|item| print_type(*item, &mut out));
    for item in &items {
        if let Item::Object(object) = item
            && has_factory(object)
        {
            print_factory(object, &mut out);
        }
    }
    out
}

fn print_type(item: Item, out: &mut String) {
    let name = item.name();
    let alias = |doc: &str, types: String| format!("{}export type {name} = {types};\n", comment("", doc));
    out.push('\n');
    out.push_str(&match item {
        Item::Object(object) => interface(object),
        Item::Tagged(t) => alias(t.doc, t.of.iter().map(|o| o.name).collect::<Vec<_>>().join(" | ")),
        Item::Keyed(k) => alias(k.doc, k.of.iter().map(|o| o.name).collect::<Vec<_>>().join(" | ")),
        Item::Words(w) => alias(w.doc, words_of(w)),
        Item::Union(u) => alias("", u.of.iter().map(type_of).collect::<Vec<_>>().join(" | ")),
    });
}

fn interface(object: &Object) -> String {
    let extends = object.base.map(|b| format!(" extends {}", b.name)).unwrap_or_default();
    let mut text = format!("{}export interface {}{extends} {{\n", comment("", object.doc), object.name);
    if let Tell::Kind(kind) = object.tell {
        _ = writeln!(text, "  kind: \"{kind}\";");
    }
    for field in object.fields {
        let optional = if field.default == Default::Required { "" } else { "?" };
        text.push_str(&comment("  ", &doc(field)));
        _ = writeln!(text, "  {}{optional}: {};", field.name, type_of(&field.kind));
    }
    text + "}\n"
}

fn doc(field: &Field) -> String {
    let range = range_of(&field.kind).map(|r| format!(" {}{}.", r[..1].to_uppercase(), &r[1..])).unwrap_or_default();
    let default = default_of(field).map(|d| format!(" Default: {d}.")).unwrap_or_default();
    [field.doc, &range, &default].concat()
}

fn comment(indent: &str, doc: &str) -> String {
    if doc.is_empty() { String::new() } else { format!("{indent}/** {doc} */\n") }
}

fn print_factory(object: &Object, out: &mut String) {
    let (name, kind) = (object.name, object.kind());
    let empty = if object.fields().all(|f| f.default != Default::Required) { " = {}" } else { "" };
    _ = write!(
        out,
        "\n{}export function {kind}(o: Omit<{name}, \"kind\">{empty}): {name} {{\n  return {{ ...o, kind: \"{kind}\" }};\n}}\n",
        comment("", object.doc),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_printed_with_its_doc() {
        let text = print();
        let mut rows = 0;
        for item in items() {
            assert!(text.contains(&format!(" {} ", item.name())), "{}", item.name());
            if let Item::Object(object) = item {
                for field in object.fields {
                    let optional = if field.default == Default::Required { "" } else { "?" };
                    let line = format!("  {}{optional}: {};\n", field.name, type_of(&field.kind));
                    assert!(text.contains(&(comment("  ", &doc(field)) + &line)), "{}.{}", object.name, field.name);
                    rows += 1;
                }
            }
        }
        assert!(rows > 80, "{rows}");
    }

    #[test]
    fn factories_have_optional_arguments_where_all_is_optional() {
        let text = print();
        assert!(text.contains("export function dense(o: Omit<Dense, \"kind\"> = {}): Dense {\n"));
        assert!(text.contains(
            "export function lstm(o: Omit<Lstm, \"kind\">): Lstm {\n  return { ...o, kind: \"lstm\" };\n}\n"
        ));
    }
}
