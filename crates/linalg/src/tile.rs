//! The register tile and the sweep of it over a matrix: all the arithmetic of a product.

use crate::lanes::{Lanes, WIDTH};
use crate::layout::PANEL;

/// Vectors across a panel.
const VECTORS: usize = PANEL / WIDTH;

/// Where the elements of C are: row `r`, panel `q` starts at `r * row + q * panel`.
#[derive(Clone, Copy)]
pub(crate) struct Strides {
    pub row: usize,
    pub panel: usize,
}

/// Where the sums of a product start.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    /// What is in C.
    C,
    /// One row for all: its first panel.
    Row(*const f32),
}

/// What every tile of a product reads and writes: `C += A·B`, or `C = row + A·B`.
#[derive(Clone, Copy)]
pub(crate) struct Product {
    pub start: Start,
    /// Terms.
    pub k: usize,
    /// Strips, which hold `depth >= skip + k` terms; the first `skip` are left out.
    pub a: *const f32,
    pub depth: usize,
    pub skip: usize,
    /// Panels.
    pub b: *const f32,
    pub c: *mut f32,
    pub at: Strides,
}

impl Product {
    /// The part of it from `rows` rows and `panels` panels on.
    pub fn after(self, rows: usize, panels: usize) -> Product {
        Product {
            start: match self.start {
                Start::C => Start::C,
                Start::Row(row) => Start::Row(row.wrapping_add(panels * PANEL)),
            },
            a: self.a.wrapping_add(rows * self.depth),
            b: self.b.wrapping_add(panels * self.k * PANEL),
            c: self.c.wrapping_add(rows * self.at.row + panels * self.at.panel),
            ..self
        }
    }
}

/// `C += A·B`, or with `FROM` `C = start + A·B`, for one tile of `ROWS x (PANELS * 8)`: `k` terms ascending, each a multiplication and an addition.
///
/// One step of k per loop body, never unrolled by hand: the compilers hoist all loads of a body to its top, and the
/// loads of two steps no longer fit the registers. The pointers walk, so that every access is a pointer plus constant,
/// and A's own end stops the loop: V8 runs out of integer registers here, and a bound it keeps in memory is compared in
/// place, where a counter is loaded and stored (a tenth of the time; watching B's pointer instead gains nothing).
///
/// # Safety
/// Readable: `a[0 .. k * ROWS]`, and `b[q * b_panel ..][.. k * 8]` for `q < PANELS`. Readable and writable: the
/// elements of the tile at `c`, or with `FROM` readable `start[.. PANELS * 8]`, and these elements writable.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "the indices name the row, panel and vector of several arrays")]
unsafe fn tile<L: Lanes, const ROWS: usize, const PANELS: usize, const FROM: bool>(
    start: *const f32,
    k: usize,
    mut a: *const f32,
    mut b: *const f32,
    b_panel: usize,
    c: *mut f32,
    at: Strides,
) {
    let place = |r: usize, q: usize, v: usize| r * at.row + q * at.panel + v * WIDTH;
    let mut sums = [[[L::splat(0.0); VECTORS]; PANELS]; ROWS];
    // SAFETY: the caller vouches for the tile of C, and for k steps of A and B.
    unsafe {
        for r in 0..ROWS {
            for q in 0..PANELS {
                for v in 0..VECTORS {
                    sums[r][q][v] =
                        L::load(if FROM { start.add(q * PANEL + v * WIDTH) } else { c.add(place(r, q, v)) });
                }
            }
        }
        let end = a.add(k * ROWS);
        if ROWS == 1 {
            // Nothing that is loaded is used twice: each load beside its use, and a pointer for each panel, so that every access is
            // a pointer plus a constant (Node 20: a tenth of the time of a matrix by a vector).
            let mut panels: [_; PANELS] = std::array::from_fn(|q| b.add(q * b_panel));
            while a != end {
                let x = L::load_splat(a);
                for q in 0..PANELS {
                    for v in 0..VECTORS {
                        sums[0][q][v] = x.mul_add(L::load(panels[q].add(v * WIDTH)), sums[0][q][v]);
                    }
                    panels[q] = panels[q].add(PANEL);
                }
                a = a.add(1);
            }
        }
        while a != end {
            let mut row = [[L::splat(0.0); VECTORS]; PANELS];
            for q in 0..PANELS {
                for v in 0..VECTORS {
                    row[q][v] = L::load(b.add(q * b_panel + v * WIDTH));
                }
            }
            for r in 0..ROWS {
                let x = L::load_splat(a.add(r));
                for q in 0..PANELS {
                    for v in 0..VECTORS {
                        sums[r][q][v] = x.mul_add(row[q][v], sums[r][q][v]);
                    }
                }
            }
            a = a.add(ROWS);
            b = b.add(PANEL);
        }
        for r in 0..ROWS {
            for q in 0..PANELS {
                for v in 0..VECTORS {
                    sums[r][q][v].store(c.add(place(r, q, v)));
                }
            }
        }
    }
}

