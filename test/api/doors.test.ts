/** What is wrong in itself is refused at every door, with its place, and the next good call works. */
import { inspect } from "node:util";
import * as retrograd from "retrograd";
import { type Data, dense, gru, lstm, type ModelDescription } from "retrograd";
import { describe, expect, it } from "vitest";
import { digest, make, summer, sums } from "./support.js";

const wrongShape = (path: string) => ({ name: "ShapeError", code: "wrongShape", path });
const empty = (path: string) => ({ name: "DataError", code: "emptyData", path });

describe("steps of another size", () => {
  const wide = [
    [[1], [2]],
    [[1], [2, 3], [4]],
  ];
  const { x, y } = sums(2);

  it("in predict and in gradients", async () => {
    const model = await make(summer);
    const expected = await model.predict(x);
    const targets = wide.map((sequence) => sequence.map(() => [0]));
    await expect(model.predict(wide)).rejects.toMatchObject(wrongShape("x[1][1]"));
    await expect(model.predict({ shape: [1, 2, 2], data: [1, 2, 3, 4] })).rejects.toMatchObject(wrongShape("x"));
    await expect(model.gradients({ x: wide, y: targets })).rejects.toMatchObject(wrongShape("x[1][1]"));
    const outputGradient = { shape: [2, 3, 1], data: new Float32Array(6) };
    await expect(model.gradients({ x: wide, outputGradient })).rejects.toMatchObject(wrongShape("x[1][1]"));
    expect(await model.predict(x)).toEqual(expected);
    await model.gradients({ x, y });
  });

  it("in one step of many, in fit", async () => {
    const model = await make(summer);
    const before = await digest(model);
    const good = wide.map((sequence) => sequence.map(() => [1]));
    await expect(model.fit({ x: wide, y: good }, { epochs: 1 })).rejects.toMatchObject(wrongShape("x[1][1]"));
    await expect(model.fit({ x: good, y: wide }, { epochs: 1 })).rejects.toMatchObject(wrongShape("y[1][1]"));
    expect(await digest(model)).toBe(before);
    expect((await model.fit({ x: good, y: good }, { epochs: 1 })).reason).toBe("finished");
  });
});

it("a tensor of targets, which has one length, for sequences of several", async () => {
  const model = await make(summer);
  const x = [
    [[1], [2]],
    [[1], [2], [3]],
  ];
  const y = { shape: [2, 3, 1], data: new Float32Array(6) };
  await expect(model.fit({ x, y }, { epochs: 1 })).rejects.toMatchObject(wrongShape("y"));
  expect((await model.fit({ x, y: x }, { epochs: 1 })).reason).toBe("finished");
});

describe("a token that the vocabulary has not", () => {
  const unknown = (path: string) => ({ name: "DataError", code: "unknownToken", path });
  const layers = [lstm({ hiddenSize: 4 }), dense()];

  it("as a number", async () => {
    const model = await make({ input: { vocabulary: 5 }, layers });
    for (const wrong of [5, 7, -1, 1.5, Number.NaN]) {
      await expect(
        model.predict([
          [1, 2],
          [4, wrong],
        ]),
      ).rejects.toMatchObject(unknown("x[1][1]"));
      await expect(model.generate([1, wrong])).rejects.toMatchObject(unknown("prompt[1]"));
    }
    const y = [[1, 2]];
    await expect(model.fit({ x: [[9, 1]], y }, { steps: 1 })).rejects.toMatchObject(unknown("x[0][0]"));
    await model.predict([[0, 4]]);
    await model.fit({ x: [[0, 4]], y }, { steps: 1 });
    expect((await model.generate([0, 4], { length: 3 })).tokens).toHaveLength(3);
  });

  it("as a character", async () => {
    const model = await make({ input: { vocabulary: ["a", "b", "c"] }, layers });
    await expect(model.predict(["ab", "abd"])).rejects.toMatchObject(unknown("x[1][2]"));
    await expect(model.generate("ad")).rejects.toMatchObject(unknown("prompt[1]"));
    await expect(model.evaluate("abcd")).rejects.toMatchObject(unknown("data[3]"));
    await model.predict(["abc"]);
    expect((await model.generate("ab", { length: 3 })).text).toHaveLength(3);
  });
});

