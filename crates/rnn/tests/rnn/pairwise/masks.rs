//! The masks of a training pass, as naive takes them: those that the kernel draws at each stage of a network.

use naive::{Sequence, Steps};
use rnn::{At, Layer, Merge, Network, Passed, Philox, Purpose, Recurrent};

use crate::common::Batch;
use crate::dropout::mask;
use crate::noise::{kept, noise, shared};
use crate::step_masks::with_masks;

/// Adds those of one sequence.
pub fn add(network: &Network, batch: &Batch, key: (u64, u64), position: usize, sequence: Sequence) -> Sequence {
    let last = network.layers().iter().rposition(|layer| matches!(layer, Layer::Recurrent(_)));
    let (id, steps) = (batch.ids[position], batch.packing.lengths[position]);
    let (mut stage, mut width, mut sequence) = (0, width_of(network), sequence);
    for (index, layer) in network.layers().iter().enumerate() {
        let ends = network.at() == At::Last && last.is_some_and(|last| index > last);
        let rows = if ends { 1 } else { steps };
        match layer {
            Layer::Recurrent(layer) => {
                sequence = with_masks(sequence, layer, index, id, true);
                for level in 0..layer.num_layers {
                    if level > 0 && layer.dropout > 0.0 {
                        let drawn = if layer.dropout_shared { shared } else { mask };
                        let mask = drawn(key, stage, id, rows, width, layer.dropout);
                        sequence = sequence.with_mask(index, level - 1, mask);
                        stage += 1;
                    }
                    let top = last == Some(index) && level + 1 == layer.num_layers;
                    let extra = [
                        top && network.at() == At::Last,
                        layer.bidirectional && layer.form.merge != Merge::Concat,
                        layer.form.passed != Passed::Nothing,
                    ];
                    stage += 1 + extra.into_iter().filter(|extra| *extra).count() as u32;
                    width = row(layer) + if layer.form.passed == Passed::Beside { width } else { 0 };
                }
            }
            Layer::Dense { units, .. } => (stage, width) = (stage + 1, *units),
            Layer::Embedding { units, dropout, .. } => {
                if *dropout > 0.0 {
                    let kept = |token: &u32| vec![dropped(key, stage, id, *token, *dropout); *units];
                    let Steps::Tokens(tokens) = &sequence.steps else { panic!("an embedding reads tokens") };
                    let mask = tokens.iter().map(kept).collect();
                    sequence = sequence.with_mask(index, 0, mask);
                }
                (stage, width) = (stage + 1, *units);
            }
            Layer::Dropout { rate, shared: false } => {
                sequence = sequence.with_mask(index, 0, mask(key, stage, id, rows, width, *rate));
                stage += 1;
            }
            Layer::Dropout { rate, shared: true } => {
                sequence = sequence.with_mask(index, 0, shared(key, stage, id, rows, width, *rate));
                stage += 1;
            }
            Layer::Noise { deviation } => {
                let deviation = f64::from(*deviation);
                sequence = sequence.with_noise(index, noise(key, stage, id, rows, width, deviation));
                stage += 1;
            }
            Layer::Norm(_) => stage += 1,
        }
    }
    sequence
}

/// What the rows of one token of a sequence are multiplied with.
fn dropped((seed, step): (u64, u64), stage: u32, id: u64, token: u32, rate: f32) -> f64 {
    let philox = Philox::new(seed, Purpose::Dropout).child([step as u32, (step >> 32) as u32, stage, 0]);
    kept(philox.block([token / 4, 0, id as u32, (id >> 32) as u32])[token as usize % 4], rate)
}

fn width_of(network: &Network) -> usize {
    match network.input() {
        rnn::Input::Values { size } => size,
        rnn::Input::Tokens { vocabulary } => vocabulary,
    }
}

/// Numbers in a level's row, before what is passed on.
fn row(layer: &Recurrent) -> usize {
    let both = layer.bidirectional && layer.form.merge == Merge::Concat;
    layer.units() * if both { 2 } else { 1 }
}
