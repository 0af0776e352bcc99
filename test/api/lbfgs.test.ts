/** L-BFGS through the package: an epoch is an update of many evaluations, between which a run can be stopped and saved. */
import { type DivergenceError, lbfgs, loadModel, sgd } from "retrograd";
import { describe, expect, it } from "vitest";
import { classifier, digest, gestures, kept, make, summer, sums } from "./support.js";

const data = sums(20, 12);
const optimizer = lbfgs({ lineSearch: "strongWolfe", maxIterations: 6, historySize: 8 });

describe("lbfgs", () => {
  it("makes an update an epoch, each with a lower loss, and comes further than descent in as many passes", async () => {
    const model = await make(summer);
    const { epochs, steps, reason } = await model.fit(data, { epochs: 12, optimizer });
    expect(reason).toBe("finished");
    expect(epochs.map((p) => [p.step, p.steps])).toEqual(Array.from({ length: 12 }, (_, i) => [i + 1, 12]));
    for (const [i, loss] of steps.loss.entries()) if (i) expect(loss).toBeLessThan(steps.loss[i - 1]!);
    expect([...steps.loss]).toEqual(epochs.map((p) => Math.fround(p.loss)));
    // As many passes over the data, at most.
    const plain = await make(summer);
    await plain.fit(data, { epochs: 12 * 7, batchSize: "full", optimizer: sgd({ learningRate: 0.1 }), clip: "none" });
    const [searched, descended] = [await model.evaluate(data), await plain.evaluate(data)];
    expect(searched.loss).toBeLessThan(0.1 * descended.loss);
  });

  it("gives the same bits on any number of workers, from checkpoints and when it was stopped in an update", async () => {
    const options = { epochs: 6, optimizer, penalty: { l2: 1e-4 }, validationSplit: 0.2 };
    const digests: string[] = [];
    const files: Uint8Array<ArrayBuffer>[] = [];
    for (const workers of [1, 3]) {
      const model = await make(summer, { workers });
      const checkpoint = { every: 2, to: (file: Uint8Array<ArrayBuffer>) => void files.push(file) };
      await model.fit(data, { ...options, ...(workers === 3 && { checkpoint }) });
      digests.push(await digest(model));
    }
    for (const file of files) {
      const again = kept(await loadModel(file));
      await again.resume(data);
      digests.push(await digest(again));
    }
    expect(files.length).toBe(3);
    expect(new Set(digests).size).toBe(1);
    const unbroken = await make(summer);
    await unbroken.fit(data, options);
    for (const milliseconds of [0, 3, 9]) {
      const stopped = await make(summer);
      const run = stopped.fit(data, { ...options, epochs: 6 });
      setTimeout(() => run.stop(), milliseconds);
      const { reason } = await run;
      if (reason === "stopped") await stopped.resume(data);
      expect(await digest(stopped)).toBe(await digest(unbroken));
    }
  });

  it("ends by a signal, whatever it is at", async () => {
    const model = await make(summer);
    const controller = new AbortController();
    const endless = lbfgs({ lineSearch: "strongWolfe", maxIterations: 1e9, toleranceChange: 0, toleranceGradient: 0 });
    const run = model.fit(sums(200, 60), { epochs: 1, optimizer: endless, signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 50);
    await expect(run).rejects.toThrow("enough");
    expect((await model.evaluate(data)).loss).toBeGreaterThan(0);
  });

  it("is refused where it cannot be, before anything is trained", async () => {
    const model = await make(summer);
    const before = await digest(model);
    for (const [options, path] of [
      [{ batchSize: 4 }, "batchSize"],
      [{ clip: { norm: 1 } }, "clip"],
      [{ gradientAccumulation: 2 }, "gradientAccumulation"],
      [{ truncation: { k1: 2, k2: 3 } }, "truncation"],
      [{ average: { kind: "ema" } }, "average"],
      [{ groups: [{ kinds: ["bias"] }] }, "groups"],
      [{ gradientNoise: { eta: 0.1 } }, "gradientNoise"],
      [{ onDivergence: { rollBack: {} } }, "onDivergence.rollBack"],
    ] as const) {
      await expect(model.fit(data, { ...options, optimizer } as never)).rejects.toMatchObject({
        name: "ConfigError",
        path,
      });
    }
    const source = () => [data];
    for (const refused of [
      () => model.fit(source, { epochs: 1, optimizer: "lbfgs" }),
      () => model.trainer({ optimizer }),
      () => model.online({ optimizer }),
      () => model.findLearningRate(data, { optimizer }),
    ]) {
      await expect(refused()).rejects.toMatchObject({ name: "ConfigError", path: "optimizer" });
    }
    expect(await digest(model)).toBe(before);
    const dropping = await make(classifier);
    await expect(dropping.fit(gestures(20), { optimizer: "lbfgs" })).rejects.toThrow(/layers\[0\]\.dropout/);
    await expect(model.fit(data, { optimizer: { kind: "lbfgs", max_iter: 3 } as never })).rejects.toThrow(
      "did you mean maxIterations",
    );
  });

  it("tells where it diverged without a line search", async () => {
    const model = await make(summer);
    const wild = lbfgs({ learningRate: 1e30 });
    const run = model.fit(data, { epochs: 9, optimizer: wild, penalty: { l2: 1 } });
    const error: DivergenceError = await run.then(
      () => expect.unreachable(),
      (error) => error,
    );
    expect(error).toMatchObject({ name: "DivergenceError", code: "diverged" });
    for (const { data } of Object.values(await model.parameters())) expect(data.every(Number.isFinite)).toBe(true);
  });
});
