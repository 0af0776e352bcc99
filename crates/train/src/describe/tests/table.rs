//! What has to hold for every row, found by walking the table: each can be said, each refuses what it is not, each default
//! passes its own check, and what has been filled in once stays as it is.

use super::*;
use crate::describe::rows::calls::ALL;
use crate::describe::table::{Default, Kind, Object, Range, Tell};
use crate::describe::walk::check;
use crate::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A fixed stream of numbers below `n` (xorshift; Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Something that the kind takes; of an object the fields that are needed and some others.
    fn value(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Integer(span) => {
                let low = u64::from(span.low);
                json!(low + self.below((span.high - low).min(4) as usize + 1) as u64)
            }
            Kind::Number(range) => {
                // All 53 bits in use, so that a number that is not read exactly shows.
                let x = ((self.bits() >> 11) as f64 + 1.0) / (1u64 << 54) as f64;
                json!(if matches!(range, Range::Share | Range::Inside) { x } else { x * 10.0 })
            }
            Kind::Bool => json!(self.below(2) == 1),
            Kind::Bytes => json!("AAEC"),
            Kind::Text => json!(format!("text {}", self.below(1_000_000))),
            Kind::Word(words) => json!(self.one(words.now)),
            Kind::List(of, least) => (0..least + self.below(3)).map(|_| self.value(of)).collect(),
            Kind::Object(object) => self.object(object),
            Kind::Tagged(tagged) => {
                let of = self.one(tagged.of);
                self.object(of)
            }
            Kind::Keyed(keyed) => {
                let of = self.one(keyed.of);
                self.object(of)
            }
            Kind::Either(union) => {
                let of = self.one(union.of);
                self.value(of)
            }
            Kind::Later(_) => unreachable!("never given"),
        }
    }

    fn object(&mut self, object: &Object) -> Value {
        let mut value = json!({});
        if let Tell::Kind(kind) = object.tell {
            value["kind"] = json!(kind);
        }
        for field in object.fields() {
            let wanted = field.default == Default::Required || self.below(2) == 1;
            if wanted && !matches!(field.kind, Kind::Later(_)) {
                value[field.name] = self.value(&field.kind);
            }
        }
        value
    }
}

fn ours(value: &Value) -> json::Value {
    json::from_str(&value.to_string()).expect("JSON")
}

/// Every object of the table, with each of its fields.
fn objects() -> Vec<&'static Object> {
    fn walk(kind: &'static Kind, found: &mut Vec<&'static Object>) {
        match kind {
            Kind::List(of, _) => walk(of, found),
            Kind::Object(object) => add(object, found),
            Kind::Tagged(tagged) => tagged.of.iter().for_each(|o| add(o, found)),
            Kind::Keyed(keyed) => keyed.of.iter().for_each(|o| add(o, found)),
            Kind::Either(union) => union.of.iter().for_each(|k| walk(k, found)),
            _ => {}
        }
    }
    fn add(object: &'static Object, found: &mut Vec<&'static Object>) {
        if !found.iter().any(|o| std::ptr::eq(*o, object)) {
            found.push(object);
            object.fields().for_each(|f| walk(&f.kind, found));
        }
    }
    let mut found = Vec::new();
    ALL.iter().for_each(|o| add(o, &mut found));
    found
}

#[test]
fn every_row_can_be_said_and_refuses_what_it_is_not() {
    let (mut dice, mut rows) = (Dice(1), 0);
    for object in objects() {
        let kind = Kind::Object(object);
        for field in object.fields() {
            assert!(cfg!(target_arch = "wasm32") || !field.doc.is_empty(), "{}.{}", object.name, field.name);
            let mut value = dice.object(object);
            value[field.name] = json!({ "$value": "function" });
            let refused = check(&kind, &ours(&value), &mut String::new()).expect_err("a function");
            assert_eq!(refused.path.as_deref(), Some(field.name), "{}", object.name);
            if !matches!(field.kind, Kind::Later(_)) {
                assert_eq!(refused.received.as_deref(), Some("function"));
                value[field.name] = dice.value(&field.kind);
                let checked = check(&kind, &ours(&value), &mut String::new()).expect("right");
                assert!(!checked[field.name].is_null(), "{}.{}", object.name, field.name);
            }
            rows += 1;
        }
    }
    assert!(rows > 100, "{rows}");
}

#[test]
fn every_default_passes_its_own_check_and_is_whole() {
    for object in objects() {
        for field in object.fields() {
            if let Default::Is(text) = field.default {
                let path = || format!("{}.{}", object.name, field.name);
                let filled = check(&field.kind, &ours(&parsed(text)), &mut path()).expect("a default is right");
                assert_eq!(check(&field.kind, &filled, &mut path()), Ok(filled), "{}", path());
            }
        }
    }
}

#[test]
fn names_and_kinds_are_unique() {
    for object in objects() {
        let names: Vec<&str> = object.fields().map(|f| f.name).collect();
        for (i, name) in names.iter().enumerate() {
            assert!(!names[..i].contains(name), "{}.{name}", object.name);
        }
        assert!(!names.contains(&"kind"), "{}", object.name);
    }
}

#[test]
fn what_is_filled_in_stays_as_it_is() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut models, mut runs) = (0, 0);
    for _ in 0..28_000 {
        let given = dice.object(ALL[0]).to_string();
        if let Ok(once) = ModelDescription::from_json(&given) {
            let twice = ModelDescription::from_json(&once.to_json()).expect("what was filled in is right");
            assert_eq!(twice.to_json(), once.to_json(), "{given}");
            assert_eq!(twice, once);
            models += 1;
        }
        let given = dice.object(ALL[1]).to_string();
        if let Ok(once) = RunDescription::from_json(&given) {
            let twice = RunDescription::from_json(&once.to_json()).expect("what was filled in is right");
            assert_eq!(twice.to_json(), once.to_json(), "{given}");
            assert_eq!(twice, once);
            runs += 1;
        }
    }
    // Most random models have layers that do not fit; enough do.
    assert!(models > 100 && runs > 500, "{models} models, {runs} runs");
}

#[test]
fn numbers_are_read_exactly() {
    let mut dice = Dice(7);
    for _ in 0..2000 {
        let x = dice.value(&Kind::Number(Range::AboveZero)).as_f64().expect("a number");
        let read = run(json!({ "optimizer": { "kind": "adam", "learningRate": x } })).expect("right");
        let optim::Schedule::Constant { rate } = read.update.rate else { panic!("constant") };
        assert_eq!(rate.to_bits(), x.to_bits(), "{x:e}");
    }
}

/// What the table has let through and nobody knows is never some default: optimisers, losses, schedules, metrics, words.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn an_unknown_kind_is_a_broken_invariant() {
    use crate::describe::{loss, metric, schedule, stopping, update};
    let kind = ours(&json!({ "kind": "adagradd" }));
    let word = ours(&json!("lossy"));
    let panics = |what: &str, of: &dyn Fn()| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(of)).expect_err(what);
    };
    panics("optimizer", &|| _ = update::optimizer(&kind));
    panics("loss", &|| _ = loss::loss(&kind));
    panics("schedule", &|| _ = schedule::schedule(&kind));
    panics("metric", &|| _ = metric::Metric::of(&kind));
    panics("word", &|| _ = stopping::Monitor::of(&word));
}
