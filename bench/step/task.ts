/**
 * The measured step: many to one on random data, one recurrent layer and a dense layer on its last state, mean squared
 * error, forward, backward and Adam. The batch stays the same, so that the loss must fall.
 */
import { mulberry32 } from "../problems/random.js";

export type Cell = "lstm" | "gru" | "rnn";
export const cells: readonly Cell[] = ["lstm", "gru", "rnn"];

export const shape = { hiddenSize: 64, batch: 32, steps: 50, inputs: 8 };

export const adamOptions = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** x [batch, steps, inputs] and y [batch], U(-1, 1). */
export function data(): { x: Float32Array; y: Float32Array } {
  const random = mulberry32(20261124);
  const draw = (length: number) => Float32Array.from({ length }, () => random.uniform(-1, 1));
  return { x: draw(shape.batch * shape.steps * shape.inputs), y: draw(shape.batch) };
}

const gates = { lstm: 4, gru: 3, rnn: 1 };

/**
 * Multiplications and additions of the recurrent layer's matrix products in one step: forward T(H + I), gradient of the
 * weights T(H + I), gradient of the states (T - 1)H, each G·H·B times. Activations, dense layer and Adam are not counted.
 */
export function flops(cell: Cell): number {
  const { hiddenSize: h, batch: b, steps: t, inputs: i } = shape;
  return 2 * gates[cell] * h * b * (2 * t * (h + i) + (t - 1) * h);
}

/** Parameters by name, as Retrograd and PyTorch store them. */
export type Weights = Record<string, { shape: readonly number[]; data: Float32Array }>;

/** One library, set up for a cell from given weights. */
export interface Contestant {
  /** Trains on, so many steps more; the loss before each update, in order. */
  train(steps: number): Promise<number[]>;
  close(): Promise<void>;
}

export interface Library {
  name: string;
  version: string;
  /** How it ran: back end, threads, what a measurement includes. */
  about: string;
  open(cell: Cell, start: Weights, options?: { bias?: boolean }): Promise<Contestant>;
}
