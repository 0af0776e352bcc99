/** A user's source of batches, pulled one at a time, for one worker or for several in step. */

import type { BatchSource, Samples } from "../data/values.js";
import { DataError } from "../errors.js";

/** A batch; the end of a pass, which is an epoch's; or the end of the source, which gives nothing when it is called for another pass. */
export type Pulled = { kind: "batch"; samples: Samples } | { kind: "end" } | { kind: "finished"; pass: number };

export class Batches {
  readonly #source: BatchSource;
  #iterator: Iterator<Samples> | AsyncIterator<Samples> | undefined;
  /** Batches of this pass that are used, by a run that is resumed in it too. */
  #used: number;
  /** Passes before this one, over the whole run. */
  #passes: number;
  /** Batches, or a pass whose rest is empty. */
  #given = false;
  /** The source is at work on a batch, which it may never give. */
  #pulling = false;

  /**
   * @param used batches of its pass that a resumed run has used already
   * @param passes that came before this one
   */
  constructor(source: BatchSource, used: number, passes: number) {
    this.#source = source;
    this.#used = used;
    this.#passes = passes;
  }

  async pull(): Promise<Pulled> {
    this.#iterator ??= this.#begin();
    this.#pulling = true;
    const { done, value } = await this.#iterator.next();
    this.#pulling = false;
    if (!done) {
      this.#given = true;
      this.#used++;
      return { kind: "batch", samples: value };
    }
    this.#iterator = undefined;
    if (this.#used > 0) {
      this.#given = true;
      this.#used = 0;
      this.#passes++;
      return { kind: "end" };
    }
    if (this.#given) return { kind: "finished", pass: this.#passes + 1 };
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
    const pass = this.#source(this.#used, this.#passes) as Iterable<Samples> & AsyncIterable<Samples>;
    const begin = pass?.[Symbol.asyncIterator] ?? pass?.[Symbol.iterator];
    if (typeof begin !== "function") {
      const hint = (pass as unknown) instanceof Promise ? "; one that waits is an async generator function" : "";
      throw new DataError(`data: the source must return an iterable of batches, as a generator does${hint}`, {
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
