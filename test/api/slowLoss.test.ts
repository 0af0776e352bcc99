/** Custom losses that are well but slow, and kernels that are: who ends a run with one waits, and the model stays. */
import { custom, dense, gru } from "retrograd";
import { beforeAll, describe, expect, it } from "vitest";
import { compile, huber, withBody } from "../assembly/losses.js";
import { make, sums } from "./support.js";

/** Where a target is large, a good part of a second longer; nothing here counts on how long. */
const slowly = `
  let sum: f64 = 0;
  for (let i = 0; i < prediction.length; i++) {
    const error = <f64>prediction[i] - <f64>target[i];
    gradient[i] = <f32>error;
    sum += 0.5 * error * error;
  }
  for (let i: f64 = 0; target[0] > 99 && i < 5e7; i++) sum += 1e-30 * Math.sqrt(i);
  return sum;`;
const modules = { slowly: new Uint8Array(), huber: new Uint8Array() };

beforeAll(async () => {
  modules.slowly = await compile(withBody(slowly));
  modules.huber = await compile(huber);
}, 60_000);

const description = (module: Uint8Array, hiddenSize = 6) =>
  ({
    input: { size: 1 },
    layers: [gru({ hiddenSize }), dense()],
    output: { at: "last", size: 1 },
    loss: custom({ module: module as Uint8Array<ArrayBuffer> }),
  }) as const;
const data = (count: number, large: number, steps = 6) => {
  const { x, y } = sums(count, steps);
  return { x, y: y.map((row, i) => (i < large ? 100 : (row.at(-1)![0] as number))) };
};

describe("a run that is aborted", () => {
  it("in a validation that takes longer than any call may, leaves a model that lives", async () => {
    const model = await make(description(modules.slowly));
    const controller = new AbortController();
    const run = model.fit(data(8, 0), {
      epochs: 9,
      validationData: data(64 * 16, 64 * 16), // sixteen calls, one after the other
      signal: controller.signal,
      onProgress: ({ kind }) => kind === "step" && controller.abort(new Error("no more")),
    });
    await expect(run).rejects.toThrow("no more");
    expect((await model.predict([[[1]]])).values.shape).toEqual([1, 1]);
    expect((await model.fit(data(8, 0), { epochs: 1 })).reason).toBe("finished");
  }, 120_000);

  it("whose first update the kernel takes longer for, leaves a model that lives", async () => {
    const model = await make(description(modules.huber, 256));
    const controller = new AbortController();
    const run = model.fit(data(64, 0, 1200), { epochs: 9, batchSize: "full", signal: controller.signal });
    setTimeout(() => controller.abort(new Error("no more")), 400);
    await expect(run).rejects.toThrow("no more");
    expect((await model.predict([[[1]]])).values.shape).toEqual([1, 1]);
  }, 120_000);

  it("as is a test of rates whose updates take long, leaves one too", async () => {
    const model = await make(description(modules.huber, 256));
    const controller = new AbortController();
    const test = model.findLearningRate(data(64, 0, 1200), { batchSize: "full", signal: controller.signal });
    setTimeout(() => controller.abort(new Error("no more")), 400);
    await expect(test).rejects.toThrow("no more");
    expect((await model.predict([[[1]]])).values.shape).toEqual([1, 1]);
  }, 120_000);
});
