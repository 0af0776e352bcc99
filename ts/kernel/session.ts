/** Mirrors crates/wasm/src/session.rs: one run, as a machine that is asked for so many updates at a time. */
import { guard } from "./guard.js";
import type { Model } from "./model.js";
import type { RawKernel, RawSession } from "./raw.js";

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
  /** Updates done, batches used: over the whole run, a resumed one's former part included. */
  step: number;
  batches: number;
  recordEvery: number;
  /** The limit by the clock, which the caller of `run` has to watch. */
  seconds?: number | null;
  metrics: string[];
  warnings: string[];
}

export interface SessionEnd {
  reason: "finished" | "patience" | "target" | "stopped";
  best?: { epoch: number; validationLoss: number };
  warnings: string[];
}

export interface SessionOptions {
  data: Uint8Array;
  /** JSON. */
  run: string;
  validation?: Uint8Array | undefined;
  /** This worker's place among those that share each batch. Only the first one validates, records and saves. */
  parallel?: { workers: number; index: number } | undefined;
}

export class Session {
  readonly #raw: RawSession;
  /** `finish` takes the handle with it, whether it throws or not. */
  #gone = false;
  constructor(raw: RawSession) {
    this.#raw = raw;
  }
  static fit(kernel: RawKernel, model: Model, o: SessionOptions): Session {
    return new Session(guard(() => kernel.Session.fit(model.raw, o.data, o.run, o.validation, parallel(o))));
  }
  /** Here `run` is what the saved run changes. */
  static resume(kernel: RawKernel, model: Model, o: SessionOptions): Session {
    return new Session(guard(() => kernel.Session.resume(model.raw, o.data, o.run, o.validation, parallel(o))));
  }
  /** At most so many updates or validation batches. */
  run(units: number): number {
    return guard(() => this.#raw.run(units));
  }
  /** Rows since the last call, `8 + 2 · metrics` columns each. */
  records(): Float64Array {
    return guard(() => this.#raw.records());
  }
  info(): SessionInfo {
    return JSON.parse(guard(() => this.#raw.info()));
  }
  supply(bundle: Uint8Array): void {
    guard(() => this.#raw.supply(bundle));
  }
  /** What the other workers need of this one before the update that `needsGradients` waits for. */
  contribution(): Uint8Array {
    return guard(() => this.#raw.contribution());
  }
  merge(contribution: Uint8Array): void {
    guard(() => this.#raw.merge(contribution));
  }
  /** A checkpoint: model, optimiser, counters. */
  save(): Uint8Array {
    return guard(() => this.#raw.save());
  }
  /** The next `run` answers done. */
  stop(): void {
    guard(() => this.#raw.stop());
  }
  /** Puts the weights to keep in place; throws the DivergenceError after `diverged`. */
  finish(): SessionEnd {
    this.#gone = true;
    return JSON.parse(guard(() => this.#raw.finish()));
  }
  free(): void {
    if (!this.#gone) guard(() => this.#raw.free());
    this.#gone = true;
  }
}

function parallel(o: SessionOptions): string {
  return o.parallel ? JSON.stringify(o.parallel) : "";
}
