//! What no fixture holds: the GRU with reset before, prediction at the last step, dropout masks, and the tools themselves.

use crate::common::random::Random;
use naive::difference::{central, relative_error};
use naive::{Activation, At, CellKind, Form, Input, Layer, Network, Parameters, Recurrent, Reset, Sequence, State};

fn network(cell: CellKind, num_layers: usize, bidirectional: bool, at: At) -> Network {
    let name = String::new();
    let layer = Recurrent { cell, hidden_size: 2, num_layers, bidirectional, bias: true, name, form: Form::default() };
    Network { input: Input::Values { size: 1 }, layers: vec![Layer::Recurrent(layer)], at }
}

fn random_parameters(network: &Network, random: &mut Random) -> Parameters {
    let shapes = network.shapes().into_iter();
    shapes.map(|(name, shape)| (name, random.numbers(shape.iter().product(), 1.0))).collect()
}

/// One step of two units, written out: `n = tanh(W_in x + b_in + W_hn (r ∘ h) + b_hn)`, `h' = (1 - z) n + z h`.
#[test]
fn gru_reset_before() {
    let network = network(CellKind::Gru { reset: Reset::Before }, 1, false, At::Last);
    let params = random_parameters(&network, &mut Random(3));
    let (x, h) = (0.7, [0.4, -0.9]);
    let (w, u) = (&params["weight_ih_l0"], &params["weight_hh_l0"]);
    let (b, c) = (&params["bias_ih_l0"], &params["bias_hh_l0"]);
    let sum = |row: usize, h0: f64, h1: f64| w[row] * x + b[row] + u[2 * row] * h0 + u[2 * row + 1] * h1 + c[row];
    let gate = |row: usize| 1.0 / (1.0 + libm::exp(-sum(row, h[0], h[1])));
    let (r0, r1, z0, z1) = (gate(0), gate(1), gate(2), gate(3));
    let n0 = libm::tanh(sum(4, r0 * h[0], r1 * h[1]));
    let n1 = libm::tanh(sum(5, r0 * h[0], r1 * h[1]));
    let expected = [(1.0 - z0) * n0 + z0 * h[0], (1.0 - z1) * n1 + z1 * h[1]];

    let initial = State { h: vec![h.to_vec()], c: Vec::new() };
    let sequence = Sequence::values(vec![vec![x]]).with_initial(vec![initial]);
    let output = &network.forward(&params, &[sequence])[0].output;
    assert!(relative_error(&output[0], &expected) < 1e-15, "{output:?} is not {expected:?}");
}

/// The last prediction is the final h of each direction of the top level, not the output at the last step.
#[test]
fn last_is_the_final_state_of_each_direction() {
    let every = network(CellKind::Lstm, 2, true, At::Every);
    let last = network(CellKind::Lstm, 2, true, At::Last);
    let mut random = Random(5);
    let params = random_parameters(&every, &mut random);
    let sequence = [Sequence::values(random.rows(4, 1))];
    let (every, last) = (&every.forward(&params, &sequence)[0], &last.forward(&params, &sequence)[0]);
    assert_eq!(last.output, [[&every.output[3][..2], &every.output[0][2..]].concat()]);
    assert_eq!(last.output, [last.states[0].h[2..].concat()]);
    assert_eq!((&last.states, &last.hidden), (&every.states, &vec![every.output.clone()]));
}

/// A mask multiplies what the level below gives: with zeros the upper level reads nothing but its biases.
#[test]
fn masks_act_between_levels_and_on_dropout_layers() {
    let cell = CellKind::Rnn { activation: Activation::Linear };
    let mut network = network(cell, 2, false, At::Every);
    network.layers.push(Layer::Dropout);
    let params: Parameters = network
        .shapes()
        .into_iter()
        .map(|(name, shape)| {
            let fill = if name.starts_with("weight_hh") { 0.0 } else { 1.0 };
            (name, vec![fill; shape.iter().product()])
        })
        .collect();
    // Below: x + 1 + 1 = 5 in both units; masked [0, 20]; above: 20 + 1 + 1 (5 + 5 + 1 + 1 unmasked); masked [44, 0].
    let sequence = Sequence::values(vec![vec![3.0]]);
    let sequence = sequence.with_mask(0, 0, vec![vec![0.0, 4.0]]).with_mask(1, 0, vec![vec![2.0, 0.0]]);
    assert_eq!(network.forward(&params, &[sequence])[0].output, [[44.0, 0.0]]);
}

#[test]
fn differences_of_a_known_function() {
    let mut x = [2.0, -3.0];
    let gradient = central(&mut x, 1e-5, |x| x[0] * x[0] * x[1]);
    assert!(relative_error(&gradient, &[-12.0, 4.0]) < 1e-9, "{gradient:?}");
    assert_eq!(x, [2.0, -3.0]);
}

#[test]
fn relative_error_is_of_the_largest_element_and_never_hides_nan() {
    assert_eq!(relative_error(&[1.0, 7.0], &[2.0, -4.0]), 11.0 / 4.0);
    assert_eq!(relative_error(&[0.0, -3.0], &[0.0, 0.0]), 3.0);
    assert!(relative_error(&[f64::NAN, 1.0], &[1.0, 1.0]).is_nan());
    assert!(relative_error(&[1.0, 1.0], &[f64::NAN, 1.0]).is_nan());
}
