/** Class labels ↔ class indices. */
import type { DataError } from "../errors.js";
import { didYouMean } from "./hint.js";
import { copyIndices, isList, type List } from "./numeric.js";
import { show, some, wrongData } from "./refuse.js";

/** Marks a target that does not count. */
export const MASKED = -1;

export class Labels {
  readonly size: number;
  readonly #names: readonly string[] | undefined;
  readonly #indices: ReadonlyMap<string, number>;

  /** A number that as a target stands for none; it may also be a class's. */
  readonly #ignored: number | undefined;

  /** How many classes there are, or their labels. */
  constructor(classes: number | readonly string[], ignored?: number) {
    this.#ignored = ignored;
    this.#names = typeof classes === "number" ? undefined : classes;
    this.size = typeof classes === "number" ? classes : classes.length;
    this.#indices = new Map((this.#names ?? []).map((name, i) => [name, i]));
  }

  /** Whether a target stands for none. */
  ignores(value: unknown): boolean {
    return this.#ignored !== undefined && value === this.#ignored;
  }

  /** The class of a label or of an index; undefined for anything else. */
  find(value: unknown): number | undefined {
    if (typeof value === "string") return this.#indices.get(value);
    return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < this.size ? value : undefined;
  }

  /** As `find`. Throws DataError with what is meant. */
  index(value: unknown, path: string): number {
    const index = this.find(value);
    if (index === undefined) throw this.refusal(value, path);
    return index;
  }

  /**
   * Writes the classes of a list to `to[at …]`, MASKED where `mask`, which runs along `to`, is 0, and where they are ignored.
   * Gives the index of the first element that is none, or -1.
   */
  fill(list: List, to: Int32Array, at: number, mask: Float32Array | undefined): number {
    // At once where all are indices and none is masked.
    let done = mask ? 0 : copyIndices(list, this.size, to, at);
    if (done < 0) return -1;
    for (; done < list.length; done++) {
      const masked = mask?.[at + done] === 0 || this.ignores(list[done]);
      const index = masked ? MASKED : this.find(list[done]);
      if (index === undefined) return done;
      to[at + done] = index;
    }
    return -1;
  }

  /** Labels of classes; "" where there is none (past the end of a sequence); indices where labels have not been given. */
  names(classes: ArrayLike<number>): string[] {
    return Array.from(classes, (c) => (c < 0 ? "" : (this.#names?.[c] ?? String(c))));
  }

  /** Why a value is no class, for the model's author. */
  refusal(value: unknown, path: string): DataError {
    const range = `a class from 0 to ${this.size - 1}`;
    const received = show(value);
    if (typeof value === "string") {
      if (!this.#names) {
        const hint = "labels want output.classes to be the list of them";
        return wrongData({ path, expected: range, received, code: "unknownLabel", hint });
      }
      const hint = didYouMean(value, this.#names);
      return wrongData({ path, expected: `one of ${some(this.#names)}`, received, code: "unknownLabel", hint });
    }
    const expected = this.#names ? `a label, or ${range}` : range;
    if (isOneHot(value)) {
      const hint = "for one-hot targets give the index of the 1: row.indexOf(1)";
      return wrongData({ path, expected, received, code: "oneHotTargets", hint });
    }
    const digits = this.#indices.has(String(value))
      ? `a number is a class's index; the label is ${show(String(value))}`
      : undefined;
    return wrongData({ path, expected, received, code: "unknownLabel", hint: digits });
  }
}

/** Zeros and a single 1. */
export function isOneHot(value: unknown): boolean {
  if (!isList(value) || value.length < 2) return false;
  let ones = 0;
  for (let i = 0; i < value.length; i++) {
    if (value[i] === 1) ones++;
    else if (value[i] !== 0) return false;
  }
  return ones === 1;
}
