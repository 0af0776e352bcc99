//! Schedules against formulas written anew, and against PyTorch's where the two coincide.

mod support;

use optim::Schedule;
use support::{number, numbers};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn close(schedule: Schedule, step: u64, truth: f64) {
    let rate = schedule.rate(step);
    assert!((rate - truth).abs() <= 1e-11 * truth.abs(), "{schedule:?} at {step}: {rate}, not {truth}");
}

#[test]
fn step_decay_multiplies_every_so_often() {
    let schedule = Schedule::StepDecay { initial: 0.005, every: 1500, factor: 0.5 };
    let mut rate = 0.005;
    for step in 0..12_000 {
        if step > 0 && step % 1500 == 0 {
            rate /= 2.0;
        }
        close(schedule, step, rate);
    }
    assert_eq!(Schedule::Constant { rate: 0.3 }.rate(u64::MAX), 0.3);
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
    let schedule = Schedule::CosineDecay { initial: 0.4, steps: 110, warmup: 10, last: 0.02 };
    for step in 0..10 {
        close(schedule, step, 0.04 * (step + 1) as f64);
    }
    for step in 10..110 {
        let t = (step - 10) as f64 / 100.0;
        close(schedule, step, 0.02 + 0.38 * (1.0 + cosine(std::f64::consts::PI * t)) / 2.0);
    }
    assert_eq!(schedule.rate(9), 0.4);
    assert_eq!(schedule.rate(10), 0.4);
    close(schedule, 60, 0.21);
    for step in [110, 111, 1_000_000] {
        assert_eq!(schedule.rate(step), 0.02);
    }
    // A warm-up that fills the run, or more.
    let warmup = Schedule::CosineDecay { initial: 1.0, steps: 4, warmup: 8, last: 0.0 };
    assert_eq!(warmup.rate(7), 1.0);
    assert_eq!(warmup.rate(8), 0.0);
}

#[test]
fn as_pytorch_where_they_coincide() {
    let all = fixture!("lr_schedulers.json");
    let find = |name: &str| {
        let record = all["records"].as_array().unwrap().iter().find(|r| r["name"] == name).unwrap();
        (&record["settings"], number(&record["base_lr"]), numbers(&record["lr"]))
    };

    let (settings, initial, truth) = find("StepLR");
    let every = settings["step_size"].as_u64().unwrap();
    let schedule = Schedule::StepDecay { initial, every, factor: number(&settings["gamma"]) };
    truth.iter().zip(0..).for_each(|(lr, step)| close(schedule, step, *lr));

    // PyTorch's cosine rises again after T_max, ours stays: compare the way down.
    for name in ["CosineAnnealingLR", "CosineAnnealingLR_beyond"] {
        let (settings, initial, truth) = find(name);
        let steps = settings["T_max"].as_u64().unwrap();
        let schedule = Schedule::CosineDecay { initial, steps, warmup: 0, last: number(&settings["eta_min"]) };
        truth.iter().zip(0..=steps).for_each(|(lr, step)| close(schedule, step, *lr));
    }

    // After its linear start (which counts otherwise) this one is a cosine too.
    let (settings, initial, truth) = find("SequentialLR_warmup_cosine");
    let (warmup, cosine) = (settings["milestones"][0].as_u64().unwrap(), &settings["schedulers"][1]);
    let steps = warmup + cosine["T_max"].as_u64().unwrap();
    let schedule = Schedule::CosineDecay { initial, steps, warmup, last: number(&cosine["eta_min"]) };
    truth.iter().zip(0..steps).skip(warmup as usize).for_each(|(lr, step)| close(schedule, step, *lr));
}
