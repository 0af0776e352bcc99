//! The rows of cells whose candidate is masked at each step by m `[H]` (recurrent dropout, see [`crate::step_masks`]): what the
//! plain ones do with `m ∘ g` in place of g. Each is a function of its own so that the compiler knows that the slices are apart
//! and works in vectors.

use linalg::flush;

/// An LSTM's `c = f ∘ c + i ∘ m ∘ g`.
#[inline(never)]
pub(super) fn memory(c: &mut [f32], i: &[f32], f: &[f32], g: &[f32], m: &[f32]) {
    let n = c.len();
    let (i, f, g, m) = (&i[..n], &f[..n], &g[..n], &m[..n]);
    for j in 0..n {
        c[j] = flush(f[j] * c[j] + i[j] * (m[j] * g[j]));
    }
}

/// With coupled gates `c = f ∘ c + (1 - f) ∘ m ∘ g`.
#[inline(never)]
pub(super) fn couple(c: &mut [f32], f: &[f32], g: &[f32], m: &[f32]) {
    let n = c.len();
    let (f, g, m) = (&f[..n], &g[..n], &m[..n]);
    for j in 0..n {
        let g = m[j] * g[j];
        c[j] = flush(g + f[j] * (c[j] - g));
    }
}

/// The way back of [`memory`].
#[inline(never)]
pub(super) fn gates_row([i, f, g]: [&mut [f32]; 3], dc: &mut [f32], before: &[f32], m: &[f32]) {
    let n = dc.len();
    let (i, f, g, before, m) = (&mut i[..n], &mut f[..n], &mut g[..n], &before[..n], &m[..n]);
    for j in 0..n {
        let (d, iv, fv, gv) = (dc[j], i[j], f[j], g[j]);
        i[j] = d * (m[j] * gv) * (iv * (1.0 - iv));
        f[j] = d * before[j] * (fv * (1.0 - fv));
        g[j] = d * iv * (m[j] * (1.0 - gv * gv));
        dc[j] = d * fv;
    }
}

/// The way back of [`couple`].
#[inline(never)]
pub(super) fn coupled_row([f, g]: [&mut [f32]; 2], dc: &mut [f32], before: &[f32], m: &[f32]) {
    let n = dc.len();
    let (f, g, before, m) = (&mut f[..n], &mut g[..n], &before[..n], &m[..n]);
    for j in 0..n {
        let (d, fv, gv) = (dc[j], f[j], g[j]);
        f[j] = d * (before[j] - m[j] * gv) * (fv * (1.0 - fv));
        g[j] = d * (1.0 - fv) * (m[j] * (1.0 - gv * gv));
        dc[j] = d * fv;
    }
}

/// A GRU's `h = m ∘ n + z ∘ (h - m ∘ n)`.
#[inline(never)]
pub(super) fn blend(h: &mut [f32], n: &[f32], z: &[f32], m: &[f32]) {
    let len = h.len();
    let (n, z, m) = (&n[..len], &z[..len], &m[..len]);
    for j in 0..len {
        let n = m[j] * n[j];
        h[j] = n + z[j] * (h[j] - n);
    }
}

/// The way back of [`blend`]: gradients of the sums of n and z, and in `dh` what goes to the state before.
#[inline(never)]
pub(super) fn blend_row([n, z]: [&mut [f32]; 2], dh: &mut [f32], before: &[f32], m: &[f32]) {
    let len = dh.len();
    let (n, z, before, m) = (&mut n[..len], &mut z[..len], &before[..len], &m[..len]);
    for j in 0..len {
        let (d, nv, zv) = (flush(dh[j]), n[j], z[j]);
        z[j] = d * (before[j] - m[j] * nv) * (zv * (1.0 - zv));
        n[j] = d * (1.0 - zv) * (m[j] * (1.0 - nv * nv));
        dh[j] = d * zv;
    }
}

/// From the gradient of the sum of n those of r and of the product with the state, where r acts after it.
#[inline(never)]
pub(super) fn reset_row(n: &[f32], r: &mut [f32], n_h: &mut [f32]) {
    let len = n.len();
    let (r, n_h) = (&mut r[..len], &mut n_h[..len]);
    for j in 0..len {
        let (dn, rv) = (n[j], r[j]);
        r[j] = dn * n_h[j] * (rv * (1.0 - rv));
        n_h[j] = dn * rv;
    }
}

/// Masks the last column of rows of gates `[n, columns·H]`, of cells whose candidate is linear: on the way forward the candidate
/// itself, on the way back its gradient.
pub(super) fn mask_last(gates: &mut [f32], hidden: usize, columns: usize, m: &[f32]) {
    for (row, m) in gates.chunks_exact_mut(columns * hidden).zip(m.chunks_exact(hidden)) {
        row[(columns - 1) * hidden..].iter_mut().zip(m).for_each(|(n, m)| *n *= m);
    }
}
