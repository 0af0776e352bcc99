/** Losses in AssemblyScript that are none, fail, or never return: a typed error each, and every promise settles. */
import { createModel, custom, dense, gru, type Model } from "retrograd";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { compile, withBody } from "../assembly/losses.js";
import { make, sleep, sums, withoutSharedMemory } from "./support.js";

const bodies = {
  broken: 'throw new Error("enough");',
  trap: "unreachable(); return 0;",
  outside: "return prediction[prediction.length];",
  /** Only where a target is large. */
  picky: 'for (let i = 0; i < target.length; i++) if (target[i] > 99) throw new Error("too large"); return 0;',
  notANumber: "return NaN;",
  noGradient: "gradient[0] = NaN; return 1;",
  endless: "while (true) gradient[0] += 1; return 0;",
  /** Only where a target is large. */
  stuck: "for (let i = 0; i < target.length; i++) while (target[i] > 99) gradient[0] += 1; return 0;",
};
const modules: Record<keyof typeof bodies, Uint8Array<ArrayBuffer>> = {} as never;

/** Its start does not return. */
let starting: Uint8Array<ArrayBuffer>;

afterEach(() => vi.restoreAllMocks());

beforeAll(async () => {
  starting = await compile(`${withBody("return 0;")}\nexport let rounds = 0;\nwhile (true) rounds += 1;`);
  for (const [name, body] of Object.entries(bodies) as [keyof typeof bodies, string][])
    modules[name] = await compile(withBody(body));
}, 60_000);

const description = {
  input: { size: 1 },
  layers: [gru({ hiddenSize: 6 }), dense()],
  output: { at: "last", size: 1 },
} as const;
const model = (which: keyof typeof bodies, runtime = {}) =>
  make({ ...description, loss: custom({ module: modules[which] }) }, runtime);
/** Writes on; asks its loss when it is evaluated. */
const writer = () =>
  make({
    input: { vocabulary: ["a", "b"] },
    layers: [gru({ hiddenSize: 4 }), dense()],
    loss: custom({ module: modules.endless }),
  });
const text = "abba".repeat(20);
const run = { epochs: 6, batchSize: 8, seed: 2 };
const data = (() => {
  const { x, y } = sums(16);
  return { x, y: y.map((row) => row.at(-1)![0] as number) };
})();
/** One target, in the part of the second worker, is large. */
const large = { x: data.x, y: data.y.map((y, i) => (i === 13 ? 100 : y)) };

/** Aborts after 100 ms; gives the milliseconds that it took from then. */
async function aborted(start: (signal: AbortSignal) => Promise<unknown>): Promise<number> {
  const controller = new AbortController();
  let at = 0;
  setTimeout(() => {
    at = performance.now();
    controller.abort(new Error("no more"));
  }, 100);
  await expect(start(controller.signal)).rejects.toThrow("no more");
  return performance.now() - at;
}

