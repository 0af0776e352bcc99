/** From bytes to a reader of the kernel. */
import { PIECE } from "../data/stream.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Reader } from "../kernel/reader.js";

/** Piece by piece, since a whole bundle would stand in wasm beside its numbers. */
export function readAll(kernel: Kernel, bytes: Uint8Array): Reader {
  const reader = new kernel.Reader(bytes.length);
  try {
    for (let at = 0; at < bytes.length; at += PIECE) reader.feed(bytes.subarray(at, at + PIECE));
  } catch (thrown) {
    reader.free();
    throw thrown;
  }
  return reader;
}
