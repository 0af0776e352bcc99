//! Series in the user's units: transforms and differences are undone, windows see no future.

mod common;

use common::{Numbers, fit};
use std::rc::Rc;
use train::bundle::{Bundle, Elements};
use train::data::samples::Samples;
use train::data::series::Series;
use train::describe::model::{Input, ModelDescription};
use train::encoding::series::SeriesEncoding;
use train::evaluate::evaluate;
use train::forecast::forecast;
use train::model::Model;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A positive series with a weekly pattern, a past and a known column.
fn table(rows: usize) -> Bundle {
    let mut numbers = Numbers::new(4);
    let mut bundle = Bundle::default();
    bundle.note("kind", "series");
    let noise: Vec<f64> = (0..rows).map(|_| f64::from(numbers.next()) * 0.1).collect();
    let known: Vec<f64> = (0..rows).map(|s| f64::from(u8::from(s % 11 == 0))).collect();
    let sold = (0..rows)
        .map(|s| 20.0 + 0.05 * s as f64 + [0.0, 3.0, 1.0, 4.0, 1.0, 5.0, 9.0][s % 7] + 6.0 * known[s] + noise[s]);
    bundle.f64("column.sold", sold.collect());
    bundle.f64("column.visits", (0..rows).map(|s| (s % 5) as f64 * 100.0).collect());
    bundle.f64("column.holiday", known);
    bundle.push("calendar.dayOfWeek", vec![rows], Elements::U16((0..rows).map(|s| (s % 7) as u16).collect()));
    bundle
}

fn description(more: &str) -> String {
    format!(
        r#"{{"input":{{"series":{{"target":["sold"],"past":["visits"],"known":["holiday"],"time":"day","calendar":["dayOfWeek"],
            "window":14,"horizon":3{more}}}}},"layers":[{{"kind":"gru","hiddenSize":12}},{{"kind":"dense"}}],"seed":1}}"#
    )
}

#[test]
fn the_target_itself_restores_to_the_truth() {
    for more in [
        "",
        r#","difference":7"#,
        r#","transform":"log","difference":1"#,
        r#","transform":"log","scale":"minMax","difference":2"#,
    ] {
        let described = ModelDescription::from_json(&description(more)).expect("right");
        let Input::Series(plan) = described.input.clone() else { panic!("a series") };
        let sold = table(60).take_f64("column.sold").expect("f64").expect("a column");
        let table = plan.table(&mut table(60)).expect("all columns");
        let encoding = Rc::new(SeriesEncoding::fit(plan.clone(), &table, 40));
        let series = Series::new(encoding, table, false, 0);
        assert_eq!(series.len(), 60 - plan.difference - 14 - 3 + 1);
        for sample in 0..series.len() {
            let (mut target, mut user, mut truth) = ([0.0f32; 3], [0.0f64; 3], [0.0f64; 3]);
            series.target(sample, 0, &mut target);
            series.restore(sample, 0, &target, &mut user, &mut truth);
            for k in 0..3 {
                let row = plan.difference + 14 + sample + k;
                assert!((truth[k] - sold[row]).abs() < 1e-9, "{more}: truth");
                // The target is rounded to f32: a few of its ulps, after exp and three sums.
                assert!((user[k] - truth[k]).abs() < 1e-4, "{more}: {} for {}", user[k], truth[k]);
            }
        }
    }
}

#[test]
fn a_window_sees_nothing_of_the_future_but_what_is_known() {
    let described = ModelDescription::from_json(&description("")).expect("right");
    let Input::Series(plan) = described.input.clone() else { panic!("a series") };
    let before = plan.table(&mut table(40)).expect("all columns");
    let mut after = plan.table(&mut table(40)).expect("all columns");
    let cut = 20; // origin of the sample
    (cut + 1..40).for_each(|s| {
        for column in [&mut after.levels[0], &mut after.past[0]] {
            column.set(s, column.get(s) + 5.0);
        }
    });
    let encoding = Rc::new(SeriesEncoding::fit(plan.clone(), &before, cut));
    let sample = cut - plan.first_origin();
    assert_eq!(
        SeriesEncoding::fit(plan.clone(), &before, cut),
        SeriesEncoding::fit(plan.clone(), &after, cut),
        "constants too"
    );
    let inputs = |table| {
        let series = Series::new(encoding.clone(), table, false, 0);
        assert_eq!(series.origin(sample), cut);
        let mut rows = vec![0.0; 14 * plan.input_size()];
        rows.chunks_mut(plan.input_size()).enumerate().for_each(|(t, row)| series.input(sample, t, row));
        rows
    };
    assert_eq!(inputs(before), inputs(after));
}

