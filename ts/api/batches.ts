/** A user's source of batches, pulled one at a time, for one worker or for several in step. */

import type { BatchSource, Samples } from "../data/values.js";
import { DataError } from "../errors.js";

/** A batch; the end of a pass, which is an epoch's; or the end of the source. */
export type Pulled = { kind: "batch"; samples: Samples } | { kind: "end" } | { kind: "finished" };

export class Batches {
  readonly #source: BatchSource;
  #iterator: Iterator<Samples> | AsyncIterator<Samples> | undefined;
  #used: number;
  /** Batches of this pass. */
  #given = 0;
  /** The source is at work on a batch, which it may never give. */
  #pulling = false;

  /** @param used batches that a resumed run has used already. */
  constructor(source: BatchSource, used: number) {
    this.#source = source;
    this.#used = used;
  }

  async pull(): Promise<Pulled> {
    this.#iterator ??= this.#begin();
    this.#pulling = true;
    const { done, value } = await this.#iterator.next();
    this.#pulling = false;
    if (!done) {
      this.#given++;
      this.#used++;
      return { kind: "batch", samples: value };
    }
    this.#iterator = undefined;
    if (this.#given > 0) return { kind: "end" };
    // Called again with what has been used, it gives no more: a source that counts to its own end.
    if (this.#used > 0) return { kind: "finished" };
    throw new DataError("data: the source gave no batch", {
      path: "data",
      expected: "at least one batch",
      received: "none",
    });
  }

  /** Lets a generator clean up; one that is still at work does so when it is done, and nobody waits for it. */
  async close(): Promise<void> {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    const closed = Promise.resolve(iterator?.return?.());
    if (this.#pulling) closed.catch(() => {});
    else await closed;
  }

  #begin(): Iterator<Samples> | AsyncIterator<Samples> {
    this.#given = 0;
    const pass = this.#source(this.#used) as Iterable<Samples> & AsyncIterable<Samples>;
    const begin = pass?.[Symbol.asyncIterator] ?? pass?.[Symbol.iterator];
    if (typeof begin !== "function") {
      throw new DataError("data: the source must return an iterable of batches, as a generator does", {
        path: "data",
        expected: "an iterable",
      });
    }
    return begin.call(pass);
  }
}

/** Gives each of several readers the same sequence; what all have read is forgotten. */
export class Shared<T> {
  readonly #pull: () => Promise<T>;
  readonly #positions: number[];
  #first = 0;
  #items: Promise<T>[] = [];

  constructor(pull: () => Promise<T>, readers: number) {
    this.#pull = pull;
    this.#positions = new Array<number>(readers).fill(0);
  }

  next(reader: number): Promise<T> {
    const position = this.#positions[reader] as number;
    this.#positions[reader] = position + 1;
    const at = position - this.#first;
    if (at === this.#items.length) {
      const last = this.#items.at(-1);
      this.#items.push(last ? last.then(this.#pull) : this.#pull());
    }
    const item = this.#items[at] as Promise<T>;
    const read = Math.min(...this.#positions) - this.#first;
    this.#items = this.#items.slice(read);
    this.#first += read;
    return item;
  }
}
