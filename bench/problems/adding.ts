/**
 * The adding problem: two numbers of a long sequence are marked, one in each half; their sum is wanted at the end.
 *
 * Source: Hochreiter and Schmidhuber 1997, experiment 4, in the form used since: values from U(-1, 1), marks 0 and 1,
 * target the plain sum.
 */
import { type Draw, stream } from "./random.js";

/** For a model of `input: { size: 2 }` and `output: { at: "last", size: 1 }`. */
export interface Adding {
  /** [count, length, 2]: the value and its mark. */
  x: { shape: [number, number, number]; data: Float32Array };
  /** [count]. */
  y: Float32Array;
}

/** Mean squared error of always answering 0: the variance of a sum of two values. */
export const addingBaseline = 2 / 3;

export function adding({ length = 100, ...draw }: Draw & { length?: number }): Adding {
  if (length < 2) throw new RangeError(`length: expected 2 or more, got ${length}`);
  const random = stream(draw);
  const data = new Float32Array(draw.count * length * 2);
  const y = new Float32Array(draw.count);
  const half = Math.floor(length / 2);
  for (let row = 0; row < draw.count; row++) {
    const at = (step: number) => (row * length + step) * 2;
    for (let step = 0; step < length; step++) data[at(step)] = random.uniform(-1, 1);
    for (const step of [random.integer(0, half - 1), random.integer(half, length - 1)]) {
      data[at(step) + 1] = 1;
      y[row]! += data[at(step)]!;
    }
  }
  return { x: { shape: [draw.count, length, 2], data }, y };
}

/** Mean squared error, and the share of answers within .04: the original counts a sequence as solved then. */
export function scoreAdding(answers: ArrayLike<number>, y: ArrayLike<number>): { mse: number; solved: number } {
  if (answers.length !== y.length) throw new RangeError(`${answers.length} answers to ${y.length} sequences`);
  let squares = 0;
  let solved = 0;
  for (let row = 0; row < y.length; row++) {
    const error = answers[row]! - y[row]!;
    squares += error * error;
    if (Math.abs(error) < 0.04) solved++;
  }
  return { mse: squares / y.length, solved: solved / y.length };
}