/// `C += A·B`, or with `FROM` `C = start + A·B`, for `strips` strips of `ROWS` rows against `groups` groups of `PANELS` panels.
///
/// The three loops live in one function: a call for every tile costs a twentieth of the time. How it is written down to the
/// order of its variables decides what LLVM and V8 make of it: measure each change.
///
/// # Safety
/// Readable: `k * ROWS` values at `a` and at each of the `strips - 1` places `strip` further on, `groups * PANELS * k * 8` at `b`. Readable and writable: the elements
/// of C at `c`, laid out by `at`; or with `FROM` readable `groups * PANELS * 8` at `start`, and these elements writable.
#[inline(never)]
#[expect(clippy::too_many_arguments, reason = "a struct of them costs registers in the inner loop")]
unsafe fn loops<L: Lanes, const ROWS: usize, const PANELS: usize, const FROM: bool>(
    strips: usize,
    groups: usize,
    start: *const f32,
    k: usize,
    a: *const f32,
    strip: usize,
    b: *const f32,
    c: *mut f32,
    at: Strides,
) {
    // A loop that runs once, and that the compiler cannot see through: V8 unrolls an innermost loop the more the
    // deeper it lies.
    let mut once = std::hint::black_box(1usize);
    while once > 0 {
        let mut b = b;
        let mut c = c;
        let mut start = start;
        for _ in 0..groups {
            let mut a = a;
            let mut rows = c;
            for _ in 0..strips {
                // SAFETY: the caller vouches for every strip and group, and the pointers stay inside them.
                unsafe { tile::<L, ROWS, PANELS, FROM>(start, k, a, b, k * PANEL, rows, at) };
                // The last step may leave the slices, and is then not followed.
                a = a.wrapping_add(strip);
                rows = rows.wrapping_add(ROWS * at.row);
            }
            b = b.wrapping_add(PANELS * k * PANEL);
            c = c.wrapping_add(PANELS * at.panel);
            if FROM {
                start = start.wrapping_add(PANELS * PANEL);
            }
        }
        once -= 1;
    }
}

/// A product for `strips` strips of `ROWS` rows against `groups` groups of `PANELS` panels.
///
/// # Safety
/// Readable: `strips * ROWS` rows of A and `groups * PANELS` panels of B, and as many panels of the row that the sums
/// start from. Readable and writable: the elements of C at `c`, laid out by `at`.
pub(crate) unsafe fn sweep<L: Lanes, const ROWS: usize, const PANELS: usize>(
    strips: usize,
    groups: usize,
    Product { start, k, a, depth, skip, b, c, at }: Product,
) {
    let (a, strip) = (a.wrapping_add(skip * ROWS), depth * ROWS);
    // SAFETY: as the caller vouches.
    match start {
        Start::C => unsafe { loops::<L, ROWS, PANELS, false>(strips, groups, c, k, a, strip, b, c, at) },
        Start::Row(row) => unsafe { loops::<L, ROWS, PANELS, true>(strips, groups, row, k, a, strip, b, c, at) },
    }
}
