//! Noise, shared masks and dropped tokens: against naive, and their distributions.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{At, DropoutKey, Extent, Input, Layer, Network, Norm, NormKind, Packing, Philox, Purpose, Values, Workspace};

use crate::common::shares::within_four_errors;
use crate::common::{Batch, CELLS, head, parameters, recurrent, twin};

const KEY: (u64, u64) = (9, 1 << 33 | 5);

fn philox((seed, step): (u64, u64), purpose: Purpose, place: u32) -> Philox {
    Philox::new(seed, purpose).child([step as u32, (step >> 32) as u32, place, 0])
}

/// By Box and Muller, in f64.
pub fn noise(key: (u64, u64), place: u32, id: u64, steps: usize, units: usize, deviation: f64) -> Vec<Vec<f64>> {
    let philox = philox(key, Purpose::Noise, place);
    let one = |t: usize, unit: usize| {
        let words = philox.block([(unit / 4) as u32, t as u32, id as u32, (id >> 32) as u32]);
        let (a, b) = (words[unit % 4 / 2 * 2], words[unit % 4 / 2 * 2 + 1]);
        let radius = (-2.0 * libm::log((f64::from(a) + 0.5) / 4_294_967_296.0)).sqrt();
        let angle = 2.0 * std::f64::consts::PI * f64::from(b) / 4_294_967_296.0;
        deviation * radius * if unit.is_multiple_of(2) { libm::cos(angle) } else { libm::sin(angle) }
    };
    (0..steps).map(|t| (0..units).map(|unit| one(t, unit)).collect()).collect()
}

pub fn kept(word: u32, rate: f32) -> f64 {
    if f64::from(word) < f64::from(rate) * 4_294_967_296.0 { 0.0 } else { 1.0 / (1.0 - f64::from(rate)) }
}

/// One mask for all steps of a sequence.
pub fn shared(key: (u64, u64), place: u32, id: u64, steps: usize, units: usize, rate: f32) -> Vec<Vec<f64>> {
    let philox = philox(key, Purpose::Dropout, place);
    let word = |unit: usize| philox.block([(unit / 4) as u32, 0, id as u32, (id >> 32) as u32])[unit % 4];
    vec![(0..units).map(|unit| kept(word(unit), rate)).collect(); steps]
}

#[test]
fn noise_and_shared_masks_against_naive() {
    for at in [At::Every, At::Last] {
        let layers = vec![
            Layer::Noise { deviation: 0.3 },
            Layer::Dropout { rate: 0.25, shared: true },
            Layer::Recurrent(recurrent(CELLS[0], 5)),
            Layer::Dropout { rate: 0.5, shared: true },
            Layer::Noise { deviation: 0.0 },
            head(3),
            Layer::Noise { deviation: 2.0 },
        ];
        let network = Network::new(Input::Values { size: 6 }, layers, at).unwrap();
        let params = parameters(&network, 1);
        let batch = Batch::random(&network, &[4, 9, 2, 9], true, 2);
        // Places count the stages: noise, mask, level, (last state,) mask, dense, noise.
        let top = if at == At::Last { 4 } else { 3 };
        let compared = twin::compare(&network, &params, &batch, Some(KEY), |sequence, position| {
            let (id, steps) = (batch.ids[position], batch.packing.lengths[position]);
            let rows = if at == At::Last { 1 } else { steps };
            sequence
                .with_noise(0, noise(KEY, 0, id, steps, 6, f64::from(0.3f32)))
                .with_mask(1, 0, shared(KEY, 1, id, steps, 6, 0.25))
                .with_mask(3, 0, shared(KEY, top, id, rows, 5, 0.5))
                .with_noise(6, noise(KEY, top + 2, id, rows, 3, 2.0))
        });
        assert!(compared.error <= 1e-5 && compared.zero == 0, "{at:?}: {compared:?}");
        println!("noise and shared masks, {at:?}: worst relative error {:.1e}", compared.error);
    }
}

