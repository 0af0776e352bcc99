/** Text: vocabularies, windows, generation that goes on. */
import { dense, embedding, loadModel, lstm, type Model, type ModelDescription } from "retrograd";
import { describe, expect, it } from "vitest";
import { digest, kept, make, verse } from "./support.js";

const layers = [embedding({ units: 6 }), lstm({ hiddenSize: 24 }), dense()];
const open: ModelDescription = { input: { vocabulary: "characters" }, layers, seed: 1 };

async function poet(): Promise<Model> {
  const model = await make(open);
  await model.fit(verse, {
    steps: 150,
    batchSize: 8,
    window: 24,
    carryState: true,
    optimizer: { kind: "adam", learningRate: 0.02 },
  });
  return model;
}

describe("a vocabulary", () => {
  it("of characters is fixed by the first fit and saved", async () => {
    const model = await make(open);
    const fitted = await poet();
    expect(model.description.input).toEqual({ vocabulary: "characters" });
    const characters = [...new Set(verse)].sort();
    expect(fitted.description.input).toEqual({ vocabulary: characters });
    expect(fitted.parameterCount).toBeGreaterThan(model.parameterCount);
    const again = kept(await loadModel(await fitted.save()));
    expect(again.description).toEqual(fitted.description);
    const history = await again.fit(verse, { epochs: 1 });
    expect(history.epochs.at(-1)?.metrics.bitsPerCharacter).toBeLessThan(Math.log2(characters.length));
  });

  it("comes from the training part alone", async () => {
    const model = await make(open);
    await expect(model.fit(`${verse}${"§".repeat(9)}`, { epochs: 1, validationSplit: 0.1 })).rejects.toMatchObject({
      name: "DataError",
      code: "unknownToken",
    });
    await model.fit(verse, { steps: 1 });
    await expect(model.predict(["a rose§"])).rejects.toMatchObject({
      name: "DataError",
      received: expect.stringContaining("§"),
    });
  });

  it.each([1, 2])("stays open when the first fit fails, with %d worker(s)", async (workers) => {
    const model = await make(open, { workers });
    const { parameterCount } = model;
    await expect(model.fit("abcabc", { lr: 1 } as never)).rejects.toMatchObject({ name: "ConfigError" });
    expect(model.description.input).toEqual({ vocabulary: "characters" });
    expect(model.parameterCount).toBe(parameterCount);
    const run = model.fit(verse, { steps: 20, window: 16, batchSize: 2 });
    // Asked for while the run opens: knows the characters.
    const { values } = await model.predict(["a rose"]);
    expect(values.shape.at(-1)).toBe(new Set(verse).size);
    await run;
    expect(model.description.input).toEqual({ vocabulary: [...new Set(verse)].sort() });
    const told = await make({ ...open, input: { vocabulary: [...new Set(verse)].sort() } }, { workers });
    await told.fit(verse, { steps: 20, window: 16, batchSize: 2 });
    expect(await digest(model)).toBe(await digest(told));
  });

  it("must be known for batches and for what comes before a fit", async () => {
    const model = await make(open);
    await expect(model.fit(() => [])).rejects.toMatchObject({ name: "DataError", path: "input.vocabulary" });
    await expect(model.predict(["a"])).rejects.toMatchObject({ name: "ConfigError", code: "notFitted" });
    expect((await model.fit(verse, { steps: 1 })).reason).toBe("finished");
  });
});

