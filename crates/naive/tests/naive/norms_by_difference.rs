//! Normalisation: analytic gradients against finite differences where one stands before, between and after recurrent layers,
//! and its values by hand.

use crate::common::gradients::{Checked, Problem};
use crate::common::random::Random;
use naive::difference::relative_error;
use naive::{
    Activation, At, CellKind, Input, Layer, Network, Norm, NormKind, Parameters, Recurrent, Sequence, Statistics,
};

fn kinds(width: usize) -> Vec<NormKind> {
    let mut random = Random(3);
    let running = Statistics {
        mean: random.numbers(width, 0.5),
        variance: random.numbers(width, 0.4).iter().map(|x| x + 0.7).collect(),
    };
    vec![
        NormKind::Layer { bias: true },
        NormKind::Layer { bias: false },
        NormKind::Rms,
        NormKind::Batch { running: None },
        NormKind::Batch { running: Some(running) },
    ]
}

fn norm(kind: NormKind, name: &str) -> Layer {
    Layer::Norm(Norm { kind, epsilon: 1e-2, name: name.to_owned() })
}

/// Norm, LSTM in both directions, norm, dense, norm: on ragged sequences, with a noise and a mask before the last one.
#[test]
fn gradients_of_norms_around_layers() {
    let mut all = Checked::default();
    for at in [At::Last, At::Every] {
        for ((first, second), third) in kinds(3).into_iter().zip(kinds(4)).zip(kinds(5)) {
            let mut random = Random(17);
            let what = format!("{second:?}, at {at:?}");
            let layer = Recurrent {
                cell: CellKind::Lstm,
                hidden_size: 2,
                num_layers: 1,
                bidirectional: true,
                bias: true,
                form: naive::Form::default(),
                name: "1".to_owned(),
            };
            let layers = vec![
                norm(first, "0"),
                Layer::Recurrent(layer),
                norm(second, "2"),
                Layer::Dense { units: 5, activation: Activation::Tanh, bias: true, name: "3".to_owned() },
                Layer::Noise,
                Layer::Dropout,
                norm(third, "6"),
            ];
            let sequence = |steps: usize| {
                let rows = if at == At::Last { 1 } else { steps };
                let noise = random.rows(rows, 5);
                Sequence::values(random.rows(steps, 3)).with_noise(4, noise).with_mask(5, 0, random.mask(rows, 5))
            };
            let sequences = [3, 5, 1, 2].map(sequence).to_vec();
            let network = Network { input: Input::Values { size: 3 }, layers, at };
            all.add(Problem::new(network, sequences, true, &mut random).check(&what));
        }
    }
    println!("norms: worst relative error {:.1e} in {} tensors", all.worst, all.tensors);
    assert_eq!(all.zero, 0, "tensors on which nothing depends");
}

/// By the formulas, on two sequences of one and two rows.
#[test]
fn values_by_hand() {
    let x = [vec![vec![1.0, 3.0]], vec![vec![2.0, -2.0], vec![6.0, 5.0]]];
    let values = |kind: NormKind| {
        let norm = Norm { kind, epsilon: 0.5, name: "n".to_owned() };
        let mut params = Parameters::new();
        params.insert("n.weight".to_owned(), vec![2.0, -1.0]);
        params.insert("n.bias".to_owned(), vec![0.25, 4.0]);
        let network = Network { input: Input::Values { size: 2 }, layers: vec![Layer::Norm(norm)], at: At::Every };
        let sequences = x.clone().map(Sequence::values);
        network.forward(&params, &sequences).iter().flat_map(|output| output.output.concat()).collect::<Vec<f64>>()
    };
    let close = |kind: NormKind, expected: &[f64]| {
        assert!(relative_error(&values(kind.clone()), expected) < 1e-15, "{kind:?}: {:?}", values(kind.clone()));
    };
    // Means 2, 0, 5.5; variances 1, 4, 1/4.
    let (a, b, c) = (1.5_f64.sqrt(), 4.5_f64.sqrt(), 0.75_f64.sqrt());
    let centred = [-2.0 / a, -1.0 / a, 4.0 / b, 2.0 / b, 1.0 / c, 0.5 / c];
    close(NormKind::Layer { bias: false }, &centred);
    let shifted: Vec<f64> = centred.iter().zip([0.25, 4.0].iter().cycle()).map(|(x, b)| x + b).collect();
    close(NormKind::Layer { bias: true }, &shifted);
    // Mean squares 5, 4, 61/2.
    let (a, b, c) = (5.5_f64.sqrt(), 4.5_f64.sqrt(), 31.0_f64.sqrt());
    close(NormKind::Rms, &[2.0 / a, -3.0 / a, 4.0 / b, 2.0 / b, 12.0 / c, -5.0 / c]);
    // Columns 1, 2, 6 and 3, -2, 5: means 3 and 2, variances 14/3 and 26/3.
    let (a, b) = ((14.0_f64 / 3.0 + 0.5).sqrt(), (26.0_f64 / 3.0 + 0.5).sqrt());
    let of_batch = [-4.0 / a, -1.0 / b, -2.0 / a, 4.0 / b, 6.0 / a, -3.0 / b];
    let of_batch: Vec<f64> = of_batch.iter().zip([0.25, 4.0].iter().cycle()).map(|(x, b)| x + b).collect();
    close(NormKind::Batch { running: None }, &of_batch);
    let running = Statistics { mean: vec![1.0, 0.0], variance: vec![3.5, 0.5] };
    let expected = [0.25, 1.0, 1.25, 6.0, 5.25, -1.0];
    close(NormKind::Batch { running: Some(running) }, &expected);
}
