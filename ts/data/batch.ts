/** A batch of sequences: the list that holds them, their lengths, and how they are called in messages. */
import { isTyped } from "./numeric.js";
import type { Part } from "./parts.js";
import { emptyData, show, wrongShape } from "./refuse.js";

export interface Inputs extends Part {
  /** Steps of each sequence, at least 1. */
  readonly lengths: Int32Array;
  /** Path of a sequence, for messages. */
  readonly at: (sequence: number) => string;
}

/** The argument's name and how its sequences are named. */
export interface Naming {
  readonly name: string;
  readonly at: (sequence: number) => string;
}

export function listed(name: string): Naming {
  return { name, at: (sequence) => `${name}[${sequence}]` };
}

/** The list that holds the sequences, at least one. */
export function sequencesOf(x: unknown, naming: Naming, each: string): readonly unknown[] {
  const { name } = naming;
  if (Array.isArray(x)) {
    if (x.length === 0) throw emptyData(name, "at least one sequence");
    return x;
  }
  const expected = `a list of sequences (${each}) or a tensor`;
  throw wrongShape({ path: name, expected, received: show(x), hint: oneSequence(x, naming) });
}

/** Where a part of a sequence came instead of a sequence. */
export function oneSequence(value: unknown, { name, at }: Naming): string | undefined {
  const part = typeof value === "number" || typeof value === "string" || isTyped(value);
  // Where the argument itself is the one sequence, there is no batch.
  return part && at(0) !== name ? `the first axis is the batch: one sequence is [${name}]` : undefined;
}

type Measured = (sequence: unknown, i: number) => number;

export function measure(list: readonly unknown[], at: Naming["at"], length: Measured): Int32Array {
  const lengths = new Int32Array(list.length);
  for (let i = 0; i < list.length; i++) {
    lengths[i] = length(list[i], i);
    if (lengths[i] === 0) throw emptyData(at(i), "at least one step");
  }
  return lengths;
}

export function equal(shape: readonly number[], name: string): Int32Array {
  const [batch, steps] = shape as [number, number];
  if (batch === 0) throw emptyData(name, "at least one sequence");
  if (steps === 0) throw emptyData(name, "at least one step");
  return new Int32Array(batch).fill(steps);
}

export function total(lengths: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < lengths.length; i++) sum += lengths[i]!;
  return sum;
}

/** The sequence and step of a row. */
export function locate(lengths: Int32Array, row: number): [sequence: number, step: number] {
  let sequence = 0;
  while (row >= lengths[sequence]!) row -= lengths[sequence++]!;
  return [sequence, row];
}
