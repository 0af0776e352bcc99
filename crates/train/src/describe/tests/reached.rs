//! Options of runs, and of models beside their layers, reach the typed descriptions: for each row of the table, found by walking
//! it, values that differ make descriptions that differ, from the one without too unless it is the default; and the default, said,
//! is as if it were not said. (Optimisers and layers are looked at by themselves, schedules in their own tests.)

use super::*;
use crate::describe::rows::model::MODEL;
use crate::describe::rows::run::RUN;
use crate::describe::table::{Default, Field, Kind, Object, Tell};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Some values of a kind; of an object what it cannot be without.
fn some(kind: &Kind, pointer: &str) -> Vec<Value> {
    match kind {
        Kind::Bool => vec![json!(false), json!(true)],
        Kind::Word(words) => words.now.iter().map(|word| json!(word)).collect(),
        Kind::Text => vec![json!("one"), json!("two")],
        Kind::Bytes => vec![json!("AAEC"), json!("AAED")],
        Kind::Integer(span) => {
            if span.high == 2 {
                vec![json!(1), json!(2)]
            } else {
                vec![json!(2), json!(3)]
            }
        }
        Kind::Number(_) => vec![json!(0.375), json!(0.625)],
        Kind::List(of, _) => {
            let of = some(of, pointer);
            let both = of.get(1).map(|other| json!([of[0], other]));
            [json!([of[0]])].into_iter().chain(both).collect()
        }
        Kind::Either(union) => union.of.iter().flat_map(|kind| some(kind, pointer)).collect(),
        Kind::Object(_) | Kind::Tagged(_) | Kind::Keyed(_) => {
            inner(kind).into_iter().map(|o| least(o, pointer)).collect()
        }
        Kind::Later(text) => panic!("{text}"),
    }
}

/// The objects that a value of a kind may be.
fn inner(kind: &Kind) -> Vec<&'static Object> {
    match kind {
        Kind::Object(object) => vec![object],
        Kind::Tagged(tagged) => tagged.of.to_vec(),
        Kind::Keyed(keyed) => keyed.of.to_vec(),
        Kind::Either(union) => union.of.iter().flat_map(inner).collect(),
        _ => Vec::new(),
    }
}

fn least(object: &Object, pointer: &str) -> Value {
    let mut value = json!({});
    if let Tell::Kind(kind) = object.tell {
        value["kind"] = json!(kind);
    }
    for field in object.fields().filter(|field| field.default == Default::Required) {
        let pointer = format!("{pointer}/{}", field.name);
        value[field.name] = values(&field.kind, &pointer)[0].clone();
    }
    value
}

/// Some values of the option at `pointer`: by its kind, where that says enough.
fn values(kind: &Kind, pointer: &str) -> Vec<Value> {
    let listed = match pointer {
        "/truncation/k2" => json!([3, 4]),
        "/input/series/past" | "/input/series/known" | "/input/series/time" => {
            let text = matches!(kind, Kind::Text);
            if text { json!(["d", "e"]) } else { json!([["p"], ["p", "q"]]) }
        }
        "/input/series/calendar" => json!([["hour"], ["month"]]),
        "/input/vocabulary" => json!([5, ["a", "b"], "characters"]),
        "/output/classes" => json!([3, ["a", "b"]]),
        "/loss/positiveWeight" => json!([0.5, [0.25, 0.75]]),
        "/loss/classWeights" => json!([[0.25, 0.75], [0.5, 0.25]]),
        "/loss/ignoreIndex" => json!([-100, 1]),
        "/loss/blank" => json!([0, 1]),
        // A number is a list of one.
        "/metrics/0/naiveError" => json!([0.375, [0.625], [0.375, 0.625]]),
        _ => return some(kind, pointer),
    };
    listed.as_array().expect("a list").clone()
}

/// What an option needs beside it.
fn needs(pointer: &str, whole: &mut Value) {
    match pointer {
        _ if pointer.starts_with("/groups") => whole["optimizer"] = json!("adamw"),
        "/input/series/calendar" => whole["input"]["series"]["time"] = json!("d"),
        _ => {}
    }
}

fn set(whole: &Value, pointer: &str, value: Value) -> Value {
    let mut whole = whole.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    whole.pointer_mut(parent).expect("its parent")[name] = value;
    whole
}

/// How a description is read: what it is in the end, without its text.
type Read<'a> = &'a dyn Fn(&Value) -> String;

