//! From the packed, sorted order of a batch back to the caller's order.

use rnn::{Network, Packing, States};

/// Where a batch lies in the caller's data: sequences `start ..` of `batch`, the longest of all with `steps`.
#[derive(Clone, Copy)]
pub struct Place {
    pub start: usize,
    pub batch: usize,
    pub steps: usize,
}

/// Rows of every step, [rows, width] packed → [batch, steps, width].
pub fn steps(packing: &Packing, rows: &[f32], width: usize, place: Place, to: &mut [f32]) {
    for t in 0..packing.steps {
        for position in 0..packing.sizes[t] {
            let sequence = place.start + packing.order[position] as usize;
            let from = &rows[packing.row(t, position) * width..][..width];
            to[(sequence * place.steps + t) * width..][..width].copy_from_slice(from);
        }
    }
}

/// One row a sequence, [batch, width] sorted → [batch, width].
pub fn sequences(packing: &Packing, rows: &[f32], width: usize, place: Place, to: &mut [f32]) {
    for (position, &at) in packing.order.iter().enumerate() {
        let from = &rows[position * width..][..width];
        to[(place.start + at as usize) * width..][..width].copy_from_slice(from);
    }
}

/// States, [levels, batch, width] sorted → the same in the caller's order. `to` holds `place.batch` sequences.
pub fn states(network: &Network, packing: &Packing, from: &States, place: Place, to: &mut States) {
    for ((shape, from), to) in network.states().iter().zip(&from.layers).zip(&mut to.layers) {
        let part = |from: &[f32], to: &mut [f32], width: usize| {
            for level in 0..shape.levels {
                for (position, &at) in packing.order.iter().enumerate() {
                    let source = (level * packing.batch + position) * width;
                    let target = (level * place.batch + place.start + at as usize) * width;
                    to[target..][..width].copy_from_slice(&from[source..][..width]);
                }
            }
        };
        part(&from.h, &mut to.h, shape.hidden);
        part(&from.c, &mut to.c, shape.memory);
    }
}
