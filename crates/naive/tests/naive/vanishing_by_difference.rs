//! Ω, its immediate derivative by finite differences of the function with x and ∂E/∂x frozen, and where a layer puts it.

use crate::common::random::Random;
use naive::difference::{central, relative_error};
use naive::vanishing::{Link, gradient, omega};
use naive::{
    Activation, At, CellKind, Cotangent, Form, Input, Layer, Network, Parameters, Recurrent, Sequence, StepMasks,
};

const HIDDEN: usize = 4;

#[test]
fn derivative_with_the_rest_frozen() {
    for seed in 0..20 {
        let mut random = Random(seed);
        let link = |random: &mut Random| Link {
            // Of a size that gradients have.
            delta: random.numbers(HIDDEN, libm::pow(10.0, -(seed as f64) / 2.0)),
            slope: random.numbers(HIDDEN, 1.0).iter().map(|x| 1.0 - x * x).collect(),
        };
        let mut links: Vec<Link> = (0..5).map(|_| link(&mut random)).collect();
        links.push(Link { delta: vec![0.0; HIDDEN], ..link(&mut random) });
        let mut w = random.numbers(HIDDEN * HIDDEN, 0.8);
        let analytic = gradient(&w, &links);
        let numeric = central(&mut w, 1e-5, |w| omega(w, &links));
        let error = relative_error(&analytic, &numeric);
        assert!(error <= 1e-8, "seed {seed}: {error:e}");
    }
}

/// By hand: one unit, W = w, a step with gradient δ and slope s: Ω = (|w| s - 1)², dΩ/dw = 2 (|w| s - 1) s sign(w).
#[test]
fn one_unit() {
    let links = [Link { delta: vec![-0.3], slope: vec![0.5] }];
    for w in [0.4, -1.2, 3.0f64] {
        let size = w.abs() * 0.5 - 1.0;
        assert!((omega(&[w], &links) - size * size).abs() < 1e-15);
        assert!((gradient(&[w], &links)[0] - 2.0 * size * 0.5 * w.signum()).abs() < 1e-15);
    }
    assert_eq!(gradient(&[0.0], &links), [0.0]);
}

/// What a layer adds is Ω's derivative at its own steps, made here from what a network gives anyway: dL/dh and the states. Where
/// the products read a masked state, that of Ω as a function of W, by differences.
#[test]
fn a_layer_adds_it_to_its_recurrent_weights() {
    for activation in [Activation::Tanh, Activation::Relu] {
        for (bidirectional, masked) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut random = Random(5);
            let layer = Recurrent {
                cell: CellKind::Rnn { activation },
                hidden_size: HIDDEN,
                num_layers: 1,
                bidirectional,
                bias: true,
                name: "0".to_owned(),
                form: Form::default(),
            };
            let (input, layers) = (Input::Values { size: 2 }, vec![Layer::Recurrent(layer.clone())]);
            let network = Network { input, layers, at: At::Every };
            let mut params = Parameters::new();
            for (name, shape) in network.shapes() {
                params.insert(name, random.numbers(shape.iter().product(), 0.8));
            }
            let lengths = [3, 6, 1];
            let width = layer.directions() * HIDDEN;
            let masks: Vec<Vec<Vec<f64>>> = lengths.map(|_| random.mask(layer.directions(), HIDDEN)).to_vec();
            let mut plain: Vec<Sequence> = lengths.map(|steps| Sequence::values(random.rows(steps, 2))).to_vec();
            for (sequence, masks) in plain.iter_mut().zip(&masks).filter(|_| masked) {
                for (index, mask) in masks.iter().enumerate() {
                    let masks = StepMasks { recurrent: mask.clone(), ..StepMasks::default() };
                    *sequence = sequence.clone().with_step_masks(0, index, masks);
                }
            }
            let cotangents: Vec<Cotangent> =
                lengths.map(|steps| Cotangent { output: random.rows(steps, width), states: Vec::new() }).to_vec();
            let with: Vec<Sequence> = plain.iter().map(|s| s.clone().with_vanishing(0, 0.7)).collect();
            let without = network.backward(&params, &plain, &cotangents);
            let outputs = network.forward(&params, &plain);
            let mut expected = without.parameters.clone();
            for (side, suffix) in ["l0", "l0_reverse"].iter().enumerate().take(layer.directions()) {
                let name = format!("0.weight_hh_{suffix}");
                let mut more = vec![0.0; HIDDEN * HIDDEN];
                for (b, steps) in lengths.into_iter().enumerate() {
                    let mut links = Vec::new();
                    let h = |t: usize| &outputs[b].output[t][side * HIDDEN..][..HIDDEN];
                    for t in 1..steps {
                        // From the step before to the one after it, in the order of the direction.
                        let (from, to) = if side == 0 { (t - 1, t) } else { (t, t - 1) };
                        let slope = |t: usize| h(t).iter().map(|h| activation.slope(*h)).collect::<Vec<f64>>();
                        let dh = &without.hidden[side].values[b][to];
                        let delta = dh.iter().zip(slope(to)).map(|(d, s)| d * s).collect();
                        links.push(Link { delta, slope: slope(from) });
                    }
                    let of_sequence = if masked {
                        let between = |w: &[f64]| -> Vec<f64> {
                            w.iter().enumerate().map(|(i, w)| masks[b][side][i % HIDDEN] * w).collect()
                        };
                        central(&mut params[&name].clone(), 1e-5, |w| omega(&between(w), &links))
                    } else {
                        gradient(&params[&name], &links)
                    };
                    more.iter_mut().zip(&of_sequence).for_each(|(sum, more)| *sum += more);
                }
                let sum = expected.get_mut(&name).expect("there");
                sum.iter_mut().zip(&more).for_each(|(d, more)| *d += 0.7 * more);
                assert!(more.iter().any(|&x| x.abs() > 1e-3), "it does something");
            }
            let got = network.backward(&params, &with, &cotangents);
            for (name, expected) in &expected {
                let limit = if masked { 1e-8 } else { 1e-12 };
                assert!(relative_error(&got.parameters[name], expected) <= limit, "{name}");
            }
            assert_eq!(got.inputs, without.inputs, "nothing else is touched");
            assert_eq!(got.hidden, without.hidden);
        }
    }
}
