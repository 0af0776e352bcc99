/**
 * A text cut into windows: with a state that is carried, a window goes on where the last one ended. A run at a rate that
 * moves nothing tells each window's loss, which must be that of `predict` over the whole text, or over the window alone.
 */
import { dense, lstm, type ModelDescription, sgd } from "retrograd";
import { describe, expect, it } from "vitest";
import { digest, make } from "./support.js";

const symbols = [..."abcde"];
/** 25 pairs of a character and the next. */
const text = Array.from({ length: 26 }, (_, i) => symbols[(i * i + (i >> 2)) % 5]!).join("");
const description: ModelDescription = {
  input: { vocabulary: symbols },
  layers: [lstm({ hiddenSize: 16 }), dense()],
  init: "pytorch", // whose states are felt in the logits
  seed: 4,
};
const still = { window: 5, shuffle: false, optimizer: sgd({ learningRate: 1e-30 }) };

/** Cross-entropy of each next character, where only those from `start` to `end` are read. */
async function losses(start: number, end: number): Promise<number[]> {
  const model = await make(description);
  const { values } = await model.predict([text.slice(start, end)], { raw: true });
  return Array.from({ length: end - start }, (_, t) => {
    const logits = [...values.data.subarray(5 * t, 5 * t + 5)];
    const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
    return Math.log(sum) - logits[symbols.indexOf(text[start + t + 1]!)]!;
  });
}
const mean = (of: readonly number[]) => of.reduce((a, b) => a + b, 0) / of.length;

async function steps(run: object): Promise<number[]> {
  const model = await make(description);
  const before = await digest(model);
  const { steps } = await model.fit(text, { ...still, ...run });
  expect(await digest(model)).toBe(before); // so that every step saw the same weights
  return [...steps.loss];
}

describe("windows of a text", () => {
  it("go on from one another when the state is carried, from zeros in each epoch", async () => {
    const whole = await losses(0, 25);
    const expected = [0, 5, 10, 15, 20].map((at) => mean(whole.slice(at, at + 5)));
    const found = await steps({ carryState: true, batchSize: 1, epochs: 2 });
    expect(found).toHaveLength(10);
    for (const [k, loss] of [...expected, ...expected].entries()) expect(found[k]).toBeCloseTo(loss, 6);
  });

  it("begin from zeros when it is not", async () => {
    const found = await steps({ carryState: false, batchSize: 1, epochs: 1 });
    const whole = await losses(0, 25);
    for (const [k, loss] of found.entries()) {
      expect(loss).toBeCloseTo(mean(await losses(5 * k, 5 * k + 5)), 6);
      // The two ways can be told apart here.
      if (k > 0) expect(Math.abs(loss - mean(whole.slice(5 * k, 5 * k + 5)))).toBeGreaterThan(1e-4);
    }
    expect(found).toHaveLength(5);
  });

  it("are those of three streams side by side, each with its own state", async () => {
    // Of eight pairs each: a window of five, and one of three.
    const streams = await Promise.all([0, 8, 16].map((at) => losses(at, at + 8)));
    const found = await steps({ carryState: true, batchSize: 3, epochs: 1 });
    expect(found).toHaveLength(2);
    expect(found[0]).toBeCloseTo(mean(streams.flatMap((s) => s.slice(0, 5))), 6);
    expect(found[1]).toBeCloseTo(mean(streams.flatMap((s) => s.slice(5))), 6);
  });

  it("are summed up by evaluate as one text with one state", async () => {
    const model = await make(description);
    expect((await model.evaluate(text)).loss).toBeCloseTo(mean(await losses(0, 25)), 6);
  });
});