#[test]
fn dropped_tokens_against_naive() {
    let embedding = Layer::Embedding { units: 4, dropout: 0.4, name: "embedding".into(), trainable: true };
    let layers = vec![embedding, Layer::Recurrent(recurrent(CELLS[0], 5))];
    let network = Network::new(Input::Tokens { vocabulary: 6 }, layers, At::Every).unwrap();
    let params = parameters(&network, 1);
    let batch = Batch::random(&network, &[14, 9, 20, 9], true, 2);
    let philox = philox(KEY, Purpose::Dropout, 0);
    let (mut dropped, mut all) = (0, 0);
    let mut masks = Vec::new();
    for position in 0..4 {
        let (id, steps) = (batch.ids[position], batch.packing.lengths[position]);
        let crate::common::X::Tokens(tokens) = &batch.x else { unreachable!() };
        let factor = |t: usize| {
            let token = tokens[batch.packing.row(t, position)];
            kept(philox.block([token / 4, 0, id as u32, 0])[token as usize % 4], 0.4)
        };
        let mask: Vec<Vec<f64>> = (0..steps).map(|t| vec![factor(t); 4]).collect();
        dropped += mask.iter().filter(|row| row[0] == 0.0).count();
        all += steps;
        masks.push(mask);
    }
    assert!(0 < dropped && dropped < all, "{dropped} of {all} dropped");
    let compared =
        twin::compare(&network, &params, &batch, Some(KEY), |s, position| s.with_mask(0, 0, masks[position].clone()));
    assert!(compared.error <= 1e-5 && compared.zero == 0, "{compared:?}");
    let whole = twin::compare(&network, &params, &batch, None, |s, _| s);
    assert!(whole.error <= 1e-5, "nothing is dropped outside training: {whole:?}");
    println!("dropped tokens: worst relative error {:.1e}", compared.error);
}

/// Vectors of ones show what tokens are multiplied with: 400 tokens in each of 50 sequences, some of them twice.
#[test]
fn dropped_tokens_keep_their_share() {
    for dropout in [0.1f32, 0.5] {
        let embedding = Layer::Embedding { units: 1, dropout, name: "e".into(), trainable: true };
        let network = Network::new(Input::Tokens { vocabulary: 400 }, vec![embedding], At::Every).unwrap();
        let packing = Packing::new(&[500; 50]);
        let capacity = rnn::Capacity { batch: 50, steps: 500, rows: 25_000 };
        let mut ws = Workspace::new(&network, capacity, true).unwrap();
        let tokens: Vec<u32> = (0..500).flat_map(|t| [t % 400; 50]).collect();
        let rows: Vec<u64> = (0..50).collect();
        let key = DropoutKey { seed: 3, step: 4, rows: &rows, whole: Extent::default() };
        let params = vec![1.0; network.table().len()];
        network.forward(&params, &packing, Values::Tokens(&tokens), None, Some(key), &mut ws);
        let (once, again) = ws.output().split_at(20_000);
        assert_eq!(again, &once[..5_000], "all occurrences of a token in a sequence together");
        within_four_errors(once, dropout);
    }
}

/// What a lone layer makes of ones, `[rows, units]`.
fn alone(layer: Layer, lengths: &[usize], units: usize, key: (u64, u64), ids: &[u64]) -> (Packing, Vec<f32>) {
    // A norm that does nothing, so that the network has a parameter: running mean 0 and variance 1.
    let kind = NormKind::Batch { momentum: 0.0 };
    let nothing = Layer::Norm(Norm { kind, epsilon: 1e-12, name: "n".into(), trainable: false });
    let network = Network::new(Input::Values { size: units }, vec![nothing, layer], At::Every).unwrap();
    let mut params = vec![0.0; network.table().len()];
    rnn::initialise(&network, rnn::Init::Default, 1, &mut params);
    let packing = Packing::new(lengths);
    let capacity = rnn::Capacity { batch: packing.batch, steps: packing.steps, rows: packing.rows };
    let mut ws = Workspace::new(&network, capacity, true).unwrap();
    let rows: Vec<u64> = packing.order.iter().map(|&i| ids[i as usize]).collect();
    let key = DropoutKey { seed: key.0, step: key.1, rows: &rows, whole: Extent::default() };
    network.forward(&params, &packing, Values::Values(&vec![1.0; packing.rows * units]), None, Some(key), &mut ws);
    (packing, ws.output().to_vec())
}

