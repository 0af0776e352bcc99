//! Noise that is added to gradients, less and less. NOT: noise of inputs or states.

use optim::{Places, Tensor};
use rnn::{Philox, Purpose};
use std::f64::consts::TAU;

/// A normal number of variance `η / (1 + t)^γ` for each element, t being the updates done.
///
/// Source: Neelakantan et al. 2015, "Adding gradient noise improves learning for very deep networks", section 2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// η, above zero.
    pub eta: f64,
    /// γ, ≥ 0.
    pub gamma: f64,
    pub seed: u64,
}

impl Noise {
    /// Of the update after `done` others.
    pub fn deviation(&self, done: u64) -> f64 {
        (self.eta / libm::pow(1.0 + done as f64, self.gamma)).sqrt()
    }

    /// Adds it to the gradients in `places`. A number depends on seed, update, tensor and natural place alone: it is the same on
    /// every worker and in any layout, and padding has none.
    pub fn add(&self, done: u64, places: &Places, gradient: &mut [f32]) {
        let deviation = self.deviation(done);
        let generator = Philox::new(self.seed, Purpose::GradientNoise);
        for (index, tensor) in places.tensors.iter().enumerate() {
            let of_tensor = generator.child([done as u32, (done >> 32) as u32, index as u32, 0]);
            let mut four = [0.0; 4];
            for (i, at) in elements(tensor).enumerate() {
                if i.is_multiple_of(4) {
                    four = normals(of_tensor.block([(i / 4) as u32, ((i / 4) as u64 >> 32) as u32, 0, 0]));
                }
                gradient[at] += (deviation * four[i % 4]) as f32;
            }
        }
    }
}

/// The places of a tensor's elements in their natural order.
fn elements(tensor: &Tensor) -> impl Iterator<Item = usize> + '_ {
    (0..tensor.rows.len()).flat_map(|r| tensor.row(r))
}

/// Four standard normal numbers from four words, by Box and Muller. A uniform number of 32 bits reaches 6.6 deviations.
fn normals(words: [u32; 4]) -> [f64; 4] {
    let uniform = |word: u32| (f64::from(word) + 0.5) / 4_294_967_296.0;
    let pair = |a: u32, b: u32| {
        let (radius, angle) = ((-2.0 * libm::log(uniform(a))).sqrt(), TAU * uniform(b));
        [radius * libm::cos(angle), radius * libm::sin(angle)]
    };
    let ([a, b], [c, d]) = (pair(words[0], words[1]), pair(words[2], words[3]));
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOISE: Noise = Noise { eta: 0.3, gamma: 0.55, seed: 4 };

    fn drawn(noise: Noise, done: u64, places: &Places, n: usize) -> Vec<f64> {
        let mut gradient = vec![0.0; n];
        noise.add(done, places, &mut gradient);
        gradient.into_iter().map(f64::from).collect()
    }

    /// Mean, variance and fourth moment within four standard errors, at the first update and a later one.
    #[test]
    fn moments_are_those_of_the_formula() {
        const N: usize = 40_000;
        for (done, variance) in [(0, 0.3), (99, 0.3 / libm::pow(100.0, 0.55))] {
            let x = drawn(NOISE, done, &Places::whole(N), N);
            let mean = |power: i32| x.iter().map(|x| (0..power).fold(1.0, |p, _| p * x)).sum::<f64>() / N as f64;
            let error = 4.0 / (N as f64).sqrt();
            assert!(mean(1).abs() < error * f64::sqrt(variance), "{done}: {}", mean(1));
            assert!((mean(2) / variance - 1.0).abs() < error * f64::sqrt(2.0), "{done}: {}", mean(2));
            assert!((mean(4) / (3.0 * variance * variance) - 1.0).abs() < error * f64::sqrt(96.0) / 3.0, "{done}");
            let beside: f64 = x.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / N as f64;
            assert!(beside.abs() < error * variance, "neighbours have nothing to do with each other");
        }
    }

    #[test]
    fn numbers_depend_on_place_update_and_seed_not_on_the_layout() {
        let natural = Places::of(vec![Tensor::matrix(0, 3, 5), Tensor::vector(15..19)]);
        let mut panels = Tensor::matrix(0, 3, 5);
        (panels.range, panels.rows, panels.stride) = (0..40, vec![0, 1, 2], 8);
        let panelled = Places::of(vec![panels, Tensor::vector(40..44)]);
        let (plain, spread) = (drawn(NOISE, 3, &natural, 19), drawn(NOISE, 3, &panelled, 44));
        for (from, to) in natural.tensors.iter().zip(&panelled.tensors) {
            assert!(elements(from).zip(elements(to)).all(|(from, to)| plain[from] == spread[to]));
        }
        assert_eq!(spread.iter().filter(|x| **x != 0.0).count(), 19, "padding has none");
        assert!(plain != drawn(NOISE, 4, &natural, 19) && plain != drawn(Noise { seed: 5, ..NOISE }, 3, &natural, 19));
        assert_ne!(plain[..4], plain[15..], "tensors have streams of their own");
    }
}
