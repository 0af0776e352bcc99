/**
 * What a training worker takes above an empty one, in bytes, of a stack of recurrent levels with a dense layer on its last
 * state, forward, on numbers: the buffers of crates/rnn/src/arena.rs and crates/train/src/session, counted. ts/api/memory.md says
 * the same in words; test/unit/memory.test.ts holds it against the kernel, and the row "memory" against the process.
 */
import type { Shape, Task } from "./task.js";

/** Gates in a row, numbers that a step saves beside them, gates that have weights, and those on which input and state are joined. */
const cells = {
  lstm: { gates: 4, saved: 2, weights: 4, joined: 4, memory: 1 },
  gru: { gates: 4, saved: 0, weights: 3, joined: 2, memory: 0 },
  rnn: { gates: 1, saved: 0, weights: 1, joined: 1, memory: 0 },
} as const;

/** Buffers as long as the parameters that an optimiser keeps. */
export const moments = { sgd: 0, momentum: 1, rmsprop: 1, adam: 2, scheduleFree: 3, prodigy: 5 } as const;

/** What V8 takes to compile and run the code that trains, whatever the model: measured (the row "memory"), bytes. */
export const code = 17e6;

export interface Training extends Task {
  numLayers: number;
  /** Default Adam's. */
  moments?: number;
  /** 8 where `workers` are given. Their gradients are added in a tree: a buffer for each of its levels, if one worker has all. */
  shards?: number;
  /** Of the recurrent layer: every matrix of it is there twice, and a norm for each row. */
  weightNorm?: boolean;
  /** Steps of a segment, with checkpointing; "least": as many as take the least memory. */
  every?: number | "least";
}

const FLOAT = 4;
/** Panels of weights are eight outputs wide. */
const eights = (n: number) => 8 * Math.ceil(n / 8);

export interface Parts {
  /** Of weights, gradients, weights before the update, moments. */
  parameters: number;
  /** What forward keeps for backward, gradients on their way, and room to work. */
  workspace: number;
  /** The data set, and a batch gathered from it. */
  data: number;
}

export function memoryOf(training: Training): Parts {
  const { shards = 1, every } = training;
  if (every === "least") {
    const root = Math.floor(Math.sqrt(training.shape.steps)) + 1;
    const all = Array.from({ length: root }, (_, k) => memoryOf({ ...training, every: k + 1 }));
    return all.reduce((least, parts) => (total(parts) < total(least) ? parts : least));
  }
  return {
    parameters: FLOAT * parameterFloats(training) * (3 + (training.moments ?? moments.adam) + Math.log2(shards)),
    workspace: FLOAT * segmentFloats(training, Math.ceil(training.shape.batch / shards)),
    data: FLOAT * dataFloats(training.shape, Math.ceil(training.shape.batch / shards), every),
  };
}

export const total = ({ parameters, workspace, data }: Parts): number => parameters + workspace + data;

/** P: matrices [outputs, inputs] with outputs padded to eights, two biases; those that are made of others, and norms of rows. */
function parameterFloats({ cell, shape, numLayers, weightNorm }: Training): number {
  const { hiddenSize: h } = shape;
  const { weights } = cells[cell];
  let sum = eights(1) * h + 1;
  for (let level = 0; level < numLayers; level++) {
    const matrices = (inputs(shape, level) + h) * eights(weights * h);
    sum += matrices + 2 * weights * h + (weightNorm ? matrices + 2 * weights * h : 0);
  }
  return sum;
}

/** W; with checkpointing that of a segment, the states between them and two more, an output and its gradient. */
function segmentFloats(training: Training, batch: number): number {
  const { cell, shape, numLayers, every } = training;
  if (typeof every !== "number") return workspaceFloats(training, batch);
  const steps = Math.min(every, shape.steps);
  const states = (1 + cells[cell].memory) * numLayers * batch * shape.hiddenSize;
  // Where weights are before an update there is room, between two of them, for those of the state transposed.
  const lent = eights(shape.hiddenSize) * cells[cell].weights * shape.hiddenSize;
  const segment = workspaceFloats({ ...training, shape: { ...shape, steps } }, batch);
  return segment - lent + (Math.ceil(shape.steps / steps) + 1) * states + 2 * batch;
}

/** W, for B sequences of T steps: R = B·T rows. */
function workspaceFloats(training: Training, batch: number): number {
  const { cell, shape, numLayers, weightNorm } = training;
  const { hiddenSize: h, steps } = shape;
  const { gates, saved, weights, joined, memory } = cells[cell];
  const rows = batch * steps;
  /** Rows that are worked on at a time: whole steps, 256 rows at least. */
  const block = Math.max(Math.min(rows, batch + 255), batch);
  /** The most that a level reads. */
  const reads = Array.from({ length: numLayers }, (_, level) => inputs(shape, level));
  const read = Math.max(...reads);
  const kept = numLayers * rows * h * (1 + gates + saved);
  const gradients = 2 * rows * Math.max(h, shape.inputs);
  const strips = Math.max(block * Math.max(read, gates * h), batch * (read + h));
  const panels = block * eights(gates * h);
  const transposed = (eights(h) + eights(read)) * weights * h;
  // Joined where a batch has at least as many rows as there are columns.
  const cut = joined === weights || (batch > 1 && h % 8 === 0);
  const asOne = Math.max(...reads.map((read) => (cut && rows >= read + h ? (read + h) * eights(joined * h) : 0)));
  const states = 2 * (1 + memory) * numLayers * batch * h + batch * h;
  /** The parameters with the weights that a pass makes of others. */
  const made = weightNorm ? parameterFloats(training) : 0;
  return kept + gradients + strips + panels + transposed + asOne + states + made;
}

/** X: every sequence of the data set, and those of a batch in its order: of a segment, with checkpointing. */
function dataFloats({ inputs, batch: all, steps }: Shape, batch: number, every = steps): number {
  return (all * steps + batch * Math.min(every, steps)) * inputs;
}

const inputs = (shape: Shape, level: number) => (level === 0 ? shape.inputs : shape.hiddenSize);
