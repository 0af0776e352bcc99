/** Recurrent and variational dropout, zoneout (beside norms inside cells too) and the regulariser against vanishing gradients through the package. */
import { dense, gru, loadModel, lstm, type ModelDescription, minGru, rnn } from "retrograd";
import { describe, expect, it } from "vitest";
import { digest, gestures, kept, make } from "./support.js";

const masked: ModelDescription = {
  input: { size: 2 },
  layers: [
    gru({ hiddenSize: 6, bidirectional: true, recurrentDropout: 0.2, variationalDropout: 0.05, zoneout: 0.1 }),
    rnn({ hiddenSize: 5, normalization: "rms", zoneout: 0.1 }),
    rnn({ hiddenSize: 5, vanishingPenalty: 0.01 }),
    minGru({ hiddenSize: 5, recurrentDropout: 0.1, zoneout: 0.1 }),
    lstm({ hiddenSize: 5, normalization: "layer", recurrentDropout: 0.2, zoneout: 0.05, zoneoutCell: 0.3 }),
    dense(),
  ],
  output: { at: "last", classes: ["up", "down"] },
  seed: 5,
};

describe("what acts at every step", () => {
  it("learn; predictions are the same each time, from a file too", async () => {
    const data = gestures(64);
    const model = await make(masked);
    await model.fit(data, { epochs: 40 });
    expect((await model.evaluate(data)).accuracy).toBe(1);
    const raw = async (of: typeof model) => (await of.predict(data.x, { raw: true })).values.data;
    const first = await raw(model);
    expect(await raw(model)).toEqual(first);
    expect(await raw(kept(await loadModel(await model.save())))).toEqual(first);
    expect(model.description.layers[4]).toMatchObject({ recurrentDropout: 0.2, zoneout: 0.05, zoneoutCell: 0.3 });
  });

  it("give the same bits on any number of workers, and when resumed", async () => {
    const data = gestures(48);
    const options = { epochs: 3, batchSize: 16 };
    const on = async (workers: number) => {
      const model = await make(masked, { workers });
      const { steps } = await model.fit(data, options);
      return [await digest(model), ...steps.loss];
    };
    const alone = await on(1);
    for (const workers of [2, 3]) expect(await on(workers), `${workers} workers`).toEqual(alone);

    const files: Uint8Array<ArrayBuffer>[] = [];
    const whole = await make(masked);
    await whole.fit(data, { ...options, checkpoint: { every: 4, to: (file) => void files.push(file) } });
    for (const file of files) {
      const again = kept(await loadModel(file));
      await again.resume(data);
      expect(await digest(again)).toBe(await digest(whole));
    }
  });

  it("are refused by name where a cell has none, and online", async () => {
    const of = (layer: unknown) => make({ ...masked, layers: [layer, dense()] as never });
    const refused = (layer: unknown) => expect(of(layer)).rejects;
    const option = (kind: string, more: object) => ({ kind, hiddenSize: 4, ...more });
    await refused(option("rnn", { recurrentDropout: 0.1 })).toMatchObject({ path: "layers[0].recurrentDropout" });
    await refused(option("minGru", { variationalDropout: 0.1 })).toMatchObject({
      path: "layers[0].variationalDropout",
    });
    await refused(option("gru", { dropoutShared: "time" })).toMatchObject({ path: "layers[0].dropoutShared" });
    await refused(option("lru", { zoneout: 0.1 })).toMatchObject({ path: "layers[0].zoneout" });
    await refused(option("gru", { zoneoutCell: 0.1 })).toMatchObject({ path: "layers[0].zoneoutCell" });
    await refused(option("gru", { vanishingPenalty: 1 })).toMatchObject({ path: "layers[0].vanishingPenalty" });
    await refused(option("rnn", { vanishingPenalty: 1, zoneout: 0.1 })).toMatchObject({
      name: "ConfigError",
      path: "layers[0].vanishingPenalty",
    });
    await refused(option("rnn", { vanishingPenalty: 1, normalization: "layer" })).toMatchObject({
      name: "ConfigError",
      path: "layers[0].vanishingPenalty",
    });
    await refused(option("lstm", { zoneout: 1 })).toMatchObject({ path: "layers[0].zoneout", received: "1" });
    const online = of(gru({ hiddenSize: 4, zoneout: 0.1 })).then((model) => model.online());
    await expect(online).rejects.toMatchObject({ name: "ConfigError", code: "notOnline" });
  });
});
