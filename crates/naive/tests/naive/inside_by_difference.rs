//! Norms inside cells: analytic gradients against finite differences, and their values by hand.

use crate::common::gradients::{Checked, Problem};
use crate::common::random::Random;
use naive::difference::relative_error;
use naive::{
    Activation, At, CellKind, CellNorm, Form, Inner, Input, Layer, Network, Parameters, Recurrent, Reset, Rows,
    Sequence, State, StepMasks,
};

const SIZE: usize = 2;
const HIDDEN: usize = 3;
const KINDS: [Inner; 4] = [Inner::Layer, Inner::Rms, Inner::Batch { training: true }, Inner::Batch { training: false }];

fn layer(cell: CellKind, kind: Inner, form: Form) -> Recurrent {
    // Large, as the variance of two numbers may be small: differences would not see its curvature.
    let norm = Some(CellNorm { kind, epsilon: 0.1 });
    Recurrent {
        cell,
        hidden_size: HIDDEN,
        num_layers: 1,
        bidirectional: false,
        bias: true,
        name: "0".to_owned(),
        form: Form { norm, ..form },
    }
}

#[test]
fn lstm() {
    all("lstm", CellKind::Lstm, Form::default());
}

#[test]
fn lstm_variants() {
    let projected = Form { proj_size: Some(2), ..Form::default() };
    all("peepholes", CellKind::LstmVariant { peepholes: true, coupled: false }, projected);
    all("coupled", CellKind::LstmVariant { peepholes: false, coupled: true }, Form::default());
    all("both", CellKind::LstmVariant { peepholes: true, coupled: true }, Form { learned: true, ..projected });
}

#[test]
fn gru() {
    all("gru", CellKind::Gru { reset: Reset::After }, Form::default());
}

#[test]
fn rnn() {
    all("tanh", CellKind::Rnn { activation: Activation::Tanh }, Form::default());
    all("relu", CellKind::Rnn { activation: Activation::Relu }, Form::default());
}

/// Levels, directions, lengths, predictions, states given or not, biases or not.
fn all(name: &str, cell: CellKind, form: Form) {
    for kind in KINDS {
        let mut all = Checked::default();
        // Of a state that all sequences share a batch norm leaves nothing to learn by.
        let form = Form { learned: form.learned && !matches!(kind, Inner::Batch { .. }), ..form };
        // Every third, which has each option with and without each other.
        for choice in (0..32).step_by(3) {
            let bit = |n: u32| choice >> n & 1 == 1;
            let (two, both, ragged, every, given) = (bit(0), bit(1), bit(2), bit(3), bit(4));
            let layer = Recurrent {
                num_layers: 1 + usize::from(two),
                bidirectional: both,
                bias: choice % 3 > 0,
                ..layer(cell, kind, form)
            };
            // At the last steps there is one sequence alone.
            let lengths: &[usize] = if ragged { &[2, 5, 1, 3, 3] } else { &[3, 3, 3, 3] };
            let at = if every { At::Every } else { At::Last };
            let (mut random, mut masks) = (Random(100 + choice), Random(200 + choice));
            let relu = cell == CellKind::Rnn { activation: Activation::Relu };
            let levels = layer.num_layers * layer.directions();
            let mut sequence = |steps: &usize| {
                let mut sequence = Sequence::values(random.rows(*steps, SIZE));
                // A half of them with what the recurrent products read masked, one with the candidate, one with zoneout of
                // both states: by .5 or 1.5, and a quarter or three held, so that gradients of five steps are left; not where
                // it may bring a sum to the kink of relu.
                let acts = |n: u32| (choice / 3) >> n & 1 == 1 && !relu;
                for index in 0..levels {
                    let mut mask = |acts: bool, rows: usize, n: usize, low: f64, step: f64| -> Rows {
                        let mut rows = masks.mask(if acts && n > 0 { rows } else { 0 }, n);
                        rows.iter_mut().flatten().for_each(|m| *m = low + step * *m);
                        rows
                    };
                    let recurrent = mask(acts(0), 1, layer.units(), 0.5, 0.5).concat();
                    let elman = matches!(cell, CellKind::Rnn { .. });
                    let candidate = mask(acts(1) && !elman, *steps, HIDDEN, 0.5, 0.5);
                    let state = mask(acts(2), *steps, layer.units(), 0.25, 0.25);
                    let memory = mask(acts(2), *steps, layer.memory(), 0.25, 0.25);
                    let masks = StepMasks { candidate, state, memory, recurrent };
                    sequence = sequence.with_step_masks(0, index, masks);
                }
                if !given {
                    return sequence;
                }
                let c = if layer.memory() > 0 { random.rows(levels, layer.memory()) } else { Vec::new() };
                sequence.with_initial(vec![State { h: random.rows(levels, layer.units()), c }])
            };
            let sequences = lengths.iter().map(&mut sequence).collect();
            let layers = vec![Layer::Recurrent(layer)];
            let network = Network { input: Input::Values { size: SIZE }, layers, at };
            let problem = Problem::new(network, sequences, given, &mut random);
            all.add(problem.check(&format!("{name}, {kind:?}, {choice:05b}")));
        }
        println!(
            "{name}, {kind:?}: worst relative error {:.1e} in {} tensors, {} of zeros",
            all.worst, all.tensors, all.zero
        );
        // Relu units die, and where a state is given the learned one has no gradient.
        assert!(all.zero * 8 <= all.tensors, "{} of {} are zero", all.zero, all.tensors);
    }
}

