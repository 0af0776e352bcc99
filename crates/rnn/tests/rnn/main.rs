//! Tests of rnn, run natively and as wasm.
//!
//! Tolerances: 1e-5 of a tensor's largest element against f64 (`naive`, PyTorch), as f32 carries 6e-8 and sums here run over
//! at most some hundred terms; everything about order, packing and cutting is compared bit for bit.

mod activity;
mod checkpointed;
mod common;
mod constraints;
mod ctc;
mod denormals;
mod derived;
mod digest;
mod dropout;
mod errors;
mod forms;
mod gradients;
mod initialisers;
mod inside;
mod inside_masks;
mod losses;
mod losses_through;
mod noise;
mod norms;
mod onnx;
mod packing;
mod pairwise;
mod parameters;
mod pytorch;
mod pytorch_losses;
mod randomness;
mod sameness;
mod step_masks;
mod vanishing;
mod variational;
mod wanted;
