/**
 * Custom losses that are well but slow or often asked, and kernels that are at work: who ends a run waits, and the model stays.
 * Each test has its worker busy for longer than one call may take, by the speed that it finds here, and holds that it was.
 */
import { custom, dense, gru, type Model, type Runtime } from "retrograd";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { compile, huber, withBody } from "../assembly/losses.js";
import { make, sleep, withoutSharedMemory } from "./support.js";

afterEach(() => vi.restoreAllMocks());

/** As many rounds as the first target says. */
const slowly = `
  let sum: f64 = 1;
  for (let i: f64 = 0; i < target[0]; i++) sum += 1e-30 * Math.sqrt(i);
  return sum;`;
const modules = { slowly: new Uint8Array(), huber: new Uint8Array() };

/** Milliseconds after which one call that lasts is given up, and of what the tests wait for: a loaded machine may be uneven. */
const LIMIT = 3000;
const LONG = 7500;

beforeAll(async () => {
  modules.slowly = await compile(withBody(slowly));
  modules.huber = await compile(huber);
}, 60_000);

const loaded = (which: keyof typeof modules, hiddenSize = 6, runtime: Runtime = {}) =>
  make(
    {
      input: { size: 1 },
      layers: [gru({ hiddenSize }), dense()],
      output: { at: "last", size: 1 },
      loss: custom({ module: modules[which] as Uint8Array<ArrayBuffer> }),
    },
    runtime,
  );
const data = (count: number, y: number, steps = 6) => ({
  x: { shape: [count, steps, 1], data: Float32Array.from({ length: count * steps }, (_, i) => Math.sin(i)) },
  y: Array<number>(count).fill(y),
});

async function milliseconds(what: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await what();
  return performance.now() - begun;
}

/** The target with which a call of this model's loss takes so many milliseconds. */
async function lasting(model: Model, ms: number): Promise<number> {
  const rounds = 4e7;
  for (let i = 0; i < 2; i++) await model.evaluate(data(1, rounds)); // compiled well by then
  return (rounds * ms) / (await milliseconds(() => model.evaluate(data(1, rounds))));
}

/** Each row is a call of its own, by its weight; in an update two, for the loss and for its gradient. */
const quick = (count: number, y: number) => ({
  ...data(count, y),
  sampleWeight: Array.from({ length: count }, (_, i) => 1 + i / count),
});

async function lives(model: Model): Promise<void> {
  expect((await model.predict([[[1]]])).values.shape).toEqual([1, 1]);
  expect((await model.fit(data(8, 0), { epochs: 1 })).reason).toBe("finished");
}

/** Aborts after so many milliseconds; gives those that it took from then. */
async function aborted(after: number, start: (signal: AbortSignal) => Promise<unknown>): Promise<number> {
  const controller = new AbortController();
  const refused = expect(start(controller.signal)).rejects.toThrow("no more");
  await sleep(after);
  controller.abort(new Error("no more"));
  return milliseconds(() => refused);
}

describe.each([
  ["shared memory", () => {}],
  ["messages alone", withoutSharedMemory],
])("a loss whose calls are marked by %s", (_, prepare) => {
  it("and follow each other quickly, for longer than one may take, is let finish its update", async () => {
    prepare();
    const model = await loaded("slowly");
    const run = model.fit(quick(LONG / 20, await lasting(model, 10)), { epochs: 9, batchSize: "full" });
    await sleep(300);
    expect(await milliseconds(() => run.stop())).toBeGreaterThan(LIMIT);
    expect((await run).reason).toBe("stopped");
    await lives(model);
  }, 120_000);
});

describe("a run that is ended", () => {
  it("while the loss of a neighbour is asked again and again, leaves both models", async () => {
    const neighbour = await loaded("slowly");
    const model = await loaded("huber", 6, { beside: neighbour });
    const target = await lasting(neighbour, 10);
    const run = model.fit(data(8, 0), { epochs: 1e6 });
    await sleep(100);
    const evaluated = neighbour.evaluate(quick(LONG / 10, target));
    await sleep(300);
    expect(await milliseconds(() => run.stop())).toBeGreaterThan(LIMIT);
    expect((await run).reason).toBe("stopped");
    expect((await evaluated).loss).toBeGreaterThan(0);
    await lives(model);
    await lives(neighbour);
  }, 120_000);

  it("in a validation that takes longer than any call may, leaves a model that lives", async () => {
    const model = await loaded("slowly");
    const calls = 16; // one for each 64 rows
    const controller = new AbortController();
    let at = 0;
    const run = model.fit(data(8, 0), {
      epochs: 9,
      validationData: data(64 * calls, await lasting(model, LONG / calls)),
      signal: controller.signal,
      onProgress: ({ kind }) => {
        if (kind !== "step") return;
        at = performance.now();
        controller.abort(new Error("no more"));
      },
    });
    await expect(run).rejects.toThrow("no more");
    expect(performance.now() - at).toBeGreaterThan(LIMIT);
    await lives(model);
  }, 120_000);
});

describe("a run that answers its end in time", () => {
  it.each([
    ["aborted", (model: Model) => aborted(100, (signal) => model.fit(data(8, 0), { epochs: 1e6, signal }))],
    ["stopped", (model: Model) => model.fit(data(8, 0), { epochs: 1e6 }).stop()],
    [
      "failed",
      (model: Model) =>
        expect(
          model.fit(data(8, 0), {
            epochs: 1e6,
            onProgress: () => {
              throw new Error("no more");
            },
          }),
        ).rejects.toThrow("no more"),
    ],
  ])("(%s) is watched no longer: a call after it takes as long as it likes", async (_, end) => {
    const model = await loaded("slowly");
    const target = await lasting(model, LONG);
    await end(model);
    expect(await milliseconds(() => model.evaluate(data(1, target)))).toBeGreaterThan(LIMIT + 500);
    await lives(model);
  });
});

describe("an update that the kernel takes long for", () => {
  /** Milliseconds of the update, of which much is left when it is ended; with little memory, which would take time to be made room for. */
  const UPDATE = 12_000;
  const BEGUN = 1500;
  const run = { batchSize: "full", checkpointing: true } as const;
  const wide = () => loaded("huber", 256);
  let long = data(1, 0);

  beforeAll(async () => {
    const model = await wide();
    const steps = 320;
    const update = () => model.fit(data(64, 0, steps), { steps: 1, ...run });
    await update(); // compiled well by then
    long = data(64, 0, Math.ceil((steps * UPDATE) / (await milliseconds(update))));
  }, 60_000);

  it("is let finish when its run is aborted, and leaves a model that lives", async () => {
    const model = await wide();
    expect(await aborted(BEGUN, (signal) => model.fit(long, { epochs: 9, ...run, signal }))).toBeGreaterThan(LIMIT);
    await lives(model);
  }, 120_000);

  it("is let finish when it is one of a test of rates", async () => {
    const model = await wide();
    expect(await aborted(BEGUN, (signal) => model.findLearningRate(long, { ...run, signal }))).toBeGreaterThan(LIMIT);
    await lives(model);
  }, 120_000);
});
