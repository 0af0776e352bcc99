//! Clipping against PyTorch's, and what it must leave alone.

mod support;

use optim::{Clip, clip};
use support::{Random, error, number, tensor, to_f32, to_f64};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The parts a, b, c as one buffer.
fn joined(parts: &serde_json::Value) -> Vec<f64> {
    ["a", "b", "c"].iter().flat_map(|k| tensor(&parts[k])).collect()
}

#[test]
fn clips_as_pytorch() {
    let all = fixture!("clip.json");
    let start = to_f32(&joined(&all["grads"]));
    let (mut norms, mut values) = (0, 0);
    for record in all["records"].as_array().unwrap() {
        let (settings, truth) = (&record["settings"], joined(&record["clipped"]));
        let mut grads = start.clone();
        let changed = truth.iter().zip(&start).any(|(t, s)| (t - f64::from(*s)).abs() > 1e-6);
        if settings["norm_type"] == 2.0 {
            norms += 1;
            let max = number(&settings["max_norm"]);
            let mut again = start.clone();
            let outcome = Clip::Norm(max).apply(&mut again);
            let norm = clip::by_norm(&mut grads, max);
            assert!((norm / number(&record["total_norm"]) - 1.0).abs() < 1e-6, "{norm}");
            assert_eq!((outcome.norm, outcome.clipped, &again), (norm, changed, &grads));
        } else if let Some(max) = settings.get("clip_value") {
            values += 1;
            let mut again = start.clone();
            let outcome = Clip::Value(number(max)).apply(&mut again);
            assert_eq!(clip::by_value(&mut grads, number(max)), changed);
            assert_eq!((outcome.norm, outcome.clipped, &again), (clip::norm(&start), changed, &grads));
        } else {
            continue; // the norms of order 1 and infinity are not offered
        }
        let off = error(&to_f64(&grads), &truth);
        assert!(off <= 1e-6, "{settings}: off by {off:e}");
    }
    assert_eq!((norms, values), (3, 2));
}

#[test]
fn none_measures_only() {
    let start = Random(1).take(101);
    let mut grads = start.clone();
    let outcome = Clip::None.apply(&mut grads);
    let truth: f64 = start.iter().map(|g| f64::from(*g) * f64::from(*g)).sum();
    assert!((outcome.norm / truth.sqrt() - 1.0).abs() < 1e-14);
    assert!(!outcome.clipped);
    assert_eq!(grads, start);
}

/// Squares beyond f32 still have a norm; NaN and infinity are reported and not spread.
#[test]
fn extremes() {
    let mut large = vec![3e30f32, -4e30];
    assert!((clip::by_norm(&mut large, 1.0) / 5e30 - 1.0).abs() < 1e-6);
    assert!(error(&to_f64(&large), &[0.6, -0.8]) < 1e-6);

    // So small that the 1e-6 of the rule counts.
    let mut small = vec![3e-6f32, -4e-6];
    clip::by_norm(&mut small, 1e-6);
    assert!(error(&to_f64(&small), &[3e-6 / 6.0, -4e-6 / 6.0]) < 1e-6);

    for bad in [[1.0, f32::INFINITY, -7.0], [1.0, f32::NAN, -7.0], [f32::NEG_INFINITY, f32::NAN, 2.0]] {
        for rule in [Clip::Norm(1.0), Clip::Value(1.0), Clip::None] {
            let mut grads = bad;
            let outcome = rule.apply(&mut grads);
            assert!(!outcome.norm.is_finite() && !outcome.clipped);
            assert!(grads.iter().zip(&bad).all(|(g, b)| g.to_bits() == b.to_bits()), "{rule:?}: {grads:?}");
        }
    }
    assert_eq!(clip::norm(&[]), 0.0);
}
