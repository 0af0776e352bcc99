/** Truncated backpropagation through time, and streams longer than memory, through the package. */
import { adam, dense, gru, loadModel, lstm, type ModelDescription, type Samples } from "retrograd";
import { describe, expect, it } from "vitest";
import { classifier, digest, gestures, kept, make, summer, sums } from "./support.js";

const optimizer = adam({ learningRate: 0.01 });

describe("truncation", () => {
  const data = sums(10, 13);
  const options = { epochs: 3, batchSize: 4, optimizer, truncation: { k1: 3, k2: 5 } };

  it("makes an update of every k1 steps, as progress and history tell", async () => {
    const model = await make(summer);
    const history = await model.fit(data, options);
    // Three batches an epoch, of five updates each.
    expect([...history.steps.step]).toEqual(Array.from({ length: 45 }, (_, i) => i + 1));
    expect(history.epochs.map(({ step, steps }) => [step, steps])).toEqual([
      [15, 45],
      [30, 45],
      [45, 45],
    ]);
  });

  it("gives the same bits on any number of workers and from every checkpoint", async () => {
    const files: Uint8Array<ArrayBuffer>[] = [];
    const digests: string[] = [];
    for (const workers of [1, 3]) {
      const model = await make(summer, { workers });
      const checkpoint = { every: 7, to: (file: Uint8Array<ArrayBuffer>) => void files.push(file) };
      await model.fit(data, { ...options, ...(workers === 3 && { checkpoint }) });
      digests.push(await digest(model));
    }
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const again = kept(await loadModel(file));
      await again.resume(data);
      digests.push(await digest(again));
    }
    expect(new Set(digests).size).toBe(1);
  });

  it("is refused where it cannot be", async () => {
    const model = await make(classifier);
    const truncated = (k1: number, k2: number) => model.fit(gestures(8), { truncation: { k1, k2 } });
    await expect(truncated(2, 1)).rejects.toMatchObject({ name: "ConfigError", path: "truncation.k2" });
    await expect(truncated(2, 4)).rejects.toThrow("truncation: layers[0] is bidirectional");
  });
});

describe("a stream longer than memory", () => {
  const description: ModelDescription = {
    input: { size: 1 },
    layers: [lstm({ hiddenSize: 5 }), gru({ hiddenSize: 4 }), dense()],
    output: { at: "every", size: 1 },
    seed: 4,
  };
  /** Piece `k` of each of six streams: of differing lengths, as they come in. */
  const piece = (k: number): Samples => {
    const lengths = Array.from({ length: 6 }, (_, s) => 3 + ((5 * s + 3 * k) % 7));
    const x = lengths.map((n, s) => Array.from({ length: n }, (_, t) => Math.sin(s + 10 * k + t)));
    return { x, y: x.map((sequence) => sequence.map((v) => [v / 2])) };
  };
  const pieces = 9;
  /** Never more than one piece is there; a resumed run asks for what comes after those it has used. */
  async function* stream(start: number): AsyncGenerator<Samples> {
    for (let k = start; k < pieces; k++) {
      await new Promise((resolve) => setTimeout(resolve));
      yield piece(k);
    }
  }
  const options = { epochs: 2, carryState: true, optimizer };

  it("carries its states from batch to batch, and begins each pass anew", async () => {
    const streamed = await make(description);
    await streamed.fit(stream, options);
    const byHand = await make(description);
    const trainer = await byHand.trainer({ optimizer });
    for (let pass = 0; pass < 2; pass++) {
      let initialState: Samples["initialState"];
      for (let k = 0; k < pieces; k++) {
        ({ state: initialState } = await trainer.step({ ...piece(k), ...(initialState && { initialState }) }));
      }
    }
    expect(await digest(streamed)).toBe(await digest(byHand));
    const anew = await make(description);
    await anew.fit(stream, { ...options, carryState: false });
    expect(await digest(anew)).not.toBe(await digest(streamed));
  });

  it.each([undefined, { k1: 2, k2: 3 }])("goes on from every checkpoint, truncated to %o", async (truncation) => {
    const run = { ...options, batchSize: 6, ...(truncation && { truncation }) };
    const digests: string[] = [];
    const files: Uint8Array<ArrayBuffer>[] = [];
    for (const workers of [1, 2]) {
      const model = await make(description, { workers });
      const checkpoint = { every: 4, to: (file: Uint8Array<ArrayBuffer>) => void files.push(file) };
      await model.fit(stream, { ...run, ...(workers === 2 && { checkpoint }) });
      digests.push(await digest(model));
    }
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const again = kept(await loadModel(file));
      await again.resume(stream);
      digests.push(await digest(again));
    }
    expect(new Set(digests).size).toBe(1);
  });

  it("refuses a batch of other streams", async () => {
    const model = await make(description);
    const run = model.fit(function* () {
      yield piece(0);
      yield { x: [[1]], y: [[[1]]] };
    }, options);
    await expect(run).rejects.toMatchObject({ name: "DataError", code: "otherBatchSize" });
    const shared = await make(description, { workers: 2 });
    await expect(shared.fit(stream, options)).rejects.toMatchObject({ name: "ConfigError", path: "batchSize" });
  });
});