describe("generate", () => {
  it("comes in pieces that make the whole, the same for the same seed", async () => {
    const model = await poet();
    const out = model.generate("the rose", { length: 300, temperature: 2, seed: 4 });
    let text = "";
    for await (const piece of out) text += piece;
    const end = await out;
    expect(end.text).toBe(text);
    expect(end.tokens).toHaveLength(300);
    expect([...text].every((c) => verse.includes(c))).toBe(true);
    expect((await model.generate("the rose", { length: 300, temperature: 2, seed: 4 })).text).toBe(text);
    expect((await model.generate("the rose", { length: 300, temperature: 2, seed: 5 })).text).not.toBe(text);
  });

  it("has learnt the verse when it takes the likeliest", async () => {
    const model = await poet();
    expect((await model.generate("the violet's b", { length: 8, temperature: 0 })).text).toBe("lue, the");
  });

  it("goes on from a state as if it had not stopped", async () => {
    const model = await poet();
    const whole = await model.generate("the", { length: 40, temperature: 0 });
    const first = await model.generate("the", { length: 15, temperature: 0 });
    const rest = await model.generate(first.text.at(-1)!, { length: 25, temperature: 0, state: first.state });
    expect(first.text + rest.text).toBe(whole.text);
  });

  it("stops after the stop string, at a signal, and when the loop is left", async () => {
    const model = await poet();
    const { text, state } = await model.generate("the rose", { length: 200, temperature: 0, stop: ", " });
    expect(text).toMatch(/^[^,]*, $/);
    const rest = await model.generate(text.at(-1)!, { length: 10, temperature: 0, state });
    const whole = await model.generate("the rose", { length: text.length + 10, temperature: 0 });
    expect(text + rest.text).toBe(whole.text);

    const signal = AbortSignal.timeout(60);
    await expect(model.generate("the", { length: 10_000_000, signal })).rejects.toMatchObject({ name: "TimeoutError" });
    const long = model.generate("the", { length: 10_000_000 });
    for await (const _ of long) break;
    expect((await long).text.length).toBeLessThan(10_000_000);
    await model.predict(["the rose"]);
  });

  it("refuses a stop text that can never come, and a state of another model", async () => {
    const model = await poet();
    await expect(model.generate("the", { stop: "#" })).rejects.toMatchObject({
      name: "ConfigError",
      message: 'stop: expected characters of the vocabulary, got "#"',
    });
    const state = [{ h: { shape: [1, 1, 3], data: [0, 0, 0] } }];
    await expect(model.generate("the", { state })).rejects.toMatchObject({
      name: "ShapeError",
      path: "state[0].h",
      message: expect.stringMatching(/^state\[0\]\.h: /),
    });
    await model.generate("the", { length: 1 });
  });

  it("takes tokens where the vocabulary is a number", async () => {
    const model = await make({ input: { vocabulary: 5 }, layers: [lstm({ hiddenSize: 4 }), dense()] });
    const { tokens, text } = await model.generate([1, 2, 3], { length: 7, topK: 2 });
    expect(tokens).toHaveLength(7);
    expect(tokens.every((t) => t >= 0 && t < 5)).toBe(true);
    expect(text).toBe("");
  });

  it.each([
    [{ length: 0 }, "length"],
    [{ temperature: -1 }, "temperature"],
    [{ topk: 3 }, "topk"],
    [{ signal: 5 }, "signal"],
  ])("refuses %o", async (options, path) => {
    const model = await make({ input: { vocabulary: 5 }, layers: [lstm({ hiddenSize: 4 }), dense()] });
    await expect(model.generate([1], options as never)).rejects.toMatchObject({ name: "ConfigError", path });
    await model.generate([1], { length: 1 });
  });
});

describe("what generate draws", () => {
  const logits = [0.5, -1, 1.5, 0, 1];
  const description: ModelDescription = {
    input: { vocabulary: 5 },
    layers: [lstm({ hiddenSize: 3 }), dense({ name: "head" })],
  };

  /** Draws each token with the same odds, whatever came before. */
  async function die(): Promise<Model> {
    const model = await make(description);
    const head = { "head.weight": { shape: [5, 3], data: new Float32Array(15) } };
    await model.setParameters({ ...head, "head.bias": { shape: [5], data: logits } }, { strict: false });
    return model;
  }

  it.each([
    [{}, 1, [0, 1, 2, 3, 4]],
    [{ temperature: 0.5 }, 0.5, [0, 1, 2, 3, 4]],
    [{ temperature: 2, topK: 3 }, 2, [0, 2, 4]],
    [{ topK: 9 }, 1, [0, 1, 2, 3, 4]],
  ])("with %o comes as often as softmax(logits / temperature) says", async (options, temperature, among) => {
    const model = await die();
    const n = 20_000;
    const { tokens } = await model.generate([0], { length: n, seed: 7, ...options });
    const odds = logits.map((logit, i) => (among.includes(i) ? Math.exp(logit / temperature) : 0));
    const total = odds.reduce((a, b) => a + b, 0);
    for (const [i, odd] of odds.entries()) {
      const p = odd / total;
      const share = tokens.filter((token) => token === i).length / n;
      expect(Math.abs(share - p), `token ${i}: ${share}, expected ${p}`).toBeLessThanOrEqual(
        4 * Math.sqrt((p * (1 - p)) / n),
      );
    }
    // One draw does not tell of the next: pairs are as frequent as their parts. Twice as wide, since pairs overlap.
    const pairs = tokens.filter((token, i) => token === 2 && tokens[i + 1] === 2).length / (n - 1);
    const p = (odds[2]! / total) ** 2;
    expect(Math.abs(pairs - p)).toBeLessThanOrEqual(8 * Math.sqrt((p * (1 - p)) / n));
  });

  it("is the likeliest with topK 1 at any temperature, as with temperature 0", async () => {
    const model = await poet();
    const likeliest = await model.generate("the", { length: 80, temperature: 0 });
    const one = await model.generate("the", { length: 80, topK: 1, temperature: 2, seed: 3 });
    expect(one.text).toBe(likeliest.text);
    expect(one.state).toEqual(likeliest.state);
    const two = await model.generate("the", { length: 80, topK: 2, temperature: 2, seed: 3 });
    expect(two.text).not.toBe(likeliest.text);
  });
});

describe("predict on text", () => {
  it("gives the next token at every step", async () => {
    const model = await poet();
    const { values } = await model.predict(["the rose"]);
    const characters = [...new Set(verse)].sort();
    expect(values.shape).toEqual([1, 8, characters.length]);
    const last = [...values.data.subarray(7 * characters.length)];
    expect(characters[last.indexOf(Math.max(...last))]).toBe(" ");
  });
});