/// Mean, variance, skewness and kurtosis of 111,000 numbers, each within four standard errors of a normal's.
#[test]
fn noise_is_normal() {
    let ids: Vec<u64> = (0..10).collect();
    let (_, y) = alone(Layer::Noise { deviation: 0.5 }, &[300; 10], 37, (1, 2), &ids);
    let z: Vec<f64> = y.iter().map(|&y| (f64::from(y) - 1.0) / 0.5).collect();
    let n = z.len() as f64;
    let moment = |power: usize| z.iter().map(|&z| (0..power).fold(1.0, |p, _| p * z)).sum::<f64>() / n;
    // Variances of the powers of a standard normal: 1, 2, 15, 96.
    for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0f64)] {
        let (got, error) = (moment(power), (variance / n).sqrt());
        assert!((got - expected).abs() < 4.0 * error, "moment {power}: {got} against {expected} ± {error}");
    }
    // Neighbours, of one pair or not, and steps do not go together.
    let together = |apart: usize| z.iter().zip(&z[apart..]).map(|(a, b)| a * b).sum::<f64>() / n;
    for apart in [1, 2, 37, 370] {
        assert!(together(apart).abs() < 4.0 / n.sqrt(), "{apart} apart: {}", together(apart));
    }
}

#[test]
fn shared_masks_keep_their_share() {
    let ids: Vec<u64> = (0..1000).collect();
    for rate in [0.1f32, 0.5] {
        let (packing, mask) = alone(Layer::Dropout { rate, shared: true }, &[3; 1000], 37, (1, 2), &ids);
        let first = &mask[..37_000];
        within_four_errors(first, rate);
        for t in 1..3 {
            assert_eq!(&mask[packing.offsets[t] * 37..][..37_000], first, "one mask for all steps");
        }
    }
}

/// A sequence has its noise and its mask wherever it is; other sequences, places, updates and seeds have others.
#[test]
fn both_go_with_the_sequence() {
    let units = 9;
    for layer in [Layer::Noise { deviation: 1.0 }, Layer::Dropout { rate: 0.5, shared: true }] {
        let (a, first) = alone(layer.clone(), &[4, 7, 4], units, (1, 2), &[10, 11, 12]);
        let (b, second) = alone(layer.clone(), &[2, 4, 7, 9, 4], units, (1, 2), &[99, 12, 11, 98, 10]);
        let row = |packing: &Packing, mask: &[f32], ids: &[u64], id: u64, t: usize| {
            let position = packing.order.iter().position(|&i| ids[i as usize] == id).unwrap();
            mask[packing.row(t, position) * units..][..units].to_vec()
        };
        for (id, steps) in [(10, 4), (11, 7), (12, 4)] {
            for t in 0..steps {
                let one = row(&a, &first, &[10, 11, 12], id, t);
                assert_eq!(one, row(&b, &second, &[99, 12, 11, 98, 10], id, t));
            }
        }
        let mut different = std::collections::BTreeSet::new();
        let high = 1 << 32;
        for (seed, step, id) in
            [(1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4), (1 | high, 2, 3), (1, 2 | high, 3), (1, 2, 3 | high)]
        {
            let (_, values) = alone(layer.clone(), &[3], 40, (seed, step), &[id]);
            assert!(different.insert(values.iter().map(|x| x.to_bits()).collect::<Vec<_>>()), "two are the same");
        }
    }
}
