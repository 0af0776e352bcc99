//! Matrices over f32 slices: products, packing, activations, reductions.
