/**
 * A bundle that is read piece by piece: a large text or table is never there as tokens or columns as a whole, only on its way
 * into the kernel, which holds it once.
 */
import { arrays, type Bytes, type Columns } from "./bundle.js";
import { layOut, type Metadata, type Spec } from "./container.js";
import { allocate } from "./refuse.js";

/** Bytes of a piece: some milliseconds of work, and a multiple of every element's width. */
export const PIECE = 1 << 18;

/** A tensor that can be written in parts. */
export interface Flow {
  readonly spec: Spec & { readonly dtype: keyof typeof arrays };
  /**
   * Begins at the first element: the answer writes elements `first …`, as many as `to` has room for, and is called from the
   * first to the last. Where it stands belongs to it, since several workers are fed at the same time.
   */
  open(): (to: Columns, first: number) => void;
}

export interface Stream {
  /** Bytes in all. */
  readonly length: number;
  /**
   * Writes one piece after the other to the buffer, from its beginning, and tells its length; `next` takes the buffer for the
   * next one. Each call reads from the beginning, whatever others have read.
   */
  pieces(buffer: Bytes): Generator<number, void, Bytes>;
}

export function streamed(flows: readonly Flow[], metadata: Metadata): Stream {
  const { head, slots, length } = layOut(
    flows.map((flow) => flow.spec),
    metadata,
  );
  return {
    length,
    *pieces(buffer) {
      for (let at = 0; at < head.length; at += buffer.length) {
        const piece = head.subarray(at, at + buffer.length);
        buffer.set(piece);
        buffer = yield piece.length;
      }
      for (const { name, count } of slots) {
        const flow = flows.find((flow) => flow.spec.name === name)!;
        const fill = flow.open();
        const of = arrays[flow.spec.dtype];
        const most = buffer.length / of.BYTES_PER_ELEMENT;
        for (let first = 0; first < count; first += most) {
          const to = new of(buffer.buffer, 0, Math.min(most, count - first));
          fill(to, first);
          buffer = yield to.byteLength;
        }
      }
    },
  };
}

/** All of it at once. Throws MemoryError, and what filling throws. */
export function whole({ length, pieces }: Stream): Bytes {
  const bytes = allocate(length, "the bundle of data", () => new Uint8Array(length));
  const buffer = new Uint8Array(Math.min(PIECE, 8 * Math.ceil(length / 8)));
  const all = pieces(buffer);
  for (let at = 0, next = all.next(buffer); !next.done; next = all.next(buffer)) {
    bytes.set(buffer.subarray(0, next.value), at);
    at += next.value;
  }
  return bytes;
}
