/** One run on several workers: to the bits of one worker, through shared memory and by messages; and what interrupts it. */
import type { Worker } from "node:worker_threads";
import { type Data, loadModel, type ModelDescription, type Run } from "retrograd";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ports } from "./ports.js";
import { classifier, digest, gestures, kept, make, sleep, summer, sums, threads, verse } from "./support.js";

type Options = NonNullable<Parameters<Awaited<ReturnType<typeof make>>["fit"]>[1]>;

const writer: ModelDescription = {
  input: { vocabulary: [...new Set(verse)].sort() },
  layers: [{ kind: "lstm", hiddenSize: 6 }, { kind: "dense" }],
};
function* batches(start = 0) {
  const { x, y } = sums(60);
  // The last one has fewer samples than there are shards.
  for (let i = start; i < 12; i++)
    yield { x: x.slice(5 * i, i < 11 ? 5 * i + 5 : 57), y: y.slice(5 * i, i < 11 ? 5 * i + 5 : 57) };
}
const tasks: [string, ModelDescription, Data, Options][] = [
  ["a classifier with validation", classifier, gestures(40), { epochs: 3, batchSize: 16, validationSplit: 0.2 }],
  ["a batch of fewer samples than shards", summer, sums(10), { epochs: 4, batchSize: 5 }],
  ["a text whose state is carried", writer, verse, { steps: 20, batchSize: 12, window: 20, carryState: true }],
  ["a source of batches", summer, batches, { steps: 12 }],
];
/** Seconds that a worker blocks at a time while it waits for others (ts/worker/exchange.ts). */
const BLOCKING = 0.05;
/** The first worker alone looks at it, for longer than that. */
const long = sums(8000, 60);

describe.each([
  ["in shared memory", true],
  ["by messages", false],
])("workers that meet %s", (_, shared) => {
  beforeEach(() => {
    if (!shared) vi.stubGlobal("SharedArrayBuffer", undefined);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it.each(tasks)("give the bits of one: %s", async (_, description, data, options) => {
    const run = async (workers: number) => {
      const model = await make(description, { workers });
      const history = await model.fit(data, options);
      const epochs = history.epochs.map(({ loss, metrics, validationLoss }) => [loss, metrics, validationLoss]);
      return [await digest(model), ...history.steps.loss, ...history.steps.gradientNorm, epochs];
    };
    const alone = await run(1);
    for (const workers of [2, 3, 8]) expect(await run(workers), `${workers} workers`).toEqual(alone);
  });

  it("go on from a checkpoint of another number, while the state is carried", async () => {
    const options = { steps: 24, batchSize: 12, window: 20, carryState: true };
    const whole = await make(writer, { workers: 1 });
    await whole.fit(verse, options);
    const files: Uint8Array<ArrayBuffer>[] = [];
    const model = await make(writer, { workers: 3 });
    await model.fit(verse, { ...options, checkpoint: { every: 7, to: (file) => void files.push(file) } });
    expect(files).toHaveLength(3);
    for (const [k, file] of files.entries()) {
      const again = kept(await loadModel(file, { workers: 2 + k }));
      await again.resume(verse);
      expect(await digest(again)).toBe(await digest(whole));
    }
  });

  it("say so where a run was begun without them, and leave it its bits", async () => {
    const model = await make(summer);
    await model.fit(sums(40), { epochs: 2, batchSize: 16 });
    const again = kept(await loadModel(await model.save(), { workers: 2 }));
    expect((await again.resume(sums(40), { epochs: 4 })).warnings).toEqual([
      expect.stringMatching(/without `workers`/),
    ]);
    expect((await model.resume(sums(40), { epochs: 4 })).warnings).toEqual([]);
    expect(await digest(again)).toBe(await digest(model));
  });

  it("wait for the first one's look at long validation data", async () => {
    const model = await make(summer, { workers: 2 });
    const history = await model.fit(sums(16), { epochs: 3, validationData: long });
    expect(history.epochs.map((e) => Number.isFinite(e.validationLoss))).toEqual([true, true, true]);
    // From the end of one look to the end of the next there is one small update beside it: else this tests nothing.
    const [first, second, third] = history.epochs.map((e) => e.elapsed) as [number, number, number];
    expect(Math.min(second - first, third - second)).toBeGreaterThan(BLOCKING);
  });

  it("leave nothing behind when one of them cannot be started", async () => {
    const model = await make(summer, { workers: 4 });
    const made = threads();
    const watching = vi.mocked(process.getBuiltinModule);
    const found = watching.getMockImplementation() as (name: string) => unknown;
    const few = (name: string) => {
      const modules = found(name) as { Worker: typeof Worker };
      if (name !== "node:worker_threads" || made.length < 2) return modules;
      const Worker = function refuse() {
        throw new Error("no more threads");
      };
      return { ...modules, Worker };
    };
    watching.mockImplementation(few as typeof process.getBuiltinModule);
    const open = ports();
    await expect(model.fit(sums(16), { epochs: 1 })).rejects.toThrow("no more threads");
    await vi.waitFor(() => expect(open.size).toBe(0));
    await vi.waitFor(() => expect(made.map((thread) => thread.threadId)).toEqual([-1, -1]));
    vi.restoreAllMocks();
    expect((await model.fit(sums(16), { epochs: 1 })).reason).toBe("finished");
  });

  it("end by the clock", async () => {
    const model = await make(summer, { workers: 3 });
    expect((await model.fit(sums(16), { seconds: 0.2 })).reason).toBe("seconds");
  });

  it("pause, go on and stop; the model answers meanwhile", async () => {
    const model = await make(summer, { workers: 2 });
    let steps = 0;
    const onProgress = () => void steps++;
    const run: Run = model.fit(sums(16), { epochs: 1e6, onProgress });
    for (let i = 0; i < 3; i++) {
      await run.pause();
      const before = await digest(model);
      await sleep(120); // the other blocks more than once
      expect(await digest(model)).toBe(before);
      const seen = steps;
      run.resume();
      await expect.poll(() => steps).toBeGreaterThan(seen);
    }
    expect((await run.stop()).reason).toBe("stopped");
    expect((await model.fit(sums(16), { epochs: 1 })).reason).toBe("finished");
  });

  it("end with a signal, and the model stays usable", async () => {
    const model = await make(summer, { workers: 3 });
    const controller = new AbortController();
    let steps = 0;
    const onProgress = () => void steps++;
    const run = model.fit(sums(16), { epochs: 1e6, signal: controller.signal, onProgress });
    const rejected = expect(run).rejects.toThrow("enough");
    await expect.poll(() => steps).toBeGreaterThan(0);
    controller.abort(new Error("enough"));
    await rejected;
    expect((await model.fit(sums(16), { epochs: 1 })).reason).toBe("finished");
  });

  it("are all gone when one dies while the others wait for it", async () => {
    const made = threads();
    const model = await make(summer, { workers: 3 });
    let steps = 0;
    const run = model.fit(sums(64, 40), { epochs: 1e6, onProgress: () => void steps++ });
    const rejected = expect(run).rejects.toMatchObject({ name: "WorkerError", code: "workerDied" });
    while (steps < 3) await sleep(1);
    void made[2]!.terminate();
    await rejected;
    await vi.waitFor(() => expect(made.slice(1).map((thread) => thread.threadId)).toEqual([-1, -1]));
    await model.predict(sums(1).x);
  });
});
