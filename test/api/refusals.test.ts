/** Bad input: a typed error that names its place, and the model stays usable. */
import {
  adam,
  type BatchSource,
  choice,
  createModel,
  type Data,
  dense,
  type Layer,
  logUniform,
  lstm,
  type ModelDescription,
  type RunDescription,
  search,
} from "retrograd";
import { describe, expect, it } from "vitest";
import { classifier, digest, gestures, make, summer, sums } from "./support.js";

type Wrong = { name: string; path?: unknown; message?: unknown; code?: string };

describe("a wrong description", () => {
  const good: ModelDescription = {
    input: { size: 2 },
    layers: [lstm({ hiddenSize: 3 }), dense({ units: 1 })],
    output: { at: "last" },
  };
  const layer = (of: object) => ({ ...good, layers: [of as Layer] });

  it.each<[string, unknown, Wrong]>([
    [
      "a negative size",
      layer({ kind: "lstm", hiddenSize: -3 }),
      { name: "ConfigError", path: "layers[0].hiddenSize", message: expect.stringContaining("got -3") },
    ],
    ["a size of zero", { ...good, input: { size: 0 } }, { name: "ConfigError", path: "input.size" }],
    [
      "a size that is NaN",
      { ...good, input: { size: Number.NaN } },
      { name: "ConfigError", path: "input.size", message: expect.stringContaining("NaN") },
    ],
    ["half a unit", layer({ kind: "gru", hiddenSize: 1.5 }), { name: "ConfigError", path: "layers[0].hiddenSize" }],
    [
      "an unknown kind",
      layer({ kind: "lstn", hiddenSize: 3 }),
      { name: "ConfigError", path: "layers[0].kind", message: expect.stringContaining("lstm") },
    ],
    [
      "a foreign name",
      layer({ kind: "lstm", units: 3 }),
      { name: "ConfigError", message: expect.stringContaining("hiddenSize") },
    ],
    [
      "an unknown option",
      { ...good, sead: 3 },
      { name: "ConfigError", path: "sead", message: expect.stringContaining("seed") },
    ],
    [
      "a function",
      { ...good, loss: () => 0 },
      { name: "ConfigError", path: "loss", message: expect.stringContaining("function") },
    ],
    ["no layers", { ...good, layers: [] }, { name: "ConfigError", path: "layers" }],
    ["nothing at all", undefined, { name: "ConfigError" }],
    [
      "a dropout of 1",
      layer({ kind: "gru", hiddenSize: 2, dropout: 1 }),
      { name: "ConfigError", path: "layers[0].dropout" },
    ],
    ["labels twice", { ...good, output: { at: "last", classes: ["a", "a"] } }, { name: "ConfigError" }],
  ])("%s", async (_, description, wrong) => {
    await expect(createModel(description as ModelDescription)).rejects.toMatchObject(wrong);
  });
});

describe("a wrong run", () => {
  const tooLarge = (most: number): Wrong => ({
    name: "ConfigError",
    code: "batchTooLarge",
    path: "batchSize",
    message: expect.stringContaining(`at most ${most},`),
  });

  it.each<[string, unknown, Wrong]>([
    [
      "a foreign name",
      { lr: 0.1 },
      { name: "ConfigError", path: "lr", message: expect.stringContaining("optimizer.learningRate") },
    ],
    [
      "a negative rate",
      { optimizer: adam({ learningRate: -1 }) },
      { name: "ConfigError", path: "optimizer.learningRate" },
    ],
    ["no epochs", { epochs: 0 }, { name: "ConfigError", path: "epochs" }],
    ["a batch larger than the data", { batchSize: 9 }, tooLarge(8)],
    ["a batch larger than what validation leaves", { batchSize: 7, validationSplit: 0.25 }, tooLarge(6)],
    ["a split of everything", { validationSplit: 1 }, { name: "ConfigError", path: "validationSplit" }],
    [
      "a truncation that looks back less far than it goes on",
      { truncation: { k1: 2, k2: 1 } },
      { name: "ConfigError", path: expect.stringContaining("truncation") },
    ],
    ["an unknown metric", { metrics: ["acuracy"] }, { name: "ConfigError", path: expect.stringContaining("metrics") }],
    ["patience without validation", { patience: 3 }, { name: "ConfigError", path: "patience" }],
    ["validation data that are a source", { validationData: () => [] }, { name: "DataError" }],
    ["a run that is none", 5, { name: "ConfigError" }],
  ])("%s", async (_, run, wrong) => {
    const model = await make(summer);
    await expect(model.fit(sums(8), run as RunDescription)).rejects.toMatchObject(wrong);
    expect((await model.fit(sums(8), { epochs: 1 })).reason).toBe("finished");
  });

  it("on a text: more windows or streams than there are", async () => {
    const model = await make({ input: { vocabulary: ["a", "b", "c"] }, layers: [lstm({ hiddenSize: 4 }), dense()] });
    const text = "abc".repeat(40); // 119 pairs of a character and the next: 30 windows of 4, at most 119 streams
    const run = { steps: 1, window: 4 };
    await expect(model.fit(text, { ...run, batchSize: 31 })).rejects.toMatchObject(tooLarge(30));
    await expect(model.fit(text, { ...run, batchSize: 120, carryState: true })).rejects.toMatchObject(tooLarge(119));
    await model.fit(text, { ...run, batchSize: 30 });
    await model.fit(text, { ...run, batchSize: 119, carryState: true });
  });
});

