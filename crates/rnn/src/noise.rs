//! Gaussian noise between layers (Bishop 1995, "Training with noise is equivalent to Tikhonov regularization"; Graves 2013 on
//! inputs): `y = x + deviation·ε`, in training only. It depends on seed, update, place, sequence, step and unit alone.

use crate::network::DropoutKey;
use crate::random::Purpose;

#[derive(Clone, Debug)]
pub(crate) struct Noise {
    pub units: usize,
    /// Standard deviation, above 0.
    pub deviation: f32,
    /// Which stage of the network this is.
    pub place: u32,
}

impl Noise {
    /// Writes `y [rows, units]`; the gradient passes as it is. `first` is the number of the first step.
    pub fn forward(&self, key: DropoutKey, first: usize, offsets: &[usize], x: &[f32], y: &mut [f32]) {
        let philox = key.philox(Purpose::Noise, self.place);
        let mut rows = y.chunks_exact_mut(self.units).zip(x.chunks_exact(self.units));
        for (t, ends) in offsets.windows(2).enumerate() {
            for ((y, x), id) in rows.by_ref().take(ends[1] - ends[0]).zip(key.rows) {
                let (low, high) = (*id as u32, (*id >> 32) as u32);
                for (block, (y, x)) in y.chunks_mut(4).zip(x.chunks(4)).enumerate() {
                    let noise = normals(philox.block([block as u32, (first + t) as u32, low, high]));
                    for ((y, x), noise) in y.iter_mut().zip(x).zip(noise) {
                        *y = x + self.deviation * noise;
                    }
                }
            }
        }
    }
}

/// Four standard normals of four words, by Box and Muller.
fn normals(words: [u32; 4]) -> [f32; 4] {
    let pair = |a: u32, b: u32| {
        // In (0, 1), so that the logarithm is finite.
        let radius = (-2.0 * libm::log((f64::from(a) + 0.5) / 4_294_967_296.0)).sqrt();
        let angle = std::f64::consts::TAU / 4_294_967_296.0 * f64::from(b);
        [(radius * libm::cos(angle)) as f32, (radius * libm::sin(angle)) as f32]
    };
    let ([a, b], [c, d]) = (pair(words[0], words[1]), pair(words[2], words[3]));
    [a, b, c, d]
}
