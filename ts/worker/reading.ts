/** From bytes to a reader of the kernel. */
import { PIECE } from "../data/stream.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Reader } from "../kernel/reader.js";
import { orFree } from "./handles.js";

/** Piece by piece, since a whole bundle would stand in wasm beside its numbers. */
export function readAll(kernel: Kernel, bytes: Uint8Array): Reader {
  const reader = new kernel.Reader(bytes.length);
  return orFree(reader, () => {
    for (let at = 0; at < bytes.length; at += PIECE) reader.feed(bytes.subarray(at, at + PIECE));
    return reader;
  });
}
