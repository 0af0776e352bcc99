/**
 * The measured step: many to one on random data, one recurrent layer and a dense layer on its last state, mean squared
 * error, forward, backward and Adam. The batch stays the same, so that the loss must fall.
 */
import { mulberry32 } from "./problems/random.js";

export type Cell = "lstm" | "gru" | "rnn";

export interface Shape {
  hiddenSize: number;
  batch: number;
  steps: number;
  inputs: number;
}

export interface Task {
  cell: Cell;
  shape: Shape;
}

const task = (cell: Cell, [hiddenSize, batch, steps, inputs]: [number, number, number, number]): Task => ({
  cell,
  shape: { hiddenSize, batch, steps, inputs },
});

const three = (...sizes: [number, number, number, number]) =>
  (["lstm", "gru", "rnn"] as const).map((cell) => task(cell, sizes));

export const small = three(64, 32, 50, 8);
export const middle = three(128, 64, 100, 32);
export const large = three(256, 64, 100, 64);
export const nine = [...small, ...middle, ...large];
export const largest = task("lstm", [512, 64, 50, 128]);
/** One sequence: products of a matrix and a vector. */
export const single = three(32, 1, 50, 1);

/** As rows are called: `lstm 64,32,50,8`. */
export function label({ cell, shape: s }: Task): string {
  return `${cell} ${s.hiddenSize},${s.batch},${s.steps},${s.inputs}`;
}

export const adamOptions = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** U(-1, 1), the same in each run. Leaves nothing behind: a row measures memory. */
export function draw(length: number, seed = 20261124): Float32Array {
  const random = mulberry32(seed);
  const numbers = new Float32Array(length);
  for (let i = 0; i < length; i++) numbers[i] = random.uniform(-1, 1);
  return numbers;
}

/** Whole numbers below `below`, the same in each run. */
export function drawIndices(length: number, below: number, seed = 20261124): Int32Array {
  const random = mulberry32(seed);
  return Int32Array.from({ length }, () => random.integer(0, below - 1));
}

/** x [batch, steps, inputs] and y [batch]. */
export function data({ batch, steps, inputs }: Shape): { x: Float32Array; y: Float32Array } {
  return { x: draw(batch * steps * inputs), y: draw(batch, 1) };
}

/** The same in the form that Retrograd takes. */
export function samples(shape: Shape) {
  const { x, y } = data(shape);
  return { x: { shape: [shape.batch, shape.steps, shape.inputs], data: x }, y };
}

export const gates = { lstm: 4, gru: 3, rnn: 1 };

/**
 * Multiplications and additions of a recurrent layer's matrix products in one step: forward T(H + I), gradient of the weights
 * T(H + I), gradient of the states (T - 1)H, each G·H·B times; above another layer also the gradient of its inputs, T·I.
 * Activations, biases and the optimiser are not counted.
 */
export function layerFlops(cell: Cell, { hiddenSize: h, batch: b, steps: t, inputs: i }: Shape, above = false): number {
  return 2 * gates[cell] * h * b * (2 * t * (h + i) + (t - 1) * h + (above ? t * i : 0));
}

export const flops = ({ cell, shape }: Task) => layerFlops(cell, shape);

/** Of a dense layer above another one: forward, gradient of the weights, gradient of the inputs. */
export const denseFlops = (rows: number, inputs: number, outputs: number) => 6 * rows * inputs * outputs;

/** Parameters by name, as Retrograd and PyTorch store them. */
export type Weights = Record<string, { shape: readonly number[]; data: Float32Array }>;
