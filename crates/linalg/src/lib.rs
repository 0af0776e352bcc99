//! Matrices over `f32` slices: products, packing, activations, reductions.
//!
//! Every function is safe, takes plain slices and says in its documentation which shapes it wants, when it
//! panics and in which order it adds. Nothing here allocates and nothing depends on the machine: the same
//! arguments give the same bits natively, in WebAssembly, and from the scalar twins in [`scalar`].
//!
//! # Layouts
//!
//! * **Row-major with a stride**: element `[r][j]` of an `m x n` matrix is `x[r * ld + j]`, `ld >= n`. The slice
//!   ends no earlier than the last element of the last row.
//! * **Panels** (the right-hand operand `B [k x n]` of a product, and how weights are stored): `[ceil(n / 8)][k][8]`.
//!   Column `j` of row `p` is `b[((j / 8) * k + p) * 8 + j % 8]`. The columns after `n` are pad; whoever fills
//!   a panel keeps them zero.
//! * **Strips** (the left-hand operand `A [m x k]`): one after another, as [`strips`] cuts the rows, each `[k][height]`:
//!   full ones of [`STRIP`] rows, then those of the tail. The strip of a single row is the row itself, so a product with
//!   `m = 1` needs no packing.
//!
//! # Arithmetic
//!
//! A product starts from what is in `C` and adds `a[r][p] * b[p][j]` for `p` ascending, one rounded
//! multiplication and one rounded addition at a time; there is no fused multiply-add (but in a build with relaxed-simd,
//! whose bits are the machine's). Not-a-number is never hidden: a NaN operand gives a NaN result in every function here.

mod activation;
mod gemm;
mod lanes;
mod layout;
mod maximum;
mod moments;
mod one_hot;
mod pack;
mod panels;
mod reduce;
mod sanitize;
pub mod scalar;
mod softmax;
mod tile;

/// Whether this build multiplies and adds in one instruction where the machine has it: its bits are then the machine's.
pub const RELAXED: bool = cfg!(all(target_arch = "wasm32", target_feature = "relaxed-simd"));

pub use activation::{clamp, exp, exp_to, relu, relu_to, sigmoid, sigmoid_to, tanh, tanh_to};
pub use gemm::{Terms, gemm, gemm_from, gemm_panels};
pub use layout::{PANEL, STRIP, padded, panels_len, strips, strips_len};
pub use maximum::largest;
pub use moments::{centred_dot, moments};
pub use one_hot::{gather_panels, scatter_panels};
pub use pack::{Source, pack_panels, pack_strips, pack_strips_at, pack_strips_transposed};
pub use panels::{join_panels, panels_from_rows, panels_to_rows, transpose_panels};
pub use reduce::{add_rows, norm_squared, sum_f64};
pub use sanitize::{first_non_finite, flush, flush_to};
pub use softmax::{log_sum_exp, softmax, softmax_to};
