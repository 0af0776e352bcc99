//! Penalties on a recurrent layer's output, against differences of their formulas in f64.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::difference::{central, relative_error};
use naive::{Parameters, Rows};
use rnn::{Activity, At, CellKind, Form, Input, Layer, Network, Recurrent, Reset, Want};

use crate::common::{Batch, formed, head, parameters, run, twin};

const LENGTHS: [usize; 4] = [4, 7, 1, 4];

fn network(cell: CellKind, at: At, activity: Activity) -> Network {
    of_form((cell, Form::default()), at, activity)
}

fn of_form(form: (CellKind, Form), at: At, activity: Activity) -> Network {
    let layer = Recurrent { num_layers: 2, bidirectional: true, activity, ..formed(form, 3) };
    Network::new(Input::Values { size: 2 }, vec![Layer::Recurrent(layer), head(2)], at).unwrap()
}

/// Of the outputs of one layer, by sequence.
pub fn penalty(activity: Activity, outputs: &[&Rows]) -> f64 {
    let square = |a: &[f64]| a.iter().map(|x| x * x).sum::<f64>();
    let width = outputs[0][0].len() as f64;
    let steps: f64 = outputs.iter().map(|rows| rows.len() as f64).sum();
    let levels: f64 = outputs.iter().flat_map(|rows| rows.iter()).map(|row| square(row)).sum();
    let change = |pair: &[Vec<f64>]| square(&pair[1].iter().zip(&pair[0]).map(|(a, b)| a - b).collect::<Vec<_>>());
    let changes: f64 = outputs.iter().flat_map(|rows| rows.windows(2)).map(change).sum();
    let pairs = steps - outputs.len() as f64;
    f64::from(activity.activation) * levels / (steps * width) + f64::from(activity.temporal) * changes / (pairs * width)
}

#[test]
fn gradients_of_loss_and_penalties() {
    let activities =
        [(3.0, 0.0), (0.0, 2.0), (1.5, 5.0)].map(|(activation, temporal)| Activity { activation, temporal });
    let mut worst = 0f64;
    let plain = Form::default();
    // What a layer gives is what it projects, or reads out of its memory.
    let forms = [
        (CellKind::Lstm, plain),
        (CellKind::Gru { reset: Reset::After }, plain),
        (CellKind::Lstm, Form { proj_size: Some(2), learned_state: true, ..plain }),
        (CellKind::MinLstm, plain),
        (CellKind::Lru, plain),
    ];
    for form in forms {
        for at in [At::Every, At::Last] {
            for activity in activities {
                let network = of_form(form, at, activity);
                let params = parameters(&network, 1);
                let batch = Batch::random(&network, &LENGTHS, false, 2);
                let (_, grads) = run(&network, &params, &batch, Some((1, 1)), Want::default());
                let twin = twin::network(&network, None);
                let natural = twin::parameters(&network, &params);
                let positions = 0..LENGTHS.len();
                let sequences: Vec<_> = positions.clone().map(|p| twin::sequence(&network, &batch, p)).collect();
                let cotangents: Vec<_> = positions.map(|p| twin::cotangent(&network, &batch, p)).collect();
                let loss = |params: &Parameters| {
                    let outputs = twin.forward(params, &sequences);
                    let hidden: Vec<&Rows> = outputs.iter().map(|output| &output.hidden[0]).collect();
                    twin.loss(params, &sequences, &cotangents) + penalty(activity, &hidden)
                };
                for (name, gradient) in twin::parameters(&network, &grads) {
                    let mut moved = natural.clone();
                    let expected = central(&mut natural[&name].clone(), 1e-5, |x| {
                        moved.insert(name.clone(), x.to_vec());
                        loss(&moved)
                    });
                    let error = relative_error(&gradient, &expected);
                    assert!(error <= 1e-5, "{form:?} {at:?} {activity:?}: {name} is off by {error:e}");
                    worst = worst.max(error);
                }
            }
        }
    }
    println!("penalties on outputs: worst relative error {worst:.1e}");
}

/// Outside training they are not there, nor where they are 0; a batch of single steps has no changes.
#[test]
fn in_training_alone() {
    let some = Activity { activation: 1.0, temporal: 1.0 };
    let (with, without) =
        (network(CellKind::Lstm, At::Last, some), network(CellKind::Lstm, At::Last, Activity::default()));
    assert!(with.penalises_outputs() && !without.penalises_outputs());
    let params = parameters(&with, 1);
    let batch = Batch::random(&with, &LENGTHS, false, 2);
    let of = |network: &Network, batch: &Batch, key| run(network, &params, batch, key, Want::default()).1;
    assert_eq!(of(&with, &batch, None), of(&without, &batch, None));
    assert_ne!(of(&with, &batch, Some((1, 1))), of(&without, &batch, Some((1, 1))));
    let change = network(CellKind::Lstm, At::Last, Activity { activation: 0.0, temporal: 1.0 });
    let single = Batch::random(&change, &[1, 1], false, 2);
    assert_eq!(of(&change, &single, Some((1, 1))), of(&without, &single, Some((1, 1))));
}
