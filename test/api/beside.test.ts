/** Several models in one worker: they take turns, and end one by one or all together. */
import { createModel, dense, gru, loadModel, type Model, type ModelDescription, type Runtime } from "retrograd";
import { afterEach, describe, expect, it, vi } from "vitest";
import { classifier, digest, gestures, kept, make, summer, sums, threads } from "./support.js";

afterEach(() => vi.restoreAllMocks());

/** A first model and others in its worker. */
async function several(count: number, description: ModelDescription = summer): Promise<Model[]> {
  const first = await make({ ...description, seed: 0 });
  const seeds = Array.from({ length: count - 1 }, (_, i) => i + 1);
  return [first, ...(await Promise.all(seeds.map((seed) => make({ ...description, seed }, { beside: first }))))];
}

/** A sequence that a learner is at for seconds, with its targets. */
const steps = Float32Array.from({ length: 1_500_000 }, (_, t) => Math.sin(t));
const long = [steps, { shape: [steps.length, 1], data: steps }] as const;

const writer: ModelDescription = {
  input: { vocabulary: ["a", "b"] },
  layers: [gru({ hiddenSize: 4 }), dense()],
};

describe("models beside each other", () => {
  it("live in one worker and learn what they learn alone, whether in turn or at once", async () => {
    const made = threads();
    const models = await several(5);
    expect(made).toHaveLength(1);
    const histories = await Promise.all(models.map((model) => model.fit(sums(16), { epochs: 6 })));
    expect(histories.map(({ reason }) => reason)).toEqual(models.map(() => "finished"));
    expect(made).toHaveLength(1);
    const alone = await make({ ...summer, seed: 3 });
    await alone.fit(sums(16), { epochs: 6 });
    expect(await digest(models[3]!)).toBe(await digest(alone));
    const again = kept(await loadModel(await alone.save(), { beside: models[1]! }));
    expect(await digest(again)).toBe(await digest(alone));
    expect(made).toHaveLength(2);
  });

  it("are served while others train", async () => {
    const [first, second] = (await several(2)) as [Model, Model];
    const run = first.fit(sums(64), { epochs: 1e6 });
    await second.fit(sums(16), { epochs: 2 });
    await second.predict(sums(2).x);
    await run.stop();
  });

  it("share the batches of a run among as many workers as the first", async () => {
    const made = threads();
    const first = await make({ ...classifier, seed: 1 }, { workers: 2 });
    const second = await make(classifier, { beside: first });
    expect(made).toHaveLength(1);
    await second.fit(gestures(24), { epochs: 1 });
    expect(made).toHaveLength(2);
    const alone = await make(classifier, { workers: 1 });
    await alone.fit(gestures(24), { epochs: 1 });
    expect(await digest(second)).toBe(await digest(alone));
  });
});

describe("disposing of one", () => {
  it("leaves the runs, learners and generations of the others as they are, whatever it is at itself", async () => {
    const made = threads();
    const [first, running, learning, leaving, untold] = (await several(5)) as [Model, Model, Model, Model, Model];
    const writing = await make(writer, { beside: first });
    const run = running.fit(sums(16), { epochs: 40 });
    const learner = await learning.online();
    const xs = Array.from({ length: 4000 }, (_, t) => [Math.sin(t)]);
    const learned = learner.run(xs, xs);
    const text = writing.generate("ab", { length: 3000 });

    const ended = leaving.fit(sums(16), { epochs: 1e6 });
    const rejected = expect(ended).rejects.toMatchObject({ name: "DisposedError" });
    const waiting = expect(untold.predict(sums(2).x)).rejects.toMatchObject({ name: "DisposedError" });
    await untold.dispose();
    await leaving.dispose();
    await first.dispose();
    await rejected;
    await waiting;
    await expect(leaving.save()).rejects.toMatchObject({ name: "DisposedError" });
    await first.dispose();

    expect((await run).reason).toBe("finished");
    expect((await learned).losses).toHaveLength(4000);
    expect((await text).tokens).toHaveLength(3000);
    expect(made[0]!.threadId).not.toBe(-1);
    await running.dispose();
    await writing.dispose();
    await learner.step([1], [1]);
    await learning.dispose();
    await vi.waitFor(() => expect(made[0]!.threadId).toBe(-1));
  });

  it("gives up its learner and its generation, with the right error", async () => {
    const [, second, third] = (await several(3)) as [Model, Model, Model];
    const learner = await second.online();
    const learned = expect(learner.run(...long)).rejects.toMatchObject({ name: "DisposedError" });
    await third.predict(sums(1).x);
    await second.dispose();
    await learned;
    await expect(learner.step([1])).rejects.toMatchObject({ name: "DisposedError" });
    await learner[Symbol.asyncDispose]();
    await third.fit(sums(4), { epochs: 1 });
  });
});

