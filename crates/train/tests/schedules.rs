//! Schedules in a run: what they count, what a plateau looks at, and that a run cut anywhere, or on several workers, goes on
//! as if it were whole.

mod common;

use common::resume::resumed_equals_unbroken;
use common::{Numbers, bits, bits64, classified, classifier, fit, fit_by_team, floats, text, tripler, writer};
use train::bundle::Bundle;
use train::checkpoint;
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A run of six batches an epoch, of which each schedule is a part.
fn run(rate: &str, more: &str) -> String {
    format!(
        r#"{{"epochs":12,"batchSize":8,"metrics":["accuracy"],"optimizer":{{"kind":"sgd","learningRate":{rate}}}{more}}}"#
    )
}

/// Reduced often, by losses that hardly change.
const PLATEAU: &str = r#"{"kind":"reduceOnPlateau","initial":{"kind":"warmup","steps":5,"to":0.5},"factor":0.7,"patience":1,
    "threshold":0.05,"cooldown":1,"minimum":0.01}"#;
const SPLIT: &str = r#","validationSplit":0.2,"patience":50"#;

/// Kind, epoch, loss, rate, validation loss of each record; there is one metric.
fn rows(records: &[f64]) -> Vec<[f64; 5]> {
    records.chunks_exact(10).map(|row| [row[0], row[1], row[3], row[6], row[7]]).collect()
}

/// PyTorch's ReduceLROnPlateau as its source has it, on the losses of the epochs: the share of the rate that each epoch has.
fn shares(losses: &[f64], (factor, patience, threshold, cooldown): (f64, u32, f64, u32)) -> Vec<f64> {
    let (mut best, mut bad, mut cooling, mut share) = (f64::INFINITY, 0, 0, 1.0);
    let mut shares = vec![share];
    for &loss in losses {
        if loss < best * (1.0 - threshold) {
            (best, bad) = (loss, 0);
        } else {
            bad += 1;
        }
        if cooling > 0 {
            (cooling, bad) = (cooling - 1, 0);
        }
        if bad > patience {
            share *= factor;
            (cooling, bad) = (cooldown, 0);
        }
        shares.push(share);
    }
    shares
}

#[test]
fn a_plateau_follows_the_validation_loss_or_else_that_of_training() {
    for (more, column) in [(SPLIT, 4), ("", 2)] {
        let mut model = classifier();
        let rate = PLATEAU.replace(r#"{"kind":"warmup","steps":5,"to":0.5}"#, "0.02");
        let (records, _) = fit(&mut model, classified(50), &run(&rate, more));
        let rows = rows(&records);
        let losses: Vec<f64> = rows.iter().filter(|row| row[0] == 1.0).map(|row| row[column]).collect();
        assert_eq!(losses.len(), 12);
        let shares = shares(&losses, (0.7, 1, 0.05, 1));
        assert!(shares[11] < 0.6, "it was reduced more than once: {shares:?}");
        for row in rows.iter().filter(|row| row[0] == 0.0) {
            let truth = 0.02 * shares[row[1] as usize - 1];
            assert!((row[3] - truth.max(0.01)).abs() <= 1e-15, "{row:?}, not {truth}");
        }
    }
}

#[test]
fn a_plateau_may_follow_a_metric() {
    let rate =
        r#"{"kind":"reduceOnPlateau","initial":1e-6,"factor":0.5,"metric":"accuracy","mode":"max","patience":0}"#;
    let mut model = classifier();
    let (records, _) = fit(&mut model, classified(50), &run(rate, SPLIT));
    // Next to nothing is learned, so that the accuracy is no better after the first epoch; the first reduction is to be seen in the third.
    let rates: Vec<f64> = rows(&records).iter().filter(|row| row[0] == 1.0).map(|row| row[3]).collect();
    let halved: Vec<f64> = (0..12u32).map(|epoch| 1e-6 / f64::from(1 << epoch.saturating_sub(1))).collect();
    // Below 1e-8 a reduction is too small to be made.
    assert_eq!(rates[..7], halved[..7]);
    assert!(rates[11] > 1e-8 && rates[11] < 2.1e-8, "{rates:?}");
}

#[test]
fn epochs_are_counted_where_they_are_asked_for() {
    let rate =
        r#"{"kind":"warmup","steps":4,"to":{"kind":"stepDecay","initial":0.08,"every":2,"factor":0.5,"per":"epoch"}}"#;
    let mut model = classifier();
    let (records, _) = fit(&mut model, classified(48), &run(rate, ""));
    let (mut step, mut seen) = (0, 0);
    for row in rows(&records).iter().filter(|row| row[0] == 0.0) {
        let epoch = row[1] as u32 - 1;
        let warm = f64::min(1.0, f64::from(step + 1) / 4.0);
        assert!((row[3] - 0.08 / f64::from(1 << (epoch / 2)) * warm).abs() < 1e-17, "{row:?}");
        step += 1;
        seen = epoch;
    }
    assert_eq!((step, seen), (72, 11));
}

/// Where runs are broken off.
fn cuts() -> impl Iterator<Item = usize> {
    (1..40).step_by(3).chain([8, 9])
}

const NESTED: &str = r#"{"kind":"sequential","milestones":[7,20],"schedules":[
    {"kind":"linearRamp","initial":0.1,"startFactor":0.1,"steps":7},
    {"kind":"chained","schedules":[0.2,{"kind":"cosineWarmRestarts","initial":1,"steps":4,"multiplier":2},
        {"kind":"stepDecay","initial":1,"every":2,"factor":0.9,"per":"epoch"}]},
    {"kind":"cyclic","base":0.01,"maximum":0.1,"up":3,"mode":"triangular2"}]}"#;

