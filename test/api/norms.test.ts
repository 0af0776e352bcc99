/** Normalising layers, noise and the other kinds of dropout, through the package. */
import {
  batchNorm,
  dense,
  dropout,
  embedding,
  gru,
  layerNorm,
  loadModel,
  lstm,
  type ModelDescription,
  noise,
  readSafetensors,
  rmsNorm,
  writeSafetensors,
} from "retrograd";
import { describe, expect, it } from "vitest";
import { digest, gestures, kept, make, verse } from "./support.js";

const normal: ModelDescription = {
  input: { size: 2 },
  layers: [
    noise({ deviation: 0.1 }),
    batchNorm({ momentum: 0.2 }),
    gru({ hiddenSize: 6 }),
    rmsNorm(),
    dropout({ rate: 0.2, shared: "time" }),
    lstm({ hiddenSize: 5 }),
    batchNorm({ name: "top" }),
    layerNorm({ epsilon: 1e-6 }),
    dense(),
  ],
  output: { at: "last", classes: ["up", "down"] },
  seed: 5,
};

const writer: ModelDescription = {
  input: { vocabulary: [...new Set(verse)].sort() },
  layers: [embedding({ units: 4, dropout: 0.2 }), layerNorm({ bias: false }), lstm({ hiddenSize: 6 }), dense()],
};

describe("normalising layers", () => {
  it("have PyTorch's names, buffers among them, which are no parameters", async () => {
    const model = await make(normal);
    const shapes = Object.entries(await model.parameters()).map(([name, { shape }]) => [name, shape]);
    expect(Object.fromEntries(shapes)).toMatchObject({
      "1.weight": [2],
      "1.bias": [2],
      "1.running_mean": [2],
      "1.running_var": [2],
      "1.num_batches_tracked": [],
      "3.weight": [6],
      "top.running_var": [5],
      "7.weight": [5],
      "7.bias": [5],
    });
    expect(shapes.map(([name]) => name)).not.toContain("3.bias");
    expect(model.description.layers[1]).toEqual({ kind: "batchNorm", momentum: 0.2, epsilon: 1e-5, trainable: true });
    const counted = shapes.filter(([name]) => !/running|tracked/.test(String(name)));
    const sizes = counted.map(([, shape]) => (shape as number[]).reduce((a, b) => a * b, 1));
    expect(model.parameterCount).toBe(sizes.reduce((a, b) => a + b));
  });

  it("learn, and give back the same from a file and from parameters", async () => {
    const data = gestures(64);
    const model = await make(normal);
    const history = await model.fit(data, { epochs: 30 });
    expect(history.epochs.at(-1)!.loss).toBeLessThan(0.3);
    const { accuracy } = await model.evaluate(data);
    expect(accuracy).toBe(1);
    const raw = async (of: typeof model) => (await of.predict(data.x, { raw: true })).values.data;
    const again = kept(await loadModel(await model.save()));
    expect(await raw(again)).toEqual(await raw(model));
    const other = await make({ ...normal, seed: 6 });
    await other.setParameters(readSafetensors(writeSafetensors(await model.parameters())));
    expect(await raw(other)).toEqual(await raw(model));
    const gradients = await model.gradients(data);
    expect(Object.keys(gradients.parameters)).not.toContain("1.running_mean");
    expect(Object.keys(gradients.parameters)).toContain("1.bias");
  });

  it.each([
    ["classes", normal, gestures(48), { epochs: 3, batchSize: 16 }],
    ["a text", writer, verse, { steps: 12, batchSize: 16, window: 16 }],
  ] as const)("give the same bits on any number of workers, of %s", async (_, description, data, options) => {
    const on = async (workers: number) => {
      const model = await make(description, { workers });
      const { steps } = await model.fit(data, options);
      return [await digest(model), ...steps.loss];
    };
    const alone = await on(1);
    for (const workers of [2, 3]) expect(await on(workers), `${workers} workers`).toEqual(alone);
  });

  it("resume from a checkpoint to the same bits", async () => {
    const data = gestures(48);
    const files: Uint8Array<ArrayBuffer>[] = [];
    const whole = await make(normal);
    const options = { epochs: 4, batchSize: 16, validationSplit: 0.2 };
    await whole.fit(data, { ...options, checkpoint: { every: 4, to: (file) => void files.push(file) } });
    for (const file of files) {
      const again = kept(await loadModel(file));
      await again.resume(data);
      expect(await digest(again)).toBe(await digest(whole));
    }
  });

  it("refuse one sample before training", async () => {
    const model = await make(normal);
    await expect(model.fit(gestures(33), { batchSize: 32 })).rejects.toMatchObject({
      name: "ConfigError",
      code: "oneSample",
      path: "batchSize",
      received: "a batch of 1",
    });
    const trainer = await model.trainer();
    await expect(trainer.step(gestures(1))).rejects.toMatchObject({ name: "ConfigError", path: "batch" });
    await expect(model.online()).rejects.toMatchObject({ name: "ConfigError", code: "notOnline" });
  });

  it("refuse what they cannot be, with a hint", async () => {
    const of = (layer: unknown) => make({ ...normal, layers: [layer, ...normal.layers.slice(2)] as never });
    const refused = (layer: unknown) => expect(of(layer)).rejects;
    await refused({ kind: "batchNorm", momentum: 2 }).toMatchObject({ path: "layers[0].momentum" });
    await refused({ kind: "layerNorm", eps: 1 }).toMatchObject({ message: expect.stringContaining("epsilon") });
    await refused({ kind: "BatchNorm1d" }).toMatchObject({ message: expect.stringContaining("batchNorm") });
    await refused({ kind: "noise", stddev: 1 }).toMatchObject({ message: expect.stringContaining("deviation") });
  });
});
