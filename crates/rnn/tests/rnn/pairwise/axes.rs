//! What is crossed: cells, how a layer is built around them, normalisation, regularisers, losses, truncation, and what is read and
//! predicted. A value is a line: its name, and what it makes of a plan. What does not go together is in a table below.

use rnn::{At, CellKind, CellNorm, CellNormKind, Layer, Merge, Norm, NormKind, Passed};

use super::plan::Plan;
use crate::common::CELLS;
use crate::losses_through;

/// Share of weights or tokens that are dropped.
pub const DROPPED: f32 = 0.4;

/// One of an axis.
pub struct Value {
    pub name: String,
    pub set: Box<dyn Fn(&mut Plan)>,
}

fn value(name: &str, set: impl Fn(&mut Plan) + 'static) -> Value {
    Value { name: name.into(), set: Box::new(set) }
}

/// The axes, in the order in which they are set.
pub fn axes() -> Vec<Vec<Value>> {
    vec![cells(), around(), norms(), regularisers(), losses(), truncations(), places()]
}

fn cells() -> Vec<Value> {
    let plain = CELLS.into_iter().map(|cell| value(&format!("{cell:?}"), move |plan| plan.layer.cell = cell));
    let projected = value("projected LSTM", |plan| {
        (plan.layer.cell, plan.layer.form.proj_size) = (CellKind::Lstm, Some(2));
    });
    plain.chain([projected]).collect()
}

fn around() -> Vec<Value> {
    let merged = |how: Merge| {
        value(&format!("bidirectional, {how:?}"), move |plan| {
            (plan.layer.bidirectional, plan.layer.form.merge) = (true, how);
        })
    };
    vec![
        value("one level", |_| {}),
        value("two levels", |plan| plan.layer.num_layers = 2),
        merged(Merge::Concat),
        merged(Merge::Sum),
        merged(Merge::Mean),
        merged(Merge::Product),
        value("residual", |plan| plan.layer.form.passed = Passed::Added),
        value("skip", |plan| plan.layer.form.passed = Passed::Beside),
        value("learned states", |plan| plan.layer.form.learned_state = true),
        value("without biases", |plan| plan.layer.bias = false),
    ]
}

fn norms() -> Vec<Value> {
    // A relu unit may be the same in all four rows but for little, which divided by its deviation is what 32 bits have lost.
    let norm = |name: &str, kind: NormKind| {
        let norm = Norm { kind, epsilon: 0.1, name: "norm".into(), trainable: true };
        value(name, move |plan| plan.above.push(Layer::Norm(norm.clone())))
    };
    let inner = |name: &str, kind: CellNormKind| {
        value(name, move |plan| plan.layer.form.normalization = Some(CellNorm { kind, epsilon: 0.1 }))
    };
    vec![
        value("no norm", |_| {}),
        norm("layer norm", NormKind::Layer { bias: true }),
        norm("RMS norm", NormKind::Rms),
        norm("batch norm", NormKind::Batch { momentum: 0.1 }),
        inner("inner layer norm", CellNormKind::Layer),
        inner("inner RMS norm", CellNormKind::Rms),
        inner("inner batch norm", CellNormKind::Batch { momentum: 0.1, max_steps: 3 }),
        value("weight norm", |plan| plan.layer.weights.norm = true),
    ]
}

/// Without what is a function of the weights alone (penalties by size and on matrices that are not orthogonal), and without the
/// penalty against vanishing gradients, which adds its immediate derivative and so no gradient of a loss.
fn regularisers() -> Vec<Value> {
    vec![
        value("no regulariser", |_| {}),
        value("dropout above", |plan| plan.above.push(Layer::Dropout { rate: 0.3, shared: false })),
        value("one mask a sequence above", |plan| plan.above.push(Layer::Dropout { rate: 0.3, shared: true })),
        value("noise above", |plan| plan.above.push(Layer::Noise { deviation: 0.2 })),
        value("noise below", |plan| plan.below.push(Layer::Noise { deviation: 0.2 })),
        value("dropout below", |plan| plan.below.push(Layer::Dropout { rate: 0.3, shared: false })),
        value("one mask a sequence below", |plan| plan.below.push(Layer::Dropout { rate: 0.3, shared: true })),
        value("dropout between levels", |plan| (plan.layer.num_layers, plan.layer.dropout) = (2, 0.3)),
        value("one mask a sequence between levels", |plan| {
            (plan.layer.num_layers, plan.layer.dropout, plan.layer.dropout_shared) = (2, 0.3, true);
        }),
        value("variational dropout", |plan| plan.layer.form.variational = 0.3),
        value("recurrent dropout", |plan| plan.layer.form.recurrent_dropout = 0.3),
        value("zoneout", |plan| plan.layer.form.zoneout = 0.3),
        value("memory zoneout", |plan| plan.layer.form.memory_zoneout = 0.3),
        value("weight drop", |plan| plan.layer.weights.drop = DROPPED),
        value("penalty on outputs", |plan| plan.layer.activity.activation = 0.5),
        value("penalty on changes of outputs", |plan| plan.layer.activity.temporal = 0.5),
    ]
}

