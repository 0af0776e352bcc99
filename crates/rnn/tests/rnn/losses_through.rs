//! Losses through a network: the kernel against its twin, and the twin against central differences, for each loss with one of
//! the cells, at the last and at every step, with weights, over ragged sequences. What a loss does by itself is in `alone`.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod alone;
mod every;

pub use every::{Given, all, given, own, twin_ctc, twin_of, width};
use naive::difference::{central, relative_error};
use naive::{Cotangent, Output, Parameters};
use rnn::losses::ctc::{Alignments, Ctc, Labels, ctc};
use rnn::losses::{Loss, Reads, Rows};
use rnn::{At, Input, Layer, Network, Want, Workspace};

use crate::common::twin::{self, wide};
use crate::common::{Batch, CELLS, head, parameters, recurrent};

const LENGTHS: [usize; 4] = [3, 6, 1, 4];

#[test]
fn gradients_through_a_network() {
    for (i, loss) in all().iter().enumerate() {
        for at in [At::Last, At::Every] {
            if loss.reads() == Reads::Labels && at == At::Last {
                continue;
            }
            let layer = Layer::Recurrent(recurrent(CELLS[(i + usize::from(at == At::Every)) % CELLS.len()], 4));
            let network = Network::new(Input::Values { size: 2 }, vec![layer, head(width(loss))], at).expect("right");
            let error = check(&network, loss, 20 + i as u64);
            println!("{loss:?} at {at:?}: kernel and twin differ by {error:.1e}");
        }
    }
}

fn check(network: &Network, loss: &Loss, seed: u64) -> f64 {
    let params = parameters(network, seed);
    let batch = Batch::random(network, &LENGTHS, false, seed);
    let (packing, size) = (&batch.packing, network.output_size());
    let mut ws = Workspace::new(network, batch.capacity(), true).expect("memory");
    network.forward(&params, packing, batch.x.view(), None, None, &mut ws);

    // The rows of each sequence among those of the output, by sorted position.
    let rows: Vec<Vec<usize>> = (0..packing.batch)
        .map(|p| match network.at() {
            At::Last => vec![p],
            At::Every => (0..packing.lengths[p]).map(|t| packing.row(t, p)).collect(),
        })
        .collect();
    let count = rows.iter().map(Vec::len).sum();
    let labelled = loss.reads() == Reads::Labels;
    let given = given(loss, if labelled { packing.batch } else { count }, seed);
    let total = |output: &[f64]| match loss {
        Loss::Ctc(Ctc { blank, .. }) => {
            let of = |rows: &Vec<usize>| rows.iter().flat_map(|r| output[r * size..(r + 1) * size].to_vec()).collect();
            let outputs: Vec<Vec<f64>> = rows.iter().map(of).collect();
            let sequence = twin_ctc(&outputs, &given, *blank);
            let mut gradient = vec![0.0; output.len()];
            for (row, g) in rows.iter().flatten().zip(sequence.gradient.chunks(size)) {
                gradient[row * size..(row + 1) * size].copy_from_slice(g);
            }
            naive::Loss { gradient, ..sequence }
        }
        _ => twin_of(loss, output, &given),
    };

    // The kernel.
    let weight = total(&wide(ws.output())).weight;
    let (output, gradient) = ws.output_and_gradient();
    let found = match loss {
        Loss::Ctc(settings) => {
            let labels: Vec<i32> = given.labels.concat();
            let mut starts = vec![0];
            given.labels.iter().for_each(|l| starts.push(starts[starts.len() - 1] + l.len()));
            let targets = Labels { labels: &labels, starts: &starts };
            let rows = Rows { output, weight: Some(&given.weight), scale: 1.0 / weight, gradient: Some(gradient) };
            ctc(rows, packing, targets, *settings, &mut Alignments::default())
        }
        _ => own(loss, output, &given, 0..count, 1.0 / weight, gradient),
    };
    let mut grads = vec![0.0; params.len()];
    network.backward(&params, packing, batch.x.view(), None, None, &mut ws, &mut grads, Want::default());

    // The twin: the same on the rows in the kernel's order.
    let twin = twin::network(network, None);
    let natural = twin::parameters(network, &params);
    let sequences: Vec<_> = (0..packing.batch).map(|p| twin::sequence(network, &batch, p)).collect();
    let packed = |outputs: &[Output]| {
        let mut flat = vec![0.0; count * size];
        for (rows, output) in rows.iter().zip(outputs) {
            rows.iter().zip(&output.output).for_each(|(r, o)| flat[r * size..(r + 1) * size].copy_from_slice(o));
        }
        flat
    };
    let of_params = |params: &Parameters| total(&packed(&twin.forward(params, &sequences)));
    let loss_of_twin = of_params(&natural);
    let gradient = loss_of_twin.mean_gradient();
    let cotangents: Vec<Cotangent> = rows
        .iter()
        .map(|rows| Cotangent {
            output: rows.iter().map(|r| gradient[r * size..(r + 1) * size].to_vec()).collect(),
            states: Vec::new(),
        })
        .collect();
    let expected = twin.backward(&natural, &sequences, &cotangents).parameters;
    assert_eq!(found.weight, weight);
    let mut worst = relative_error(&[found.mean()], &[loss_of_twin.mean()]);
    let kernel = twin::parameters(network, &grads);
    for (name, expected) in &expected {
        worst = worst.max(relative_error(&kernel[name], expected));
        let mut moved = natural.clone();
        let mut values = natural[name].clone();
        let slopes = central(&mut values, 1e-5, |values| {
            moved.insert(name.clone(), values.to_vec());
            of_params(&moved).mean()
        });
        let error = relative_error(expected, &slopes);
        assert!(error <= 1e-5, "{loss:?}, {name}: the twin and central differences differ by {error:e}");
    }
    assert!(worst <= 1e-5, "{loss:?}: {worst:e}");
    worst
}
