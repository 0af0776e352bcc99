//! Philox against its published vectors, and what is drawn from it.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::{Philox, Purpose, permutation};

/// `kat_vectors` of Random123 (Salmon et al.), philox4x32 with 10 rounds.
#[test]
fn known_answers() {
    let cases = [
        ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
        ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
        (
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ];
    for (counter, key, expected) in cases {
        assert_eq!(Philox::from_key(key).block(counter), expected);
    }
}

#[test]
fn streams_walk_the_counter() {
    let philox = Philox::from_key([1, 2]);
    let mut stream = philox.stream();
    for i in 0..3 {
        assert_eq!(std::array::from_fn(|_| stream.next_u32()), philox.block([i, 0, 0, 0]));
    }
}

#[test]
fn purposes_and_seeds_are_apart() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in [0, 1, 1 << 32] {
        for purpose in [Purpose::Weights, Purpose::Dropout, Purpose::Order, Purpose::Split, Purpose::Generation] {
            assert!(seen.insert(Philox::new(seed, purpose).block([0; 4])));
        }
    }
}

#[test]
fn uniform_and_normal_moments() {
    let mut stream = Philox::new(5, Purpose::Weights).stream();
    let n = 40_000;
    let uniform: Vec<f64> = (0..n).map(|_| f64::from(stream.uniform())).collect();
    let double: Vec<f64> = (0..n).map(|_| stream.uniform_f64()).collect();
    let normal: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
    let mean = |x: &[f64]| x.iter().sum::<f64>() / n as f64;
    let square = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>() / n as f64;
    // Four standard deviations of each mean.
    for x in [&uniform, &double] {
        assert!(x.iter().all(|x| (0.0..1.0).contains(x)));
        assert!((mean(x) - 0.5).abs() < 0.006 && (square(x) - 1.0 / 3.0).abs() < 0.006);
    }
    assert!(mean(&normal).abs() < 0.02 && (square(&normal) - 1.0).abs() < 0.03);
    let beyond = normal.iter().filter(|x| x.abs() > 1.959_964).count() as f64 / n as f64;
    assert!((beyond - 0.05).abs() < 0.005, "share beyond two sigma: {beyond}");
}

#[test]
fn below_is_uniform() {
    let mut stream = Philox::new(5, Purpose::Order).stream();
    let mut counts = [0; 7];
    (0..70_000).for_each(|_| counts[stream.below(7) as usize] += 1);
    // Standard deviation 93.
    assert!(counts.iter().all(|&c| (9_600..10_400).contains(&c)), "{counts:?}");
    assert_eq!(stream.below(1), 0);
}

#[test]
fn permutations() {
    let of = |seed, epoch| {
        let mut order = [0; 50];
        permutation(seed, Purpose::Order, epoch, &mut order);
        order
    };
    let mut sorted = of(1, 0);
    sorted.sort_unstable();
    assert_eq!(sorted.to_vec(), (0..50).collect::<Vec<u32>>());
    assert_eq!(of(1, 0), of(1, 0));
    assert_ne!(of(1, 0), of(1, 1));
    assert_ne!(of(1, 0), of(2, 0));
    // Every place sees every element: the mean of the first place over many epochs.
    let mean = (0..2000).map(|epoch| f64::from(of(1, epoch)[0])).sum::<f64>() / 2000.0;
    assert!((mean - 24.5).abs() < 1.3, "{mean}");
    let mut pair = [0; 2];
    let turned = (0..400).filter(|&epoch| {
        permutation(1, Purpose::Order, epoch, &mut pair);
        pair == [1, 0]
    });
    assert!((160..240).contains(&turned.count()), "two elements are turned half the time");
    permutation(1, Purpose::Order, 0, &mut []);
}
