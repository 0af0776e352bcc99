//! Clipping against PyTorch's, and what it must leave alone.

mod support;

use optim::clip::{Adaptive, ByNorm, Clipped, Norm};
use optim::{Clip, Places, Tensor, clip};
use support::{Random, error, number, tensor, to_f32, to_f64};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The parts a, b, c as one buffer.
fn joined(parts: &serde_json::Value) -> Vec<f64> {
    ["a", "b", "c"].iter().flat_map(|k| tensor(&parts[k])).collect()
}

/// Of gradients that are one vector, whatever the weights.
fn apply(rule: Clip, grads: &mut [f32]) -> Clipped {
    rule.apply(&Places::whole(grads.len()), &vec![0.0; grads.len()], grads)
}

#[test]
fn clips_as_pytorch() {
    let all = fixture!("clip.json");
    let start = to_f32(&joined(&all["grads"]));
    let mut seen = 0;
    for record in all["records"].as_array().unwrap() {
        let (settings, truth) = (&record["settings"], joined(&record["clipped"]));
        let changed = truth.iter().zip(&start).any(|(t, s)| (t - f64::from(*s)).abs() > 1e-6);
        let norm = match &settings["norm_type"] {
            n if *n == 1.0 => Norm::One,
            n if *n == "inf" => Norm::Infinity,
            _ => Norm::Two,
        };
        let rule = match settings.get("clip_value") {
            Some(max) => Clip::Value(number(max)),
            None => Clip::Norm(ByNorm { max: number(&settings["max_norm"]), norm, per_tensor: false }),
        };
        let mut grads = start.clone();
        let outcome = apply(rule, &mut grads);
        if let Some(total) = record["total_norm"].as_f64() {
            assert!((outcome.norm / total - 1.0).abs() < 1e-6, "{outcome:?}");
        }
        assert_eq!(outcome.clipped, changed, "{settings}");
        assert!(grads.iter().all(|g| f64::from(g.abs()) <= outcome.most * (1.0 + 1e-6)), "{outcome:?}");
        let off = error(&to_f64(&grads), &truth);
        assert!(off <= 1e-6, "{settings}: off by {off:e}");
        seen += 1;
    }
    assert_eq!(seen, 11);
}

#[test]
fn none_measures_only() {
    let start = Random(1).take(101);
    let mut grads = start.clone();
    let outcome = apply(Clip::None, &mut grads);
    let truth: f64 = start.iter().map(|g| f64::from(*g) * f64::from(*g)).sum();
    assert!((outcome.norm / truth.sqrt() - 1.0).abs() < 1e-14);
    assert!(!outcome.clipped);
    assert_eq!(grads, start);
}

/// Each tensor is clipped as if it were alone; the norm is that of all.
#[test]
fn tensors_by_their_own_norms() {
    let places = Places::of(vec![Tensor::vector(0..9), Tensor::matrix(9, 4, 5), Tensor::vector(29..32)]);
    let mut start = Random(4).take(32);
    start[..9].iter_mut().for_each(|g| *g *= 100.0);
    start[29..].iter_mut().for_each(|g| *g *= 1e-3);
    for norm in [Norm::One, Norm::Two, Norm::Infinity] {
        let mut grads = start.clone();
        let rule = Clip::Norm(ByNorm { max: 0.5, norm, per_tensor: true });
        let outcome = rule.apply(&places, &[0.0; 32], &mut grads);
        assert_eq!((outcome.norm, outcome.clipped), (norm.of(&start), true));
        for tensor in &places.tensors {
            let mut alone = start[tensor.range.clone()].to_vec();
            apply(Clip::Norm(ByNorm { max: 0.5, norm, per_tensor: false }), &mut alone);
            assert_eq!(grads[tensor.range.clone()], alone, "{norm:?}");
            assert!(norm.of(&alone) <= 0.5 * (1.0 + 1e-6));
        }
        assert_eq!(grads[29..], start[29..], "a short one stays");
    }
}

