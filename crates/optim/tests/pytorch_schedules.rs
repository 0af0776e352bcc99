//! Every record of PyTorch's schedules, at every step, counted in updates and in epochs.

mod support;

use optim::schedules::*;
use optim::{Done, Schedule};
use serde_json::Value;
use support::{number, numbers};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The fixtures have twelve digits; f64 has no more to lose than its last two or three.
const DIGITS: f64 = 5e-12;

/// The schedule that a record's settings mean.
fn schedule(settings: &Value, initial: f64, per: Per) -> Schedule {
    let n = |name: &str| number(&settings[name]);
    let count = |name: &str| settings[name].as_u64().unwrap_or_else(|| panic!("{name} of {settings}"));
    let counts = |name: &str| settings[name].as_array().expect(name).iter().map(|v| v.as_u64().unwrap()).collect();
    let momentum = || (settings["cycle_momentum"] == true).then(|| (n("base_momentum"), n("max_momentum")));
    let parts = || {
        let parts = settings["schedulers"].as_array().expect("schedulers").iter();
        parts.map(|part| schedule(part, initial, per)).collect::<Vec<_>>()
    };
    match settings["scheduler"].as_str().expect("a name") {
        "StepLR" => StepDecay { initial, every: count("step_size"), factor: n("gamma"), per }.into(),
        "MultiStepLR" => MultiStepDecay { initial, milestones: counts("milestones"), factor: n("gamma"), per }.into(),
        "ExponentialLR" => ExponentialDecay { initial, factor: n("gamma"), every: 1, staircase: false, per }.into(),
        "PolynomialLR" => {
            PolynomialDecay { initial, steps: count("total_iters"), power: n("power"), last: 0.0, per }.into()
        }
        "LinearLR" => {
            let (start, end, steps) = (n("start_factor"), n("end_factor"), count("total_iters"));
            LinearRamp { initial, start, end, steps, per }.into()
        }
        "ConstantLR" => ConstantFactor { initial, factor: n("factor"), steps: count("total_iters"), per }.into(),
        "CosineAnnealingLR" => CosineAnnealing { initial, steps: count("T_max"), last: n("eta_min"), per }.into(),
        "CosineAnnealingWarmRestarts" => {
            let (steps, multiplier) = (count("T_0"), count("T_mult"));
            CosineWarmRestarts { initial, steps, multiplier, last: n("eta_min"), per }.into()
        }
        "OneCycleLR" => OneCycle {
            maximum: n("max_lr"),
            steps: settings["total_steps"].as_u64().unwrap_or_else(|| count("epochs") * count("steps_per_epoch")),
            rising: n("pct_start"),
            annealing: if settings["anneal_strategy"] == "cos" { Annealing::Cosine } else { Annealing::Linear },
            three_phases: settings["three_phase"] == true,
            divisor: n("div_factor"),
            final_divisor: n("final_div_factor"),
            momentum: momentum(),
            per,
        }
        .into(),
        "CyclicLR" => Cyclic {
            base: n("base_lr"),
            maximum: n("max_lr"),
            up: count("step_size_up"),
            down: settings["step_size_down"].as_u64().unwrap_or_else(|| count("step_size_up")),
            cycles: match settings["mode"].as_str() {
                Some("triangular") => Cycles::Triangular,
                Some("triangular2") => Cycles::Triangular2,
                _ => Cycles::ExponentialRange(n("gamma")),
            },
            momentum: momentum(),
            per,
        }
        .into(),
        "ReduceLROnPlateau" => ReduceOnPlateau {
            initial: Box::new(Schedule::Constant { rate: initial }),
            factor: n("factor"),
            mode: if settings["mode"] == "min" { Mode::Smaller } else { Mode::Larger },
            patience: count("patience"),
            threshold: if settings["threshold_mode"] == "rel" {
                Threshold::Relative(n("threshold"))
            } else {
                Threshold::Absolute(n("threshold"))
            },
            cooldown: count("cooldown"),
            minimum: n("min_lr"),
            epsilon: n("eps"),
        }
        .into(),
        "SequentialLR" => Sequential { schedules: parts(), milestones: counts("milestones"), per }.into(),
        "ChainedScheduler" => {
            // The rate itself, once, and the factors of all others.
            let mut schedules = vec![Schedule::Constant { rate: initial }];
            let settings = settings["schedulers"].as_array().expect("schedulers").iter();
            schedules.extend(settings.map(|part| schedule(part, 1.0, per)));
            Chained { schedules }.into()
        }
        "LambdaLR" => {
            assert_eq!(settings["lr_lambda"], "1/(1+0.1*epoch)");
            RateTable { rates: (0..50).map(|t| initial / (1.0 + 0.1 * f64::from(t))).collect(), per }.into()
        }
        "MultiplicativeLR" => {
            assert_eq!(settings["lr_lambda"], "epoch odd: 0.97, even: 1.01");
            let mut rates = vec![initial];
            for t in 1..50 {
                rates.push(rates[t - 1] * if t % 2 == 1 { 0.97 } else { 1.01 });
            }
            RateTable { rates, per }.into()
        }
        other => panic!("no schedule for {other}"),
    }
}

