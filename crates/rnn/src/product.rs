//! Products of rows with panels, and the gradients of weights folded in a fixed order.

use crate::blocks::{Block, Run};
use crate::network::Values;
use linalg::Source;

/// The left-hand operand of a product: `rows` rows of `columns` numbers, `ld` apart.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub data: &'a [f32],
    pub ld: usize,
    pub rows: usize,
    pub columns: usize,
}

impl<'a> Rows<'a> {
    /// As strips: in `scratch`, but for a single row, which is its own strip.
    pub fn packed(self, scratch: &'a mut [f32]) -> &'a [f32] {
        let Rows { data, ld, rows, columns } = self;
        if rows == 1 {
            return &data[..columns];
        }
        linalg::pack_strips(scratch, data, ld, rows, columns);
        scratch
    }
}

/// `C += A·B` on `n` columns of C (row stride `ldc`), B in panels. `strips` is scratch for A.
pub(crate) fn product(a: Rows, b: &[f32], n: usize, c: &mut [f32], ldc: usize, strips: &mut [f32]) {
    linalg::gemm(a.rows, n, a.columns, a.packed(strips), b, c, ldc);
}

/// `C += X·B` where X is the input `[rows, inputs]` of a layer, or the one-hot rows of tokens.
pub(crate) fn project(x: Values, inputs: usize, b: &[f32], n: usize, c: &mut [f32], ldc: usize, strips: &mut [f32]) {
    match x {
        Values::Values(data) => {
            let rows = data.len() / inputs;
            product(Rows { data, ld: inputs, rows, columns: inputs }, b, n, c, ldc, strips);
        }
        Values::Tokens(tokens) => linalg::gather_panels(c, ldc, tokens, b, inputs, n),
    }
}

/// Rows of a block as the terms of a weight gradient, in the order of the block: `src [.., m]`, row stride `ld`. Packed in
/// `strips`, but for a single row, which is its own.
pub(crate) fn pack_terms<'a>(strips: &'a mut [f32], block: &Block, src: &'a [f32], ld: usize, m: usize) -> &'a [f32] {
    let total = block.rows().len();
    if total == 1 {
        return &src[block.rows().start * ld..][..m];
    }
    let mut at = 0;
    for Run { rows, reversed } in block.runs() {
        let data = &src[rows.start * ld..];
        linalg::pack_strips_transposed(strips, total, at, Source { data, ld, rows: rows.len(), columns: m, reversed });
        at += rows.len();
    }
    strips
}

/// Gradients of a block's outputs as panels, in the order of the block: `n` columns of `dg`, row stride `ld`. Packed in `panels`,
/// but for a single row that fills whole ones.
pub(crate) fn pack_gradients<'a>(
    panels: &'a mut [f32],
    block: &Block,
    dg: &'a [f32],
    ld: usize,
    n: usize,
) -> &'a [f32] {
    let total = block.rows().len();
    if total == 1 && n.is_multiple_of(linalg::PANEL) {
        return &dg[block.rows().start * ld..][..n];
    }
    let mut at = 0;
    for Run { rows, reversed } in block.runs() {
        let data = &dg[rows.start * ld..];
        linalg::pack_panels(panels, total, at, Source { data, ld, rows: rows.len(), columns: n, reversed });
        at += rows.len();
    }
    panels
}

/// Adds the gradient of an input weight `[n, inputs]`, row by row in the order of the block.
///
/// `panels` holds the block's gradients ([`pack_gradients`]); tokens need none and read `dg` instead.
pub(crate) fn fold_input(dw: &mut [f32], block: &Block, x: Values, inputs: usize, dg: DG, strips: &mut [f32]) {
    match x {
        Values::Values(x) => {
            let terms = pack_terms(strips, block, x, inputs, inputs);
            linalg::gemm_panels(inputs, dg.n, block.rows().len(), terms, dg.panels, dw);
        }
        Values::Tokens(tokens) => {
            for step in block.steps() {
                let tokens = &tokens[step.first..][..step.n];
                linalg::scatter_panels(dw, tokens, &dg.rows[step.first * dg.ld..], dg.ld, inputs, dg.n);
            }
        }
    }
}

/// Gradients of a layer's outputs in both forms.
#[derive(Clone, Copy)]
pub(crate) struct DG<'a> {
    /// All rows, from the first column on.
    pub rows: &'a [f32],
    pub ld: usize,
    pub n: usize,
    /// The block's rows, packed.
    pub panels: &'a [f32],
}

/// Adds `n` columns of the block's gradients onto a bias, row by row in the order of the block.
pub(crate) fn fold_bias(bias: &mut [f32], block: &Block, dg: &[f32], ld: usize) {
    let n = bias.len();
    for step in block.steps() {
        for r in step.first..step.first + step.n {
            bias.iter_mut().zip(&dg[r * ld..][..n]).for_each(|(b, d)| *b += d);
        }
    }
}
