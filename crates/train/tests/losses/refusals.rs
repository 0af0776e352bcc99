//! Targets that are refused, and such as do not count.

use crate::cases::{C, Case, Kind, case_of, ints, put};
use crate::common::fit;
use train::bundle::{Bundle, Elements};
use train::model::Model;
use train::session::Session;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn refused(case: &Case, at: &str, change: impl FnOnce(&mut Bundle)) -> (String, &'static str) {
    let mut data = case.data(at);
    change(&mut data);
    let error = Session::fit(&mut case.model(at), data, r#"{"epochs":1}"#, None, None).err().expect("refused");
    (error.message.clone(), error.code)
}

/// Before anything is learned, with the place; what is masked is not looked at.
#[test]
fn targets_that_a_loss_has_no_meaning_for() {
    // Row 4 of the steps is step 1 of sequence 1.
    for (kind, at, index, value, expected) in [
        (Kind::Shares, "last", 3, 1.5, "y[1][1]: expected a number from 0 to 1, got 1.5"),
        (Kind::Shares, "every", 8, -0.5, "y[1][1][0]: expected a number from 0 to 1, got -0.5"),
        (Kind::Counts, "last", 0, -1.0, "y[0][0]: expected a count: a number from 0, got -1"),
        (Kind::Probabilities, "last", 4, -0.25, "y[1][0]: expected a probability: a number from 0, got -0.25"),
    ] {
        assert_eq!(refused(&case_of(kind), at, |data| put(data, "y", index, value)), (expected.into(), "wrongData"));
        // The third row of four has weight 0.
        let masked = if at == "every" { 6 * 2 } else { 2 * if kind == Kind::Probabilities { C } else { 2 } };
        let case = case_of(kind);
        let mut data = case.data(at);
        put(&mut data, "y", masked, value);
        assert!(Session::fit(&mut case.model(at), data, r#"{"epochs":1}"#, None, None).is_ok(), "masked");
    }
    let (message, _) = refused(&case_of(Kind::Probabilities), "every", |data| put(data, "y", 4, 3.0));
    assert!(message.starts_with("y[0][1]: expected 4 probabilities with sum 1, got sum 3."), "{message}");

    let labels = case_of(Kind::Labels);
    assert_eq!(
        refused(&labels, "every", |data| put(data, "labels", 3, 1.0)),
        ("y[1][1]: expected a label that is not the blank, got 1".into(), "blankLabel")
    );
    assert_eq!(
        refused(&labels, "every", |data| put(data, "labels", 3, 4.0)),
        ("y[1][1]: expected a class below 4, got 4".into(), "wrongData")
    );
    // Three steps and two labels: of equal ones with a blank between, that is all there is room for.
    let short = |lengths: Vec<i32>| {
        move |data: &mut Bundle| {
            let rows = lengths.iter().sum::<i32>() as usize;
            data.tensors.retain(|t| t.name != "lengths" && t.name != "x");
            data.push("lengths", vec![7], Elements::I32(lengths));
            data.f32("x", vec![rows, 2], vec![0.5; 2 * rows]);
        }
    };
    // The last sequence has weight 0: too long too, it is not looked at.
    let (message, code) = refused(&labels, "every", short(vec![2, 4, 1, 3, 4, 1, 1]));
    let expected = "y[4]: expected labels that 4 steps can give: one each, and a blank between equal ones, got 4 labels, which take 5";
    assert_eq!(
        (message.strip_suffix("; loss.zeroInfinity leaves such sequences aside"), code),
        (Some(expected), "targetTooLong")
    );
    assert!(
        Session::fit(
            &mut labels.model("every"),
            {
                let mut data = labels.data("every");
                short(vec![2, 4, 1, 3, 5, 1, 1])(&mut data);
                data
            },
            "{}",
            None,
            None
        )
        .is_ok(),
        "as many steps as they take"
    );
    let lenient = Model::create(
        r#"{"input":{"size":2},"layers":[{"kind":"gru","hiddenSize":5},{"kind":"dense"}],"output":{"at":"every","classes":4},
            "loss":{"kind":"ctc","blank":1,"zeroInfinity":true}}"#,
    );
    let mut data = labels.data("every");
    short(vec![2, 4, 1, 3, 4, 1, 1])(&mut data);
    let (records, _) = fit(&mut lenient.expect("right"), data, r#"{"epochs":2}"#);
    assert!(records[3] > 0.0 && records[3].is_finite());
}

/// An index that stands for no class masks, and may be one that there is.
#[test]
fn an_ignored_class_is_no_target() {
    let json = |loss: &str| {
        format!(
            r#"{{"input":{{"size":2}},"layers":[{{"kind":"gru","hiddenSize":5}},{{"kind":"dense"}}],
                "output":{{"at":"every","classes":4}},"loss":{loss},"seed":3}}"#
        )
    };
    let case = case_of(Kind::Classes);
    let data = case.data("every");
    let mut masked = data.clone();
    for (i, class) in ints(&data, "classes").into_iter().enumerate() {
        put(&mut masked, "classes", i, if class == 2 { -1.0 } else { class as f32 });
    }
    let run = r#"{"epochs":3,"batchSize":2,"metrics":["accuracy"]}"#;
    let mut ignoring = Model::create(&json(r#"{"kind":"crossEntropy","ignoreIndex":2}"#)).expect("right");
    let mut plain = Model::create(&json(r#""crossEntropy""#)).expect("right");
    let (by_index, by_mask) = (fit(&mut ignoring, data, run).0, fit(&mut plain, masked, run).0);
    // The sums are the same; the exponentials of a gradient are rounded with another factor.
    let same = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 || a.is_nan());
    assert!(same(&by_index, &by_mask), "{by_index:?}\n{by_mask:?}");
    // It need not be trained before it is validated, as another has to be.
    let validated = |last: f32| {
        let mut data = case.data("every");
        let rows = ints(&data, "classes").len();
        // The last sequence has the last four steps.
        (0..rows).for_each(|i| put(&mut data, "classes", i, if i >= rows - 4 { last } else { 1.0 }));
        let mut model = Model::create(&json(r#"{"kind":"crossEntropy","ignoreIndex":2}"#)).expect("right");
        put(&mut data, "classes", rows - 1, 1.0);
        put(&mut data, "weight", rows - 1, 1.0);
        Session::fit(&mut model, data, r#"{"epochs":1,"validationSplit":0.15}"#, None, None).err().map(|e| e.code)
    };
    assert_eq!((validated(2.0), validated(3.0)), (None, Some("untrainedClass")));
}
