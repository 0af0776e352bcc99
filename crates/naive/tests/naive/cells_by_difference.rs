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
    // Where all relu units of a level die, the next level without biases is at exactly 0: no derivative to compare with.
    // That combination is left to PyTorch's fixtures.
    let biases: &[bool] = if relu { &[true] } else { &[true, false] };
    for choice in 0..32 {
        let bit = |n: u32| choice >> n & 1 == 1;
        let (two, both, ragged, every, given) = (bit(0), bit(1), bit(2), bit(3), bit(4));
        for &bias in biases {
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
            let mut random = Random(1000 + choice);
            let lengths: &[usize] = if ragged { &[2, 4, 1] } else { &[3, 3] };
            let sequences = lengths.iter().map(|steps| sequence(&layer, *steps, given, &mut random)).collect();
            let at = if every { At::Every } else { At::Last };
            let network = Network { input: Input::Values { size: SIZE }, layers: vec![Layer::Recurrent(layer)], at };
            // Cotangents of the final states go with the given initial ones: carried states, as in truncated BPTT.
            let mut problem = Problem::new(network, sequences, given, &mut random);
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

fn sequence(layer: &Recurrent, steps: usize, given: bool, random: &mut Random) -> Sequence {
    let sequence = Sequence::values(random.rows(steps, SIZE));
    if !given {
        return sequence;
    }
    let levels = layer.num_layers * layer.directions();
    sequence.with_initial(vec![random.state(levels, HIDDEN, layer.cell.has_memory())])
}
