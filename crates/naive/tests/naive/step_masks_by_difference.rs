//! Recurrent dropout, zoneout and variational dropout, alone and together, against finite differences: cells × levels × directions
//! × prediction.

use crate::common::gradients::{Checked, Problem};
use crate::common::random::Random;
use naive::{Activation, At, CellKind, Form, Input, Layer, Network, Recurrent, Reset, Rows, Sequence, StepMasks};

const LSTMS: [CellKind; 4] = [
    CellKind::Lstm,
    CellKind::LstmVariant { peepholes: true, coupled: false },
    CellKind::LstmVariant { peepholes: false, coupled: true },
    CellKind::LstmVariant { peepholes: true, coupled: true },
];
const OTHERS: [CellKind; 4] = [
    CellKind::Gru { reset: Reset::After },
    CellKind::Gru { reset: Reset::Before },
    CellKind::MinGru,
    CellKind::MinLstm,
];

/// Which of the four act, and zoneout by its masks or by their expectation.
#[derive(Clone, Copy)]
struct Acting {
    candidate: bool,
    state: bool,
    memory: bool,
    recurrent: bool,
    expected: bool,
}

fn check(cell: CellKind, form: Form, acting: Acting) -> Checked {
    let mut all = Checked::default();
    for choice in 0..8u64 {
        let bit = |n: u32| choice >> n & 1 == 1;
        // Where it is given, nothing depends on a learned one.
        let (num_layers, bidirectional, given) = (1 + usize::from(bit(0)), bit(1), bit(2) && !form.learned);
        let layer =
            Recurrent { cell, hidden_size: 3, num_layers, bidirectional, bias: true, name: "0".to_owned(), form };
        let mut random = Random(500 + choice);
        let levels = num_layers * layer.directions();
        let sequences = [2, 4, 1].map(|steps| {
            let mut sequence = Sequence::values(random.rows(steps, 2));
            for index in 0..levels {
                let mut held = |acts: bool, n: usize| -> Rows {
                    let mut rows = if acts { random.mask(steps, n) } else { Vec::new() };
                    let of = |d: f64| if acting.expected { 0.3 } else { d / 2.0 };
                    rows.iter_mut().flatten().for_each(|d| *d = of(*d));
                    rows
                };
                let (state, memory) = (held(acting.state, layer.units()), held(acting.memory, layer.memory()));
                let candidate = if acting.candidate { random.mask(steps, 3) } else { Vec::new() };
                let recurrent = if acting.recurrent { random.mask(1, layer.units()).remove(0) } else { Vec::new() };
                let masks = StepMasks { candidate, state, memory, recurrent };
                sequence = sequence.with_step_masks(0, index, masks);
            }
            if given {
                let mut state = random.state(levels, layer.units(), false);
                state.c = if layer.memory() > 0 { random.rows(levels, layer.memory()) } else { Vec::new() };
                sequence = sequence.with_initial(vec![state]);
            }
            sequence
        });
        let at = if choice % 3 == 0 { At::Last } else { At::Every };
        let network = Network { input: Input::Values { size: 2 }, layers: vec![Layer::Recurrent(layer)], at };
        all.add(Problem::new(network, sequences.to_vec(), given, &mut random).check(&format!("{cell:?}, {choice}")));
    }
    all
}

fn report(what: &str, cells: &[CellKind], form: Form, acting: Acting) {
    for &cell in cells {
        let all = check(cell, form, acting);
        println!("{cell:?}, {what}: worst relative error {:.1e} in {} tensors", all.worst, all.tensors);
        assert!(all.zero * 20 < all.tensors, "{} of {} are zero", all.zero, all.tensors);
    }
}

const NONE: Acting = Acting { candidate: false, state: false, memory: false, recurrent: false, expected: false };

#[test]
fn recurrent_dropout() {
    let acting = Acting { candidate: true, ..NONE };
    report("recurrent dropout", &LSTMS, Form::default(), acting);
    report("recurrent dropout", &OTHERS, Form::default(), acting);
}

#[test]
fn zoneout() {
    let elman = [CellKind::Rnn { activation: Activation::Tanh }];
    for expected in [false, true] {
        let state = Acting { state: true, expected, ..NONE };
        report("zoneout", &OTHERS, Form::default(), state);
        report("zoneout", &elman, Form::default(), state);
        for acting in [state, Acting { state: false, memory: true, ..state }, Acting { memory: true, ..state }] {
            report("zoneout", &LSTMS, Form::default(), acting);
        }
    }
}

#[test]
fn variational_dropout() {
    let acting = Acting { recurrent: true, ..NONE };
    let elman = CellKind::Rnn { activation: Activation::Tanh };
    report("variational dropout", &LSTMS, Form::default(), acting);
    report("variational dropout", &[OTHERS[0], OTHERS[1], elman], Form::default(), acting);
    report(
        "variational dropout, zoneout",
        &[OTHERS[0], OTHERS[1], elman],
        Form::default(),
        Acting { state: true, ..acting },
    );
}

#[test]
fn all_with_projections_and_learned_states() {
    let acting = Acting { candidate: true, state: true, memory: true, recurrent: true, expected: false };
    report("all, projected", &LSTMS[..2], Form { proj_size: Some(2), ..Form::default() }, acting);
    let learned = Form { learned: true, ..Form::default() };
    report("all, learned", &[LSTMS[0]], learned, acting);
    report("all, learned", &OTHERS[..2], learned, Acting { memory: false, ..acting });
    report("two, learned", &OTHERS[2..], learned, Acting { memory: false, recurrent: false, ..acting });
}
