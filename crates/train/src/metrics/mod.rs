//! Sums that are added up batch by batch, and the figures made of them. Everything is a sum, so that shards and batches
//! can be added in a fixed order.

pub mod edits;
mod figures;
pub mod plan;

pub use plan::Plan;

/// Weighted sums over predictions (hits) and their elements (the rest).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    pub loss: f64,
    pub weight: f64,
    hits: f64,
    predictions: f64,
    squares: f64,
    absolutes: f64,
    elements: f64,
    ratios: f64,
    nonzero: f64,
    /// What further metrics ask for, as their [`Plan`] has it; the last `3 · moments` of them are weight, mean and squared
    /// deviations from it, which are merged and not added.
    more: Vec<f64>,
    moments: usize,
}

impl Sums {
    /// Of the sums that are always there.
    pub const COUNT: usize = 9;

    /// Zeros, with room for all that a plan asks for.
    pub fn new(plan: &Plan) -> Sums {
        Sums { more: vec![0.0; plan.len()], moments: plan.moments(), ..Sums::default() }
    }

    /// Zeros, in the memory that is there.
    pub fn clear(&mut self) {
        let mut more = std::mem::take(&mut self.more);
        more.fill(0.0);
        *self = Sums { more, moments: self.moments, ..Sums::default() };
    }

    pub fn set_loss(&mut self, loss: f64, weight: f64) {
        (self.loss, self.weight) = (loss, weight);
    }

    pub fn hit(&mut self, weight: f64, right: bool) {
        self.predictions += weight;
        self.hits += if right { weight } else { 0.0 };
    }

    /// One prediction and its target, in the user's units.
    pub fn errors(&mut self, weight: f64, predicted: &[f64], truth: &[f64]) {
        for (p, t) in predicted.iter().zip(truth) {
            let error = p - t;
            self.squares += weight * error * error;
            self.absolutes += weight * error.abs();
            self.elements += weight;
            if *t != 0.0 {
                self.ratios += weight * (error / t).abs();
                self.nonzero += weight;
            }
        }
    }

    pub fn add(&mut self, other: &Sums) {
        let (mut a, b) = (self.to_array(), other.to_array());
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        self.set(a);
        let sums = self.more.len() - 3 * self.moments;
        self.more[..sums].iter_mut().zip(&other.more).for_each(|(a, b)| *a += b);
        let moments = self.more[sums..].chunks_exact_mut(3).zip(other.more[sums..].chunks_exact(3));
        moments.for_each(|(a, b)| merge(a, [b[0], b[1], b[2]]));
    }

    /// 0 when everything was masked.
    pub fn mean_loss(&self) -> f64 {
        if self.weight == 0.0 { 0.0 } else { self.loss / self.weight }
    }

    fn to_array(&self) -> [f64; Self::COUNT] {
        let Sums { loss, weight, hits, predictions, squares, absolutes, elements, ratios, nonzero, .. } = *self;
        [loss, weight, hits, predictions, squares, absolutes, elements, ratios, nonzero]
    }

    fn set(&mut self, a: [f64; Self::COUNT]) {
        let [loss, weight, hits, predictions, squares, absolutes, elements, ratios, nonzero] = a;
        (self.loss, self.weight, self.hits, self.predictions) = (loss, weight, hits, predictions);
        (self.squares, self.absolutes, self.elements) = (squares, absolutes, elements);
        (self.ratios, self.nonzero) = (ratios, nonzero);
    }

    /// As a checkpoint keeps them.
    pub fn to_numbers(&self) -> impl Iterator<Item = f64> {
        self.to_array().into_iter().chain(self.more.iter().copied())
    }

    /// The inverse of [`Sums::to_numbers`]; nothing for fewer numbers than there always are. To be fitted to their plan.
    pub fn from_numbers(numbers: &[f64]) -> Option<Sums> {
        let (own, more) = numbers.split_first_chunk::<{ Self::COUNT }>()?;
        let mut sums = Sums { more: more.to_vec(), ..Sums::default() };
        sums.set(*own);
        Some(sums)
    }

    /// Whether these are sums of this plan, which tells its moments from the rest.
    pub fn fit(&mut self, plan: &Plan) -> bool {
        self.moments = plan.moments();
        self.more.len() == plan.len()
    }

    /// Shows the same bits in units of 32, so that they can travel among gradients, and takes what is put in their place. To be
    /// copied, not computed with.
    pub fn words(&mut self, visit: &mut dyn FnMut(&mut [f32])) {
        let mut all = self.to_array();
        pass::<{ Self::COUNT }, { 2 * Self::COUNT }>(&mut all, visit);
        self.set(all);
        self.more.chunks_mut(8).for_each(|some| pass::<8, 16>(some, visit));
    }
}

/// At most N numbers as W = 2 N words.
fn pass<const N: usize, const W: usize>(numbers: &mut [f64], visit: &mut dyn FnMut(&mut [f32])) {
    let mut words = [0.0; W];
    for (pair, number) in words.chunks_exact_mut(2).zip(&*numbers) {
        let bits = number.to_bits();
        pair.copy_from_slice(&[bits as u32, (bits >> 32) as u32].map(f32::from_bits));
    }
    visit(&mut words[..2 * numbers.len()]);
    for (number, pair) in numbers.iter_mut().zip(words.chunks_exact(2)) {
        *number = f64::from_bits(u64::from(pair[0].to_bits()) | u64::from(pair[1].to_bits()) << 32);
    }
}

/// Weight, mean and squared deviations of two sets together. Source: Chan, Golub and LeVeque 1979.
fn merge(a: &mut [f64], [weight, mean, squares]: [f64; 3]) {
    let total = a[0] + weight;
    if weight > 0.0 {
        let apart = mean - a[1];
        a[1] += apart * weight / total;
        a[2] += squares + apart * apart * a[0] * weight / total;
        a[0] = total;
    }
}
