/** Norms inside recurrent cells, through the package. */
import {
  dense,
  embedding,
  gru,
  loadModel,
  lstm,
  type ModelDescription,
  readSafetensors,
  rnn,
  writeSafetensors,
} from "retrograd";
import { describe, expect, it } from "vitest";
import { digest, gestures, kept, make, verse } from "./support.js";

const kinds = ["layer", "rms", "batch"] as const;
type Kind = (typeof kinds)[number];

const classifier = (normalization: Kind): ModelDescription => ({
  input: { size: 2 },
  layers: [
    gru({ hiddenSize: 6, bidirectional: true, normalization }),
    lstm({ hiddenSize: 8, peepholes: true, projSize: 5, normalization: { kind: normalization, epsilon: 1e-3 } }),
    dense(),
  ],
  output: { at: "last", classes: ["up", "down"] },
  seed: 5,
});

const characters = [...new Set(verse)].sort();
const writer = (normalization: Kind): ModelDescription => ({
  input: { vocabulary: characters },
  layers: [embedding({ units: 4 }), lstm({ hiddenSize: 6, normalization }), dense()],
});

describe("norms inside cells", () => {
  it("have gains, a shift of the memory and, of a batch, statistics of each step, by name", async () => {
    const normalization = { kind: "batch", maxSteps: 3 } as const;
    const layers = [lstm({ hiddenSize: 4, normalization }), rnn({ hiddenSize: 3, normalization: "layer" }), dense()];
    const model = await make({ input: { size: 2 }, layers, output: { at: "last", size: 1 } });
    const parameters = await model.parameters();
    const shapes = Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, shape]));
    expect(shapes).toMatchObject({
      "0.gain_ih_l0": [16],
      "0.gain_hh_l0": [16],
      "0.gain_c_l0": [4],
      "0.bias_c_l0": [4],
      "0.running_mean_l0": [3, 36],
      "0.running_var_l0": [3, 36],
      "0.num_batches_tracked_l0": [3],
      "1.gain_l0": [3],
    });
    expect(new Set(parameters["0.gain_c_l0"]!.data)).toEqual(new Set([Math.fround(0.1)]));
    expect(new Set(parameters["1.gain_l0"]!.data)).toEqual(new Set([1]));
    expect(model.description.layers[0]).toMatchObject({
      normalization: { kind: "batch", maxSteps: 3, momentum: 0.1, epsilon: 1e-5 },
    });
    expect(model.description.layers[1]).toMatchObject({ normalization: { kind: "layer", epsilon: 1e-5 } });
  });

  it.each(kinds)("learn, and give back the same from a file and from parameters: %s", async (kind) => {
    const data = gestures(64);
    const model = await make(classifier(kind));
    await model.fit(data, { epochs: 40 });
    expect((await model.evaluate(data)).accuracy).toBeGreaterThan(0.9);
    const raw = async (of: typeof model) => (await of.predict(data.x, { raw: true })).values.data;
    const again = kept(await loadModel(await model.save()));
    expect(await raw(again)).toEqual(await raw(model));
    const other = await make({ ...classifier(kind), seed: 6 });
    await other.setParameters(readSafetensors(writeSafetensors(await model.parameters())));
    expect(await raw(other)).toEqual(await raw(model));
    const gradients = Object.keys((await model.gradients(data)).parameters);
    expect(gradients).toContain("0.gain_ih_l0_reverse");
    expect(gradients.filter((name) => /running|tracked/.test(name))).toEqual([]);
  });

  it.each(kinds)("give the same bits on any number of workers: %s", async (kind) => {
    const on = async (workers: number) => {
      const model = await make(writer(kind), { workers });
      // Whole batches: each of eight shards has two sequences or more.
      const { steps } = await model.fit(verse.slice(0, -96), { steps: 10, batchSize: 32, window: 16 });
      return [await digest(model), ...steps.loss];
    };
    expect(await on(2)).toEqual(await on(1));
  });

  it.each(kinds)("resume from a checkpoint to the same bits: %s", async (kind) => {
    const data = gestures(48);
    const files: Uint8Array<ArrayBuffer>[] = [];
    const whole = await make(classifier(kind));
    const options = { epochs: 4, batchSize: 16, validationSplit: 0.25 };
    await whole.fit(data, { ...options, checkpoint: { every: 4, to: (file) => void files.push(file) } });
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const again = kept(await loadModel(file));
      await again.resume(data);
      expect(await digest(again)).toBe(await digest(whole));
    }
  });

  it("generate as they read, each step by its own statistics", async () => {
    const model = await make(writer("batch"));
    await model.fit(verse, { steps: 60, batchSize: 16, window: 16 });
    const { text } = await model.generate("the rose", { length: 20, temperature: 0 });
    for (let i = 0; i < text.length; i++) {
      const { values } = await model.predict([`the rose${text.slice(0, i)}`]);
      const last = [...values.data.slice(-characters.length)];
      expect(characters[last.indexOf(Math.max(...last))]).toBe(text[i]);
    }
  });

  it("refuse what cannot hold, by name", async () => {
    const refused = (layer: unknown) =>
      expect(make({ input: { size: 2 }, layers: [layer, dense()] as never, output: { at: "last", size: 1 } })).rejects;
    for (const kind of ["minGru", "minLstm", "lru"]) {
      await refused({ kind, hiddenSize: 3, normalization: "layer" }).toMatchObject({
        name: "ConfigError",
        path: "layers[0].normalization",
      });
    }
    await refused(gru({ hiddenSize: 3, reset: "before", normalization: "rms" })).toMatchObject({
      name: "ConfigError",
      path: "layers[0].normalization",
    });
    await refused({ kind: "lstm", hiddenSize: 3, normalization: { kind: "batch", maxSteps: 0 } }).toMatchObject({
      path: "layers[0].normalization.maxSteps",
    });
    const model = await make(classifier("batch"));
    await expect(model.fit(gestures(33), { batchSize: 32 })).rejects.toMatchObject({
      name: "ConfigError",
      code: "oneSample",
    });
    const reader = await make(writer("batch"));
    await expect(reader.fit(verse, { carryState: true })).rejects.toMatchObject({ path: "carryState" });
    await expect(reader.online()).rejects.toMatchObject({ code: "notOnline" });
    const { state } = await reader.predict([[0, 1]] as never);
    await expect(reader.predict([[0, 1]] as never, { initialState: state })).rejects.toMatchObject({
      name: "ConfigError",
      path: "initialState",
    });
  });
});