/// By themselves: see above. Of a custom loss the module is read from the description's text, beside the kernel, and targets are
/// what the output is.
const APART: [&str; 3] = ["/optimizer", "/layers", "/loss/module"];

/// Looks at all options of the object at `pointer` of a description; gives how many.
fn walk(object: &Object, pointer: &str, whole: &Value, read: Read) -> usize {
    let follows = |pointer: &str| object.kind() == "custom" && pointer == "/loss/targets";
    let pointers = object.fields().map(|field| (field, format!("{pointer}/{}", field.name)));
    let looked = pointers.filter(|(_, pointer)| !APART.contains(&&**pointer) && !follows(pointer));
    looked.map(|(field, pointer)| look(field, &pointer, whole, read)).sum()
}

fn look(field: &Field, pointer: &str, whole: &Value, read: Read) -> usize {
    let mut whole = whole.clone();
    needs(pointer, &mut whole);
    let values = values(&field.kind, pointer);
    let with = |value: &Value| read(&set(&whole, pointer, value.clone()));
    let made: Vec<String> = values.iter().map(with).collect();
    for (i, one) in made.iter().enumerate() {
        // An object of defaults may be what another is.
        assert!(values[i].is_object() || !made[..i].contains(one), "{pointer}: {}", values[i]);
    }
    if whole.pointer(pointer).is_none() {
        let default = match field.default {
            Default::Is(text) => parsed(text),
            _ => Value::Null,
        };
        // What follows may be one of them.
        let told = values.iter().zip(&made).filter(|(value, _)| !value.is_object());
        for (value, one) in told.filter(|_| !matches!(field.default, Default::Follows(_))) {
            assert_eq!(*one == read(&whole), *value == default, "{pointer}: {value}");
        }
        if !default.is_null() {
            assert_eq!(with(&default), read(&whole), "{pointer}");
        }
    }
    let list = matches!(field.kind, Kind::List(..));
    let objects = if let Kind::List(of, _) = &field.kind { inner(of) } else { inner(&field.kind) };
    let below = objects.into_iter().map(|object| {
        let value = least(object, pointer);
        let (whole, pointer) = if list {
            (set(&whole, pointer, json!([value])), format!("{pointer}/0"))
        } else {
            (set(&whole, pointer, value), pointer.to_string())
        };
        walk(object, &pointer, &whole, read)
    });
    1 + below.sum::<usize>()
}

#[test]
fn every_option_of_a_run_arrives() {
    let read = |description: &Value| {
        let mut run = run(description.clone()).unwrap_or_else(|e| panic!("{description}: {}", e.message));
        run.json = crate::json::Value::Null;
        format!("{run:?}")
    };
    let options = walk(&RUN, "", &json!({}), &read);
    println!("{options} options of a run");
    assert!(options > 60, "{options}");
}

/// A model of numbers or classes, which need some of what the other does not.
fn whole(kind: &str, object: &Object) -> Value {
    let mut whole =
        json!({ "input": { "size": 2 }, "layers": [{ "kind": "gru", "hiddenSize": 4 }, { "kind": "dense" }] });
    // (Names of types are not in the kernel.)
    let sized = object.fields().any(|field| field.name == "size");
    match kind {
        "input" if sized => whole["output"] = json!({ "at": "last", "size": 2 }),
        "input" => {}
        "loss" if ["crossEntropy", "klDivergence", "ctc"].contains(&object.kind()) => {
            whole["output"] = json!({ "at": "every", "classes": 2 });
        }
        _ => whole["output"] = json!({ "at": "last", "size": 2 }),
    }
    whole
}

#[test]
fn every_option_of_a_model_arrives() {
    let read = |description: &Value| {
        let mut model = model(description.clone()).unwrap_or_else(|e| panic!("{description}: {}", e.message));
        model.json = crate::json::Value::Null;
        format!("{model:?}")
    };
    let mut options = 0;
    for field in MODEL.fields().filter(|field| field.name != "layers") {
        let pointer = format!("/{}", field.name);
        let objects = inner(&field.kind);
        for &object in &objects {
            let mut value = least(object, &pointer);
            if field.name == "output" && object.fields().any(|field| field.name == "size") {
                value["size"] = json!(2);
            }
            options += walk(object, &pointer, &set(&whole(field.name, object), &pointer, value), &read);
        }
        if objects.is_empty() || field.name == "init" {
            options += look(field, &pointer, &whole(field.name, &MODEL), &read);
        }
    }
    println!("{options} options of a model");
    assert!(options > 40, "{options}");
}
