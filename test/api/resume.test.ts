/** Runs that go on: from every checkpoint to the same bits, on the same data and on no other. */
import {
  adam,
  type Data,
  dense,
  gru,
  loadModel,
  type ModelDescription,
  type RunControls,
  type RunDescription,
} from "retrograd";
import { describe, expect, it } from "vitest";
import { classifier, digest, gestures, kept, make, summer, sums, verse } from "./support.js";

describe("resume", () => {
  it("from every checkpoint gives the bits of the unbroken run", async () => {
    const data = gestures(30);
    const options = {
      epochs: 4,
      batchSize: 8,
      validationSplit: 0.2,
      patience: 50,
      optimizer: adam({ learningRate: 0.01 }),
    };
    const files: Uint8Array<ArrayBuffer>[] = [];
    const whole = await make(classifier);
    const history = await whole.fit(data, {
      ...options,
      checkpoint: { every: 3, to: (file) => void files.push(file) },
    });
    expect(files.length).toBeGreaterThanOrEqual(3);
    const weights = await digest(whole);
    for (const [i, file] of files.entries()) {
      const again = kept(await loadModel(file));
      const rest = await again.resume(data);
      expect(await digest(again)).toBe(weights);
      expect([...rest.steps.loss]).toEqual([...history.steps.loss.slice(3 * (i + 1))]);
      expect(rest.best).toEqual(history.best);
    }
  });

  it("goes further than the saved run was to", async () => {
    const data = gestures(24);
    const whole = await make(classifier);
    await whole.fit(data, { epochs: 6 });
    const short = await make(classifier);
    await short.fit(data, { epochs: 2 });
    const again = kept(await loadModel(await short.save()));
    const history = await again.resume(data, { epochs: 6 });
    expect(history.epochs.map((e) => e.epoch)).toEqual([3, 4, 5, 6]);
    expect(await digest(again)).toBe(await digest(whole));
  });

  it("refuses a model without a run", async () => {
    const model = await make(classifier);
    const none = { name: "ConfigError", code: "nothingToResume" };
    await expect(model.resume(gestures(24))).rejects.toMatchObject(none);
  });

  it("of a text goes on with the carried state", async () => {
    const description = { input: { vocabulary: "characters" as const }, layers: summer.layers.slice(0, 1) };
    const options = { steps: 14, batchSize: 2, window: 16, carryState: true };
    const text = (layers = [...description.layers, { kind: "dense" as const }]) => make({ ...description, layers });
    const whole = await text();
    await whole.fit(verse, options);
    const files: Uint8Array<ArrayBuffer>[] = [];
    const cut = await text();
    await cut.fit(verse, { ...options, checkpoint: { every: 6, to: (file) => void files.push(file) } });
    const again = kept(await loadModel(files[0]!));
    await again.resume(verse);
    expect(await digest(again)).toBe(await digest(whole));
  });
});

describe("resume refuses other data, and then goes on with the right ones:", () => {
  const { x, y } = gestures(24);
  const turned = y.map((label, i) => (i === 5 ? (label === "up" ? "down" : "up") : label));
  const swapped = <T>(of: readonly T[]) => [of[1]!, of[0]!, ...of.slice(2)];
  const sampleWeight = y.map((_, i) => 1 + (i % 3));
  const moved = x.map((s, i) => (i === 3 ? s.map((step, t) => (t === 1 ? [0.123, step[1]!] : step)) : s));

  const column = (changed?: number) => ({
    a: Array.from({ length: 60 }, (_, i) => Math.sin(i) + (i === changed ? 0.5 : 0)),
  });
  const series: ModelDescription = {
    input: { series: { target: ["a"], window: 6, horizon: 2 } },
    layers: [gru({ hiddenSize: 4 }), dense()],
  };
  const reader: ModelDescription = { input: { vocabulary: "characters" }, layers: series.layers };
  const validationData = gestures(8);

  type Case = [string, ModelDescription, Data, Data, (RunDescription & RunControls)?, RunControls?];
  it.each<Case>([
    ["one number of one input", classifier, { x, y }, { x: moved, y }],
    ["one target", classifier, { x, y }, { x, y: turned }],
    ["the same targets for other inputs", classifier, { x, y }, { x, y: swapped(y) }],
    ["the order", classifier, { x, y }, { x: swapped(x), y: swapped(y) }],
    ["one sequence less", classifier, { x, y }, { x: x.slice(1), y: y.slice(1) }],
    ["one weight", classifier, { x, y, sampleWeight }, { x, y, sampleWeight: swapped(sampleWeight) }],
    ["no weights", classifier, { x, y, sampleWeight }, { x, y }],
    ["targets at every step", summer, sums(8), { x: sums(8).x, y: sums(9).y.slice(1) }],
    ["a character", reader, verse, `${verse.slice(0, -1)}u`],
    ["a text's length", reader, verse, verse.slice(0, -1)],
    ["one row of a table", series, column(), column(17)],
    [
      "the validation data",
      classifier,
      { x, y },
      { x, y },
      { validationData },
      { validationData: { x: validationData.x, y: swapped(validationData.y) } },
    ],
    ["no validation data", classifier, { x, y }, { x, y }, { validationData }, {}],
  ])("%s", async (_, description, right, other, controls = {}, changed = controls) => {
    const whole = await make(description);
    await whole.fit(right, { ...controls, steps: 4 });
    const model = await make(description);
    await model.fit(right, { ...controls, steps: 2 });
    await expect(model.resume(other, { ...changed, steps: 4 })).rejects.toMatchObject({
      name: "DataError",
      code: "otherData",
    });
    expect((await model.resume(right, { ...controls, steps: 4 })).reason).toBe("finished");
    expect(await digest(model)).toBe(await digest(whole));
  });
});
