//! Schedules against formulas written anew; those that PyTorch has are compared with it in `pytorch_schedules`.

use optim::schedules::*;
use optim::{Done, Schedule};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const PER: Per = Per::Step;

fn rate(schedule: &Schedule, step: u64) -> f64 {
    schedule.rate(Done { steps: step, epochs: step / 3 + 1, reductions: 0 })
}

fn close(schedule: &Schedule, step: u64, truth: f64) {
    let rate = rate(schedule, step);
    assert!((rate - truth).abs() <= 1e-11 * truth.abs(), "{schedule:?} at {step}: {rate}, not {truth}");
}

#[test]
fn step_decay_multiplies_every_so_often() {
    let schedule = StepDecay { initial: 0.005, every: 1500, factor: 0.5, per: PER }.into();
    let mut rate = 0.005;
    for step in 0..12_000 {
        if step > 0 && step % 1500 == 0 {
            rate /= 2.0;
        }
        close(&schedule, step, rate);
    }
    assert_eq!(Schedule::Constant { rate: 0.3 }.rate(u64::MAX.into()), 0.3);
}

/// cos by its Taylor series, so that the truth does not come from the same library.
fn cosine(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..30 {
        term *= -x * x / f64::from((2 * k - 1) * (2 * k));
        sum += term;
    }
    sum
}

#[test]
fn cosine_decay_in_its_three_parts() {
    let schedule = CosineDecay { initial: 0.4, steps: 110, warmup: 10, last: 0.02, per: PER }.into();
    for step in 0..10 {
        close(&schedule, step, 0.04 * (step + 1) as f64);
    }
    for step in 10..110 {
        let t = (step - 10) as f64 / 100.0;
        close(&schedule, step, 0.02 + 0.38 * (1.0 + cosine(std::f64::consts::PI * t)) / 2.0);
    }
    assert_eq!(rate(&schedule, 9), 0.4);
    assert_eq!(rate(&schedule, 10), 0.4);
    close(&schedule, 60, 0.21);
    for step in [110, 111, 1_000_000] {
        assert_eq!(rate(&schedule, step), 0.02);
    }
    // A warm-up that fills the run, or more.
    let warmup = CosineDecay { initial: 1.0, steps: 4, warmup: 8, last: 0.0, per: PER }.into();
    assert_eq!(rate(&warmup, 7), 1.0);
    assert_eq!(rate(&warmup, 8), 0.0);
}

#[test]
fn periods_are_exact_after_billions_of_updates() {
    let annealing: Schedule = CosineAnnealing { initial: 0.1, steps: 7, last: 0.01, per: PER }.into();
    let restarts: Schedule = CosineWarmRestarts { initial: 0.1, steps: 7, multiplier: 1, last: 0.01, per: PER }.into();
    let far = 14 * 1_000_000_007;
    for t in 0..14 {
        assert_eq!(rate(&annealing, far + t).to_bits(), rate(&annealing, t).to_bits());
        assert_eq!(rate(&restarts, far + t).to_bits(), rate(&restarts, t % 7).to_bits());
    }
    assert_eq!((rate(&annealing, 0), rate(&annealing, 7), rate(&restarts, 7)), (0.1, 0.01, 0.1));
    let doubling: Schedule = CosineWarmRestarts { initial: 1.0, steps: 1, multiplier: 2, last: 0.0, per: PER }.into();
    assert_eq!(rate(&doubling, (1 << 52) - 1), 1.0, "a restart");
    assert!(rate(&doubling, u64::MAX).is_finite());
}

/// The square root by Newton's iteration.
fn root(x: f64) -> f64 {
    (0..200).fold(x.max(1.0), |r, _| (r + x / r) / 2.0)
}

#[test]
fn exponential_decay_between_and_on_the_stairs() {
    let decay = |staircase| ExponentialDecay { initial: 0.3, factor: 0.25, every: 4, staircase, per: PER }.into();
    let (smooth, stairs) = (decay(false), decay(true));
    // The fourth root of 1/4, and its powers.
    let root = root(0.5);
    let mut truth = 0.3;
    for t in 0..40u64 {
        close(&smooth, t, truth);
        truth *= root;
        let steps = (0..t / 4).fold(0.3, |rate, _| rate / 4.0);
        close(&stairs, t, steps);
    }
}

#[test]
fn inverse_time_decay() {
    let decay = |staircase| InverseTimeDecay { initial: 0.6, decay: 0.5, every: 10, staircase, per: PER }.into();
    for t in 0..100 {
        close(&decay(false), t, 0.6 / (1.0 + 0.05 * t as f64));
        close(&decay(true), t, 0.6 / (1.0 + 0.5 * (t / 10) as f64));
    }
}

