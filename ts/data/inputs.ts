/** Inputs of a network: sequences of numbers or of tokens, of any lengths. */

import { ConfigError } from "../errors.js";
import type { Tokens } from "./bundle.js";
import type { InputEncoding } from "./encoding.js";
import { copyIndices, isList, isTyped, type List } from "./numeric.js";
import type { Part } from "./parts.js";
import { emptyData, show, wrongData, wrongShape } from "./refuse.js";
import { checkFinite, copyRows, copyTensor, tensorOf } from "./rows.js";
import { isTensor } from "./tensor.js";
import { codePoints, type Vocabulary } from "./text.js";

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

/** Throws ShapeError, DataError, and ConfigError for a model that has no such inputs (yet). */
export function readInputs(x: unknown, input: InputEncoding, naming: Naming = listed("x")): Inputs {
  switch (input.kind) {
    case "values":
      return isTensor(x) ? valueTensor(x, input.size, naming) : valueLists(x, input.size, naming);
    case "tokens":
      return isTensor(x) ? tokenTensor(x, input.vocabulary, naming) : tokenLists(x, input.vocabulary, naming);
    default:
      throw noInputs(input);
  }
}

/** Why a model reads no sequences. */
export function noInputs({ kind }: InputEncoding): ConfigError {
  return kind === "series" ? new ConfigError("a model of a series reads a table", { code: "wantsTable" }) : notFitted();
}

export function notFitted(): ConfigError {
  return new ConfigError("the model's vocabulary is found by the first fit; call fit first", { code: "notFitted" });
}

function valueLists(x: unknown, size: number, naming: Naming): Inputs {
  const { at } = naming;
  const form = size === 1 ? "[time]" : `[time][${size}]`;
  const list = listOf(x, naming, form);
  const lengths = measure(list, at, (sequence, i) => {
    if (Array.isArray(sequence) || (size === 1 && isTyped(sequence))) return sequence.length;
    let hint = oneSequence(sequence, naming);
    if (typeof sequence === "string") hint = "text wants input.vocabulary";
    if (isTyped(sequence)) hint = "flat numbers are taken as { shape: [B, T, size], data }";
    throw wrongShape({ path: at(i), expected: `a sequence, ${form}`, received: show(sequence), hint });
  });
  return {
    lengths,
    at,
    spec: { name: "x", dtype: "F32", shape: [total(lengths), size] },
    write(bundle) {
      const to = bundle.f32("x");
      const hint = (value: unknown) => (typeof value === "number" ? "a step is a list of its own" : undefined);
      const destination = { to, width: size, at, hint };
      let first = 0;
      for (let i = 0; i < list.length; i++) {
        copyRows(list[i] as List, first, i, destination);
        first += lengths[i]!;
      }
      checkFinite(to, (index) => {
        const [i, t] = locate(lengths, Math.floor(index / size));
        const row = (list[i] as List)[t];
        return isList(row)
          ? { path: `${at(i)}[${t}][${index % size}]`, value: row[index % size] }
          : { path: `${at(i)}[${t}]`, value: row };
      });
    },
  };
}

function valueTensor(x: unknown, size: number, { name, at }: Naming): Inputs {
  const { shape, data } = tensorOf(
    x,
    name,
    size === 1
      ? [
          ["B", "T"],
          ["B", "T", 1],
        ]
      : [["B", "T", size]],
  );
  const lengths = equal(shape, name);
  const steps = shape[1]!;
  return {
    lengths,
    at,
    spec: { name: "x", dtype: "F32", shape: [total(lengths), size] },
    write(bundle) {
      const to = bundle.f32("x");
      copyTensor(data, name, { to, width: size });
      checkFinite(to, (index) => {
        const row = Math.floor(index / size);
        const column = size > 1 ? `[${index % size}]` : "";
        return { path: `${at(Math.floor(row / steps))}[${row % steps}]${column}`, value: data[index] };
      });
    },
  };
}

function tokenLists(x: unknown, vocabulary: Vocabulary, naming: Naming): Inputs {
  const { at } = naming;
  const list = listOf(x, naming, "text or tokens");
  const lengths = measure(list, at, (sequence, i) => {
    if (typeof sequence === "string") {
      vocabulary.checkText(sequence, at(i));
      return codePoints(sequence);
    }
    if (isList(sequence)) return sequence.length;
    const [expected, hint] = ["a sequence: text or a list of tokens", oneSequence(sequence, naming)];
    throw wrongShape({ path: at(i), expected, received: show(sequence), hint });
  });
  return {
    lengths,
    at,
    spec: { name: "tokens", dtype: vocabulary.dtype, shape: [total(lengths)] },
    write(bundle) {
      const to = bundle.tokens("tokens");
      let first = 0;
      for (let i = 0; i < list.length; i++) {
        const sequence = list[i] as List | string;
        if (typeof sequence === "string") vocabulary.encode(sequence, to, first, (t) => `${at(i)}[${t}]`);
        else copyTokens(sequence, vocabulary, to, first, (t) => `${at(i)}[${t}]`);
        first += lengths[i]!;
      }
    },
  };
}

function tokenTensor(x: unknown, vocabulary: Vocabulary, { name, at }: Naming): Inputs {
  const { shape, data } = tensorOf(x, name, [["B", "T"]]);
  const lengths = equal(shape, name);
  const steps = shape[1]!;
  return {
    lengths,
    at,
    spec: { name: "tokens", dtype: vocabulary.dtype, shape: [total(lengths)] },
    write(bundle) {
      copyTokens(data, vocabulary, bundle.tokens("tokens"), 0, (k) => `${at(Math.floor(k / steps))}[${k % steps}]`);
    },
  };
}

function copyTokens(from: List, { size }: Vocabulary, to: Tokens, first: number, place: (i: number) => string): void {
  const wrong = copyIndices(from, size, to, first);
  if (wrong < 0) return;
  const value = from[wrong];
  const hint = isList(value) ? "tokens are [time]; one-hot rows want input.size" : undefined;
  const expected = `a token from 0 to ${size - 1}`;
  throw wrongData({ path: place(wrong), expected, received: show(value), code: "unknownToken", hint });
}

/** The list that holds the sequences, at least one. */
function listOf(x: unknown, naming: Naming, each: string): readonly unknown[] {
  const { name } = naming;
  if (Array.isArray(x)) {
    if (x.length === 0) throw emptyData(name, "at least one sequence");
    return x;
  }
  const expected = `a list of sequences (${each}) or a tensor`;
  throw wrongShape({ path: name, expected, received: show(x), hint: oneSequence(x, naming) });
}

/** Where a part of a sequence came instead of a sequence. */
function oneSequence(value: unknown, { name, at }: Naming): string | undefined {
  const part = typeof value === "number" || typeof value === "string" || isTyped(value);
  // Where the argument itself is the one sequence, there is no batch.
  return part && at(0) !== name ? `the first axis is the batch: one sequence is [${name}]` : undefined;
}

type Measured = (sequence: unknown, i: number) => number;

function measure(list: readonly unknown[], at: Naming["at"], length: Measured): Int32Array {
  const lengths = new Int32Array(list.length);
  for (let i = 0; i < list.length; i++) {
    lengths[i] = length(list[i], i);
    if (lengths[i] === 0) throw emptyData(at(i), "at least one step");
  }
  return lengths;
}

function equal(shape: readonly number[], name: string): Int32Array {
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