/// Brock et al. 2021, equation 3, in f64: rows of a matrix and whole vectors by their own weights.
#[test]
fn units_by_the_norm_of_their_weights() {
    let mut panels = Tensor::matrix(0, 6, 5);
    (panels.range, panels.stride) = (0..40, 8);
    panels.rows = (0..6).collect();
    let places = Places::of(vec![panels, Tensor::vector(40..47), Tensor::vector(47..50)]);
    let (mut params, mut start) = (Random(1).take(50), Random(2).take(50));
    // The third vector of weights is zero; one row has a gradient that is short enough; padding is zero.
    params[47..].fill(0.0);
    (0..5).for_each(|k| start[2 + k * 8] *= 1e-3);
    (0..5).for_each(|k| [6, 7].iter().for_each(|r| (params[r + k * 8], start[r + k * 8]) = (0.0, 0.0)));
    let rule = Adaptive { factor: 0.1, epsilon: 1e-3 };
    let mut grads = start.clone();
    let outcome = Clip::Adaptive(rule).apply(&places, &params, &mut grads);
    assert!(outcome.clipped);
    let mut truth = to_f64(&start);
    let units = places.tensors.iter().flat_map(|t| (0..t.rows.len()).map(|r| t.row(r).collect::<Vec<_>>()));
    for unit in units {
        let norm = |x: &[f32]| unit.iter().map(|&i| f64::from(x[i]) * f64::from(x[i])).sum::<f64>().sqrt();
        let most = 0.1 * norm(&params).max(1e-3);
        if norm(&start) > most {
            unit.iter().for_each(|&i| truth[i] *= most / norm(&start));
        }
    }
    assert!(error(&to_f64(&grads), &truth) < 1e-6);
    assert!((0..5).all(|k| grads[2 + k * 8] == start[2 + k * 8]), "a short one stays");
    let last = Norm::Two.of(&grads[47..]);
    assert!((last / 1e-4 - 1.0).abs() < 1e-6, "zero weights count with epsilon: {last}");

    let mut small: Vec<f32> = start.iter().map(|g| g * 1e-6).collect();
    let before = small.clone();
    assert!(!Clip::Adaptive(rule).apply(&places, &params, &mut small).clipped);
    assert_eq!(small, before);
}

/// Squares beyond f32 still have a norm; NaN and infinity are reported and not spread.
#[test]
fn extremes() {
    let mut large = vec![3e30f32, -4e30];
    assert!((apply(Clip::norm(1.0), &mut large).norm / 5e30 - 1.0).abs() < 1e-6);
    assert!(error(&to_f64(&large), &[0.6, -0.8]) < 1e-6);

    // So small that the 1e-6 of the rule counts.
    let mut small = vec![3e-6f32, -4e-6];
    apply(Clip::norm(1e-6), &mut small);
    assert!(error(&to_f64(&small), &[3e-6 / 6.0, -4e-6 / 6.0]) < 1e-6);

    let by = |norm, per_tensor| Clip::Norm(ByNorm { max: 1.0, norm, per_tensor });
    let adaptive = Clip::Adaptive(Adaptive { factor: 0.01, epsilon: 1e-3 });
    for bad in [[1.0, f32::INFINITY, -7.0], [1.0, f32::NAN, -7.0], [f32::NEG_INFINITY, f32::NAN, 2.0]] {
        for rule in [
            Clip::norm(1.0),
            by(Norm::One, false),
            by(Norm::Infinity, false),
            by(Norm::Infinity, true),
            by(Norm::Two, true),
            adaptive,
            Clip::Value(1.0),
            Clip::None,
        ] {
            let mut grads = bad;
            let outcome = apply(rule, &mut grads);
            assert!(!outcome.norm.is_finite() && !outcome.clipped, "{rule:?}");
            assert!(grads.iter().zip(&bad).all(|(g, b)| g.to_bits() == b.to_bits()), "{rule:?}: {grads:?}");
        }
    }
    // What is left of gradients beyond use is told.
    let outcome = apply(adaptive, &mut [1e30, 0.0]);
    assert!(outcome.norm > 1e29 && outcome.most < 1.0, "{outcome:?}");
    assert_eq!(Norm::Two.of(&[]), 0.0);
    assert!(clip::by_value(&mut [2.0], 1.0));
}
