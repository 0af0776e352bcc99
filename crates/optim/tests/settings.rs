//! Settings that the fixtures do not have, over a long run, against the f64 twin; and what must not move.

mod support;

use optim::{AdamW, Lamb, Lion, NAdam, Optimizer, Prodigy, RAdam, RmsProp, ScheduleFree, Sgd, Step};
use support::every::{every, others};
use support::twin::Twin;
use support::{Random, Run, error, to_f64};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// 600 updates by gradients that do not depend on the parameters, so that no error is corrected or amplified: what
/// is left is rounding, at most 3e-8 an update. It mostly cancels (measured: 1.5e-6 in the end), but for the factor
/// `1 - rate·weight_decay`, which is off by the same each time (8.4e-6).
#[test]
fn long_runs_follow_the_twin() {
    const N: usize = 37;
    for optimizer in every() {
        let mut random = Random(7);
        let mut run = Run::new(optimizer, random.take(N));
        let mut twin_params = to_f64(&run.params);
        let mut twin = Twin::new(optimizer, &twin_params);
        for _ in 1..=600 {
            let grads = random.take(N);
            run.update(0.01, &grads);
            twin.update(0.01, &mut twin_params, &to_f64(&grads));
        }
        let off = error(&to_f64(&run.params), &twin_params);
        println!("{off:.1e} {optimizer:?}");
        assert!(off < 600.0 * 3e-8, "{optimizer:?}: off by {off:e}");
        let off = error(&to_f64(&run.point()), &twin.point(&twin_params));
        assert!(off < 600.0 * 3e-8, "{optimizer:?}, where gradients are taken: off by {off:e}");
    }
}

/// Whether parameters shrink without a gradient.
fn decays(optimizer: Optimizer) -> bool {
    match optimizer {
        Optimizer::AdamW(AdamW { weight_decay, .. }) => weight_decay > 0.0,
        Optimizer::NAdam(NAdam { weight_decay, decoupled, .. })
        | Optimizer::RAdam(RAdam { weight_decay, decoupled, .. }) => decoupled && weight_decay > 0.0,
        Optimizer::Asgd(_) | Optimizer::Muon(_) => true,
        Optimizer::Lion(Lion { weight_decay, .. })
        | Optimizer::ScheduleFree(ScheduleFree { weight_decay, .. })
        | Optimizer::Lamb(Lamb { weight_decay, .. })
        | Optimizer::Prodigy(Prodigy { weight_decay, .. }) => weight_decay > 0.0,
        _ => false,
    }
}

/// Whether decay is added to the gradient.
fn coupled(optimizer: Optimizer) -> bool {
    let grads = [0.0f32];
    let mut run = Run::new(optimizer, vec![1.0]);
    run.update(0.1, &grads);
    run.params[0] != 1.0 && !decays(optimizer)
}

#[test]
fn zero_gradients_and_moments_leave_parameters_alone() {
    let start: Vec<f32> = vec![0.0, -0.0, 1.0, -1e-30, 1e30, -3.5, 0.1, 7.0, 1e-40];
    let mut still = 0;
    for optimizer in every().into_iter().chain(others()).filter(|&o| !coupled(o)) {
        let mut run = Run::new(optimizer, start.clone());
        for _ in 1..=5 {
            run.update(0.1, &vec![0.0; start.len()]);
        }
        for (p, s) in run.params.iter().zip(&start) {
            let same = p.to_bits() == s.to_bits() || (*p == 0.0 && *s == 0.0);
            let smaller = p.abs() < s.abs();
            assert!(same || (decays(optimizer) && smaller), "{optimizer:?}: {s:e} became {p:e}");
        }
        still += 1;
    }
    assert!(still > 20, "{still}");
}

/// A zero stays one whatever the settings: the padding of a layout is zero, with zero gradients.
#[test]
fn padding_stays_zero() {
    for optimizer in every().into_iter().chain(others()) {
        let mut run = Run::new(optimizer, vec![0.0; 3]);
        for _ in 1..=20 {
            run.update(0.1, &[0.0; 3]);
        }
        assert!(run.params.iter().chain(&run.point()).all(|p| *p == 0.0), "{optimizer:?}: {:?}", run.params);
    }
}

/// One gradient, then none: the moments pass through every magnitude down to zero, and none is ever denormal.
#[test]
fn moments_end_at_zero_without_denormals() {
    for optimizer in every().into_iter().chain(others()).filter(|&o| !coupled(o)) {
        // Sums, largest values, step sizes, parameters and what their rounding leaves out stay; a floor keeps Adamax's, and
        // Adafactor's decay slows down.
        let stays = [
            "sum",
            "exp_inf",
            "max_exp_avg_sq",
            "step_size",
            "iterate",
            "prev",
            "z",
            "y",
            "p0",
            "rest",
            "direction",
            "variance",
        ];
        let decaying: Vec<usize> =
            (0..optimizer.buffers().len()).filter(|&i| !stays.contains(&optimizer.buffers()[i])).collect();
        let mut run = Run::new(optimizer, vec![1.0f32; 5]);
        run.update(1e-3, &[1.0, -1e-3, 1e-12, -1e-20, 3.0]);
        for step in 2..=200_000 {
            run.update(1e-3, &[0.0; 5]);
            let moments = decaying.iter().flat_map(|&i| &run.state.buffers[i]);
            assert!(moments.clone().all(|m| *m == 0.0 || m.abs() >= 1e-30), "{optimizer:?} at {step}");
            if moments.clone().all(|m| *m == 0.0) {
                break;
            }
        }
        assert!(decaying.iter().flat_map(|&i| &run.state.buffers[i]).all(|m| *m == 0.0), "{optimizer:?}");
        assert!(run.params.iter().all(|p| p.is_finite()), "{optimizer:?}: {:?}", run.params);
    }
}

