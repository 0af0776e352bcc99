/** Small made-up data and models for the tests of the package. */
import { createHash } from "node:crypto";
import type { Worker } from "node:worker_threads";
import { createModel, dense, gru, type Model, type ModelDescription, type Runtime, type Tensor } from "retrograd";
import { afterEach, vi } from "vitest";

const open: Model[] = [];
afterEach(async () => {
  for (const model of open.splice(0)) await model.dispose();
});

/** A model that is disposed of after the test. */
export async function make(description: ModelDescription, runtime?: Runtime): Promise<Model> {
  return kept(await createModel(description, runtime));
}

export function kept(model: Model): Model {
  open.push(model);
  return model;
}

/** Gestures of differing length in two classes, which differ in the sign of the second column. */
export function gestures(count: number): { x: number[][][]; y: string[] } {
  const sign = (i: number) => (i % 2 ? 1 : -1);
  const step = (i: number, t: number) => [Math.sin(i + t), sign(i) * (0.5 + 0.3 * Math.cos(3 * i + t))];
  const x = Array.from({ length: count }, (_, i) => Array.from({ length: 4 + (i % 4) }, (_, t) => step(i, t)));
  return { x, y: x.map((_, i) => (i % 2 ? "up" : "down")) };
}

export const classifier: ModelDescription = {
  input: { size: 2, scale: "standard" },
  layers: [gru({ hiddenSize: 6, bidirectional: true, numLayers: 2, dropout: 0.1 }), dense()],
  output: { at: "last", classes: ["up", "down"] },
  seed: 5,
};

/** Sums of what was read so far, at every step. */
export function sums(count: number, steps = 6): { x: number[][][]; y: number[][][] } {
  const x = Array.from({ length: count }, (_, i) => Array.from({ length: steps }, (_, t) => [Math.sin(7 * i + 3 * t)]));
  const y = x.map((sequence) => {
    let sum = 0;
    return sequence.map(([v]) => {
      sum += 0.3 * (v as number);
      return [sum];
    });
  });
  return { x, y };
}

export const summer: ModelDescription = {
  input: { size: 1 },
  layers: [gru({ hiddenSize: 8 }), dense({ units: 1 })],
  output: { at: "every", size: 1 },
  seed: 3,
};

export const verse = "the rose is red, the violet's blue, the honey's sweet, and so are you. ".repeat(30);

/** One digest of all weights, to the bit. */
export async function digest(model: Model): Promise<string> {
  const hash = createHash("sha256");
  for (const [name, tensor] of Object.entries(await model.parameters())) {
    hash.update(name).update(bits(tensor));
  }
  return hash.digest("hex");
}

export function bits({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The threads that are started from here on; call vi.restoreAllMocks after the test. */
export function threads(): Worker[] {
  const made: Worker[] = [];
  const own = process.getBuiltinModule("node:worker_threads");
  startedAs(
    class extends own.Worker {
      constructor(...a: ConstructorParameters<typeof Worker>) {
        super(...a);
        made.push(this);
      }
    },
  );
  return made;
}

/** Threads that are started from here on know no shared memory, as in a page that is not isolated; call vi.restoreAllMocks after the test. */
export function withoutSharedMemory(): void {
  const own = process.getBuiltinModule("node:worker_threads");
  startedAs(
    class extends own.Worker {
      constructor(script: string | URL, options: ConstructorParameters<typeof Worker>[1]) {
        super(`delete globalThis.SharedArrayBuffer;\n${script}`, options);
      }
    },
  );
}

/** What a thread is to the package. */
function startedAs(Thread: typeof Worker): void {
  const original = process.getBuiltinModule;
  const threads = { ...original("node:worker_threads"), Worker: Thread };
  const found = (name: string) => (name === "node:worker_threads" ? threads : original(name as never));
  vi.spyOn(process, "getBuiltinModule").mockImplementation(found as typeof original);
}
