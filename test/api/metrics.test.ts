/** Figures of evaluate worked again from what predict says; scaling from the user's units and back. */
import { dense, gru, lstm, type Metric, type ModelDescription, type Nested, readSafetensors, rnn } from "retrograd";
import { describe, expect, it } from "vitest";
import { digest, gestures, make, summer, sums, verse } from "./support.js";

const sum = (of: readonly number[]) => of.reduce((a, b) => a + b, 0);

describe("evaluate", () => {
  it("gives mae, rmse and mape in the user's units, weighted", async () => {
    // Two columns of different size; truths of which one is zero, and weights of which one is.
    const { x } = gestures(6);
    const y = x.map((s, i) => s.map(([a], t) => [20 + 9 * a!, i === 1 && t === 2 ? 0 : -300 * (a! + 2)]));
    const model = await make({
      input: { size: 2, scale: "standard" },
      layers: [rnn({ hiddenSize: 5 }), dense()],
      output: { at: "every", size: 2, scale: "standard" },
    });
    await model.fit({ x, y }, { epochs: 1 });
    const sampleWeight = x.map((s, i) => s.map((_, t) => ((3 * i + t) % 4) / 2));

    const { values, lengths } = await model.predict(x);
    const predicted = values.toArray() as number[][][];
    const elements = y.flatMap((s, i) =>
      s.flatMap((truths, t) =>
        truths.map((truth, j) => ({ truth, j, error: predicted[i]![t]![j]! - truth, w: sampleWeight[i]![t]! })),
      ),
    );
    expect([...lengths!]).toEqual(y.map((s) => s.length));
    const mean = (of: (e: (typeof elements)[0]) => number, over = elements) =>
      sum(over.map((e) => e.w * of(e))) / sum(over.map((e) => e.w));
    // Deviations of the targets that the fit saw: the loss is that of the scaled ones.
    const deviations = [0, 1].map((j) => {
      const column = y.flatMap((s) => s.map((step) => step[j]!));
      const centre = sum(column) / column.length;
      return Math.sqrt(sum(column.map((v) => (v - centre) ** 2)) / column.length);
    });
    const nonzero = elements.filter((e) => e.truth !== 0);
    expect(elements.length - nonzero.length).toBe(1);
    const expected = {
      mae: mean((e) => Math.abs(e.error)),
      rmse: Math.sqrt(mean((e) => e.error ** 2)),
      mape: 100 * mean((e) => Math.abs(e.error / e.truth), nonzero),
      loss: mean((e) => (e.error / deviations[e.j]!) ** 2),
    };
    const found = await model.evaluate({ x, y, sampleWeight }, { metrics: ["mae", "rmse", "mape"] });
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) expect(found[name]! / value, name).toBeCloseTo(1, 6);
  });

  it("gives accuracy and cross-entropy by each class's probability, weighted", async () => {
    const { x } = gestures(40);
    const y = x.map((_, i) => ["a", "b", "c"][(i * i) % 3]!);
    const model = await make({
      input: { size: 2 },
      layers: [gru({ hiddenSize: 4 }), dense()],
      output: { at: "last", classes: ["a", "b", "c"] },
    });
    await model.fit({ x, y }, { epochs: 3 });
    const sampleWeight = x.map((_, i) => i % 3);
    const { labels, values } = await model.predict(x);
    const total = sum(sampleWeight);
    const hits = sum(sampleWeight.filter((_, i) => labels![i] === y[i]));
    const loss = -sum(sampleWeight.map((w, i) => w * Math.log(values.data[3 * i + "abc".indexOf(y[i]!)]!))) / total;
    const found = await model.evaluate({ x, y, sampleWeight }, { metrics: ["accuracy"] });
    expect(found.accuracy).toBe(hits / total);
    expect(hits % total, "neither all nor none").toBeGreaterThan(0);
    expect(found.loss).toBeCloseTo(loss, 6);
  });

  it("gives perplexity and bits a character of a text", async () => {
    const model = await make({ input: { vocabulary: "characters" }, layers: [lstm({ hiddenSize: 8 }), dense()] });
    await model.fit(verse, { steps: 20, window: 16, batchSize: 4 });
    // Longer than a window of 128, and too short for two streams of such windows.
    const text = verse.slice(0, 200);
    const symbols = (model.description.input as { vocabulary: string[] }).vocabulary;
    const { values } = await model.predict([text.slice(0, -1)]);
    const surprise = [...text.slice(1)].map((c, t) => -Math.log(values.data[t * symbols.length + symbols.indexOf(c)]!));
    const metrics: Metric[] = ["perplexity", "bitsPerCharacter", "accuracy"];
    const found = await model.evaluate(text, { metrics });
    expect(found.loss).toBeCloseTo(sum(surprise) / surprise.length, 6);
    expect(found.perplexity).toBeCloseTo(Math.exp(found.loss), 12);
    expect(found.bitsPerCharacter).toBeCloseTo(found.loss / Math.LN2, 12);
    const rows = (values.toArray() as Nested[])[0] as number[][];
    const right = rows.filter((row, t) => symbols[row.indexOf(Math.max(...row))] === text[t + 1]);
    expect(found.accuracy).toBe(right.length / rows.length);
  });
});

