//! Batches for tests: made in the original order, packed for rnn, and as sequences for naive.

pub mod fixtures;
pub mod shares;
pub mod twin;

use std::ops::Range;

use rnn::{
    Activation, Activity, At, Buffer, Capacity, CellKind, CellNorm, CellNormKind, DropoutKey, Extent, Form, Input,
    Inputs, Layer, Network, Packing, Philox, Recurrent, Reset, Role, States, Stream, Values, Want, WeightForm,
    Workspace,
};

/// Every cell.
pub const CELLS: [CellKind; 12] = [
    CellKind::Lstm,
    CellKind::Gru { reset: Reset::After },
    CellKind::Gru { reset: Reset::Before },
    CellKind::Rnn { activation: Activation::Tanh },
    CellKind::Rnn { activation: Activation::Relu },
    CellKind::Rnn { activation: Activation::Linear },
    CellKind::LstmVariant { peepholes: true, coupled: false },
    CellKind::LstmVariant { peepholes: false, coupled: true },
    CellKind::LstmVariant { peepholes: true, coupled: true },
    CellKind::MinGru,
    CellKind::MinLstm,
    CellKind::Lru,
];

/// Inputs that are there as a whole.
pub struct Whole<'a> {
    pub x: Values<'a>,
    pub packing: &'a Packing,
}

impl Inputs for Whole<'_> {
    fn of(&mut self, steps: Range<usize>) -> Values<'_> {
        let Packing { offsets, .. } = self.packing;
        let rows = offsets[steps.start]..offsets[steps.end];
        match self.x {
            Values::Values(x) => {
                let size = x.len() / self.packing.rows;
                Values::Values(&x[rows.start * size..rows.end * size])
            }
            Values::Tokens(tokens) => Values::Tokens(&tokens[rows]),
        }
    }
}

/// Everything a backward pass can give.
pub const ALL: Want = Want { input: true, states: true, norms: true, hidden_values: true };

pub fn stream(seed: u64) -> Stream {
    Philox::from_key([seed as u32, 77]).stream()
}

/// Uniform in ±`bound`.
pub fn uniform(stream: &mut Stream, bound: f32) -> f32 {
    (2.0 * stream.uniform() - 1.0) * bound
}

pub fn fill(stream: &mut Stream, len: usize, bound: f32) -> Vec<f32> {
    (0..len).map(|_| uniform(stream, bound)).collect()
}

/// A recurrent layer named "rnn"; change what differs.
pub fn recurrent(cell: CellKind, hidden_size: usize) -> Recurrent {
    Recurrent {
        cell,
        hidden_size,
        num_layers: 1,
        bidirectional: false,
        dropout: 0.0,
        dropout_shared: false,
        bias: true,
        forget_bias: None,
        name: "rnn".into(),
        trainable: true,
        form: Form::default(),
        activity: Activity::default(),
        weights: WeightForm::default(),
    }
}

/// Every cell in its plain form, and the forms that a layer may have beside it: of 5 units or more.
pub fn forms() -> Vec<(CellKind, Form)> {
    let plain = Form::default();
    let projected = Form { proj_size: Some(3), ..plain };
    let lstms = [CELLS[0], CELLS[6], CELLS[8]].map(|cell| (cell, projected));
    let learned = Form { learned_state: true, ..plain };
    let others = [(CELLS[1], learned), (CELLS[0], Form { proj_size: Some(3), ..learned })];
    let normed = [CELLS[0], CELLS[1], CELLS[3]].map(|cell| (cell, inside(CellNormKind::Layer)));
    let rms = [(CELLS[8], Form { proj_size: Some(3), ..inside(CellNormKind::Rms) })];
    CELLS.map(|cell| (cell, plain)).into_iter().chain(lstms).chain(others).chain(normed).chain(rms).collect()
}

/// With a norm inside the cell. Where its variance is small it makes large numbers of rounding, so what is added to it is large.
pub fn inside(kind: CellNormKind) -> Form {
    Form { normalization: Some(CellNorm { kind, epsilon: 0.1 }), ..Form::default() }
}

/// [`recurrent`] of one of [`forms`].
pub fn formed((cell, form): (CellKind, Form), hidden_size: usize) -> Recurrent {
    Recurrent { form, ..recurrent(cell, hidden_size) }
}

/// The same with a projected state, two units smaller.
pub fn projected(cell: CellKind, hidden_size: usize) -> Recurrent {
    Recurrent { form: Form { proj_size: Some(hidden_size - 2), ..Form::default() }, ..recurrent(cell, hidden_size) }
}

/// A linear layer named "head".
pub fn head(units: usize) -> Layer {
    Layer::Dense {
        units,
        activation: Activation::Linear,
        bias: true,
        weight_norm: false,
        name: "head".into(),
        trainable: true,
    }
}

/// Input rows in their packed order.
#[derive(Clone, Debug, PartialEq)]
pub enum X {
    Values(Vec<f32>),
    Tokens(Vec<u32>),
}

