/** Losses as a user meets them: what is learned, what predict, forecast and online give, what is refused. */
import {
  binaryCrossEntropy,
  type ConfigError,
  crossEntropy,
  ctc,
  dense,
  gaussianNll,
  gru,
  type Loss,
  type Model,
  type ModelDescription,
  poissonNll,
  quantile,
  rnn,
} from "retrograd";
import { describe, expect, it } from "vitest";
import { make } from "./support.js";

const of = (output: ModelDescription["output"], loss: Loss, more: object = {}): ModelDescription => ({
  input: { size: 1 },
  layers: [gru({ hiddenSize: 8 }), dense()],
  output: output!,
  loss,
  ...more,
});
const learn = { optimizer: { kind: "adam", learningRate: 0.02 } as const };

/** Uniform numbers, always the same. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** A number x, and with it what is drawn about 10 + 3 x with a spread of 1 or 4. */
function spread(count: number): { x: number[][]; y: number[] } {
  const next = uniform(1);
  const x = Array.from({ length: count }, (_, i) => [i % 2]);
  const y = x.map(([v]) => 10 + 3 * v! + (v ? 4 : 1) * (2 * next() - 1));
  return { x, y };
}

describe("quantiles", () => {
  it("lie where so many of the targets are below, in the user's units", async () => {
    const data = spread(400);
    const model = await make(of({ at: "last", size: 1, scale: "standard" }, quantile({ quantiles: [0.1, 0.5, 0.9] })));
    expect(model.description.layers.at(-1)).toMatchObject({ units: 3 });
    await model.fit(data, { epochs: 60, ...learn });
    const { values } = await model.predict([[0], [1]]);
    expect(values.shape).toEqual([2, 3]);
    // Of a uniform spread s about m they are m - 0.8 s, m and m + 0.8 s.
    const expected = [9.2, 10, 10.8, 9.8, 13, 16.2];
    for (const [i, v] of values.data.entries()) expect(Math.abs(v - expected[i]!)).toBeLessThan(i < 3 ? 0.3 : 1.2);
    const found = await model.evaluate(data, { metrics: ["mae"] });
    expect(found.mae).toBeGreaterThan(1);
    expect(found.mae).toBeLessThan(1.5);
  });

  it("stand beside their target in a forecast", async () => {
    const next = uniform(3);
    const table = Array.from({ length: 120 }, (_, t) => ({ y: 50 + 10 * Math.sin(t / 3) + next() }));
    const series = { target: ["y"], window: 12, horizon: 2, difference: 2 };
    const layers = [gru({ hiddenSize: 6 }), dense()];
    const model = await make({ input: { series }, layers, loss: quantile({ quantiles: [0.2, 0.6, 0.9] }) });
    await model.fit(table, { epochs: 20, ...learn });
    const ahead = await model.forecast(table);
    expect(Object.keys(ahead).sort()).toEqual(["y", "y.quantile.0.2", "y.quantile.0.6", "y.quantile.0.9"]);
    expect(ahead.y).toEqual(ahead["y.quantile.0.6"]);
    for (const k of [0, 1]) {
      expect(ahead["y.quantile.0.2"]![k]).toBeLessThan(ahead["y.quantile.0.9"]![k]!);
      expect(Math.abs(ahead.y![k]! - 50)).toBeLessThan(13);
    }
    const gaussian = await make({ input: { series }, layers, loss: "gaussianNll" });
    await gaussian.fit(table, { epochs: 20, ...learn });
    const found = await gaussian.forecast(table);
    expect(Object.keys(found).sort()).toEqual(["y", "y.variance"]);
    expect([...found["y.variance"]!].every((v) => v > 0 && v < 20)).toBe(true);
  });
});