fn losses() -> Vec<Value> {
    losses_through::all()
        .into_iter()
        .map(|loss| value(&format!("{loss:?}"), move |plan| plan.loss = loss.clone()))
        .collect()
}

fn truncations() -> Vec<Value> {
    vec![
        value("whole", |_| {}),
        value("segments", |plan| plan.segments = Some(2)),
        value("window", |plan| plan.window = Some(0)),
        value("window that looks back", |plan| plan.window = Some(1)),
    ]
}

const RAGGED: [usize; 4] = [3, 6, 1, 4];

fn places() -> Vec<Value> {
    let place = |name: &str, at: At, lengths: [usize; 4], tokens: bool, embedded: bool| {
        value(name, move |plan| {
            (plan.at, plan.lengths, plan.tokens, plan.embedded) = (at, lengths, tokens, embedded);
        })
    };
    vec![
        place("every step", At::Every, RAGGED, false, false),
        place("every step of one length", At::Every, [4; 4], false, false),
        place("last step", At::Last, RAGGED, false, false),
        place("every step of tokens", At::Every, RAGGED, true, false),
        place("last step of embedded tokens", At::Last, RAGGED, true, true),
        value("every step of embedded tokens, some dropped", |plan| {
            (plan.at, plan.lengths, plan.tokens, plan.embedded) = (At::Every, RAGGED, true, true);
            plan.dropped = DROPPED;
        }),
    ]
}

/// Beginnings of two names that do not go together: networks or runs with both are refused.
const APART: [(&str, &str); 34] = [
    // Without recurrent weights; or made in two ways.
    ("Min", "variational dropout"),
    ("Lru", "variational dropout"),
    ("Min", "weight drop"),
    ("Lru", "weight drop"),
    ("weight norm", "weight drop"),
    // Of what the cells alone give.
    ("bidirectional, Sum", "penalty"),
    ("bidirectional, Mean", "penalty"),
    ("bidirectional, Product", "penalty"),
    ("residual", "penalty"),
    ("skip", "penalty"),
    // It sees all steps of a sequence.
    ("penalty", "segments"),
    ("penalty", "window"),
    // Without a candidate, a state that is read, or a memory of its own.
    ("Rnn", "recurrent dropout"),
    ("Lru", "recurrent dropout"),
    ("Lru", "zoneout"),
    ("Gru", "memory zoneout"),
    ("Rnn", "memory zoneout"),
    ("Min", "memory zoneout"),
    ("Lru", "memory zoneout"),
    // The direction that reads from the end has no state before a window or a segment.
    ("bidirectional", "segments"),
    ("bidirectional", "window"),
    // Without products of their own to normalise.
    ("Gru { reset: Before", "inner"),
    ("Min", "inner"),
    ("Lru", "inner"),
    // Statistics are of whole sequences.
    ("inner batch norm", "window"),
    ("batch norm", "segments"),
    ("batch norm", "window"),
    // An alignment is one of a whole sequence, with a prediction at every step.
    ("Ctc", "window"),
    ("Ctc", "last step"),
    // Tokens cannot be passed on.
    ("residual", "every step of tokens"),
    ("skip", "every step of tokens"),
    // Nor have they units.
    ("noise below", "every step of tokens"),
    ("dropout below", "every step of tokens"),
    ("one mask a sequence below", "every step of tokens"),
];

/// Whether two values, in the order of their axes, go together.
pub fn together(a: &str, b: &str) -> bool {
    !APART.iter().any(|(one, other)| a.starts_with(one) && b.starts_with(other))
}
