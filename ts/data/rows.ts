/** Rows of numbers, given as lists or as a tensor, on their way into one flat array. */

import type { DataError, RetrogradError } from "../errors.js";
import { copyNumbers, firstNonFinite, isList, type List } from "./numeric.js";
import { count, show, showShape, wrongData, wrongShape } from "./refuse.js";
import { checkTensor } from "./tensor.js";

/** Where rows go: `width` numbers each. A row whose `mask` is 0 stays as it is and may be anything. */
export interface Destination {
  readonly to: Float32Array;
  readonly width: number;
  readonly mask?: Float32Array | undefined;
  /** Path of a list of rows. */
  readonly at: (list: number) => string;
  /** Added to the message when something is no number. */
  readonly hint?: (value: unknown) => string | undefined;
}

/** Copies list number `list` of rows to the destination's rows from `first` on. A row of one number may stand without its list. */
export function copyRows(rows: List, first: number, list: number, destination: Destination): void {
  const { to, width, mask, at } = destination;
  if (width === 1 && !mask && copyNumbers(rows, to, first) < 0) return;
  for (let i = 0; i < rows.length; i++) {
    if (mask?.[first + i] === 0) continue;
    const row = rows[i];
    if (typeof row === "number" && width === 1) {
      to[first + i] = row;
      continue;
    }
    if (!isList(row) || row.length !== width) throw wrongRow(row, `${at(list)}[${i}]`, destination);
    const wrong = copyNumbers(row, to, (first + i) * width);
    if (wrong >= 0) throw noNumber(row[wrong], `${at(list)}[${i}][${wrong}]`, destination);
  }
}

function wrongRow(row: unknown, path: string, destination: Destination): RetrogradError {
  const { width, hint } = destination;
  const expected = count(width, "number");
  if (isList(row)) return wrongShape({ path, expected, received: String(row.length), hint: hint?.(row) });
  if (width === 1) return noNumber(row, path, destination);
  return wrongShape({ path, expected: `a list of ${expected}`, received: show(row), hint: hint?.(row) });
}

function noNumber(value: unknown, path: string, { hint }: Pick<Destination, "hint">): DataError {
  return wrongData({ path, expected: "a number", received: show(value), hint: hint?.(value) });
}

/** Copies the data of the tensor at `path`: all of the destination's rows. */
export function copyTensor(data: List, path: string, destination: Omit<Destination, "at">): void {
  const { to, width, mask } = destination;
  const wrong = copyNumbers(data, to, 0);
  if (wrong >= 0) throw noNumber(data[wrong], `${path}.data[${wrong}]`, destination);
  if (!mask) return;
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0) to.fill(0, row * width, (row + 1) * width);
  }
}

/** A tensor whose axes are the given ones: a size, or a letter for any. `shapes` are alternatives. */
export function tensorOf(value: unknown, path: string, shapes: (number | string)[][]): ReturnType<typeof checkTensor> {
  const found = checkTensor(value, path);
  const fits = (shape: (number | string)[]) =>
    shape.length === found.shape.length && shape.every((n, axis) => typeof n === "string" || n === found.shape[axis]);
  if (shapes.some(fits)) return found;
  const expected = `a tensor of shape ${shapes.map((shape) => `[${shape.join(", ")}]`).join(" or ")}`;
  throw wrongShape({ path, expected, received: showShape(found.shape) });
}

/** Throws DataError for the first number that is not finite, or too large for 32 bits. `find` gives its path and what stood there. */
export function checkFinite(data: Float32Array, find: (index: number) => { path: string; value: unknown }): void {
  const wrong = firstNonFinite(data);
  if (wrong >= 0) throw notFinite(find(wrong));
}

export function notFinite({ path, value }: { path: string; value: unknown }): DataError {
  const large = typeof value === "number" && Number.isFinite(value);
  const expected = large ? "a number that fits 32 bits (up to 3.4e38)" : "a finite number";
  return wrongData({ path, expected, received: show(value), code: "notFinite" });
}