#[test]
fn noam_rises_in_a_line_and_falls_by_the_root() {
    let noam = Noam { size: 512, warmup: 400, scale: 2.0, per: PER }.into();
    let top = 2.0 / root(512.0 * 400.0);
    for t in 0..2000u64 {
        let n = (t + 1) as f64;
        close(&noam, t, if t < 400 { top * n / 400.0 } else { top * root(400.0 / n) });
    }
    close(&noam, 399, top);
}

#[test]
fn polynomial_decay_ends_in_its_final_rate() {
    let decay = PolynomialDecay { initial: 0.5, steps: 8, power: 2.0, last: 0.1, per: PER }.into();
    for t in 0..8u32 {
        let left = f64::from(8 - t) / 8.0;
        close(&decay, t.into(), 0.1 + 0.4 * left * left);
    }
    assert_eq!((rate(&decay, 0), rate(&decay, 8), rate(&decay, 1 << 60)), (0.5, 0.1, 0.1));
    let rising: Schedule = PolynomialDecay { initial: 0.1, steps: 2, power: 1.0, last: 0.3, per: PER }.into();
    close(&rising, 1, 0.2);
}

#[test]
fn pieces_and_tables() {
    // Keras: the first rate up to and with the boundary.
    let pieces = PiecewiseConstant { boundaries: vec![2, 5], rates: vec![1.0, 0.5, 0.1], per: PER }.into();
    let found: Vec<f64> = (0..8).map(|t| rate(&pieces, t)).collect();
    assert_eq!(found, [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.1, 0.1]);
    let table = RateTable { rates: vec![0.3, 0.0, 0.2], per: PER }.into();
    let found: Vec<f64> = [0, 1, 2, 3, u64::MAX].map(|t| rate(&table, t)).to_vec();
    assert_eq!(found, [0.3, 0.0, 0.2, 0.2, 0.2]);
    // In any order.
    let milestones = MultiStepDecay { initial: 1.0, milestones: vec![5, 2, 5], factor: 0.5, per: PER }.into();
    let found: Vec<f64> = (0..7).map(|t| rate(&milestones, t)).collect();
    assert_eq!(found, [1.0, 1.0, 0.5, 0.5, 0.5, 0.125, 0.125]);
}

#[test]
fn warm_up_before_any_other() {
    let to: Box<Schedule> = Box::new(StepDecay { initial: 0.8, every: 3, factor: 0.5, per: PER }.into());
    let warmup = Warmup { steps: 4, from: 0.0, to: to.clone(), per: PER }.into();
    let found: Vec<f64> = (0..12).map(|t| rate(&warmup, t)).collect();
    assert_eq!(found, [0.2, 0.4, 0.6000000000000001, 0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]);
    let above = Warmup { steps: 4, from: 0.2, to, per: PER }.into();
    for t in 0..4 {
        close(&above, t, 0.8 * (0.2 + 0.2 * (t + 1) as f64));
    }
}

/// The clock of one unit is set back by what comes before; the other runs on.
#[test]
fn nested_schedules_count_each_in_its_own_unit() {
    let epochs = StepDecay { initial: 1.0, every: 2, factor: 0.5, per: Per::Epoch };
    let warmup: Schedule = Warmup { steps: 10, from: 0.0, to: Box::new(epochs.into()), per: PER }.into();
    let at = |steps, epochs| warmup.rate(Done { steps, epochs, reductions: 0 });
    assert_eq!((at(4, 0), at(9, 0), at(15, 1), at(20, 2), at(45, 4)), (0.5, 1.0, 1.0, 0.5, 0.25));

    let ramp = |start, end| LinearRamp { initial: 1.0, start, end, steps: 10, per: PER }.into();
    let parts = vec![ramp(0.0, 1.0), ramp(1.0, 0.5), Schedule::Constant { rate: 7.0 }];
    let sequence: Schedule = Sequential { schedules: parts, milestones: vec![10, 30], per: PER }.into();
    let found: Vec<f64> = [0, 5, 9, 10, 20, 29, 30, 99].map(|t| rate(&sequence, t)).to_vec();
    assert_eq!(found, [0.0, 0.5, 0.9, 1.0, 0.5, 0.5, 7.0, 7.0]);
}

