//! The options table of the docs.

use crate::catalogue::{Item, default_of, has_factory, items, range_of, type_of, words_of};
use std::fmt::Write;
use train::describe::table::{Default, Field, Keyed, Kind, Object, Tagged};

pub fn print() -> String {
    let items = items();
    let mut out = String::from(
        "# Options\n\nOf models, runs and calls, with type and default. What is not plain JSON (`signal`, `onProgress`, `checkpoint` …) is in [data.md](data.md#a-run).\n",
    );
    _ = write!(out, "\nIn this order: {}.\n", links(items.iter().map(|&item| heading(item))));
    for item in items {
        _ = write!(out, "\n## {}\n\n", heading(item));
        match item {
            Item::Object(object) => print_object(object, &mut out),
            Item::Words(words) => _ = writeln!(out, "{} {}", words.doc, code(&words_of(words))),
            Item::Tagged(Tagged { doc, of, .. }) | Item::Keyed(Keyed { doc, of, .. }) => {
                _ = writeln!(out, "{doc} One of {}.", links(of.iter().map(|object| heading(Item::Object(object)))));
            }
            Item::Union(union) => {
                _ = writeln!(out, "{}", union.of.iter().map(kind_of).collect::<Vec<_>>().join(", or "))
            }
        }
    }
    out
}

/// That of a function, where there is one that makes it.
fn heading(item: Item) -> String {
    match item {
        Item::Object(object) if has_factory(object) => format!("{}()", object.kind()),
        _ => item.name().into(),
    }
}

fn links(headings: impl Iterator<Item = String>) -> String {
    let link = |heading: String| format!("[`{heading}`](#{})", heading.trim_end_matches("()").to_lowercase());
    headings.map(link).collect::<Vec<_>>().join(", ")
}

fn print_object(object: &Object, out: &mut String) {
    _ = write!(out, "{}\n\n| option | type | default | what |\n|---|---|---|---|\n", object.doc);
    for field in object.fields() {
        let (kind, default) = (kind_of(&field.kind), default(field));
        _ = writeln!(out, "| `{}` | {kind} | {default} | {} |", field.name, field.doc);
    }
}

fn kind_of(kind: &Kind) -> String {
    let range = range_of(kind).map(|r| format!(", {r}")).unwrap_or_default();
    code(&type_of(kind)) + &range
}

fn default(field: &Field) -> String {
    match field.default {
        Default::Required => "required".into(),
        Default::Is(_) => code(default_of(field).unwrap_or_default()),
        Default::Absent | Default::Follows(_) => default_of(field).unwrap_or_default().into(),
    }
}

/// A bar would end the cell.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_leads_to_one_heading() {
        let text = print();
        let mut headings: Vec<String> =
            text.lines().filter_map(|l| l.strip_prefix("## ")).map(str::to_lowercase).collect();
        headings.iter_mut().for_each(|h| *h = h.trim_end_matches("()").into());
        let mut links = 0;
        for link in text.split("](#").skip(1) {
            let anchor = &link[..link.find(')').unwrap()];
            assert_eq!(headings.iter().filter(|&h| h == anchor).count(), 1, "{anchor}");
            links += 1;
        }
        assert!(links > headings.len());
    }

    #[test]
    fn every_row_has_four_cells() {
        let text = print();
        let rows: Vec<&str> = text.lines().filter(|l| l.starts_with("| `")).collect();
        assert!(rows.len() > 80);
        for row in rows {
            assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
        }
        assert!(
            text.contains("| `hiddenSize` | `number`, a positive integer | required | Units of the state"),
            "{text}"
        );
    }
}