describe("the worker of several models", () => {
  it("rejects what waits of all of them when it dies, and of no others", async () => {
    const made = threads();
    const models = await several(3);
    const elsewhere = await make(summer);
    const learner = await models[2]!.online();
    const all = [
      models[0]!.fit(sums(16), { epochs: 1e6 }),
      models[1]!.fit(sums(16), { epochs: 1e6 }),
      learner.run(...long),
      learner.step([1]),
    ];
    const rejected = all.map((promise) =>
      expect(promise).rejects.toMatchObject({ name: "WorkerError", code: "workerDied" }),
    );
    void made[0]!.terminate();
    await Promise.all(rejected);
    for (const model of models) await expect(model.save()).rejects.toMatchObject({ name: "WorkerError" });
    await expect(createModel(summer, { beside: models[1]! })).rejects.toMatchObject({ name: "WorkerError" });
    await elsewhere.fit(sums(4), { epochs: 1 });
  });

  it("goes on after a model that was given up while it opened", async () => {
    const made = threads();
    const first = await make(summer);
    const controller = new AbortController();
    const opening = createModel(summer, { beside: first, signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
    await expect(createModel({ ...summer, seed: -1 }, { beside: first })).rejects.toMatchObject({ path: "seed" });
    await first.fit(sums(4), { epochs: 1 });
    expect(made).toHaveLength(1);
    await first.dispose();
    await vi.waitFor(() => expect(made[0]!.threadId).toBe(-1));
  });

  it("keeps no memory of the models that are gone", async () => {
    const first = await make(summer);
    const sizes: number[] = [];
    for (let i = 0; i < 90; i++) {
      const one = await createModel({ ...summer, layers: [gru({ hiddenSize: 128 }), dense()] }, { beside: first });
      await one.fit(sums(4), { epochs: 1 });
      await one.dispose();
      sizes.push(process.memoryUsage().rss);
    }
    // Each took some 3 MB: weights, gradients, moments, best weights. Medians, since the collector comes when it likes.
    const median = (part: number[]) => part.sort((a, b) => a - b)[part.length >> 1]!;
    expect(median(sizes.slice(60)) - median(sizes.slice(30, 60))).toBeLessThan(40 * 1e6);
  });
});

describe("a neighbour is refused", () => {
  it("when it is gone, or no model of this package", async () => {
    const gone = await make(summer);
    await gone.dispose();
    const disposed = {
      name: "DisposedError",
      message: "beside: expected an open model, got one that has been disposed of",
      path: "beside",
      expected: "an open model",
      received: "one that has been disposed of",
    };
    await expect(createModel(summer, { beside: gone })).rejects.toMatchObject(disposed);
    const file = await (await make(summer)).save();
    await expect(loadModel(file, { beside: gone })).rejects.toMatchObject(disposed);

    const copy = new URL("../../dist/index.js?copy", import.meta.url).href;
    const { createModel: createElsewhere } = (await import(/* @vite-ignore */ copy)) as typeof import("retrograd");
    const foreign = kept(await createElsewhere(summer));
    for (const beside of [foreign, {}, 3]) {
      await expect(createModel(summer, { beside: beside as never })).rejects.toMatchObject({
        name: "ConfigError",
        path: "beside",
        expected: "a model that this copy of the package has opened",
      });
    }
  });

  it.each<[Runtime, string]>([
    [{ workers: 2 }, "workers: expected none together with beside, got 2"],
    [{ worker: new URL("data:text/javascript,") }, "worker: expected none together with beside, got URL"],
    [{ wasm: new Uint8Array(1) }, "wasm: expected none together with beside, got Uint8Array"],
  ])("together with %o", async (runtime, message) => {
    const beside = await make(summer);
    await expect(createModel(summer, { ...runtime, beside })).rejects.toMatchObject({
      name: "ConfigError",
      code: "conflictingOptions",
      message,
    });
  });
});