describe("nothing at all", () => {
  it("as a text or a prompt", async () => {
    for (const vocabulary of ["characters", ["a", "b"]] as const) {
      const model = await make({ input: { vocabulary }, layers: [gru({ hiddenSize: 3 }), dense()] });
      await expect(model.fit("")).rejects.toMatchObject(empty("data"));
      await model.fit("abbaab", { steps: 1 });
      await expect(model.fit("")).rejects.toMatchObject(empty("data"));
      await expect(model.evaluate("")).rejects.toMatchObject(empty("data"));
      await expect(model.predict([])).rejects.toMatchObject(empty("x"));
      await expect(model.predict(["a", ""])).rejects.toMatchObject(empty("x[1]"));
      await expect(model.generate("")).rejects.toMatchObject(empty("prompt"));
      await expect(model.generate([])).rejects.toMatchObject(empty("prompt"));
      expect((await model.generate("a", { length: 2 })).text).toHaveLength(2);
    }
  });

  it("as a table", async () => {
    const description: ModelDescription = {
      input: { series: { target: ["a"], window: 3, horizon: 1 } },
      layers: [gru({ hiddenSize: 3 }), dense()],
    };
    const model = await make(description);
    const table = { a: Array.from({ length: 40 }, (_, i) => Math.sin(i)) };
    for (const wrong of [[], { a: [] }] satisfies Data[]) {
      await expect(model.fit(wrong)).rejects.toMatchObject(empty("data"));
      await expect(model.forecast(wrong)).rejects.toMatchObject(empty("history"));
    }
    await expect(model.fit({})).rejects.toMatchObject({ name: "DataError", code: "missingColumn", path: "data" });
    await model.fit(table, { epochs: 1 });
    await expect(model.evaluate([])).rejects.toMatchObject(empty("data"));
    await expect(model.forecast([])).rejects.toMatchObject(empty("history"));
    expect((await model.forecast(table)).a).toHaveLength(1);
  });
});

it("data that are on their way are refused with what to do", async () => {
  const { x, y } = sums(4);
  function* batches() {
    yield { x, y };
  }
  const model = await make(summer);
  const text = await make({ input: { vocabulary: "characters" }, layers: [gru({ hiddenSize: 2 }), dense()] });
  const promise = "expected samples, a table or a text, got a promise; await it";
  const iterator = "expected samples, a table or a text, got an iterator; a source of batches";
  for (const [value, message] of [
    [Promise.resolve({ x, y }), promise],
    [batches(), iterator],
    [(async function* () {})(), iterator],
  ] as const) {
    const refused = (path: string) => ({
      name: "DataError",
      path,
      message: expect.stringContaining(`${path}: ${message}`) as string,
    });
    const data = value as never;
    await expect(model.fit(data)).rejects.toMatchObject(refused("data"));
    await expect(text.fit(data)).rejects.toMatchObject(refused("data"));
    await expect(model.evaluate(data)).rejects.toMatchObject(refused("data"));
    await expect(model.findLearningRate(data)).rejects.toMatchObject(refused("data"));
    await expect(model.fit({ x, y }, { validationData: data })).rejects.toMatchObject(refused("validationData"));
  }
  expect((await model.fit(batches, { epochs: 2 })).epochs).toHaveLength(2);
});

it("errors are called by the names of their classes, whatever minification made of them", async () => {
  const model = await make(summer);
  const error: unknown = await model.fit(sums(2), { epochs: -1 }).catch((reason) => reason);
  expect((error as object).constructor.name).toBe("ConfigError");
  expect(inspect(error)).toMatch(/^ConfigError: epochs: expected/);
  const classes = Object.entries(retrograd).filter(([name]) => name.endsWith("Error"));
  expect(classes.length).toBeGreaterThan(9);
  for (const [name, of] of classes) expect((of as { name: string }).name).toBe(name);
});
