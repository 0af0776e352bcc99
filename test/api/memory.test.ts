/**
 * A smaller twin of bench/memory.ts: what a disposed model leaves behind. Counts of objects and threads, not megabytes:
 * those of a test process go up and down for reasons of their own.
 */
import { queryObjects } from "node:v8";
import { Worker } from "node:worker_threads";
import { createModel, dense, loadModel, lstm } from "retrograd";
import { expect, test } from "vitest";
import { adding } from "../../bench/problems/adding.js";

const samples = adding({ seed: 1, count: 16, length: 10 });

const make = (seed: number) =>
  createModel({
    input: { size: 2 },
    layers: [lstm({ hiddenSize: 8 }), dense()],
    output: { at: "last", size: 1 },
    seed,
  });

/** Two models, one made and one loaded; everything that opens a port or a handle is used. */
async function life(seed: number): Promise<void> {
  const model = await make(seed);
  await model.fit(samples, { steps: 4 });
  await model.predict(samples.x, { hidden: true });
  await model.gradients(samples);
  const again = await loadModel(await model.save());
  await model.dispose();
  await again.resume(samples, { steps: 8 });
  const trainer = await again.trainer();
  await trainer.step(samples);
  await again.online();
  await again.dispose();
}

/** Left in the middle: a run broken off, a call and a description refused, a model disposed of while it trains. */
async function shortLife(seed: number): Promise<void> {
  const model = await make(seed);
  for await (const _ of model.fit(samples, { steps: 1e6 })) break;
  await refused(model.predict([[[1, 2, 3]]]));
  const lost = model.fit(samples, { steps: 1e6 });
  await model.dispose();
  await refused(lost);
  await refused(createModel({ input: { size: 0 }, layers: [] }));
}

/** Not by expect(…).rejects: vitest keeps the error until the test ends, and an error keeps the objects of its stack. */
async function refused(call: Promise<unknown>): Promise<void> {
  let failed = false;
  await call.catch(() => {
    failed = true;
  });
  if (!failed) throw new Error("what must be refused was done");
}

/** Objects alive (counting collects first), and threads, each of which is in Node's report on the process. */
const count = (kind: typeof Worker | typeof MessagePort) => queryObjects(kind, { format: "count" });
const alive = () => ({
  workers: count(Worker),
  ports: count(MessagePort),
  threads: (process.report.getReport() as unknown as { workers: unknown[] }).workers.length,
});

/** Threads end a little after they are told to; finalisers run after the collection, and free what the next one collects. */
async function settled() {
  for (let k = 0; k < 3; k++) {
    alive();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return alive();
}

test.each([
  ["trained and disposed of", life, 8],
  ["cut short", shortLife, 6],
])("models %s leave nothing behind", async (_, live, times) => {
  await live(0); // what is kept for all models: the compiled module, the worker's source
  const before = await settled();
  for (let k = 1; k <= times; k++) await live(k);
  const after = await settled();
  expect(after.threads).toBe(before.threads);
  // One or two may still be on their way out.
  expect(after.workers - before.workers).toBeLessThan(4);
  expect(after.ports - before.ports).toBeLessThan(4);
});
