//! Analytic gradients against finite differences: every cell × levels × directions × lengths × prediction × initial state.

use crate::common::gradients::{Checked, Problem};
use crate::common::random::Random;
use naive::{Activation, At, CellKind, Form, Input, Layer, Merge, Network, Recurrent, Reset, Sequence, State};

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

#[test]
fn lstm_variants() {
    for (peepholes, coupled) in [(true, false), (false, true), (true, true)] {
        all(&format!("lstm, peepholes {peepholes}, coupled {coupled}"), CellKind::LstmVariant { peepholes, coupled });
    }
}

#[test]
fn lstm_projected() {
    let form = Form { proj_size: Some(2), ..Form::default() };
    for cell in [CellKind::Lstm, CellKind::LstmVariant { peepholes: true, coupled: false }] {
        each(&format!("{cell:?}, projected"), cell, form, SIZE);
    }
}

#[test]
fn min_gru() {
    all("minGRU", CellKind::MinGru);
}

#[test]
fn min_lstm() {
    all("minLSTM", CellKind::MinLstm);
}

#[test]
fn lru() {
    all("lru", CellKind::Lru);
}

#[test]
fn merged_directions() {
    for merge in [Merge::Sum, Merge::Mean, Merge::Product] {
        each(
            &format!("gru, {merge:?}"),
            CellKind::Gru { reset: Reset::After },
            Form { merge, ..Form::default() },
            SIZE,
        );
    }
}

#[test]
fn learned_initial_states() {
    let form = Form { learned: true, ..Form::default() };
    for cell in [CellKind::Lstm, CellKind::Gru { reset: Reset::Before }, CellKind::Lru] {
        // Where it is given, nothing depends on the learned one.
        some(&format!("{cell:?}, learned"), cell, form, SIZE, |choice| choice >> 4 & 1 == 0);
    }
}

/// Inputs passed on: added, where they have the size of the output (in one direction, or two merged: 3; two: 6), or put beside it.
#[test]
fn passed_on_inputs() {
    let gru = CellKind::Gru { reset: Reset::After };
    each("gru, skip", gru, Form { skip: true, ..Form::default() }, SIZE);
    for (merge, both, size) in [(Merge::Sum, true, 3), (Merge::Concat, true, 6), (Merge::Concat, false, 3)] {
        let form = Form { residual: true, merge, ..Form::default() };
        some(&format!("gru, residual, {merge:?}"), gru, form, size, |choice| {
            // Merged, the two directions end at different steps.
            (choice >> 1 & 1 == 1) == both && (merge == Merge::Concat || choice >> 3 & 1 == 1)
        });
    }
}

/// Every combination for one cell, each with and without biases.
fn all(name: &str, cell: CellKind) {
    each(name, cell, Form::default(), SIZE);
}

fn each(name: &str, cell: CellKind, form: Form, size: usize) {
    // There is nothing to merge in one direction.
    some(name, cell, form, size, |choice| form.merge == Merge::Concat || choice >> 1 & 1 == 1);
}

fn some(name: &str, cell: CellKind, form: Form, size: usize, wanted: impl Fn(u64) -> bool) {
    let mut all = Checked::default();
    let relu = cell == CellKind::Rnn { activation: Activation::Relu };
    for choice in (0..32).filter(|&choice| wanted(choice)) {
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
                form,
            };
            let lengths: &[usize] = if ragged { &[2, 4, 1] } else { &[3, 3] };
            let at = if every { At::Every } else { At::Last };
            // Cotangents of the final states go with the given initial ones: carried states, as in truncated BPTT.
            let make = |seed| {
                let mut random = Random(seed);
                let sequences =
                    lengths.iter().map(|steps| sequence(&layer, size, *steps, given, &mut random)).collect();
                let layers = vec![Layer::Recurrent(layer.clone())];
                Problem::new(Network { input: Input::Values { size }, layers, at }, sequences, given, &mut random)
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

fn sequence(layer: &Recurrent, size: usize, steps: usize, given: bool, random: &mut Random) -> Sequence {
    let sequence = Sequence::values(random.rows(steps, size));
    if !given {
        return sequence;
    }
    let levels = layer.num_layers * layer.directions();
    let c = if layer.memory() > 0 { random.rows(levels, layer.memory()) } else { Vec::new() };
    sequence.with_initial(vec![State { h: random.rows(levels, layer.units()), c }])
}
