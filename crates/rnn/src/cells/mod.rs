//! The cells: nothing but their pointwise arithmetic, and which product covers which gate columns.
//!
//! The time loop gives a cell the gate rows of one step after the products, `gates [n, columns·H]`, and the rows of the working
//! state `h [n, H]`, `c [n, H]`. Forward turns gates into activated gates (they stay for backward) and the state of the step
//! before into the state of the step. Backward turns activated gates into gradients of the gates.

mod candidate;
mod elman;
mod gru;
mod gru_before;
mod lru;
mod lstm;
mod lstm_normed;
mod lstm_variant;
mod min_gru;
mod min_lstm;

use std::ops::Range;

use crate::spec::{Activation, CellKind, Reset};
use lstm_normed::LstmNormed;
use lstm_variant::LstmVariant;

/// One gate column of the gates buffer: which gate of the natural weights feeds it.
pub(crate) struct Gate {
    /// Gate of `weight_ih`, `bias_ih`.
    pub ih: Option<usize>,
    /// Gate of `weight_hh`, `bias_hh`.
    pub hh: Option<usize>,
}

impl Gate {
    const fn both(gate: usize) -> Gate {
        Gate { ih: Some(gate), hh: Some(gate) }
    }

    const fn input(gate: usize) -> Gate {
        Gate { ih: Some(gate), hh: None }
    }
}

/// How the gates of a cell lie in a row of the gates buffer. Ranges count gate columns, each `H` wide.
pub(crate) struct Shape {
    pub gates: &'static [Gate],
    /// Columns that the product with the input covers.
    pub input: Range<usize>,
    /// Columns that the product with the state before covers; none at the end where there is no such product.
    pub hidden: Range<usize>,
    /// Columns of a second recurrent product, whose operand the cell makes itself ([`Cell::reset`]).
    pub candidate: Option<Range<usize>>,
    /// Planes of `[n, H]` that a step saves for backward.
    pub saved: usize,
    /// Whether backward leaves a gradient of the state before, beside what goes through the products.
    pub keeps: bool,
    /// Numbers in the memory `c`, in H; 0 without one.
    pub memory: usize,
    /// The cell's own vectors, [`VECTORS`] at most.
    pub vectors: &'static [Vector],
    /// Length of what [`Cell::prepare`] makes of them, in H; 0: they are taken as they are.
    pub prepared: usize,
    /// For a cell whose state is its memory alone: the gate column from which the product of the memory with `weight_hr` starts,
    /// which is what the level gives. It is not fed back.
    pub readout: Option<usize>,
}

/// A vector of parameters that the cell works with itself.
pub(crate) struct Vector {
    /// First part of its name, before `_l0`.
    pub name: &'static str,
    /// Its length, in H.
    pub len: usize,
}

/// The most vectors that a cell has.
pub(crate) const VECTORS: usize = 3;

impl Shape {
    /// What a cell says nothing of.
    const NONE: Shape = Shape {
        gates: &[],
        input: 0..0,
        hidden: 0..0,
        candidate: None,
        saved: 0,
        keeps: false,
        memory: 0,
        vectors: &[],
        prepared: 0,
        readout: None,
    };

    /// Whether a product waits for the state before.
    pub fn recurrent(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// Length of all vectors together as the cell reads them, in H.
    pub fn vectors_len(&self) -> usize {
        if self.prepared > 0 { self.prepared } else { self.vectors.iter().map(|vector| vector.len).sum() }
    }
}

/// A cell's columns begin with those that the input's product alone covers, and end with those that the state's alone does.
impl Shape {
    pub fn input_alone(&self) -> Range<usize> {
        self.input.start..self.hidden.start
    }

    pub fn both(&self) -> Range<usize> {
        self.hidden.start..self.input.end
    }

    pub fn hidden_alone(&self) -> Range<usize> {
        self.input.end..self.hidden.end
    }
}

/// One step on its way forward.
pub(crate) struct Forward<'a> {
    /// Units H.
    pub hidden: usize,
    /// `[n, columns·H]`: sums in, activated gates out.
    pub gates: &'a mut [f32],
    /// `[n, H]`: state before in, state out. Where the state is projected: anything in, what is to be projected out.
    pub h: &'a mut [f32],
    /// `[n, memory·H]`, or empty: memory before in, memory out, through [`linalg::flush`]; that of `h` is left to the loop.
    pub c: &'a mut [f32],
    /// What [`Cell::prepare`] made.
    pub vectors: &'a [f32],
    /// `[n, H]`: what the candidate is multiplied with, for a cell from [`masked`] or [`normed`]; else empty.
    pub mask: &'a [f32],
    /// `saved` planes of `[n, H]`, one after the other.
    pub saved: &'a mut [f32],
}