#[test]
fn the_momentum_of_nested_schedules() {
    let cyclic =
        |momentum| Cyclic { base: 0.1, maximum: 0.2, up: 2, down: 2, cycles: Cycles::Triangular, momentum, per: PER };
    let with: Schedule = cyclic(Some((0.8, 0.9))).into();
    let without: Schedule = cyclic(None).into();
    let steps = |schedule: &Schedule| -> Vec<Option<f64>> { (0..3).map(|t| schedule.momentum(t.into())).collect() };
    let (high, middle, low) = (Some(0.9), Some(0.9 - (0.9 - 0.8) * 0.5), Some(0.8));
    assert_eq!(steps(&with), [high, middle, Some(0.9 - (0.9 - 0.8))]);
    assert!((low.unwrap() - steps(&with)[2].unwrap()).abs() < 1e-15);
    assert_eq!(steps(&without), [None; 3]);
    let warmup = Warmup { steps: 1, from: 0.0, to: Box::new(with.clone()), per: PER }.into();
    assert_eq!(steps(&warmup), [high, high, middle]);
    let chained = Chained { schedules: vec![without.clone(), with.clone()] }.into();
    assert_eq!(steps(&chained), steps(&with));
    let sequence = Sequential { schedules: vec![without, with], milestones: vec![1], per: PER }.into();
    assert_eq!(steps(&sequence), [None, high, middle]);
}

#[test]
fn one_cycle_without_a_rise_or_beyond_its_end() {
    let cycle = |rising, three_phases| {
        let annealing = Annealing::Linear;
        let cycle = OneCycle {
            maximum: 1.0,
            steps: 10,
            rising,
            annealing,
            three_phases,
            divisor: 4.0,
            final_divisor: 5.0,
            momentum: None,
            per: PER,
        };
        Schedule::from(cycle)
    };
    for (rising, three_phases) in [(0.0, false), (0.1, false), (0.3, false), (0.3, true), (0.9, false), (0.0, true)] {
        let schedule = cycle(rising, three_phases);
        for t in 0..30 {
            let rate = rate(&schedule, t);
            assert!((0.05 - 1e-15..=1.0).contains(&rate), "{schedule:?} at {t}: {rate}");
        }
        assert!((rate(&schedule, 9) - 0.05).abs() < 1e-15, "{schedule:?}");
        assert_eq!(rate(&schedule, 1000), rate(&schedule, 9));
    }
    // A rise of one update is at its end there.
    assert_eq!(rate(&cycle(0.1, false), 0), 1.0);
}

fn plateau(threshold: Threshold, mode: Mode) -> ReduceOnPlateau {
    ReduceOnPlateau {
        initial: Box::new(Schedule::Constant { rate: 1.0 }),
        factor: 0.5,
        mode,
        patience: 0,
        threshold,
        cooldown: 0,
        minimum: 0.2,
        epsilon: 1e-8,
    }
}

fn reductions(rule: &ReduceOnPlateau, figures: &[f64]) -> Vec<u64> {
    let mut state = Plateau::default();
    let look = |&figure: &f64| {
        rule.look(&mut state, figure, 0.into());
        state.reductions
    };
    figures.iter().map(look).collect()
}

#[test]
fn a_plateau_of_figures_below_zero_or_not_finite() {
    // A tenth better than -1 is -1.1, whatever PyTorch's product of the two says.
    let rule = plateau(Threshold::Relative(0.1), Mode::Smaller);
    assert_eq!(reductions(&rule, &[-1.0, -1.05, -1.2, -1.35]), [0, 1, 1, 1]);
    let rule = plateau(Threshold::Relative(0.1), Mode::Larger);
    assert_eq!(reductions(&rule, &[-1.0, -0.95, -0.8]), [0, 1, 1]);
    let rule = plateau(Threshold::Absolute(0.1), Mode::Smaller);
    assert_eq!(reductions(&rule, &[f64::NAN, 1.0, f64::INFINITY, f64::NAN, 0.8]), [1, 1, 2, 3, 3]);
}

#[test]
fn a_plateau_stops_at_its_minimum_and_reduces_any_schedule() {
    let rule = plateau(Threshold::Absolute(0.0), Mode::Smaller);
    assert_eq!(reductions(&rule, &[1.0; 8]), [0, 1, 2, 3, 3, 3, 3, 3]);
    let initial = Box::new(StepDecay { initial: 0.4, every: 5, factor: 0.25, per: PER }.into());
    let schedule: Schedule = ReduceOnPlateau { initial, ..rule }.into();
    let at = |steps, reductions| schedule.rate(Done { steps, epochs: 0, reductions });
    // What is below the minimum by itself stays.
    assert_eq!((at(0, 0), at(0, 1), at(0, 2), at(5, 0), at(5, 1)), (0.4, 0.2, 0.2, 0.1, 0.1));
}