#[test]
fn a_run_on_a_plateau_resumed_anywhere_equals_the_unbroken_one() {
    for more in [SPLIT, ""] {
        resumed_equals_unbroken(&classifier, &|| classified(50), &run(PLATEAU, more), cuts());
    }
}

#[test]
fn a_run_of_nested_schedules_resumed_anywhere_equals_the_unbroken_one() {
    // The second with a momentum that the last of them cycles.
    let momentum = run(NESTED, SPLIT).replace(r#""kind":"sgd","#, r#""kind":"sgd","momentum":0.5,"#);
    for run in [run(NESTED, SPLIT), momentum] {
        resumed_equals_unbroken(&classifier, &|| classified(50), &run, cuts());
    }
    let read = run(NESTED, r#","window":9,"carryState":true,"validationSplit":0.2"#);
    resumed_equals_unbroken(&writer, &|| text(600), &read.replace(r#""metrics":["accuracy"],"#, ""), cuts());
}

/// What one worker finds on the validation part, all others have to find too.
#[test]
fn any_number_of_workers_follows_one_plateau() {
    let data = classified(50);
    for more in [SPLIT, ""] {
        let run = run(PLATEAU, more);
        let mut alone = [classifier()];
        let records = fit_by_team(&mut alone, &data, &run);
        let rates: Vec<f64> = rows(&records).iter().map(|row| row[3]).collect();
        assert!(rates.last() < Some(&0.4), "it was reduced: {rates:?}");
        for workers in [2, 3] {
            let mut team: Vec<_> = (0..workers).map(|_| classifier()).collect();
            let shared = fit_by_team(&mut team, &data, &run);
            assert!(bits64(&shared) == bits64(&records), "{workers} workers");
            assert!(bits(&team[0]) == bits(&alone[0]), "{workers} workers");
        }
    }
}

#[test]
fn the_state_of_a_plateau_is_in_the_file_of_a_run_that_has_one() {
    for (rate, there) in [(PLATEAU, true), (NESTED, false)] {
        let mut model = classifier();
        fit(&mut model, classified(50), &run(rate, ""));
        let file = checkpoint::save(&model, None, true).expect("there is room");
        assert_eq!(String::from_utf8_lossy(&file).contains("\"run.plateau\""), there);
    }
}

/// Updates by given gradients, whose truth is written out in f64: SGD and Adam with the momentum that a triangle gives.
#[test]
fn the_momentum_of_a_schedule_is_what_the_weights_move_at() {
    let cyclic =
        r#"{"kind":"cyclic","base":0.02,"maximum":0.1,"up":3,"down":4,"baseMomentum":0.5,"maximumMomentum":0.9}"#;
    for (adam, optimizer) in [(false, r#""kind":"sgd","momentum":0.3"#), (true, r#""kind":"adam""#)] {
        let mut model = tripler("");
        let options = format!(r#"{{"clip":"none","optimizer":{{{optimizer},"learningRate":{cyclic}}}}}"#);
        let mut trainer = Trainer::open(&mut model, &options).expect("right");
        let name = "0.weight_hh_l0";
        let mut truth: Vec<f64> =
            floats(&model.parameters().expect("sized"), name).into_iter().map(f64::from).collect();
        let (mut mean, mut square) = (vec![0.0; 16], vec![0.0; 16]);
        let (mut powers, mut numbers) = (1.0, Numbers::new(9));
        for t in 0..20 {
            let gradient = numbers.list(16);
            let mut bundle = Bundle::default();
            bundle.f32(name, vec![4, 4], gradient.clone());
            trainer.apply(&mut model, bundle).expect("finite");
            let within = f64::from(t % 7);
            let share = if within <= 3.0 { within / 3.0 } else { (7.0 - within) / 4.0 };
            let (rate, momentum) = (0.02 + 0.08 * share, 0.9 - 0.4 * share);
            powers *= 0.999;
            let first = 1.0 - (0..=t).fold(1.0, |power, _| power * momentum);
            for i in 0..16 {
                let g = f64::from(gradient[i]);
                if adam {
                    mean[i] = momentum * mean[i] + (1.0 - momentum) * g;
                    square[i] = 0.999 * square[i] + 0.001 * g * g;
                    truth[i] -= rate * (mean[i] / first) / ((square[i] / (1.0 - powers)).sqrt() + 1e-8);
                } else {
                    mean[i] = momentum * mean[i] + g;
                    truth[i] -= rate * mean[i];
                }
            }
            // f32 against f64: rounding of a few units in the last place an update.
            for (found, truth) in floats(&model.parameters().expect("sized"), name).into_iter().zip(&truth) {
                assert!((f64::from(found) - truth).abs() < 2e-6, "{optimizer}, update {t}: {found}, not {truth}");
            }
        }
    }
}
