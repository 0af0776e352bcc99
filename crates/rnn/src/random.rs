//! Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
//!
//! A number is a pure function of key and counter, so it does not depend on what was drawn before, in which order or where.

/// What a stream is for; streams of different purposes are unrelated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Weights = 1,
    Dropout = 2,
    /// Order of samples.
    Order = 3,
    /// Which samples validate.
    Split = 4,
    /// Sampling of generated tokens.
    Generation = 5,
    /// Gaussian noise between layers.
    Noise = 6,
    /// Dropped weights.
    WeightDrop = 7,
    /// Masks of candidates: recurrent dropout.
    RecurrentDropout = 8,
    /// States that stay.
    Zoneout = 9,
    /// Memories that stay.
    MemoryZoneout = 10,
    /// Masks of states, one for all steps: variational dropout.
    Variational = 11,
    /// Added to gradients.
    GradientNoise = 20,
}

/// A keyed generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Philox {
    key: [u32; 2],
}

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

impl Philox {
    /// Generator of one purpose under the user's seed.
    pub fn new(seed: u64, purpose: Purpose) -> Philox {
        Philox::from_key([seed as u32, (seed >> 32) as u32]).child([purpose as u32, 0, 0, 0])
    }

    /// Generator with this very key.
    pub fn from_key(key: [u32; 2]) -> Philox {
        Philox { key }
    }

    /// An unrelated generator, keyed by the block at `counter`.
    pub fn child(self, counter: [u32; 4]) -> Philox {
        let [a, b, ..] = self.block(counter);
        Philox { key: [a, b] }
    }

    /// The four words at `counter`.
    pub fn block(self, counter: [u32; 4]) -> [u32; 4] {
        let [mut a, mut b, mut c, mut d] = counter;
        let [mut k, mut l] = self.key;
        for _ in 0..10 {
            let p = u64::from(a) * u64::from(MULTIPLIERS[0]);
            let q = u64::from(c) * u64::from(MULTIPLIERS[1]);
            (a, b, c, d) = ((q >> 32) as u32 ^ b ^ k, q as u32, (p >> 32) as u32 ^ d ^ l, p as u32);
            k = k.wrapping_add(WEYL[0]);
            l = l.wrapping_add(WEYL[1]);
        }
        [a, b, c, d]
    }

    /// Numbers one after the other, from the counter `[0, 0, 0, 0]` on.
    pub fn stream(self) -> Stream {
        Stream { philox: self, counter: 0, words: [0; 4], used: 4, spare: None }
    }
}

/// A sequence of numbers from one generator.
#[derive(Clone, Debug)]
pub struct Stream {
    philox: Philox,
    counter: u64,
    words: [u32; 4],
    used: usize,
    spare: Option<f64>,
}

impl Stream {
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.words = self.philox.block([self.counter as u32, (self.counter >> 32) as u32, 0, 0]);
            self.counter += 1;
            self.used = 0;
        }
        self.used += 1;
        self.words[self.used - 1]
    }

    /// Uniform in `[0, 1)`, a multiple of 2⁻²⁴.
    pub fn uniform(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform in `[0, 1)`, a multiple of 2⁻⁵³.
    pub fn uniform_f64(&mut self) -> f64 {
        let high = u64::from(self.next_u32());
        let low = u64::from(self.next_u32());
        ((high << 21) | (low >> 11)) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Standard normal, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        if let Some(second) = self.spare.take() {
            return second;
        }
        // 1 - u lies in (0, 1], so that the logarithm is finite.
        let radius = (-2.0 * libm::log(1.0 - self.uniform_f64())).sqrt();
        let angle = std::f64::consts::TAU * self.uniform_f64();
        self.spare = Some(radius * libm::sin(angle));
        radius * libm::cos(angle)
    }

    /// Uniform in `0..n`, without bias (Lemire, "Fast random integer generation in an interval", 2019).
    ///
    /// # Panics
    /// When `n` is zero.
    pub fn below(&mut self, n: u32) -> u32 {
        assert!(n > 0, "an empty range");
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(n);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }
}

/// Fills `order` with a permutation of `0..order.len()`, keyed by seed, purpose and epoch (Fisher and Yates).
pub fn permutation(seed: u64, purpose: Purpose, epoch: u64, order: &mut [u32]) {
    let mut stream = Philox::new(seed, purpose).child([epoch as u32, (epoch >> 32) as u32, 0, 1]).stream();
    for (i, place) in order.iter_mut().enumerate() {
        *place = i as u32;
    }
    for i in (1..order.len()).rev() {
        order.swap(i, stream.below(i as u32 + 1) as usize);
    }
}
