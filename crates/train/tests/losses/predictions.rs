//! What is predicted, in the user's units.

use crate::cases::{C, Kind, cases, places};
use crate::common::{self, bits, fit, floats};
use naive::losses::distributions;
use train::model::Model;
use train::predict::predict;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// What a prediction shows of what the network gives.
#[test]
fn predictions_in_the_users_units() {
    for case in cases() {
        for at in places(&case) {
            let (model, data) = (case.model(at), case.data(at));
            let shown = predict(&model, data.clone(), "{}").expect("fits");
            let raw = floats(&predict(&model, data.clone(), r#"{"raw":true}"#).expect("fits"), "values");
            let values = floats(&shown, "values");
            let close = |expected: Vec<f64>| {
                assert_eq!(values.len(), expected.len(), "{}", case.loss);
                for (v, e) in values.iter().zip(expected) {
                    assert!(
                        v.is_nan() && e.is_nan() || (f64::from(*v) - e).abs() <= 2e-6 * e.abs().max(0.1),
                        "{}: {v} {e}",
                        case.loss
                    );
                }
            };
            let wide = raw.iter().map(|&v| f64::from(v));
            match case.kind {
                Kind::Shares => close(wide.map(|z| 1.0 / (1.0 + libm::exp(-z))).collect()),
                Kind::Counts => close(wide.map(libm::exp).collect()),
                Kind::Numbers if case.loss.contains("gaussian") => {
                    let exp = case.loss.contains("exp");
                    close(wide.clone().step_by(2).collect());
                    let variance: Vec<f32> = floats(&shown, "variance");
                    let of = |s: f64| if exp { libm::exp(s) } else { libm::log1p(libm::exp(s)) };
                    for (v, s) in variance.iter().zip(wide.skip(1).step_by(2)) {
                        assert!(v.is_nan() && s.is_nan() || (f64::from(*v) - of(s)).abs() <= 1e-6, "{v} {s}");
                    }
                    let shape = &shown.find("variance").expect("there").shape;
                    assert_eq!(shape, &shown.find("values").expect("there").shape);
                }
                Kind::Numbers => close(wide.collect()),
                Kind::Classes | Kind::Probabilities | Kind::Labels => {
                    for (row, p) in raw.chunks(C).zip(values.chunks(C)).filter(|(row, _)| !row[0].is_nan()) {
                        let p_of = distributions::log_softmax(&row.iter().map(|&z| f64::from(z)).collect::<Vec<_>>());
                        let apart = p.iter().zip(p_of).map(|(p, l)| (f64::from(*p) - libm::exp(l)).abs());
                        assert!(apart.fold(0.0, f64::max) <= 1e-6);
                    }
                    let labels = case.kind == Kind::Labels;
                    assert_eq!((shown.find("decoded").is_some(), shown.find("classes").is_some()), (labels, !labels));
                }
            }
        }
    }
}

/// Scaled targets: quantiles and means in the user's units, variances in their squares; the loss that of a model on data that
/// were scaled by hand.
#[test]
fn several_numbers_for_each_of_some_scaled_targets() {
    let json = |loss: &str, scale: &str| {
        format!(
            r#"{{"input":{{"size":1}},"layers":[{{"kind":"rnn","hiddenSize":4}},{{"kind":"dense"}}],
                "output":{{"at":"last","size":2,"scale":"{scale}"}},"loss":{loss},"seed":2}}"#
        )
    };
    // Minimum and maximum are exact in 32 bits: columns of 3 … 7 and of -50 … 50.
    let (offset, scale) = ([3.0, -50.0], [4.0, 100.0]);
    let data = |own: bool| {
        common::tripled(9, |bundle| {
            let place = |i: usize, j: usize| (i * (j + 1) % 9) as f32 / 8.0;
            let unit = |i: usize, j: usize| place(i, j) * scale[j] + offset[j];
            let y = (0..18).map(|k| if own { unit(k / 2, k % 2) } else { place(k / 2, k % 2) }).collect();
            bundle.tensors.retain(|t| t.name != "y");
            bundle.f32("y", vec![9, 2], y);
        })
    };
    for loss in [r#"{"kind":"quantile","quantiles":[0.1,0.5,0.9]}"#, r#""gaussianNll""#] {
        let mut scaled = Model::create(&json(loss, "minMax")).expect("right");
        let mut plain = Model::create(&json(loss, "none")).expect("right");
        let run = r#"{"epochs":5,"metrics":["rmse"]}"#;
        let (records, _) = fit(&mut scaled, data(true), run);
        let (by_hand, _) = fit(&mut plain, data(false), run);
        assert_eq!(bits(&scaled), bits(&plain), "{loss}");
        assert_eq!(records[3].to_bits(), by_hand[3].to_bits(), "the loss is in the network's units");
        let [own, other] =
            [(&scaled, true), (&plain, false)].map(|(m, own)| predict(m, data(own), "{}").expect("fits"));
        let width = if loss.contains("quantile") { 3 } else { 1 };
        let (values, expected) = (floats(&own, "values"), floats(&other, "values"));
        assert_eq!(values.len(), 9 * 2 * width);
        for (i, (v, e)) in values.iter().zip(expected).enumerate() {
            let j = i / width % 2;
            assert!((v - (e * scale[j] + offset[j])).abs() <= 1e-4, "{loss} {i}: {v} {e}");
        }
        if width == 1 {
            let variances = floats(&own, "variance").into_iter().zip(floats(&other, "variance")).enumerate();
            variances.for_each(|(i, (v, e))| assert!((v / (e * scale[i % 2] * scale[i % 2]) - 1.0).abs() < 1e-5));
        }
    }
}