describe("likelihoods", () => {
  it.each([gaussianNll(), gaussianNll({ variance: "exp", full: true })])("mean and variance by %j", async (loss) => {
    const model = await make(of({ at: "last", size: 1, scale: "standard" }, loss));
    await model.fit(spread(400), { epochs: 80, ...learn });
    const { values, variance } = await model.predict([[0], [1]]);
    expect([values.shape, variance!.shape]).toEqual([
      [2, 1],
      [2, 1],
    ]);
    expect(Math.abs(values.data[0]! - 10)).toBeLessThan(0.3);
    expect(Math.abs(values.data[1]! - 13)).toBeLessThan(0.8);
    // Of a uniform spread s it is s² / 3.
    expect(variance!.data[0]! * 3).toBeGreaterThan(0.6);
    expect(variance!.data[0]! * 3).toBeLessThan(1.6);
    expect(variance!.data[1]! / 16).toBeGreaterThan(0.2);
    expect(variance!.data[1]! / 16).toBeLessThan(0.55);
    const raw = await model.predict([[0], [1]], { raw: true });
    expect([raw.values.shape, raw.variance]).toEqual([[2, 2], undefined]);
  });

  it("rates of counts", async () => {
    const next = uniform(5);
    const x = Array.from({ length: 300 }, (_, i) => [i % 2]);
    const y = x.map(([v]) => Array.from({ length: 10 }, () => next() < (v ? 0.6 : 0.2)).filter(Boolean).length);
    const model = await make(of({ at: "last", size: 1 }, poissonNll()));
    await model.fit({ x, y }, { epochs: 40, ...learn });
    const { values } = await model.predict([[0], [1]]);
    expect(values.data[0]).toBeGreaterThan(1.6);
    expect(values.data[0]).toBeLessThan(2.4);
    expect(values.data[1]).toBeGreaterThan(5.3);
    expect(values.data[1]).toBeLessThan(6.7);
    await expect(model.fit({ x, y: y.map(() => -1) }, {})).rejects.toMatchObject({
      name: "DataError",
      message: "y[0]: expected a count: a number from 0, got -1",
    });
  });
});

describe("classes", () => {
  it("yes or no, with a weight for yes", async () => {
    const x = Array.from({ length: 200 }, (_, i) => [i % 2]);
    // Where x is 1, one in four says yes.
    const y = x.map(([v], i) => (v && i % 8 === 1 ? 1 : 0));
    const shares: number[] = [];
    for (const positiveWeight of [1, 3]) {
      const model = await make(of({ at: "last", size: 1 }, binaryCrossEntropy({ positiveWeight })));
      const { epochs } = await model.fit({ x, y }, { epochs: 150, batchSize: "full", ...learn });
      expect(Object.keys(epochs[0]!.metrics)).toEqual(["accuracy"]);
      shares.push((await model.predict([[1]])).values.data[0]!);
    }
    // A weight of three makes of one in four one in two.
    expect(shares[0]).toBeCloseTo(0.25, 1);
    expect(shares[1]).toBeCloseTo(0.5, 1);
  });

  it("smoothed, weighted, with a mask in the targets", async () => {
    const x = Array.from({ length: 60 }, (_, i) => [i % 3, i % 3]);
    const y = x.map(([v], i) => [["a", "b", "c"][v!]!, i % 2 ? -100 : ["a", "b", "c"][v!]!]);
    const loss = crossEntropy({ labelSmoothing: 0.3, classWeights: [1, 2, 1], ignoreIndex: -100 });
    const model = await make(of({ at: "every", classes: ["a", "b", "c"] }, loss));
    await model.fit({ x, y: y as string[][] }, { epochs: 60, ...learn });
    const { values, labels } = await model.predict([[0, 0]]);
    expect(labels).toEqual(["a", "a"]);
    // Targets of 0.8, 0.1 and 0.1, of which the second has twice the weight.
    expect(values.data[0]).toBeCloseTo(0.8 / 1.1, 1);
    const found = await model.evaluate({ x, y: y as string[][] }, { metrics: ["f1", "perplexity"] });
    expect(found.f1).toBe(1);
    expect(found.perplexity).toBeLessThan(Math.exp(found.loss));
  });

  it("distributions", async () => {
    const x = Array.from({ length: 40 }, (_, i) => [i % 2]);
    const y = x.map(([v]) => (v ? [0.7, 0.3] : [0.1, 0.9]));
    for (const loss of ["klDivergence", crossEntropy({ targets: "probabilities" })] as const) {
      const model = await make(of({ at: "last", classes: ["no", "yes"] }, loss));
      await model.fit({ x, y }, { epochs: 80, ...learn });
      const { values, labels } = await model.predict([[0], [1]]);
      expect(labels).toEqual(["yes", "no"]);
      for (const [i, v] of [0.1, 0.9, 0.7, 0.3].entries()) expect(values.data[i]).toBeCloseTo(v, 1);
      const { loss: left } = await model.evaluate({ x, y }, { metrics: ["accuracy"] });
      if (loss === "klDivergence") expect(left).toBeLessThan(0.02);
    }
  });
});

