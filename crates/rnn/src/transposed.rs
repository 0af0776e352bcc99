//! Products with the transpose of a weight, on the way back: `dX = dG·W`.

use crate::product::{Rows, product};
use linalg::{Terms, padded};

/// Terms that the whole of dX goes through before the next ones come: so few that their rows stay in the cache while they meet one
/// panel after the other. It matters where there are thousands, below a layer of as many outputs.
const DEPTH: usize = 512;

/// Packs the transpose of a weight, panels of `[inputs x outputs]`, as the right-hand operand of [`back`].
///
/// * `to`: at least `padded(inputs) * outputs` values: one after the other the panels of each [`DEPTH`] outputs.
pub(crate) fn transpose(to: &mut [f32], weight: &[f32], inputs: usize, outputs: usize) {
    for first in (0..outputs).step_by(DEPTH) {
        let to = &mut to[first * padded(inputs)..];
        linalg::transpose_panels(to, &weight[first * inputs..], inputs, DEPTH.min(outputs - first));
    }
}

/// What the sums of [`back`] start from.
#[derive(Clone, Copy)]
pub(crate) enum Onto<'a> {
    /// What is there.
    Sums,
    /// Nothing: a row of zeros, as long as whole panels of the inputs. What is there is not read.
    Zeros(&'a [f32]),
}

/// `dX = dG·W` or `dX += dG·W`, with `dX [rows x inputs]` in one piece.
pub(crate) fn back(dg: Rows, onto: Onto, weight: &[f32], inputs: usize, dx: &mut [f32], strips: &mut [f32]) {
    for first in (0..dg.columns).step_by(DEPTH) {
        let part = Rows { data: &dg.data[first..], columns: DEPTH.min(dg.columns - first), ..dg };
        let weight = &weight[first * padded(inputs)..];
        match onto {
            Onto::Zeros(zeros) if first == 0 => {
                let strips = part.packed(strips);
                linalg::gemm_from(part.rows, inputs, Terms::all(strips, part.columns), zeros, weight, dx, inputs);
            }
            _ => product(part, weight, inputs, dx, inputs, strips),
        }
    }
}
