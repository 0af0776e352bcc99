/**
 * A kernel of a few lines for tests of what stands around it: calls, slices, death. It trains nothing; its runs count.
 * How it behaves is told in the run's JSON.
 */
import type { Finder } from "../../../ts/kernel/finder.js";
import type { Generator } from "../../../ts/kernel/generator.js";
import type { Kernel } from "../../../ts/kernel/kernel.js";
import type { Learner } from "../../../ts/kernel/learner.js";
import type { Model } from "../../../ts/kernel/model.js";
import type { Reader } from "../../../ts/kernel/reader.js";
import type { Session } from "../../../ts/kernel/session.js";
import type { Trainer } from "../../../ts/kernel/trainer.js";

export interface FakeRun {
  steps?: number;
  /** Milliseconds that one update keeps the thread busy. */
  busy?: number;
  stepsPerEpoch?: number;
  metrics?: string[];
  recordEvery?: number;
  seconds?: number;
  /** The update at which the instance traps, or diverges. */
  trapAt?: number;
  divergeAt?: number;
  /** Wants each batch from the caller. */
  batches?: boolean;
  refuse?: boolean;
  /** Numbers in a worker's share. */
  share?: number;
}

export const record = (message: string, more: object = {}) =>
  JSON.stringify({ class: "ConfigError", code: "wrong", message, path: "steps", ...more });

/** Handles that nobody has freed. */
export const alive = new Set<object>();

function opened<T extends { free(): void }>(handle: T): T {
  alive.add(handle);
  const { free } = handle;
  handle.free = () => {
    alive.delete(handle);
    free.call(handle);
  };
  return handle;
}

const json = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

class FakeModel {
  weights = 0;
  /** A run to go on with: there is one from the start, which a session takes and its end gives back. */
  saved = true;
  constructor(readonly text: string) {}
  description() {
    return this.text;
  }
  setOwnLoss() {}
  parameterCount() {
    return 7;
  }
  summary() {
    return "a fake";
  }
  parameters() {
    return bytes({ weights: this.weights });
  }
  setParameters(bundle: Uint8Array) {
    this.weights = json(bundle).weights;
  }
  save(training: boolean) {
    return bytes({ description: this.text, weights: this.weights, training });
  }
  predict(bundle: Uint8Array, options: string) {
    if (options === "trap") throw new WebAssembly.RuntimeError("unreachable");
    if (options === "refuse") throw record("predict: no", { expected: "yes", received: "no", step: 3 });
    return bytes({ got: json(bundle), weights: this.weights });
  }
  evaluate(data: Reader) {
    whole(data);
    return JSON.stringify({ loss: this.weights, rmse: null });
  }
  gradients(bundle: Uint8Array) {
    return bundle;
  }
  forecast(bundle: Uint8Array) {
    return bundle;
  }
  free() {}
}

/** Knows how many there are that nobody has taken. */
export class FakeReader {
  static left = 0;
  fed: Uint8Array[] = [];
  constructor(readonly length: number) {
    FakeReader.left++;
  }
  feed(piece: Uint8Array) {
    if (piece[0] === 255) throw record("data: no");
    this.fed.push(piece.slice());
  }
  taken() {
    FakeReader.left--;
    return this.fed.reduce((sum, piece) => sum + piece.length, 0) === this.length;
  }
  free() {
    FakeReader.left--;
  }
}

/** Uses a reader up, as the calls that take one do. */
function whole(data: Reader): void {
  if (!(data as FakeReader).taken()) throw new Error("the data are not whole");
}

class FakeSession implements Session {
  done = 0;
  stopped = false;
  gone = false;
  rows: number[] = [];
  batch: unknown;
  used = 0;
  given = 1;
  constructor(
    readonly model: FakeModel,
    readonly run_: FakeRun,
    readonly workers: number,
  ) {}

  run(steps: number) {
    for (let i = 0; i < steps; i++) {
      if (this.stopped || this.done >= (this.run_.steps ?? 10)) return 1;
      if (this.run_.batches && this.batch === undefined) return 3;
      if (this.workers > 1 && this.given < this.workers) return 4;
      this.update();
      if (this.done === this.run_.divergeAt) return 2;
    }
    return 0;
  }

  private update() {
    const { busy = 0, trapAt, stepsPerEpoch = 5, metrics = [] } = this.run_;
    const end = performance.now() + busy;
    while (performance.now() < end);
    this.done++;
    if (this.done === trapAt) {
      (globalThis as { __retrogradPanic?: (text: string) => void }).__retrogradPanic?.("panicked at fake.rs:1: broken");
      throw new WebAssembly.RuntimeError("unreachable");
    }
    this.model.weights++;
    this.batch = undefined;
    this.given = 1;
    const epoch = Math.ceil(this.done / stepsPerEpoch);
    const none = metrics.map(() => Number.NaN);
    this.rows.push(0, epoch, this.done, 1 / this.done, 2, 0, 0.1, Number.NaN, ...none, ...none);
    if (this.done % stepsPerEpoch === 0) {
      this.rows.push(
        1,
        epoch,
        this.done,
        1 / this.done,
        2,
        0,
        0.1,
        0.5,
        ...metrics.map((_, i) => i),
        ...metrics.map((_, i) => 10 + i),
      );
    }
  }

