/** Two ragged sequences, models that read them, and what becomes of their targets. */
import { Bundle, type Bytes } from "../../../ts/data/bundle.js";
import { type Encoding, encodingOf } from "../../../ts/data/encoding.js";
import { encodeSamples } from "../../../ts/data/samples.js";
import type { Stream } from "../../../ts/data/stream.js";
import type { Samples } from "../../../ts/data/values.js";
import { refusal } from "./caught.js";

export type At = "last" | "every";

export const values = (at: At, size: number) => encodingOf({ input: { size: 1 }, output: { at, size } });
export const classes = (at: At, of: number | readonly string[]) =>
  encodingOf({ input: { size: 1 }, output: { at, classes: of } });

export const x = [[1, 2], [3]];
/** Two of one length. */
export const even = [
  [1, 2],
  [3, 4],
];

export const read = (y: unknown, encoding: Encoding, more: object = {}) =>
  Bundle.read(encodeSamples({ x, y, ...more } as Samples, encoding));
export const refused = (y: unknown, encoding: Encoding, more: object = {}) => refusal(() => read(y, encoding, more));

export const floats = (...n: number[]) => Float32Array.from(n);
export const ints = (...n: number[]) => Int32Array.from(n);
export const nan = Number.NaN;
export const last = 'output.at is "last": a sequence has one target';

/** Data as they would arrive, through a buffer that nothing fits evenly. */
export function opened(data: Bytes | Stream): Bundle {
  if (data instanceof Uint8Array) return Bundle.read(data);
  const bytes = new Uint8Array(data.length);
  let buffer = new Uint8Array(1000);
  const pieces = data.pieces(buffer);
  let at = 0;
  for (let next = pieces.next(buffer); !next.done; next = pieces.next(buffer)) {
    bytes.set(buffer.subarray(0, next.value), at);
    at += next.value;
    buffer = new Uint8Array(1000);
  }
  return Bundle.read(bytes.subarray(0, at));
}
