/** The formula of bench/formula.ts against what the kernel's memory grows by: pages, which are the same on every machine. */
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { memoryOf, moments, type Training, total } from "../../bench/formula.js";
import { samples } from "../../bench/task.js";
import { encodingOf } from "../../ts/data/encoding.js";
import { encodeSamples } from "../../ts/data/samples.js";

const module = new WebAssembly.Module(readFileSync(new URL("../../build/retrograd.wasm", import.meta.url)));

/** Bytes, from a kernel that has done nothing to the end of two updates. */
async function grown(
  { cell, shape, numLayers, shards, every, weightNorm }: Training,
  optimizer: object,
): Promise<number> {
  vi.resetModules(); // an instance of its own
  const { initSync, Model, Reader, Session } = await import("../../build/wasm/retrograd.js");
  const { memory } = initSync({ module });
  const description = {
    input: { size: shape.inputs },
    layers: [{ kind: cell, hiddenSize: shape.hiddenSize, numLayers, weightNorm }, { kind: "dense" }],
    output: { at: "last", size: 1 },
  };
  const before = memory.buffer.byteLength;
  const model = Model.create(JSON.stringify(description));
  const bundle = encodeSamples(samples(shape), encodingOf(JSON.parse(model.description())));
  const reader = new Reader(bundle.length);
  for (let at = 0; at < bundle.length; at += 1 << 18) reader.feed(bundle.subarray(at, at + (1 << 18)));
  const checkpointing = every === "least" || (every !== undefined && { every });
  const run = JSON.stringify({ steps: 9, batchSize: "full", optimizer, checkpointing });
  const session = Session.fit(model, reader, run, undefined, shards ? '{"workers":1,"index":0}' : "");
  session.run(2);
  return memory.buffer.byteLength - before;
}

const shape = (hiddenSize: number, batch: number, steps: number, inputs: number) => ({
  hiddenSize,
  batch,
  steps,
  inputs,
});
const adam = { kind: "adam" };

describe("memory of training", () => {
  it.each<[string, Training, object]>([
    ["lstm", { cell: "lstm", shape: shape(128, 64, 100, 32), numLayers: 1 }, adam],
    ["large lstm", { cell: "lstm", shape: shape(256, 64, 100, 64), numLayers: 1 }, adam],
    ["gru of two layers", { cell: "gru", shape: shape(256, 64, 50, 64), numLayers: 2 }, adam],
    ["tanh of three layers", { cell: "rnn", shape: shape(200, 32, 100, 20), numLayers: 3 }, adam],
    [
      "wide, few rows",
      { cell: "lstm", shape: shape(512, 4, 10, 300), numLayers: 1, moments: moments.sgd },
      { kind: "sgd" },
    ],
    [
      "a search with ten pairs",
      { cell: "gru", shape: shape(200, 8, 10, 32), numLayers: 1, moments: 2 * 10 + 4 },
      { kind: "lbfgs", historySize: 10, lineSearch: "strongWolfe" },
    ],
    ["weights made of others", { cell: "gru", shape: shape(400, 8, 10, 64), numLayers: 1, weightNorm: true }, adam],
    [
      "five numbers a parameter",
      { cell: "lstm", shape: shape(256, 4, 10, 64), numLayers: 1, moments: moments.prodigy },
      { kind: "prodigy" },
    ],
    ["segments", { cell: "lstm", shape: shape(128, 32, 1024, 8), numLayers: 2, every: 32 }, adam],
    ["shards", { cell: "lstm", shape: shape(256, 64, 50, 64), numLayers: 1, shards: 8 }, adam],
  ])("%s is as the formula says, within 5 %%", async (_, training, optimizer) => {
    const ratio = (await grown(training, optimizer)) / total(memoryOf(training));
    expect(ratio).toBeGreaterThan(0.95);
    expect(ratio).toBeLessThan(1.05);
  });

  it.each<[string, Training, number]>([
    ["8 sequences, LSTM 64", { cell: "lstm", shape: shape(64, 8, 4096, 4), numLayers: 1 }, 0.05],
    ["8 sequences, GRU 64", { cell: "gru", shape: shape(64, 8, 4096, 4), numLayers: 1 }, 0.05],
    ["one sequence, LSTM 128", { cell: "lstm", shape: shape(128, 1, 4096, 8), numLayers: 1 }, 0.1],
  ])("of 4,096 steps is a tenth with checkpointing, at most: %s", async (_, long, asked) => {
    const whole = await grown(long, adam);
    const [least, root] = [await grown({ ...long, every: "least" }, adam), await grown({ ...long, every: 64 }, adam)];
    // Of the buffers, and of the pages that are held.
    expect(total(memoryOf({ ...long, every: "least" })) / total(memoryOf(long))).toBeLessThan(asked);
    expect(least / whole).toBeLessThan(asked);
    expect(least).toBeLessThan(root);
    expect(total(memoryOf({ ...long, every: "least" })) / least).toBeGreaterThan(0.85);
  });
});
