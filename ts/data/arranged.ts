/** How targets are arranged along the sequences of x: one for each, or a list as long as each. */

import type { Inputs } from "./batch.js";
import type { At, Encoding } from "./encoding.js";
import { isList, isTyped, type List } from "./numeric.js";
import { count, emptyData, show, wrongShape } from "./refuse.js";
import { tensorOf } from "./rows.js";
import { codePoints, type Vocabulary } from "./text.js";

/** What targets are read against. */
export interface Context {
  readonly encoding: Encoding;
  readonly inputs: Inputs;
  /** A target whose weight is 0 is not looked at. */
  readonly mask?: Float32Array | undefined;
  readonly name: string;
  /** Path of a sequence's targets, where each step has one. */
  readonly at: (sequence: number) => string;
}

/** The list that holds the targets: one item for each sequence. */
export function listOf(y: unknown, at: At, { inputs, name }: Context): List {
  const every = at === "every";
  const each = every ? "a list of targets" : "a target";
  if (!isList(y) || (every && isTyped(y))) {
    const hint =
      every && isTyped(y) ? `the first axis is the batch: the targets of one sequence are [${name}]` : undefined;
    throw wrongShape({ path: name, expected: `a list: ${each} for each sequence of x`, received: show(y), hint });
  }
  if (y.length === 0) throw emptyData(name, `${each} for each sequence of x`);
  const batch = inputs.lengths.length;
  if (y.length !== batch) {
    const expected = `${count(batch, every ? "list" : "target")}, one for each sequence of x`;
    throw wrongShape({ path: name, expected, received: String(y.length) });
  }
  return y;
}

type Take = (targets: List, first: number, sequence: number) => void;

/** Calls back with each sequence's list of targets, as long as the sequence. With a vocabulary, text is a list of characters. */
export function eachSequence(list: List, { inputs, at }: Context, take: Take, vocabulary?: Vocabulary): void {
  let first = 0;
  for (let i = 0; i < list.length; i++) {
    const steps = inputs.lengths[i]!;
    const targets = list[i];
    const text = vocabulary !== undefined && typeof targets === "string";
    if (text) vocabulary.checkText(targets, at(i));
    const n = isList(targets) ? targets.length : text ? codePoints(targets) : -1;
    if (n !== steps) {
      const expected = `${n < 0 ? "a list of " : ""}${count(steps, "target")}, one for each step of ${inputs.at(i)}`;
      const hint = n < 0 ? 'output.at is "every"' : undefined;
      throw wrongShape({ path: at(i), expected, received: n < 0 ? show(targets) : String(n), hint });
    }
    take(text ? [...targets] : (targets as List), first, i);
    first += steps;
  }
}

/** The data of a tensor that has `size` numbers for each target; one number may stand without an axis of its own. */
export function targetTensor(value: unknown, at: At, size: number, { inputs, name }: Context): List {
  return tensorOf(value, name, targetShapes(at, size, inputs.lengths, name, value)).data;
}

export function targetShapes(at: At, size: number, lengths: Int32Array, name: string, value: unknown): number[][] {
  const batch = lengths.length;
  const steps = lengths[0]!;
  if (at === "every" && lengths.some((n) => n !== steps)) {
    const expected = "a list for each sequence, since those of x differ in length";
    throw wrongShape({ path: name, expected, received: show(value) });
  }
  const head = at === "every" ? [batch, steps] : [batch];
  return size === 1 ? [head, [...head, 1]] : [[...head, size]];
}

/** Path of a number in a tensor of targets: `y[3][17][0]`, without the last index where a target is one number. */
export function place(index: number, at: At, size: number, { inputs, name, at: list }: Context): string {
  const row = Math.floor(index / size);
  const steps = inputs.lengths[0]!;
  const head = at === "every" ? `${list(Math.floor(row / steps))}[${row % steps}]` : `${name}[${row}]`;
  return `${head}${size > 1 ? `[${index % size}]` : ""}`;
}
