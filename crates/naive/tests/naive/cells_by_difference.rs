//! Analytic gradients against finite differences: every cell × levels × directions × lengths × prediction × initial state.

use crate::common::gradients::{Checked, Problem};
use crate::common::random::Random;
use naive::{Activation, At, CellKind, Input, Layer, Network, Recurrent, Reset, Sequence};

const SIZE: usize = 2;
const HIDDEN: usize = 3;

#[test]
fn lstm() {
    all("lstm", CellKind::Lstm);
}

#[test]
fn gru_reset_after() {
    all("gru, reset after", CellKind::Gru { reset: Reset::After });
}

#[test]
fn gru_reset_before() {
    all("gru, reset before", CellKind::Gru { reset: Reset::Before });
}

#[test]
fn rnn_tanh() {
    all("rnn, tanh", CellKind::Rnn { activation: Activation::Tanh });
}

#[test]
fn rnn_relu() {
    all("rnn, relu", CellKind::Rnn { activation: Activation::Relu });
}

#[test]
fn rnn_linear() {
    all("rnn, linear", CellKind::Rnn { activation: Activation::Linear });
}

/// Every combination for one cell, each with and without biases.
fn all(name: &str, cell: CellKind) {
    let mut all = Checked::default();
    let relu = cell == CellKind::Rnn { activation: Activation::Relu };
    for choice in 0..32 {
        let bit = |n: u32| choice >> n & 1 == 1;
        let (two, both, ragged, every, given) = (bit(0), bit(1), bit(2), bit(3), bit(4));
        for bias in [true, false] {
            let what = format!(
                "{name}, two levels {two}, both directions {both}, ragged {ragged}, every step {every}, state given {given}, \
                 bias {bias}"
            );
            let layer = Recurrent {
                cell,
                hidden_size: HIDDEN,
                num_layers: 1 + usize::from(two),
                bidirectional: both,
                bias,
                name: "0".to_owned(),
            };
            let lengths: &[usize] = if ragged { &[2, 4, 1] } else { &[3, 3] };
            let at = if every { At::Every } else { At::Last };
            // Cotangents of the final states go with the given initial ones: carried states, as in truncated BPTT.
            let make = |seed| {
                let mut random = Random(seed);
                let sequences = lengths.iter().map(|steps| sequence(&layer, *steps, given, &mut random)).collect();
                let layers = vec![Layer::Recurrent(layer.clone())];
                Problem::new(Network { input: Input::Values { size: SIZE }, layers, at }, sequences, given, &mut random)
            };
            let mut seeds = (1000 + choice..).step_by(32).map(make);
            // Where all relu units of a level die, the next one without biases is at exactly 0, where there is no derivative.
            let mut problem = seeds.find(|problem| !relu || bias || lower_lives(problem)).expect("numbers without end");
            if relu {
                // One initial state has a gradient of 1e-5 in all (few units live), where rounding, which goes by 1/step, shows:
                // 2e-5 with a step of 1e-6, 7e-7 with 1e-5, 1.4e-7 with this one. A piecewise polynomial has little truncation.
                problem.step = 1e-4;
            }
            all.add(problem.check(&what));
        }
    }
    println!("{name}: worst relative error {:.1e} in {} tensors, {} of zeros", all.worst, all.tensors, all.zero);
    // A comparison of zeros shows little. Relu units do die for whole sequences; nothing else may.
    assert!(all.zero * 10 <= if relu { all.tensors } else { 0 }, "{name}: {} of {} are zero", all.zero, all.tensors);
}

/// Whether the lower of two levels gives more than zeros at every step.
fn lower_lives(problem: &Problem) -> bool {
    let Layer::Recurrent(layer) = &problem.network.layers[0] else { panic!("a recurrent layer") };
    if layer.num_layers == 1 {
        return true;
    }
    let layers = vec![Layer::Recurrent(Recurrent { num_layers: 1, ..layer.clone() })];
    let mut sequences = problem.sequences.clone();
    sequences.iter_mut().flat_map(|s| &mut s.initial).for_each(|state| state.h.truncate(layer.directions()));
    let lower = Network { layers, ..problem.network.clone() }.forward(&problem.params, &sequences);
    lower.iter().flat_map(|output| &output.hidden[0]).all(|row| row.iter().any(|&h| h != 0.0))
}

fn sequence(layer: &Recurrent, steps: usize, given: bool, random: &mut Random) -> Sequence {
    let sequence = Sequence::values(random.rows(steps, SIZE));
    if !given {
        return sequence;
    }
    let levels = layer.num_layers * layer.directions();
    sequence.with_initial(vec![random.state(levels, HIDDEN, layer.cell.has_memory())])
}
