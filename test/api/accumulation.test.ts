/** Gradient accumulation through the package: updates by several batches. */
import { adam, type History, loadModel, type Samples, sgd } from "retrograd";
import { describe, expect, it } from "vitest";
import { classifier, digest, gestures, kept, make, summer, sums } from "./support.js";

const data = sums(22);
const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
/** Six batches an epoch, of which the last has two sequences: updates by 12 sequences and by 10. */
const options = { epochs: 3, batchSize: 4, gradientAccumulation: 3, optimizer };

describe("gradient accumulation", () => {
  it("is one batch as large, with a progress and a history of updates", async () => {
    const [parts, whole] = [await make(summer), await make(summer)];
    const history = await parts.fit(data, options);
    const { steps } = await whole.fit(data, { ...options, batchSize: 12, gradientAccumulation: 1 });
    expect([...history.steps.step]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(history.epochs.map((p) => [p.step, p.steps])).toEqual([
      [2, 6],
      [4, 6],
      [6, 6],
    ]);
    for (const column of ["loss", "gradientNorm"] satisfies (keyof History["steps"])[]) {
      for (const [i, value] of history.steps[column].entries()) expect(value / steps[column][i]!).toBeCloseTo(1, 5);
    }
    const weights = await whole.parameters();
    for (const [name, { data }] of Object.entries(await parts.parameters())) {
      for (const [i, value] of data.entries()) expect(Math.abs(value - weights[name]!.data[i]!)).toBeLessThan(1e-6);
    }
  });

  it("gives the same bits on any number of workers, from checkpoints and when it was stopped between two batches", async () => {
    const gestured = gestures(30);
    const run = { ...options, optimizer: adam({ learningRate: 0.01 }), validationSplit: 0.2 };
    const digests: string[] = [];
    const files: Uint8Array<ArrayBuffer>[] = [];
    for (const workers of [1, 3]) {
      const model = await make(classifier, { workers });
      const checkpoint = { every: 2, to: (file: Uint8Array<ArrayBuffer>) => void files.push(file) };
      await model.fit(gestured, { ...run, ...(workers === 3 && { checkpoint }) });
      digests.push(await digest(model));
    }
    const stopped = await make(classifier, { workers: 2 });
    const going = stopped.fit(gestured, { ...run, epochs: 1000 });
    for await (const p of going) if (p.epoch === 2) break;
    await going;
    expect((await stopped.resume(gestured, { epochs: 1002 })).epochs.length).toBeGreaterThan(0);
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      const again = kept(await loadModel(file));
      await again.resume(gestured);
      digests.push(await digest(again));
    }
    expect(new Set(digests).size).toBe(1);
  });

  it("takes a source's batches, and what a pass has left", async () => {
    const batches = Array.from({ length: 5 }, (_, i): Samples => sums(3 + i));
    const model = await make(summer);
    const { epochs } = await model.fit(() => batches, { epochs: 2, gradientAccumulation: 2, optimizer });
    expect(epochs.map((p) => p.step)).toEqual([3, 6]);
    const trained = await make(summer);
    await trained.fit(() => batches, { epochs: 2, gradientAccumulation: 5, optimizer });
    const whole = await make(summer);
    const all = { x: batches.flatMap((b) => b.x as number[][][]), y: batches.flatMap((b) => b.y as number[][][]) };
    await whole.fit(all, { epochs: 2, batchSize: "full", shuffle: false, optimizer });
    const weights = await whole.parameters();
    for (const [name, { data }] of Object.entries(await trained.parameters())) {
      for (const [i, value] of data.entries()) expect(Math.abs(value - weights[name]!.data[i]!)).toBeLessThan(1e-6);
    }
  });

  it("is refused where it cannot be", async () => {
    const model = await make(summer);
    const truncation = { k1: 2, k2: 2 };
    await expect(model.fit(data, { ...options, truncation })).rejects.toMatchObject({
      name: "ConfigError",
      path: "gradientAccumulation",
    });
    await expect(model.fit(data, { gradientAccumulation: 0 })).rejects.toThrow("gradientAccumulation: expected");
    await expect(model.fit(data, { accumulate: 2 } as never)).rejects.toThrow("did you mean gradientAccumulation");
  });
});