/// A schedule may begin at a rate of 0, and a group may be held still.
#[test]
fn a_rate_of_zero_moves_nothing() {
    for optimizer in every().into_iter().chain(others()) {
        let start = Random(4).take(9);
        let mut run = Run::new(optimizer, start.clone());
        for _ in 0..3 {
            run.update(0.0, &Random(5).take(9));
        }
        let steps = matches!(optimizer, Optimizer::Rprop(_));
        let learns = optimizer.scalars() == ["rate"];
        assert!(run.params == start || steps || learns, "{optimizer:?}: {:?}", run.params);
        assert!(run.params.iter().chain(&run.point()).all(|p| p.is_finite()), "{optimizer:?}");
    }
}

/// A constant gradient has no variance: rounding must not bring the root of a negative number.
#[test]
fn centred_rmsprop_survives_constant_gradients() {
    let optimizer = RmsProp { alpha: 0.9, centered: true, epsilon: 1e-6, ..RmsProp::default() };
    let grads = Random(3).take(64);
    let mut run = Run::new(optimizer, vec![0.0f32; 64]);
    for _ in 1..=2000 {
        run.update(1e-9, &grads);
    }
    assert!(run.params.iter().all(|p| p.is_finite()), "{:?}", run.params);
}

/// A schedule's momentum does what the same setting does, and only where there is one.
#[test]
fn momentum_may_come_from_a_schedule() {
    let mut taken = 0;
    for optimizer in every() {
        let set = |momentum: f64| -> Optimizer {
            match optimizer {
                Optimizer::Sgd(o) => Sgd { momentum, ..o }.into(),
                Optimizer::RmsProp(o) => RmsProp { momentum, ..o }.into(),
                Optimizer::Adam(o) => optim::Adam { beta1: momentum, ..o }.into(),
                Optimizer::AdamW(o) => AdamW { beta1: momentum, ..o }.into(),
                Optimizer::NAdam(o) => NAdam { beta1: momentum, ..o }.into(),
                Optimizer::RAdam(o) => RAdam { beta1: momentum, ..o }.into(),
                Optimizer::Adamax(o) => optim::Adamax { beta1: momentum, ..o }.into(),
                Optimizer::Lion(o) => Lion { beta1: momentum, ..o }.into(),
                other => other,
            }
        };
        let (mut given, mut said, mut random) =
            (Run::new(optimizer, vec![0.5; 9]), Run::new(set(0.7), vec![0.5; 9]), Random(2));
        for number in 1..=5 {
            let grads = random.take(9);
            given.step(Step { number, rate: 0.1, momentum: optimizer.momentum().map(|_| 0.7) }, &grads);
            said.update(0.1, &grads);
        }
        if optimizer.momentum().is_some() {
            assert_eq!(given.bits(), said.bits(), "{optimizer:?}");
            taken += 1;
        }
    }
    assert!(taken > 15, "{taken}");
}

/// ASGD's average is the mean of the iterates since the start, and the iterate itself before.
#[test]
fn averaged_descent_averages() {
    let optimizer = optim::Asgd { lambda: 0.0, start: 10.0, ..optim::Asgd::default() };
    let (mut run, mut random, mut iterates) = (Run::new(optimizer, vec![0.0; 4]), Random(9), Vec::new());
    for step in 1..=30 {
        run.update(0.1, &random.take(4));
        iterates.push(to_f64(&run.point()));
        // μ is 1 up to update start + 2.
        let since = iterates.iter().skip(if step < 12 { step - 1 } else { 11 });
        let count = since.len() as f64;
        let mean: Vec<f64> = (0..4).map(|i| since.clone().map(|w| w[i]).sum::<f64>() / count).collect();
        assert!(error(&to_f64(&run.params), &mean) < 1e-6, "after {step}");
    }
}

#[test]
fn only_the_buffers_needed() {
    let names = |o: Optimizer| o.buffers().join(" ");
    let all = every();
    assert_eq!(names(all[0]), "");
    assert_eq!(names(all[1]), "");
    assert_eq!(names(all[2]), "momentum_buffer");
    assert_eq!(names(all[5]), "square_avg");
    assert_eq!(names(all[7]), "square_avg momentum_buffer");
    assert_eq!(names(all[8]), "square_avg grad_avg");
    assert_eq!(names(all[9]), "square_avg grad_avg momentum_buffer");
    assert_eq!(names(all[11]), "exp_avg exp_avg_sq");
    assert_eq!(names(all[14]), "exp_avg exp_avg_sq max_exp_avg_sq");
}