describe("wrong data", () => {
  const { x, y } = sums(4);
  const number = (of: number[][][], at: [number, number, number], value: number) => {
    const copy = structuredClone(of);
    copy[at[0]]![at[1]]![at[2]] = value;
    return copy;
  };

  it.each<[string, unknown, Wrong]>([
    [
      "another feature size",
      { x: x.map((s) => s.map(([v]) => [v, v])), y },
      { name: "ShapeError", path: expect.stringContaining("x[0]") },
    ],
    ["NaN in x", { x: number(x, [1, 3, 0], Number.NaN), y }, { name: "DataError", path: "x[1][3][0]" }],
    [
      "infinity in y",
      { x, y: number(y, [2, 0, 0], Number.POSITIVE_INFINITY) },
      { name: "DataError", path: "y[2][0][0]" },
    ],
    ["no sequences", { x: [], y: [] }, { name: "DataError" }],
    ["an empty sequence", { x: [[], ...x.slice(1)], y }, { name: "DataError", path: "x[0]" }],
    ["fewer targets than sequences", { x, y: y.slice(1) }, { name: "ShapeError", path: "y" }],
    ["a target too few", { x, y: [y[0]!.slice(1), ...y.slice(1)] }, { name: "ShapeError", path: "y[0]" }],
    ["no targets", { x }, { name: "DataError", code: "wrongData", path: "y" }],
    ["text", "to be or not to be", { name: "DataError", code: "wrongData", path: "data" }],
    ["a table of columns", { a: [1, 2, 3] }, { name: "ConfigError", code: "unknownOption", path: "data.a" }],
    ["a table of rows", [{ a: 1 }, { a: 2 }], { name: "DataError", code: "wrongData", path: "data" }],
    ["a negative weight", { x, y, sampleWeight: [1, 1, -1, 1] }, { name: "DataError", path: "sampleWeight[2]" }],
    ["a tensor whose shape lies", { x: { shape: [4, 6, 2], data: new Float32Array(24) }, y }, { name: "ShapeError" }],
  ])("%s", async (_, data, wrong) => {
    const model = await make(summer);
    await expect(model.fit(data as Data, { epochs: 1 })).rejects.toMatchObject(wrong);
    await expect(model.evaluate(data as Exclude<Data, BatchSource>)).rejects.toMatchObject(wrong);
    expect((await model.fit({ x, y }, { epochs: 1 })).reason).toBe("finished");
  });

  it("labels and classes", async () => {
    const data = gestures(8);
    const model = await make(classifier);
    const with_ = (y: unknown) => model.fit({ x: data.x, y: y as string[] }, { epochs: 1 });
    await expect(with_(["sideways", ...data.y.slice(1)])).rejects.toMatchObject({ name: "DataError", path: "y[0]" });
    // One-hot rows where an index or a label is wanted.
    await expect(with_(data.y.map((l) => (l === "up" ? [1, 0] : [0, 1])))).rejects.toMatchObject({
      name: "DataError",
      code: "oneHotTargets",
      path: "y[0]",
      message: expect.stringMatching(/one-hot/),
    });
    await expect(with_(data.y.map(() => 2))).rejects.toMatchObject({ name: "DataError", code: "unknownLabel" });
    await with_(data.y);
    await with_(data.y.map((l) => (l === "up" ? 0 : 1)));
  });

  it("a class that only the validation part has", async () => {
    const { x } = gestures(10);
    const model = await make({ ...classifier, output: { at: "last", classes: ["a", "b", "c"] } });
    const y = x.map((_, i) => (i > 7 ? "c" : i % 2 ? "a" : "b")); // in order, as JapaneseVowels is
    await expect(model.fit({ x, y }, { epochs: 1, validationSplit: 0.2 })).rejects.toMatchObject({
      name: "DataError",
      message: expect.stringMatching(/class "c" \(sequence 8\)/),
    });
    await model.fit({ x, y }, { epochs: 1, validationSplit: { fraction: 0.2, from: "random" }, seed: 1 });
  });

  it("ragged where one length is wanted, and steps where there are none", async () => {
    const model = await make(summer);
    await expect(
      model.gradients({ x: sums(2).x, outputGradient: { shape: [2, 5, 1], data: new Float32Array(10) } }),
    ).rejects.toMatchObject({ name: "ShapeError" });
    await expect(
      model.predict([[1], [2, 3]], { initialState: [{ h: { shape: [1, 1, 8], data: new Float32Array(8) } }] }),
    ).rejects.toMatchObject({ name: "ShapeError" });
    await model.predict([[1], [2, 3]]); // ragged is fine
  });
});