describe("ctc", () => {
  const letters = ["-", "a", "b"];
  const words = ["ab", "ba", "aa", "b", "", "abb"];
  const data = {
    // Each letter for two steps, and silence for one.
    x: words.map((word) => [...`${word}-`].flatMap((c) => [...[c, c].map((s) => [letters.indexOf(s)]), [0]])),
    y: words,
  };
  const described = { ...of({ at: "every", classes: letters }, "ctc"), input: { size: 1 } };

  it("writes what it reads", async () => {
    const model = await make(described);
    const { epochs } = await model.fit(data, { epochs: 150, ...learn });
    expect(epochs.at(-1)!.metrics.labelErrorRate).toBe(0);
    const { decoded, labels, values, lengths } = await model.predict(data.x);
    expect(decoded).toEqual(words.map((word) => [...word]));
    expect([labels, values.shape]).toEqual([undefined, [6, 12, 3]]);
    expect([...lengths!]).toEqual(data.x.map((s) => s.length));
  });

  it("refuses a target longer than its input, before training", async () => {
    const model = await make(described);
    const run = model.fit({ x: [[[1], [1], [2]], [[1]]], y: ["aa", "ab"] }, { epochs: 1 });
    await expect(run).rejects.toMatchObject({
      name: "DataError",
      code: "targetTooLong",
      message: expect.stringMatching(/^y\[1\]: expected labels that 1 steps can give/),
    });
    const lenient = await make({ ...described, loss: ctc({ zeroInfinity: true }) });
    await lenient.fit({ x: [[[1], [1], [2]], [[1]]], y: ["aa", "ab"] }, { epochs: 1 });
    await expect(model.online()).rejects.toMatchObject({ name: "ConfigError", code: "notOnline" });
  });
});

it("steps online by any loss of steps", async () => {
  const steps = async (model: Model, y: number | number[]) => {
    const learner = await model.online({ truncation: 4, optimizer: { kind: "sgd", learningRate: 0.05 } });
    const losses: number[] = [];
    for (let t = 0; t < 200; t++) losses.push((await learner.step([1], y)).loss!);
    const { prediction, loss } = await learner.step([1]);
    expect(loss).toBeUndefined();
    await learner[Symbol.asyncDispose]();
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    return [...prediction];
  };
  const layers = [rnn({ hiddenSize: 4 }), dense()];
  const model = (output: ModelDescription["output"], loss: Loss) => make({ ...of(output, loss), layers });
  const [mean, variance] = await steps(await model({ at: "every", size: 1 }, "gaussianNll"), 1.5);
  // The target never differs, so that the variance falls, and steps along the mean are made longer by it.
  expect(Math.abs(mean! - 1.5)).toBeLessThan(0.3);
  expect(variance).toBeLessThan(0.2);
  const [no, yes] = await steps(await model({ at: "every", classes: 2 }, "klDivergence"), [0.2, 0.8]);
  expect([no, yes].map((p) => Math.round(10 * p!))).toEqual([2, 8]);
  const [share] = await steps(await model({ at: "every", size: 1 }, "binaryCrossEntropy"), 0.75);
  expect(share).toBeCloseTo(0.75, 1);
  const masked = await model({ at: "every", classes: 2 }, crossEntropy({ ignoreIndex: -1 }));
  const learner = await masked.online();
  expect((await learner.step([1], -1)).loss).toBeUndefined();
  await learner[Symbol.asyncDispose]();
});

it("refuses what does not go together by its path", async () => {
  const refused = async (description: ModelDescription) => {
    const error = await make(description).catch((e: ConfigError) => e);
    expect(error).toMatchObject({ name: "ConfigError" });
    return (error as ConfigError).path;
  };
  expect(await refused(of({ at: "last", classes: 2 }, "ctc"))).toBe("output.at");
  expect(await refused(of({ at: "last", size: 1, scale: "standard" }, "poissonNll"))).toBe("output.scale");
  expect(await refused(of({ at: "last", size: 1 }, quantile({ quantiles: [0.9, 0.1] })))).toBe("loss.quantiles[1]");
  expect(await refused(of({ at: "last", size: 1 }, { kind: "huber", delta: Number.NaN }))).toBe("loss.delta");
});
