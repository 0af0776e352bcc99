/** Data on their way to a worker: whole where they are few, piece by piece where they are many. */
import type { Bytes } from "../data/bundle.js";
import { noMemory } from "../data/refuse.js";
import { PIECE, type Stream } from "../data/stream.js";
import type { Connection } from "../worker/connection.js";
import type { Placed } from "../worker/protocol.js";

export type Payload = Bytes | Stream;

/** What WebAssembly can address. */
const MOST = 2 ** 32;

let numbers = 0;

/**
 * Brings data to a worker and sends what names them there; where that fails, the worker forgets them. Throws MemoryError, what
 * reading the user's data throws, and what `send` does.
 */
export async function upload<T>(
  connection: Connection,
  payloads: readonly Payload[],
  send: (placed: Placed[], buffers: ArrayBuffer[]) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const placed: Placed[] = [];
  try {
    for (const data of payloads) {
      placed.push(data instanceof Uint8Array ? data : ++numbers);
      if (!(data instanceof Uint8Array)) await feed(connection, numbers, data, signal);
    }
    const buffers = placed.flatMap((data) => (typeof data === "number" ? [] : [data.buffer]));
    return await send(placed, buffers);
  } catch (error) {
    for (const data of placed) {
      // Of a worker that is gone, nothing is left to be forgotten.
      if (typeof data === "number") connection.call("forget", [data]).catch(() => {});
    }
    throw error;
  }
}

/** One buffer goes there and back, so that there is one piece at a time, and its way is a rest for the page. */
async function feed(connection: Connection, number: number, { length, pieces }: Stream, signal?: AbortSignal) {
  if (length >= MOST) throw noMemory("the data", length);
  let buffer: Bytes = new Uint8Array(PIECE);
  const all = pieces(buffer);
  for (let next = all.next(buffer); !next.done; next = all.next(buffer)) {
    buffer = await connection.call("feed", [number, length, buffer, next.value], [buffer.buffer]);
    signal?.throwIfAborted();
  }
}
