//! The masks of a training pass, as naive takes them: those that the kernel draws at each stage of a network.

use naive::Sequence;
use rnn::{At, Layer, Merge, Network, Passed, Recurrent};

use crate::common::Batch;
use crate::dropout::mask;
use crate::noise::{noise, shared};
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
                        let mask = mask(key, stage, id, rows, width, layer.dropout);
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
            Layer::Dense { units, .. } | Layer::Embedding { units, .. } => (stage, width) = (stage + 1, *units),
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
