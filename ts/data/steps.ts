/** One time step of one sequence, for a learner. */
import type { Encoding } from "./encoding.js";
import { noInputs, notFitted } from "./inputs.js";
import { copyNumbers, isList, type List } from "./numeric.js";
import { count, show, wrongData, wrongShape } from "./refuse.js";
import { checkFinite } from "./rows.js";

/** The input of one step: [size], or the token's index. Throws ShapeError and DataError. */
export function encodeStep(x: unknown, { input }: Encoding): Float32Array {
  if (input.kind === "values") return numbers(x, input.size, "x");
  if (input.kind !== "tokens") throw noInputs(input);
  const { vocabulary } = input;
  const to = new Uint32Array(1);
  if (typeof x === "string" && [...x].length === 1) {
    vocabulary.checkText(x, "x");
    vocabulary.encode(x, to, 0, () => "x");
  } else if (typeof x === "number" && Number.isInteger(x) && x >= 0 && x < vocabulary.size) {
    to[0] = x;
  } else {
    throw wrongData({
      path: "x",
      expected: `a token from 0 to ${vocabulary.size - 1}`,
      received: show(x),
      code: "unknownToken",
    });
  }
  return Float32Array.from(to);
}

/** The target of one step: [size], or the class's index; undefined for one that stands for none. */
export function encodeStepTarget(y: unknown, { output }: Encoding): Float32Array | undefined {
  if (output.kind === "values") return numbers(y, output.size, "y");
  if (!output.labels) throw notFitted();
  if (output.kind === "classes" && output.targets !== undefined) return numbers(y, output.labels.size, "y");
  if (output.labels.ignores(y)) return undefined;
  return Float32Array.of(output.labels.index(y, "y"));
}

function numbers(value: unknown, size: number, path: string): Float32Array {
  const list: List = typeof value === "number" && size === 1 ? [value] : (value as List);
  const expected = size === 1 ? "a number" : `a list of ${count(size, "number")}`;
  if (!isList(list)) throw wrongShape({ path, expected, received: show(value) });
  if (list.length !== size) throw wrongShape({ path, expected: count(size, "number"), received: String(list.length) });
  const to = new Float32Array(size);
  const place = (i: number) => (list === value ? `${path}[${i}]` : path);
  const wrong = copyNumbers(list, to, 0);
  if (wrong >= 0) throw wrongData({ path: place(wrong), expected: "a number", received: show(list[wrong]) });
  checkFinite(to, (i) => ({ path: place(i), value: list[i] }));
  return to;
}
