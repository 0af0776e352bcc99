/**
 * The kernel without its worker: sessions and learners that are stepped in the calling thread, with no messages in between.
 * In any runtime; tree.ts knows where a kernel comes from. This folder is the one place of bench/ that looks behind the package.
 */
import type { ModelDescription, OnlineOptions, RunDescription, Samples } from "retrograd";
import type { encodingOf } from "../../ts/data/encoding.js";
import type { encodeSamples, encodeStream } from "../../ts/data/samples.js";
import type { load } from "../../ts/kernel/load.js";
import type { Model } from "../../ts/kernel/model.js";
import type { Reader } from "../../ts/kernel/reader.js";
import type { Asking } from "../../ts/worker/asking.js";
import type { OwnLosses } from "../../ts/worker/ownLosses.js";
import { type Contestant, repeated } from "../rounds.js";

/** What is taken from a tree's ts/. */
export interface Parts {
  load: typeof load;
  encodingOf: typeof encodingOf;
  encodeSamples: typeof encodeSamples;
  encodeStream: typeof encodeStream;
  /** Not in a commit from before there were any, or before calls of them were marked. */
  OwnLosses?: typeof OwnLosses;
  Asking?: typeof Asking;
}

/** Milliseconds of a call into wasm: the worker's are as long (ts/worker/slices.ts). */
const SLICE = 9;
/** More updates than any measurement makes. */
const WITHOUT_END = 100_000_000;

export class Bare {
  readonly #parts: Parts;
  readonly #kernel: ReturnType<typeof load>;

  constructor(parts: Parts, module: WebAssembly.Module) {
    this.#parts = parts;
    this.#kernel = parts.load(module);
  }

  /** Training on the whole batch at every step, where `options` do not say otherwise. */
  training(description: ModelDescription, samples: Samples, options: RunDescription): Contestant {
    const { model, encoding } = this.#create(description);
    const run = JSON.stringify({ steps: WITHOUT_END, batchSize: "full", ...options });
    const data = this.#read(this.#parts.encodeSamples(samples, encoding));
    const session = this.#kernel.Session.fit(model, data, run, undefined, "");
    const { metrics } = JSON.parse(session.info()) as { metrics: string[] };
    let slice = 1;
    return {
      async run(steps) {
        const begun = performance.now();
        for (let left = steps; left > 0; ) {
          const units = Math.min(left, slice);
          const start = performance.now();
          if (session.run(units) !== 0) throw new Error("the kernel's run ended before its time");
          const took = Math.max(performance.now() - start, 0.01);
          slice = Math.max(1, Math.min(2 * slice, Math.floor((units * SLICE) / took)));
          left -= units;
        }
        const ms = performance.now() - begun;
        return { ms, losses: losses(session.records(), 8 + 2 * metrics.length) };
      },
      close() {
        session.free();
        model.free();
      },
    };
  }

  /** Online learning; a call goes over the whole stream. x: a list of steps, y: a target for each. */
  stream(
    description: ModelDescription,
    options: OnlineOptions,
    x: readonly Float32Array[],
    y: Float32Array,
  ): Contestant {
    const { model, encoding } = this.#create(description);
    const learner = this.#kernel.Learner.open(model, JSON.stringify(options));
    const bundle = this.#parts.encodeStream(x, y, encoding);
    return repeated(
      // Of a commit from before the slices, which --against may name, the whole is one call.
      "run" in learner
        ? () => void (learner as unknown as { run(bundle: Uint8Array): void }).run(bundle)
        : () => {
            learner.begin(bundle);
            learner.advance(WITHOUT_END);
          },
      () => model.free(),
    );
  }

  /** One step of inference a call. */
  inference(description: ModelDescription, options: OnlineOptions, x: Float32Array): Contestant {
    const { model } = this.#create(description);
    const learner = this.#kernel.Learner.open(model, JSON.stringify(options));
    return {
      async run(steps) {
        const begun = performance.now();
        for (let k = 0; k < steps; k++) learner.step(x);
        return { ms: performance.now() - begun, losses: [] };
      },
      close: () => model.free(),
    };
  }

  #read(bundle: Uint8Array): Reader {
    // A commit before there were readers took the bytes.
    if (!this.#kernel.Reader) return bundle as unknown as Reader;
    const reader = new this.#kernel.Reader(bundle.length);
    reader.feed(bundle);
    return reader;
  }

  #create(description: ModelDescription): { model: Model; encoding: ReturnType<typeof encodingOf> } {
    const model = this.#kernel.Model.create(JSON.stringify(description));
    const { OwnLosses, Asking } = this.#parts;
    // Told to nobody.
    const asking =
      Asking &&
      new Asking(
        () => {},
        () => performance.now(),
      );
    if (OwnLosses) new OwnLosses(asking!).give(model);
    return { model, encoding: this.#parts.encodingOf(JSON.parse(model.description())) };
  }
}

/** Of the rows of updates. Columns: ts/kernel/session.ts. */
function losses(records: Float64Array, columns: number): number[] {
  const list: number[] = [];
  for (let at = 0; at < records.length; at += columns) if (records[at] === 0) list.push(records[at + 3]!);
  return list;
}