fn check(what: &str, found: f64, truth: f64, worst: &mut f64) {
    let off = (found - truth).abs() / truth.abs().max(1e-300);
    assert!(off <= DIGITS || found == truth, "{what}: {found}, not {truth}");
    *worst = worst.max(off);
}

#[test]
fn every_record_at_every_step() {
    let all = fixture!("lr_schedulers.json");
    let records = all["records"].as_array().expect("records");
    assert_eq!(records.len(), 27);
    let (mut worst, mut momenta) = (0.0, 0);
    for record in records {
        let name = record["name"].as_str().expect("a name");
        for per in [Per::Step, Per::Epoch] {
            let schedule = schedule(&record["settings"], number(&record["base_lr"]), per);
            let rates = numbers(&record["lr"]);
            assert_eq!(rates.len(), 50, "{name}");
            let mut plateau = Plateau::default();
            for (t, truth) in rates.iter().enumerate() {
                // What is not counted goes its own way.
                let (t64, other) = (t as u64, 1000 + 7 * t as u64);
                let (steps, epochs) = if per == Per::Step { (t64, other) } else { (other, t64) };
                let done = Done { steps, epochs, reductions: plateau.reductions };
                check(&format!("{name}, rate at {t}"), schedule.rate(done), *truth, &mut worst);
                if !record["momentum"].is_null() {
                    let momentum = schedule.momentum(done).expect("it is cycled");
                    check(&format!("{name}, momentum at {t}"), momentum, number(&record["momentum"][t]), &mut worst);
                    momenta += 1;
                } else {
                    assert_eq!(schedule.momentum(done), None, "{name}");
                }
                if let Some(rule) = schedule.plateau() {
                    rule.look(&mut plateau, number(&record["metrics"][t]), done);
                }
            }
        }
    }
    println!("largest relative difference {worst:.1e}");
    assert_eq!(momenta, 2 * 4 * 50, "three cycles and a triangle give a momentum");
}

/// Ours, which stays down, is PyTorch's on the way down, and after its linear start (which counts otherwise).
#[test]
fn cosine_decay_where_they_coincide() {
    let all = fixture!("lr_schedulers.json");
    let find = |name: &str| all["records"].as_array().unwrap().iter().find(|r| r["name"] == name).unwrap();
    let mut worst = 0.0;
    let mut compare = |name: &str, cosine: &Value, warmup: u64| {
        let record = find(name);
        let steps = warmup + cosine["T_max"].as_u64().unwrap();
        let last = number(&cosine["eta_min"]);
        let decay: Schedule =
            CosineDecay { initial: number(&record["base_lr"]), steps, warmup, last, per: Per::Step }.into();
        for (truth, t) in numbers(&record["lr"]).iter().zip(0..=steps).skip(warmup as usize) {
            check(&format!("{name} at {t}"), decay.rate(t.into()), *truth, &mut worst);
        }
    };
    for name in ["CosineAnnealingLR", "CosineAnnealingLR_beyond"] {
        compare(name, &find(name)["settings"], 0);
    }
    let settings = &find("SequentialLR_warmup_cosine")["settings"];
    compare("SequentialLR_warmup_cosine", &settings["schedulers"][1], settings["milestones"][0].as_u64().unwrap());
}

/// The rates of all records, to the bit. The number was computed once; native and wasm must meet it. It may change with a
/// deliberate change of arithmetic, and then CHANGELOG.md says so.
#[test]
fn one_digest_everywhere() {
    let all = fixture!("lr_schedulers.json");
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let records = all["records"].as_array().expect("records").iter();
    let pytorch = records.map(|record| schedule(&record["settings"], number(&record["base_lr"]), Per::Step));
    let (initial, per) = (0.1, Per::Step);
    let further = [
        ExponentialDecay { initial, factor: 0.3, every: 7, staircase: false, per }.into(),
        InverseTimeDecay { initial, decay: 0.3, every: 7, staircase: false, per }.into(),
        Noam { size: 48, warmup: 60, scale: 0.7, per }.into(),
    ];
    for schedule in pytorch.chain(further) {
        for t in (0..200).chain([1 << 20, (1 << 40) + 7]) {
            let (rate, momentum) = (schedule.rate(t.into()), schedule.momentum(t.into()).unwrap_or_default());
            for byte in [rate, momentum].into_iter().flat_map(|x| x.to_bits().to_le_bytes()) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
    }
    assert_eq!(hash, 0x779d_f9b4_db05_0981, "{hash:#x}");
}
