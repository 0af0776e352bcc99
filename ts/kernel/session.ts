/** Mirrors crates/wasm/src/session.rs: one run, as a machine that is asked for so many updates at a time. */
import type { Model } from "./model.js";
import type { Reader } from "./reader.js";

export const Status = { running: 0, done: 1, diverged: 2, needsBatch: 3, needsGradients: 4 } as const;

/** Columns of a record: these, then a value for each metric, then one for each metric on the validation part. */
export const Column = {
  kind: 0, // 0 an update, 1 an epoch
  epoch: 1,
  step: 2,
  loss: 3,
  gradientNorm: 4,
  clipped: 5,
  learningRate: 6,
  validationLoss: 7, // NaN: not validated
  metrics: 8,
} as const;

export interface SessionInfo {
  /** Planned; null: nobody knows. */
  epochs: number | null;
  steps: number | null;
  /** Updates and epochs done, a resumed run's former part included; batches done of the current epoch, which is a source's pass. */
  step: number;
  epoch: number;
  batches: number;
  recordEvery: number;
  /** The limit by the clock, which the caller of `run` has to watch. */
  seconds?: number | null;
  metrics: string[];
  warnings: string[];
}

export interface SessionEnd {
  reason: "finished" | "patience" | "target" | "gradientNorm" | "minImprovement" | "stopped";
  best?: { epoch: number; validationLoss: number };
  warnings: string[];
}

export interface Session {
  /** At most so many updates or validation batches; the answer is a Status. */
  run(units: number): number;
  /** Rows since the last call, `8 + 2 · metrics` columns each. */
  records(): Float64Array;
  /** Updates done, over the whole run. */
  step(): number;
  /** JSON of a SessionInfo. */
  info(): string;
  /** The batch that `needsBatch` waits for, or a bundle of kind `end`. */
  supply(bundle: Uint8Array): void;
  /** How many numbers `worker` shares at each update. */
  shareLength(worker: number): number;
  /** After `needsGradients`: copies this worker's share of the batch to an array of its length; another's from one. */
  give(share: Float32Array): void;
  take(worker: number, share: Float32Array): void;
  /** A checkpoint: model, optimiser, counters. */
  save(): Uint8Array;
  /** The run comes to its end at once, that is in the next calls of `run`. */
  stop(): void;
  /** Puts the weights to keep in place. JSON of a SessionEnd; throws the DivergenceError. The handle is gone after this. */
  finish(): string;
  free(): void;
}

export interface Sessions {
  /** Readers are gone after this. `parallel`: empty, or JSON of this worker's place among those that share each batch. Only the first validates and records. */
  fit(model: Model, data: Reader, run: string, validation: Reader | null | undefined, parallel: string): Session;
  /** `changes`: JSON of what the saved run shall do otherwise. */
  resume(model: Model, data: Reader, changes: string, validation: Reader | null | undefined, parallel: string): Session;
}
