/**
 * Settings that cannot be trained by: each is refused with a typed error that names its place, what was expected and what came,
 * before anything is trained. What two settings do not allow each other is told in a sentence instead.
 */
import { batchNorm, custom, dense, gru, type ModelDescription } from "retrograd";
import { beforeAll, describe, expect, it } from "vitest";
import { compile } from "../assembly/losses.js";
import { bits, gestures, make, summer, sums } from "./support.js";

const rate = (learningRate: unknown) => ({ optimizer: { kind: "adam", learningRate } });
const normed: ModelDescription = {
  input: { size: 2 },
  layers: [gru({ hiddenSize: 4 }), batchNorm(), dense()],
  output: { at: "last", classes: ["up", "down"] },
};
const reader: ModelDescription = {
  input: { size: 1 },
  layers: [gru({ hiddenSize: 4 }), dense()],
  output: { at: "every", classes: ["-", "a", "b"] },
  loss: "ctc",
};
const wrong = (path: string, expected: unknown, received: unknown, more: object = {}) => ({
  name: "ConfigError",
  code: "wrongOption",
  path,
  expected,
  received,
  ...more,
});
const conflict = (path: string, code: string, message: RegExp) => ({
  name: "ConfigError",
  code,
  path,
  message: expect.stringMatching(message),
});
const aNumber = "a number above 0";

describe("what cannot be trained by", () => {
  it.each<[string, object, object, ModelDescription?, object?]>([
    ["a rate that is NaN", rate(Number.NaN), wrong("optimizer.learningRate", expect.stringContaining(aNumber), "NaN")],
    [
      "a rate that is infinite",
      rate(1 / 0),
      wrong("optimizer.learningRate", expect.stringContaining(aNumber), "Infinity"),
    ],
    ["a rate that is a text", rate("0.1"), wrong("optimizer.learningRate", expect.stringContaining(aNumber), '"0.1"')],
    [
      "NaN inside a schedule",
      rate({ kind: "stepDecay", initial: 0.1, every: 2, factor: Number.NaN }),
      wrong("optimizer.learningRate.factor", aNumber, "NaN"),
    ],
    [
      "NaN inside a schedule of schedules",
      rate({ kind: "sequential", milestones: [3], schedules: [0.1, { kind: "rateTable", rates: [0.1, Number.NaN] }] }),
      wrong("optimizer.learningRate.schedules[1].rates[1]", "a number from 0", "NaN"),
    ],
    [
      "patience without validation",
      { patience: 3 },
      conflict("patience", "conflictingOptions", /^patience: needs validation: .*validationSplit/),
    ],
    ["a truncation with k2 < k1", { truncation: { k1: 3, k2: 2 } }, wrong("truncation.k2", "at least k1, 3", "2")],
    [
      "L-BFGS by mini-batches",
      { optimizer: "lbfgs", batchSize: 4 },
      conflict("batchSize", "fullBatch", /^batchSize: lbfgs goes by the loss of all data at once/),
    ],
    [
      "Rprop by mini-batches",
      { optimizer: "rprop", batchSize: 4 },
      conflict("batchSize", "fullBatch", /^batchSize: rprop goes by the gradient of all data at once/),
    ],
    [
      "a batch norm over one sample",
      { batchSize: 8 },
      wrong("batchSize", expect.stringMatching(/^at least 2 .*layers\[1\]$/), "a batch of 1", { code: "oneSample" }),
      normed,
      gestures(17),
    ],
    [
      "a CTC target longer than its input",
      {},
      wrong("y[1]", expect.stringMatching(/^labels that 1 steps can give/), "2 labels, which take 2", {
        name: "DataError",
        code: "targetTooLong",
      }),
      reader,
      { x: [[[1], [1], [2]], [[1]]], y: ["aa", "ab"] },
    ],
  ])("%s is refused, and nothing is trained", async (_, run, error, description = summer, data = sums(8)) => {
    const model = await make(description);
    const before = Object.values(await model.parameters()).map(bits);
    let told = 0;
    const started = model.fit(data as never, { ...run, onProgress: () => void told++ } as never);
    await expect(started).rejects.toMatchObject(error);
    expect(told).toBe(0);
    expect(Object.values(await model.parameters()).map(bits)).toEqual(before);
  });

  describe("a module of AssemblyScript", () => {
    let without: Uint8Array<ArrayBuffer>;
    beforeAll(async () => {
      without = await compile("export const Float32Array_ID = idof<Float32Array>(); export function lost(): void {}");
    });

    it("without the export is refused when the model is made", async () => {
      await expect(make({ ...summer, loss: custom({ module: without }) })).rejects.toMatchObject(
        wrong("loss.module", "an exported function loss", expect.stringMatching(/exports .*lost/), {
          code: "wrongLoss",
        }),
      );
    });
  });
});