describe("wrong parameters", () => {
  it("are refused by name, and leave the weights as they are", async () => {
    const model = await make(summer);
    const parameters = await model.parameters();
    const before = await digest(model);
    const { "1.bias": bias, ...rest } = parameters;
    // Others beside the wrong one: none of them may go in.
    const moved = Object.fromEntries(
      Object.entries(rest).map(([name, { shape, data }]) => [name, { shape, data: data.map((v) => v + 1) }]),
    );
    const refused = async (call: Promise<void>, wrong: Wrong) => {
      await expect(call).rejects.toMatchObject(wrong);
      expect(await digest(model)).toBe(before);
    };
    const wrongNames = { name: "ConfigError", code: "wrongParameters", path: "parameters" };
    await refused(model.setParameters(moved), { ...wrongNames, message: expect.stringContaining("missing [1.bias]") });
    await refused(model.setParameters({ ...moved, "1.bias": bias!, "2.bias": bias! }), {
      ...wrongNames,
      message: expect.stringContaining("unexpected [2.bias]"),
    });
    const wrongShape = { name: "ShapeError", code: "wrongShape", path: 'parameters["1.bias"]' };
    const two = { shape: [2], data: [1, 2] };
    await refused(model.setParameters({ ...moved, "1.bias": two }), wrongShape);
    await refused(model.setParameters({ ...moved, "1.bias": two }, { strict: false }), wrongShape);
    await refused(model.setParameters({ ...moved, "1.bias": { shape: [1], data: [Number.NaN] } }), {
      name: "DataError",
      code: "notFinite",
      path: 'parameters["1.bias"].data[0]',
    });
    await refused(model.setParameters(parameters, { strikt: true } as never), {
      name: "ConfigError",
      path: "strikt",
      message: expect.stringContaining("strict"),
    });
    await model.setParameters({ ...moved, "1.bias": bias! });
    expect(await digest(model)).not.toBe(before);
  });
});

describe("a wrong call", () => {
  it("of predict, evaluate, gradients, save", async () => {
    const model = await make(summer);
    const data = sums(2);
    await expect(model.predict(data.x, { hiden: true } as never)).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringContaining("hidden"),
    });
    await expect(model.evaluate(data, { metrics: ["accuracy"] })).rejects.toMatchObject({ name: "ConfigError" });
    await expect(model.gradients(data, { value: true } as never)).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringContaining("values"),
    });
    await expect(model.save({ training: 1 } as never)).rejects.toMatchObject({ name: "ConfigError", path: "training" });
    await expect(model.forecast([{ a: 1 }])).rejects.toMatchObject({ name: "ConfigError" });
    await expect(model.generate("a")).rejects.toMatchObject({ path: "prompt" });
    await expect(model.predict(["text"])).rejects.toMatchObject({ name: "ShapeError", path: "x[0]" });
    await expect(createModel(summer, { workers: 0 })).rejects.toMatchObject({ name: "ConfigError", path: "workers" });
    await model.predict(data.x);
  });

  it("of what comes later", () => {
    const later = expect.objectContaining({ name: "ConfigError", code: "notYet" });
    expect(() => search({ model: summer, fit: {}, data: sums(2), space: {} })).toThrow(later);
    expect(() => choice(1, 2)).toThrow(later);
    expect(() => logUniform(1, 2)).toThrow(later);
  });
});

it.each([
  ["onProgres", 'did you mean "onProgress"?'],
  ["Signal", 'did you mean "signal"?'],
  ["validationDat", 'did you mean "validationData"?'],
  ["validationSpli", "did you mean validationSplit?"],
  ["lr", "did you mean optimizer.learningRate?"],
])("a misspelt %s of a run is refused with what was meant, be it a control or the kernel's", async (path, hint) => {
  for (const runtime of [{}, { workers: 2 }]) {
    const model = await make(summer, runtime);
    await expect(model.fit(sums(2), { [path]: 1 } as RunDescription)).rejects.toMatchObject({
      name: "ConfigError",
      code: "unknownOption",
      path,
      message: `${path}: unknown option; ${hint}`,
    });
  }
});
