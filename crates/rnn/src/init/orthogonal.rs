//! Orthonormal matrices by the modified Gram-Schmidt process, in `f64` and in a fixed order.

use crate::random::Stream;

/// Fills `block [rows, columns]` with orthonormal rows, or columns when there are more rows.
///
/// Normal vectors made orthogonal one after the other are uniformly distributed (Haar), as the diagonal of R is positive.
pub(super) fn fill(block: &mut [f32], rows: usize, columns: usize, stream: &mut Stream) {
    let (count, len) = (rows.min(columns), rows.max(columns));
    let mut vectors: Vec<f64> = (0..count * len).map(|_| stream.normal()).collect();
    for i in 0..count {
        let (done, rest) = vectors.split_at_mut(i * len);
        let vector = &mut rest[..len];
        for other in done.chunks_exact(len) {
            let along = dot(other, vector);
            vector.iter_mut().zip(other).for_each(|(v, o)| *v -= along * o);
        }
        // Zero has no chance among normal numbers of more than a few bits; a random matrix is far from singular.
        let scale = 1.0 / dot(vector, vector).sqrt();
        vector.iter_mut().for_each(|v| *v *= scale);
    }
    for row in 0..rows {
        for column in 0..columns {
            let place = if rows <= columns { row * len + column } else { column * len + row };
            block[row * columns + column] = vectors[place] as f32;
        }
    }
}

/// Four sums side by side, so that the compiler works in vectors.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a4, a_tail) = a.as_chunks::<4>();
    let (b4, b_tail) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (a, b) in a4.iter().zip(b4) {
        for i in 0..4 {
            sums[i] += a[i] * b[i];
        }
    }
    for (i, (a, b)) in a_tail.iter().zip(b_tail).enumerate() {
        sums[i] += a * b;
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}
