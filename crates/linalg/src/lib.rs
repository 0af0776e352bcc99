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
//! * **Strips** (the left-hand operand `A [m x k]`): full strips of 4 rows `[k][4]` one after another, then one
//!   tail strip of the `m % 4` rows left, `[k][m % 4]`. The strip of a single row is the row itself, so a product
//!   with `m = 1` needs no packing.
//!
//! # Arithmetic
//!
//! A product starts from what is in `C` and adds `a[r][p] * b[p][j]` for `p` ascending, one rounded
//! multiplication and one rounded addition at a time; there is no fused multiply-add. Not-a-number is never
//! hidden: a NaN operand gives a NaN result in every function here.

mod activation;
mod gemm;
mod lanes;
mod layout;
mod one_hot;
mod pack;
mod panels;
mod reduce;
mod sanitize;
pub mod scalar;
mod softmax;
mod tile;

pub use activation::{exp, exp_to, relu, relu_to, sigmoid, sigmoid_to, tanh, tanh_to};
pub use gemm::{gemm, gemm_panels};
pub use layout::{PANEL, STRIP, padded, panels_len, strips_len};
pub use one_hot::{gather_panels, scatter_panels};
pub use pack::{pack_panels, pack_strips, pack_strips_transposed};
pub use panels::{panels_from_rows, panels_to_rows, transpose_panels};
pub use reduce::{norm_squared, sum_f64};
pub use sanitize::{first_non_finite, flush_denormals};
pub use softmax::{log_sum_exp, softmax, softmax_to};
