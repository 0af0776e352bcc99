/** Weights of targets: one for each sequence, or one for each step. */

import { type Inputs, total } from "./batch.js";
import { type Encoding, targetsAt } from "./encoding.js";
import { copyNumbers, isList, type List } from "./numeric.js";
import { count, show, wrongData, wrongShape } from "./refuse.js";
import { notFinite } from "./rows.js";

const NAME = "sampleWeight";

/** One for each target: [B] where a sequence has one, [rows] where each step has. Throws ShapeError and DataError. */
export function readWeights(
  weights: unknown,
  encoding: Encoding,
  { lengths, at: path }: Inputs,
  name = NAME,
): Float32Array {
  const at = targetsAt(encoding);
  const each = at === "every" ? "a number or a list of them for each sequence" : "a number for each sequence";
  if (!isList(weights)) throw wrongData({ path: name, expected: `a list: ${each}`, received: show(weights) });
  if (weights.length !== lengths.length) {
    const expected = `${count(lengths.length, "weight")}, one for each sequence of x`;
    throw wrongShape({ path: name, expected, received: String(weights.length) });
  }
  const result = new Float32Array(at === "every" ? total(lengths) : lengths.length);
  let first = 0;
  for (let i = 0; i < weights.length; i++) {
    const [weight, steps] = [weights[i] as unknown, at === "every" ? lengths[i]! : 1];
    if (typeof weight === "number") {
      result.fill(checked(weight, `${name}[${i}]`), first, first + steps);
    } else if (at === "every" && isList(weight)) {
      if (weight.length !== steps) {
        const expected = `${count(steps, "weight")}, one for each step of ${path(i)}`;
        throw wrongShape({ path: `${name}[${i}]`, expected, received: String(weight.length) });
      }
      copyWeights(weight, result, first, `${name}[${i}]`);
    } else {
      const hint = isList(weight) ? whyOne(encoding) : undefined;
      throw wrongData({
        path: `${name}[${i}]`,
        expected: each.replace(" for each sequence", ""),
        received: show(weight),
        hint,
      });
    }
    first += steps;
  }
  if (!result.some((weight) => weight > 0)) {
    throw wrongData({ path: name, expected: "at least one weight above 0", received: "none" });
  }
  return result;
}

/** Why a sequence has one weight and not one for each step. */
function whyOne({ output }: Encoding): string {
  if (output.at === "every") return 'the loss is "ctc": the labels of a sequence are one target';
  return 'output.at is "last": a sequence has one target';
}

function copyWeights(from: List, to: Float32Array, first: number, path: string): void {
  const wrong = copyNumbers(from, to, first);
  const end = wrong < 0 ? from.length : wrong + 1;
  for (let t = 0; t < end; t++) checked(from[t], `${path}[${t}]`);
}

function checked(value: unknown, path: string): number {
  if (typeof value === "number" && value >= 0 && Number.isFinite(Math.fround(value))) return value;
  if (typeof value === "number" && !(value < 0)) throw notFinite({ path, value });
  throw wrongData({ path, expected: "a number from 0", received: show(value) });
}