describe("minMax", () => {
  const { x, y } = sums(12);
  // The constants are exact in 32 bits: 3 … 7 and 1000 … 1500.
  const range = (of: number[][][], low: number, high: number) => {
    const all = of.flat(2);
    const [least, most] = [Math.min(...all), Math.max(...all)];
    const place = (v: number) => Math.fround(low + ((high - low) * (v - least)) / (most - least));
    return of.map((s) => s.map(([v]) => [place(v!)]));
  };
  const data = { x: range(x, 3, 7), y: range(y, 1000, 1500) };
  const scaled: ModelDescription = {
    ...summer,
    input: { size: 1, scale: "minMax" },
    output: { at: "every", size: 1, scale: "minMax" },
  };

  it("learns from 0 … 1, by the least and the largest of the training part", async () => {
    const model = await make(scaled);
    await model.fit(data, { epochs: 3 });
    const constants = Object.entries(readSafetensors(await model.save())).filter(([name]) => name.startsWith("enc"));
    expect(Object.fromEntries(constants.map(([name, { data }]) => [name, [...data]]))).toEqual({
      "encoding.input.offset": [3],
      "encoding.input.scale": [4],
      "encoding.output.offset": [1000],
      "encoding.output.scale": [500],
    });
    // The same as a model without scales on data that were scaled before.
    const plain = await make(summer);
    const unscaled = (of: number[][][], offset: number, scale: number) =>
      of.map((s) => s.map(([v]) => [(v! - offset) / scale]));
    const byHand = { x: unscaled(data.x, 3, 4), y: unscaled(data.y, 1000, 500) };
    await plain.fit(byHand, { epochs: 3 });
    expect(await digest(model)).toBe(await digest(plain));

    const { values } = await model.predict(data.x);
    const { values: raw } = await model.predict(data.x, { raw: true });
    const { values: own } = await plain.predict(byHand.x);
    expect(raw).toEqual(own);
    expect([...values.data]).toEqual(Array.from(own.data, (v) => Math.fround(v * 500 + 1000)));
  });

  it("takes no constants from the validation part", async () => {
    const model = await make(scaled);
    const far = (of: number[][][]) => of.map((s, i) => (i < 9 ? s : s.map(([v]) => [10 * v!])));
    await model.fit({ x: far(data.x), y: far(data.y) }, { epochs: 1, validationSplit: 0.25 });
    const tensors = readSafetensors(await model.save());
    const all = data.x.slice(0, 9).flat(2);
    expect(tensors["encoding.input.offset"]!.data[0]).toBe(Math.min(...all));
    expect(tensors["encoding.input.scale"]!.data[0]).toBeCloseTo(Math.max(...all) - Math.min(...all), 5);
  });
});
