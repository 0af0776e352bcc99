/** The runtime that a model is given: a signal that is heard while it opens, a kernel for several workers, and their end. */
import { readFileSync } from "node:fs";
import { createModel, dense, gru, loadModel, type Runtime } from "retrograd";
import { afterEach, describe, expect, it, vi } from "vitest";
import { classifier, gestures, kept, make, sleep, summer, sums, threads, verse } from "./support.js";

afterEach(() => vi.restoreAllMocks());

const never = () => new Response(new ReadableStream());

describe("a signal", () => {
  it.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
    ["the kernel loads", (signal) => createModel(summer, { wasm: never(), signal })],
    ["the file loads", (signal) => loadModel(never(), { signal })],
  ])("is heard while %s", async (_, open) => {
    const controller = new AbortController();
    const rejected = expect(open(controller.signal)).rejects.toThrow("enough");
    setTimeout(() => controller.abort(new Error("enough")), 20);
    await rejected;
    await expect(open(controller.signal)).rejects.toThrow("enough");
  });
});

describe("opening a model", () => {
  it("does not look at Response, whose mere name makes Node load its fetch for 15 ms", async () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, "Response") as PropertyDescriptor;
    let looked = false;
    const get = () => {
      looked = true;
      return own.get?.call(globalThis) ?? own.value;
    };
    Object.defineProperty(globalThis, "Response", { configurable: true, get });
    try {
      const model = await make(summer);
      await kept(await loadModel(await model.save())).predict(sums(1).x);
      expect(looked).toBe(false);
      await expect(loadModel({} as never)).rejects.toMatchObject({ name: "FormatError" });
      expect(looked).toBe(true);
    } finally {
      Object.defineProperty(globalThis, "Response", own);
    }
  });
});

describe("several workers", () => {
  it("share a kernel that can be read only once", async () => {
    const bytes = readFileSync(new URL("../../build/retrograd.wasm", import.meta.url));
    const model = await make(classifier, { wasm: new Response(bytes), workers: 3 });
    expect((await model.fit(gestures(12), { epochs: 2 })).reason).toBe("finished");
  });

  it.each([0, 5, 20, 60])("end with the model that is disposed of while they open (after %i ms)", async (ms) => {
    const made = threads();
    const model = await make(classifier, { workers: 3 });
    const run = model.fit(gestures(40), { epochs: 1e6 });
    const rejected = expect(run).rejects.toMatchObject({ name: "DisposedError" });
    await sleep(ms);
    await model.dispose();
    await rejected;
    expect(made.length).toBeGreaterThan(0);
    // A thread that has ended has the number -1.
    await vi.waitFor(() => expect(made.map((thread) => thread.threadId)).toEqual(made.map(() => -1)), 5000);
  });
});

it.each<[Runtime, string]>([
  [{ workers: 9 }, "workers: expected an integer from 1 to 8, got 9"],
  [{ wasm: {} as never }, "wasm: expected a URL, bytes, a Response or a WebAssembly.Module, got Object"],
])("a runtime of %o is refused", async (runtime, message) => {
  await expect(createModel(summer, runtime)).rejects.toMatchObject({ name: "ConfigError", message });
});

describe("nothing is accepted and ignored:", () => {
  it("fields of a checkpoint and of a state", async () => {
    const model = await make(summer);
    const data = sums(4);
    const checkpoint = { every: 1, to: () => {}, folder: "x" };
    await expect(model.fit(data, { checkpoint })).rejects.toMatchObject({ path: "checkpoint.folder" });
    const state = { h: { shape: [1, 4, 8], data: new Float32Array(32) }, d: 1 };
    await expect(model.predict(data.x, { initialState: [state] })).rejects.toMatchObject({ path: "initialState[0].d" });
    await model.fit(data, { epochs: 1 });
  });

  it("columns ahead of a series that knows none", async () => {
    const input = { series: { target: ["a"], window: 3, horizon: 1 } };
    const model = await make({ input, layers: [gru({ hiddenSize: 2 }), dense()] });
    const table = { a: Array.from({ length: 20 }, (_, i) => Math.sin(i)) };
    await model.fit(table, { epochs: 1 });
    await expect(model.forecast(table, { known: { b: [1] } })).rejects.toMatchObject({
      name: "DataError",
      path: "known",
    });
    await model.forecast(table);
  });

  it("characters of a part that is drawn only later", async () => {
    const model = await make({ input: { vocabulary: "characters" }, layers: [gru({ hiddenSize: 4 }), dense()] });
    const x = ["abab", "baba", "abba", "xyxy"];
    const data = { x, y: x };
    const random = { fraction: 0.25, from: "random" } as const;
    await expect(model.fit(data, { validationSplit: random })).rejects.toMatchObject({ path: "validationSplit" });
    await model.fit(verse, { steps: 2 });
  });
});

describe("validation data", () => {
  it("with a class that is never trained", async () => {
    const model = await make(classifier);
    const all = gestures(20);
    const up = { x: all.x.filter((_, i) => i % 2), y: all.y.filter((_, i) => i % 2) };
    await expect(model.fit(up, { validationData: all })).rejects.toMatchObject({
      name: "DataError",
      code: "untrainedClass",
      path: "validationData",
    });
    await model.fit(all, { validationData: up, epochs: 1 });
  });

  it("are named as what they are", async () => {
    const model = await make(summer);
    const data = sums(4);
    const path = async (validationData: unknown) =>
      model.fit(data, { validationData: validationData as never, epochs: 1 }).then(
        () => undefined,
        (error) => error.path,
      );
    expect(await path(() => [])).toBe("validationData");
    const state = [{ h: { shape: [1, 4, 9], data: new Float32Array(36) } }];
    expect(await path({ ...data, initialState: state })).toBe("validationData.initialState[0].h");
    expect(await path(data)).toBe(undefined);
  });
});
