//! The options table of the docs.

use crate::catalogue::{Item, default_of, has_factory, items, range_of, type_of, words_of};
use std::fmt::Write;
use train::describe::table::{Default, Field, Kind, Object, Tell};

pub fn print() -> String {
    let mut out = String::from(
        "# Options\n\nOf models, runs and calls, with type and default. What is not plain JSON (`signal`, `onProgress`, `checkpoint` …) is in the types.\n",
    );
    for item in items() {
        match item {
            Item::Object(object) => print_object(object, &mut out),
            Item::Words(words) => _ = write!(out, "\n## {}\n\n{} {}\n", words.name, words.doc, code(&words_of(words))),
            // Their members follow, each with a heading of its own.
            Item::Tagged(_) | Item::Keyed(_) | Item::Union(_) => {}
        }
    }
    out
}

fn print_object(object: &Object, out: &mut String) {
    let heading = match object.tell {
        Tell::Kind(kind) if has_factory(object) => format!("{kind}()"),
        Tell::Kind(_) | Tell::Key(_) | Tell::Alone => object.name.into(),
    };
    _ = write!(out, "\n## {heading}\n\n{}\n\n| option | type | default | what |\n|---|---|---|---|\n", object.doc);
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