describe("a custom loss that fails", () => {
  it.each([
    ["broken", /it failed: abort: enough at loss\.ts:4/],
    ["trap", /it failed: .*unreachable/i],
    ["outside", /it failed: .*(range|bounds)/i],
  ] as const)("(%s) is a ConfigError wherever it is asked, and the model stays", async (which, message) => {
    const own = await model(which);
    const before = await own.parameters();
    const error = {
      name: "ConfigError",
      code: "brokenLoss",
      path: "loss.module",
      message: expect.stringMatching(message),
    };
    await expect(own.fit(data, run)).rejects.toMatchObject(error);
    await expect(own.evaluate(data)).rejects.toMatchObject(error);
    await expect(own.gradients(data)).rejects.toMatchObject(error);
    await expect(own.findLearningRate(data, { steps: 20 })).rejects.toMatchObject(error);
    await expect((await own.trainer()).step(data)).rejects.toMatchObject(error);
    expect((await own.predict([[[1], [2]]])).values.shape).toEqual([1, 1]);
    expect(await own.parameters()).toEqual(before);
  });

  it("is one online too", async () => {
    const own = await make({
      ...description,
      output: { at: "every", size: 1 },
      loss: custom({ module: modules.broken }),
    });
    const learner = await own.online();
    const error = { name: "ConfigError", code: "brokenLoss" };
    await expect(learner.step([1], [1])).rejects.toMatchObject(error);
    await expect(learner.run([1, 2], [1, 2])).rejects.toMatchObject(error);
    expect((await learner.step([1])).prediction).toHaveLength(1);
    await learner[Symbol.asyncDispose]();
  });

  it("in one of several workers alone ends them all", async () => {
    const own = await model("picky", { workers: 2 });
    await expect(own.fit(large, { ...run, shuffle: false })).rejects.toMatchObject({
      name: "ConfigError",
      code: "brokenLoss",
      message: expect.stringContaining("too large"),
    });
    expect((await own.fit(data, run)).reason).toBe("finished");
  });

  it("in the validation part is one", async () => {
    const own = await model("picky");
    await expect(own.fit(data, { ...run, validationData: large })).rejects.toMatchObject({ code: "brokenLoss" });
  });

  it.each(["notANumber", "noGradient"] as const)(
    "by numbers (%s) is a divergence, and the weights are as before",
    async (which) => {
      const own = await model(which);
      const before = await own.parameters();
      const named = /smaller learningRate; or see whether the custom loss gives numbers that are finite$/;
      const diverged = { name: "DivergenceError", message: expect.stringMatching(named) as string };
      await expect(own.fit(data, run)).rejects.toMatchObject({ ...diverged, step: 1 });
      await expect((await own.trainer()).step(data)).rejects.toMatchObject(diverged);
      expect(await own.parameters()).toEqual(before);
      const two = await model(which, { workers: 2 });
      await expect(two.fit(data, run)).rejects.toMatchObject({ name: "DivergenceError", step: 1 });
    },
  );
});

describe("a custom loss that is none", () => {
  it("is refused when the model is made", async () => {
    const refused = async (module: string | Uint8Array<ArrayBuffer>, expected: RegExp) =>
      expect(createModel({ ...description, loss: custom({ module }) })).rejects.toMatchObject({
        name: "ConfigError",
        path: "loss.module",
        message: expect.stringMatching(expected),
      });
    await refused(new Uint8Array([1, 2, 3]), /expected a WebAssembly module/);
    await refused(new Uint8Array(0), /expected bytes, or a text of base64, got ""/);
    await refused("no base64", /expected bytes, or a text of base64, got "no base64"/);
    await refused(await compile("export function other(): void {}"), /expected an exported function loss/);
    await expect(createModel({ ...description, loss: { kind: "custom" } as never })).rejects.toMatchObject({
      code: "missingOption",
      path: "loss.module",
    });
  });
});