impl X {
    pub fn view(&self) -> Values<'_> {
        match self {
            X::Values(x) => Values::Values(x),
            X::Tokens(tokens) => Values::Tokens(tokens),
        }
    }
}

/// A packed batch and what its loss is: `Σ output·cotangent + Σ final state·cotangent`.
#[derive(Clone)]
pub struct Batch {
    pub packing: Packing,
    pub x: X,
    pub initial: Option<States>,
    pub cotangent: Vec<f32>,
    pub state_cotangent: States,
    /// Identity of each sequence at its sorted position.
    pub ids: Vec<u64>,
}

impl Batch {
    /// Random values of everything; ids are the original indices.
    pub fn random(network: &Network, lengths: &[usize], initial: bool, seed: u64) -> Batch {
        let mut stream = stream(seed);
        let packing = Packing::new(lengths);
        let x = match network.input() {
            Input::Values { size } => X::Values(fill(&mut stream, packing.rows * size, 1.5)),
            Input::Tokens { vocabulary } => {
                X::Tokens((0..packing.rows).map(|_| stream.below(vocabulary as u32)).collect())
            }
        };
        let mut states = || {
            let mut states = States::zeros(network, lengths.len());
            for state in &mut states.layers {
                state.h.iter_mut().chain(&mut state.c).for_each(|x| *x = uniform(&mut stream, 0.9));
            }
            states
        };
        let initial = initial.then(&mut states);
        let state_cotangent = states();
        let rows = if network.at() == At::Last { packing.batch } else { packing.rows };
        let cotangent = fill(&mut stream, rows * network.output_size(), 1.0);
        let ids = packing.order.iter().map(|&i| u64::from(i)).collect();
        Batch { packing, x, initial, cotangent, state_cotangent, ids }
    }

    pub fn capacity(&self) -> Capacity {
        Capacity { batch: self.packing.batch, steps: self.packing.steps, rows: self.packing.rows }
    }

    /// Index of a state's unit 0: `[levels, batch, hidden]`; of a memory's with its own width.
    pub fn state_at(&self, level: usize, position: usize, hidden: usize) -> usize {
        (level * self.packing.batch + position) * hidden
    }
}

/// Random parameters: weights and biases of a size that keeps the gates lively.
pub fn parameters(network: &Network, seed: u64) -> Vec<f32> {
    let mut stream = stream(seed);
    let mut params = vec![0.0; network.table().len()];
    for (index, entry) in network.table().entries().iter().enumerate() {
        let fan = entry.shape.get(1).copied().unwrap_or(4) as f32;
        // Large peepholes make a long sequence chaotic: rounding grows until f32 and f64 part.
        let bound = if entry.role == Role::Vector { 0.4 } else { 1.5 / fan.sqrt() };
        let mut natural = fill(&mut stream, entry.count(), bound);
        if entry.role == Role::Buffer(Buffer::Variance) {
            natural.iter_mut().for_each(|x| *x = x.abs() + 0.5);
        }
        network.table().import(index, &natural, &mut params);
    }
    params
}

/// Forward and backward in a workspace of just the right size.
pub fn run(
    network: &Network,
    params: &[f32],
    batch: &Batch,
    dropout: Option<(u64, u64)>,
    want: Want,
) -> (Workspace, Vec<f32>) {
    let mut grads = vec![0.0; params.len()];
    let ws = run_onto(network, params, batch, dropout, want, &mut grads);
    (ws, grads)
}

/// As [`run`], adding onto given gradients.
pub fn run_onto(
    network: &Network,
    params: &[f32],
    batch: &Batch,
    dropout: Option<(u64, u64)>,
    want: Want,
    grads: &mut [f32],
) -> Workspace {
    let mut ws = Workspace::new(network, batch.capacity(), true).expect("memory");
    if want.hidden_values {
        ws.reserve_hidden_values(network).expect("memory");
    }
    let key = dropout.map(|of| key(batch, of));
    let (packing, x, initial) = (&batch.packing, batch.x.view(), batch.initial.as_ref());
    network.forward(params, packing, x, initial, key, &mut ws);
    ws.output_gradient().copy_from_slice(&batch.cotangent);
    ws.state_gradients().clone_from(&batch.state_cotangent);
    network.backward(params, packing, x, initial, key, &mut ws, grads, want);
    ws
}

/// What the masks of a batch depend on, by seed and number of the update.
pub fn key(batch: &Batch, (seed, step): (u64, u64)) -> DropoutKey<'_> {
    let whole = Extent { sequences: batch.packing.batch as u64, rows: batch.packing.rows as u64 };
    DropoutKey { seed, step, rows: &batch.ids, whole }
}

/// Equal bit for bit, -0 and 0 apart.
pub fn assert_bits(a: &[f32], b: &[f32], what: &str) {
    assert_eq!(a.len(), b.len(), "{what}: lengths");
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert_eq!(a.to_bits(), b.to_bits(), "{what}: element {i} is {a:e} and {b:e}");
    }
}

/// FNV-1a, 64 bits, over the bits of the values.
pub fn digest(values: &[f32]) -> u64 {
    let bytes = values.iter().flat_map(|x| x.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