/// The first `history` rows as past, the rest with NaN where nothing is known ahead.
fn ahead(history: usize, steps: usize) -> Bundle {
    let mut bundle = table(history + steps);
    for name in ["column.sold", "column.visits"] {
        let tensor = bundle.tensors.iter_mut().find(|t| t.name == name).expect("a column");
        let Elements::F64(column) = &mut tensor.elements else { panic!("f64") };
        column[history..].fill(f64::NAN);
    }
    bundle.note("history", history.to_string());
    bundle
}

fn floats(bundle: &Bundle, name: &str) -> Vec<f32> {
    match &bundle.find(name).expect(name).elements {
        Elements::F32(v) => v.clone(),
        other => panic!("{}", other.dtype()),
    }
}

#[test]
fn forecasts_learn_the_pattern_in_the_users_units() {
    for more in ["", r#","transform":"log","difference":7"#] {
        let mut model = Model::create(&description(more)).expect("right");
        let run = r#"{"epochs":60,"optimizer":{"kind":"adam","learningRate":0.01}}"#;
        fit(&mut model, table(300), run);
        let predicted = floats(&forecast(&model, ahead(300, 3), "{}").expect("long enough"), "sold");
        let mut whole = table(303);
        let truth = whole.take_f64("column.sold").expect("f64").expect("a column");
        for (k, p) in predicted.iter().enumerate() {
            // The pattern spans 15; the noise is 0.1.
            assert!((f64::from(*p) - truth[300 + k]).abs() < 2.5, "{more}: {p} for {}", truth[300 + k]);
        }
        let figures = evaluate(&model, table(303), r#"{"metrics":["rmse","mape"]}"#).expect("same columns");
        let figures: serde_json::Value = serde_json::from_str(&figures).expect("JSON");
        assert!(figures["rmse"].as_f64().expect("a number") < 1.5, "{figures}");
        assert!(figures["mape"].as_f64().expect("a number") < 5.0, "{figures}");
    }
}

#[test]
fn a_recursive_model_feeds_its_own_steps_back() {
    let recursive = description(r#","mode":"recursive""#).replace(r#""past":["visits"],"#, "");
    let mut model = Model::create(&recursive).expect("right");
    fit(&mut model, table(200), r#"{"epochs":40,"optimizer":{"kind":"adam","learningRate":0.01}}"#);
    let one = floats(&forecast(&model, ahead(200, 1), r#"{"steps":1}"#).expect("known"), "sold");
    let ten = floats(&forecast(&model, ahead(200, 10), r#"{"steps":10}"#).expect("known"), "sold");
    assert_eq!(ten.len(), 10);
    assert_eq!(one[0].to_bits(), ten[0].to_bits(), "the first step does not depend on those after it");
    // Fed the first forecast as if it had been seen, the model says the same of the second step.
    let mut seen = ahead(201, 1);
    let tensor = seen.tensors.iter_mut().find(|t| t.name == "column.sold").expect("a column");
    let Elements::F64(column) = &mut tensor.elements else { panic!("f64") };
    column[200] = f64::from(one[0]);
    let second = floats(&forecast(&model, seen, r#"{"steps":1}"#).expect("known"), "sold");
    // The forecast was rounded to f32 on its way out.
    assert!((second[0] - ten[1]).abs() < 1e-3, "{} and {}", second[0], ten[1]);
}

#[test]
fn refusals_name_the_argument() {
    let mut model = Model::create(&description("")).expect("right");
    let early = forecast(&model, ahead(50, 3), "{}").expect_err("not fitted");
    assert_eq!(early.code, "notFitted");
    fit(&mut model, table(100), r#"{"epochs":1}"#);
    let short = forecast(&model, ahead(10, 3), "{}").expect_err("shorter than the window");
    assert_eq!(short.message, "history: expected at least 14 rows (difference + window), got 10");
    let far = forecast(&model, ahead(50, 9), r#"{"steps":9}"#).expect_err("past the horizon");
    assert_eq!(far.path.as_deref(), Some("steps"));
    let unknown = forecast(&model, ahead(50, 1), "{}").expect_err("too few known rows");
    assert_eq!(unknown.path.as_deref(), Some("known"));
}
