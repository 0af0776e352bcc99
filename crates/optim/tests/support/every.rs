//! Every optimiser with every option that changes its arithmetic.

use optim::{
    Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Asgd, Lamb, Lion, Muon, NAdam, Optimizer, Prodigy, RAdam,
    RmsProp, Rprop, ScheduleFree, Sgd,
};

fn rms(alpha: f64, momentum: f64, centered: bool) -> Optimizer {
    RmsProp { alpha, momentum, centered, epsilon: 1e-6, ..RmsProp::default() }.into()
}

/// Those that do not go by elements alone: norms, sums over all parameters.
pub fn others() -> Vec<Optimizer> {
    vec![
        Adafactor::default().into(),
        Muon::default().into(),
        Lamb::default().into(),
        Lamb { weight_decay: 0.0, epsilon: 1e-3, ..Lamb::default() }.into(),
        Prodigy { d0: 1e-3, ..Prodigy::default() }.into(),
        Prodigy { d0: 1e-2, coefficient: 0.5, weight_decay: 0.1, bias_correction: true, ..Prodigy::default() }.into(),
        Sgd { hypergradient: 1e-3, ..Sgd::default() }.into(),
        Sgd { hypergradient: 1e-3, momentum: 0.5, dampening: 0.2, weight_decay: 0.1, ..Sgd::default() }.into(),
        Sgd { hypergradient: 1e-3, momentum: 0.5, nesterov: true, ..Sgd::default() }.into(),
        Adam { hypergradient: 1e-4, ..Adam::default() }.into(),
        Adam { hypergradient: 1e-4, beta2: 0.7, amsgrad: true, maximize: true, ..Adam::default() }.into(),
    ]
}

/// Those that go by elements.
pub fn every() -> Vec<Optimizer> {
    let (sgd, adam, adamw) = (Sgd::default(), Adam::default(), AdamW::default());
    vec![
        sgd.into(),
        Sgd { nesterov: true, ..sgd }.into(), // as without
        Sgd { momentum: 0.5, weight_decay: 0.1, ..sgd }.into(),
        Sgd { momentum: 0.99, nesterov: true, ..sgd }.into(),
        Sgd { momentum: 0.9, dampening: 0.4, maximize: true, ..sgd }.into(),
        rms(0.0, 0.0, false),
        rms(0.99, 0.0, false),
        rms(0.9, 0.9, false),
        rms(0.99, 0.0, true),
        rms(0.4, 0.9, true), // 1 - alpha above a half: the other form of lerp
        RmsProp { weight_decay: 0.2, maximize: true, ..RmsProp::default() }.into(),
        adam.into(),
        Adam { beta1: 0.0, beta2: 0.9, epsilon: 1e-3, ..adam }.into(),
        Adam { beta1: 0.3, beta2: 0.0, ..adam }.into(),
        Adam { beta2: 0.6, amsgrad: true, weight_decay: 0.05, ..adam }.into(),
        Adam { beta1: 0.7, weight_decay: 0.2, maximize: true, ..adam }.into(),
        AdamW { beta2: 0.99, weight_decay: 0.0, maximize: true, ..adamw }.into(),
        AdamW { beta1: 0.8, weight_decay: 0.3, ..adamw }.into(),
        AdamW { beta2: 0.8, amsgrad: true, ..adamw }.into(),
        NAdam::default().into(),
        NAdam { momentum_decay: 0.1, weight_decay: 0.2, decoupled: true, ..NAdam::default() }.into(),
        NAdam { beta1: 0.4, weight_decay: 0.2, maximize: true, ..NAdam::default() }.into(),
        RAdam::default().into(),
        RAdam { beta2: 0.9, weight_decay: 0.2, decoupled: true, ..RAdam::default() }.into(),
        RAdam { beta2: 0.7, weight_decay: 0.2, ..RAdam::default() }.into(), // never adaptive
        RAdam { beta2: 0.95, weight_decay: 0.2, maximize: true, ..RAdam::default() }.into(),
        Adamax::default().into(),
        Adamax { beta2: 0.5, weight_decay: 0.1, ..Adamax::default() }.into(),
        Adamax { beta2: 0.9, weight_decay: 0.1, maximize: true, ..Adamax::default() }.into(),
        Adagrad::default().into(),
        Adagrad { rate_decay: 0.3, initial_accumulator: 0.5, weight_decay: 0.1, ..Adagrad::default() }.into(),
        Adagrad { initial_accumulator: 0.1, weight_decay: 0.2, maximize: true, ..Adagrad::default() }.into(),
        Adadelta::default().into(),
        Adadelta { rho: 0.6, epsilon: 1e-3, weight_decay: 0.1, ..Adadelta::default() }.into(),
        Adadelta { epsilon: 1e-3, weight_decay: 0.2, maximize: true, ..Adadelta::default() }.into(),
        Asgd::default().into(),
        Asgd { lambda: 0.1, alpha: 0.6, start: 9.0, weight_decay: 0.1, ..Asgd::default() }.into(),
        Asgd { lambda: 0.05, start: 20.0, weight_decay: 0.1, maximize: true, ..Asgd::default() }.into(),
        Rprop { smallest: 1e-4, largest: 0.05, ..Rprop::default() }.into(),
        Rprop { decrease: 0.7, increase: 1.5, smallest: 1e-3, largest: 0.02, maximize: true }.into(),
        Lion::default().into(),
        Lion { beta1: 0.3, beta2: 0.5, weight_decay: 0.2 }.into(),
        ScheduleFree::default().into(),
        ScheduleFree { beta1: 0.6, beta2: 0.95, weight_decay: 0.2, warmup: 50, ..ScheduleFree::default() }.into(),
    ]
}