/// The layer-normalised LSTM of Ba et al. 2016, equations 20 to 22, one step of two units of one input.
#[test]
fn a_step_by_hand() {
    let form = Form::default();
    let layer = Recurrent { hidden_size: 1, ..layer(CellKind::Lstm, Inner::Layer, form) };
    let network = Network { input: Input::Values { size: 1 }, layers: vec![Layer::Recurrent(layer)], at: At::Every };
    let mut params = Parameters::new();
    let mut random = Random(5);
    for (name, shape) in network.shapes() {
        params.insert(name, random.numbers(shape.iter().product(), 1.0));
    }
    let of = |name: &str| params[&format!("0.{name}_l0")].clone();
    let normal = |z: &[f64]| -> Vec<f64> {
        let n = z.len() as f64;
        let mean = z.iter().sum::<f64>() / n;
        let variance = z.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / n;
        z.iter().map(|z| (z - mean) / (variance + 0.1).sqrt()).collect()
    };
    let (x, h, c) = (0.7, -0.4, 0.9);
    let of_x = normal(&of("weight_ih").iter().map(|w| w * x).collect::<Vec<f64>>());
    let of_h = normal(&of("weight_hh").iter().map(|w| w * h).collect::<Vec<f64>>());
    let sums: Vec<f64> = (0..4)
        .map(|j| of("gain_ih")[j] * of_x[j] + of("gain_hh")[j] * of_h[j] + of("bias_ih")[j] + of("bias_hh")[j])
        .collect();
    let sigmoid = |x: f64| 1.0 / (1.0 + libm::exp(-x));
    let after = sigmoid(sums[1]) * c + sigmoid(sums[0]) * libm::tanh(sums[2]);
    // One number is its own mean.
    let shown = of("gain_c")[0] * normal(&[after])[0] + of("bias_c")[0];
    let expected = sigmoid(sums[3]) * libm::tanh(shown);
    let sequence = Sequence::values(vec![vec![x]]).with_initial(vec![State { h: vec![vec![h]], c: vec![vec![c]] }]);
    let output = &network.forward(&params, &[sequence])[0];
    assert!(relative_error(&output.output.concat(), &[expected]) < 1e-14);
    assert!(relative_error(&output.states[0].c.concat(), &[after]) < 1e-14);
}