  records() {
    return Float64Array.from(this.rows.splice(0));
  }
  info() {
    const { steps = 10, stepsPerEpoch = 5, metrics = [], recordEvery = 1, seconds } = this.run_;
    return JSON.stringify({
      epochs: steps / stepsPerEpoch,
      steps,
      step: this.done,
      epoch: 0,
      batches: this.used,
      recordEvery,
      seconds,
      metrics,
      warnings: ["careful"],
    });
  }
  supply(bundle: Uint8Array) {
    const { end } = json(bundle);
    if (end) return;
    this.batch = bundle;
    this.used++;
  }
  step() {
    return this.done;
  }
  shareLength() {
    return this.run_.share ?? 2;
  }
  give(share: Float32Array) {
    share.set([this.done, -this.done]);
  }
  take(worker: number, share: Float32Array) {
    if (share[0] !== this.done || share[1] !== -this.done) throw new Error(`worker ${worker} is out of step`);
    this.given++;
  }
  save() {
    return bytes({ checkpoint: this.done });
  }
  stop() {
    this.stopped = true;
  }
  finish() {
    this.gone = true;
    this.model.saved = true;
    alive.delete(this);
    if (this.done === this.run_.divergeAt)
      throw record("diverged", { class: "DivergenceError", code: "diverged", step: this.done });
    return JSON.stringify({ reason: this.stopped ? "stopped" : "finished", warnings: [] });
  }
  free() {
    // As in wasm-bindgen: the handle went with finish.
    if (this.gone) throw new Error("null pointer passed to rust");
  }
}

const open = (model: Model, data: Reader, run: string, validation?: Reader | null, parallel = "") => {
  whole(data);
  if (validation) whole(validation);
  const wanted: FakeRun = JSON.parse(run);
  if (wanted.refuse)
    throw record("steps: expected a positive integer, got -1", { expected: "a positive integer", received: "-1" });
  return opened(new FakeSession(model as FakeModel, wanted, parallel ? JSON.parse(parallel).workers : 1));
};

export const fakeKernel: Kernel = {
  Model: {
    create: (text) => {
      const { seed } = JSON.parse(text);
      if (seed === -1) throw record("seed: expected 0 or more, got -1", { path: "seed" });
      return opened(new FakeModel(text));
    },
    load: (file) => {
      const model = opened(new FakeModel(json(file).description));
      model.weights = json(file).weights;
      return model;
    },
  },
  Reader: FakeReader,
  Session: {
    fit: open,
    resume: (...args) => {
      const model = args[0] as FakeModel;
      if (!model.saved) throw record("the model holds no saved run", { code: "nothingToResume" });
      const session = open(...args);
      model.saved = false;
      return session;
    },
  },
  Trainer: {
    open: () => opened<Trainer>({ step: (bundle) => bundle, apply() {}, free() {} }),
  },
  Learner: {
    open: () => {
      let bundle: Uint8Array | undefined;
      let left = 0;
      return opened<Learner>({
        step: (x, y) => Float32Array.of(...x, y ? 0.5 : Number.NaN),
        /** JSON of the number of steps; of anything else it traps. */
        begin: (given) => {
          bundle = given;
          left = Number(json(given));
          if (left < 0) throw record("x: no", { path: "x" });
        },
        advance: (steps) => {
          if (Number.isNaN(left)) throw new WebAssembly.RuntimeError("unreachable");
          left -= steps;
          return left > 0 ? undefined : bundle;
        },
        reset() {},
        free() {},
      });
    },
  },
  Generator: {
    open: (_model, options) => {
      let left: number = JSON.parse(options).length ?? 100;
      return opened<Generator>({
        next: (count) => Uint32Array.from({ length: Math.min(count, left) }, () => left--),
        state: () => bytes({ left }),
        free() {},
      });
    },
  },
  /** Goes on for as many steps as `range` says. */
  Finder: {
    open: (_model, data, range, run) => {
      whole(data);
      if (JSON.parse(run).refuse) throw record("steps: no");
      const steps: number = JSON.parse(range).steps;
      const rates: number[] = [];
      const finder = opened<Finder>({
        run: (count) => {
          for (let i = 0; i < count && rates.length < steps; i++) rates.push(rates.length + 1);
          return rates.length >= steps;
        },
        finish: () => {
          finder.free();
          return JSON.stringify({ rates, losses: rates, smoothed: rates, suggestion: null });
        },
        free() {},
      });
      return finder;
    },
  },
};
