/** Tensors that come back to the user, and checks of those that come from them. */
import { elements } from "./container.js";
import { isList, type List } from "./numeric.js";
import { count, show, showShape, wrongData, wrongShape } from "./refuse.js";
import type { Nested, Tensor } from "./values.js";

class DenseTensor implements Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;

  constructor(shape: readonly number[], data: Float32Array) {
    this.shape = shape;
    this.data = data;
  }

  /** Lists in lists, as deep as there are axes; of a scalar, a list of one. */
  toArray(): Nested {
    return nest(this.data, this.shape.length > 0 ? this.shape : [1], 0, 0);
  }
}

/** Shares the data. They fill the shape: that is the caller's to know. */
export function tensor(shape: readonly number[], data: Float32Array): Tensor {
  return new DenseTensor(shape, data);
}

function nest(data: Float32Array, shape: readonly number[], axis: number, start: number): Nested {
  const length = shape[axis]!;
  if (axis === shape.length - 1) return Array.from(data.subarray(start, start + length));
  const step = elements(shape.slice(axis + 1));
  return Array.from({ length }, (_, i) => nest(data, shape, axis + 1, start + i * step));
}

/** Whether a value means to be a tensor. */
export function isTensor(value: unknown): value is { shape: unknown; data: unknown } {
  return typeof value === "object" && value !== null && "shape" in value && "data" in value;
}

/** A user's tensor with its shape and data checked against each other. Its elements are not looked at. */
export function checkTensor(value: unknown, path: string): { shape: readonly number[]; data: List } {
  if (!isTensor(value)) throw wrongData({ path, expected: "a tensor { shape, data }", received: show(value) });
  const { shape, data } = value;
  if (!Array.isArray(shape) || !shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    const received = Array.isArray(shape) ? showShape(shape) : show(shape);
    throw wrongShape({ path: `${path}.shape`, expected: "a list of sizes", received });
  }
  if (!isList(data)) throw wrongData({ path: `${path}.data`, expected: "a list of numbers", received: show(data) });
  const size = elements(shape);
  if (data.length !== size) {
    throw wrongShape({
      path: `${path}.data`,
      expected: `${count(size, "number")} (shape ${showShape(shape)})`,
      received: String(data.length),
    });
  }
  return { shape, data };
}