describe("a custom loss without an end", () => {
  it("lets go of the caller three seconds after an abort", async () => {
    const own = await model("endless");
    const ms = await aborted((signal) => own.fit(data, { ...run, signal }));
    expect(ms).toBeGreaterThan(2000);
    expect(ms).toBeLessThan(12_000); // the machine may be busy
  });

  it("lets go of the caller where threads share no memory too", async () => {
    withoutSharedMemory();
    const own = await model("endless");
    const ms = await aborted((signal) => own.fit(data, { ...run, signal }));
    expect(ms).toBeGreaterThan(2000);
    expect(ms).toBeLessThan(12_000);
  });

  it("lets go of who stops a run, and says why", async () => {
    const own = await model("endless");
    const stopped = own.fit(data, run);
    const refused = expect(stopped).rejects.toMatchObject({
      name: "WorkerError",
      message: /custom loss did not return/,
    });
    await sleep(100);
    await expect(stopped.stop()).rejects.toMatchObject({ name: "WorkerError" });
    await refused;
  });

  it("lets go of who aborts a run that has been resumed", async () => {
    const own = await model("stuck");
    // The second batch has the large one.
    const { epochs: _, ...once } = { ...run, shuffle: false, steps: 1 };
    expect((await own.fit(large, once)).reason).toBe("finished");
    await aborted((signal) => own.resume(large, { steps: 4, signal }));
  });

  it("lets go of who aborts a run that waits behind it", async () => {
    const own = await model("endless");
    const asked = expect(own.evaluate(data)).rejects.toMatchObject({ name: "WorkerError" });
    await sleep(100);
    await aborted((signal) => own.fit(data, { ...run, signal }));
    await asked;
  });

  it("is a WorkerError to whatever is asked after", async () => {
    const own = await model("endless");
    const later = aborted((signal) => own.fit(data, { ...run, signal }));
    const asked = own.parameters();
    const refused = expect(asked).rejects.toMatchObject({ name: "WorkerError", message: /custom loss did not return/ });
    await later;
    await refused;
    await expect(own.predict([[[1]]])).rejects.toMatchObject({ name: "WorkerError" });
    await own.dispose();
  });

  it("in one of two workers alone does so too, and the model, which is in the other, stays", async () => {
    const own = await model("stuck", { workers: 2 });
    const before = await own.parameters();
    await aborted((signal) => own.fit(large, { ...run, shuffle: false, signal }));
    expect(await own.parameters()).toEqual(before);
    expect((await own.fit(data, { ...run, epochs: 1 })).reason).toBe("finished");
  });

  it("ends a test of rates", async () => {
    const own = await model("endless");
    await aborted((signal) => own.findLearningRate(data, { steps: 20, signal }));
  });

  it("lets go of who aborts a test of rates that waits behind it, even for a run that opens", async () => {
    const own = await model("endless");
    const asked = expect(own.evaluate(data)).rejects.toMatchObject({ name: "WorkerError" });
    await sleep(100);
    const opening = expect(own.fit(data, run)).rejects.toMatchObject({ name: "WorkerError" });
    await aborted((signal) => own.findLearningRate(data, { steps: 20, signal }));
    await Promise.all([asked, opening]);
  });

  it.each([
    ["a test of rates", (own: Model, signal: AbortSignal) => own.findLearningRate(text, { steps: 20, signal })],
    ["a generation", (own: Model, signal: AbortSignal) => own.generate("ab", { length: 5, signal })],
  ])("lets go of who aborts %s behind it at once", async (_, start) => {
    const own = await writer();
    own.evaluate(text).catch(() => {}); // ends with its model
    await sleep(100);
    const controller = new AbortController();
    const refused = expect(start(own, controller.signal)).rejects.toThrow("no more");
    controller.abort(new Error("no more"));
    await refused;
  });

  it.each([
    ["leaves", /custom loss did not return/],
    ["aborts", /no more/],
  ])("lets go of who %s a generation that it has come in the way of", async (how, message) => {
    const own = await writer();
    const controller = new AbortController();
    const whole = own.generate("ab", { length: 1e6, signal: controller.signal });
    const refused = expect(whole).rejects.toThrow(message);
    let asked: Promise<unknown> | undefined;
    const loop = async () => {
      for await (const _ of whole) {
        asked ??= expect(own.evaluate(text)).rejects.toMatchObject({ name: "WorkerError" });
        await sleep(100);
        if (how === "leaves") break;
        controller.abort(new Error("no more"));
      }
    };
    await expect(loop()).rejects.toThrow(message);
    await refused;
    await asked;
  });

  it("that does not even start lets go of who waits in the same worker, and of its own model at once", async () => {
    const first = await model("picky");
    const ms = await aborted((signal) =>
      createModel({ ...description, loss: custom({ module: starting }) }, { beside: first, signal }),
    );
    expect(ms).toBeLessThan(2000);
    await aborted((signal) => first.fit(data, { ...run, signal }));
    await expect(first.predict([[[1]]])).rejects.toMatchObject({ name: "WorkerError" });
  });

  it("does not outlive its model", async () => {
    const own = await model("endless");
    const asked = [own.evaluate(data), own.gradients(data)].map((promise) =>
      expect(promise).rejects.toMatchObject({ name: "DisposedError" }),
    );
    await sleep(50);
    await own.dispose();
    await Promise.all(asked);
  });
});
