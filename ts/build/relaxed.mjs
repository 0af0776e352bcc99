// @ts-check
/** Whether this Node has relaxed SIMD, and how it is told to have it: 20 wants a flag, 22 does not. */

/** A module of one function: f32x4.relaxed_madd of three vectors. */
const probe = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 8, 1, 0x60, 3, 0x7b, 0x7b, 0x7b, 1, 0x7b, 3, 2, 1, 0],
  ...[10, 13, 1, 11, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfd, 0x85, 2, 0x0b],
);

export const hasRelaxed = () => WebAssembly.validate(probe);
/** @type {readonly string[]} */
export const relaxedFlags = hasRelaxed() ? [] : ["--experimental-wasm-relaxed-simd"];
