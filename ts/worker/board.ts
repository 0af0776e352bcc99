/**
 * One worker's part of the memory that the workers of a run share: a counter, and its shares of the last two updates.
 * Written by that worker alone. NOT: whose turn it is.
 */

/** Bytes before the slots: the counter has a cache line to itself. */
const HEAD = 64;
/** Looks before the thread is put to sleep: to sleep and to wake costs more than most shares are apart. */
const SPINS = 2000;

export class Board {
  readonly memory: SharedArrayBuffer;
  /** The last update that the worker has given its share of. */
  readonly #given: Int32Array;
  readonly #slots: readonly Float32Array[];

  /** @param length numbers in a share */
  static make(length: number): Board {
    return new Board(new SharedArrayBuffer(Board.bytes(length)));
  }

  static bytes(length: number): number {
    return HEAD + 2 * 4 * length;
  }

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#given = new Int32Array(memory, 0, 1);
    const bytes = (memory.byteLength - HEAD) / 2;
    this.#slots = [0, 1].map((k) => new Float32Array(memory, HEAD + k * bytes, bytes / 4));
  }

  /**
   * Where the share of an update stands. Its place is written again two updates later. By then every reader has done with
   * it: the worker goes on to an update only with everybody's share of the one before, which a reader gives after this.
   */
  slot(update: number): Float32Array {
    return this.#slots[update & 1] as Float32Array;
  }

  publish(update: number): void {
    Atomics.store(this.#given, 0, update);
    Atomics.notify(this.#given, 0);
  }

  /** Whether the share of `update` is there; blocks until it is, or for so many milliseconds. */
  has(update: number, milliseconds: number): boolean {
    for (let spin = 0; spin < SPINS; spin++) if (this.#there(update)) return true;
    Atomics.wait(this.#given, 0, (update - 1) | 0, milliseconds);
    return this.#there(update);
  }

  /** By the difference, which is right for a counter that has run over as well. */
  #there(update: number): boolean {
    return ((Atomics.load(this.#given, 0) - update) | 0) >= 0;
  }
}