/// One step on its way back.
pub(crate) struct Backward<'a> {
    pub hidden: usize,
    /// `[n, columns·H]`: activated gates in, gradients of their sums out.
    pub gates: &'a mut [f32],
    /// State before the step.
    pub before: Previous<'a>,
    /// `[n, H]`: whole gradient of the step's state in; what goes to the state before other than through the products out, where
    /// the cell keeps some ([`Shape::keeps`]), else anything.
    ///
    /// This one and `dc` may run into denormals, which are three times as slow: a cell reads them through [`linalg::flush`].
    pub dh: &'a mut [f32],
    /// `[n, memory·H]`, or empty: gradient of the memory in, of the memory before out.
    pub dc: &'a mut [f32],
    /// What [`Cell::prepare`] made.
    pub vectors: &'a [f32],
    /// The gradient of each, to be added to row after row; empty where nobody wants them.
    pub vector_grads: [&'a mut [f32]; VECTORS],
    /// As on the way forward.
    pub mask: &'a [f32],
    /// What forward saved.
    pub saved: &'a [f32],
}

/// States before a step: rows of the output of the step processed before, then (for sequences that begin here) initial ones.
#[derive(Clone, Copy)]
pub(crate) struct Previous<'a> {
    /// `[rows, ..]` with row stride `ld`.
    pub output: &'a [f32],
    pub ld: usize,
    /// Rows that come from `output`.
    pub rows: usize,
    /// `[batch, H]`, read from row `rows` on.
    pub initial: &'a [f32],
}

impl<'a> Previous<'a> {
    /// State before the step at sorted position `r`.
    pub fn row(&self, r: usize, hidden: usize) -> &'a [f32] {
        if r < self.rows { &self.output[r * self.ld..][..hidden] } else { &self.initial[r * hidden..][..hidden] }
    }
}

/// A cell. All slices of a step hold the same `n` rows.
pub(crate) trait Cell: Sync {
    fn shape(&self) -> Shape;

    /// Once a pass, what the cell reads of its own vectors: if it does not say otherwise these themselves, one after the other.
    fn prepare(&self, own: [&[f32]; VECTORS], to: &mut [f32]) {
        let mut rest = to;
        for vector in own {
            let (to, more) = rest.split_at_mut(vector.len());
            to.copy_from_slice(vector);
            rest = more;
        }
    }

    /// Between the two recurrent products, for cells with a candidate: leaves the second one's operand in `saved [n, H]`.
    fn reset(&self, _step: &mut Forward) {}

    fn forward(&self, step: Forward);

    fn backward(&self, step: &mut Backward);

    /// The rest of forward for cells whose memory is normalised between: `step.h` is what became of it, and then the state.
    fn output(&self, _step: Forward) {}

    /// Before backward for these: `step.dh` is the gradient of the state, and then of what the memory became. Before the rest it
    /// is that of the memory.
    fn backward_output(&self, _step: &mut Backward) {}

    /// The rest of backward for cells with a candidate: `d` is the gradient `[n, H]` of the operand that `reset` made.
    fn backward_reset(&self, _step: &mut Backward, _d: &[f32]) {}
}

/// The arithmetic of a kind of cell whose candidate is masked: of one that has a candidate beside its state.
pub(crate) fn masked(kind: CellKind) -> &'static dyn Cell {
    match kind {
        // The same, but for its own file's fast rows.
        CellKind::Lstm => &LstmVariant::<false, false>,
        _ => cell(kind),
    }
}

/// The arithmetic of a kind of cell with norms inside, its candidate masked or not: of what has no memory that of the cell itself.
pub(crate) fn normed(kind: CellKind) -> &'static dyn Cell {
    match kind {
        CellKind::Lstm => &LstmNormed::<false, false>,
        CellKind::LstmVariant { peepholes: true, coupled: false } => &LstmNormed::<true, false>,
        CellKind::LstmVariant { peepholes: true, coupled: true } => &LstmNormed::<true, true>,
        CellKind::LstmVariant { peepholes: false, coupled: true } => &LstmNormed::<false, true>,
        CellKind::LstmVariant { peepholes: false, coupled: false } => &LstmNormed::<false, false>,
        other => cell(other),
    }
}

/// The arithmetic of a kind of cell.
pub(crate) fn cell(kind: CellKind) -> &'static dyn Cell {
    match kind {
        CellKind::Lstm => &lstm::Lstm,
        CellKind::LstmVariant { peepholes: true, coupled: false } => &LstmVariant::<true, false>,
        CellKind::LstmVariant { peepholes: true, coupled: true } => &LstmVariant::<true, true>,
        CellKind::LstmVariant { peepholes: false, coupled: true } => &LstmVariant::<false, true>,
        CellKind::LstmVariant { peepholes: false, coupled: false } => &lstm::Lstm,
        CellKind::MinGru => &min_gru::MinGru,
        CellKind::MinLstm => &min_lstm::MinLstm,
        CellKind::Lru => &lru::Lru,
        CellKind::Gru { reset: Reset::After } => &gru::Gru,
        CellKind::Gru { reset: Reset::Before } => &gru_before::GruBefore,
        CellKind::Rnn { activation: Activation::Tanh } => &elman::Elman(Activation::Tanh),
        CellKind::Rnn { activation: Activation::Relu } => &elman::Elman(Activation::Relu),
        CellKind::Rnn { activation: Activation::Linear } => &elman::Elman(Activation::Linear),
    }
}
