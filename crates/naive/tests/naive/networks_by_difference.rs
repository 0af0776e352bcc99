//! Analytic gradients against finite differences for chains of layers: embedding, one-hot tokens, dense, dropout, two
//! recurrent layers.

use crate::common::gradients::{Checked, Problem};
use crate::common::random::Random;
use naive::{Activation, At, CellKind, Form, Input, Layer, Network, Recurrent, Reset, Sequence};

const GRU: CellKind = CellKind::Gru { reset: Reset::After };
const RNN: CellKind = CellKind::Rnn { activation: Activation::Tanh };
const LENGTHS: [usize; 3] = [3, 5, 1];

fn recurrent(name: &str, cell: CellKind, num_layers: usize, bidirectional: bool) -> Layer {
    let (name, form) = (name.to_owned(), Form::default());
    Layer::Recurrent(Recurrent { cell, hidden_size: 3, num_layers, bidirectional, bias: true, name, form })
}

fn dense(name: &str, units: usize, activation: Activation, bias: bool) -> Layer {
    Layer::Dense { units, activation, bias, name: name.to_owned() }
}

fn check(what: &str, network: Network, sequences: Vec<Sequence>, random: &mut Random) {
    report(what, Problem::new(network, sequences, true, random).check(what));
}

fn report(what: &str, checked: Checked) {
    println!("{what}: worst relative error {:.1e} in {} tensors", checked.worst, checked.tensors);
    assert_eq!(checked.zero, 0, "{what}: tensors on which nothing depends");
}

/// Embedding → dropout → two levels of LSTM in both directions with dropout between → dropout → GRU → dropout → dense.
#[test]
fn embedding_dropout_two_recurrent_layers_and_dense() {
    for at in [At::Last, At::Every] {
        let mut random = Random(7);
        let layers = vec![
            Layer::Embedding { units: 4, name: "embedding".to_owned() },
            Layer::Dropout,
            recurrent("2", CellKind::Lstm, 2, true),
            Layer::Dropout,
            recurrent("4", GRU, 1, false),
            Layer::Dropout,
            dense("decoder", 2, Activation::Linear, true),
        ];
        let sequence = |steps: usize| {
            let predictions = if at == At::Last { 1 } else { steps };
            // The lengths together reach every token, so that the whole table has a gradient.
            let tokens = (0..steps).map(|t| (steps + t) as u32 % 5).collect();
            Sequence::tokens(tokens)
                .with_initial(vec![random.state(4, 3, true), random.state(1, 3, false)])
                .with_mask(1, 0, random.mask(steps, 4))
                .with_mask(2, 0, random.mask(steps, 6))
                .with_mask(3, 0, random.mask(steps, 6))
                .with_mask(5, 0, random.mask(predictions, 3))
        };
        let sequences = LENGTHS.map(sequence).to_vec();
        let network = Network { input: Input::Tokens { vocabulary: 5 }, layers, at };
        check(&format!("embedding to dense, at {at:?}"), network, sequences, &mut random);
    }
}

/// Dense layers with each activation before and after a recurrent layer.
#[test]
fn dense_layers_around_a_recurrent_layer() {
    for (at, activation, bias) in [
        (At::Last, Activation::Tanh, true),
        (At::Last, Activation::Linear, false),
        (At::Every, Activation::Relu, true),
        (At::Every, Activation::Tanh, false),
    ] {
        let mut random = Random(11);
        let layers = vec![
            dense("0", 4, activation, bias),
            recurrent("1", RNN, 1, true),
            dense("2", 5, activation, bias),
            dense("3", 2, Activation::Linear, bias),
        ];
        let sequences = LENGTHS.map(|steps| Sequence::values(random.rows(steps, 3))).to_vec();
        let network = Network { input: Input::Values { size: 3 }, layers, at };
        check(&format!("dense {activation:?}, bias {bias}, at {at:?}"), network, sequences, &mut random);
    }
}

/// Tokens without an embedding are one-hot vectors: the same results as those vectors given as values.
#[test]
fn tokens_are_one_hot_vectors() {
    let tokens = vec![2_u32, 0, 3, 1, 3];
    let one_hot = |token: &u32| (0..4).map(|i| f64::from(u8::from(i == *token))).collect();
    let values: Vec<Vec<f64>> = tokens.iter().map(one_hot).collect();
    for first in [recurrent("0", GRU, 1, true), dense("0", 3, Activation::Tanh, true)] {
        let mut random = Random(13);
        let layers = vec![first, recurrent("1", RNN, 1, false)];
        let network = Network { input: Input::Tokens { vocabulary: 4 }, layers: layers.clone(), at: At::Last };
        let twin = Network { input: Input::Values { size: 4 }, layers, at: At::Last };
        let problem = Problem::new(network, vec![Sequence::tokens(tokens.clone())], true, &mut random);
        report("one-hot tokens", problem.check("one-hot tokens"));

        let vectors = [Sequence::values(values.clone())];
        assert_eq!(
            problem.network.forward(&problem.params, &problem.sequences),
            twin.forward(&problem.params, &vectors)
        );
        let gradients = problem.network.backward(&problem.params, &problem.sequences, &problem.cotangents);
        assert_eq!(gradients, twin.backward(&problem.params, &vectors, &problem.cotangents));
    }
}

/// Without a recurrent layer: a plain feed-forward network at every step.
#[test]
fn dense_alone() {
    let mut random = Random(19);
    let layers = vec![dense("0", 4, Activation::Relu, true), Layer::Dropout, dense("2", 2, Activation::Tanh, false)];
    let sequence = |steps| Sequence::values(random.rows(steps, 3)).with_mask(1, 0, random.mask(steps, 4));
    let sequences = LENGTHS.map(sequence).to_vec();
    let network = Network { input: Input::Values { size: 3 }, layers, at: At::Every };
    check("dense alone", network, sequences, &mut random);
}
